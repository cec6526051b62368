"""LangSmith runs: JSON lines or arrays of runs, and dumps of its batch ingestion (`{"post": [...], "patch": [...]}`).

Level B. Wall clock. A call is a run of type `llm`; where one stands below another the lower one is the call. LangChain's counts are
inclusive. Runs are one by their id, and a patch completes its post. The conversation is the thread in the metadata (`session_id`,
`thread_id`, `conversation_id`), else the trace; a run's own `session_id` is the project. What it cannot give: the request as it was sent,
the stream but for the time of its first token, retries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, integer, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.leaves import Node, above
from seamaudit.ingest.opening import document, first_line
from seamaudit.ingest.spoken import answer, conversation, response_id, stop, tools, unquoted
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times, Usage
from seamaudit.trace.money import from_usd

_SAMPLED = "a trace does not say that every turn is in it"
_COUNTS = Names(
    input=("input_tokens", "prompt_tokens"),
    read=("input_token_details.cache_read", "prompt_tokens_details.cached_tokens", "prompt_token_details.cache_read"),
    write=("input_token_details.cache_creation", "prompt_token_details.cache_creation"),
    output=("output_tokens", "completion_tokens"),
    reasoning=("output_token_details.reasoning", "completion_tokens_details.reasoning_tokens", "completion_token_details.reasoning"),
    total=("total_tokens",),
)
_THREADS = ("session_id", "thread_id", "conversation_id")


class _LangSmith:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Teller(self._shape_of, intern))


class LangSmithLines(_LangSmith):
    """A run a line."""

    name = "langsmith"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is a run, or a batch of some."""
        return _sure(first_line(head))


class LangSmithDocument(_LangSmith):
    """An array of runs, or a batch printed over many lines."""

    name = "langsmith-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where a document of runs opens."""
        return _sure(document(head))


def _sure(text: bytes) -> int:
    run = b'"run_type"' in text and any(name in text for name in (b'"dotted_order"', b'"parent_run_id"', b'"trace_id"', b'"session_id"'))
    return 88 if run and b'"inputs"' in text else 0


