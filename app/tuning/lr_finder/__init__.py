"""Analysis of a learning-rate range test."""
