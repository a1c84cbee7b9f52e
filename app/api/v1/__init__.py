"""The resources of version 1, one file each: parse, call one service, return."""
