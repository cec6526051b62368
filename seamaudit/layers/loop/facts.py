"""What the loop layer tells: the episodes, and the exchanges that were spent on nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Need


class LoopKind(StrEnum):
    """What comes again: one call with one result, a round of calls, a call in ever other words, or one failing call."""

    REPEATED = "repeated"
    CYCLE = "cycle"
    REWORDED = "reworded"
    ERROR = "error"


@fact("loops", needs=(Need.PROMPT,))
class LoopEpisode(Fact, frozen=True, kw_only=True):
    """Calls of one thread that came again without anything new, from their first to their last.

    The fact stands at the last call, where the response that made it is recorded; `witness` holds the first, the second and
    the last call.
    """

    kind: Annotated[LoopKind, "What comes again."]
    tool: Annotated[str, "The tool's name; of a cycle the names in their order, from the one that sorts first."]
    episode: Annotated[int, "The number of the episode in its thread, from 0."]
    period: Annotated[int, "Calls in one round: 1 but for cycles."]
    repeats: Annotated[int, "Whole rounds."]
    steps: Annotated[int, "Calls in all."]
    first_exchange: Annotated[int, "The exchange that made the first call, or the first that holds it."]
    last_exchange: Annotated[int, "The exchange that made the last call, or the first that holds it."]
    wasted_steps: Annotated[int, "Calls after the first round."]
    wasted_tokens: Annotated[
        int | None,
        "Input and output of the exchanges that made these calls and no others; unknown where one, or its usage, is not recorded.",
    ]
    failed: Annotated[bool, "Whether every call failed."]


@fact("loop_exchanges", needs=(Need.PROMPT,))
class LoopExchange(Fact, frozen=True, kw_only=True):
    """An exchange that made calls of one episode after its first round, and no others."""

    episode: Annotated[int, "The number of the episode in its thread."]
    tokens: Annotated[int | None, "Its input and output; unknown where the usage is."]


@fact("partial_fanouts", needs=(Need.PROMPT, Need.RESPONSE))
class PartialFanout(Fact, frozen=True, kw_only=True):
    """Calls made in parallel of which some failed, in a task that the model then called done without a word about it.

    The fact stands at the first failed call; `witness` holds the answer that ended the task.
    """

    tool: Annotated[str, "The tool of the first failed call."]
    calls: Annotated[int, "Calls made in parallel."]
    failed: Annotated[int, "Those among them that failed and act, or hand work on."]


@fact("repeated_effects", needs=(Need.PROMPT,))
class RepeatedEffect(Fact, frozen=True, kw_only=True):
    """A call with an effect outside the conversation that succeeded a second time with the same arguments, in one task.

    The fact stands at the second call; `witness` holds the first.
    """

    tool: Annotated[str, "The tool's name."]
    same_result: Annotated[bool | None, "Both gave the same result; unknown where one is no text."]
    retried: Annotated[bool, "No other call came between the two."]


@fact("agent_steps", needs=(Need.PROMPT,))
class AgentStep(Fact, frozen=True, kw_only=True):
    """One model call of a run: the calls of a thread from a person's word to the next. Refused calls are no steps."""

    run: Annotated[int, "The number of the run in its thread, from 0."]
    step: Annotated[int, "The number of the call in its run, from 1; calls that are not recorded are not counted."]
    at: Annotated[float | None, "When it began, in seconds since the epoch; unknown where the recording has no time."]
    continues: Annotated[bool, "Its prompt goes on from that of the turn before, beyond tools and system prompt."]
    repeats: Annotated[
        int, "How often its most repeated tool call was made in the run with the same arguments, this time included; 0 where it makes none."
    ]
