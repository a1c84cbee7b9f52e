"""Processes that evaluate shards: a fair queue among jobs, and work shared with other workers."""
