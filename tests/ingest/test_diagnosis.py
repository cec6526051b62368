"""What providers say of a cache miss, in each state that their documents name."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest import diagnosis
from seamaudit.ingest.formats.anthropic.stream import Assembly
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace.diagnosis import Diagnosis, Said


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({}, None),
        ({"diagnostics": None}, Diagnosis(Said.NOTHING)),
        ({"diagnostics": {"cache_miss_reason": None}}, Diagnosis(Said.PENDING)),
        (
            {"diagnostics": {"cache_miss_reason": {"type": "tools_changed", "cache_missed_input_tokens": 812}}},
            Diagnosis(Said.TOOLS, 812),
        ),
        ({"diagnostics": {"cache_miss_reason": {"type": "previous_message_not_found"}}}, Diagnosis(Said.NOT_COMPARED)),
        ({"diagnostics": {"cache_miss_reason": {"type": "unavailable"}}}, Diagnosis(Said.NOT_COMPARED)),
        ({"diagnostics": {"cache_miss_reason": {"type": "something new"}}}, Diagnosis(Said.NOT_COMPARED)),
        ({"diagnostics": [7]}, Diagnosis(Said.PENDING)),
    ],
)
def test_anthropic_tells_not_asked_nothing_pending_and_a_reason_apart(payload: dict[str, Any], told: Diagnosis | None) -> None:
    assert diagnosis.anthropic(payload) == told


@pytest.mark.parametrize(
    ("told", "means"),
    [
        (None, None),
        ({"type": "cache_hit"}, Diagnosis(Said.NOTHING)),
        ({"type": "cache_miss", "reason": "input_changed", "cache_missed_tokens": 900}, Diagnosis(Said.INPUT, 900)),
        ({"type": "cache_miss", "cache_miss": {"reason": "service_tier_changed"}}, Diagnosis(Said.PARAMETER)),
        ({"type": "comparison_response_not_found"}, Diagnosis(Said.NOT_COMPARED)),
    ],
)
def test_openai_names_a_reason_or_a_hit(told: Any, means: Diagnosis | None) -> None:
    assert diagnosis.openai({"prompt_cache_diagnostics": told}) == means


def test_a_stream_tells_it_when_the_message_starts() -> None:
    log = StreamLog("anthropic", "api.anthropic.com", "/v1/messages")
    assembly = Assembly(log)
    message = {"id": "msg_1", "diagnostics": {"cache_miss_reason": {"type": "model_changed"}}}
    assembly.take("message_start", {"type": "message_start", "message": message})
    response = assembly.response(log.record(False), "/response", 200)
    assert response.diagnosis == Diagnosis(Said.MODEL)
