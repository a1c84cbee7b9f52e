"""Schedules made from what a run recorded."""
