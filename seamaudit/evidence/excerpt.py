"""Excerpts: a short stretch of text around the character at which two versions part."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from seamaudit.evidence.mask import mask, value_at, value_label
from seamaudit.evidence.redaction import Secret, label, secrets
from seamaudit.evidence.safe import sanitize
from seamaudit.trace import Locus
from seamaudit.trace.prefix import common_prefix

BEFORE = 24
"""Characters shown before the difference."""
AFTER = 40
"""Characters shown from the difference on."""
CONTEXT = 2000
"""Characters on either side that are searched for secrets, so that none is cut where its shape no longer shows."""
LONGEST_CLUSTER = 16
"""Characters of one grapheme that are kept together."""
ZERO_WIDTH_JOINER = "\u200d"


class EvidenceRef(Struct, frozen=True):
    """Where a finding's evidence stands: what it was, what it is now, and the byte at which both part, as a layer measured it."""

    was: Locus | None = None
    now: Locus | None = None
    diverges_at: int | None = None


class Excerpt(Struct, frozen=True):
    """Text that is safe to print and the index in it of the first differing character, None where nothing differs."""

    text: str
    at: int | None = None


class Evidence(Struct, frozen=True):
    """The excerpts of both versions; `note` says why one is missing, or what else to know."""

    was: Excerpt | None = None
    now: Excerpt | None = None
    note: str = ""


def first_difference(was: str, now: str) -> int:
    """Index of the first character in which two texts differ; the shorter one's length where it begins the other."""
    return common_prefix(was, now)


def excerpt(text: str, at: int | None, show_content: bool) -> Excerpt:
    """Some sixty characters of a text around index `at`, or its beginning where `at` is None; credentials never show.

    Without `show_content` the text is masked: what shows is its shape, the providers' own words and, at the difference
    itself, a clock value, some characters of an identifier, or how long the differing word is.
    """
    point = _cluster_start(text, min(at or 0, len(text)))
    low = max(0, point - CONTEXT)
    window = text[low : point + CONTEXT]
    point -= low
    labels = _labels(window, None if at is None or show_content else point)
    start, stop = _bounds(window, point, labels)
    shown = window if show_content else mask(window)
    out = "…" if low + start else ""
    caret = None
    cursor = start
    for hidden, name in (*labels, (Secret(stop, stop, ""), "")):
        if not start <= hidden.start <= hidden.stop <= stop:
            continue
        if caret is None and point <= hidden.stop:
            caret = len(out) + len(sanitize(shown[cursor : min(point, hidden.start)]))
        out += sanitize(shown[cursor : hidden.start]) + name
        cursor = hidden.stop
    out += "…" if low + stop < len(text) else ""
    return Excerpt(out, None if at is None else caret)


def _labels(window: str, point: int | None) -> list[tuple[Secret, str]]:
    """The stretches of a window that are not shown and what stands in their place: secrets, and the value at `point`."""
    found = [(secret, sanitize(label(secret.kind, window[secret.start : secret.stop]))) for secret in secrets(window)]
    value = None if point is None else value_at(window, point)
    if point is None or value is None or any(value.start < secret.stop and secret.start < value.stop for secret, _ in found):
        return found
    return sorted([*found, (value, sanitize(value_label(value, window, point)))], key=lambda entry: entry[0].start)


def _bounds(window: str, point: int, labels: Sequence[tuple[Secret, str]]) -> tuple[int, int]:
    """Where the excerpt begins and ends in its window: no label and no grapheme is cut."""
    start = _cluster_start(window, max(0, point - BEFORE))
    stop = _cluster_stop(window, min(len(window), point + AFTER))
    for hidden, _ in labels:
        if hidden.start < start < hidden.stop:
            start = hidden.start
        if hidden.start < stop < hidden.stop:
            stop = hidden.stop
    return start, stop


def _cluster_start(text: str, at: int) -> int:
    for back in range(min(at, LONGEST_CLUSTER) + 1):
        if not _joins(text, at - back):
            return at - back
    return at


def _cluster_stop(text: str, at: int) -> int:
    for ahead in range(LONGEST_CLUSTER):
        if not _joins(text, at + ahead):
            return at + ahead
    return at


def _joins(text: str, at: int) -> bool:
    """Whether the characters on both sides of index `at` belong to one grapheme."""
    if not 0 < at < len(text):
        return False
    after = text[at]
    return (
        unicodedata.category(after) in ("Mn", "Me", "Mc")
        or after == ZERO_WIDTH_JOINER
        or text[at - 1] == ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
    )
