"""Work items over anything with the face of `concurrent.futures.Executor`: results in the order of the items, and an item that a worker
dies over is tried again, alone, before it is given up by name.

An item must be picklable and idempotent: it may be begun several times, and by several workers.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from importlib import import_module
from itertools import islice
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from msgspec import Struct

from seamaudit.errors import SeamauditError, UsageError

TRIES: Final = 3
"""How often an item is begun before it is given up."""
AHEAD: Final = 2
"""Items under way for each worker: one that it works at, and one that waits for it."""
FORK: Final = "fork"
DASK: Final = "dask://"
CONNECT: Final = "20s"
"""How long a scheduler is waited for."""

T = TypeVar("T")
R = TypeVar("R")


class Died(Struct, frozen=True):
    """What is given in place of a result that every worker died over."""


DIED: Final = Died()


class Pool(Struct):
    """Workers, and what is done where one of them dies. `make` gives an executor, again where one broke; `deaths` are the errors by which
    it says that a worker is gone: any other error is the work's own, and raised. `forks` says that its workers can be forked from here."""

    workers: int
    make: Callable[[], Executor]
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)
    forks: bool = False
    _executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._let_go()

    def holding(self, value: Any) -> Pool | None:
        """Workers that hold a value as it is here, which costs nothing; None where workers cannot be forked. `held` gives it to them."""
        if not self.forks:
            return None
        self._let_go()
        if _way() != FORK:
            return None
        return Pool(self.workers, lambda: ProcessPoolExecutor(self.workers, multiprocessing.get_context(FORK), _settle_in, (value,)))

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R | Died]:
        """The results of `work` on every item, in order, DIED in place of one that is given up.

        The first items are begun at once; others are taken from `items` little ahead of the results, so that neither pile up.
        """
        coming = iter(items)
        waiting: deque[tuple[T, Future[R]]] = deque()
        self._fill(waiting, work, coming)
        return self._results(waiting, work, coming)

    def _results(self, waiting: deque[tuple[T, Future[R]]], work: Callable[[T], R], coming: Iterator[T]) -> Iterator[R | Died]:
        try:
            while waiting:
                item, future = waiting.popleft()
                result = self._result(work, item, future)
                self._fill(waiting, work, coming)
                yield result
        finally:
            for _, future in waiting:
                future.cancel()

    def _fill(self, waiting: deque[tuple[T, Future[R]]], work: Callable[[T], R], coming: Iterator[T]) -> None:
        waiting.extend((item, self._begun(work, item)) for item in islice(coming, self.workers * AHEAD - len(waiting)))

    def _begun(self, work: Callable[[T], R], item: T) -> Future[R]:
        try:
            return self._submitted(work, item)
        except BrokenExecutor:  # by another item's death
            self._let_go()
            return self._submitted(work, item)

    def _submitted(self, work: Callable[[T], R], item: T) -> Future[R]:
        if self._executor is None:
            self._executor = self.make()
        return self._executor.submit(work, item)

    def _result(self, work: Callable[[T], R], item: T, future: Future[R]) -> R | Died:
        try:
            return future.result()
        except BrokenExecutor:
            self._let_go(cancel=False)
        except self.deaths:
            pass
        return self._alone(work, item)

    def _alone(self, work: Callable[[T], R], item: T) -> R | Died:
        """The result of an item that died, perhaps with another that was at fault: by itself it is plain whose fault it is."""
        for _ in range(TRIES - 1):
            executor = self.make()
            try:
                return executor.submit(work, item).result()
            except self.deaths:
                continue
            finally:
                executor.shutdown(cancel_futures=True)
        return DIED

    def _let_go(self, *, cancel: bool = True) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(cancel_futures=cancel)


def cores() -> int:
    """How many processes can run at a time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(workers: int) -> Pool:
    """A pool of processes on this machine."""
    return Pool(
        workers, lambda: ProcessPoolExecutor(workers, multiprocessing.get_context(_way()), _settle_in), forks=sys.platform == "linux"
    )


def _way() -> str:
    """Forked processes begin at once, and are safe where no other thread runs that may hold a lock."""
    if sys.platform == "linux" and threading.active_count() == 1:
        return FORK
    return "spawn"


_held: list[Any] = []


def held() -> Any:
    """What this worker holds. Raises IndexError outside of one that was made by `Pool.holding`."""
    return _held[0]


def _settle_in(value: Any = None) -> None:
    """What a worker does first: leave an interrupt to its parent, and end with it, however that ends."""
    _held[:] = [value]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class _OfCluster(Executor):
    """A cluster's executor with the whole of the face."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=wait and not cancel_futures)


@contextlib.contextmanager
def connected(address: str) -> Iterator[Pool]:
    """A pool of the workers behind `dask://HOST:PORT`.

    Whoever can reach that scheduler can run code on its workers, and it can run code here: what goes between is pickled. Raises UsageError
    for another kind of address, or where dask is not installed; SeamauditError where nobody answers.
    """
    if not address.startswith(DASK) or len(address) == len(DASK):
        raise UsageError(f"not an executor: {address!r}", "Name one as dask://HOST:PORT.")
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise UsageError("dask is not installed", "Install it with: pip install 'seamaudit[dask]'.") from None
    try:
        client: Any = distributed.Client("tcp://" + address.removeprefix(DASK), timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SeamauditError(f"no dask scheduler answers at {address!r}", type(error).__name__) from None
    with client:
        workers = sum(int(threads) for threads in client.nthreads().values())
        if not workers:
            raise SeamauditError(f"the dask scheduler at {address!r} has no workers", "Start some with: dask worker HOST:PORT.")
        deaths = (import_module("distributed.scheduler").KilledWorker, BrokenExecutor)
        with Pool(workers, lambda: _OfCluster(client.get_executor(pure=False)), deaths) as pool:
            yield pool
