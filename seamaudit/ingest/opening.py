"""What a file's first bytes open: lines of objects, or one document."""

from __future__ import annotations


def first_line(head: bytes) -> bytes:
    """The first of lines that are an object each; empty where something else opens."""
    line, ended, _ = head.lstrip().partition(b"\n")
    whole = line.rstrip().endswith(b"}") or not ended
    return line if line.startswith(b"{") and whole else b""


def document(head: bytes) -> bytes:
    """The head of an array, or of an object that does not end on its line; empty where something else opens."""
    text = head.lstrip()
    line, ended, _ = text.partition(b"\n")
    printed = text.startswith(b"{") and ended and not line.rstrip().endswith(b"}")
    return text if printed or text.startswith(b"[") else b""
