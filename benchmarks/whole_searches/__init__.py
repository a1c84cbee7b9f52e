"""Whole searches in one process, for the benchmarks of rounds and of pruners."""
