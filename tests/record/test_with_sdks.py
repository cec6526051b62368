"""The recording transports under the official SDKs: what they write, and what a scan then reads."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from seamaudit.audit import audit
from seamaudit.config.settings import Settings
from seamaudit.findings import Severity
from seamaudit.layers.attempts.facts import Intent
from seamaudit.layers.stream.facts import StreamFault, StreamLife
from seamaudit.record import AsyncRecordingTransport, RecordingTransport
from seamaudit.trace import Clock, Level, Need
from tests.ingest.recordings import Read
from tests.measured import measured
from tests.record.server import COMPLETION, COMPLETION_STREAM, LIMITED, MESSAGE, MESSAGE_STREAM, Answer, Provider, provider

pytestmark = pytest.mark.filterwarnings("ignore:The model :DeprecationWarning")
"""SDKs warn of models that are near their end, sooner or later of these."""
ASKED: Any = {"model": "claude-sonnet-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello in French."}]}
CHAT: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello in French."}]}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Recording:
    """A file that is recorded to, and the clients that do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.transport = RecordingTransport(path, app="tutor")
        self._clients: list[Any] = []

    def anthropic(self, server: Provider | str, **options: Any) -> anthropic.Anthropic:
        client = anthropic.DefaultHttpxClient(transport=self.transport)
        self._clients.append(client)
        url = server if isinstance(server, str) else server.url
        return anthropic.Anthropic(api_key="sk-ant-secret-secret-secret", base_url=url, http_client=client, **options)

    def openai(self, server: Provider, **options: Any) -> openai.OpenAI:
        client = openai.DefaultHttpxClient(transport=self.transport)
        self._clients.append(client)
        return openai.OpenAI(api_key="sk-secret-secret-secret-1", base_url=f"{server.url}/v1", http_client=client, **options)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def lines(self) -> list[dict[str, Any]]:
        assert self.transport.recorder.flush()
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    made = Recording(tmp_path / "traces.jsonl")
    yield made
    made.close()


def test_a_message_is_recorded_as_it_was_sent_and_answered(recording: Recording) -> None:
    with provider(Answer(MESSAGE, headers={"request-id": "req_1", "set-cookie": "a=b"})) as server:
        message = recording.anthropic(server).messages.create(**ASKED)
    assert message.content[0].text == "Bonjour"  # type: ignore[union-attr]
    (line,) = recording.lines()
    assert line["request"]["body"] == json.loads(server.asked[0][1]) == ASKED
    assert line["request"]["url"] == f"{server.url}/v1/messages"
    assert line["response"]["body"] == MESSAGE
    assert line["response"]["headers"]["request-id"] == "req_1"
    assert line["request"]["headers"]["authorization"] == line["response"]["headers"]["set-cookie"] == "[redacted]"
    assert "secret" not in recording.path.read_text()
    assert line["app"] == "tutor"
    assert line["timestamp"] <= line["first_byte"] <= line["timestamp"] + line["duration"]
    assert recording.path.stat().st_mode & 0o777 == 0o600
    assert recording.transport.recorder.lost == {}


