"""The steps of a job and of a replay, between the store, the tuning and the pool."""
