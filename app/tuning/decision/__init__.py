"""The decision after the race: the choice, the race with a margin, and the confirmation."""
