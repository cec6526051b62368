"""Request/response pairs, one JSON object a line, in the spellings hand-written loggers use.

Level A. The body is a provider's own, plain or as an event stream; see trace-format notes in docs/formats.md. What was converted from
another format says in `recorded_as` what it lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from operator import attrgetter
from sys import intern
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from seamaudit.ingest import jsontext, sse
from seamaudit.ingest.attempt import attempt
from seamaudit.ingest.blocks import fields, first_code, items, word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.formats.base import BodyShape, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.rawarray import measured
from seamaudit.ingest.rawbody import MEMBERS, RawBody, RawMembers, settings
from seamaudit.ingest.recorded_as import MEMBER, restated
from seamaudit.ingest.times import moment, seconds
from seamaudit.ingest.withheld import body_withheld
from seamaudit.providers.hosts import provider_of
from seamaudit.trace import Attribution, Clock, Level, Locus, Need, Request, Response, Times, Withheld
from seamaudit.trace.money import from_usd

REQUESTS = ("request", "req", "input", "kwargs", "body")
RESPONSES = ("response", "resp", "output", "completion")
_CONVERSATIONS = ("conversation", "conversation_id", "session_id", "session", "thread_id", "thread", "trace_id")
_STARTED = ("timestamp", "ts", "created_at", "started_at", "start_time", "time")
_ENDED = ("ended_at", "end_time", "completed_at")
_SEQUENCES = ("n", "seq", "sequence", "turn")
_PROMPTS = ("messages", "contents", "input", "prompt")
_OTHER = ("/count_tokens", ":countTokens", "/embeddings", ":embedContent", ":batchEmbedContents", "/moderations", "/tokenize")
_CREATED = re.compile(r'"created(?:_at)?": ?(\d{10})\b')
_NAMED_MODEL = re.compile(r'"model"\s*:\s*"([\w./:@-]{1,100})"')
_ATTRIBUTION = ("app", "agent", "team", "key", "user")
_ERROR = "/error"
_CALLER = "caller"
"""In `closed_by`: whoever asked stopped reading before the response had ended."""
_NO_TAGS: Final[frozenset[str]] = frozenset()
_COSTS = ("cost_usd", "cost", "usd", "response_cost")


class _Sent(RawMembers, gc=False):
    """A request: an HTTP wrapper around a body, or the body itself."""

    url: str = ""
    method: str = ""
    path: str = ""
    timestamp: Any = None
    headers: Any = None
    body: RawMembers | msgspec.UnsetType = msgspec.UNSET


class _Line(msgspec.Struct, gc=False):
    """A record in the spelling most recorders use; any other goes the slow way."""

    request: _Sent
    response: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    conversation: Any = None
    conversation_id: Any = None
    session_id: Any = None
    session: Any = None
    thread_id: Any = None
    thread: Any = None
    trace_id: Any = None
    n: Any = None
    seq: Any = None
    sequence: Any = None
    turn: Any = None
    timestamp: Any = None
    ts: Any = None
    created_at: Any = None
    started_at: Any = None
    start_time: Any = None
    time: Any = None
    ended_at: Any = None
    end_time: Any = None
    completed_at: Any = None
    recorded_at: Any = None
    duration: Any = None
    duration_ms: Any = None
    latency_ms: Any = None
    first_byte: Any = None
    status: Any = None
    status_code: Any = None
    error: Any = None
    closed_by: Any = None
    url: Any = None
    app: Any = None
    agent: Any = None
    team: Any = None
    key: Any = None
    user: Any = None
    tags: Any = None
    cost_usd: Any = None
    cost: Any = None
    usd: Any = None
    response_cost: Any = None
    recorded_as: Any = None


_FIELDS = tuple(name for name in _Line.__struct_fields__ if name not in ("request", "response"))
_values = attrgetter(*_FIELDS)
_decoder = msgspec.json.Decoder(_Line)
_REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Pair(Struct, frozen=True):
    """A record taken apart: where its halves stand, the raw request body, the parsed response and what had to be forgiven in it.
    `withheld` says that nothing is left of the request body, or only its beginning."""

    body: RawBody
    body_at: str
    url: str
    sent_at: Any
    answer: Any
    answer_at: str
    extra: Mapping[str, Any]
    broken: tuple[str, ...] = ()
    headers: Any = None
    withheld: Withheld | None = None


class Pairs:
    """The pair format: `{"request": {...}, "response": {...}}` a line, wrapped in HTTP or bare."""

    name = "pairs"
    container: Literal["lines"] = "lines"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where the first line holds a request member with a model call's body, or is cut but begins like one."""
        line = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
        if not line.startswith(b"{"):
            return 0
        named = any(b'"%b"' % name.encode() in line for name in REQUESTS)
        spoken = any(b'"%b"' % word in line for word in (b"messages", b"contents", b"input", b"prompt", b"model"))
        answered = any(b'"%b"' % name.encode() in line for name in RESPONSES) or len(line) == len(head)
        return 60 if named and spoken and answered else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(intern, self._shape_of)


