"""The batch engine: steps all training runs of a batch together as one NumPy program.

The engine imports NumPy and annotated_types only. No clock, log, I/O or global random state enters.
"""
