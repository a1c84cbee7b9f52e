"""The recommendation: evidence, summary, explanation and warnings."""
