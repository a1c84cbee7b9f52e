"""Warnings: what lowers the trust in a recommendation, each with a way out."""
