"""Tests of the HTTP API, through its application, on SQLite."""
