"""Logs of people's own making, read by what a mapping says of them: JSON lines, or a JSON document with an array of records.

Level A where the mapping names the request as it was sent, B where it names messages, C where it names counts alone. Wall clock where a
start is named, else the order of the file. A record is one call. The token convention is what the mapping says; where it says none,
arithmetic decides. Records are one by the id it names; the conversation is the one it names. What a mapping does not name is lacking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import items
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.logmap import LogMap, Record, is_call, records
from seamaudit.ingest.logrow import Row
from seamaudit.ingest.respelled import HttpExchange, Pairing
from seamaudit.ingest.spoken import tools
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import NOBODY, at_host, named
from seamaudit.trace import Locus, Need, Usage
from seamaudit.trace.money import from_usd

NAME = "mapping"


class _Mapped:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf, pairs: Format, log: LogMap) -> None:
        self._shape_of = shape_of
        self._pairs = pairs
        self._log = log

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._log, Teller(self._shape_of, intern), Pairing(self._pairs.open(intern), NAME))


class MappedLines(_Mapped):
    """A record a line."""

    name = NAME
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """A person said that it is one: only told from a document."""
        line, ended, _ = head.lstrip().partition(b"\n")
        return 50 if line.startswith((b"{", b"[{")) and (line.rstrip().endswith((b"}", b"]")) or not ended) else 0


class MappedDocument(_Mapped):
    """A document that is an array of records, or holds one."""

    name = f"{NAME}-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """A person said that it is one: only told from lines."""
        text = head.strip()
        first, ended, _ = text.partition(b"\n")
        whole = first.rstrip().endswith((b"}", b"]"))
        return 40 if text.startswith((b"{", b"[")) and (not ended or not whole) else 0


class _Reader:
    def __init__(self, log: LogMap, teller: Teller, pairing: Pairing) -> None:
        self._log = log
        self._teller = teller
        self._pairing = pairing

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        held = list(records(jsontext.parse(data).value, self._log))
        if not held:
            raise Rejected("not_an_exchange")
        if len(held) == 1:
            yield self._draft(held[0], locus.at(held[0].at) if held[0].at else locus)
            return
        for record in held:
            place = locus.at(record.at)
            try:
                yield self._draft(record, place)
            except (Rejected, jsontext.Unparsable) as error:
                if error.cause != Cause.OTHER_ENDPOINT:
                    yield from lost(Cause(error.cause), place, 0)

    def _draft(self, record: Record, locus: Locus) -> Draft:
        if not is_call(record, self._log):
            raise Rejected("other_endpoint")
        row = Row(record, self._log)
        draft = self._sent(row, locus) if "request" in self._log.places else self._said(row, locus)
        id = row.text("id")
        return replace(
            draft,
            attribution=row.attribution(),
            tags=frozenset(tag[:128] for tag in items(row.open("tags")) if isinstance(tag, str)),
            duplicate_key=f"{NAME}/{id}" if id else "",
            recorded_cost=from_usd(row.number("cost")),
        )

    def _sent(self, row: Row, locus: Locus) -> Draft:
        """A call whose request is recorded as it was sent."""
        sent, got, times = row.open("request"), row.open("response"), row.times()
        if not isinstance(sent, dict):
            raise Rejected("not_an_exchange")
        status, known = row.status(), "response" in self._log.places
        exchange = HttpExchange(
            sent=sent,
            got=got,
            sent_at=row.where("request"),
            got_at=row.where("response"),
            url=row.text("url"),
            status=status if known or (status is not None and status >= 400) else None,
            error=row.open("error") or None,
            started=times.started,
            ended=times.ended,
            first_byte=times.first_byte,
            duration=times.duration,
            conversation=row.text("conversation") or None,
            sequence=row.integer("sequence"),
        )
        draft = self._pairing.draft(exchange, locus)
        model = draft.request.model or row.text("model")
        if model != draft.request.model:
            draft = replace(draft, request=replace(draft.request, model=model), lacks=_without(draft.lacks, Need.MODEL))
        by = named(row.text("provider"), model)
        if not draft.host and by != NOBODY:
            draft = replace(draft, provider=by.provider, platform=by.platform)
        if draft.response is None and {"answer", "usage"} & row.named:
            return self._answered(draft, row, locus)
        return _failed(_counted(draft, row.usage()), row.failure())

    def _said(self, row: Row, locus: Locus) -> Draft:
        """A call of which messages or counts are recorded. Raises Rejected where none are."""
        told = self._told(row, locus)
        if told.messages is None and told.answer is None and told.usage is None and told.failure is None:
            raise Rejected("not_an_exchange")
        return self._teller.draft(told)

    def _answered(self, draft: Draft, row: Row, locus: Locus) -> Draft:
        """The same with an answer that is not recorded as it came."""
        told = self._teller.draft(replace(self._told(row, locus), request=draft.request, messages=None))
        if told.response is None:
            return draft
        answers = {Need.RESPONSE, Need.USAGE, Need.STREAM}
        lacking = {need: why for need, why in told.lacks.items() if need in answers and (need is not Need.STREAM or draft.request.streamed)}
        return replace(draft, response=told.response, lacks=_without(draft.lacks, *answers) | lacking)

    def _told(self, row: Row, locus: Locus) -> Told:
        """What a recorder's own words tell of a call."""
        model, url = row.text("model"), row.text("url")
        host = _host(url)
        messages, whole = row.messages()
        given = row.open("tools")
        return Told(
            locus=locus,
            format=NAME,
            at=row.record.at,
            arrays=row.arrays(),
            by=at_host(host, named(row.text("provider"), model)),
            host=host,
            model=model,
            messages=messages,
            complete=whole,
            tools=tools(given) if isinstance(given, list) else None,
            answer=row.answer(),
            id=row.text("response_id"),
            stop=row.text("stop"),
            usage=row.usage(),
            failure=row.failure(),
            times=row.times(),
            conversation=row.text("conversation") or None,
            sequence=row.integer("sequence"),
            max_output=row.integer("max_tokens"),
            streamed=row.value("streamed") is True,
        )


def _counted(draft: Draft, told: Usage | None) -> Draft:
    """The draft, with counts that stand beside a response that holds none."""
    if told is None or draft.response is None or draft.response.usage is not None:
        return draft
    return replace(draft, response=replace(draft.response, usage=told), lacks=_without(draft.lacks, Need.USAGE))


def _failed(draft: Draft, failure: Failure | None) -> Draft:
    """The draft, with the code of an error that stands beside a response that names none."""
    if failure is None or draft.response is None or draft.response.error_type:
        return draft
    return replace(draft, response=replace(draft.response, error_type=failure.code))


def _without(lacks: Mapping[Need, str], *met: Need) -> dict[Need, str]:
    return {need: why for need, why in lacks.items() if need not in met}


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
