"""Mutated recordings through the whole scan."""
