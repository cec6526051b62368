"""JSON as it is found: parsed strictly and fast, else leniently with the reason kept."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson
import xxhash
from msgspec import Struct

MAX_DEPTH = 200
"""Deepest nesting that is read; orjson dumps no deeper than 253, so what is read can be written again."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")


_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")


class Parsed(Struct, frozen=True):
    """A JSON value and what had to be forgiven: `lone_surrogate`, `invalid_utf8`, `nul`."""

    value: Any
    broken: tuple[str, ...] = ()


class Unparsable(ValueError):
    """Text that is no JSON. `cause` is one of `not_json`, `too_deep`, `not_finite`."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def depth_of(data: bytes) -> int:
    """The nesting depth of JSON text; 0 where there are too few brackets to be too deep."""
    brackets = data.count(b"[") + data.count(b"{")
    if brackets <= MAX_DEPTH or brackets - data.count(b"[\\") - data.count(b"{\\") <= MAX_DEPTH:  # before a backslash one is text
        return 0
    depth = deepest = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def parse(data: bytes) -> Parsed:
    """Parse JSON text. Raises Unparsable with a cause; lone surrogates and invalid UTF-8 are forgiven and named."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _lenient(data)
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and depth_of(data) > MAX_DEPTH:
        raise Unparsable("too_deep")
    return Parsed(value, ("nul",) if _has_nul(data) else ())


def _lenient(data: bytes) -> Parsed:
    if depth_of(data) > MAX_DEPTH:
        raise Unparsable("too_deep")
    broken: list[str] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        broken.append("invalid_utf8")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unparsable(error.cause if isinstance(error, Unparsable) else "not_json") from None
    if _has_surrogate(value):
        broken.append("lone_surrogate")
    if not broken:
        _check_finite(value)
    if _has_nul(data):
        broken.append("nul")
    return Parsed(value, tuple(broken))


def _refuse(_: str) -> None:
    raise Unparsable("not_finite")


def _check_finite(value: Any) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise Unparsable("not_finite")


def _has_nul(data: bytes) -> bool:
    """Whether an escape stands for NUL; an escaped backslash before `u0000` (source code, say) makes none."""
    return b"\\u0000" in data and _NUL.search(data) is not None


def _has_surrogate(value: Any) -> bool:
    """Whether any text holds half a pair; whole pairs are what escapes are for."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8, which half a pair never is."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def ordered(value: Any) -> bytes:
    """The value in one spelling with its key order kept: the form cache keys are made of."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def trimmed(data: bytes) -> bytes:
    """A copy that takes no more memory than its length: orjson leaves what it wrote in a buffer of up to ten times that."""
    return bytes(memoryview(data))


def reread(spelled: bytes) -> Any:
    """The value that `ordered` gave in one spelling, half a surrogate pair where it held one."""
    try:
        return orjson.loads(spelled)
    except orjson.JSONDecodeError:
        return json.loads(spelled.decode("utf-8", "surrogatepass"))


def canonical(value: Any) -> bytes:
    """The value in one spelling with its keys sorted."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")


def spelled(value: Any) -> bytes:
    """The value in ASCII, so that a lone surrogate stays the escape it was."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def respelled(value: Any) -> bytes:
    """The value as JSON text to be parsed again: fast where it can be, in ASCII where half a pair stands in it."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return spelled(value)


digest = xxhash.xxh3_128_digest
"""16 bytes of xxh3-128: identity inside a run, never a secret."""
