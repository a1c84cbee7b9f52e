"""Processes of this machine: how they start, hold a lock, and end with their parent."""
