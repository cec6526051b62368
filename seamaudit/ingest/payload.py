"""HTTP bodies as recorders keep them: encoded, compressed, in parts."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import zstandard

from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.respelled import LARGEST
from seamaudit.providers.hosts import UNKNOWN, provider_of


def text(body: str | bytes, headers: Mapping[str, Any]) -> str | None:
    """A body as text: decompressed where its headers or its first bytes say so; None where it cannot be, or is too large."""
    if isinstance(body, str):
        return body
    encoding = word(header(headers, "content-encoding")).lower()
    data: bytes | None = body
    if body.startswith(b"\x1f\x8b"):
        data = _inflated(body, 31)
    elif encoding == "deflate":
        data = _inflated(body, 15)
    elif body.startswith(zstandard.FRAME_HEADER):
        data = _unzstd(body)
    elif encoding == "br":
        return None
    return data.decode("utf-8", "replace") if data is not None else None


def unpacked(spelled: str) -> bytes | None:
    """Base64, None where it is none."""
    try:
        return base64.b64decode("".join(spelled.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def header(headers: Mapping[str, Any], name: str) -> Any:
    """A header by its lower-case name; of several values the first."""
    value = next((held for key, held in headers.items() if isinstance(key, str) and key.lower() == name), None)
    return value[0] if isinstance(value, list) and value else value


def named_headers(given: Any) -> dict[str, Any]:
    """Headers as an object, whether they were listed or not."""
    if isinstance(given, dict):
        return {key: held for key, held in given.items() if isinstance(key, str)}
    listed: Iterable[dict[str, Any]] = map(fields, items(given))
    return {word(each.get("name")): each.get("value") for each in listed if word(each.get("name"))}


def is_providers(url: str) -> bool:
    """Whether a URL is one of a provider that is known, so that what is sent there and cannot be read is worth telling."""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return False
    return bool(host) and provider_of(host, "")[0] != UNKNOWN


def _inflated(body: bytes, window: int) -> bytes | None:
    try:
        data = zlib.decompressobj(wbits=window).decompress(body, LARGEST + 1)
    except zlib.error:
        return None
    return data if len(data) <= LARGEST else None


def _unzstd(body: bytes) -> bytes | None:
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body) as reader:
            data = reader.read(LARGEST + 1)
    except zstandard.ZstdError:
        return None
    return data if len(data) <= LARGEST else None
