"""What travels over the wire: requests and answers as pydantic models, derived from the registries."""
