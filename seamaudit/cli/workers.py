"""How many work at a run, and where: options of every command that reads traces as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

if TYPE_CHECKING:
    from seamaudit.config import Settings

JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Processes that work at it; as many as there are cores. The result is the same."),
]
ExecutorOption = Annotated[
    str | None,
    typer.Option("--executor", metavar="dask://HOST:PORT", help="Let the workers of a dask cluster work at it; see docs/scale.md."),
]


def worked_at(settings: Settings, jobs: int | None, executor: str | None) -> Settings:
    """The settings with who works at them."""
    from seamaudit.pool import cores

    return replace(settings, jobs=jobs or cores(), executor=executor)
