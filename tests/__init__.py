"""Tests: behaviour in, facts and findings out; the tree mirrors seamaudit/."""
