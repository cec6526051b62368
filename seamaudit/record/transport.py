"""The transports: what a client is given in place of its own."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any

from seamaudit.record.direct import Direct
from seamaudit.record.recorder import MAX_BODY, Recorder
from seamaudit.record.take import Take, is_recorded, library_of

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport, BaseTransport
else:
    # Clients ask a transport for its methods, not for its class: one written against neither library serves both.
    AsyncBaseTransport = BaseTransport = object


class _Recording:
    """What both transports share: the recorder, and the transport that is wrapped."""

    def __init__(
        self,
        to: str | PathLike[str] | Recorder,
        inner: Any = None,
        *,
        app: str = "",
        conversation: Callable[[], str | None] | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self.recorder = to if isinstance(to, Recorder) else Recorder(to, app=app, conversation=conversation, max_body=max_body)
        self._inner = inner
        self._direct: Direct | None = None

    def _take(self, request: Any) -> Take | None:
        """A take of the call, None where it is no model call or cannot be recorded."""
        take: Take | None = None
        with self.recorder.unharmed():
            take = Take(self.recorder, request) if is_recorded(request) else None
        return take

    def _through(self, request: Any, transport: str) -> Any:
        if self._inner is not None:
            return self._inner
        if self._direct is None:
            self._direct = Direct(library_of(request), transport)
        return self._direct.to(request.url)

    def _opened(self) -> tuple[Any, ...]:
        given = (self._inner,) if self._inner is not None else ()
        return (*given, *(self._direct.opened if self._direct else ()))


class RecordingTransport(_Recording, BaseTransport):
    """Records the calls of a `Client`, sent through `inner` or, without one, as the official SDKs send them.

    The first argument is the file, or a Recorder that several transports share; the others are the Recorder's.
    """

    def handle_request(self, request: Any) -> Any:
        """Send a request. Raises what the wrapped transport raises, and nothing else."""
        inner = self._through(request, "HTTPTransport")
        take = self._take(request)
        if take is None:
            return inner.handle_request(request)
        try:
            response = inner.handle_request(request)
        except BaseException as error:
            take.failed(error)
            raise
        take.answered(response, sync=True)
        return response

    def close(self) -> None:
        """Close the wrapped transport."""
        for each in self._opened():
            each.close()

    def __enter__(self) -> RecordingTransport:
        for each in self._opened():
            each.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()


class AsyncRecordingTransport(_Recording, AsyncBaseTransport):
    """Records the calls of an `AsyncClient`; see RecordingTransport."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request. Raises what the wrapped transport raises, and nothing else."""
        inner = self._through(request, "AsyncHTTPTransport")
        take = self._take(request)
        if take is None:
            return await inner.handle_async_request(request)
        try:
            response = await inner.handle_async_request(request)
        except BaseException as error:
            take.failed(error)
            raise
        take.answered(response, sync=False)
        return response

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        for each in self._opened():
            await each.aclose()

    async def __aenter__(self) -> AsyncRecordingTransport:
        for each in self._opened():
            await each.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self.aclose()
