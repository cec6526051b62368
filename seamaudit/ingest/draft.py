"""A draft: one exchange as an adapter read it, before threads and relations are known."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from seamaudit.trace import Attribution, Clock, Level, Locus, Money, Need, Request, Response, Times, Try


class Draft(Struct, frozen=True, gc=False):
    """What an adapter gives the merge.

    `conversation` is the declared thread or conversation id, None where the recording declares none; `sequence` the
    recording's own order inside it. `duplicate_key` is what makes two rows one billed call, "" where nothing does.
    """

    locus: Locus
    format: str
    level: Level
    provider: str
    api: str
    platform: str
    host: str
    request: Request
    response: Response | None
    times: Times
    conversation: str | None = None
    sequence: int | None = None
    clock: Clock = Clock.SEQUENCE
    attribution: Attribution = Attribution()
    lacks: Mapping[Need, str] = field(default_factory=dict)
    duplicate_key: str = ""
    tags: frozenset[str] = frozenset()
    attempt: Try | None = None
    intended: str = ""
    side: str = ""
    recorded_cost: Money | None = None
