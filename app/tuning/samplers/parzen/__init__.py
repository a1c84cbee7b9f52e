"""A tree-structured Parzen estimator that proposes a batch at a time."""
