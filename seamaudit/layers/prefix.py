"""The prefix layer: what changed in a prompt since the request it could have continued, and where first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.ingest.declared import is_declared
from seamaudit.ingest.prints import prints
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.trace import Exchange, Kind, Link, Locus, Need, Prefix, Segment, Zone
from seamaudit.trace.textdiff import Change, Shape, compare


class Edit(StrEnum):
    """How the first diverging position differs from what stood there."""

    REPLACED = "replaced"
    INSERTED = "inserted"
    REMOVED = "removed"
    REORDERED = "reordered"
    KEY_ORDER = "key_order"


@fact("prefix_changes", needs=(Need.PROMPT,))
class PrefixChange(Fact, frozen=True, kw_only=True):
    """A request whose prompt does not simply continue its base: the first position that differs, and how."""

    base: Annotated[
        Literal["previous", "nearest"], "Which earlier request it is compared with: the turn before, or the longest equal chain."
    ]
    base_exchange: Annotated[int, "The id of that request."]
    zone: Annotated[Zone, "The part of the prompt that changed first."]
    block: Annotated[str, "The block that changed first: tools, system[n] or a message's place."]
    kind: Annotated[Kind, "What the changed block holds."]
    role: Annotated[str, "The role of the changed block."]
    edit: Annotated[Edit, "How it changed."]
    shape: Annotated[Shape, "The kind of value that moved; text where it is none of the others."]
    shared: Annotated[int, "Leading positions both requests share."]
    head_bytes: Annotated[int, "Bytes of this request's tools and system."]
    marked: Annotated[bool, "The changed block itself carries the request's last marker."]
    was_marked: Annotated[bool, "The block that stood there before carried its request's last marker."] = False
    similar: Annotated[bool, "Both versions of the block share a large part of their text."]
    declared_retrieval: Annotated[bool, "The changed block, or the part of it that changed, is declared as retrieved text."]
    tools_added: Annotated[int, "Tool names that came."]
    tools_removed: Annotated[int, "Tool names that went."]
    tool: Annotated[str, "The first tool whose definition changed."]
    changed_bytes: Annotated[int | None, "Bytes of the block that are not what they were; unknown unless one block took another's place."]
    changed_prints: Annotated[bytes, "Keyed prints of the new text."]
    was: Annotated[Locus | None, "Where the earlier version stands."]
    now: Annotated[Locus | None, "Where the new version stands."]
    diverges_at: Annotated[int | None, "First diverging byte inside the block's text; unknown unless one block took another's place."]


class PrefixKnobs(Struct, frozen=True):
    """Knobs of the prefix layer.

    `similar_bytes`: how many bytes two versions of a block must share at their ends to be versions of one block.
    `search`: how far from the divergence an insertion, removal or reordering is looked for, in positions.
    """

    similar_bytes: int = 64
    search: int = 256


class PrefixLayer:
    """Compares every request with its thread's turn before, else with the nearest earlier request of its cache scope.

    `text_of` gives the comparable text of a segment, None where it was never read as one.
    """

    scope = Scope.THREAD

    def __init__(self, text_of: Callable[[int], bytes | None], knobs: PrefixKnobs = PrefixKnobs()) -> None:
        self._text_of = text_of
        self._knobs = knobs
        self._marks: dict[int, int] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """At most one change: what differs first decides; what follows it is recomputed anyway."""
        if exchange.after_hole:
            yield Unchecked(
                exchange=exchange.id,
                thread=exchange.thread.id,
                app=exchange.attribution.app,
                locus=exchange.locus,
                table="cache_breaks",
                aspect="",
                reason="a line was lost between this request and the one before",
            )
        if exchange.request.breakpoints:
            self._marks[exchange.id] = exchange.request.breakpoints[-1].position
        for name, link in _bases(exchange):
            prefix = exchange.request.prefix
            if link.shared < min(link.prefix.length, prefix.length):
                yield self._change(exchange, name, link)
                return

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()

    def _change(self, exchange: Exchange, base: Literal["previous", "nearest"], link: Link) -> PrefixChange:
        prefix, at = exchange.request.prefix, link.shared
        old, new = link.prefix.at(at), prefix.at(at)
        edit = self._edit(prefix, link.prefix, at)
        now_whole = self._text_of(new.id)
        change = self._text_change(old, now_whole) if edit in (Edit.REPLACED, Edit.KEY_ORDER) else None
        names_before, names_now = _tool_names(link.prefix, new.zone), _tool_names(prefix, new.zone)
        now_text = change.now if change else ""
        place = exchange.place(at)
        was_marked = self._marks.get(link.exchange) == at + 1
        return PrefixChange(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=place,
            witness=(link.locus,),
            base=base,
            base_exchange=link.exchange,
            zone=new.zone,
            block=_block_name(link.prefix if was_marked else prefix, at),
            kind=new.kind,
            role=new.role,
            edit=edit,
            shape=change.shape if change else Shape.TEXT,
            shared=at,
            head_bytes=_head_bytes(prefix),
            marked=any(mark.position == at + 1 for mark in exchange.request.breakpoints[-1:]),
            was_marked=was_marked,
            similar=self._similar(old, new, change),
            declared_retrieval=new.retrieved or _declared(new, change, now_whole),
            tools_added=len(names_now - names_before),
            tools_removed=len(names_before - names_now),
            tool=new.name if new.kind is Kind.TOOL_DEFINITION else "",
            changed_bytes=change.changed if change else None,
            changed_prints=prints(now_text) or new.prints,
            was=exchange.place(at, link),
            now=place,
            diverges_at=change.at if change else None,
        )

    def _text_change(self, old: Segment, now: bytes | None) -> Change | None:
        was = self._text_of(old.id)
        return compare(was, now) if was is not None and now is not None else None

    def _similar(self, old: Segment, new: Segment, change: Change | None) -> bool:
        if old.kind is not new.kind or old.role != new.role:
            return False
        if old.kind is Kind.TOOL_DEFINITION:
            return old.name == new.name
        return change is not None and (change.shared >= self._knobs.similar_bytes or change.shared * 2 >= min(old.length, new.length))

    def _edit(self, now: Prefix, was: Prefix, at: int) -> Edit:
        old, new = was.at(at), now.at(at)
        if old.canonical == new.canonical:
            return Edit.KEY_ORDER
        reach = at + self._knobs.search
        before, after = was.digests(at, reach), now.digests(at, reach)
        if new.ordered in before and old.ordered in after:
            return Edit.REORDERED
        if new.ordered in before:
            return Edit.REMOVED
        if old.ordered in after:
            return Edit.INSERTED
        return Edit.REPLACED


def _bases(exchange: Exchange) -> Iterable[tuple[Literal["previous", "nearest"], Link]]:
    if exchange.previous is not None:
        yield "previous", exchange.previous
    elif exchange.nearest is not None:
        yield "nearest", exchange.nearest


def _declared(new: Segment, change: Change | None, text: bytes | None) -> bool:
    """Whether the text that changed stands where its own block says that passages do."""
    if change is None or text is None or new.kind is not Kind.TEXT or new.role == "assistant":
        return False
    return change.shape is Shape.TEXT and is_declared(text, change.at)


def _head_bytes(prefix: Prefix) -> int:
    return prefix.size(prefix.zone_end(Zone.SYSTEM))


def _tool_names(prefix: Prefix, zone: Zone) -> frozenset[str]:
    if zone is not Zone.TOOLS:
        return frozenset()
    return frozenset(segment.name for segment in prefix.segments(0, prefix.zone_end(Zone.TOOLS)))


def _block_name(prefix: Prefix, at: int) -> str:
    """A name that stays the same from request to request: no message number, which grows."""
    segment = prefix.at(at)
    if segment.zone is Zone.TOOLS:
        return "tools"
    if segment.zone is Zone.SYSTEM:
        return f"system[{sum(1 for s in prefix.segments(0, at) if s.zone is Zone.SYSTEM)}]"
    first = all(s.zone is not Zone.MESSAGES or s.role == segment.role for s in prefix.segments(0, at))
    return f"messages, first {segment.role} turn" if first else f"messages, a {segment.role} turn"
