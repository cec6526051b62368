"""Messages in any recorder's spelling, as Chat Completions spells them.

Read are Chat Completions, Messages, Gemini and Responses items, OpenTelemetry's parts, the Vercel AI SDK's and LangChain's messages. What
is read here was already re-spelled by its recorder: the order of members and parts that carry no meaning is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import fields, items, word

Message = dict[str, Any]

_ROLES = {
    "human": "user",
    "humanmessage": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "systemmessage": "system",
    "toolmessage": "tool",
    "functionmessage": "tool",
    "function": "tool",
    "model": "assistant",
    "observation": "tool",
}
_CALLS = frozenset({"tool_call", "tool_use", "tool-call", "toolCall", "function_call", "custom_tool_call", "functionCall"})
_RESULTS = frozenset(
    {
        *("tool_call_response", "tool_result", "tool-result", "toolResult"),
        *("function_call_output", "custom_tool_call_output", "functionResponse", "local_shell_call_output"),
    }
)
_THOUGHTS = frozenset({"reasoning", "thinking", "redacted_thinking", "thought"})
_TEXTS = frozenset({"text", "input_text", "output_text", "summary_text", "refusal"})
_IMAGES = frozenset({"image", "image_url", "input_image"})
_ITEMS = _CALLS | _RESULTS | _THOUGHTS
_SAYING = ("content", "parts", "contents", "text", "value", "message", "kwargs", "tool_calls", "toolCalls", "function_call")
_ANSWERING = ("_output", "_response", "-result")
_CALL_IDS = ("call_id", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "id")
_NAMES = ("name", "toolName", "tool_name", "function_name")
_ARGUMENTS = ("arguments", "input", "args", "parameters")
_OUTCOMES = ("response", "result", "output", "content")


def conversation(value: Any) -> list[Message] | None:
    """A list of messages, an object that holds one, JSON text of either, or the one thing a user said; None where nothing is told."""
    given = unquoted(value)
    if isinstance(given, dict):
        held = next((given[name] for name in ("messages", "contents", "input") if given.get(name)), None)
        given = [*_system(given), *_listed(unquoted(held))] if held is not None else [given]
    if isinstance(given, str):
        return [{"role": "user", "content": given}] if given else None
    if not isinstance(given, list):
        return None
    if len(given) == 1 and isinstance(given[0], list):
        given = given[0]  # LangChain's batch of one
    return list(_merged(given)) or None


def answer(value: Any) -> Message | None:
    """What was answered, as one assistant message: of several choices the first, of several items all."""
    given = unquoted(value)
    if isinstance(given, str):
        return {"role": "assistant", "content": given} if given else None
    if isinstance(given, dict):
        given = _chosen(given)
    out = _Said()
    for each in _listed(given):
        out.take(_as_assistant(each))
    return out.message("assistant") if out.says_something else None


def unquoted(value: Any) -> Any:
    """A value that may have been recorded as JSON text; text that is no JSON stays text."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return jsontext.parse(value.encode("utf-8", "surrogatepass")).value
        except jsontext.Unparsable:
            return value
    return value


def tools(value: Any) -> list[Message] | None:
    """Tool definitions, each as a function; None where none are recorded."""
    given = unquoted(value)
    if not isinstance(given, list):
        return None
    return [_tool(fields(unquoted(each))) for each in given]


def _tool(sent: Message) -> Message:
    held = fields(sent.get("function")) or fields(unquoted(sent.get("json_schema"))) or sent
    held = fields(held.get("function")) or held
    schema = next((held[name] for name in ("parameters", "input_schema", "inputSchema", "parameters_json_schema") if name in held), None)
    told = {"name": word(held.get("name")) or word(sent.get("type"))}
    if isinstance(held.get("description"), str):
        told["description"] = held["description"]
    return {"type": "function", "function": told | ({"parameters": unquoted(schema)} if schema is not None else {})}


def _system(given: Message) -> list[Message]:
    """What is said before the messages, beside them."""
    for name in ("system", "instructions", "system_instruction", "systemInstruction"):
        said = unquoted(given.get(name))
        if said:
            return [{"role": "system", "content": said.get("parts", said) if isinstance(said, dict) else said}]
    return []


def _chosen(given: Message) -> Any:
    """The part of a response body that is the answer."""
    for name in ("choices", "candidates", "generations"):
        first = next(iter(items(given.get(name))), None)
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, dict):
            return first.get("message") or first.get("content") or first
    for name in ("output", "messages", "message"):
        if isinstance(given.get(name), dict | list):
            return given[name]
    return given


