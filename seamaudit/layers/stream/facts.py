"""What the stream layer measures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypedDict

from seamaudit.facts import Fact, fact
from seamaudit.layers.stream.machine import Confidence, Fault
from seamaudit.trace import Exchange, Locus, Need, Response


class Terminal(StrEnum):
    """How a stream ended.

    `complete`: with its grammar's own end. `no_terminal_exempt`: with the stop reason, after which this endpoint is known to send
    nothing. `unmarked`: with the stop reason, and whether this endpoint sends more is not known. `cut_after_stop`: the stop reason came,
    the terminal event or the rest of a last event did not. `truncated`: before any stop reason. `error_event`: by an error event.
    `refused`: the provider answered with an HTTP error. `empty`: no event is recorded. `undecodable`: the recording cannot be read well
    enough to tell.
    """

    COMPLETE = "complete"
    NO_TERMINAL_EXEMPT = "no_terminal_exempt"
    UNMARKED = "unmarked"
    CUT_AFTER_STOP = "cut_after_stop"
    TRUNCATED = "truncated"
    ERROR_EVENT = "error_event"
    REFUSED = "refused"
    EMPTY = "empty"
    UNDECODABLE = "undecodable"


WHOLE = frozenset({Terminal.COMPLETE, Terminal.NO_TERMINAL_EXEMPT, Terminal.UNMARKED, Terminal.CUT_AFTER_STOP})
"""Ends after which the answer and its stop reason are all there."""


class StopMismatch(StrEnum):
    """How a stop reason and the calls of its answer contradict each other."""

    TOOL_STOP_WITHOUT_CALL = "tool_stop_without_call"
    CALL_WITHOUT_TOOL_STOP = "call_without_tool_stop"


@fact("streams", needs=(Need.STREAM,))
class StreamLife(Fact, frozen=True, kw_only=True):
    """The life of one streamed answer: its history as letters (see `machine`) and how it ended."""

    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    host: Annotated[str, "The host that streamed."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    grammar: Annotated[str, "The event language: anthropic, chat, responses, gemini, bedrock or legacy."]
    history: Annotated[str, "The stream's life as letters, runs collapsed: S start, T/t text, R/r reasoning, C/c call, H/h hosted tool, "
                            "O/o other (upper case opens, lower case goes on), B block closed, F stop reason, U usage, D terminal event, "
                            "E error, + left out."]  # fmt: skip
    terminal: Annotated[Terminal, "How it ended."]
    stop: Annotated[str, "The provider's stop reason, empty where none came."]
    status: Annotated[int | None, "The HTTP status; unknown where the recording has none."]
    events: Annotated[int, "Events recorded."]
    unreadable: Annotated[int, "Of these, events whose data could not be parsed."]
    open_block: Annotated[bool, "A block was under way when the events ended."]
    open_call: Annotated[bool, "That block was a tool call."]
    partial_tail: Annotated[bool, "A piece of an event follows the last whole one."]
    error_type: Annotated[str, "The provider's code of an error event, empty where none came."]
    seconds: Annotated[float | None, "How long the call took; unknown without times."]


@fact("stream_faults", needs=(Need.STREAM,))
class StreamFault(Fact, frozen=True, kw_only=True):
    """One thing that was wrong with one stream: cut, ended by an error, or against its own grammar; the first of its kind in the stream."""

    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    host: Annotated[str, "The host that streamed."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    grammar: Annotated[str, "The event language."]
    fault: Annotated[Fault, "What was wrong."]
    detail: Annotated[str, "More exactly: before_stop or after_stop of a cut, the provider's code of an error, our code of a broken rule."]
    event: Annotated[int | None, "The event it shows at, counted from 0; of a cut, how many whole events came; unknown where not noted."]
    history: Annotated[str, "The stream's life as letters, as in `streams`."]
    open_call: Annotated[bool, "A tool call was under way when the events ended."]
    partial_tail: Annotated[bool, "A piece of an event follows the last whole one."]
    confidence: Annotated[Confidence, "How sure it is that this is a fault."]
    seconds: Annotated[float | None, "How long the call took whose answer was lost; unknown without times or where the answer is whole."]


@fact("stop_faults", needs=(Need.RESPONSE,))
class StopFault(Fact, frozen=True, kw_only=True):
    """An answer, streamed or not, whose stop reason contradicts its calls."""

    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    host: Annotated[str, "The host that answered."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    fault: Annotated[StopMismatch, "How they contradict each other."]
    stop: Annotated[str, "The provider's stop reason."]
    calls: Annotated[int, "Calls the application was to run."]
    blocks: Annotated[int, "Blocks in the answer."]
    streamed: Annotated[bool, "The answer was streamed."]


@fact("cut_calls", needs=(Need.RESPONSE, Need.PROMPT))
class CutCall(Fact, frozen=True, kw_only=True):
    """A call whose arguments were cut off in the middle, and which a later request of the thread answers all the same."""

    provider: Annotated[str, "Who made the call."]
    api: Annotated[str, "The body shape."]
    host: Annotated[str, "The host that answered."]
    model: Annotated[str, "The model that made it, else the one asked for."]
    tool: Annotated[str, "The tool called."]
    call: Annotated[str, "The call's id."]
    cut_by: Annotated[Literal["length", "stream", "unknown"], "What cut it: the output limit, a stream that ended early, or neither seen."]
    stop: Annotated[str, "The stop reason of the answer that was cut."]
    is_error: Annotated[bool | None, "The result is marked as an error; unknown where the API has no such mark."]
    repaired: Annotated[bool, "The call was sent back with arguments that parse, so the application completed them itself."]
    confidence: Annotated[Confidence, "High where the arguments were repaired or the API takes no others; else the app may have refused."]


class About(TypedDict):
    """The columns that say which answer a fact is about."""

    exchange: int
    thread: str
    app: str
    locus: Locus
    provider: str
    api: str
    host: str
    model: str


def about(exchange: Exchange, response: Response) -> About:
    """The answer of an exchange, as columns."""
    return About(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus.at(response.at),
        provider=exchange.provider,
        api=exchange.api,
        host=exchange.host,
        model=response.model or exchange.request.model,
    )


def seconds(exchange: Exchange) -> float | None:
    """How long the call took."""
    times = exchange.times
    if times.duration is not None:
        return times.duration
    return times.ended - times.started if times.started is not None and times.ended is not None else None
