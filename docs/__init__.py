"""The documentation and what regenerates it."""