class _Reader:
    def __init__(self, intern: Interner, shape_of: ShapeOf) -> None:
        self._intern = intern
        self._shape_of = shape_of

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        pair = _take_apart(data, self._intern.elider)
        parts = _url(pair.url)
        shape = self._shape_of(parts.path, frozenset(pair.body), _body_of(pair.answer))
        if pair.withheld and parts.path in ("", "/"):
            raise Rejected("unknown_body")
        if shape is None:
            raise Rejected("other_endpoint" if pair.withheld or _is_elsewhere(parts.path, pair.body) else "unknown_body")
        draft = self._draft(pair, shape, parts.path, parts.netloc, locus)
        yield restated(draft, pair.extra[MEMBER]) if MEMBER in pair.extra else draft

    def _draft(self, pair: _Pair, shape: BodyShape, path: str, host: str, locus: Locus) -> Draft:
        conversation = _text(_first(pair.extra, _CONVERSATIONS))
        base = conversation or "\0alone"
        request = _kept(shape.request(pair.body, path, pair.body_at, base, self._intern, locus), pair)
        response = _response(pair, shape, host, path)
        provider, platform = provider_of(host, shape.api)
        times = _times(pair, response)
        return Draft(
            locus=locus,
            format=Pairs.name,
            level=Level.MESSAGES if pair.withheld else Level.WIRE,
            provider=provider,
            api=shape.api,
            platform=platform,
            host=host,
            request=request,
            response=response,
            times=times,
            conversation=conversation,
            sequence=_integer(_first(pair.extra, _SEQUENCES)),
            clock=Clock.SEQUENCE if times.started is None else Clock.WALL,
            attribution=_attribution(pair.extra),
            lacks=_lacks(request, response, times),
            tags=_tags(pair.extra.get("tags")),
            attempt=attempt(pair.headers, fields(pair.answer).get("headers")),
            recorded_cost=from_usd(_first(pair.extra, _COSTS)),
        )


def _kept(request: Request, pair: _Pair) -> Request:
    """The request with what is known of the whole body; of one that is cut, nothing."""
    if pair.withheld is None:
        return replace(request, settings=settings(pair.body))
    return replace(request, offered=None, withheld=pair.withheld)


def _url(url: str) -> SplitResult:
    """The parts of a URL; one that is none counts as not recorded."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_elsewhere(path: str, body: RawBody) -> bool:
    """Whether a call is to something else than a model's answer: counting, embedding, or a body without a prompt."""
    return bool(path) and (path.endswith(_OTHER) or not any(name in body for name in _PROMPTS))


def _take_apart(data: bytes, elider: Elider | None) -> _Pair:
    split = _decoded_shortened(data, elider) if elider else None
    if split is None:
        try:
            line = _decoder.decode(data)
        except _REFUSALS:
            return _take_apart_slowly(data)
        body = _body(line.request)
        split = line, _held(data, body, elider) if elider else body
    line, body = split
    sent = line.request
    at = "/request" if isinstance(sent.body, msgspec.UnsetType) else "/request/body"
    extra = {name: value for name, value in zip(_FIELDS, _values(line), strict=True) if value is not None}
    broken: tuple[str, ...] = ()
    answer: Any = None
    if not isinstance(line.response, msgspec.UnsetType):
        parsed = jsontext.parse(bytes(line.response))
        answer, broken = parsed.value, parsed.broken
    return _Pair(body, at, sent.url or sent.path, sent.timestamp, answer, "/response", extra, broken, sent.headers)


