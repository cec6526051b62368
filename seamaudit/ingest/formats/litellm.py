"""LiteLLM: the StandardLoggingPayload that its callbacks write, and exports of the proxy's spend logs.

Level B where messages were logged; C in spend logs by default, and where they were redacted. Wall clock. A row is one call, retries and
fallbacks rows of their own that share the trace. `prompt_tokens` is inclusive. What LiteLLM answered from its own cache (`cache_hit`) is no
call. Rows are one by their id; the conversation is the session, else the trace, else the end user. What it cannot give: the request as the
provider got it (LiteLLM translates it), the stream, which it stores re-assembled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, first_code, integer, items, strings, word
from seamaudit.ingest.counted import usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Found, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.opening import document, first_line
from seamaudit.ingest.routed import COUNTS
from seamaudit.ingest.spoken import Message, answer, conversation, response_id, stop, tools, unquoted
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.ingest.withheld import shortened
from seamaudit.providers.names import NOBODY, at_host, named
from seamaudit.trace import Attribution, Convention, Locus, Money, Need, Times, Usage, Withheld
from seamaudit.trace.money import from_usd

_SAMPLED = "a gateway's log does not say that every turn is in it"
_REDACTED = "redacted-by-litellm"
_OTHERS = (
    "embedding",
    "image",
    "moderation",
    "transcription",
    "speech",
    "rerank",
    "search",
    "ocr",
    "video",
    "batch",
    "file",
    "vector",
    "count",
)
_SESSIONS = ("litellm_session_id", "session_id", "litellm-session-id", "langfuse_session_id")


class _LiteLlm:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Teller(self._shape_of, intern))


class LiteLlmLines(_LiteLlm):
    """One payload, or one spend log row, a line."""

    name = "litellm"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is a payload or a row."""
        return _sure(first_line(head))


class LiteLlmDocument(_LiteLlm):
    """A payload printed over many lines, or an array of rows as the proxy's API gives it."""

    name = "litellm-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where a document of payloads or rows opens."""
        return _sure(document(head))


def _sure(text: bytes) -> int:
    if b'"call_type"' not in text or b'"startTime"' not in text:
        return 0
    payload = b'"response_cost"' in text and any(name in text for name in (b'"custom_llm_provider"', b'"hidden_params"', b'"model_group"'))
    row = b'"spend"' in text and b'"request_id"' in text
    return 88 if payload or row else 0


_DRAWN = ("chatcmpl-", "msg_", "resp_")
"""How ids begin that LiteLLM takes over from the response, or gives it; a call that failed goes by one of its own."""


class _Reader:
    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        record = jsontext.parse(data).value
        if isinstance(record, dict):
            yield self._draft(record, locus, "")
            return
        rows = [(fields(row), f"/{at}") for at, row in enumerate(items(record))]
        if not rows:
            raise Rejected("not_an_exchange")
        for row, at in rows:
            try:
                yield self._draft(row, locus.at(at), at)
            except Rejected as error:
                if error.cause != Cause.OTHER_ENDPOINT:
                    yield from lost(Cause(error.cause), locus.at(at), 0)

    def _draft(self, row: dict[str, Any], locus: Locus, at: str) -> Draft:
        kind = word(row.get("call_type"))
        if not kind or "startTime" not in row:
            raise Rejected("not_an_exchange")
        if any(other in kind for other in _OTHERS) or _is_true(row.get("cache_hit")):
            raise Rejected("other_endpoint")
        metadata = fields(unquoted(row.get("metadata")))
        asked = _asked(row)
        got = unquoted(row.get("response"))
        maker = word(row.get("custom_llm_provider"))
        model = _model(word(row.get("model")), maker)
        by = named(maker, model) if maker else NOBODY
        host = _host(word(row.get("api_base")))
        failed = word(row.get("status")) or word(metadata.get("status"))
        told = answer(got) if isinstance(got, dict) and got else None
        started, ended = moment(row.get("startTime")), moment(row.get("endTime"))
        streamed = row.get("stream") is True or asked.get("stream") is True
        id = word(row.get("id")) or word(row.get("request_id"))
        return self._teller.draft(
            Told(
                locus=locus,
                format=LiteLlmLines.name,
                at=at,
                by=at_host(host, by),
                host=host,
                model=model,
                messages=_messages(row, asked),
                tools=_tools(row, asked),
                answer=told,
                id=response_id(got) or (id if id.startswith(_DRAWN) else ""),
                answered_by=word(fields(got).get("model")),
                stop=stop(got) if isinstance(got, dict) else "",
                usage=_usage(row, got, metadata),
                failure=_failure(row, metadata) if failed == "failure" else None,
                times=_times(row, started, ended, streamed),
                conversation=_conversation(row, metadata),
                max_output=next((limit for name in ("max_tokens", "max_completion_tokens") if (limit := integer(asked.get(name)))), None),
                streamed=streamed,
                attribution=_attribution(row, metadata),
                key=f"litellm/{id}" if id else "",
                tags=frozenset(tag for tag in items(unquoted(row.get("request_tags"))) if isinstance(tag, str)),
                cost=_cost(row),
                missing={Need.CACHE_LIFE: _SAMPLED},
                withheld=dict(_withheld(row, got)),
            )
        )


