"""Ingest: bytes to located records to exchanges. It says what was recorded and judges nothing."""