def _decoded_shortened(data: bytes, elider: Elider) -> tuple[_Line, RawBody] | None:
    """The record from what it does not repeat, None where that does not do."""
    short = elider.shortened(data)
    if short is None:
        return None
    try:
        line = _decoder.decode(short.data)
    except _REFUSALS:
        return None
    body = _body(line.request)
    array = short.restored(body.array[1]) if body.array and body.array[0] == short.key else None
    if array is None:
        return None
    elider.hold(data, array, short)
    return line, body.with_array(short.key, array)


def _body(sent: _Sent) -> RawBody:
    return RawBody.of(sent if isinstance(sent.body, msgspec.UnsetType) else sent.body)


def _held(data: bytes, body: RawBody, elider: Elider) -> RawBody:
    """The body of a record that was decoded whole, its array held for later records."""
    array = measured(data, *body.array) if body.array else None
    if body.array is None or array is None:
        return body
    elider.hold(data, array)
    return body.with_array(body.array[0], array)


def _take_apart_slowly(data: bytes) -> _Pair:
    """Any spelling, and text that a strict parser refuses."""
    parsed = jsontext.parse(data)
    record = parsed.value
    if not isinstance(record, dict):
        raise Rejected("not_an_exchange")
    name = next((key for key in REQUESTS if isinstance(record.get(key), dict | str)), None)
    if name is None:
        raise Rejected("not_an_exchange")
    sent, at = _unquoted(record[name]), f"/{name}"
    if not isinstance(sent, dict):
        raise Rejected("not_an_exchange")
    body = sent
    inner = _unquoted(sent.get("body"))
    held = None
    if isinstance(inner, dict):
        body, at = inner, f"{at}/body"
    elif isinstance(inner, str) and (held := body_withheld(inner)):
        body, at = _remains(inner), f"{at}/body"
    answer_name = next((key for key in RESPONSES if key in record and key != name), "response")
    members = {key: jsontext.spelled(value) for key, value in body.items() if key in MEMBERS}
    url = sent.get("url") or sent.get("uri") or sent.get("path") or record.get("url")
    return _Pair(
        RawBody(members),
        at,
        url if isinstance(url, str) else "",
        sent.get("timestamp"),
        record.get(answer_name),
        f"/{answer_name}",
        {key: value for key, value in record.items() if key in _FIELDS},
        jsontext.parse(jsontext.spelled(record.get(answer_name))).broken if parsed.broken else (),
        sent.get("headers"),
        held,
    )


def _remains(body: str) -> dict[str, Any]:
    """What a body that was cut is known to have said: the model it names at its beginning, and prompts of which nothing is held."""
    found = _NAMED_MODEL.search(body[:4096])
    return {**({"model": found[1]} if found else {}), **{name: [] for name in ("messages", "contents", "input")}}


