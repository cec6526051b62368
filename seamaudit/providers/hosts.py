"""Who answers at a host, and on which platform.

`provider` is who answers and bills (the ids genai-prices uses: `anthropic`, `openai`, `google`, `aws`, `azure`, ...), `platform`
where (`claude_api`, `bedrock`, `vertex`, `foundry`, `openai`, `azure`, or the host itself).

A host that is not in the table is a gateway of unknown making, whatever protocol it speaks: its provider is `unknown`, and it is never
taken for the maker of the models it offers. What a gateway forwards and what it charges is its own affair; see `providers.prices` for
when a maker's list price is used all the same, and says so.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

UNKNOWN: Final = "unknown"


class HostRule(Struct, frozen=True):
    """Hosts written as `pattern`: exact, or with one `*` that stands for any text. `platform` is "" for the host itself."""

    pattern: str
    provider: str
    platform: str = ""

    def matches(self, host: str) -> bool:
        """Whether `host` (lower case, no port) is meant."""
        head, star, tail = self.pattern.partition("*")
        if not star:
            return host == head
        return len(host) >= len(head) + len(tail) and host.startswith(head) and host.endswith(tail)


HOSTS: Final = (
    HostRule("api.anthropic.com", "anthropic", "claude_api"),
    HostRule("api.openai.com", "openai", "openai"),
    HostRule("*.api.openai.com", "openai", "openai"),
    HostRule("*.openai.azure.com", "azure", "azure"),
    HostRule("*.cognitiveservices.azure.com", "azure", "azure"),
    HostRule("*.services.ai.azure.com", "azure", "azure"),
    HostRule("bedrock-runtime.*.amazonaws.com", "aws", "bedrock"),
    HostRule("bedrock-runtime-fips.*.amazonaws.com", "aws", "bedrock"),
    HostRule("bedrock-mantle.*.api.aws", "aws", "bedrock"),
    HostRule("aiplatform.googleapis.com", "google", "vertex"),
    HostRule("*-aiplatform.googleapis.com", "google", "vertex"),
    HostRule("generativelanguage.googleapis.com", "google"),
    HostRule("openrouter.ai", "openrouter"),
    HostRule("api.mistral.ai", "mistral"),
    HostRule("api.groq.com", "groq"),
    HostRule("api.x.ai", "x-ai"),
    HostRule("*.api.x.ai", "x-ai"),
    HostRule("api.deepseek.com", "deepseek"),
    HostRule("api.perplexity.ai", "perplexity"),
    HostRule("api.together.xyz", "together"),
    HostRule("api.fireworks.ai", "fireworks"),
    HostRule("api.cerebras.ai", "cerebras"),
    HostRule("api.cohere.com", "cohere"),
    HostRule("api.cohere.ai", "cohere"),
    HostRule("api.z.ai", "zai"),
    HostRule("api.moonshot.ai", "moonshotai"),
    HostRule("api.moonshot.cn", "moonshotai"),
    HostRule("api.novita.ai", "novita"),
    HostRule("ollama.com", "ollama"),
)

OLLAMA_PORT: Final = "11434"
"""The port a local Ollama server listens on unless told otherwise."""

# Where no URL was recorded the body's shape decides, as far as only one provider (and its clouds) speaks it. Chat Completions is
# everybody's language: a body in it says nothing of who answered.
_BY_SHAPE: Final = {
    "anthropic.messages": ("anthropic", "claude_api"),
    "openai.responses": ("openai", "openai"),
    "gemini.generate": ("google", "generativelanguage.googleapis.com"),
    "bedrock.converse": ("aws", "bedrock"),
}


def provider_of(host: str, api: str) -> tuple[str, str]:
    """The provider and platform behind `host` (as in a URL, port allowed) for a body of shape `api`.

    An empty host means that no URL was recorded: the shape decides, and where it cannot both are `unknown`. An unknown host gives
    `("unknown", host)`.
    """
    name, port = _split(host)
    if not name:
        return _BY_SHAPE.get(api, (UNKNOWN, UNKNOWN))
    if port == OLLAMA_PORT:
        return "ollama", name
    for rule in HOSTS:
        if rule.matches(name):
            return rule.provider, _platform(rule, name, api)
    return UNKNOWN, name


def _platform(rule: HostRule, host: str, api: str) -> str:
    if rule.provider == "azure" and api == "anthropic.messages":
        return "foundry"
    return rule.platform or host


def _split(host: str) -> tuple[str, str]:
    """Host name and port of a URL's authority part, lower case; user and password are dropped."""
    bare = host.rpartition("@")[2].lower()
    if bare.startswith("["):
        return bare.partition("]")[0] + "]", bare.rpartition("]:")[2] if "]:" in bare else ""
    name, _, port = bare.partition(":")
    return name.rstrip("."), port
