"""Errors a person can act on: a message, a hint and the exit code they lead to."""

from __future__ import annotations

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_UNREAD = 3
EXIT_INTERNAL = 4


class SeamauditError(Exception):
    """A failure the person can mend; never carries trace text.

    `message` says what is wrong, `hint` what to do about it, `exit_code` how the process ends.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SeamauditError):
    """The call cannot be run as asked: a bad option, a bad path, an unwritable output."""


class CatalogError(SeamauditError):
    """A rule file cannot be used; the message names file, line and column."""


class InputError(SeamauditError):
    """Nothing was recognised, or an explicitly named input was not."""

    exit_code = EXIT_UNREAD
