"""What an `api_error` row tells of a failed call: codes and numbers, never the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seamaudit.ingest.blocks import fields, first_code, integer
from seamaudit.ingest.formats.claude_code.rows import Row
from seamaudit.ingest.times import seconds
from seamaudit.trace import Response, Try

AT = "/error"


def response(row: Row) -> Response:
    """The provider's refusal; without a status a call that broke off underway."""
    error = fields(row.error)
    inner = fields(error.get("error"))
    cause = fields(error.get("cause"))
    status = integer(error.get("status"))
    word = first_code(fields(inner.get("error")).get("type"), inner.get("type"), cause.get("code"), error.get("code"))
    return Response(at=AT, status=status, error_type=word, complete=status is not None)


def attempt(row: Row) -> Try:
    """Which try it was, how many the client allows, how long it said it would wait, and what the provider asked for."""
    headers = fields(fields(row.error).get("headers"))
    return Try(
        number=integer(row.retryAttempt), limit=integer(row.maxRetries), wait=seconds(row.retryInMs, 1e-3), retry_after=_asked(headers)
    )


def _asked(headers: Mapping[str, Any]) -> float | None:
    """`retry-after` in seconds, or its finer spelling in milliseconds."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        given = headers.get(name)
        if isinstance(given, str) and given.replace(".", "", 1).isdecimal() and len(given) < 12:
            return float(given) * unit
    return None
