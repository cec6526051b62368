"""What the context layer tells."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.trace import Need


class CutKind(StrEnum):
    """How earlier messages left a prompt: declared by the client, with something new in their place, while the system prompt changed
    (which may tell what they said), or without a word."""

    COMPACTION = "compaction"
    MARKED = "marked"
    SYSTEM = "system"
    SILENT = "silent"


class PhaseEnd(StrEnum):
    """How a stretch of growth ended: the context shrank, a provider refused it for its length, or the recording ends."""

    SHRUNK = "shrunk"
    REFUSED = "refused"
    OPEN = "open"


@fact("contexts", needs=(Need.PROMPT, Need.USAGE))
class ContextTurn(Fact, frozen=True, kw_only=True):
    """What one call held in its window: tokens as reported, and the bytes of its prompt by who put them there."""

    model: Annotated[str, "The model asked for."]
    window: Annotated[int | None, "The model's window at the time, in tokens; unknown for models of which it is not written down."]
    used: Annotated[int, "Input and output tokens: the window holds both."]
    share: Annotated[float | None, "Used of the window."]
    growth: Annotated[int | None, "Input tokens more than those of the turn before; unknown where this prompt does not go on from it."]
    tool_bytes: Annotated[int, "Bytes of tool definitions."]
    system_bytes: Annotated[int, "Bytes of the system prompt."]
    user_bytes: Annotated[int, "Bytes of what users, or the application for them, wrote."]
    model_bytes: Annotated[int, "Bytes of what the model wrote: text, reasoning and calls."]
    result_bytes: Annotated[int, "Bytes of tool results."]


@fact("window_phases", needs=(Need.PROMPT, Need.USAGE))
class WindowPhase(Fact, frozen=True, kw_only=True):
    """A stretch in which a thread's context grew, at its fullest call."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    window: Annotated[int, "The model's window at the time, in tokens."]
    used: Annotated[int, "Input and output tokens of the call."]
    share: Annotated[float, "Used of the window."]
    growth: Annotated[int | None, "Median growth of the calls before it, in tokens; unknown where there are too few."]
    calls_left: Annotated[int | None, "Calls that fit at this pace."]
    ended: Annotated[PhaseEnd, "How the stretch ended."]
    confidence: Annotated[Literal["high", "low"], "Low where a beta or a gateway leaves the window's size open."]


@fact("history_cuts", needs=(Need.PROMPT,))
class Cut(Fact, frozen=True, kw_only=True):
    """A prompt that lacks earlier messages of its thread, and goes on with later ones. The fact stands where they would."""

    kind: Annotated[CutKind, "How they left."]
    messages: Annotated[int, "Messages that are gone."]
    calls: Annotated[int, "Tool calls among them."]
    bytes: Annotated[int, "Their bytes."]
    first: Annotated[bool, "The thread's first message is among them."]


@fact("large_results", needs=(Need.PROMPT, Need.USAGE))
class LargeResult(Fact, frozen=True, kw_only=True):
    """A large tool result, from the call that sent it first to the last that did. Stands where it was first sent."""

    tool: Annotated[str, "The tool's name; empty where the recording has none."]
    size: Annotated[int, "Tokens: its bytes' part of what its call added."]
    offset: Annotated[int, "Tokens of the prompt up to its end: in the call that sent it first, or where it moved to."]
    window: Annotated[int | None, "The model's window at the time, in tokens; unknown for models of which it is not written down."]
    share: Annotated[float | None, "Its part of the window."]
    sent: Annotated[int, "Calls that sent it again."]
    last_exchange: Annotated[int, "The last of them, or the first call."]
