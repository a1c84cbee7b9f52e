"""What every path shares: bodies, entity tags, headers, the request log and the OpenAPI document."""
