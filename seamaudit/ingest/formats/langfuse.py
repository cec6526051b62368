"""Langfuse exports: a trace with its observations as the API and the interface give it, and rows of a blob storage export.

Level B; C where content was not exported. Wall clock. A call is a GENERATION; where one stands below another the lower one is the call, and
one that holds neither content nor usage is a mark on a time line and none. What `input` counts differs between integrations: where
the total does not decide, the count is taken as inclusive and the doubt kept. Observations are one by their id; the conversation is the
session, else the trace. What it cannot give: the request as it was sent, the stream, retries; usage that an integration lost, and whether
Langfuse counted the tokens itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, integer, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.leaves import above
from seamaudit.ingest.spoken import Message, answer, conversation, response_id, stop, tools, unquoted
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import NOBODY, Named, at_host, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times
from seamaudit.trace.money import from_usd

_SAMPLED = "a trace does not say that every turn is in it"
_COUNTS = Names(
    input=("input", "input_tokens", "prompt_tokens", "promptTokens"),
    read=(
        *("input_cached_tokens", "input_cache_read", "prompt_details.cache_read", "cache_read_input_tokens", "input_cache_read_tokens"),
        *("cache_read.input_tokens", "input_cached", "cached_tokens"),
    ),
    write=(
        *("cache_creation_input_tokens", "input_cache_creation", "prompt_details.cache_write", "input_cache_write", "cache_write"),
        *("cache_creation.input_tokens", "input_cache_creation_tokens"),
    ),
    write_5m=("input_cache_creation_5m", "cache_creation.ephemeral_5m_input_tokens"),
    write_1h=("input_cache_creation_1h", "cache_creation.ephemeral_1h_input_tokens"),
    output=("output", "output_tokens", "completion_tokens", "completionTokens"),
    reasoning=("output_reasoning_tokens", "output_reasoning", "completion_details.reasoning", "reasoning_tokens"),
    total=("total", "total_tokens", "totalTokens"),
)
_PROVIDERS = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ls_provider")
_LIMITS = ("max_tokens", "max_completion_tokens", "maxTokens", "max_output_tokens", "maxOutputTokens")


class _Observation(Struct, frozen=True):
    """One observation by the names of the API, with its place and its trace."""

    said: Mapping[str, Any]
    trace: Mapping[str, Any]
    at: str

    def get(self, name: str) -> Any:
        """A member, whichever way it is spelled."""
        return self.said.get(name, self.said.get(_snake(name)))


class _Langfuse:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of


class LangfuseDocument(_Langfuse):
    """A trace, or several, in one document: `{"trace": {...}, "observations": [...]}`, a trace that holds them, a page of the API."""

    name = "langfuse"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where a document opens that names observations and their traces, or a trace by the members only Langfuse gives it."""
        text = head.lstrip()
        line, ended, _ = text.partition(b"\n")
        if not text.startswith((b"{", b"[")) or (ended and line.rstrip().endswith(b"}")):
            return 0
        return 88 if _is_trace(text) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Document(Teller(self._shape_of, intern))


class LangfuseLines(_Langfuse):
    """A row a line: observations as the blob storage export writes them, or traces."""

    name = "langfuse-rows"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is an observation or a trace with its observations."""
        line, ended, _ = head.lstrip().partition(b"\n")
        if not line.startswith(b"{") or not (line.rstrip().endswith(b"}") and ended):
            return 0
        row = all(name in line for name in (b'"trace_id"', b'"start_time"')) and any(
            name in line for name in (b'"provided_model_name"', b'"parent_observation_id"', b'"usage_details"')
        )
        return 88 if row or _is_trace(line) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Lines(Teller(self._shape_of, intern))


def _is_trace(text: bytes) -> bool:
    observed = b'"traceId"' in text and any(
        name in text for name in (b'"parentObservationId"', b'"usageDetails"', b'"completionStartTime"')
    )
    opened = b'"trace"' in text and all(name in text for name in (b'"projectId"', b'"bookmarked"', b'"sessionId"'))
    return observed or opened


class _Document:
    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        found = list(_observations(jsontext.parse(data).value))
        if not found:
            raise Rejected("not_an_exchange")
        yield from (_draft(each, locus, self._teller) for each in _calls(found))


class _Lines:
    """An observation does not say what is below it, so that calls come out at the end."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._calls: list[tuple[str, str, Draft]] = []
        self._parents: dict[tuple[str, str], str] = {}

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        found = list(_observations(jsontext.parse(data).value))
        if not found:
            raise Rejected("not_an_exchange")
        for each in found:
            trace, id = _ids(each)
            self._parents[trace, id] = word(each.get("parentObservationId"))
            if _is_call(each):
                self._calls.append((trace, id, _draft(each, locus, self._teller)))
        return iter(())

    def close(self) -> Iterator[Draft]:
        """The calls that no other one tells in more detail."""
        summaries = above([(trace, id) for trace, id, _ in self._calls], self._parents)
        yield from (draft for trace, id, draft in self._calls if (trace, id) not in summaries)


def _observations(record: Any) -> Iterator[_Observation]:
    """All observations of a record, which may be a trace, a page, an array of either, or one row."""
    if isinstance(record, list):
        for at, each in enumerate(record):
            yield from _in_one(fields(each), f"/{at}")
    else:
        yield from _in_one(fields(record), "")


