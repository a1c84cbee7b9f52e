"""The conditional search space of a job: its parameters, their distributions and coordinates."""
