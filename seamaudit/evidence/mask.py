"""Masking: what is shown of trace text as long as nobody asked for its content."""

from __future__ import annotations

import re

from seamaudit.evidence.redaction import Secret
from seamaudit.trace.textdiff import CLOCK, IDENTIFIER

KEPT_IDENTIFIER = 4
"""Characters of an identifier that are shown, from the first one that differs."""

_VALUES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("clock", CLOCK),
    ("id", IDENTIFIER),
    ("digit number", re.compile(r"(?<!\w)\d{1,200}(?!\w)")),
    ("letter word", re.compile(r"\w{1,200}")),
)
REACH = 240
"""Characters on either side of a difference in which its value is looked for."""

_WORDS = """
    additionalProperties allOf anyOf arguments array assistant base64 boolean cache_control call_id citations content custom data
    default description developer document enum ephemeral false file format function functionCall functionDeclarations
    functionResponse function_call function_call_output id image image_url index input input_schema input_text integer is_error
    items json json_schema max_tokens maximum media_type messages minimum model name null number object oneOf output output_text
    parameters parts pattern properties reasoning redacted_thinking refusal required response role schema server_tool_use
    signature source strict string summary system text thinking title tool tool_call_id tool_calls tool_choice tool_result
    tool_use tool_use_id tools true ttl type url user web_search
"""
PROTOCOL_WORDS = frozenset(_WORDS.split())
"""Words of the providers' own languages: in quotes they show a change of structure and say nothing about content."""

_QUOTED = rf'"(?:{"|".join(sorted(PROTOCOL_WORDS, key=len, reverse=True))})\\{{0,3}}"'
_MASKABLE = re.compile(rf'{_QUOTED}|\\[nrt"\\]|[A-Za-z0-9]|[^\x00-\x7f]')


def mask(text: str) -> str:
    """The text, character for character, with letters as `x` or `X`, digits as `0` and all beyond ASCII as either or `·`.

    Punctuation and white space stay, and so do the providers' own words where they stand in quotes.
    """
    return _MASKABLE.sub(_masked, text)


def value_at(text: str, point: int) -> Secret | None:
    """The clock value, identifier, number or word that covers or touches index `point`, unless it is a provider's own word."""
    touching = None
    for kind, pattern in _VALUES:
        for match in pattern.finditer(text, max(0, point - REACH), point + REACH):
            if kind == "id" and match.group().isdigit():
                continue  # an identifier or an amount: how long it is, and no digit of it, shows
            if match.start() <= point < match.end():
                return None if _is_protocol(text, match) else Secret(match.start(), match.end(), kind)
            if match.end() == point and touching is None and not _is_protocol(text, match):
                touching = Secret(match.start(), match.end(), kind)
    return touching


def value_label(value: Secret, text: str, point: int) -> str:
    """What stands in a value's place: clock values whole, identifiers by some characters, all else by kind and length."""
    found = text[value.start : value.stop]
    if value.kind == "clock":
        return f"‹clock {found}›"
    if value.kind == "id":
        first = max(0, min(point - value.start, len(found) - KEPT_IDENTIFIER))
        return f"‹{value.kind} …{found[first : first + KEPT_IDENTIFIER]}…›"
    return f"‹{len(found)}-{value.kind}›"


def _masked(match: re.Match[str]) -> str:
    found = match.group()
    if len(found) > 1:
        return found
    if found.isdigit():
        return "0"
    if found.isalpha():
        return "X" if found.isupper() else "x"
    return "·"


def _is_protocol(text: str, match: re.Match[str]) -> bool:
    return match.group() in PROTOCOL_WORDS and text[match.start() - 1 : match.start()] == '"'
