"""The batch engine: steps a whole population of training runs as one NumPy program.

Imports NumPy and annotated_types only; no clock, no log, no I/O, no global random state.
"""
