"""ATIF trajectories (Harbor): the steps of one thread, for recordings in which every prompt goes on where the one before it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct, field

from seamaudit.errors import UsageError
from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import text_in
from seamaudit.ingest.spoken import Message, conversation
from seamaudit.trace import Exchange, Kind, Need, Response, Segment, Usage, to_usd

VERSION: Final = "ATIF-v1.4"
_THREADS: Final = '`seamaudit query "select distinct thread from spend" PATH` lists the threads.'
_UNKNOWN: Final = "unknown"

Raw = Callable[[tuple[int, ...]], bytes | None]
"""Gives the raw value of an element by its segments."""


class Unfit(UsageError):
    """A thread that no trajectory can tell: what would be written were other prompts than those that were sent."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(
            f"call {number} of the thread cannot be told as a step: {why}",
            "A trajectory tells each message once. Convert to pairs, which hold every prompt as it was sent.",
        )


def said(response: Response) -> dict[str, Any]:
    """What an answer says, as a step of the agent tells it. To be asked while the answer's record is at hand."""
    texts = [each.said.decode("utf-8", "surrogatepass") for each in response.answers if each.kind is Kind.TEXT]
    thoughts = [text_in(jsontext.reread(each.spelled)) for each in response.answers if each.kind is Kind.THINKING]
    arguments = [each.said for each in response.answers if each.kind is Kind.TOOL_CALL]
    made = [call for call in response.calls if not call.server]
    calls = [
        {"tool_call_id": call.id, "function_name": call.name, "arguments": _value(told)}
        for call, told in zip(made, arguments, strict=False)
    ]
    return {
        "message": "".join(texts),
        **({"reasoning_content": "\n".join(thoughts)} if any(thoughts) else {}),
        **({"tool_calls": calls} if calls else {}),
    }


def _value(data: bytes) -> Any:
    try:
        return jsontext.parse(data).value
    except jsontext.Unparsable:
        return data.decode("utf-8", "replace")


class Trajectory(Struct):
    """A thread's steps as its calls come in their order."""

    raw: Raw
    steps: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Exchange] = field(default_factory=list)

    def add(self, exchange: Exchange, answered: dict[str, Any]) -> None:
        """A call, and what it was answered. Raises Unfit where its prompt is not what was said before, and more."""
        number = len(self.calls) + 1
        if not exchange.request.complete:
            raise Unfit(number, "the beginning of its prompt is not recorded")
        if Need.RESPONSE in exchange.lacks:
            raise Unfit(number, "its answer is not recorded")
        before = self.calls[-1] if self.calls else None
        shared = exchange.request.prefix.shared_with(before.request.prefix) if before else 0
        if before is not None and shared < before.request.prefix.length:
            raise Unfit(number, "what was said before it was changed or left out")
        fresh = [*self._messages(exchange.request.prefix.segments(shared))]
        while before is not None and fresh and fresh[0]["role"] == "assistant":
            fresh = fresh[1:]
        for message in fresh:
            self._say(message, exchange, number)
        self.steps.append(_step(exchange, answered))
        self.calls.append(exchange)

    def _messages(self, segments: Iterable[Segment]) -> Iterator[Message]:
        for array, ids in _elements(segments):
            raw = self.raw(ids) if array not in ("tools", "functions", "toolConfig") else None
            if raw is not None:
                value = _value(raw)
                spoken = array in ("messages", "contents", "input")
                yield from conversation([value] if spoken else [{"role": "system", "content": value}]) or []

    def _say(self, message: Message, exchange: Exchange, number: int) -> None:
        if message["role"] == "assistant":
            raise Unfit(number, "an answer stands in its prompt that no call of the recording gave")
        if message["role"] == "tool":
            if not self.steps or self.steps[-1]["source"] != "agent":
                raise Unfit(number, "a tool's result stands in its prompt behind no step of the agent")
            results = self.steps[-1].setdefault("observation", {"results": []})["results"]
            results.append({"source_call_id": message["tool_call_id"], "content": message["content"]})
            return
        source = "user" if message["role"] == "user" else "system"
        self.steps.append({**_dated(exchange.times.started), "source": source, "message": message["content"]})

    def document(self) -> bytes:
        """The trajectory, the same for the same calls."""
        first = self.calls[0]
        app = first.attribution.app if first.attribution.app_declared else ""
        agent = {"name": app or _UNKNOWN, "version": _UNKNOWN, "model_name": _model(first)}
        told = {
            "schema_version": VERSION,
            "session_id": first.thread.id,
            "agent": agent,
            "steps": [{"step_id": number, **step} for number, step in enumerate(self.steps, 1)],
        }
        return json.dumps(told, indent=2).encode("ascii") + b"\n"


def _elements(segments: Iterable[Segment]) -> list[tuple[str, tuple[int, ...]]]:
    out: list[tuple[str, list[int]]] = []
    for segment in segments:
        if segment.starts or not out:
            out.append((segment.array, []))
        out[-1][1].append(segment.id)
    return [(array, tuple(ids)) for array, ids in out]


def _step(exchange: Exchange, answered: dict[str, Any]) -> dict[str, Any]:
    metrics = _metrics(exchange.usage)
    if exchange.recorded_cost is not None:
        metrics["cost_usd"] = to_usd(exchange.recorded_cost)
    times = exchange.times
    dated = _dated(next((each for each in (times.ended, times.started, times.dated) if each is not None), None))
    return {**dated, "source": "agent", "model_name": _model(exchange), **answered, **({"metrics": metrics} if metrics else {})}


def _metrics(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    told = {"prompt_tokens": usage.input, "completion_tokens": usage.output, "cached_tokens": usage.cache_read}
    extra = {"cache_creation_input_tokens": usage.cache_write, "reasoning_tokens": usage.reasoning}
    beside = {name: count for name, count in extra.items() if count is not None}
    return {**{name: count for name, count in told.items() if count is not None}, **({"extra": beside} if beside else {})}


def _model(exchange: Exchange) -> str:
    provider = "" if exchange.provider == _UNKNOWN else f"{exchange.provider}/"
    return f"{provider}{exchange.request.model}" if exchange.request.model else ""


def _dated(seconds: float | None) -> dict[str, str]:
    if seconds is None:
        return {}
    try:
        return {"timestamp": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")}
    except (ValueError, OverflowError, OSError):
        return {}


def chosen(exchanges: Sequence[Exchange], thread: str) -> list[Exchange]:
    """The calls of one thread. Raises UsageError where there are several and none is named, or none of that name."""
    threads = list(dict.fromkeys(each.thread.id for each in exchanges))
    if thread and thread not in threads:
        raise UsageError(f"no thread is called {thread!r}", _THREADS)
    if not thread and len(threads) > 1:
        message = f"a trajectory holds one thread, and these recordings hold {len(threads)}"
        raise UsageError(message, f"Name one with --thread, or convert to pairs. {_THREADS}")
    return [each for each in exchanges if not thread or each.thread.id == thread]
