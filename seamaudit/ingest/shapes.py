"""Which body shape a request is of."""

from __future__ import annotations

from typing import Any

from seamaudit.ingest.formats.anthropic import AnthropicMessages
from seamaudit.ingest.formats.base import BodyShape
from seamaudit.ingest.formats.bedrock import BedrockConverse
from seamaudit.ingest.formats.gemini import GeminiGenerate
from seamaudit.ingest.formats.openai_chat import OpenAIChat
from seamaudit.ingest.formats.openai_responses import OpenAIResponses

_ANTHROPIC = AnthropicMessages()
_CHAT = OpenAIChat()
SHAPES: tuple[BodyShape, ...] = (_ANTHROPIC, BedrockConverse(), GeminiGenerate(), OpenAIResponses(), _CHAT)
"""In the order they are asked: Chat, which claims whatever has messages, comes last."""


def shape_of(path: str, keys: frozenset[str], answer: Any = None) -> BodyShape | None:
    """The shape of a request to URL path `path` ("" where none was recorded) with these body keys; None where no shape claims it.

    Without a path a bare Messages request looks like a Chat one: there the recorded `answer`, parsed or as stream text, decides.
    """
    bare = path.partition("?")[0].rstrip("/")
    shape = next((shape for shape in SHAPES if shape.matches(bare, keys)), None)
    if shape is _CHAT and not bare and _answers_as_anthropic(answer):
        return _ANTHROPIC
    return shape


def _answers_as_anthropic(answer: Any) -> bool:
    if isinstance(answer, str):
        return "message_start" in answer[:256]
    return isinstance(answer, dict) and answer.get("type") == "message" and "choices" not in answer
