"""The inputs of models: one file for each form of data."""
