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
_FORWARDED_AGAIN = ("x-litellm-attempted-retries", "x-litellm-attempted-fallbacks", "x-portkey-retry-attempt-count")
"""Headers in which gateways count what they tried beside the first call. Sources: docs.litellm.ai proxy/response_headers; portkey.ai
inference-api/response-schema."""
_FORWARDED = "ngrok-aig-attempts"
"""The header in which ngrok's gateway counts all its calls (ngrok.com/docs/ai-gateway/guides/why-a-request-failed-over)."""
_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-")
"""W3C Trace Context, `traceparent`."""
_TRACES = ("x-b3-traceid", "x-datadog-trace-id")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?\Z")


def attempt(sent: Any, got: Any) -> Try | None:
    """What the headers of a request and of its response say; None where they say nothing of retries."""
    request, response = _lowered(sent), _lowered(got)
    retries = _count(request.get(RETRIES))
    wait, forwarded, trace = asked(response), _forwarded(response), _trace(request)
    if retries is None and wait is None and forwarded is None and not trace:
        return None
    call = next((found for name in _CALL if (found := word(request.get(name)))), "")
    return Try(
        retry_after=wait,
        retries=retries,
        call=short_digest(call, 16) if call else "",
        trace=short_digest(trace, 16) if trace else "",
        forwarded=forwarded,
    )


def _forwarded(response: Mapping[str, Any]) -> int | None:
    """The calls a gateway says it made of this one."""
    again = [count for name in _FORWARDED_AGAIN if (count := _count(response.get(name))) is not None]
    return 1 + sum(again) if again else _count(response.get(_FORWARDED))


def _trace(request: Mapping[str, Any]) -> str:
    """The id of the distributed trace a request belongs to."""
    found = _PARENT.match(word(request.get("traceparent")))
    return found[1] if found else next((id for name in _TRACES if (id := word(request.get(name)))), "")


def _count(given: Any) -> int | None:
    text = str(given) if isinstance(given, int) else word(given)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 4 else None


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
