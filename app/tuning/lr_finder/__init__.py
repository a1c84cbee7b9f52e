"""Reads the curve of a learning-rate range test."""
