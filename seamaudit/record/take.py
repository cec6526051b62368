"""One call as it goes by: what is kept of it, and the stream that shows it its body."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, Final

from seamaudit.record.line import Call
from seamaudit.record.recorder import Recorder

_LIBRARIES: Final = ("httpx2", "httpx")


def library_of(request: Any) -> ModuleType:
    """The library that a request is of. Raises LookupError for another's."""
    for each in type(request).__mro__:
        name = each.__module__.partition(".")[0]
        if name in _LIBRARIES:
            return sys.modules[name]
    raise LookupError("a request of an unknown library")


def is_recorded(request: Any) -> bool:
    """Whether a request is one that a model may be called with: a JSON document that is sent."""
    return bool(request.method == "POST" and "json" in request.headers.get("content-type", ""))


class Take:
    """Keeps what is needed of one call, until its response has ended or will not come."""

    def __init__(self, recorder: Recorder, request: Any) -> None:
        self._recorder = recorder
        self._library = library_of(request)
        self._wall, self._clock = time.time(), time.monotonic()
        self._conversation = recorder.conversation()
        self._request = request
        self._sent: bytes = request.content
        if len(self._sent) > recorder.max_body:
            raise OverflowError("a request too large to be recorded")
        self._held = len(self._sent) if recorder.hold(len(self._sent)) else 0
        self._response: Any = None
        self._chunks: list[bytes] | None = []
        self._size = 0
        self._first: float | None = None
        self._encoded = True
        self._written = not self._held

    def failed(self, error: BaseException) -> None:
        """No response came."""
        self.ended(error)

    def answered(self, response: Any, *, sync: bool) -> None:
        """A response has begun: its body is watched as the caller reads it."""
        with self._recorder.unharmed():
            self._response = response
            if response.is_closed:  # it came whole, as from a mock
                self._encoded = False
                self.chunk(response.content)
                self.ended()
            else:
                response.stream = _of_library(self._library, sync)(response.stream, self)

    def chunk(self, data: bytes) -> None:
        """A piece of the body has arrived."""
        with self._recorder.unharmed():
            if self._first is None and data:
                self._first = time.monotonic() - self._clock
            self._size += len(data)
            if self._chunks is None or self._written:
                return
            if self._size > self._recorder.max_body:
                self._recorder.lose("a response body too large")
                self._chunks = None
            elif self._recorder.hold(len(data)):
                self._held += len(data)
                self._chunks.append(data)
            else:
                self._chunks = None

    def ended(self, error: BaseException | None = None, *, left: bool = False) -> None:
        """The body is read, has broken off, or is left where it is; whichever comes first counts."""
        if self._written:
            return
        self._written = True
        with self._recorder.unharmed():
            self._recorder.write(self._call(time.monotonic() - self._clock, type(error).__name__ if error else "", left=left), self._held)

    def _call(self, duration: float, error: str, *, left: bool) -> Call:
        request, response = self._request, self._response
        return Call(
            library=self._library,
            method=request.method,
            url=str(request.url),
            sent_headers=request.headers.multi_items(),
            sent=self._sent,
            started=self._wall,
            duration=duration,
            first_byte=self._first,
            status=None if response is None else response.status_code,
            got_headers=() if response is None else response.headers.multi_items(),
            got=self._chunks,
            encoded=self._encoded,
            error=error,
            left=left,
            app=self._recorder.app,
            conversation=self._conversation,
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While a response is read: it ends with this, with an error, or is left."""
        try:
            yield
        except Exception as error:
            self.ended(error)
            raise
        except BaseException:
            self.ended(left=True)
            raise
        self.ended()


class Tee:
    """A response's stream that shows every piece to a take on its way to the caller."""

    def __init__(self, stream: Any, take: Take) -> None:
        self._stream = stream
        self._take = take

    def __iter__(self) -> Iterator[bytes]:
        """The pieces, each as soon as it is there."""
        with self._take.watched():
            for data in self._stream:
                self._take.chunk(data)
                yield data

    def close(self) -> None:
        """Close the stream, read to its end or not."""
        try:
            self._stream.close()
        finally:
            self._take.ended(left=True)


class AsyncTee:
    """The same for a stream that is awaited."""

    def __init__(self, stream: Any, take: Take) -> None:
        self._stream = stream
        self._take = take

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, each as soon as it is there."""
        with self._take.watched():
            async for data in self._stream:
                self._take.chunk(data)
                yield data

    async def aclose(self) -> None:
        """Close the stream, read to its end or not."""
        try:
            await self._stream.aclose()
        finally:
            self._take.ended(left=True)


@cache
def _of_library(library: ModuleType, sync: bool) -> Any:
    """The tee as a stream of a library: each accepts none but its own."""
    return type("Tee", (Tee, library.SyncByteStream) if sync else (AsyncTee, library.AsyncByteStream), {})
