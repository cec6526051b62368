"""`seamaudit config`: what a project's config says, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from seamaudit.errors import UsageError

if TYPE_CHECKING:
    from seamaudit.config import Settings
    from seamaudit.config.file import FileConfig
    from seamaudit.providers.own import OwnPrices
    from seamaudit.suppress import Suppressed

app = typer.Typer(help="What the project's config file says.", no_args_is_help=True, rich_markup_mode=None)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Read this config instead of seamaudit.toml or pyproject.toml above here.")
]
PricesOption = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="Your own prices, which come before the bundled ones; see `cost --help`."),
]
MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE", help="Read logs of your own as this file says; see docs/mapping.md."),
]
IsolatedOption = Annotated[bool, typer.Option("--isolated", help="Read no config file.")]


@app.callback()
def _group() -> None:
    """Keeps `show` a command of its own, whatever joins it."""


@app.command()
def show(config: ConfigOption = None, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Show which file holds and what every key of it is; a key that is not set has its default."""
    from seamaudit.cli.output import opened
    from seamaudit.cli.sheet import Sheet, write
    from seamaudit.config.file import KEYS

    found = configured(config, isolated=False)
    values = {key: _spelled(getattr(found, key.replace("-", "_"))) for key in KEYS}
    with opened(None) as out:
        if as_json:
            out.write(json.dumps({"file": str(found.path) if found.path else None, "values": values}, indent=2) + "\n")
            return
        note = f"From {found.path}." if found.path else "No seamaudit.toml, and no [tool.seamaudit] in a pyproject.toml, here or above."
        rows = tuple((key, "default" if value in (None, [], {}) else json.dumps(value)) for key, value in values.items())
        write(Sheet(("Key", "Value"), 2, rows, notes=(note,)), out)


def configured(config: Path | None, isolated: bool) -> FileConfig:
    """The config that holds: the one named, else the nearest from the working directory upward; none where isolated."""
    from seamaudit.config.file import FileConfig, find, load

    if config is not None and isolated:
        raise UsageError("--config and --isolated contradict each other")
    path = config or (None if isolated else find(Path.cwd()))
    return load(path) if path else FileConfig()


def own_prices(file: Path | None) -> OwnPrices | None:
    """The prices in a file, None where none is named. Raises UsageError for a file that holds none."""
    if file is None:
        return None
    from seamaudit.config.prices import load_prices

    return load_prices(file)


def formatted(settings: Settings, input_format: str | None, mapping: Path | None) -> Settings:
    """The settings with what is said of the inputs' format, which comes before what the config says.

    Raises UsageError for a mapping that cannot be used.
    """
    if input_format is None and mapping is None:
        return settings
    from seamaudit.config.mapping import load_mapping

    return replace(settings, input_format=input_format, mapping=load_mapping(mapping) if mapping else None)


def _spelled(value: object) -> object:
    """A value as JSON has it."""
    from msgspec import Struct
    from msgspec.structs import asdict

    from seamaudit.layers.budgets import Allowance
    from seamaudit.trace import to_usd

    if isinstance(value, Allowance):
        told = asdict(value) | {"usd": to_usd(value.usd)}
        return {name: each for name, each in told.items() if each != ""}
    if isinstance(value, Struct):
        return (
            {":".join(name): f"{site.file}:{site.line}" for name, site in value.by_name.items()}
            if hasattr(value, "by_name")
            else {name: _spelled(each) for name, each in asdict(value).items()}
        )
    if isinstance(value, tuple | list):
        return [_spelled(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _spelled(each) for name, each in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def checked_params(params: Mapping[str, Mapping[str, object]], catalogs: Sequence[Path]) -> Mapping[str, Mapping[str, object]]:
    """The parameters of rules, each of which there is. Raises UsageError for another."""
    if params:
        from seamaudit.catalog.load import load_catalog
        from seamaudit.config.file import check_params

        check_params(params, {rule.code: tuple(rule.params) for rule in load_catalog(catalogs)})
    return params


def unneeded(found: Suppressed) -> list[str]:
    """Entries of the config that ignored nothing, and those past their day."""
    unused = [f"ignores {each.number} ({each.rule}) meant nothing here" for each in found.unused]
    return [*unused, *(f"ignores {each.number} ({each.rule}) held until {each.expires}" for each in found.expired)]