def _unquoted(value: Any) -> Any:
    """A body that was logged as JSON text inside a string."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return jsontext.parse(value.encode("utf-8", "surrogatepass")).value
        except jsontext.Unparsable:
            return value
    return value


def _response(pair: _Pair, shape: BodyShape, host: str, path: str) -> Response | None:
    answer, at = _unquoted(pair.answer), pair.answer_at
    if answer is None:
        return _failure(pair.extra.get("error"))
    status = _integer(_first(pair.extra, ("status_code", "status")))
    if isinstance(answer, dict) and ("body" in answer or "body_raw" in answer or "status_code" in answer):
        status = _integer(answer.get("status_code", answer.get("status"))) or status
        key = "body_raw" if isinstance(answer.get("body_raw"), str) else "body"
        answer, at = _unquoted(answer.get(key)), intern(f"{at}/{key}")
    response = _spoken(answer, at, status, shape, host, path)
    if response is not None and response.stream is not None and pair.extra.get("closed_by") == _CALLER:
        response = replace(response, stream=replace(response.stream, left=True))
    if response is None or not pair.broken or response.stream is not None:
        return response
    return replace(response, broken=(*response.broken, *((cause, "") for cause in pair.broken)))


def _failure(error: Any) -> Response | None:
    """What an error beside no response tells: a call that failed before one came."""
    if not error:
        return None
    named = fields(error)
    return Response(at=_ERROR, error_type=first_code(named.get("type"), named.get("code"), error) or "error", complete=False)


def _spoken(answer: Any, at: str, status: int | None, shape: BodyShape, host: str, path: str) -> Response | None:
    if isinstance(answer, str):
        held = body_withheld(answer)
        if held or not _looks_streamed(answer):
            return Response(at=at, status=status, complete=False, withheld=held)
        events, partial = sse.split(answer)
        return shape.stream(events, partial, at, status, host, path)
    if isinstance(answer, dict | list):
        return shape.response(answer, at, status)
    return Response(at=at, status=status, complete=False) if status is not None else None


def _looks_streamed(text: str) -> bool:
    return "data:" in text or text.startswith(("event:", ":")) or ":event-type" in text[:200]


def _times(pair: _Pair, response: Response | None) -> Times:
    started = moment(pair.sent_at) or moment(_first(pair.extra, _STARTED))
    ended = moment(_first(pair.extra, _ENDED))
    duration = seconds(pair.extra.get("duration"))
    if duration is None:
        duration = seconds(_first(pair.extra, ("latency_ms", "duration_ms")), 1e-3)
    if started is not None and ended is None and duration is not None:
        ended = started + duration
    dated = started or ended or moment(pair.extra.get("recorded_at")) or _created(pair.answer)
    return Times(started, moment(pair.extra.get("first_byte")), ended, duration, dated)


def _body_of(answer: Any) -> Any:
    """The answer without its HTTP wrapper."""
    return answer.get("body", answer.get("body_raw", answer)) if isinstance(answer, dict) else answer


def _created(answer: Any) -> float | None:
    """The creation time some providers put into their answer: good for a price's date, not as a clock."""
    body = _body_of(answer)
    if isinstance(body, dict):
        return moment(body.get("created") or body.get("created_at"))
    found = _CREATED.search(body[:4096]) if isinstance(body, str) else None
    return float(found[1]) if found else None


def _lacks(request: Request, response: Response | None, times: Times) -> dict[Need, str]:
    lacks: dict[Need, str] = {}
    if request.withheld is not None and request.offered is None:
        lacks[Need.TOOLS] = "tool definitions are not recorded"
    if not request.complete:
        lacks[Need.PROMPT] = "earlier turns are held by the provider"
    if times.started is None:
        lacks[Need.TIME] = "no wall-clock time is recorded"
    if not request.model:
        lacks[Need.MODEL] = "no model is named"
    if response is None:
        lacks[Need.RESPONSE] = lacks[Need.USAGE] = "no response is recorded"
    elif response.at == _ERROR:
        lacks[Need.RESPONSE] = lacks[Need.USAGE] = "the call failed before a response came"
    elif response.status is None or response.status < 400:
        lacks.update(_response_lacks(request, response))
    return lacks


def _response_lacks(request: Request, response: Response) -> dict[Need, str]:
    lacks: dict[Need, str] = {}
    if response.usage is None:
        lacks[Need.USAGE] = "the response holds no usage"
    if response.stream is None and request.streamed:
        lacks[Need.STREAM] = "the stream was recorded re-assembled"
    elif response.stream is not None and not response.stream.decodable:
        lacks[Need.STREAM] = lacks[Need.RESPONSE] = "a binary event stream was recorded as text"
    return lacks


def _attribution(extra: Mapping[str, Any]) -> Attribution:
    named = {name: _text(extra.get(name)) or "" for name in _ATTRIBUTION}
    return Attribution(app_declared=bool(named["app"]), **named)


def _tags(recorded: Any) -> frozenset[str]:
    return frozenset(tag for tag in items(recorded) if isinstance(tag, str)) if recorded else _NO_TAGS


def _first(extra: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((extra[name] for name in names if extra.get(name) is not None), None)


def _text(value: Any) -> str | None:
    if isinstance(value, str) and value:
        return word(value[:256])
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
