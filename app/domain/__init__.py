"""What the tuning, the store and the worker hand to each other: states and records."""
