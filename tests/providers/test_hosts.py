from __future__ import annotations

import pytest

from seamaudit.providers.hosts import provider_of

CHAT = "openai.chat"
MESSAGES = "anthropic.messages"


@pytest.mark.parametrize(
    ("host", "api", "expected"),
    [
        ("api.anthropic.com", MESSAGES, ("anthropic", "claude_api")),
        ("API.OpenAI.com:443", CHAT, ("openai", "openai")),
        ("team.openai.azure.com", CHAT, ("azure", "azure")),
        ("team.services.ai.azure.com", "openai.responses", ("azure", "azure")),
        ("team.services.ai.azure.com", MESSAGES, ("azure", "foundry")),
        ("bedrock-runtime.us-east-1.amazonaws.com", "bedrock.converse", ("aws", "bedrock")),
        ("bedrock-runtime.eu-central-1.amazonaws.com", MESSAGES, ("aws", "bedrock")),
        ("bedrock-mantle.us-east-1.api.aws", "openai.responses", ("aws", "bedrock")),
        ("aiplatform.googleapis.com", "gemini.generate", ("google", "vertex")),
        ("europe-west1-aiplatform.googleapis.com", MESSAGES, ("google", "vertex")),
        ("generativelanguage.googleapis.com", "gemini.generate", ("google", "generativelanguage.googleapis.com")),
        ("openrouter.ai", CHAT, ("openrouter", "openrouter.ai")),
        ("api.mistral.ai", CHAT, ("mistral", "api.mistral.ai")),
        ("api.groq.com", CHAT, ("groq", "api.groq.com")),
        ("api.x.ai", "openai.responses", ("x-ai", "api.x.ai")),
        ("api.deepseek.com", CHAT, ("deepseek", "api.deepseek.com")),
        ("api.perplexity.ai", CHAT, ("perplexity", "api.perplexity.ai")),
        ("ollama.com", CHAT, ("ollama", "ollama.com")),
        ("localhost:11434", CHAT, ("ollama", "localhost")),
    ],
)
def test_known_hosts(host: str, api: str, expected: tuple[str, str]) -> None:
    assert provider_of(host, api) == expected


@pytest.mark.parametrize(
    "host",
    [
        "localhost:4000",
        "llm.corp.example",
        "api.anthropic.com.evil.example",
        "evil-api.anthropic.com",
        "fakeapi.openai.com",
        "bedrock-runtime.amazonaws.com.evil.example",
        "[::1]:8080",
    ],
)
@pytest.mark.parametrize("api", [CHAT, MESSAGES])
def test_an_unknown_gateway_is_not_taken_for_a_provider(host: str, api: str) -> None:
    assert provider_of(host, api)[0] == "unknown"


def test_without_a_url_the_shape_speaks_unless_everybody_speaks_it() -> None:
    assert provider_of("", MESSAGES) == ("anthropic", "claude_api")
    assert provider_of("", "openai.responses") == ("openai", "openai")
    assert provider_of("", CHAT) == ("unknown", "unknown")
    assert provider_of("", "something.else") == ("unknown", "unknown")


def test_user_and_password_in_a_host_change_nothing_and_are_not_kept() -> None:
    assert provider_of("key:secret@api.x.ai:443", CHAT) == ("x-ai", "api.x.ai")
    assert provider_of("key:secret@gateway.example", CHAT) == ("unknown", "gateway.example")
