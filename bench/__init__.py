"""Benchmarks: how cost grows with the length of a thread."""
