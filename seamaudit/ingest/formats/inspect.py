"""Inspect logs: `.eval` archives and `.json` files, attachments and message pools resolved.

Level A for model events that keep the provider's call (by default the first few of a model and all that failed), B for the others. Wall
clock. A call is a model event; one that Inspect answered from its own cache is none. `ModelUsage` is exclusive, a kept call's usage the
provider's. Events are one by their id; the conversation is the sample, in which graders and sub-agents are threads of their own. What it
cannot give: streams, the failed attempts behind `retries`, response headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.archive import MAGIC, Archive
from seamaudit.ingest.blocks import fields, integer, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.respelled import LARGEST, HttpExchange, Pairing
from seamaudit.ingest.spoken import Message, answer, conversation, tools
from seamaudit.ingest.times import moment, seconds
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import Named, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times, Try

_ATTACHMENT = re.compile(r"attachment://([0-9a-f]{32})\Z")
_COUNTS = Names(
    input=("input_tokens",),
    read=("input_tokens_cache_read",),
    write=("input_tokens_cache_write",),
    output=("output_tokens",),
    reasoning=("reasoning_tokens",),
    total=("total_tokens",),
)
_SAMPLES = "samples/"
_HEADERS = ("header.json", "_journal/start.json")
_PARTS = "only messages are recorded of this call"


class InspectArchive:
    """The `.eval` archive: a member for every sample."""

    name = "inspect"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf, pairs: Format) -> None:
        self._shape_of = shape_of
        self._pairs = pairs

    def detect(self, head: bytes) -> int:
        """Sure where a zip archive begins with a member that only these logs have."""
        if not head.startswith(MAGIC):
            return 0
        name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        known = name in (b"_journal/start.json", b"header.json") or (name.startswith(b"samples/") and b"_epoch_" in name)
        return 95 if known else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _ArchiveReader(_events(self._shape_of, self._pairs, intern))


class InspectDocument:
    """The `.json` log: the same in one document."""

    name = "inspect-json"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf, pairs: Format) -> None:
        self._shape_of = shape_of
        self._pairs = pairs

    def detect(self, head: bytes) -> int:
        """Sure where a document opens with a log's version, status and eval."""
        start = head.lstrip()[:4096]
        return 90 if start.startswith(b"{") and all(name in start for name in (b'"version"', b'"eval"', b'"run_id"', b'"task"')) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _DocumentReader(_events(self._shape_of, self._pairs, intern))


def _events(shape_of: ShapeOf, pairs: Format, intern: Interner) -> _Events:
    return _Events(Teller(shape_of, intern), Pairing(pairs.open(intern), InspectArchive.name))


class _ArchiveReader:
    def __init__(self, events: _Events) -> None:
        self._events = events

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        archive = Archive(data)
        log = next((_header(member.data) for name in _HEADERS if (member := archive.read(name)) is not None and member.lost is None), {})
        if not log and not any(name.startswith(_SAMPLES) for name in archive.names):
            raise Rejected("not_an_exchange")
        for member in archive.members(_SAMPLES):
            at = f"/{member.name.replace('~', '~0').replace('/', '~1')}"
            if member.lost is not None:
                yield from lost(member.lost, locus.at(at), 0)
                continue
            try:
                sample = jsontext.parse(member.data).value
            except jsontext.Unparsable as error:
                yield from lost(Cause(error.cause), locus.at(at), 0)
                continue
            yield from self._events.sample(fields(sample), log, locus, at)


class _DocumentReader:
    def __init__(self, events: _Events) -> None:
        self._events = events

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        log = fields(jsontext.parse(data).value)
        if "eval" not in log:
            raise Rejected("not_an_exchange")
        for at, sample in enumerate(items(log.get("samples"))):
            yield from self._events.sample(fields(sample), log, locus, f"/samples/{at}")


def _header(data: bytes) -> dict[str, Any]:
    try:
        return fields(jsontext.parse(data).value)
    except jsontext.Unparsable:
        return {}


class _Place(Struct, frozen=True):
    """Where an event stands, and what it belongs to."""

    locus: Locus
    at: str
    conversation: str
    app: str
    number: int