def _as_assistant(each: Any) -> Any:
    if isinstance(each, dict) and "role" not in each and word(each.get("type")) not in _ITEMS and "lc" not in each:
        return {**each, "role": "assistant"}
    return each


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _merged(given: Iterable[Any]) -> Iterator[Message]:
    """Messages; what a model said in several items in a row is one."""
    held = _Said()
    for each in given:
        told = unquoted(each)
        said = told if isinstance(told, dict) else {"role": "user", "content": told}
        if _is_item(said) or (held.is_open and _role(said) == "assistant"):
            held.take(said)
            held.is_open = True
            continue
        yield from held.close("assistant")
        held = _Said()
        yield from _message(said)
    yield from held.close("assistant")


def _is_item(said: Message) -> bool:
    """Whether this is a part of what a model said, told on its own."""
    kind = word(said.get("type"))
    return "role" not in said and (kind in _CALLS | _THOUGHTS or (_stands_alone(said) and not kind.endswith(_ANSWERING)))


def _stands_alone(said: Message) -> bool:
    """Whether this is an item of a kind that is not read further: a provider's own call (a search, say), or what came of it."""
    kind = word(said.get("type"))
    return bool(kind) and kind not in _RESULTS and "role" not in said and not any(name in said for name in _SAYING)


def _message(said: Message) -> Iterator[Message]:
    """One recorded message, as one or more of Chat Completions: every tool result is one of its own."""
    said = _plain(said)
    role = _role(said)
    out = _Said()
    out.take(said)
    if role == "tool" and not out.results:
        call = next((word(said[name]) for name in _CALL_IDS if word(said.get(name))), "")
        named = {"name": word(said["name"])} if word(said.get("name")) else {}
        yield {"role": "tool", "tool_call_id": call, **named, "content": out.content()}
        return
    yield from out.close("user" if role == "tool" else role)


def _plain(said: Message) -> Message:
    """A message that LangChain serialised, without its wrapper."""
    if said.get("lc") == 1 and isinstance(said.get("kwargs"), dict):
        kind = word(next(iter(items(said.get("id"))[-1:]), ""))
        return {"type": kind, **said["kwargs"], "role": _ROLES.get(kind.lower(), "user")}
    if isinstance(said.get("message"), dict) and "content" not in said:
        return dict(said["message"])
    return said


def _role(said: Mapping[str, Any]) -> str:
    given = word(said.get("role")) or word(said.get("type")) or word(said.get("from"))
    named = _ROLES.get(given.lower(), given)
    return named if named in ("system", "developer", "user", "assistant", "tool") else "user"


