"""Times and durations in the spellings recorders use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_MILLIS_FROM = 10**11
_NANOS_FROM = 10**17
_MOST = 10**21
"""The largest number that is believed to be a time, in any unit; a recording may hold one that no float does."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def moment(value: Any) -> float | None:
    """Seconds since the epoch from a number (s, ms or ns) or an ISO 8601 or HTTP date; None where it is neither.

    A time without a zone is taken as UTC.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if not 0 < value <= _MOST:
            return None
        return float(value) / (1e9 if value > _NANOS_FROM else 1e3 if value > _MILLIS_FROM else 1.0)
    if not isinstance(value, str) or len(value) > 64:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(value)
        except (ValueError, TypeError, OverflowError):
            continue
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    try:
        return moment(float(value))
    except ValueError:
        return None


def seconds(value: Any, unit: float = 1.0) -> float | None:
    """A duration in seconds from a number in `unit` or a text such as `529.2ms` or `1m3.5s`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value * unit if abs(value) <= _MOST else None
    if isinstance(value, str) and len(value) <= 32:
        parts = _DURATION.findall(value)
        if parts and "".join(number + name for number, name in parts) == value:
            return sum(float(number) * _UNITS[name] for number, name in parts)
    return None
