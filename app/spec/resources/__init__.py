"""Requests and answers, one file a resource."""
