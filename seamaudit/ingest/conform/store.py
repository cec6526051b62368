"""The schemas a reading has met, within a byte budget."""

from __future__ import annotations

from collections import OrderedDict

from seamaudit.ingest import jsontext
from seamaudit.ingest.conform.schema import Declared


class SchemaStore:
    """Schemas by digest, the least recently declared let go first. Bounded by `budget` bytes, never by the trace."""

    def __init__(self, budget: int = 32 << 20) -> None:
        self._budget = budget
        self._held = 0
        self._texts: OrderedDict[bytes, tuple[bytes, bool, bool]] = OrderedDict()

    def put(self, key: bytes, declared: Declared) -> None:
        """Remember what goes by `key`."""
        if key in self._texts:
            self._texts.move_to_end(key)
            return
        text = jsontext.trimmed(jsontext.ordered(declared.value))
        self._texts[key] = text, declared.is_openapi, declared.promised
        self._held += len(text)
        while self._held > self._budget and len(self._texts) > 1:
            _, (gone, *_) = self._texts.popitem(last=False)
            self._held -= len(gone)

    def get(self, key: bytes) -> Declared | None:
        """What goes by `key`, None where it was never declared or has left."""
        found = self._texts.get(key)
        if found is None:
            return None
        text, is_openapi, promised = found
        return Declared(jsontext.reread(text), is_openapi, promised)

    def __contains__(self, key: bytes) -> bool:
        return key in self._texts
