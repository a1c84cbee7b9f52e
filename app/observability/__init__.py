"""Traces and what every log line says."""
