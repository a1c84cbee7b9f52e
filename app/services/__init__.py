"""What the API and the worker both ask for; each function is one transaction."""
