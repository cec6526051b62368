"""Request bodies as raw slices: split once, in the same pass that splits the record."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from seamaudit.trace.digest import short_digest

ARRAYS = ("messages", "contents")


class RawMembers(msgspec.Struct, gc=False):
    """The members of every body shape that are read; the long arrays come split, the rest raw."""

    model: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    messages: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    contents: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    input: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    system: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    instructions: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    systemInstruction: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    system_instruction: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tools: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    functions: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    toolConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    tool_config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    mcp_servers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tool_choice: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    parallel_tool_calls: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    thinking: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    output_config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    output_format: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    reasoning: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    reasoning_effort: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    verbosity: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    text: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    response_format: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    speed: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    service_tier: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    inference_geo: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    cache_control: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prompt_cache_key: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prompt_cache_options: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prompt_cache_retention: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    context_management: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    previous_response_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    conversation: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    cachedContent: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    diagnostics: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    store: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    stream: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    stream_options: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    max_tokens: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    max_completion_tokens: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    max_output_tokens: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    max_tokens_to_sample: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    generationConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    inferenceConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    additionalModelRequestFields: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    anthropic_version: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    user: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prompt: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    modelId: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    schemaVersion: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    guardrailConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    outputConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    performanceConfig: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    serviceTier: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    promptVariables: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a provider's spelling
    cached_content: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    generation_config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    enable_thinking: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    function_call: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    web_search_options: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    modalities: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    safe_prompt: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    provider: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    truncation: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    anthropic_beta: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    temperature: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    top_p: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    top_k: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    stop: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    stop_sequences: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    seed: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    n: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


MEMBERS = tuple(RawMembers.__struct_fields__)
_values = attrgetter(*MEMBERS)

_split: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class RawBody(Mapping[str, bytes]):
    """A request body by top-level key, each value its raw JSON; `elements` gives an array's elements raw.

    Arrays that came split are joined again only where somebody asks for them whole.
    """

    __slots__ = ("_arrays", "_members")

    def __init__(self, members: Mapping[str, Any], arrays: Mapping[str, Sequence[bytes]] | None = None) -> None:
        self._members = members
        self._arrays = arrays or {}

    @classmethod
    def of(cls, struct: RawMembers) -> RawBody:
        """From the typed split of a record."""
        members = {name: value for name, value in zip(MEMBERS, _values(struct), strict=True) if value is not msgspec.UNSET}
        arrays = {name: members.pop(name) for name in ARRAYS if name in members}
        return cls(members, arrays)

    @property
    def array(self) -> tuple[str, Sequence[bytes]] | None:
        """The array that came split, by its key, where there is just one."""
        return next(iter(self._arrays.items())) if len(self._arrays) == 1 else None

    def with_array(self, key: str, elements: Sequence[bytes]) -> RawBody:
        """The same body, with an array spelled by these elements."""
        return RawBody(self._members, {**self._arrays, key: elements})

    def __getitem__(self, key: str) -> bytes:
        if key in self._arrays:
            return b"[" + b",".join(bytes(raw) for raw in self._arrays[key]) + b"]"
        return bytes(self._members[key])

    def __iter__(self) -> Iterator[str]:
        yield from self._members
        yield from self._arrays

    def __len__(self) -> int:
        return len(self._members) + len(self._arrays)

    def __contains__(self, key: object) -> bool:
        return key in self._members or key in self._arrays

    def elements(self, key: str) -> Sequence[bytes] | None:
        """The raw elements of an array member; None where it is absent. Raises ValueError where it is no array."""
        if key in self._arrays:
            return self._arrays[key]
        if key not in self._members:
            return None
        return _split.decode(self._members[key])


_BESIDE = frozenset({*MEMBERS}) - {
    *("messages", "contents", "input", "prompt", "system", "instructions", "systemInstruction", "system_instruction", "tools", "functions"),
    *("metadata", "user", "diagnostics"),
}


def settings(body: Mapping[str, bytes]) -> str:
    """A digest of what is sent beside the prompt: the model, the parameters, the limits; who asks is left out."""
    told = b"\0".join(b"%b=%b" % (name.encode(), body[name]) for name in sorted(_BESIDE.intersection(body)))
    return sys.intern(short_digest(told.decode("utf-8", "replace"), 16))  # the same for most of an application's requests
