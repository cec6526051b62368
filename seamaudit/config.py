"""What a run was asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seamaudit.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run; every layer gets its part passed, none reads them here.

    `rules_dirs` are catalogs beside the shipped one; `params` set rule parameters, by code and name. `input_format` forces a
    recording format, None detects it per file. Findings below `min_severity` are left out, those at or above `fail_on` make the
    run fail. `strict_input` makes lost lines fail it too. `show_content` lets evidence quote trace text beyond its shape.
    `elide` decodes only what a line does not repeat of earlier ones; results are the same without.
    """

    rules_dirs: tuple[Path, ...] = ()
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    input_format: str | None = None
    min_severity: Severity = Severity.INFO
    fail_on: Severity = Severity.MEDIUM
    strict_input: bool = False
    show_content: bool = False
    elide: bool = True
