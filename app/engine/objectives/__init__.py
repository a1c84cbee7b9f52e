"""What a job optimises: test functions, and models on data."""
