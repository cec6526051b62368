"""Which change broke a prefix, and who made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, Literal

from seamaudit.ingest.prints import unpack
from seamaudit.layers.cache import CacheRead, Verdict
from seamaudit.layers.prefix import Edit, PrefixChange
from seamaudit.layers.retrieval import Retrieval, Source
from seamaudit.providers.contracts import CacheMode
from seamaudit.seams.cache_breaks.facts import Cause, Origin, Proof
from seamaudit.trace import Locus, Zone
from seamaudit.trace.textdiff import Shape

NOT_THE_TEXT = frozenset({Cause.EXPIRED, Cause.RACE, Cause.MODEL, Cause.PARAMETER, Cause.LOOKBACK, Cause.PROVIDER_SIDE, Cause.UNEXPLAINED})

QUOTED: Final[Mapping[Source, Origin]] = {
    "document": Origin.RETRIEVAL,
    "retrieval_tool": Origin.RETRIEVAL,
    "memory": Origin.MEMORY,
    "tool": Origin.TOOL_RESULT,
}
"""Who produced the bytes that a changed block quotes."""


class Lookups:
    """Looked-up texts by their prints, so that a changed block finds the one it quotes. Indexed when the first one is sought, and by the
    prints of `changes` alone: most recordings hold many texts and few changes."""

    def __init__(self, rows: Iterable[Retrieval], changes: Iterable[PrefixChange]) -> None:
        self._rows = rows
        self._changes = changes

    @cached_property
    def _by_print(self) -> Mapping[int, list[tuple[int, Retrieval]]]:
        wanted = {value for change in self._changes for value in unpack(change.changed_prints)}
        index: defaultdict[int, list[tuple[int, Retrieval]]] = defaultdict(list)
        for at, row in enumerate(self._rows):
            for value in wanted.intersection(unpack(row.text_prints)):
                index[value].append((at, row))
        return index

    def quoted(self, change: PrefixChange, least: int) -> Retrieval | None:
        """The recorded text that shares most prints with the new version of a block, if it shares enough."""
        hits: dict[int, int] = defaultdict(int)
        found: dict[int, Retrieval] = {}
        mine = unpack(change.changed_prints)
        for value in mine:
            for at, row in self._by_print.get(value, ()):
                if row.exchange <= change.exchange and row.locus != change.now:
                    hits[at] += 1
                    found[at] = row
        if not hits:
            return None
        most = max(hits, key=lambda at: (hits[at], -at))
        return found[most] if hits[most] >= min(least, len(mine)) else None


def has_expired(read: CacheRead) -> bool:
    """Whether the base's life is over and the replay holds nothing longer that is still alive."""
    return read.alive is False and (read.mode is CacheMode.IMPLICIT_STEP or read.predicted <= read.reported)


def how_sure(read: CacheRead, cause: Cause) -> Literal["high", "medium", "low"]:
    """How sure a cause is: less where the contract is open, and least at the edge of what a marker looks at, and of a cache whose
    provider does not say where what it keeps may end."""
    if not read.documented:
        return "low"
    if cause is Cause.LOOKBACK and not read.overlooked_surely:
        return "low"
    if cause is Cause.PARAMETER and not read.flip_settled:
        return "medium"
    return "high" if read.mode is CacheMode.EXPLICIT and read.settled else "medium"


def sent_otherwise(read: CacheRead) -> bool:
    """Whether a turn repeats the turn before, and was sent so that its entry could not serve: other parameters, no marker in reach."""
    return read.base_exchange == read.previous and (not read.same_parameters or bool(read.overlooked))


def cause_of(read: CacheRead, change: PrefixChange | None) -> Cause:
    """What broke the prefix: first what makes any prefix cold, then what changed in it."""
    if has_expired(read):
        return Cause.EXPIRED
    if read.raced:
        return Cause.RACE
    if change is None or change.shared >= read.base_position:
        if not read.same_parameters:
            return Cause.PARAMETER
        if read.overlooked:
            return Cause.LOOKBACK
        return Cause.PROVIDER_SIDE if read.verdict is Verdict.PROVIDER_SIDE else Cause.UNEXPLAINED
    if change.edit is Edit.KEY_ORDER:
        return Cause.KEY_ORDER
    if change.zone is Zone.TOOLS:
        same_set = not change.tools_added and not change.tools_removed
        return Cause.TOOLS_REORDERED if change.edit is Edit.REORDERED and same_set else Cause.TOOLS_CHANGED
    if change.zone is Zone.MESSAGES and change.shape is Shape.TEXT and not change.declared_retrieval:
        return Cause.HISTORY_EDITED
    return Cause.TEXT_CHANGED


def origin_of(cause: Cause, change: PrefixChange | None, looked_up: Lookups, least: int) -> tuple[Origin, Proof, str, tuple[Locus, ...]]:
    """Who made the change, how that is known, the tool whose result is quoted, and where that stands."""
    if cause is Cause.PROVIDER_SIDE:
        return Origin.PROVIDER, "proven", "", ()
    if cause is Cause.EXPIRED:
        return Origin.UNKNOWN, "proven", "", ()
    if cause in (Cause.PARAMETER, Cause.LOOKBACK):
        return Origin.CLIENT, "proven", "", ()
    if change is None:
        return Origin.UNKNOWN, "inferred", "", ()
    if change.edit is Edit.KEY_ORDER:
        return Origin.CLIENT, "proven", "", ()
    if change.zone is Zone.TOOLS:
        return Origin.TOOL_LIST, "declared", "", ()
    if change.edit in (Edit.REMOVED, Edit.REORDERED):  # what stands there now is old text that moved up: it was not looked up for this
        return Origin.CLIENT, "proven", "", ()
    if change.shape is Shape.CLOCK:
        return Origin.CLOCK, "proven", "", ()
    if change.shape in (Shape.IDENTIFIER, Shape.COUNTER):
        return Origin.IDENTIFIER, "proven", "", ()
    quoted = looked_up.quoted(change, least)
    if quoted is not None:
        return QUOTED[quoted.source], "proven", quoted.tool, (quoted.locus,)
    if change.declared_retrieval:
        return Origin.RETRIEVAL, "declared", "", ()
    return Origin.UNKNOWN, "inferred", "", ()


def one_block_of_one_app(change: PrefixChange) -> bool:
    """Whether two threads differ in a version of one head block, and not in being two different agents."""
    if change.zone is Zone.MESSAGES:
        return False
    if change.zone is Zone.TOOLS:
        return not change.tools_added and not change.tools_removed
    return change.similar or change.declared_retrieval


def share_below(read: CacheRead, change: PrefixChange) -> float:
    """The share of the base's cached bytes that another thread can be expected to send too: its head."""
    if not read.base_bytes:
        return 0.0
    return min(1.0, change.head_bytes / read.base_bytes)


def stable_part(read: CacheRead, change: PrefixChange | None, missed: int) -> int:
    """The rewritten tokens without the changed bytes themselves, which any layout has to send."""
    if change is None or change.changed_bytes is None or not read.base_bytes:
        return missed
    changed = round(read.base_available * min(1.0, change.changed_bytes / read.base_bytes))
    return max(0, missed - changed)
