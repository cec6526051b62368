"""What a conversion could not carry, by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.recorded_as import stated
from seamaudit.trace import Kind, Request, Response, Segment, Zone

_NOTHING: tuple[Any, ...] = (None, "", False, [], {}, ())


class Losses(Struct):
    """How many calls had a field that what was written does not tell the same way; `left_out` counts, by reason, calls that were not
    written at all."""

    lost: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def differences(meant: Draft, written: Draft, ignored: frozenset[str] = frozenset(), *, respelled: bool = False) -> list[str]:
    """The fields that a call has and that what was read back of it does not tell the same way.

    Where it was `respelled`, in another body language, prompts and answers are compared by what they say: texts, calls and results.
    """
    known, again = _told(meant, respelled), _told(written, respelled)
    return [name for name, value in known.items() if name not in ignored and value not in _NOTHING and again.get(name) != value]


def _told(draft: Draft, respelled: bool) -> dict[str, Any]:
    """All that a draft says, in values that can be compared between two readings."""
    of_response = _of_response(draft.response, respelled) if draft.response else {}
    return {**_flat(stated(draft)), **_of_request(draft.request, respelled), **of_response}


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """A call's times, counts and who caused it each by itself: one may be carried and another not."""
    out: dict[str, Any] = {}
    for name, value in said.items():
        if name in ("times", "attribution"):
            out |= value
        elif name == "usage" and value:
            out |= {f"usage.{count}": value[count] for count in _COUNTS}
        else:
            out[name] = value
    return out


_COUNTS = ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output", "reasoning")


def _of_request(request: Request, respelled: bool) -> dict[str, Any]:
    segments = [each for each in request.prefix.segments() if each.zone is not Zone.TOOLS]
    return {
        "model": request.model,
        "prompt": [_content(each) for each in segments] if respelled else request.prefix.digests(),
        "breakpoints": request.breakpoints,
        "tools": sorted(request.offered) if request.offered is not None else None,
        "params": dict(request.params),
        "forced_tool": request.forced_tool,
        "broken": request.broken,
        "output": request.output,
    }


def _content(segment: Segment) -> Any:
    """What a position says, in whatever words."""
    if segment.kind in (Kind.TOOL_CALL, Kind.TOOL_RESULT):
        return segment.kind, segment.call_id, segment.arguments, segment.outcome
    return segment.kind, segment.ordered if segment.kind is Kind.TEXT else b""


def _of_response(response: Response, respelled: bool) -> dict[str, Any]:
    texts = [each.ordered for each in response.answers if each.kind is Kind.TEXT]
    calls = [(each.id, each.name, each.arguments) for each in response.calls if not each.server]
    return {
        "answer": texts if respelled else [each.ordered for each in response.answers],
        "calls": calls if respelled else [(each.id, each.name, each.arguments, each.state, each.server) for each in response.calls],
        "stream": response.stream,
        "diagnosis": response.diagnosis,
    }
