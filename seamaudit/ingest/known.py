"""The recording formats that are known."""

from __future__ import annotations

from typing import Final

from seamaudit.ingest.formats.atif import Atif
from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.formats.batch import BatchDocument, BatchLines
from seamaudit.ingest.formats.claude_code import ClaudeCode
from seamaudit.ingest.formats.claude_trace import ClaudeTrace
from seamaudit.ingest.formats.codex import Codex
from seamaudit.ingest.formats.gemini_cli import GeminiCli, GeminiCliRows
from seamaudit.ingest.formats.har import Har
from seamaudit.ingest.formats.helicone import HeliconeDocument, HeliconeLines
from seamaudit.ingest.formats.inspect import InspectArchive, InspectDocument
from seamaudit.ingest.formats.langfuse import LangfuseDocument, LangfuseLines
from seamaudit.ingest.formats.langsmith import LangSmithDocument, LangSmithLines
from seamaudit.ingest.formats.litellm import LiteLlmDocument, LiteLlmLines
from seamaudit.ingest.formats.mapped import MappedDocument, MappedLines
from seamaudit.ingest.formats.messages import MessageDocument, MessageLines
from seamaudit.ingest.formats.opencode import OpenCode
from seamaudit.ingest.formats.otlp import OtlpDocument, OtlpLines
from seamaudit.ingest.formats.pairs import Pairs
from seamaudit.ingest.formats.pi import Pi
from seamaudit.ingest.formats.swe_agent import SweAgent
from seamaudit.ingest.formats.tau2 import Tau2
from seamaudit.ingest.formats.vcr import Vcr
from seamaudit.ingest.logmap import LogMap
from seamaudit.ingest.shapes import shape_of


def formats(pairs: Format) -> tuple[Format, ...]:
    """All formats; those that keep HTTP exchanges in a shape of their own read them by `pairs`."""
    return (
        pairs,
        ClaudeTrace(pairs),
        ClaudeCode(shape_of),
        Pi(shape_of),
        MessageLines(shape_of),
        MessageDocument(shape_of),
        OtlpLines(shape_of),
        OtlpDocument(shape_of),
        LangfuseDocument(shape_of),
        LangfuseLines(shape_of),
        InspectArchive(shape_of, pairs),
        InspectDocument(shape_of, pairs),
        GeminiCli(shape_of),
        GeminiCliRows(shape_of),
        Codex(shape_of),
        LiteLlmLines(shape_of),
        LiteLlmDocument(shape_of),
        Vcr(pairs),
        Har(pairs),
        HeliconeLines(shape_of, pairs),
        HeliconeDocument(shape_of, pairs),
        BatchLines(shape_of, pairs),
        BatchDocument(shape_of, pairs),
        Tau2(shape_of),
        SweAgent(shape_of),
        Atif(shape_of),
        OpenCode(shape_of),
        LangSmithLines(shape_of),
        LangSmithDocument(shape_of),
    )


FORMATS: Final[tuple[Format, ...]] = formats(Pairs(shape_of))


def mapped(log: LogMap) -> tuple[Format, ...]:
    """The formats of a log that a mapping tells of: its lines, and its documents."""
    pairs = Pairs(shape_of)
    return MappedLines(shape_of, pairs, log), MappedDocument(shape_of, pairs, log)
