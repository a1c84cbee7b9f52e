"""The plan of a job: what a job will do, computed once from its spec."""
