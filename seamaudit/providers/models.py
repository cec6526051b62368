"""Model ids: one spelling for the many a trace may hold, and the maker a model id names beyond doubt."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

LONGEST: Final = 200
"""Longer ids are no model's; they are not looked up."""

# What clouds and gateways put before a maker's own id, after the last "/" has been dealt with.
_REGIONS: Final = ("us-gov.", "us.", "eu.", "apac.", "jp.", "au.", "ca.", "in.", "global.", "regional.")
_VENDORS: Final = ("anthropic.", "openai.", "google.")

_ALIASES: Final = {
    "gpt-35-turbo": "gpt-3.5-turbo",  # Azure's spelling
    "gpt-5.6": "gpt-5.6-sol",
    "claude-sonnet-4-0": "claude-sonnet-4",
    "claude-opus-4-0": "claude-opus-4",
}

# Closed models: only their maker, or a cloud it sells through, can have answered. Open weights (gpt-oss among them) are anybody's.
_MAKERS: Final = (
    ("gpt-oss", ""),
    ("claude-", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("codex-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini-", "google"),
)


def bare(model: str) -> str:
    """The id without a path, region or vendor before it and without a revision or variant after it; dates are kept.

    `us.anthropic.claude-sonnet-4-5-20250929-v1:0` and `anthropic/claude-sonnet-4-5-20250929` both become
    `claude-sonnet-4-5-20250929`. Gives "" for what is too long to be a model's name.
    """
    return _bare(model) if model and len(model) <= LONGEST else ""


@lru_cache(maxsize=1024)  # a trace names few models, each of them many times
def _bare(model: str) -> str:
    name = model.strip().lower().replace("%3a", ":").rpartition("/")[2]
    name = name.partition("[")[0]  # `claude-opus-4-8[1m]`: a client's own way to ask for a long context
    name = _without_prefix(name, _REGIONS)
    name = _without_prefix(name, _VENDORS)
    name = name.partition(":")[0]
    name = name.replace("@", "-")
    head, version, number = name.rpartition("-v")
    return head if version and number.isdecimal() and head.startswith("claude") else name


def canonical(model: str) -> str:
    """One spelling for all the ids of one model: `bare`, without its date, with the family in its usual place.

    `claude-haiku-4.5`, `claude-4.5-haiku-20251001` and `claude-haiku-4-5@20251001` all become `claude-haiku-4-5`;
    `gpt-4o-2024-08-06` becomes `gpt-4o`.
    """
    return _canonical(bare(model))


@lru_cache(maxsize=1024)
def _canonical(name: str) -> str:
    name = _undated(name)
    for suffix in ("-latest", "-default"):
        name = name.removesuffix(suffix)
    if name.startswith("claude-"):
        name = _family_first(name.replace(".", "-"))
    return _ALIASES.get(name, name)


def maker_of(model: str) -> str:
    """Who alone can have made this model (`anthropic`, `openai`, `google`), or "" for open weights and unknown names."""
    return _maker_of(canonical(model))


@lru_cache(maxsize=1024)
def _maker_of(name: str) -> str:
    for start, maker in _MAKERS:
        if name.startswith(start) and (start.endswith("-") or name[len(start) : len(start) + 1] in ("", "-")):
            return maker
    return ""


def _without_prefix(name: str, prefixes: tuple[str, ...]) -> str:
    for prefix in prefixes:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _undated(name: str) -> str:
    """Drop `-20250929` or `-2024-08-06` from the end."""
    parts = name.split("-")
    if len(parts) > 1 and len(parts[-1]) == 8 and _is_year(parts[-1][:4]) and parts[-1].isdecimal():
        return "-".join(parts[:-1])
    if len(parts) > 3 and [len(part) for part in parts[-3:]] == [4, 2, 2] and _is_year(parts[-3]) and "".join(parts[-2:]).isdecimal():
        return "-".join(parts[:-3])
    return name


def _is_year(text: str) -> bool:
    return text.isdecimal() and text.startswith("20")


def _family_first(name: str) -> str:
    """`claude-4-5-haiku` is `claude-haiku-4-5`; generations 1 to 3 really were named number first."""
    parts = name.split("-")
    numbers = [part for part in parts[1:] if part.isdecimal()]
    words = [part for part in parts[1:] if not part.isdecimal()]
    if len(words) == 1 and numbers and parts[1].isdecimal() and int(parts[1]) >= 4:
        return "-".join(("claude", *words, *numbers))
    return name
