"""The client of a Stepsize server: submit jobs, watch them, and read their recommendations."""
