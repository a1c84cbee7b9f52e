"""Every query, one file a table or a resource."""
