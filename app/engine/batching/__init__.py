"""Runs a batch: blocks that fit into the cache, chunks of steps, and the state that the runs share."""
