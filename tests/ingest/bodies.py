"""Bodies in, requests and responses out: what the shape tests share."""

from __future__ import annotations

import json
from typing import Any

from seamaudit.ingest import sse
from seamaudit.ingest.formats.base import BodyShape
from seamaudit.ingest.intern import Interner
from seamaudit.trace import Kind, Locus, Request, Response, Segment, StreamEvent

LOCUS = Locus(0, 1, 0, 10)


def slices(body: dict[str, Any]) -> dict[str, bytes]:
    """A body as raw slices."""
    return {key: json.dumps(value).encode() for key, value in body.items()}


def asked(shape: BodyShape, body: dict[str, Any], path: str = "", intern: Interner | None = None) -> Request:
    return shape.request(slices(body), path, "/request/body", "c", intern or Interner(), LOCUS)


def segments(request: Request) -> list[Segment]:
    return list(request.prefix.segments())


def kinds(request: Request) -> list[Kind]:
    return [segment.kind for segment in segments(request)]


def pointers(request: Request) -> list[str]:
    return [request.prefix.pointer(position) for position in range(request.prefix.length)]


def resolve(value: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def streamed(shape: BodyShape, text: str, path: str = "", host: str = "host.example") -> Response:
    events, partial = sse.split(text)
    return shape.stream(events, partial, "/response/body_raw", 200, host, path)


def sse_text(*events: Any, named: bool = False) -> str:
    """Events as a provider would send them; strings go out as they are."""
    lines = []
    for event in events:
        if named and isinstance(event, dict):
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines)


def told(response: Response) -> list[tuple[str, int | None, str, int]]:
    """A stream's events, short."""
    assert response.stream is not None
    return [(event.name, event.index, event.detail, event.count) for event in response.stream.events]


def first_event(response: Response, name: str) -> StreamEvent:
    assert response.stream is not None
    return next(event for event in response.stream.events if event.name == name)


def sent_back(answer: Response, later: Request) -> bool:
    """Whether every answer stands in a later request, under its own digest and in its own order."""
    assert answer.answers
    there = iter([segment.ordered for segment in segments(later)])
    return all(any(digest == each.ordered for digest in there) for each in answer.answers)
