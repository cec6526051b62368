"""Why a record gives no exchange."""

from __future__ import annotations


class Rejected(ValueError):
    """A record that is no exchange; `cause` is one of the reader's causes."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
