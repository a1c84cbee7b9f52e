"""A tree-structured Parzen estimator that is asked for a batch at a time."""
