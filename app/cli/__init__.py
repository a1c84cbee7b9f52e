"""The command line: stepsize serve | worker | migrate | submit | watch."""
