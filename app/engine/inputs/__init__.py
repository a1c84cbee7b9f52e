"""What models take in: one file a form of data."""
