"""The web pages: the jobs at /, Swagger UI at /docs, and the files that both need."""

from app.dashboard.pages import install

__all__ = ["install"]
