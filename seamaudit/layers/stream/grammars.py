"""Which machine reads which grammar."""

from __future__ import annotations

from collections.abc import Mapping

from seamaudit.layers.stream.anthropic import Anthropic
from seamaudit.layers.stream.machine import Machine
from seamaudit.layers.stream.openai import Chat, Responses
from seamaudit.layers.stream.others import Bedrock, Gemini, Legacy

GRAMMARS: Mapping[str, type[Machine]] = {
    "anthropic": Anthropic,
    "chat": Chat,
    "responses": Responses,
    "gemini": Gemini,
    "bedrock": Bedrock,
    "legacy": Legacy,
}
"""The machines by the name of their grammar in a StreamRecord."""
