"""The results of a run: its outcome and values, its trajectory, and the trajectory as bytes."""
