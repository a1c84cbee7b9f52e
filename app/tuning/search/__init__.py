"""The search: rounds of trials, when to stop, and what is learned from other jobs."""
