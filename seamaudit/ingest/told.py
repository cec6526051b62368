"""Calls that a recorder tells of in its own words: messages in one spelling, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.rawbody import RawBody
from seamaudit.ingest.rejected import Rejected
from seamaudit.ingest.spoken import Message
from seamaudit.providers.names import NOBODY, Named
from seamaudit.providers.refusals import explain
from seamaudit.providers.stop_facts import STOPS, StopKind
from seamaudit.trace import Attribution, Clock, Level, Locus, Money, Need, Request, Response, Times, Try, Usage, Withheld

_WORDS: Final = {
    StopKind.NORMAL: ("stop", "end_turn", "completed", "stop_sequence", "end", "eos", "eos_token"),
    StopKind.TOOL_USE: ("tool_calls", "tool_use", "tool_call", "function_call", "tools", "tooluse"),
    StopKind.TRUNCATED: ("length", "max_tokens", "max_output_tokens", "model_length", "incomplete"),
    StopKind.REFUSAL: ("content_filter", "refusal", "safety", "content_filtered", "guardrail_intervened"),
}
_PREFERRED: Final = {
    "anthropic.messages": ("end_turn", "tool_use", "max_tokens", "refusal"),
    "openai.chat": ("stop", "tool_calls", "length", "content_filter"),
    "openai.responses": ("completed", "completed", "incomplete", "content_filter"),
    "gemini.generate": ("STOP", "STOP", "MAX_TOKENS", "SAFETY"),
    "bedrock.converse": ("end_turn", "tool_use", "max_tokens", "guardrail_intervened"),
}
_STATUS = re.compile(r"""(?:Error code|["']code["']|status(?:[_ ]code)?|HTTP(?:/[\d.]+)?|\A)\W{0,3}([45]\d\d)\b""", re.IGNORECASE)
NO_TIMES: Final = Times()
NO_ATTRIBUTION: Final = Attribution()
LONGEST_ERROR = 8192
"""Characters of an error text that are looked at."""


class Failure(Struct, frozen=True, kw_only=True):
    """How a call failed: an HTTP status where it is known, and a code; never the message."""

    status: int | None = None
    code: str = ""
    text: str = ""

    @classmethod
    def of(cls, text: str, *codes: Any, status: int | None = None) -> Failure:
        """From an error's text and the codes beside it."""
        text = text[:LONGEST_ERROR]
        known = [found for each in codes if (found := code(each))]
        number = next((int(each) for each in known if each.isdigit() and each[0] in "45" and len(each) == 3), None)
        said = _STATUS.search(text)
        return cls(
            status=status or number or (int(said[1]) if said else None),
            code=next((each for each in known if not each.isdigit()), next(iter(known), "")),
            text=text,
        )


class Told(Struct, frozen=True, kw_only=True):
    """One provider call as a recorder tells it.

    `messages` and `answer` are in Chat Completions' spelling, None where they are not recorded; so are `tools`. A `request` that was put
    together already stands for the messages. `at` is the place of the
    call inside its record, `arrays` what the recording calls the arrays there. `missing` gives reasons of its own for what is lacking;
    `withheld` says what the recorder kept back of the prompt and of the response, beside what its marks in their texts show.
    """

    locus: Locus
    format: str
    at: str = ""
    arrays: Mapping[str, str] = field(default_factory=dict)
    by: Named = NOBODY
    host: str = ""
    model: str = ""
    messages: Sequence[Message] | None = None
    request: Request | None = None
    tools: Sequence[Message] | None = None
    answer: Message | None = None
    id: str = ""
    answered_by: str = ""
    stop: str = ""
    usage: Usage | None = None
    failure: Failure | None = None
    times: Times = NO_TIMES
    conversation: str | None = None
    sequence: int | None = None
    max_output: int | None = None
    streamed: bool = False
    attribution: Attribution = NO_ATTRIBUTION
    key: str = ""
    side: str = ""
    intended: str = ""
    tags: frozenset[str] = frozenset()
    cost: Money | None = None
    attempt: Try | None = None
    complete: bool = True
    missing: Mapping[Need, str] = field(default_factory=dict)
    withheld: Mapping[Need, Withheld] = field(default_factory=dict)


class Shape(Protocol):
    """What is needed of Chat Completions' body shape."""

    def request(self, body: Mapping[str, bytes], path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request."""
        ...

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read an answer."""
        ...


class Teller:
    """Makes drafts of what recorders tell."""

    def __init__(self, shape_of: Callable[[str, frozenset[str], Any], Shape | None], intern: Interner) -> None:
        shape = shape_of("/v1/chat/completions", frozenset({"messages"}), None)
        if shape is None:
            raise Rejected("unknown_body")
        self._shape = shape
        self._intern = intern

    def draft(self, told: Told) -> Draft:
        """The draft of one call. Raises Rejected where its messages are none.

        A list of no tools beside calls of some is one that the recorder did not fill.
        """
        if not told.tools and _uses_tools(told):
            told = replace(told, tools=None)
        request = self._request(told)
        response = self._response(told)
        if told.withheld:
            request = replace(request, withheld=told.withheld.get(Need.PROMPT) or request.withheld)
            response = replace(response, withheld=told.withheld.get(Need.RESPONSE) or response.withheld) if response else None
        counted = not _speaks(told) and told.answer is None
        return Draft(
            locus=told.locus,
            format=told.format,
            level=Level.COUNTERS if counted else Level.MESSAGES,
            provider=told.by.provider,
            api=told.by.api,
            platform=told.by.platform,
            host=told.host,
            request=request,
            response=response,
            times=told.times,
            conversation=told.conversation,
            sequence=told.sequence,
            clock=Clock.SEQUENCE if told.times.started is None else Clock.WALL,
            attribution=told.attribution,
            lacks=dict(_lacks(told, request, response)) | dict(told.missing),
            duplicate_key=told.key,
            tags=told.tags,
            attempt=told.attempt,
            intended=told.intended,
            side=told.side,
            recorded_cost=told.cost,
        )

    def _request(self, told: Told) -> Request:
        if told.request is not None:
            return replace(told.request, max_output=told.max_output, complete=told.request.complete and told.complete)
        members = {"model": jsontext.spelled(told.model)}
        if told.tools is not None:
            members["tools"] = jsontext.respelled(list(told.tools))
        sent = [jsontext.respelled(each) for each in told.messages or ()]
        base = told.conversation or "\0alone"
        request = self._shape.request(RawBody(members, {"messages": sent}), "", told.at, base, self._intern, told.locus)
        return replace(
            request,
            complete=told.complete and told.messages is not None,
            offered=request.offered if told.tools is not None else None,
            max_output=told.max_output,
            streamed=told.streamed,
            renamed=told.arrays,
        )

    def _response(self, told: Told) -> Response | None:
        at = f"{told.at}/{told.arrays.get('choices', 'answer')}"
        if told.failure is not None:
            status = told.failure.status
            refused = status is not None
            return Response(
                at=at,
                status=status,
                id=told.id,
                usage=told.usage,
                error_type=told.failure.code,
                refusal=explain(told.failure.text) if status is not None and 400 <= status < 500 else None,
                complete=refused,
            )
        if told.answer is None and told.usage is None and not told.stop:
            return None
        read = self._shape.response({"choices": [{"index": 0, "message": told.answer or {}}]}, "", 200)
        return replace(
            read,
            at=at,
            id=told.id,
            model=told.answered_by or told.model,
            stop=_stop(told, calls=bool(read.calls)),
            usage=told.usage,
            answers=tuple(replace(each, pointer=at + each.pointer.removeprefix("/choices/0/message")) for each in read.answers),
            calls=tuple(replace(each, pointer=at + each.pointer.removeprefix("/choices/0/message")) for each in read.calls),
        )


def _stop(told: Told, *, calls: bool) -> str:
    """The stop word; a normal end beside calls is the recorder's reading (of a status, say), and no provider's word."""
    word, contract = stop_word(told.stop, told.by.api), STOPS.get(told.by.api)
    if calls and contract is not None and contract.announces_tools and contract.kind(word) is StopKind.NORMAL:
        return ""
    return word


def stop_word(said: str, api: str) -> str:
    """A recorder's stop word in the words of the body language `api`; "" for one that is not known."""
    contract = STOPS.get(api)
    if contract is None:
        return ""
    if contract.kind(said) is not None:
        return said
    plain = said.lower().replace("-", "_").rpartition(".")[2]
    kind = next((kind for kind, words in _WORDS.items() if plain in words), None)
    return _PREFERRED[api][list(_WORDS).index(kind)] if kind is not None and api in _PREFERRED else ""


def _lacks(told: Told, request: Request, response: Response | None) -> Iterator[tuple[Need, str]]:
    yield Need.CACHE_CONTRACT, "the request was recorded as messages, not as it was sent"
    yield Need.STREAM, "only messages are recorded" if told.answer is not None else "no answer is recorded"
    if not _speaks(told):
        yield Need.PROMPT, "no messages are recorded"
    elif not request.complete:
        yield Need.PROMPT, "earlier messages are not in the recording"
    if told.tools is None:
        yield Need.TOOLS, "tool definitions are not recorded"
    refused = response is not None and response.status is not None and response.status >= 400
    if told.failure is not None and not refused:
        yield Need.RESPONSE, "the call failed, and no status is recorded"
    elif told.answer is None and not refused:
        yield Need.RESPONSE, "no answer is recorded"
    if told.usage is None and not refused:
        yield Need.USAGE, "no usage is recorded"
    if told.times.started is None:
        yield Need.TIME, "no wall-clock time is recorded"
    if not request.model:
        yield Need.MODEL, "no model is named"


def _uses_tools(told: Told) -> bool:
    return any(message.get("tool_calls") for message in (*(told.messages or ()), *([told.answer] if told.answer else ())))


def _speaks(told: Told) -> bool:
    return told.messages is not None or told.request is not None
