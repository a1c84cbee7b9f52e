"""Programs that build datasets, golden files and the reference pages."""
