"""The race: candidates, iterated racing, elimination and the final."""
