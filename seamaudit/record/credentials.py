"""What is never written: credentials in headers, in addresses, and where bodies have a place for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import orjson

HIDDEN: Final = "[redacted]"

_NAMES: Final = re.compile(
    r"auth|cookie|secret|passw|signature|credential|token(?!s)|(?:api|access)[-_]?key|(?<!idempotency)[-_]key\Z|\A(?:key|sig|pwd)\Z", re.I
)
"""Names of headers and query parameters that hold credentials. Rate limits count `tokens`; an `idempotency-key` opens nothing."""
_VALUES: Final = re.compile(r"\b(?:bearer|basic)\s+\S+|\b(?:sk|pk|rk)[-_][\w-]{16,}|\beyJ[\w-]{8,}\.[\w.-]+|\bAIza[\w-]{16,}", re.I)
"""Credentials by their shape, under whatever name."""
_IN_BODIES: Final = ("authorization", "authorization_token", "headers")
"""Members of an MCP server or tool in which a request carries credentials to it. Sources: docs.anthropic.com mcp-connector
(`mcp_servers[].authorization_token`); platform.openai.com tools-connectors-mcp (`tools[].authorization`, `tools[].headers`)."""


def header(name: str, value: str) -> str:
    """A header's value as it may be written."""
    return HIDDEN if _NAMES.search(name) else _VALUES.sub(HIDDEN, value)


def address(url: str) -> str:
    """A URL without its user, its password and the credentials among its parameters."""
    parts = urlsplit(url)
    sent = parse_qsl(parts.query, keep_blank_values=True)
    told = [(name, header(name, value)) for name, value in sent]
    query = parts.query if told == sent else urlencode(told, quote_via=quote, safe="[]/:,")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], _VALUES.sub(HIDDEN, parts.path), query, ""))


def body(spelled: bytes) -> bytes:
    """A JSON body as it was sent, or respelled where it carried credentials to an MCP server. Raises ValueError where it is no JSON."""
    value = orjson.loads(spelled)
    if not any(b'"%b"' % name.encode() in spelled for name in _IN_BODIES) or not isinstance(value, dict):
        return spelled
    hidden = [_without(each) for each in _reached(value)]
    return orjson.dumps(value) if any(hidden) else spelled


def _reached(value: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The servers and tools of a request that are reached with credentials."""
    servers, tools = value.get("mcp_servers"), value.get("tools")
    yield from (each for each in servers if isinstance(each, dict)) if isinstance(servers, list) else ()
    yield from (each for each in tools if isinstance(each, dict) and each.get("type") == "mcp") if isinstance(tools, list) else ()


def _without(server: dict[str, Any]) -> bool:
    named = [name for name in _IN_BODIES if server.get(name)]
    server.update(dict.fromkeys(named, HIDDEN))
    return bool(named)
