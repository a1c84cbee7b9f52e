"""What a run leaves: its result, its recorded trajectory, and the trajectory as bytes."""
