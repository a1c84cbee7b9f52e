"""HTTP concerns that all paths share: bodies, entity tags, headers, methods and the OpenAPI document."""
