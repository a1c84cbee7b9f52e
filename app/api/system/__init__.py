"""What operators and tools ask for: health, metrics, and the pages of the problems."""
