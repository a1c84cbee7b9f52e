"""Paths and factors of the public implementations that the engine is compared with."""
