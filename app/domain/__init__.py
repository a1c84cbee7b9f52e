"""The states and records that the tuning, the store and the worker share."""