def test_a_scan_reads_what_was_recorded(recording: Recording) -> None:
    with provider(Answer(MESSAGE), Answer(pieces=MESSAGE_STREAM), Answer(COMPLETION), Answer(pieces=COMPLETION_STREAM)) as server:
        recording.anthropic(server).messages.create(**ASKED)
        with recording.anthropic(server).messages.stream(**ASKED) as stream:
            assert stream.get_final_text() == "Bonjour"
        recording.openai(server).chat.completions.create(**CHAT)
        for _ in recording.openai(server).chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}):
            pass
    recording.lines()
    read = Read(recording.path)
    assert [(each.api, each.level, each.clock, each.request.streamed) for each in read.exchanges] == [
        ("anthropic.messages", Level.WIRE, Clock.WALL, False),
        ("anthropic.messages", Level.WIRE, Clock.WALL, True),
        ("openai.chat", Level.WIRE, Clock.WALL, False),
        ("openai.chat", Level.WIRE, Clock.WALL, True),
    ]
    assert [(each.usage.input, each.usage.output) for each in read.exchanges if each.usage] == [(11, 3), (11, 3), (7, 2), (7, 2)]
    assert [each.response.stop for each in read.exchanges if each.response] == ["end_turn", "end_turn", "stop", "stop"]
    assert [each.attribution.app for each in read.exchanges] == ["tutor"] * 4
    assert [dict(each.lacks) for each in read.exchanges] == [{}, {}, {}, {}]
    assert read.faults == []
    assert [each.terminal for each in measured(recording.path).rows(StreamLife)] == ["complete", "complete"]
    report = audit([str(recording.path)], Settings())
    assert (report.exchanges, report.accounting.rejected) == (4, 0)
    assert [finding.code for finding in report.findings if finding.severity > Severity.LOW] == []


def test_the_caller_sees_every_piece_before_the_next_is_sent(recording: Recording) -> None:
    gate = threading.Semaphore(0)
    with provider(Answer(pieces=MESSAGE_STREAM, gate=gate)) as server:
        kinds = []
        for event in recording.anthropic(server).messages.create(**ASKED, stream=True):
            kinds.append(event.type)
            gate.release()
    assert len(kinds) == len(MESSAGE_STREAM)
    (line,) = recording.lines()
    assert line["response"]["body_raw"] == b"".join(MESSAGE_STREAM).decode()


def test_a_retry_is_two_lines_and_one_intent(recording: Recording) -> None:
    limited = Answer(LIMITED, status=429, headers={"retry-after": "0.05", "retry-after-ms": "50"})
    with provider(limited, Answer(MESSAGE)) as server:
        recording.anthropic(server, max_retries=2).messages.create(**ASKED)
    first, second = recording.lines()
    assert [line["response"]["status_code"] for line in (first, second)] == [429, 200]
    assert [line["request"]["headers"]["x-stainless-retry-count"] for line in (first, second)] == ["0", "1"]
    assert first["response"]["headers"]["retry-after"] == "0.05"
    one, two = Read(recording.path).exchanges
    assert one.attempt is not None and two.attempt is not None
    assert (one.attempt.retry_after, one.attempt.retries, two.attempt.retries) == (0.05, 0, 1)
    (intent,) = measured(recording.path).rows(Intent)
    assert (intent.tries, intent.failed, intent.outcome, intent.status, intent.error) == (2, 1, "succeeded", 429, "rate_limit_error")


def test_a_refused_connection_is_a_failed_try(recording: Recording) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(anthropic.APIConnectionError):
            recording.anthropic(url, max_retries=1).messages.create(**ASKED)
    lines = recording.lines()
    assert [(line["response"], line["error"]) for line in lines] == [(None, {"type": "ConnectError"})] * 2
    read = Read(recording.path)
    assert [(each.response.status, each.response.error_type) for each in read.exchanges if each.response] == [(None, "ConnectError")] * 2
    assert [set(each.lacks) for each in read.exchanges] == [{Need.RESPONSE, Need.USAGE}] * 2
    assert len({each.thread.id for each in read.exchanges}) == 1


def test_a_stream_that_breaks_off_is_recorded_as_far_as_it_came(recording: Recording) -> None:
    with provider(Answer(pieces=MESSAGE_STREAM[:4], breaks=True)) as server, pytest.raises(Exception, match=r"incomplete|closed"):
        for _ in recording.anthropic(server, max_retries=0).messages.create(**ASKED, stream=True):
            pass
    (line,) = recording.lines()
    assert line["response"]["body_raw"] == b"".join(MESSAGE_STREAM[:4]).decode()
    assert line["error"] == {"type": "RemoteProtocolError"}
    assert "closed_by" not in line
    assert [finding.code for finding in audit([str(recording.path)], Settings()).findings] == ["ST002"]
    (stream,) = measured(recording.path).rows(StreamLife)
    assert stream.terminal == "truncated"


