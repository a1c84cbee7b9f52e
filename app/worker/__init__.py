"""The background worker: the DBOS workflow of a job and the process pool that evaluates its batches."""
