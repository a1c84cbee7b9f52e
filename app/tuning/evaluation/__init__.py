"""Evaluation of configurations: objectives, shards, and requests of many runs on the same seeds."""