def _asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the call; in spend logs the body that the proxy got."""
    sent = fields(unquoted(row.get("proxy_server_request")))
    return {**fields(sent.get("body")), **sent, **fields(unquoted(row.get("model_parameters")))}


def _messages(row: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Message] | None:
    given = unquoted(row.get("messages"))
    if given == _REDACTED or not given:
        given = asked.get("messages") or asked.get("input")
    return conversation(given) if given and given != _REDACTED else None


def _withheld(row: Mapping[str, Any], got: Any) -> Iterator[tuple[Need, Withheld]]:
    """What was redacted as a whole, or cut to fit into the proxy's database."""
    whole = fields(unquoted(row.get("proxy_server_request"))).get("litellm_truncated") is not None
    for need, given in ((Need.PROMPT, row.get("messages") or row.get("proxy_server_request")), (Need.RESPONSE, got)):
        if given == _REDACTED:
            yield need, Withheld.REDACTED
        elif (whole and need is Need.PROMPT) or shortened(strings(given)):
            yield need, Withheld.CUT


def _tools(row: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Message] | None:
    """A payload lists all parameters, so that no tools there are none."""
    if asked.get("tools") is not None:
        return tools(asked["tools"])
    return [] if isinstance(row.get("model_parameters"), dict) else None


def _usage(row: Mapping[str, Any], got: Any, metadata: Mapping[str, Any]) -> Usage | None:
    """The provider's counts as LiteLLM spells them: in the response, else in the metadata, else beside them."""
    for held in (fields(got).get("usage"), metadata.get("usage_object"), row):
        read = usage(counts.flattened(unquoted(held)) if held is not row else _plain(row), COUNTS, Convention.INCLUSIVE)
        if read is not None:
            return read
    return None


def _plain(row: Mapping[str, Any]) -> dict[str, int]:
    return counts.flattened({name: row.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")})


def _failure(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> Failure:
    error = fields(unquoted(row.get("error_information"))) or fields(metadata.get("error_information"))
    text = word(error.get("error_message")) or word(row.get("error_str"))
    status = integer(unquoted(error.get("error_code")))
    number = word(error.get("error_code"))
    status = int(number) if number.isdecimal() and len(number) == 3 else status
    return Failure.of(text, first_code(error.get("error_class")), status=status if status is not None and status >= 400 else None)


def _times(row: Mapping[str, Any], started: float | None, ended: float | None, streamed: bool) -> Times:
    """`completionStartTime` is the end where nothing was streamed."""
    first = moment(row.get("completionStartTime")) if streamed else None
    duration = ended - started if started is not None and ended is not None and ended >= started else None
    return Times(started, first, ended, duration, started or ended)


def _conversation(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    asked = fields(metadata.get("requester_metadata"))
    named_ = [source.get(name) for source in (asked, metadata, row) for name in _SESSIONS]
    return next((each[:256] for each in (*named_, row.get("trace_id"), row.get("end_user")) if isinstance(each, str) and each), None)


def _attribution(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> Attribution:
    def first(*values: Any) -> str:
        return next((each[:128] for each in values if isinstance(each, str) and each), "")

    return Attribution(
        team=first(metadata.get("user_api_key_team_alias"), metadata.get("user_api_key_team_id"), row.get("team_id")),
        key=first(metadata.get("user_api_key_hash"), row.get("api_key")),
        user=first(row.get("end_user"), metadata.get("user_api_key_user_id"), row.get("user")),
    )


def _cost(row: Mapping[str, Any]) -> Money | None:
    """The price LiteLLM noted; zero stands for a model it has no price for, and for a failed call."""
    return from_usd(row.get("response_cost", row.get("spend"))) or None


def _model(given: str, maker: str) -> str:
    """The model without the prefix that routes it."""
    prefix, cut, rest = given.partition("/")
    return rest if cut and (prefix == maker or named(prefix) != NOBODY) else given


def _host(base: str) -> str:
    try:
        return urlsplit(base if "//" in base else f"//{base}").netloc
    except ValueError:
        return ""


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
