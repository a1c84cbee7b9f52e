"""Requests and answers of the API as pydantic models, derived from the registries."""
