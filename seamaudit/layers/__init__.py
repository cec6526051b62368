"""Layers: sans-I/O models that are fed exchanges and emit facts. They measure; they do not judge."""
