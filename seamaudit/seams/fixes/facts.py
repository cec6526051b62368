"""What the seam says: for each request that paid too much, what the edit that mends it is predicted to bring its application."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Money, Need


class Mend(StrEnum):
    """An edit of the layout. Content is never changed: only its order, its markers and the time it is sent."""

    MOVE_BLOCK = "move_block"
    MOVE_MARKER = "move_marker"
    SORT_TOOLS = "sort_tools"
    SORT_KEYS = "sort_keys"
    ADD_MARKER = "add_marker"
    ONE_HOUR = "one_hour"
    FIVE_MINUTES = "five_minutes"
    WARM_ONCE = "warm_once"
    HOLD_FAN_OUT = "hold_fan_out"


@fact("fix_replays", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class FixReplay(Fact, frozen=True, kw_only=True):
    """A request that paid too much, and its application's requests replayed with the edit that mends it. All but `requests`, `input` and
    `read` is predicted, not measured."""

    mend: Annotated[Mend, "The edit."]
    plan: Annotated[int, "The same for all rows of one edit at one place: what they predict is one prediction."]
    model: Annotated[str, "The model asked for."]
    requests: Annotated[int, "Requests of this app to this model that were replayed."]
    input: Annotated[int, "Their input tokens."]
    read: Annotated[int, "Of these, tokens that were read from the cache."]
    read_then: Annotated[int, "Tokens that would have been read."]
    written: Annotated[int, "Tokens that were written to the cache."]
    written_then: Annotated[int, "Tokens that would have been written."]
    saved_usd: Annotated[
        Money | None, "What they would have cost less; below zero where they would have cost more; unknown without prices."
    ]
    comparable: Annotated[int, "Requests whose recorded read the recording can explain."]
    reproduced: Annotated[int, "Of these, requests whose recorded read the model predicts within a hundredth of the prompt, or a step."]
