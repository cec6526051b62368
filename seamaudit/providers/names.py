"""What recorders call providers, and who that is.

Sources: OpenTelemetry's `gen_ai.provider.name` and the older `gen_ai.system`, OpenInference's `llm.provider`, the Vercel AI SDK's
provider ids, LiteLLM's `custom_llm_provider`, Inspect's model prefixes, OpenCode's `providerID`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from seamaudit.providers.hosts import UNKNOWN, provider_of

CHAT: Final = "openai.chat"


class Named(Struct, frozen=True):
    """Who answers, on which platform, and in which body language he speaks natively."""

    provider: str = UNKNOWN
    platform: str = UNKNOWN
    api: str = CHAT


NOBODY: Final = Named()
_ANTHROPIC = Named("anthropic", "claude_api", "anthropic.messages")
_OPENAI = Named("openai", "openai", CHAT)
_RESPONSES = Named("openai", "openai", "openai.responses")
_AZURE = Named("azure", "azure", CHAT)
_BEDROCK = Named("aws", "bedrock", "bedrock.converse")
_GEMINI = Named("google", "generativelanguage.googleapis.com", "gemini.generate")
_VERTEX = Named("google", "vertex", "gemini.generate")
_VERTEX_CLAUDE = Named("google", "vertex", "anthropic.messages")
_COMPATIBLE = {
    "mistral": ("mistral", "api.mistral.ai"),
    "groq": ("groq", "api.groq.com"),
    "xai": ("x-ai", "api.x.ai"),
    "deepseek": ("deepseek", "api.deepseek.com"),
    "perplexity": ("perplexity", "api.perplexity.ai"),
    "together": ("together", "api.together.xyz"),
    "fireworks": ("fireworks", "api.fireworks.ai"),
    "cerebras": ("cerebras", "api.cerebras.ai"),
    "cohere": ("cohere", "api.cohere.com"),
    "openrouter": ("openrouter", "openrouter.ai"),
    "ollama": ("ollama", "ollama"),
    "moonshot": ("moonshotai", "api.moonshot.ai"),
}
_ALIASES = {
    "mistralai": "mistral",
    "x": "xai",
    "togetherai": "together",
    "fireworksai": "fireworks",
    "grok": "xai",
    "moonshotai": "moonshot",
}
_EXACT: Final = {
    "anthropic": _ANTHROPIC,
    "openai": _OPENAI,
    "openairesponses": _RESPONSES,
    "azure": _AZURE,
    "azureopenai": _AZURE,
    "azureaiopenai": _AZURE,
    "azaiopenai": _AZURE,
    "azureaiinference": _AZURE,
    "azaiinference": _AZURE,
    "awsbedrock": _BEDROCK,
    "bedrock": _BEDROCK,
    "bedrockconverse": _BEDROCK,
    "amazonbedrock": _BEDROCK,
    "gemini": _GEMINI,
    "google": _GEMINI,
    "gcpgemini": _GEMINI,
    "gcpgenai": _GEMINI,
    "googlegla": _GEMINI,
    "googlegenai": _GEMINI,
    "googlegenerativeai": _GEMINI,
    "vertexai": _VERTEX,
    "vertex": _VERTEX,
    "gcpvertexai": _VERTEX,
    "googlevertex": _VERTEX,
    "googlevertexanthropic": _VERTEX_CLAUDE,
    "vertexaianthropicmodels": _VERTEX_CLAUDE,
}
_SUFFIXES: Final = ("messages", "chat", "completion", "responses")
_WORD_LIMIT = 64


def named(name: str, model: str = "") -> Named:
    """Who a recorder means by `name`, whatever its case and punctuation; nobody where the name is not known.

    A name may say the body language too (`openai.responses`, `anthropic.messages`). A cloud that sells Claude under its own name speaks
    Anthropic's language for it on Vertex.
    """
    parts = name[:_WORD_LIMIT].lower().replace("_", ".").replace("-", ".").replace("/", ".").replace(" ", ".").split(".")
    word = "".join(parts)
    if len(parts) > 1 and parts[-1] in _SUFFIXES and word not in _EXACT:
        word = "".join(parts[:-1])
    word = _ALIASES.get(word, word)
    if word in _COMPATIBLE:
        return Named(*_COMPATIBLE[word])
    found = _EXACT.get(word, NOBODY)
    return _VERTEX_CLAUDE if found is _VERTEX and "claude" in model else found


def at_host(host: str, known: Named) -> Named:
    """The same where a host is recorded: a host that is known decides who answers."""
    provider, platform = provider_of(host, known.api) if host else (UNKNOWN, UNKNOWN)
    return known if provider == UNKNOWN else Named(provider, platform, known.api)
