"""Tests of the parts of a deployment: image, compose file, wheel and the operations guide."""
