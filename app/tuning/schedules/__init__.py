"""Schedules from the recorded trajectory of a run."""
