"""Spans and log records out of the envelopes they are exported in.

Read are OTLP JSON (`resourceSpans`, `resourceLogs`), what the Python console exporter prints, what the JavaScript SDK's in-memory exporter
holds, and rows of Logfire's `records` table. Attributes come out as plain values, whatever typed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from seamaudit.ingest.blocks import fields, integer, items, word
from seamaudit.ingest.spoken import unquoted
from seamaudit.ingest.times import moment

_FAILED = frozenset({"STATUS_CODE_ERROR", "ERROR"})
_UNNAMED_SERVICE = "unknown_service"


class Event(Struct, frozen=True):
    """A span event or a log record: what it is called and what it says."""

    name: str
    time: float | None
    said: Mapping[str, Any]
    trace: str = ""
    span: str = ""


class Span(Struct, frozen=True):
    """One span. `at` is its pointer in the record."""

    trace: str
    span: str
    parent: str
    name: str
    started: float | None
    ended: float | None
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]
    failed: bool
    message: str
    at: str
    scope: str = ""
    service: str = ""


def spans(record: Any) -> Iterator[Span | Event]:
    """All spans and log records of one exported value, which may be an array of them."""
    if isinstance(record, list):
        for at, each in enumerate(record):
            yield from _one(fields(each), f"/{at}")
    else:
        yield from _one(fields(record), "")


def _one(record: dict[str, Any], at: str) -> Iterator[Span | Event]:
    if "resourceSpans" in record or "resourceLogs" in record:
        yield from _exported(record, at)
    elif isinstance(record.get("spanContext"), dict) or isinstance(record.get("_spanContext"), dict):
        yield _held(record, at)
    elif isinstance(record.get("context"), dict):
        yield _printed(record, at)
    elif "start_timestamp" in record and "span_id" in record:
        yield _row(record, at)


def _exported(record: dict[str, Any], at: str) -> Iterator[Span | Event]:
    """OTLP JSON: `snake_case` and the older `instrumentationLibrarySpans` are not written by collectors of this decade."""
    for r, group in enumerate(items(record.get("resourceSpans"))):
        resource = attributes(fields(fields(group).get("resource")).get("attributes"))
        for s, scoped in enumerate(items(fields(group).get("scopeSpans"))):
            scope = word(fields(fields(scoped).get("scope")).get("name"))
            for n, sent in enumerate(items(fields(scoped).get("spans"))):
                yield _span(fields(sent), f"{at}/resourceSpans/{r}/scopeSpans/{s}/spans/{n}", scope, resource)
    for group in items(record.get("resourceLogs")):
        for scoped in items(fields(group).get("scopeLogs")):
            for sent in items(fields(scoped).get("logRecords")):
                yield _log(fields(sent))


def _span(sent: dict[str, Any], at: str, scope: str, resource: dict[str, Any]) -> Span:
    status = fields(sent.get("status"))
    return Span(
        trace=_id(sent.get("traceId")),
        span=_id(sent.get("spanId")),
        parent=_id(sent.get("parentSpanId")),
        name=word(sent.get("name")),
        started=_nanos(sent.get("startTimeUnixNano")),
        ended=_nanos(sent.get("endTimeUnixNano")),
        attributes=attributes(sent.get("attributes")),
        events=tuple(
            Event(word(each.get("name")), _nanos(each.get("timeUnixNano")), attributes(each.get("attributes")))
            for each in map(fields, items(sent.get("events")))
        ),
        failed=_failed(status.get("code")),
        message=word(status.get("message")),
        at=at,
        scope=scope,
        service=_service(resource),
    )


def _log(sent: dict[str, Any]) -> Event:
    """A log record: the event's name stands in a member, in an attribute or, before 2025, in the body."""
    said = attributes(sent.get("attributes"))
    body = plain(sent.get("body"))
    name = word(sent.get("eventName")) or word(said.get("event.name"))
    return Event(
        name=name,
        time=_nanos(sent.get("timeUnixNano")) or _nanos(sent.get("observedTimeUnixNano")),
        said={**said, **(body if isinstance(body, dict) else {})},
        trace=_id(sent.get("traceId")),
        span=_id(sent.get("spanId")),
    )


def _held(sent: dict[str, Any], at: str) -> Span:
    """The JavaScript SDK's own object: times as [seconds, nanoseconds]."""
    context = fields(sent.get("spanContext") or sent.get("_spanContext"))
    status = fields(sent.get("status"))
    resource = attributes(fields(sent.get("resource")).get("attributes") or fields(sent.get("resource")).get("_attributes"))
    parent = fields(sent.get("parentSpanContext"))
    return Span(
        trace=_id(context.get("traceId")),
        span=_id(context.get("spanId")),
        parent=_id(sent.get("parentSpanId") or parent.get("spanId")),
        name=word(sent.get("name")),
        started=_pair(sent.get("startTime")),
        ended=_pair(sent.get("endTime")),
        attributes=attributes(sent.get("attributes")),
        events=tuple(
            Event(word(each.get("name")), _pair(each.get("time")), attributes(each.get("attributes")))
            for each in map(fields, items(sent.get("events")))
        ),
        failed=_failed(status.get("code")),
        message=word(status.get("message")),
        at=at,
        scope=word(fields(sent.get("instrumentationScope") or sent.get("instrumentationLibrary")).get("name")),
        service=_service(resource),
    )


