"""What tests, benchmarks and scripts share: databases, servers, jobs and made-up worlds. Imports neither of them."""