def _in_one(record: dict[str, Any], at: str) -> Iterator[_Observation]:
    trace = fields(record.get("trace")) or record
    for name in ("observations", "data"):
        listed = items(record.get(name)) or items(trace.get(name))
        where = f"{at}/{name}" if record.get(name) else f"{at}/trace/{name}"
        if listed:
            for n, each in enumerate(map(fields, listed)):
                if "type" in each:
                    yield _Observation(each, trace if trace is not record or name == "observations" else {}, f"{where}/{n}")
                else:
                    yield from _in_one(each, f"{where}/{n}") if "observations" in each else ()
            return
    if "type" in record and ("trace_id" in record or "traceId" in record):
        yield _Observation(record, {}, at)


def _calls(found: Sequence[_Observation]) -> list[_Observation]:
    parents = {_ids(each): word(each.get("parentObservationId")) for each in found}
    made = [each for each in found if _is_call(each)]
    summaries = above(map(_ids, made), parents)
    return [each for each in made if _ids(each) not in summaries]


def _ids(each: _Observation) -> tuple[str, str]:
    return word(each.get("traceId")), word(each.get("id"))


def _is_call(each: _Observation) -> bool:
    if word(each.get("type")).upper() != "GENERATION":
        return False
    told = (each.get("input"), each.get("output"), each.get("usageDetails"), each.get("statusMessage"))
    return any(unquoted(value) for value in told)


def _draft(each: _Observation, locus: Locus, teller: Teller) -> Draft:
    sent, got, known = unquoted(each.get("input")), unquoted(each.get("output")), _known(each)
    settings = fields(unquoted(each.get("modelParameters")))
    model = word(each.get("model")) or word(each.get("providedModelName"))
    host = word(known.get("server.address"))
    recorded = counts.flattened(unquoted(each.get("usageDetails")) or fields(each.get("usage")))
    name = next((word(known.get(name)) for name in _PROVIDERS if word(known.get(name))), "")
    is_lost = word(each.get("level")).upper() == "ERROR"
    trace, id = _ids(each)
    began = moment(each.get("completionStartTime"))
    return teller.draft(
        Told(
            locus=locus.at(each.at),
            format=LangfuseDocument.name,
            at=each.at,
            arrays={"messages": "input"},
            by=_by(at_host(host, named(name, model) if name else NOBODY), got),
            model=model,
            messages=_messages(sent, got, settings),
            tools=_tools(each, sent, known),
            answer=_answer(each, got),
            id=response_id(got),
            answered_by=model,
            stop=stop(got) if isinstance(got, dict | list) else "",
            usage=usage(recorded, _COUNTS, Convention.UNKNOWN),
            failure=Failure.of(word(each.get("statusMessage"))) if is_lost else None,
            times=_times(each, began),
            conversation=word(each.trace.get("sessionId")) or word(each.get("sessionId")) or trace or None,
            max_output=next((limit for name in _LIMITS if (limit := integer(unquoted(settings.get(name)))) and limit > 0), None),
            streamed=began is not None,
            attribution=_attribution(each, known),
            key=f"langfuse/{trace}/{id}" if id else "",
            cost=from_usd(fields(unquoted(each.get("costDetails"))).get("total", each.get("totalCost"))),
            missing={Need.CACHE_LIFE: _SAMPLED},
        )
    )


def _by(known: Named, got: Any) -> Named:
    """Who answered; a response of OpenAI's Responses says so itself."""
    return replace(known, api="openai.responses") if fields(got).get("object") == "response" else known


def _messages(sent: Any, got: Any, settings: Mapping[str, Any]) -> list[Message] | None:
    """The prompt; what the Responses API was told beside it stands among the parameters, or is repeated in the response."""
    asked = conversation(sent)
    instructions = word(settings.get("instructions")) or word(fields(got).get("instructions"))
    if asked and instructions and not any(message["role"] in ("system", "developer") for message in asked):
        return [{"role": "system", "content": instructions}, *asked]
    return asked


def _answer(each: _Observation, got: Any) -> Message | None:
    told = answer(got)
    made = [unquoted(call) for call in items(unquoted(each.get("toolCalls")))]
    if told is not None and ("tool_calls" in told or not made):
        return told
    return answer([*([told] if told else []), *({"type": "tool_call", **fields(call)} for call in made)]) if made else told


def _tools(each: _Observation, sent: Any, known: Mapping[str, Any]) -> list[Message] | None:
    if isinstance(sent, dict) and sent.get("tools") is not None:
        return tools(sent["tools"])
    defined = fields(unquoted(each.get("toolDefinitions")))
    if defined:
        return tools([{"name": name, **fields(unquoted(told))} for name, told in defined.items()])
    given = fields(unquoted(known.get("model_request_parameters")))
    if given:
        return tools([*items(given.get("function_tools")), *items(given.get("output_tools"))])
    return tools(known.get("gen_ai.tool.definitions"))


def _known(each: _Observation) -> dict[str, Any]:
    """What an integration put beside the observation: the attributes of its span, or LangChain's words."""
    metadata = fields(unquoted(each.get("metadata")))
    return {**metadata, **fields(unquoted(metadata.get("attributes")))}


def _times(each: _Observation, began: float | None) -> Times:
    started, ended = moment(each.get("startTime")), moment(each.get("endTime"))
    duration = ended - started if started is not None and ended is not None and ended >= started else None
    return Times(started, began, ended, duration, started or ended)


def _attribution(each: _Observation, known: Mapping[str, Any]) -> Attribution:
    app = word(each.trace.get("name")) or word(each.get("traceName"))
    return Attribution(
        app=app[:128],
        app_declared=bool(app),
        agent=word(known.get("gen_ai.agent.name"))[:128],
        user=(word(each.trace.get("userId")) or word(each.get("userId")))[:128],
    )


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
