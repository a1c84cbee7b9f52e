"""Errors as problems of RFC 9457, each fault with its JSON pointer."""
