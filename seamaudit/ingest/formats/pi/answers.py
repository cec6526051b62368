"""What an assistant row of pi tells of a call: content, usage, price, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest import counts
from seamaudit.ingest.blocks import fields, word
from seamaudit.ingest.formats.base import BodyShape
from seamaudit.ingest.formats.pi.rows import DROPPED, blocks
from seamaudit.providers.refusals import explain
from seamaudit.trace import Convention, Money, Response, Usage
from seamaudit.trace.money import PICO_PER_USD

AT = "/message"
MOST_USD = 1e6
"""The dearest call that is believed."""
_STATUS = re.compile(r"\s{0,8}([45]\d\d)\b")
_ERROR_TYPE = re.compile(r'"type"\s{0,8}:\s{0,8}"(?!error")([a-z_]{1,64})"')
_STOPS: Mapping[str, Mapping[str, str]] = {
    "anthropic.messages": {"stop": "end_turn", "toolUse": "tool_use", "length": "max_tokens"},
    "openai.chat": {"stop": "stop", "toolUse": "tool_calls", "length": "length"},
}
"""pi's stop words in the provider's, where they stand for one each."""
_MARKED = frozenset({"anthropic.messages", "bedrock.converse"})
"""Where caches are written to a marker, for the life it asks for."""


def response(message: Mapping[str, Any], api: str, shape: BodyShape) -> Response:
    """The answer; what was aborted is not complete, an error is a refusal where its text begins with an HTTP status."""
    stop = word(message.get("stopReason"))
    told = shape.response({"content": blocks(message.get("content")), "model": message.get("model")}, AT, None)
    read = usage(message, api)
    if stop not in DROPPED:
        return replace(told, id=word(message.get("responseId")), stop=_STOPS.get(api, {}).get(stop, ""), usage=read, status=200)
    text = word(message.get("errorMessage"))[:4096] if stop == "error" else ""
    status, kind = _STATUS.match(text), _ERROR_TYPE.search(text)
    read = replace(read, output_is_lower_bound=True) if read is not None else None
    return replace(
        told,
        usage=read,
        status=int(status[1]) if status else None,
        error_type=kind[1] if kind else "",
        refusal=explain(text) if status and status[1].startswith("4") else None,
        complete=bool(status),
    )


def usage(message: Mapping[str, Any], api: str) -> Usage | None:
    """Exclusive counts; all zeros, as in calls that ended before their usage came, are none.

    Where it marks what is to be cached pi asks for five minutes, unless its environment asks for more; what lives for an hour it then
    counts apart.
    """
    recorded = counts.flattened({name: value for name, value in fields(message.get("usage")).items() if name != "cost"})
    if not any(recorded.values()):
        return None
    plain, read, write = (recorded.get(name) for name in ("input", "cacheRead", "cacheWrite"))
    long = recorded.get("cacheWrite1h", 0)
    lives = api in _MARKED and write is not None and long <= write
    return Usage(
        input=counts.total(plain, read, write),
        cache_read=read,
        cache_write=write,
        cache_write_5m=write - long if lives and write is not None else None,
        cache_write_1h=long if lives else None,
        output=recorded.get("output"),
        total=recorded.get("totalTokens"),
        convention=Convention.EXCLUSIVE,
        recorded=recorded,
    )


def cost(message: Mapping[str, Any]) -> Money | None:
    """The price pi noted in US dollars; none where it had no price for the model."""
    total = fields(fields(message.get("usage")).get("cost")).get("total")
    if not isinstance(total, int | float) or isinstance(total, bool) or not 0 < total < MOST_USD:
        return None
    return Money(round(total * PICO_PER_USD))
