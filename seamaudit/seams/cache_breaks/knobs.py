"""What counts as a break."""

from __future__ import annotations

from msgspec import Struct


class BreakKnobs(Struct, frozen=True):
    """What counts as a break.

    A request missed when it reprocessed more than `min_share` of what it could have read; the default is the threshold
    Claude Code's own usage line documents (code.claude.com/docs/en/costs: 5 %). `moving_writes` writes that nobody read
    make a marker a moving one. Of a recording that tells usage alone, `usage_min_tokens` must be missed too: the same line's second
    threshold, 2,000 tokens.
    """

    min_share: float = 0.05
    usage_min_tokens: int = 2000
    moving_writes: int = 3
    shared_prints: int = 2
