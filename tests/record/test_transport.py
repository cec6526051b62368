"""The recording transports by themselves: bounds, credentials, errors of their own, other processes, and both libraries."""

from __future__ import annotations

import contextvars
import gzip
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.record import Recorder, RecordingTransport, credentials

URL = "https://api.openai.com/v1/chat/completions"
SENT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
LIBRARIES = pytest.mark.parametrize("library", [httpx2, httpx])


def lines(path: Path, recorder: Recorder) -> list[dict[str, Any]]:
    assert recorder.flush()
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class Inner:
    """A transport that answers with a stream of pieces, of a library's own kind."""

    def __init__(self, library: Any, *pieces: bytes, headers: Any = None, breaks: bool = False) -> None:
        class Pieces(library.SyncByteStream):  # type: ignore[misc]
            closed = False

            def __iter__(self) -> Iterator[bytes]:
                yield from pieces
                if breaks:
                    raise library.ReadError("gone")

            def close(self) -> None:
                Pieces.closed = True

        self.stream = Pieces
        self._library = library
        self._headers = headers or {"content-type": "text/event-stream"}

    def handle_request(self, request: Any) -> Any:
        return self._library.Response(200, headers=self._headers, stream=self.stream())

    def close(self) -> None:
        pass

    def __enter__(self) -> Inner:
        return self


def ask(library: Any, to: Any, inner: Any, *, url: str = URL, body: Any = SENT, headers: Any = None, **named: Any) -> tuple[Any, Recorder]:
    transport = RecordingTransport(to, inner, **named)
    with library.Client(transport=transport) as client:
        return client.post(url, json=body, headers=headers), transport.recorder


@LIBRARIES
def test_both_libraries_are_recorded(tmp_path: Path, library: Any) -> None:
    path = tmp_path / "traces.jsonl"
    inner = Inner(library, b"data: {}\n\n", b"data: [DONE]\n\n")
    response, recorder = ask(library, path, inner)
    assert response.text == "data: {}\n\ndata: [DONE]\n\n"
    assert inner.stream.closed
    (line,) = lines(path, recorder)
    assert line["response"]["body_raw"] == response.text


@LIBRARIES
def test_a_compressed_body_is_told_plainly(tmp_path: Path, library: Any) -> None:
    packed = gzip.compress(b'{"id":\n "x"}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    response, recorder = ask(library, tmp_path / "t", Inner(library, packed[:9], packed[9:], headers=headers))
    assert response.json() == {"id": "x"}
    (line,) = lines(tmp_path / "t", recorder)
    assert line["response"]["body"] == {"id": "x"}


def test_a_compressed_body_that_breaks_off_is_told_as_far_as_it_came(tmp_path: Path) -> None:
    packed = gzip.compress(b"data: " + os.urandom(4000).hex().encode())
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    with pytest.raises(httpx2.ReadError):
        ask(httpx2, recorder := Recorder(tmp_path / "t"), Inner(httpx2, packed[:2000], headers=headers, breaks=True))
    (line,) = lines(tmp_path / "t", recorder)
    assert line["error"] == {"type": "ReadError"}
    assert line["response"]["body_raw"].startswith("data: ")


def test_a_mock_that_answers_whole_is_recorded(tmp_path: Path) -> None:
    inner = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "x"}))
    response, recorder = ask(httpx2, tmp_path / "t", inner)
    assert response.json() == {"id": "x"}
    (line,) = lines(tmp_path / "t", recorder)
    assert line["response"]["body"] == {"id": "x"}


@pytest.mark.parametrize(
    ("method", "given"),
    [("GET", {}), ("POST", {"files": {"file": b"secret"}}), ("POST", {"data": {"a": "b"}}), ("DELETE", {})],
)
def test_what_is_no_json_call_passes_unrecorded(tmp_path: Path, method: str, given: Any) -> None:
    transport = RecordingTransport(tmp_path / "t", httpx2.MockTransport(lambda request: httpx2.Response(204)))
    with httpx2.Client(transport=transport) as client:
        assert client.request(method, URL, **given).status_code == 204
    assert lines(tmp_path / "t", transport.recorder) == []
    assert transport.recorder.lost == {}


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Proxy-Authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "x-amz-security-token"),
        *("x-amz-signature", "x-apikey", "Ocp-Apim-Subscription-Key", "cf-access-client-secret", "helicone-auth", "x-functions-key"),
    ],
)
def test_headers_with_credentials_are_hidden(tmp_path: Path, name: str) -> None:
    _, recorder = ask(httpx2, tmp_path / "t", Inner(httpx2, b"{}"), headers={name: "opensesame"})
    (line,) = lines(tmp_path / "t", recorder)
    assert line["request"]["headers"][name.lower()] == "[redacted]"
    assert "opensesame" not in (tmp_path / "t").read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("idempotency-key", "stainless-retry-1"), ("x-ratelimit-remaining-tokens", "149984"), ("retry-after", "2")),
        *(("anthropic-ratelimit-input-tokens-limit", "50000"), ("x-request-id", "req_1"), ("x-stainless-retry-count", "1")),
    ],
)
def test_headers_that_a_scan_reads_are_kept(name: str, value: str) -> None:
    assert credentials.header(name, value) == value


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.test/v1?key=AIzaopensesame&alt=sse", "https://x.test/v1?key=%5Bredacted%5D&alt=sse"),
        ("https://me:opensesame@x.test/v1", "https://x.test/v1"),
        ("https://x.test/v1?api-version=2026-01-01&api-key=opensesame", "https://x.test/v1?api-version=2026-01-01&api-key=%5Bredacted%5D"),
        ("https://x.test/?X-Amz-Signature=opensesame&X-Amz-Credential=opensesame", None),
        ("https://x.test/?X-Amz-Security-Token=opensesame&access_token=opensesame&sig=opensesame", None),
        ("https://x.test/?AWSAccessKeyId=opensesame&apiKey=opensesame", None),
        ("https://x.test/sk-opensesame-opensesame-1/v1", "https://x.test/[redacted]/v1"),
        ("https://x.test/v1?q=a%20b+c&x", "https://x.test/v1?q=a%20b+c&x"),
        ("https://x.test/v1/models/gemini:generateContent", "https://x.test/v1/models/gemini:generateContent"),
    ],
)
def test_addresses_are_written_without_credentials(url: str, kept: str | None) -> None:
    written = credentials.address(url)
    assert "opensesame" not in written
    assert kept is None or written.replace("%5Bredacted%5D", "[redacted]") == kept.replace("%5Bredacted%5D", "[redacted]")