class _Events:
    """Makes drafts of a sample's model events."""

    def __init__(self, teller: Teller, pairing: Pairing) -> None:
        self._teller = teller
        self._pairing = pairing

    def sample(self, sample: dict[str, Any], log: Mapping[str, Any], locus: Locus, at: str) -> Iterator[Found]:
        """The calls of one sample in their order; a call too large to be put together costs itself."""
        run = fields(log.get("eval"))
        pools = fields(sample.get("events_data"))
        pool = _Pool(
            fields(sample.get("attachments")),
            items(sample.get("message_pool")) or items(pools.get("messages")),
            items(sample.get("call_pool")) or items(pools.get("calls")),
        )
        own = word(sample.get("uuid")) or f"{word(run.get('run_id'))}/{sample.get('id')}/{sample.get('epoch')}"[:256]
        for number, event in enumerate(map(fields, items(sample.get("events")))):
            if event.get("event") != "model" or event.get("cache") == "read":
                continue
            place = _Place(locus, f"{at}/events/{number}", own, word(run.get("task"))[:128], number)
            try:
                yield self._call(event, pool, place)
            except _Oversize:
                yield from lost(Cause.OVERSIZE, locus.at(place.at), 0)

    def _call(self, event: dict[str, Any], pool: _Pool, place: _Place) -> Draft:
        maker, _, model = word(event.get("model")).partition("/")
        by = named(maker, model)
        draft = self._wire(event, pool, place)
        if draft is None:
            draft = self._teller.draft(self._told(event, pool, place, by, model))
        else:
            draft = replace(draft, provider=by.provider, platform=by.platform)
        return replace(
            draft,
            attribution=Attribution(app=place.app, app_declared=bool(place.app), agent=word(event.get("role"))[:128]),
            duplicate_key=f"inspect/{word(event.get('uuid')) or f'{place.conversation}/{place.number}'}",
            attempt=Try(retries=retries) if (retries := integer(event.get("retries"))) else None,
        )

    def _wire(self, event: dict[str, Any], pool: _Pool, place: _Place) -> Draft | None:
        """The provider's own call where it was kept and is in a language that is known."""
        call = fields(event.get("call"))
        sent = pool.request(call)
        got = fields(pool.resolved(call.get("response")))
        if not sent or not got:
            return None
        times = _times(event)
        exchange = HttpExchange(
            sent=sent,
            got=got,
            sent_at=f"{place.at}/call/request",
            got_at=f"{place.at}/call/response",
            status=None if word(event.get("error")) or call.get("error") is True else 200,
            started=times.started,
            ended=times.ended,
            duration=times.duration,
            conversation=place.conversation,
            sequence=place.number,
        )
        try:
            return replace(self._pairing.draft(exchange, place.locus.at(place.at)), times=times)
        except Rejected as error:
            if error.cause == Cause.OVERSIZE:
                raise _Oversize from None
            return None

    def _told(self, event: dict[str, Any], pool: _Pool, place: _Place, by: Named, model: str) -> Told:
        output = fields(pool.resolved(event.get("output")))
        choice = fields(next(iter(items(output.get("choices"))), None))
        error = word(event.get("error")) or word(output.get("error"))
        used = counts.flattened(output.get("usage"))
        return Told(
            locus=place.locus.at(place.at),
            format=InspectArchive.name,
            at=place.at,
            arrays={"messages": "input"},
            by=by,
            model=model,
            messages=_messages(pool.input(event)),
            tools=tools(pool.resolved(event.get("tools"))),
            answer=answer([fields(choice.get("message"))]) if choice else None,
            answered_by=word(output.get("model")),
            stop=word(choice.get("stop_reason")),
            usage=usage(used, _COUNTS, Convention.EXCLUSIVE),
            failure=Failure.of(error) if error else None,
            times=_times(event),
            conversation=place.conversation,
            sequence=place.number,
            max_output=integer(fields(event.get("config")).get("max_tokens")),
            missing={Need.CACHE_CONTRACT: _PARTS},
        )


def _messages(given: Sequence[Any]) -> list[Message] | None:
    """Inspect's messages; a tool's error is what the model was told in place of a result."""
    told = []
    for each in map(fields, given):
        failed = word(fields(each.get("error")).get("message")) if each.get("role") == "tool" else ""
        told.append({**each, "content": failed} if failed and not each.get("content") else each)
    return conversation(told)


def _times(event: Mapping[str, Any]) -> Times:
    started, ended = moment(event.get("timestamp")), moment(event.get("completed"))
    duration = seconds(event.get("working_time"))
    return Times(started, None, ended, duration, started or ended)


class _Oversize(Exception):
    """What a call refers to adds up to more than one call may hold."""


class _Pool:
    """What a sample keeps once and refers to: attachments for long texts, messages, and those of kept calls."""

    def __init__(self, attachments: Mapping[str, Any], messages: Sequence[Any], calls: Sequence[Any]) -> None:
        self._attachments = attachments
        self._messages = messages
        self._calls = calls

    def input(self, event: Mapping[str, Any]) -> list[Any]:
        """A model event's messages."""
        refs = event.get("input_refs")
        return items(self.resolved(_expanded(refs, self._messages) if items(refs) else event.get("input")))

    def request(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """A kept call's request body."""
        sent = fields(call.get("request"))
        refs = call.get("call_refs")
        if items(refs):
            sent = {**sent, word(call.get("call_key")) or "messages": _expanded(refs, self._calls)}
        return fields(self.resolved(sent))

    def resolved(self, value: Any) -> Any:
        """The value with its attachments in place. Raises _Oversize where they add up to more than a call may hold."""
        return self._resolved(value, [LARGEST]) if self._attachments else value

    def _resolved(self, value: Any, left: list[int]) -> Any:
        if isinstance(value, str):
            found = _ATTACHMENT.match(value)
            text = self._attachments.get(found[1]) if found else None
            if not isinstance(text, str):
                return value
            left[0] -= len(text)
            if left[0] < 0:
                raise _Oversize
            return text
        if isinstance(value, list):
            return [self._resolved(each, left) for each in value]
        if isinstance(value, dict):
            return {key: self._resolved(each, left) for key, each in value.items()}
        return value


def _expanded(refs: Any, pool: Sequence[Any]) -> list[Any]:
    """The messages that ranges [start, end) of a pool name. Raises _Oversize where they name more than a call may hold."""
    out: list[Any] = []
    for pair in items(refs):
        ends = [integer(each) for each in items(pair)]
        if len(ends) == 2 and ends[0] is not None and ends[1] is not None and 0 <= ends[0] <= ends[1]:
            out += pool[ends[0] : ends[1]]
        if len(out) > _MOST_MESSAGES:
            raise _Oversize
    return out


_MOST_MESSAGES = 100_000
