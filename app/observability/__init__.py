"""Traces, and the fields of every log line."""