def test_credentials_of_mcp_servers_are_hidden_and_all_else_stays_as_it_was_sent() -> None:
    sent = {
        "model": "m",
        "mcp_servers": [{"name": "a", "authorization_token": "opensesame"}],
        "tools": [{"type": "mcp", "authorization": "opensesame", "headers": {"x": "opensesame"}}, {"type": "function", "headers": "kept"}],
    }
    written = credentials.body(json.dumps(sent).encode())
    assert b"opensesame" not in written
    assert json.loads(written)["tools"][1] == sent["tools"][1]
    plain = b'{ "model" : "m",  "messages":[{"content":"authorization headers"}]}'
    assert credentials.body(plain) == plain


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_a_line_is_one_json_line_whatever_came_back(got: bytes) -> None:
    from seamaudit.record.line import Call, line

    call = Call(
        library=httpx2, method="POST", url=URL, sent_headers=(), sent=b'{"a":\r\n1}', started=1.0, duration=1.0, status=200, got=[got]
    )
    written = line(call, 1000)
    assert written.count(b"\n") == 1 and written.endswith(b"\n")
    told = json.loads(written)["response"]
    assert ("body" in told) != ("body_raw" in told)


def test_large_bodies_are_not_kept_and_the_caller_gets_them_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inner = Inner(httpx2, *[b"x" * 100] * 20)
    with caplog.at_level(logging.WARNING, "seamaudit.record"):
        response, recorder = ask(httpx2, tmp_path / "t", inner, max_body=1000)
        ask(httpx2, recorder, inner)
        assert len(response.content) == 2000
        first, _ = lines(tmp_path / "t", recorder)
    assert set(first["response"]) == {"status_code", "headers"}
    assert recorder.lost == {"a response body too large": 2}
    assert len(caplog.records) == 1


def test_a_compressed_body_is_measured_unpacked(tmp_path: Path) -> None:
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    _, recorder = ask(httpx2, tmp_path / "t", Inner(httpx2, gzip.compress(b"x" * 100_000), headers=headers), max_body=10_000)
    (line,) = lines(tmp_path / "t", recorder)
    assert set(line["response"]) == {"status_code", "headers"}


def test_a_line_is_no_longer_than_a_scan_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seamaudit.record import recorder as module

    monkeypatch.setattr(module, "MAX_LINE", 5000)
    _, recorder = ask(httpx2, tmp_path / "t", Inner(httpx2, b'"' * 3000), max_body=4000)
    (line,) = lines(tmp_path / "t", recorder)
    assert set(line["response"]) == {"status_code", "headers"}
    assert recorder.lost == {"a line too long": 1}


def test_what_is_held_is_bounded_and_given_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "t", max_held=1000)
    for _ in range(5):
        response, _ = ask(httpx2, recorder, Inner(httpx2, b"x" * 300, b"x" * 300))
        assert len(response.content) == 600
        assert len(lines(tmp_path / "t", recorder)[-1]["response"]["body_raw"]) == 600
    response, _ = ask(httpx2, recorder, Inner(httpx2, b"x" * 3000))
    assert len(response.content) == 3000
    assert recorder.lost == {"too much at once": 1}


