"""Supervised training: objectives of a model on a dataset, with splits and minibatches."""
