"""The transport that a recording wraps where none is given: what a client would have had without it."""

from __future__ import annotations

import socket
from types import ModuleType
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

_CONNECTIONS: Final = 1000
_KEPT: Final = 100
"""Connections at once, and kept open: the official SDKs' (`DEFAULT_CONNECTION_LIMITS`)."""
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
"""TCP keep-alive as in the official SDKs (`DefaultHttpxClient`): a long answer outlives idle gateways."""


class Direct:
    """Chooses the proxy of the environment as clients do: given a transport, they leave that to it. One transport a proxy."""

    def __init__(self, library: ModuleType, transport: str) -> None:
        self._library = library
        self._make = getattr(library, transport)
        self._proxies = getproxies()
        self._routes: dict[tuple[str, str, int | None], str | None] = {}
        self._transports: dict[str | None, Any] = {}

    def to(self, url: Any) -> Any:
        """The transport for a URL."""
        place = (url.scheme, url.host, url.port)
        if place not in self._routes:
            self._routes[place] = self._proxy(*place)
        proxy = self._routes[place]
        if proxy not in self._transports:
            self._transports.setdefault(proxy, self._transport(proxy))
        return self._transports[proxy]

    @property
    def opened(self) -> tuple[Any, ...]:
        """The transports that were used."""
        return tuple(self._transports.values())

    def _proxy(self, scheme: str, host: str, port: int | None) -> str | None:
        found = self._proxies.get(scheme) or self._proxies.get("all")
        if not found or proxy_bypass(f"{host}:{port}" if port else host):
            return None
        return found if "://" in found else f"http://{found}"

    def _transport(self, proxy: str | None) -> Any:
        limits = self._library.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_KEPT)
        return self._make(proxy=proxy, limits=limits, socket_options=_socket_options())


def _socket_options() -> list[tuple[int, int, int]]:
    known = [(getattr(socket, name, None), value) for name, value in _KEEPALIVE]
    options = [(socket.IPPROTO_TCP, option, value) for option, value in known if option is not None]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]
