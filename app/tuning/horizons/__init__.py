"""The best peaks at other numbers of updates."""
