"""What a simulated cache remembers, and the keys it remembers it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.providers.contracts import CacheContract
from seamaudit.trace import Exchange, Kind, Locus, Prefix, Usage, Zone
from seamaudit.trace.chain import every

Texts = Callable[[int], bytes | None]
"""Gives the text of a segment, None where it was never read as one."""


def no_text(segment: int) -> bytes | None:
    """Of no segment is the text at hand."""
    return None


Key = tuple[bytes, str]
"""A chain digest and the parameters that key its zone."""


def packed(key: Key) -> bytes:
    """A key in one piece, which takes half as much where many are kept: a digest is of one length."""
    return key[0] + key[1].encode("utf-8", "surrogatepass")


CHAIN: Final = 64
"""Earlier turns whose boundaries an older entry is looked for at."""
BAND: Final = 0.05
"""How far an apportioned token position may be off and still be taken for the read that was reported."""

_ORDER = {zone: at for at, zone in enumerate(Zone)}
_RUNS = frozenset({Kind.TOOL_CALL, Kind.TOOL_RESULT})


class Entry(Struct, frozen=True, gc=False):
    """A live cache entry; `tokens` is exact once usage has pinned it. Times are seconds since the epoch, None without a clock."""

    position: int
    tokens: int
    exact: bool
    life: float
    touched: float | None
    readable: float | None
    owner: int

    def pinned(self, reported: int) -> Entry:
        """The entry, its apportioned tokens those that were reported read, where these may be the same."""
        if reported == self.tokens or self.exact or abs(reported - self.tokens) > self.tokens * BAND:
            return self
        return replace(self, tokens=reported, exact=True)

    def is_readable(self, now: float | None) -> bool:
        """Whether a request sent at `now` can read it: its writer's answer has begun and its life is not over."""
        if now is None:
            return True
        if self.readable is not None and now < self.readable:
            return False
        return self.touched is None or now - self.touched <= self.life

    def is_pending(self, now: float | None) -> bool:
        """Whether a request sent at `now` came while the answer of its writer had not begun."""
        return now is not None and self.touched is not None and self.readable is not None and self.touched <= now < self.readable


class Extent(Struct, frozen=True, gc=False):
    """What one request left in the cache: up to its last marker (explicit) or its end (implicit). `read` is what it had read itself,
    which proves an entry that ends there; `chained` says that it repeats the cached part of the request `before` whole."""

    position: int
    tokens: int
    read: int
    size: int
    life: float
    touched: float | None
    readable: float | None
    params: str
    before: int
    chained: bool
    locus: Locus


def flipped(before: str, now: str) -> list[str]:
    """The names of the parameters that two spellings (`Answered.params`) do not share."""
    changed = set(before.split("\0")) ^ set(now.split("\0"))
    return sorted({each.partition("=")[0] for each in changed if each})


class Older:
    """What the turns before a request left, of which it repeats the whole, newest first: looked up as far as somebody looks. `extents` are
    those of all turns."""

    def __init__(self, newest: Extent | None, extents: Mapping[int, Extent]) -> None:
        self.newest = newest
        self._extents = extents

    def __iter__(self) -> Iterator[Extent]:
        extent = self.newest
        for _ in range(CHAIN):
            if extent is None:
                return
            yield extent
            extent = self._extents.get(extent.before) if extent.chained else None


class Answered(Struct, frozen=True, gc=False):
    """An exchange with what every simulation needs of it at hand."""

    exchange: Exchange
    usage: Usage
    contract: CacheContract

    @property
    def prefix(self) -> Prefix:
        """The prompt."""
        return self.exchange.request.prefix

    @property
    def started(self) -> float | None:
        """When it was sent."""
        return self.exchange.times.started

    @property
    def readable(self) -> float | None:
        """When its answer had surely begun: what it wrote can be read from then on (prompt-caching, concurrent requests)."""
        times = self.exchange.times
        return times.first_byte or times.ended

    @property
    def summed(self) -> bool:
        """Whether the provider ran tools of its own: its usage is then a sum over passes (Anthropic's server tools) and pins nothing."""
        response = self.exchange.response
        return response is not None and any(call.server for call in response.calls)

    def params(self, zone: Zone = Zone.MESSAGES) -> str:
        """The parameters that key the cache up to and including a zone."""
        given, zones = self.exchange.request.params, self.contract.invalidates
        names = sorted(name for name in given if name in zones and _ORDER[zones[name]] <= _ORDER[zone]) if given else ()
        return "\0".join(f"{name}={given[name]}" for name in names)

    def keys(self) -> Keys:
        """Cache keys at positions (counts of covered segments)."""
        return Keys(self)

    def every_key(self) -> list[bytes]:
        """Cache keys at every position, entry k over the first k segments, each `packed`."""
        digests, zones = every(self.prefix), (Zone.TOOLS, Zone.SYSTEM, Zone.MESSAGES)
        params = [packed((b"", self.params(zone))) for zone in zones]
        if not any(params):
            return digests
        ends = [0, *(self.prefix.zone_end(zone) + 1 for zone in zones)]
        return [digest + given for (start, stop), given in zip(pairwise(ends), params, strict=True) for digest in digests[start:stop]]


class Keys(dict[int, Key]):
    """One request's cache keys by position, each made when it is first asked for: most look-ups end near the end of a prompt."""

    def __init__(self, call: Answered) -> None:
        super().__init__()
        view = call.prefix.view
        self._call, self._digest = call, view.digest
        self._tools, self._system = view.zone_end(Zone.TOOLS), view.zone_end(Zone.SYSTEM)
        self._params: dict[Zone, str] = {}

    def __missing__(self, position: int) -> Key:
        zone = _zone(position, self._tools, self._system)
        params = self._params.get(zone)
        if params is None:
            params = self._params[zone] = self._call.params(zone)
        key = self[position] = self._digest(position), params
        return key


def _zone(position: int, tools: int, system: int) -> Zone:
    return Zone.TOOLS if position <= tools else Zone.SYSTEM if position <= system else Zone.MESSAGES


LONGEST_REACH: Final = 400
"""Positions a look-back goes through at most, however wide its runs of calls: more than any recorded fan-out."""


def reach(prefix: Prefix, position: int, contract: CacheContract) -> range:
    """The positions a marker looks at, its own first: `lookback` of them, where a run of tool calls or of results may count as one
    (platform.claude.com prompt-caching, lookback window)."""
    if not contract.run_collapse:
        return range(position, max(0, position - contract.lookback), -1)
    counted = 0
    after: Kind | None = None
    segments, ids = prefix.tape.segments, prefix.view.ids
    furthest = max(0, position - LONGEST_REACH)
    for at in range(position, furthest, -1):
        kind = segments[ids[at - 1]].kind
        if kind is not after or kind not in _RUNS:
            counted += 1
            if counted > contract.lookback:
                return range(position, at, -1)
            after = kind
    return range(position, furthest, -1)


def behind(prefix: Prefix, position: int, entry: int, *, collapse: bool) -> int:
    """How many positions a marker must look at above an entry before it comes to it; runs of calls counted as one where they collapse."""
    if not collapse:
        return position - entry
    last = max(entry, position - LONGEST_REACH + 1)
    kinds = [segment.kind for segment in prefix.segments(last - 1, position)]
    units = 1 + sum(kind is not after or kind not in _RUNS for after, kind in pairwise(kinds))
    return units - int(last == entry)


def size(prefix: Prefix, stop: int) -> int:
    """Bytes of the first `stop` positions."""
    return prefix.size(stop)