def _printed(sent: dict[str, Any], at: str) -> Span:
    """The Python console exporter's object, and a row of Phoenix."""
    context = fields(sent.get("context"))
    status = fields(sent.get("status"))
    resource = attributes(fields(sent.get("resource")).get("attributes"))
    return Span(
        trace=_id(context.get("trace_id")),
        span=_id(context.get("span_id")),
        parent=_id(sent.get("parent_id")),
        name=word(sent.get("name")),
        started=moment(sent.get("start_time")),
        ended=moment(sent.get("end_time")),
        attributes=flat(attributes(sent.get("attributes"))),
        events=tuple(
            Event(word(each.get("name")), moment(each.get("timestamp")), attributes(each.get("attributes")))
            for each in map(fields, items(sent.get("events")))
        ),
        failed=_failed(status.get("status_code") or sent.get("status_code")),
        message=word(status.get("description")) or word(sent.get("status_message")),
        at=at,
        service=_service(resource),
    )


def _row(sent: dict[str, Any], at: str) -> Span:
    """A row of Logfire's `records`: attributes and events as JSON, or as JSON text."""
    resource = fields(unquoted(sent.get("otel_resource_attributes")))
    events = [fields(each) for each in items(unquoted(sent.get("otel_events")))]
    return Span(
        trace=_id(sent.get("trace_id")),
        span=_id(sent.get("span_id")),
        parent=_id(sent.get("parent_span_id")),
        name=word(sent.get("span_name")),
        started=moment(sent.get("start_timestamp")),
        ended=moment(sent.get("end_timestamp")),
        attributes=attributes(unquoted(sent.get("attributes"))),
        events=tuple(
            Event(
                word(each.get("event_name")) or word(each.get("name")),
                moment(each.get("event_timestamp") or each.get("timestamp")),
                fields(each.get("attributes")),
            )
            for each in events
        ),
        failed=sent.get("is_exception") is True or word(sent.get("otel_status_code")) in _FAILED,
        message=word(sent.get("exception_message")) or word(sent.get("otel_status_message")),
        at=at,
        scope=word(sent.get("otel_scope_name")),
        service=word(sent.get("service_name")) or _service(resource),
    )


def attributes(given: Any) -> dict[str, Any]:
    """Attributes as plain values: OTLP's list of typed pairs, or an object."""
    if isinstance(given, dict):
        return given
    return {key: plain(each.get("value")) for each in map(fields, items(given)) if (key := word(each.get("key")))}


def plain(value: Any) -> Any:
    """OTLP's AnyValue without its type; whole numbers are text there."""
    if not isinstance(value, dict):
        return value
    if "stringValue" in value:
        return value["stringValue"]
    if "intValue" in value:
        number = value["intValue"]
        return int(number) if isinstance(number, str) and number.removeprefix("-").isdecimal() and len(number) < 20 else number
    if "arrayValue" in value:
        return [plain(each) for each in items(fields(value["arrayValue"]).get("values"))]
    if "kvlistValue" in value:
        return attributes(fields(value["kvlistValue"]).get("values"))
    return next((value[name] for name in ("doubleValue", "boolValue", "bytesValue") if name in value), None)


def flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    """Nested attributes by dotted name, as Phoenix exports them; lists stay, as there is no telling what they list."""
    out: dict[str, Any] = {}
    stack: list[tuple[str, Any]] = [("", nested)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            stack += [(f"{path}.{key}" if path else key, item) for key, item in reversed(value.items())]
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value) and path.endswith(_LISTED):
            stack += [(f"{path}.{at}", item) for at, item in reversed(list(enumerate(value)))]
        else:
            out[path] = value
    return out


_LISTED = ("llm.input_messages", "llm.output_messages", "llm.tools", "message.tool_calls", "message.contents")
"""The lists of OpenInference whose members are attributes of their own when flat."""


def _id(given: Any) -> str:
    return word(given)[:64].removeprefix("0x").lower()


def _nanos(given: Any) -> float | None:
    number = int(given) if isinstance(given, str) and given.isdecimal() and len(given) < 20 else integer(given)
    return number / 1e9 if number else None


def _pair(given: Any) -> float | None:
    parts = items(given)
    if len(parts) == 2 and all(integer(each) is not None for each in parts):
        return float(parts[0] + parts[1] / 1e9)
    return moment(given)


def _failed(given: Any) -> bool:
    return given == 2 or word(given).rpartition(".")[2].upper() in _FAILED


def _service(resource: Mapping[str, Any]) -> str:
    name = word(resource.get("service.name"))[:128]
    return "" if name.startswith(_UNNAMED_SERVICE) else name
