"""OpenTelemetry traces of model calls: what a collector's file exporter writes, what SDKs print, and Logfire's rows.

Level B where content was captured (it is off by default), C where only counters were. Wall clock. A call is one span that its dialect
calls one; where such a span stands below another, the lower one is the call and the upper a summary of it. Usage is inclusive where the
conventions document it, else arithmetic decides. Two exports of one span are one call. The conversation is the declared one, else the
session, else the trace. Messages may be attributes, events, or log records in other lines. What it cannot give: the request as it was
sent, the stream, retries inside an SDK, and turns that were sampled away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import code, fields, integer, word
from seamaudit.ingest.counted import usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.formats.otlp import dialects
from seamaudit.ingest.formats.otlp.spans import Event, Span, spans
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.leaves import above
from seamaudit.ingest.opening import document, first_line
from seamaudit.ingest.resync import pieces
from seamaudit.ingest.spoken import unquoted
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.ingest.withheld import mark
from seamaudit.providers.names import NOBODY, Named, at_host, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times, Usage, Withheld
from seamaudit.trace.money import from_usd

_SAMPLED = "a trace does not say that every turn is in it"
_ENVELOPES = (b'"resourceSpans"', b'"resourceLogs"', b'"scopeSpans"')
_HELD = (b'"spanContext"', b'"attributes"')
_PRINTED = (b'"trace_id"', b'"span_id"')
_ROWS = (b'"start_timestamp"', b'"span_name"')
_ANTHROPIC = "anthropic"


class _Otlp:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Teller(self._shape_of, intern))


class OtlpLines(_Otlp):
    """One export, or one row, a line."""

    name = "otlp"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is an export; a line that is no whole value begins a document."""
        return _sure(first_line(head))


class OtlpDocument(_Otlp):
    """A file that is one export, an array of spans, or printed objects one after the other."""

    name = "otlp-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where an object or array of spans opens that does not end on its line."""
        return _sure(document(head))


def _sure(text: bytes) -> int:
    if any(name in text for name in _ENVELOPES):
        return 90
    if all(name in text for name in _HELD):
        return 85
    if all(name in text for name in _ROWS) and b'"span_id"' in text:
        return 85
    return 85 if all(name in text for name in _PRINTED) and b'"context"' in text and b'"parent_id"' in text else 0


