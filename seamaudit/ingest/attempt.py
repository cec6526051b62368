"""What HTTP headers tell of retries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seamaudit.ingest.blocks import fields, word
from seamaudit.trace import Try
from seamaudit.trace.digest import short_digest

RETRIES = "x-stainless-retry-count"
"""The header in which the official SDKs count a call's retries; 0 is the first try."""
_CALL = ("idempotency-key", "x-client-request-id", "x-request-id")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?\Z")


def attempt(sent: Any, got: Any) -> Try | None:
    """What the headers of a request and of its response say; None where they say nothing of retries."""
    request, response = _lowered(sent), _lowered(got)
    given = word(request.get(RETRIES))
    retries = int(given) if given.isdecimal() and given.isascii() and len(given) < 4 else None
    wait = asked(response)
    if retries is None and wait is None:
        return None
    call = next((found for name in _CALL if (found := word(request.get(name)))), "")
    return Try(retry_after=wait, retries=retries, call=short_digest(call, 16) if call else "")


def asked(headers: Mapping[str, Any]) -> float | None:
    """`retry-after` in seconds, or its finer spelling in milliseconds; None where it is a date."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        given = word(headers.get(name))
        if _SECONDS.match(given) and given.isascii():
            return float(given) * unit
    return None


def _lowered(headers: Any) -> dict[str, Any]:
    """Headers by lower-case name; of one that is a list of values, the first."""
    named = fields(headers)
    return {name.lower(): value[0] if isinstance(value, list) and value else value for name, value in named.items()}
