"""What providers want back of a model's reasoning while a tool loop runs, as dated data with its sources.

Reasoning is signed: a signature, an id or an encrypted content stands for it. It binds the block to the model that wrote it and, on
newer models, to everything that stood before it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from seamaudit.providers.models import canonical, maker_of
from seamaudit.providers.rows import ALWAYS, Row, day_of, find
from seamaudit.trace import Exchange

A_THINKING: Final = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
A_PRESERVED: Final = "https://platform.claude.com/docs/en/build-with-claude/preserved-thinking"
O_REASONING: Final = "https://developers.openai.com/api/docs/guides/reasoning; TanStack/ai#1212"
G_SIGNATURES: Final = "https://ai.google.dev/gemini-api/docs/thought-signatures; microsoft/semantic-kernel#13417"

_RETURNED: Final = (
    Row("anthropic", "*", "*", ALWAYS, True, A_THINKING),
    Row("openai", "*", "*", ALWAYS, True, O_REASONING),
    Row("google", "gemini-*", "*", ALWAYS, False, G_SIGNATURES),
    Row("google", "gemini-3* gemini-4*", "*", ALWAYS, True, G_SIGNATURES),
)
_BOUND: Final = (
    Row("anthropic", "*", "*", ALWAYS, False, A_PRESERVED),
    Row("anthropic", "claude-fable-5-1* claude-fable-5-2*", "*", date(2026, 8, 31), True, A_PRESERVED),
    Row("anthropic", "claude-mythos-5-1* claude-mythos-5-2*", "*", date(2026, 8, 31), True, A_PRESERVED, uncertain=True),
    Row("anthropic", "claude-opus-5-5* claude-sonnet-5-5*", "*", date(2026, 8, 31), True, A_PRESERVED, uncertain=True),
)

_VERSION: Final = re.compile(r"claude-([a-z]+)-(\d{1,2})(?:-(\d{1,2}))?\Z")


def wants_reasoning_back(exchange: Exchange) -> bool:
    """Whether the provider documents that the reasoning behind a call goes back with the call."""
    return _holds(_RETURNED, exchange)


def binds_reasoning(exchange: Exchange) -> bool:
    """Whether the model's reasoning is bound to all that stood before it, by default and for accounts made since the day of the row."""
    return _holds(_BOUND, exchange)


def is_older(model: str, other: str) -> bool:
    """Whether a model is beyond doubt older than another, which cannot then read the other's reasoning (preserved thinking).

    Only versions of one family can be told apart so.
    """
    one, two = _VERSION.match(canonical(model)), _VERSION.match(canonical(other))
    if one is None or two is None or one[1] != two[1]:
        return False
    return (int(one[2]), int(one[3] or 0)) < (int(two[2]), int(two[3] or 0))


def _holds(rows: tuple[Row[bool], ...], exchange: Exchange) -> bool:
    model = exchange.request.model
    found = find(rows, maker_of(model), canonical(model), exchange.platform, day_of(exchange.times.dated))
    return found is not None and found.value
