"""What headers tell of retries, and what makes two bodies the same beside the prompt."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.attempt import attempt
from seamaudit.ingest.rawbody import settings
from seamaudit.trace import Try

ID = "0b6f9a3e"


@pytest.mark.parametrize(
    ("sent", "got", "told"),
    [
        ({"X-Stainless-Retry-Count": "2"}, {}, Try(retries=2)),
        ({"x-stainless-retry-count": ["1"]}, {}, Try(retries=1)),
        ({}, {"Retry-After": "20"}, Try(retry_after=20.0)),
        ({}, {"retry-after": "20", "retry-after-ms": "1500"}, Try(retry_after=1.5)),
        ({}, {"retry-after": "Sat, 03 Oct 2026 10:00:00 GMT"}, None),
        ({"x-stainless-retry-count": "-1"}, {"retry-after": "1e9"}, None),
        ({"x-stainless-retry-count": "²"}, {"retry-after": 7}, None),
        (["x-stainless-retry-count"], "retry-after", None),
        (None, None, None),
    ],
)
def test_headers_tell_the_sdks_count_and_the_asked_wait(sent: Any, got: Any, told: Try | None) -> None:
    assert attempt(sent, got) == told


@pytest.mark.parametrize(
    ("got", "forwarded"),
    [
        ({"x-litellm-attempted-retries": "2", "x-litellm-attempted-fallbacks": "1"}, 4),
        ({"x-litellm-attempted-retries": 0}, 1),
        ({"X-Portkey-Retry-Attempt-Count": "3"}, 4),
        ({"Ngrok-AIG-Attempts": "3"}, 3),
        ({"x-portkey-retry-attempt-count": "-1"}, None),
    ],
)
def test_gateways_count_what_they_made_of_a_call(got: Any, forwarded: int | None) -> None:
    told = attempt({"x-stainless-retry-count": "0"}, got)
    assert told is not None
    assert told.forwarded == forwarded


def test_a_trace_is_known_by_its_id_whoever_its_parent_is() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    one, two = (attempt({"traceparent": f"00-{trace}-{parent}-01"}, {}) for parent in ("00f067aa0ba902b7", "00f067aa0ba902b8"))
    assert one == two
    assert one is not None
    assert one.trace not in ("", trace)
    assert attempt({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, {}) is None


def test_the_id_of_a_call_is_kept_as_a_digest() -> None:
    told = attempt({"x-stainless-retry-count": "0", "Idempotency-Key": ID}, {})
    assert told is not None
    assert told.call
    assert ID not in told.call


def test_settings_are_what_is_sent_beside_the_prompt() -> None:
    body = {"model": b'"m"', "messages": b"[1]", "temperature": b"0", "user": b'"u1"'}
    assert settings(body) == settings(body | {"messages": b"[2]", "user": b'"u2"'})
    assert settings(body) != settings(body | {"temperature": b"1"})
    assert settings(body) != settings({name: value for name, value in body.items() if name != "temperature"})
