"""Runs a batch: blocks that fit into the cache, chunks of steps, and what the runs share."""
