"""What is recommended after the race: the choice, a race with a margin, and the confirmation."""
