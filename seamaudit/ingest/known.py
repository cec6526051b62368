"""The recording formats that are known."""

from __future__ import annotations

from typing import Final

from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.formats.messages import MessageDocument, MessageLines
from seamaudit.ingest.formats.pairs import Pairs

FORMATS: Final[tuple[Format, ...]] = (Pairs(), MessageLines(), MessageDocument())
