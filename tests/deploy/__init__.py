"""Tests of what a deployment is made of: image, compose file, wheel and the operations guide."""
