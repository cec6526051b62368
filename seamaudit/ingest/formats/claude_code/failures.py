"""What an `api_error` row tells of a failed call: codes and numbers, never the message."""

from __future__ import annotations

from seamaudit.ingest.attempt import asked
from seamaudit.ingest.blocks import fields, first_code, integer
from seamaudit.ingest.formats.claude_code.rows import Row
from seamaudit.ingest.refused import refusal
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
    told = fields(inner.get("error")) or inner
    return Response(at=AT, status=status, error_type=word, refusal=refusal({"error": told}, status), complete=status is not None)


def attempt(row: Row) -> Try:
    """Which try it was, how many the client allows, how long it said it would wait, and what the provider asked for."""
    headers = fields(fields(row.error).get("headers"))
    return Try(
        number=integer(row.retryAttempt), limit=integer(row.maxRetries), wait=seconds(row.retryInMs, 1e-3), retry_after=asked(headers)
    )