@pytest.mark.parametrize("path", ["no/such/folder/t", "."])
def test_a_file_that_cannot_be_written_is_said_once_and_breaks_nothing(tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(tmp_path / path)
    with caplog.at_level(logging.WARNING, "seamaudit.record"):
        for _ in range(3):
            response, _ = ask(httpx2, recorder, Inner(httpx2, b"{}"))
            assert response.content == b"{}"
        assert recorder.flush()
    assert sum(recorder.lost.values()) == 3
    assert len(caplog.records) == 1
    assert str(tmp_path) in caplog.text


def _raise() -> str:
    raise KeyError("mine")


@pytest.mark.parametrize("conversation", [_raise, lambda: 7, object])
def test_a_broken_callback_costs_the_line_at_most(tmp_path: Path, conversation: Callable[[], Any]) -> None:
    response, recorder = ask(httpx2, tmp_path / "t", Inner(httpx2, b"{}"), conversation=conversation)
    assert response.content == b"{}"
    recorder.flush()


def test_the_conversation_is_the_callers(tmp_path: Path) -> None:
    current: contextvars.ContextVar[str | None] = contextvars.ContextVar("current", default=None)
    recorder = Recorder(tmp_path / "t", conversation=current.get)
    ask(httpx2, recorder, Inner(httpx2, b"{}"))
    current.set("c1")
    ask(httpx2, recorder, Inner(httpx2, b"{}"))
    assert [line.get("conversation") for line in lines(tmp_path / "t", recorder)] == [None, "c1"]


def test_what_the_wrapped_transport_raises_is_raised(tmp_path: Path) -> None:
    def refuse(request: Any) -> Any:
        raise httpx2.ConnectTimeout("too slow", request=request)

    recorder = Recorder(tmp_path / "t")
    with pytest.raises(httpx2.ConnectTimeout, match="too slow"):
        ask(httpx2, recorder, httpx2.MockTransport(refuse))
    (line,) = lines(tmp_path / "t", recorder)
    assert (line["response"], line["error"]) == (None, {"type": "ConnectTimeout"})


def test_a_streamed_request_is_counted_as_not_recorded(tmp_path: Path) -> None:
    transport = RecordingTransport(tmp_path / "t", Inner(httpx2, b"{}"))
    with httpx2.Client(transport=transport) as client:
        client.post(URL, content=iter([b"{}"]), headers={"content-type": "application/json"})
    assert lines(tmp_path / "t", transport.recorder) == []
    assert transport.recorder.lost == {"RequestNotRead": 1}


def _many(path: Path, name: str) -> None:
    recorder = Recorder(path)
    threads = [threading.Thread(target=ask, args=(httpx2, recorder, Inner(httpx2, name.encode() * 3000))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_processes_and_threads_share_a_file(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_many, args=(tmp_path / "t", name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    told = [json.loads(line)["response"]["body_raw"] for line in (tmp_path / "t").read_bytes().splitlines()]
    assert sorted(told) == sorted(name * 3000 for name in "abc" for _ in range(10))


_SCRIPT = """
import os, sys
import httpx2
from seamaudit.record import Recorder, RecordingTransport

recorder = Recorder(sys.argv[1])
transport = RecordingTransport(recorder, httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "x"})))
client = httpx2.Client(transport=transport)
client.post("https://x.test/v1/messages", json={"model": "m", "messages": ["before"]})
child = os.fork()
client.post("https://x.test/v1/messages", json={"model": "m", "messages": ["child" if not child else "parent"]})
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_and_the_end_of_a_process_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path / "t")], check=True, timeout=60, env={**os.environ, "PYTHONPATH": str(folder)}
    )
    told = [json.loads(line)["request"]["body"]["messages"][0] for line in (tmp_path / "t").read_bytes().splitlines()]
    assert sorted(told) == ["before", "child", "parent"]


def test_a_torn_line_is_ended_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seamaudit.record.appending import Appending

    file, write = Appending(tmp_path / "t"), os.write
    calls = iter([lambda fd, data: write(fd, data[:4]), _full])

    def scripted(fd: int, data: bytes) -> int:
        return next(calls, write)(fd, data)

    monkeypatch.setattr(os, "write", scripted)
    with pytest.raises(OSError, match="full"):
        file.append(b"first line\n")
    file.append(b"second line\n")
    assert (tmp_path / "t").read_bytes() == b"firs\nsecond line\n"


def _full(fd: int, data: bytes) -> int:
    raise OSError(28, "the disk is full")


@pytest.mark.parametrize(("host", "used"), [("api.openai.com", ["http://proxy.test:3128"]), ("intern.test", [None]), ("127.0.0.1", [None])])
def test_the_proxy_of_the_environment_is_kept(monkeypatch: pytest.MonkeyPatch, host: str, used: list[str | None]) -> None:
    from seamaudit.record.direct import Direct

    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.test:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,.test")

    class Library:
        made: list[str | None] = []  # noqa: RUF012

        @staticmethod
        def Limits(**_: Any) -> None:  # noqa: N802
            return None

        @classmethod
        def HTTPTransport(cls, proxy: str | None, **_: Any) -> object:  # noqa: N802
            cls.made.append(proxy)
            return object()

    direct = Direct(Library, "HTTPTransport")  # type: ignore[arg-type]
    url = httpx2.URL(f"https://{host}/v1")
    assert direct.to(url) is direct.to(url)
    assert Library.made == used


def test_the_room_imports_no_http_library() -> None:
    script = "import sys, seamaudit.record; print([name for name in ('httpx', 'httpx2', 'polars', 'genai_prices') if name in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert told.stdout.strip() == "[]"
