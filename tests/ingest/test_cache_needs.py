"""What a cache rule may need of a call: a replay from its prompt, or at least usage that can be followed from turn to turn."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.merge import merge
from seamaudit.trace import Level, Need, Times
from tests.builders import Story

CLAUDE = ("anthropic", "anthropic.messages", "claude_api", "claude-sonnet-4-5-20250929")
GPT = ("openai", "openai.chat", "openai", "gpt-5.2")
NOBODYS = ("unknown", "openai.chat", "unknown", "house-model")
SESSION = {Need.CACHE_CONTRACT: "no system prompt"}
PARTIAL = {Need.PROMPT: "cut"}


@pytest.mark.parametrize(
    ("who", "level", "lacks", "replayed", "followed"),
    [
        (CLAUDE, Level.WIRE, {}, True, True),
        (CLAUDE, Level.WIRE, PARTIAL, True, False),
        (CLAUDE, Level.MESSAGES, SESSION, False, True),
        (CLAUDE, Level.MESSAGES, SESSION | PARTIAL, False, True),
        (GPT, Level.WIRE, {}, True, True),
        (GPT, Level.MESSAGES, SESSION, False, False),
        (NOBODYS, Level.WIRE, {}, False, False),
    ],
)
def test_what_is_lacking_is_said(
    who: tuple[str, str, str, str], level: Level, lacks: Mapping[Need, str], replayed: bool, followed: bool
) -> None:
    provider, api, platform, model = who
    sent = Story(model=model).exchange()
    draft = Draft(
        locus=sent.locus,
        format="pairs",
        level=level,
        provider=provider,
        api=api,
        platform=platform,
        host="",
        request=sent.request,
        response=None,
        times=Times(),
        lacks=lacks,
    )
    (found,) = merge([draft])
    assert (Need.CACHE_CONTRACT not in found.lacks, Need.CACHE_LIFE not in found.lacks) == (replayed, followed)
