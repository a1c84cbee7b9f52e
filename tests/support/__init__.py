"""Databases, servers, jobs and synthetic evaluations that tests, benchmarks and scripts share.

The package imports none of the three.
"""
