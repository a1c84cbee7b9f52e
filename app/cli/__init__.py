"""The command line: `stepsize serve | worker | migrate | prune | submit | watch`."""
