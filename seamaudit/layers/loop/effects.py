"""Effects: calls that do something outside the conversation each time they run, and those among them that ran twice."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from seamaudit.ingest.outcome import word_hash
from seamaudit.layers.loop.nature import Nature, name_words, nature_of_word
from seamaudit.layers.loop.steps import Step

_DOING: Final = "send post book buy pay purchase order charge refund transfer create schedule register invite"
"""Words that, first in a tool's name, make each run of it count: two runs are two letters, two bookings, two payments."""

_HARMLESS: Final = """
file files dir directory directories folder folders path todo todos task tasks plan memory thought note notes sandbox session context
chart plot image images diagram artifact draft key keys input stdin command signal request query text agent agents to
"""
"""Words of names whose second run leaves what the first left (`create_file`), stays inside the agent (`transfer_to_billing`,
`send_keys`), or does only what its arguments say (`send_request`)."""

_UNDOING: Final = "cancel delete remove undo revert rollback reset restart restore void refund"
"""Words of names after which the same deed may be wanted again."""

_DOES: Final = frozenset(_DOING.split())
_HARMS_NOT: Final = frozenset(_HARMLESS.split())
_UNDOES: Final = frozenset(_UNDOING.split())

_KEYS: Final = frozenset(
    word_hash(word)
    for word in ("idempotency", "idempotency_key", "idempotencykey", "client_token", "clienttoken", "request_id", "requestid", "dedupe_key")
)
"""Words of arguments that tell a service which two calls are one."""


class Repeat(NamedTuple):
    """A deed done again: the step before, and this one."""

    first: Step
    again: Step


class Effects:
    """Remembers the deeds of one task: calls with an effect that succeeded."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, bytes], Step] = {}

    def take(self, step: Step) -> Repeat | None:
        """The repetition that the next step is."""
        if step.failed:
            return None
        key = (step.tool, step.arguments)
        if undoes(step.tool):
            self._done = {key: self._done[key]} if key in self._done else {}
        if not step.arguments or not acts(step.tool) or not step.words.isdisjoint(_KEYS):
            return None
        if step.maker is None:  # a client may send the same call back under another id
            return None
        before = self._done.get(key)
        self._done[key] = step
        return Repeat(before, step) if before is not None else None

    def forget(self) -> None:
        """Someone spoke: what is done now may be wanted again."""
        self._done.clear()


@lru_cache(maxsize=4096)
def acts(tool: str) -> bool:
    """Whether each run of a tool has an effect of its own, as far as its name says."""
    first, *rest = name_words(tool) or [""]
    natures = {nature_of_word(word) for word in rest}
    return first in _DOES and _HARMS_NOT.isdisjoint(rest) and natures.isdisjoint({Nature.SEARCHES, Nature.READS, Nature.COMPUTES})


@lru_cache(maxsize=4096)
def undoes(tool: str) -> bool:
    """Whether a tool takes something back, as far as its name says."""
    return not _UNDOES.isdisjoint(name_words(tool))
