"""Work that nobody waits for."""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_IDLE: Final = 0.1
"""Seconds after which a thread without work ends: a client that nobody closes leaves none behind, and a process waits no longer for it."""


class Background(Generic[T]):
    """Hands items to `work` one after the other, in a thread that lives while there are any; what is waiting at the end of the process is
    still done. `work` must not raise. A process that is forked begins with nothing waiting: the items are its parent's."""

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._begin()
        if hasattr(os, "register_at_fork"):
            begin = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: call() if (call := begin()) else None)

    def put(self, item: T) -> None:
        """Leave an item to the thread. Raises RuntimeError where the interpreter is ending and starts no thread any more."""
        self._add(item)

    def flush(self, seconds: float) -> bool:
        """Wait until what was put before is done; False where that took longer."""
        done = threading.Event()
        self._add(done)
        return done.wait(seconds)

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a stream that is collected as garbage ends its call wherever that happens, here too
        self._waiting: queue.SimpleQueue[T | threading.Event] = queue.SimpleQueue()
        self._running = False

    def _add(self, item: T | threading.Event) -> None:
        with self._lock:
            self._waiting.put(item)
            if self._running:
                return
            self._running = True
            try:
                threading.Thread(target=self._run, name="seamaudit-record", daemon=False).start()
            except RuntimeError:
                self._running = False
                raise

    def _run(self) -> None:
        while True:
            try:
                item = self._waiting.get(timeout=_IDLE)
            except queue.Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._running = False
                        return
                continue
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._work(item)