class _Said(Struct):
    """What one side said, part by part."""

    parts: list[Message] = field(default_factory=list)
    calls: list[Message] = field(default_factory=list)
    results: list[Message] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    is_open: bool = False

    @property
    def says_something(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.parts or self.calls or self.results or self.thoughts)

    def take(self, said: Any) -> None:
        """A message's content, calls and thoughts, or an item that is one of these."""
        if not isinstance(said, dict):
            self._part(said)
            return
        said = _plain(said)
        kind = word(said.get("type"))
        if ("role" not in said and kind in _ITEMS) or _stands_alone(said):
            self._part(said)
            return
        content = said.get("content", said.get("parts", said.get("contents", said.get("text", said.get("value")))))
        for part in _listed(_unparted(content)):
            self._part(part)
        for name in ("reasoning_content", "reasoning", "thinking"):
            if isinstance(said.get(name), str) and said[name]:
                self.thoughts.append(said[name])
                break
        for call in items(unquoted(said.get("tool_calls", said.get("toolCalls")))):
            self._call(fields(call))
        legacy = fields(said.get("function_call"))
        if legacy.get("name"):
            self._call(legacy)

    def _part(self, part: Any) -> None:
        if part is None or part == "":
            return
        if not isinstance(part, dict):
            self.parts.append({"type": "text", "text": part if isinstance(part, str) else _text(part)})
            return
        kind = word(part.get("type")) or next((name for name in ("functionCall", "functionResponse", "thought") if part.get(name)), "text")
        if kind in _CALLS:
            self._call(fields(part.get("functionCall")) or part)
        elif kind in _RESULTS:
            self._result(fields(part.get("functionResponse")) or part)
        elif kind in _THOUGHTS:
            self._thought(part)
        elif kind in _TEXTS and any(isinstance(part.get(name), str) for name in ("text", "content", "refusal")):
            self.parts.append(
                {"type": "text", "text": next(part[name] for name in ("text", "content", "refusal") if isinstance(part.get(name), str))}
            )
        elif kind in _IMAGES or word(part.get("modality")) == "image" or word(part.get("mime_type")).startswith("image/"):
            self.parts.append({"type": "image_url", **{name: held for name, held in part.items() if name != "type"}})
        else:
            self.parts.append({**part, "type": kind if kind not in _TEXTS else "other"})

    def _thought(self, part: Message) -> None:
        spelled = [part.get(name) for name in ("content", "text", "thinking", "reasoning", "summary")]
        text = next((_text(each) for each in spelled if each), "")
        if text:
            self.thoughts.append(text)

    def _call(self, call: Message) -> None:
        if call.get("type") in ("custom_tool_call", "custom"):
            held = fields(call.get("custom")) or call
            id = next((word(call[name]) for name in _CALL_IDS if word(call.get(name))), "")
            self.calls.append({"type": "custom", "id": id, "custom": {"name": held.get("name"), "input": held.get("input")}})
            return
        inner = fields(call.get("function")) or call
        arguments = next((inner[name] for name in _ARGUMENTS if inner.get(name) is not None), None)
        self.calls.append(
            {
                "type": "function",
                "id": next((word(call[name]) for name in _CALL_IDS if word(call.get(name))), ""),
                "function": {
                    "name": word(call.get("function")) or next((word(inner[name]) for name in _NAMES if word(inner.get(name))), ""),
                    "arguments": arguments
                    if arguments is None or isinstance(arguments, str)
                    else jsontext.ordered(arguments).decode("utf-8", "replace"),
                },
            }
        )

    def _result(self, result: Message) -> None:
        outcome = next((result[name] for name in _OUTCOMES if result.get(name) is not None), "")
        call = next((word(result[name]) for name in _CALL_IDS if word(result.get(name))), "")
        self.results.append({"role": "tool", "tool_call_id": call, "content": _text(outcome)})

    def content(self) -> Any:
        """The text, as a string where it is one."""
        if len(self.parts) == 1 and self.parts[0]["type"] == "text":
            return self.parts[0]["text"]
        return self.parts or ""

    def message(self, role: str) -> Message:
        """All but the results, as one message."""
        out: Message = {"role": role, "content": self.content()}
        if self.thoughts:
            out["reasoning_content"] = "\n".join(self.thoughts)
        if self.calls:
            out["tool_calls"] = self.calls
        return out

    def close(self, role: str) -> Iterator[Message]:
        """The messages of one side: results first, as the call they answer stands before. A model's results follow its calls."""
        is_model = role == "assistant"
        says = bool(self.parts or self.calls or self.thoughts) or not (self.results or is_model)
        said = [self.message(role)] if says else []
        yield from [*said, *self.results] if is_model else [*self.results, *said]


def _unparted(content: Any) -> Any:
    """Content parts that were recorded as JSON text: a list of objects with a type."""
    given = unquoted(content) if isinstance(content, str) and content[:2] in ("[{", "[ ") else content
    return given if isinstance(given, list) and all(isinstance(each, dict) and "type" in each for each in given) else content


def _text(value: Any) -> str:
    """What a result or thought says: its texts, else its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(each, dict) and isinstance(each.get("text"), str) for each in value):
        return "\n".join(each["text"] for each in value)
    if isinstance(value, dict) and set(value) <= {"type", "value"} and "value" in value:
        return _text(value["value"])  # the Vercel AI SDK's typed output
    return jsontext.ordered(value).decode("utf-8", "replace")


def stop(value: Any) -> str:
    """The stop word that a recorded response body, or its first choice, says; "" where it says none."""
    given = unquoted(value)
    first = fields(given[0] if isinstance(given, list) and given else given)
    for name in ("choices", "candidates", "generations"):
        chosen = next(iter(items(first.get(name))), None)
        if chosen is not None:
            first = fields(chosen[0] if isinstance(chosen, list) and chosen else chosen)
            break
    incomplete = fields(first.get("incomplete_details")).get("reason")
    return next((said for name in _STOPS if (said := word(first.get(name)))), "") if not incomplete else word(incomplete)


_STOPS = ("finish_reason", "stop_reason", "finishReason", "stopReason", "status")


def response_id(value: Any) -> str:
    """The provider's id of a recorded response body, "" where it is none that carries one."""
    given = fields(unquoted(value))
    is_body = any(name in given for name in ("choices", "candidates", "output", "usage", "stop_reason"))
    return next((said for name in ("id", "response_id", "responseId") if (said := word(given.get(name)))), "") if is_body else ""