class _Reader:
    """A run does not say what is below it, and a patch comes after its post: calls come out at the end."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._runs: dict[Node, tuple[dict[str, Any], Locus]] = {}

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        runs = list(_runs(jsontext.parse(data).value))
        if not runs:
            raise Rejected("not_an_exchange")
        for run, at in runs:
            node = (word(run.get("trace_id")), word(run.get("id")) or f"\0{len(self._runs)}")
            known = next((held for held in (node, ("", node[1])) if held in self._runs), None)
            if known is not None:
                old, place = self._runs[known]
                self._runs[known] = ({**old, **{name: held for name, held in run.items() if held is not None}}, place)
            else:
                self._runs[node] = (run, locus.at(at))
        return iter(())

    def close(self) -> Iterator[Draft]:
        """The calls that no other one tells in more detail."""
        made = [node for node, (run, _) in self._runs.items() if run.get("run_type") == "llm"]
        summaries = above(made, {node: word(run.get("parent_run_id")) for node, (run, _) in self._runs.items()})
        for node in made:
            if node not in summaries:
                yield self._draft(*self._runs[node])

    def _draft(self, run: dict[str, Any], locus: Locus) -> Draft:
        sent, got = fields(unquoted(run.get("inputs"))), unquoted(run.get("outputs"))
        extra = fields(unquoted(run.get("extra")))
        metadata, asked = fields(extra.get("metadata")), fields(extra.get("invocation_params"))
        model = next((name for name in (metadata.get("ls_model_name"), asked.get("model"), asked.get("model_name")) if word(name)), "")
        message = _answered(got)
        error = word(run.get("error"))
        started, ended, first = moment(run.get("start_time")), moment(run.get("end_time")), _first_token(run)
        id = word(run.get("id"))
        return self._teller.draft(
            Told(
                locus=locus,
                format=LangSmithLines.name,
                at=locus.pointer,
                arrays={"messages": "inputs"},
                by=named(word(metadata.get("ls_provider")), word(model)),
                model=word(model),
                messages=conversation(sent.get("messages") or sent.get("prompts") or sent.get("input")) if sent else None,
                tools=tools(asked["tools"]) if asked.get("tools") is not None else [] if asked else None,
                answer=answer(message) if message else None,
                id=word(fields(_kwargs(message).get("response_metadata")).get("id")) or response_id(got),
                answered_by=word(fields(_kwargs(message).get("response_metadata")).get("model_name")),
                stop=_stop(message, got),
                usage=_usage(run, got, message),
                failure=Failure.of(error) if error else None,
                times=Times(started, first, ended, ended - started if started and ended and ended >= started else None, started or ended),
                conversation=next((word(metadata[name]) for name in _THREADS if word(metadata.get(name))), None)
                or word(run.get("trace_id"))
                or None,
                max_output=integer(asked.get("max_tokens")) or integer(metadata.get("ls_max_tokens")),
                streamed=first is not None,
                attribution=Attribution(agent=word(metadata.get("langgraph_node"))[:128]),
                key=f"langsmith/{id}" if id else "",
                tags=frozenset(tag for tag in items(run.get("tags")) if isinstance(tag, str)),
                cost=from_usd(unquoted(run.get("total_cost"))) or None,
                missing={Need.CACHE_LIFE: _SAMPLED},
            )
        )


def _runs(record: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The runs of a record with their pointers: one, an array, or a batch."""
    if isinstance(record, list):
        for at, each in enumerate(record):
            yield from ((run, f"/{at}{way}") for run, way in _runs(each) if isinstance(each, dict))
        return
    held = fields(record)
    for name in ("post", "patch", "runs"):
        for at, each in enumerate(map(fields, items(held.get(name)))):
            if "id" in each:
                yield each, f"/{name}/{at}"
    if "run_type" in held or ("id" in held and "inputs" in held):
        yield held, ""


def _answered(got: Any) -> dict[str, Any]:
    """The message of an answer: LangChain's first generation, or what an SDK's wrapper kept."""
    generations = items(fields(got).get("generations"))
    first = generations[0] if generations else None
    first = first[0] if isinstance(first, list) and first else first
    if isinstance(first, dict):
        return fields(first.get("message")) or {"role": "assistant", "content": first.get("text")}
    for name in ("choices", "message", "messages", "output"):
        if fields(got).get(name):
            return fields(got)
    return fields(got) if "content" in fields(got) else {}


def _kwargs(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message's members, out of LangChain's wrapper."""
    return fields(message.get("kwargs")) or dict(message)


def _stop(message: Mapping[str, Any], got: Any) -> str:
    said = fields(_kwargs(message).get("response_metadata"))
    return word(said.get("finish_reason")) or word(said.get("stop_reason")) or (stop(got) if fields(got).get("choices") else "")


def _usage(run: Mapping[str, Any], got: Any, message: Mapping[str, Any]) -> Usage | None:
    """The counts: LangChain's of the message, the provider's of the body, the run's own columns."""
    told = fields(got)
    columns = {
        name: run.get(name)
        for name in ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_token_details", "completion_token_details")
    }
    for held in (
        _kwargs(message).get("usage_metadata"),
        told.get("usage_metadata"),
        told.get("usage"),
        fields(told.get("llm_output")).get("token_usage"),
        columns,
    ):
        read = usage(counts.flattened(held), _COUNTS, Convention.INCLUSIVE)
        if read is not None:
            return read
    return None


def _first_token(run: Mapping[str, Any]) -> float | None:
    """When the first token came: a column, else the first of the events."""
    first = moment(run.get("first_token_time"))
    if first is not None:
        return first
    events = map(fields, items(unquoted(run.get("events"))))
    return next((moment(event.get("time")) for event in events if event.get("name") == "new_token"), None)
