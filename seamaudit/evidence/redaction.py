"""Credentials and addresses: found by their shape, replaced by type, first four characters and length."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

KEPT = 4
"""Characters of a secret that stay, so that its owner can tell which one it is."""
SHORT = 4 * KEPT
"""Secrets shorter than this keep none: people choose those, and the beginning gives them away."""

MIN_HEX = 32
"""Hex digits in a row that are taken for a key or a digest."""
MIN_HEX_ENTROPY = 3.0
"""Bits a digit, of 4 possible: below it the run is padding or a counter."""
MIN_BASE64 = 40
"""Base64 characters in a row that may be a key; AWS secret keys, the shortest in use, have 40."""
MIN_BASE64_ENTROPY = 4.2
"""Bits a character, of 6 possible: below it the run is a path or prose."""


class Secret(Struct, frozen=True):
    """A stretch `start:stop` of a text that must not be printed, and what kind of secret its shape tells."""

    start: int
    stop: int
    kind: str


_PASSWORD = (
    r"(?i:passw(?:or)?d|passwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret)"
    r"\\{0,2}[\"']?\s{0,8}[:=]\s{0,8}"
)
_ASKED = "passw secret key token"
_SHAPES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, tuple(words.split()), re.compile(pattern))
    for kind, words, pattern in (
        (
            "private key",
            "-----begin",
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z -]{0,12}[\s\S]{0,20000}?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)",
        ),
        ("jwt", "eyj", r"\beyJ[\w-]{8,8000}\.[\w-]{2,8000}(?:\.[\w-]{0,8000}){0,3}"),
        ("anthropic key", "sk-ant-", r"sk-ant-[\w-]{8,200}"),
        ("api key", "sk- sk_ pk- pk_ rk- rk_", r"\b(?:sk|pk|rk)[-_](?=[\w-]{0,250}\d)[\w-]{16,250}"),
        ("github token", "gho_ ghp_ ghs_ ghu_ ghr_ github_pat_", r"\b(?:gh[opsur]_[A-Za-z0-9]{16,255}|github_pat_\w{20,255})"),
        ("gitlab token", "glpat-", r"\bglpat-[\w-]{16,64}"),
        ("aws key id", "akia asia abia acca", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,32}"),
        ("slack token", "xox xapp-", r"\bxox[a-z](?:-[\w-]{8,250}|e\.[\w-]{8,250})|\bxapp-[\w-]{8,250}"),
        ("slack webhook", "hooks.slack", r"hooks\.slack\.com/[\w/-]{8,200}"),
        ("google key", "aiza ya29.", r"\bAIza[\w-]{16,64}|\bya29\.[\w-]{16,2000}"),
        (
            "api key",
            "hf_ gsk_ r8_ npm_ pplx- xai- tvly- nvapi- pypi- dop_v1_ shp lin_api_ sg.",
            r"\b(?:hf_|gsk_|r8_|npm_|pplx-|xai-|tvly-|nvapi-|pypi-|dop_v1_|shp(?:at|ca|pa|ss)_|lin_api_|SG\.)[\w.-]{16,300}",
        ),
        ("bearer token", "bearer", r"(?i:\bbearer)\s{1,8}(?P<value>(?=\S{0,4000}\d)[\w.~+/-]{8,4000}={0,2})"),
        ("basic login", "auth", r"(?i:authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?basic)\s{1,8}(?P<value>[\w+/-]{4,4000}={0,2})"),
        ("url password", "://", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:(?P<value>[^\s/@\"'<>]{1,300})@"),
        ("password", _ASKED, rf"{_PASSWORD}\\{{0,2}}[\"'](?P<value>[^\"'\\\n]{{6,500}})"),
        ("password", _ASKED, rf"{_PASSWORD}(?P<value>[^\s\"'\\,;&<>(){{}}]{{6,500}})"),
        ("email", "@", r"[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"),
    )
)
"""Kinds of secrets: words of which every one holds at least one, whatever the case of its letters, and the shape."""

_HEX = re.compile(rf"(?<![A-Za-z0-9])[0-9a-fA-F]{{{MIN_HEX},8192}}(?![A-Za-z0-9])")
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{MIN_BASE64},8192}}={{0,2}}")


def secrets(text: str) -> list[Secret]:
    """The secrets of a text in order, none overlapping another; where shapes overlap the first and longest stands."""
    found = sorted((*_shaped(text), *_random(text)), key=lambda secret: (secret.start, -secret.stop))
    kept: list[Secret] = []
    for secret in found:
        if not kept or secret.start >= kept[-1].stop:
            kept.append(secret)
        elif secret.stop > kept[-1].stop:
            kept[-1] = Secret(kept[-1].start, secret.stop, kept[-1].kind)
    return kept


def redact(text: str) -> str:
    """The text with every secret replaced by `‹kind first… length›`."""
    parts: list[str] = []
    at = 0
    for secret in secrets(text):
        parts += (text[at : secret.start], label(secret.kind, text[secret.start : secret.stop]))
        at = secret.stop
    return "".join((*parts, text[at:]))


def label(kind: str, value: str) -> str:
    """What stands in a secret's place: its kind, its first characters and its length."""
    first = f"{value[:KEPT]}… " if len(value) >= SHORT else ""
    return f"‹{kind} {first}{len(value)}›"


def _shaped(text: str) -> Iterator[Secret]:
    folded = text.casefold()
    for kind, words, pattern in _SHAPES:
        if not any(word in folded for word in words):
            continue  # a shape takes a hundred times as long to be looked for as a word
        for match in pattern.finditer(text):
            start, stop = match.span("value" if "value" in pattern.groupindex else 0)
            yield Secret(start, stop, kind)


def _random(text: str) -> Iterator[Secret]:
    for match in _HEX.finditer(text):
        if _entropy(match.group()) >= MIN_HEX_ENTROPY:
            yield Secret(match.start(), match.end(), "hex")
    for match in _BASE64.finditer(text):
        if _mixed(match.group()) and not _parted(match.group()) and _entropy(match.group()) >= MIN_BASE64_ENTROPY:
            yield Secret(match.start(), match.end(), "base64")


def _mixed(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isupper, value)) and any(map(str.islower, value))


def _parted(value: str) -> bool:
    """Whether it has more separators than chance gives: a path or a name made of words."""
    return sum(map(value.count, "/-_")) * 12 > len(value)


def _entropy(value: str) -> float:
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
