"""Objectives: test functions, and the interface that models on data share with them."""
