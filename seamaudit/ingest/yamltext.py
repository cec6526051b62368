"""YAML as recorders write it: parsed within bounds, tags of other languages read as what they hold."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import yaml

from seamaudit.ingest.jsontext import MAX_DEPTH, Unparsable

MOST_REPEATED: Final = 1_000_000
"""Values that aliases may repeat; a document that names one list a million times is no recording."""
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_Base: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the compiled loader where there is one
    """Safe, without times (a text stays what it was), and with every unknown tag taken for what it stands on."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP] for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def _binary(loader: Any, node: Any) -> bytes:
    text = loader.construct_scalar(node)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unparsable("not_json") from None


def _untagged(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_constructor("!binary", _binary)
_Loader.add_constructor("tag:yaml.org,2002:binary", _binary)
_Loader.add_multi_constructor("!", _untagged)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _untagged)


def parse(data: bytes) -> Any:
    """One YAML document. Raises Unparsable where it is none, nested too deep, or repeats too much by its aliases."""
    try:
        _check(data)
        return yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise error if isinstance(error, Unparsable) else Unparsable("not_json") from None


def _check(data: bytes) -> None:
    """Walk the events, which costs no depth: an alias counts for all that its anchor holds."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str, int]] = []
    total = repeated = 0
    for event in yaml.parse(data, Loader=_Base):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise Unparsable("too_deep")  # what holds itself has no end
            size = sizes[anchor]
            repeated += size
            total += size
            if repeated > MOST_REPEATED:
                raise Unparsable("too_deep")
        elif isinstance(event, yaml.CollectionStartEvent):
            total += 1
            open_.append((anchor or "", total))
            if len(open_) > MAX_DEPTH:
                raise Unparsable("too_deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = open_.pop()
            if name:
                sizes[name] = total - before + 1
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if anchor:
                sizes[anchor] = 1
