"""A model on a dataset as an objective: splits, minibatches, training and penalties."""
