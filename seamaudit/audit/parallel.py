"""The same run by several processes: parts of the input are read apart, threads are replayed apart, and so are fixes.

Whatever is done apart is put together in the order in which one process would have done it, so that nobody can tell.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from msgspec import Struct, field

from seamaudit.audit.running import Running, Told
from seamaudit.audit.stack import Stack
from seamaudit.config import Settings
from seamaudit.findings import Skipped
from seamaudit.ingest.formats.base import Found
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.packed import pack, unpack
from seamaudit.ingest.parts import How, Part, Readings, divide, read_part, weigh
from seamaudit.ingest.prints import adopt
from seamaudit.ingest.read import Reading
from seamaudit.layers.base import Scope
from seamaudit.pool import Died, Pool, connected, held, processes
from seamaudit.seams.fixes import Plan, Replay, replays
from seamaudit.trace import Exchange, Source

SMALL: Final = 64 << 20
"""Bytes of input that one process is done with before several have begun."""
LEAST: Final = 4 << 20
MOST: Final = 64 << 20
"""Bytes that a process reads at a time, where nobody says how many: at least and at most."""
PART: Final = 512
"""What is told at so many exchanges goes together."""
SHARE: Final = 4
"""Parts for each process, so that none waits long for the last one."""


class Crew(Struct):
    """The processes that work at a run, how much one of them reads at a time, and what had to be given up."""

    pool: Pool
    part_bytes: int
    given_up: list[Skipped] = field(default_factory=list)

    def read(self, reading: Reading, sources: Sequence[Source], how: How) -> Iterator[Found]:
        """What the sources hold, as `reading` would have found it, and its books kept."""
        together = Readings(reading)
        for part, data in self._read(how, divide(sources, reading.reader, how, self.part_bytes)):
            if isinstance(data, Died):
                self._give_up([source.path for source in part.sources], "lines")
                yield from together.give_up(part)
            else:
                yield from together.take(part, data)
        reading.intern.forget()
        reading.accounting.check()

    def _read(self, how: How, parts: Iterable[Part]) -> Iterator[tuple[Part, bytes | Died]]:
        """Every part with what it gave; sources that died together are tried one by one."""
        known = list(parts)
        work = partial(read_part, how)
        for part, data in zip(known, self.pool.each(work, known), strict=True):
            if isinstance(data, Died) and len(part.sources) > 1:
                yield from self._read(how, (Part((source,), 0) for source in part.sources))
            else:
                yield part, data

    def replay(self, stack: Stack, exchanges: Sequence[Exchange], intern: Interner) -> Iterator[Iterable[Told]]:
        """What the layers of threads tell of the exchanges, share by share, each in its order; begun at once."""
        shares = _shares(exchanges, self.pool.workers * 2)
        return self._told(shares, self._worked(partial(replay_threads, stack), shares, intern), stack)

    def _told(self, shares: Sequence[Sequence[Exchange]], results: Iterator[bytes | Died], stack: Stack) -> Iterator[Iterable[Told]]:
        for share, data in zip(shares, results, strict=True):
            if isinstance(data, Died):
                names = sorted({exchange.locus.source for exchange in share})
                self._give_up([stack.sources[index].path for index in names], "conversations")
            else:
                parts: list[bytes] = unpack(data, Interner())
                yield chain.from_iterable(unpack(part, Interner()) for part in parts)

    def _worked(self, work: Callable[[Interner, Any], bytes], shares: Sequence[Any], intern: Interner) -> Iterator[bytes | Died]:
        """The results of `work` on every share: of forked workers, who hold all of them already, else of those who are sent theirs."""
        heirs = self.pool.holding((intern, shares))
        if heirs is None:
            return self.pool.each(partial(_on_packed, work), (pack(share, intern) for share in shares))
        results = heirs.each(partial(_on_held, work), range(len(shares)))

        def until_done(heirs: Pool) -> Iterator[bytes | Died]:
            with heirs:
                yield from results

        return until_done(heirs)

    def fixes(self, stack: Stack, intern: Interner, plans: Sequence[Plan]) -> Iterator[Replay | None]:
        """What the plans come to, in their order."""
        if not plans:
            return iter(())
        shares = _plan_shares(plans, self.pool.workers)
        results = self._worked(partial(replay_plans, stack), [[plans[at] for at in share] for share in shares], intern)
        found: dict[int, Replay] = {}
        for share, data in zip(shares, results, strict=True):
            if isinstance(data, Died):
                paths = {stack.sources[call.exchange.locus.source].path for at in share for call in plans[at].group.calls}
                self._give_up(sorted(paths), "fixes")
            else:
                found.update(zip(share, unpack(data, Interner()), strict=True))
        return (found.get(at) for at in range(len(plans)))

    def _give_up(self, paths: Iterable[str], what: str) -> None:
        self.given_up += (Skipped(path, f"some {what} are unaudited: the processes that worked at them died", True) for path in paths)


@contextmanager
def hired(settings: Settings, sources: Sequence[Source]) -> Iterator[Crew | None]:
    """The processes that a run is worth, None where that is one."""
    try:
        total = sum(map(weigh, sources))
    except OSError:  # standard input, or a pipe: nobody else can read it
        yield None
        return
    enough = settings.part_bytes is not None or settings.executor is not None or total >= SMALL
    if not enough or (settings.jobs <= 1 and settings.executor is None):
        yield None
        return
    with connected(settings.executor) if settings.executor else processes(settings.jobs) as pool:
        yield Crew(pool, settings.part_bytes or min(MOST, max(LEAST, total // (pool.workers * SHARE) + 1)))


def replay_threads(stack: Stack, intern: Interner, exchanges: Sequence[Exchange]) -> bytes:
    """Feed the exchanges of whole threads to the layers of threads: a piece of work. What they tell is packed in parts, so that nobody has
    to unpack it at once."""
    adopt(stack.key)
    running = Running((at, make) for at, make in enumerate(stack.layers(intern, stack.price_book())) if make().scope is Scope.THREAD)
    told = running.run(list(exchanges))
    return pack([pack(part, Interner()) for part in iter(lambda: list(islice(told, PART)), [])], Interner())


def replay_plans(stack: Stack, intern: Interner, plans: Sequence[Plan]) -> bytes:
    """Replay fixes: a piece of work."""
    return pack(replays(plans, stack.price_book(), intern.texts.get), Interner())


def _on_packed(work: Callable[[Interner, Any], bytes], data: bytes) -> bytes:
    intern = Interner()
    share = unpack(data, intern)
    return work(intern, share)


def _on_held(work: Callable[[Interner, Any], bytes], at: int) -> bytes:
    intern, shares = held()
    return work(intern, shares[at])


def _shares(exchanges: Sequence[Exchange], count: int) -> list[list[Exchange]]:
    """The exchanges in at most so many shares of about one size, threads whole and in order."""
    sizes = Counter(exchange.thread.id for exchange in exchanges)
    bins = _bins({thread: float(size) for thread, size in sizes.items()}, count)
    shares: defaultdict[int, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        shares[bins[exchange.thread.id]].append(exchange)
    return [shares[at] for at in sorted(shares)]


def _plan_shares(plans: Sequence[Plan], count: int) -> list[list[int]]:
    """The plans in at most so many shares of about one size. Those of one group stay together: they share the replay of what was sent,
    which takes as long as two of them."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for at, plan in enumerate(plans):
        groups[id(plan.group)].append(at)
    sizes = {str(group): float(len(plans[members[0]].group.calls) * (2 + len(members))) for group, members in groups.items()}
    shares: defaultdict[int, list[int]] = defaultdict(list)
    for group, at in _bins(sizes, count).items():
        shares[at] += groups[int(group)]
    return [sorted(shares[at]) for at in sorted(shares)]


def _bins(sizes: dict[str, float], count: int) -> dict[str, int]:
    """Which of so many bins each goes to, the largest first into the emptiest."""
    filled = [0.0] * count
    out: dict[str, int] = {}
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        at = filled.index(min(filled))
        out[name] = at
        filled[at] += size
    return out
