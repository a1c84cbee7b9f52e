"""Paths for operators: health, metrics, the pages of the problems and the log of requests."""
