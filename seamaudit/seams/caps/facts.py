"""What the replay of caps tells."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Money, Need


class Cap(StrEnum):
    """What a guard counts: model calls of a run, the same tool call with the same arguments, or the run's dollars."""

    STEPS = "steps"
    REPEATS = "equal calls"
    SPEND = "dollars"


class Stretch(StrEnum):
    """What went on by itself: one run, or a thread round the clock, in which words came that no person could have said all of."""

    RUN = "run"
    THREAD = "thread"


@fact("agent_runs", needs=(Need.PROMPT,))
class AgentRun(Fact, frozen=True, kw_only=True):
    """What an agent did from one word of a person to the next, and what it cost. The fact stands at its last call."""

    run: Annotated[int, "The number of the run in its thread, from 0."]
    steps: Annotated[int, "Its model calls; refused ones are not counted."]
    seconds: Annotated[float | None, "From the beginning of its first call to that of its last; unknown where a time is."]
    tokens: Annotated[int | None, "Input and output of its calls; unknown where one's are."]
    usd: Annotated[Money | None, "What they cost; unknown where one's price is."]


@fact("cap_suggestions", needs=(Need.PROMPT,))
class CapSuggestion(Fact, frozen=True, kw_only=True):
    """Caps that an app's own runs suggest: half as much again as 95 of 100 of them take. The fact stands at the longest run."""

    runs: Annotated[int, "Runs of the app."]
    median_steps: Annotated[int, "Steps that half of the runs do not pass."]
    usual_steps: Annotated[int, "Steps that 95 of 100 runs do not pass."]
    most_steps: Annotated[int, "Steps of the longest run."]
    suggested_steps: Annotated[int | None, "A cap on steps; unknown where there are too few runs to tell what is usual."]
    steps_stop: Annotated[int | None, "Runs that it would have stopped."]
    steps_saved: Annotated[Money | None, "What that would have saved, as far as prices are known."]
    usual_usd: Annotated[Money | None, "Dollars that 95 of 100 runs of known cost do not pass; unknown where there is none."]
    most_usd: Annotated[Money | None, "Dollars of the dearest run of known cost."]
    suggested_usd: Annotated[Money | None, "A cap on dollars; unknown where too few runs have a known cost."]
    usd_stop: Annotated[int | None, "Runs that it would have stopped."]
    usd_saved: Annotated[Money | None, "What that would have saved, as far as prices are known."]


@fact("caps_passed", needs=(Need.PROMPT,))
class CapPassed(Fact, frozen=True, kw_only=True):
    """A run that went past a declared cap. The fact stands at the first call that a guard would have refused."""

    cap: Annotated[Cap, "What is capped."]
    limit: Annotated[int | None, "The cap on steps or equal calls."]
    limit_usd: Annotated[Money | None, "The cap on dollars."]
    steps: Annotated[int, "Steps of the run."]
    refused_step: Annotated[int, "The step that would have been refused."]
    spent_usd: Annotated[Money | None, "What the calls before it cost, as far as prices are known."]
    saved_calls: Annotated[int, "Calls of the run from there on."]
    saved_tokens: Annotated[int | None, "Their input and output, as far as they are known."]
    saved_usd: Annotated[Money | None, "What they cost, as far as prices are known."]
    unpriced_calls: Annotated[int, "Calls of the run whose price is not known; theirs comes on top."]
    wasted_tokens: Annotated[int | None, "Of the saved tokens, those that nothing else in the report claims."]
    waste_usd: Annotated[Money | None, "Of the saved dollars, those that nothing else in the report claims."]
    suggested_steps: Annotated[int | None, "The cap on steps that the app's own runs suggest."]
    suggested_usd: Annotated[Money | None, "The cap on dollars that they suggest."]


@fact("unattended", needs=(Need.PROMPT, Need.TIME))
class Unattended(Fact, frozen=True, kw_only=True):
    """An hour or more of a thread that went on without a pause and without a person. The fact stands at its last call."""

    kind: Annotated[Stretch, "A run that no word of a person broke, or a thread that never paused as a person would."]
    hours: Annotated[float, "From the beginning of its first call to that of its last."]
    calls: Annotated[int, "Its model calls."]
    tokens: Annotated[int | None, "Their input and output, as far as they are known."]
    usd: Annotated[Money | None, "What they cost, as far as prices are known."]