class _Reader:
    """Calls come out at the end: a span says nothing of its children, and log records come before or after the span they tell of."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._parents: dict[tuple[str, str], str] = {}
        self._calls: dict[tuple[str, str], list[Draft]] = defaultdict(list)
        self._silent: list[tuple[Span, Locus]] = []
        self._logged: dict[tuple[str, str], list[Event]] = defaultdict(list)

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        taken = 0
        for record, place in _records(data, locus):
            for found in spans(record):
                taken += 1
                self._take(found, place)
        if not taken:
            raise Rejected("not_an_exchange")
        return iter(())

    def close(self) -> Iterator[Draft]:
        """The calls that no other call tells in more detail."""
        for span, locus in self._silent:
            key = (span.trace, span.span)
            self._calls[key].append(self._draft(span, locus, tuple(self._logged.get(key, ()))))
        summaries = above(self._calls, self._parents)
        for key, drafts in self._calls.items():
            if key not in summaries:
                yield from drafts

    def _take(self, found: Span | Event, locus: Locus) -> None:
        if isinstance(found, Event):
            if found.name in dialects.SPOKEN and found.span:
                self._logged[found.trace, found.span].append(found)
            return
        key = (found.trace, found.span)
        self._parents[key] = found.parent
        if not dialects.is_call(found):
            return
        told = dialects.content(found)
        if told.messages is None and told.answer is None and found.span:
            self._silent.append((found, locus))
        else:
            self._calls[key].append(self._draft(found, locus))

    def _draft(self, span: Span, locus: Locus, logged: tuple[Event, ...] = ()) -> Draft:
        said = span.attributes
        model = _first(said, dialects.MODEL)
        content = dialects.content(span, logged)
        host = _first(said, dialects.HOST)
        by = at_host(host, _named(said, model))
        counted = _usage(said, by)
        return self._teller.draft(
            Told(
                locus=locus.at(span.at),
                format=OtlpLines.name,
                at=span.at,
                by=by,
                host=host if by.provider != "unknown" else "",
                model=model,
                messages=content.messages,
                tools=content.tools,
                answer=content.answer,
                id=_first(said, dialects.RESPONSE_ID) or word(fields(unquoted(said.get("output.value"))).get("id")),
                answered_by=_first(said, dialects.ANSWERED_BY),
                stop=content.stop,
                usage=counted,
                failure=_failure(span) if span.failed and content.answer is None else None,
                times=_times(span),
                conversation=_first(said, dialects.CONVERSATION) or span.trace or None,
                max_output=integer(_value(said, dialects.MAX_OUTPUT)),
                streamed=any(said.get(name) is True for name in dialects.STREAMED) or word(said.get("ai.operationId")).endswith("doStream"),
                attribution=_attribution(span),
                key=f"otlp/{span.trace}/{span.span}" if span.trace and span.span else "",
                cost=from_usd(_value(said, dialects.COST)),
                missing={Need.CACHE_LIFE: _SAMPLED},
                withheld=dict(_withheld(content, said)),
            )
        )


def _withheld(content: dialects.Content, said: Mapping[str, Any]) -> Iterator[tuple[Need, Withheld]]:
    """What an attribute limit cut, and what the instrumentation was told to hide."""
    for need, told, name in ((Need.PROMPT, content.messages, "input.value"), (Need.RESPONSE, content.answer, "output.value")):
        hidden = mark(word(said.get(name)))
        if told is None and (content.cut or hidden):
            yield need, Withheld.CUT if content.cut else hidden or Withheld.REDACTED


def _records(data: bytes, locus: Locus) -> Iterator[tuple[Any, Locus]]:
    """The values of a record with their places: one, or printed objects that follow each other without a comma."""
    try:
        yield jsontext.parse(data).value, locus
    except jsontext.Unparsable:
        found = pieces(data)
        if len(found.values) < 2:
            raise
        for start, stop in found.values:
            line = locus.line + data.count(b"\n", 0, start)
            yield jsontext.parse(data[start:stop]).value, Locus(locus.source, line, locus.offset + start, stop - start)


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(said[name])[:256] for name in names if isinstance(said.get(name), str | int) and said[name] != ""), "")


def _value(said: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _named(said: Mapping[str, Any], model: str) -> Named:
    return next((known for name in dialects.PROVIDER if (known := named(word(said.get(name)), model)) != NOBODY), NOBODY)


def _usage(said: Mapping[str, Any], by: Named) -> Usage | None:
    """The span's counts. What the Vercel AI SDK hands through from Anthropic is Anthropic's own object, and that is exclusive."""
    recorded = counts.flattened({name: held for name, held in said.items() if _is_count(held)})
    handed = fields(fields(unquoted(said.get("ai.response.providerMetadata"))).get(_ANTHROPIC))
    written = integer(handed.get("cacheCreationInputTokens"))
    if written is not None:
        recorded.setdefault("gen_ai.usage.cache_creation_input_tokens", written)
    read = integer(handed.get("cacheReadInputTokens"))
    if read is not None:
        recorded.setdefault("gen_ai.usage.cache_read_input_tokens", read)
    documented = any(name in recorded for name in dialects.DOCUMENTED)
    raw = counts.flattened(handed.get("usage"))
    plain = raw.get("input_tokens")
    if plain is not None and plain == recorded.get("ai.usage.inputTokens", recorded.get("ai.usage.promptTokens")):
        convention = Convention.EXCLUSIVE
    else:
        convention = Convention.INCLUSIVE if documented or by.provider == "openai" else Convention.UNKNOWN
    return usage(recorded, dialects.COUNTS, convention)


def _is_count(held: Any) -> bool:
    return isinstance(held, int | float) and not isinstance(held, bool)


def _failure(span: Span) -> Failure:
    """What a failed span says: its status, the type of its error, and where they are missing the words of its exception."""
    raised = next((event.said for event in span.events if event.name == "exception"), {})
    status = integer(_value(span.attributes, dialects.STATUS))
    text = word(raised.get("exception.message")) or span.message
    kind = code(span.attributes.get("error.type")) or code(word(raised.get("exception.type")).rpartition(".")[2])
    return Failure.of(text, kind, status=status if status is not None and status >= 400 else None)


def _times(span: Span) -> Times:
    first = next(
        (span.attributes[name] * unit for name, unit in dialects.FIRST_CHUNK.items() if _is_count(span.attributes.get(name))), None
    )
    began = span.started + first if span.started is not None and first is not None and first >= 0 else None
    duration = span.ended - span.started if span.started is not None and span.ended is not None and span.ended >= span.started else None
    return Times(
        started=span.started,
        first_byte=began or moment(span.attributes.get("llm.first_token_time")),
        ended=span.ended,
        duration=duration,
        dated=span.started or span.ended,
    )


def _attribution(span: Span) -> Attribution:
    return Attribution(
        app=span.service,
        app_declared=bool(span.service),
        agent=_first(span.attributes, dialects.AGENT),
        user=_first(span.attributes, dialects.USER),
    )
