"""Measures the strength of the tests: how many small random changes of the code they notice."""
