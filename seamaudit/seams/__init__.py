"""Seams: joins of two or more layers' facts into the facts that rules judge."""