def test_a_stream_the_caller_gives_up_is_recorded_as_cut(recording: Recording) -> None:
    gate = threading.Semaphore(0)
    with provider(Answer(pieces=MESSAGE_STREAM, gate=gate)) as server:
        stream = recording.anthropic(server).messages.create(**ASKED, stream=True)
        assert next(iter(stream)).type == "message_start"
        stream.close()
        gate.release(len(MESSAGE_STREAM))
    (line,) = recording.lines()
    assert line["response"]["body_raw"].startswith("event: message_start")
    assert "message_stop" not in line["response"]["body_raw"]
    assert (line.get("error"), line["closed_by"]) == (None, "caller")
    (life,) = measured(recording.path).rows(StreamLife)
    assert life.terminal == "truncated"
    assert measured(recording.path).rows(StreamFault) == ()
    report = audit([str(recording.path)], Settings())
    assert [finding.code for finding in report.findings] == []
    (blind,) = [entry for entry in report.not_checked if entry.code == "ST002"]
    assert blind.reason == "the caller stopped reading the stream"


def test_a_client_that_closes_behind_the_last_event_has_left_nothing(recording: Recording) -> None:
    with provider(Answer(pieces=COMPLETION_STREAM)) as server:
        for _ in recording.openai(server).chat.completions.create(**CHAT, stream=True):
            pass
    recording.lines()
    (life,) = measured(recording.path).rows(StreamLife)
    assert life.terminal == "complete"
    assert not any(entry.code.startswith("ST") for entry in audit([str(recording.path)], Settings()).not_checked)


@pytest.mark.parametrize("streamed", [False, True])
def test_asynchronous_clients_are_recorded_alike(tmp_path: Path, streamed: bool) -> None:
    path = tmp_path / "traces.jsonl"

    async def ask(server: Provider) -> AsyncRecordingTransport:
        transport = AsyncRecordingTransport(path)
        async with openai.DefaultAsyncHttpxClient(transport=transport) as client:
            sdk = openai.AsyncOpenAI(api_key="sk-secret-secret-secret-1", base_url=f"{server.url}/v1", http_client=client)
            if streamed:
                async for _ in await sdk.chat.completions.create(**CHAT, stream=True):
                    pass
            else:
                answers = await asyncio.gather(*(sdk.chat.completions.create(**CHAT) for _ in range(3)))
                assert {answer.choices[0].message.content for answer in answers} == {"Bonjour"}
        return transport

    script = [Answer(pieces=COMPLETION_STREAM)] if streamed else [Answer(COMPLETION)] * 3
    with provider(*script) as server:
        transport = asyncio.run(ask(server))
    assert transport.recorder.flush()
    read = Read(path)
    assert [(each.usage.input, each.usage.output) for each in read.exchanges if each.usage] == [(7, 2)] * len(script)
    assert transport.recorder.lost == {}


def test_an_async_call_that_is_cancelled_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    gate = threading.Semaphore(0)

    async def ask(server: Provider) -> AsyncRecordingTransport:
        transport = AsyncRecordingTransport(path)
        async with anthropic.DefaultAsyncHttpxClient(transport=transport) as client:
            sdk = anthropic.AsyncAnthropic(api_key="k", base_url=server.url, http_client=client)
            began = asyncio.Event()

            async def follow() -> None:
                async for _ in await sdk.messages.create(**ASKED, stream=True):
                    began.set()

            task = asyncio.create_task(follow())
            await began.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return transport

    with provider(Answer(pieces=MESSAGE_STREAM, gate=gate)) as server:
        transport = asyncio.run(ask(server))
        gate.release(len(MESSAGE_STREAM))
    assert transport.recorder.flush()
    (line,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert line["response"]["body_raw"].startswith("event: message_start")
    assert "message_stop" not in line["response"]["body_raw"]
