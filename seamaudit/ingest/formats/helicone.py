"""Helicone exports: rows of requests with the provider's own bodies, as JSON lines or an array.

Level A where bodies were exported, C where only counters were. Wall clock. A row is one call. Usage is the body's; where there is none the
row's, whose convention is not documented, so that arithmetic decides. Rows are one by their request id; the conversation is the property
`Helicone-Session-Id`. What it cannot give: streams, which are stored re-assembled; large bodies, which stand behind links that expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, integer, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.respelled import HttpExchange, Pairing
from seamaudit.ingest.spoken import unquoted
from seamaudit.ingest.times import moment, seconds
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import NOBODY, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Response, Times, Usage
from seamaudit.trace.money import from_usd

_COUNTS = Names(
    input=("prompt_tokens",),
    read=("prompt_cache_read_tokens",),
    write=("prompt_cache_write_tokens",),
    output=("completion_tokens",),
    reasoning=("reasoning_tokens",),
    total=("total_tokens",),
)
_SAMPLED = "a gateway's log does not say that every turn is in it"


class _Helicone:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf, pairs: Format) -> None:
        self._shape_of = shape_of
        self._pairs = pairs

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Teller(self._shape_of, intern), Pairing(self._pairs.open(intern), HeliconeLines.name))


class HeliconeLines(_Helicone):
    """A row a line."""

    name = "helicone"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is a row."""
        line, _, _ = head.lstrip().partition(b"\n")
        return _sure(line) if line.startswith(b"{") else 0


class HeliconeDocument(_Helicone):
    """All rows in one array."""

    name = "helicone-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where an array of rows opens."""
        text = head.lstrip()
        return _sure(text) if text.startswith(b"[") else 0


_BESIDE = (b'"response_status"', b'"request_properties"', b'"request_path"', b'"request_body"')


def _sure(text: bytes) -> int:
    named_so = b'"request_created_at"' in text and b'"request_id"' in text
    return 90 if named_so and any(name in text for name in _BESIDE) else 0


class _Reader:
    def __init__(self, teller: Teller, pairing: Pairing) -> None:
        self._teller = teller
        self._pairing = pairing

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        record = jsontext.parse(data).value
        if isinstance(record, dict):
            yield self._draft(record, locus, "")
            return
        rows = items(record)
        if not rows:
            raise Rejected("not_an_exchange")
        for at, row in enumerate(map(fields, rows)):
            try:
                yield self._draft(row, locus.at(f"/{at}"), f"/{at}")
            except Rejected as error:
                if error.cause != Cause.OTHER_ENDPOINT:
                    yield from lost(Cause(error.cause), locus.at(f"/{at}"), 0)

    def _draft(self, row: dict[str, Any], locus: Locus, at: str) -> Draft:
        if "request_created_at" not in row:
            raise Rejected("not_an_exchange")
        sent = fields(unquoted(row.get("request_body")))
        draft = self._sent(row, sent, locus, at) if any(name in sent for name in ("messages", "input", "contents", "prompt")) else None
        if draft is None:
            draft = self._teller.draft(_counters(row, locus, at))
        elif draft.response is not None:
            draft = replace(draft, response=_counted(draft.response, row), lacks=dict(_still(draft, row)))
        properties = fields(unquoted(row.get("request_properties")))
        return replace(
            draft,
            attribution=Attribution(
                user=word(row.get("request_user_id"))[:128],
                app=word(properties.get("app"))[:128],
                app_declared=bool(word(properties.get("app"))),
            ),
            duplicate_key=f"helicone/{word(row.get('request_id'))}" if word(row.get("request_id")) else "",
            recorded_cost=from_usd(row.get("costUSD", row.get("cost"))) or None,
        )

    def _sent(self, row: dict[str, Any], sent: dict[str, Any], locus: Locus, at: str) -> Draft:
        times = _times(row)
        path = word(row.get("request_path")) or word(row.get("target_url"))
        exchange = HttpExchange(
            sent=sent,
            got=unquoted(row.get("response_body")) or None,
            sent_at=f"{at}/request_body",
            got_at=f"{at}/response_body",
            url=path,
            status=_status(row),
            started=times.started,
            ended=times.ended,
            first_byte=times.first_byte,
            duration=times.duration,
            conversation=_conversation(row),
        )
        draft = self._pairing.draft(exchange, locus)
        if not draft.host:
            by = named(word(row.get("provider")), draft.request.model)
            draft = replace(draft, provider=by.provider, platform=by.platform) if by != NOBODY else draft
        return draft


def _counters(row: Mapping[str, Any], locus: Locus, at: str) -> Told:
    model = word(row.get("model_override")) or word(row.get("request_model")) or word(row.get("response_model"))
    status = _status(row)
    return Told(
        locus=locus,
        format=HeliconeLines.name,
        at=at,
        by=named(word(row.get("provider")), model),
        model=model,
        id=word(row.get("response_id")),
        usage=_usage(row),
        failure=Failure(status=status) if status is not None and status >= 400 else None,
        times=_times(row),
        conversation=_conversation(row),
        missing={Need.CACHE_LIFE: _SAMPLED},
    )


def _counted(response: Response, row: Mapping[str, Any]) -> Response:
    return replace(response, usage=response.usage or _usage(row))


def _still(draft: Draft, row: Mapping[str, Any]) -> Iterator[tuple[Need, str]]:
    """What is lacking all the same: not the usage, where the row tells it."""
    yield from ((need, why) for need, why in draft.lacks.items() if need is not Need.USAGE or _usage(row) is None)


def _usage(row: Mapping[str, Any]) -> Usage | None:
    return usage(counts.flattened({name: held for name, held in row.items() if isinstance(held, int | float)}), _COUNTS, Convention.UNKNOWN)


def _status(row: Mapping[str, Any]) -> int | None:
    """The provider's status; Helicone's own, for rows that are underway or were cancelled, are negative."""
    status = integer(unquoted(row.get("response_status")))
    return status if status is not None and 100 <= status < 600 else None


def _times(row: Mapping[str, Any]) -> Times:
    started, ended = moment(row.get("request_created_at")), moment(row.get("response_created_at"))
    first = seconds(row.get("time_to_first_token"), 1e-3)
    return Times(
        started=started,
        first_byte=started + first if started is not None and first else None,
        ended=ended,
        duration=seconds(row.get("delay_ms"), 1e-3),
        dated=started or ended,
    )


def _conversation(row: Mapping[str, Any]) -> str | None:
    return word(fields(unquoted(row.get("request_properties"))).get("Helicone-Session-Id"))[:256] or None
