"""Where a request writes entries and where it looks for them: at markers, and on some models at message ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from seamaudit.layers.cache.state import Answered, Keys, reach
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Kind, Prefix, Zone

FIRST_MARKS: Final = 2
LATEST_MARKS: Final = 50
EARLIER_ENDS: Final = 20
"""What is looked at where markers are optional: the first two and the latest fifty, and twenty message ends before the latest
(developers.openai.com prompt-caching; the SDK's text says eighty in all)."""


class Looked(NamedTuple):
    """Markers from the lowest on, the positions that each looks at, its own first, and the keys of all positions."""

    marks: list[tuple[int, str]]
    reaches: list[Sequence[int]]
    keys: Keys


def looked_at(call: Answered) -> Looked:
    """Where a request writes and looks, by its contract."""
    marks, reaches = _optional(call) if call.contract.mode is CacheMode.IMPLICIT_BREAKPOINTS else _explicit(call)
    return Looked(marks, reaches, call.keys())


def _explicit(call: Answered) -> tuple[list[tuple[int, str]], list[Sequence[int]]]:
    marks = sorted({mark.position: mark.ttl for mark in call.exchange.request.breakpoints}.items())
    return marks, [reach(call.prefix, position, call.contract) for position, _ in marks]


def _optional(call: Answered) -> tuple[list[tuple[int, str]], list[Sequence[int]]]:
    """OpenAI's, from GPT-5.6 on: entries at markers and, unless the request asks for explicit ones alone, at the latest message end.

    Looked at from the end down: markers, message ends, and the end of the first developer block. All look from the last marker.
    """
    given = {mark.position: mark.ttl for mark in call.exchange.request.breakpoints if mark.position}
    explicit = sorted(given)
    ends = [] if '"explicit"' in call.exchange.request.params.get("prompt_cache_options", "") else list(message_ends(call.prefix))
    implied = ends[:1] if ends and ends[0] not in given else []
    room = call.contract.max_breakpoints - len(implied)
    writes = sorted([*explicit[-room:], *implied])
    if not writes:
        return [], []
    seen = {*explicit[:FIRST_MARKS], *explicit[-LATEST_MARKS:], *ends[: EARLIER_ENDS + 1]}
    if ends and (head := call.prefix.zone_end(Zone.SYSTEM)):
        seen.add(head)
    marks = [(at, given.get(at, call.contract.default_ttl)) for at in writes]
    return marks, [*([at] for at in writes[:-1]), sorted(seen, reverse=True)]


def message_ends(prefix: Prefix) -> Iterator[int]:
    """Positions behind the messages that an implied marker can stand at, the latest first: a user's, and the last of a group of tool
    results."""
    after: Kind | None = None
    opens = True
    head = prefix.zone_end(Zone.SYSTEM)
    for at, segment in zip(range(prefix.length, head, -1), reversed(list(prefix.segments(head))), strict=True):
        result = segment.kind is Kind.TOOL_RESULT
        if (result and after is not Kind.TOOL_RESULT) or (opens and not result and segment.role == "user"):
            yield at
        after, opens = segment.kind, segment.starts
