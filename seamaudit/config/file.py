"""A project's config: `seamaudit.toml`, or `[tool.seamaudit]` of a `pyproject.toml`.

Looked for from the working directory upward, never beside a trace: whoever can write a trace must not be able to change what is said of
it. A key that is not known is an error, since a typo would silently change nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import fields, replace

from seamaudit.catalog.problem import quoted, suggestion
from seamaudit.config.limits import BUDGETED, ESTIMATED, allowances
from seamaudit.config.mapping import load_mapping
from seamaudit.config.prices import load_prices
from seamaudit.config.settings import Settings, check_caps, check_suites
from seamaudit.errors import UsageError
from seamaudit.findings import Confidence, Scalar, Severity
from seamaudit.layers.budgets import Allowance, Limits
from seamaudit.report.base.sites import Sites, parse_sites
from seamaudit.suppress import Ignore

OWN: Final = "seamaudit.toml"
SHARED: Final = "pyproject.toml"
LARGEST: Final = 1 << 20
NEVER: Final = "never"


class FileConfig(Struct, frozen=True, kw_only=True):
    """What a config file says; None (or nothing) where it is silent. Paths in it are relative to its folder.

    `fail_on` is a severity or `never`.
    """

    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_severity: Severity | None = None
    min_confidence: Confidence | None = None
    fail_on: str | None = None
    strict_input: bool | None = None
    strict_baseline: bool | None = None
    rules: tuple[Path, ...] = ()
    baseline: Path | None = None
    prices: Path | None = None
    mapping: Path | None = None
    budgets: tuple[Allowance, ...] = ()
    estimates: tuple[Allowance, ...] = ()
    eval_suites: tuple[str, ...] | None = None
    max_steps: int | None = None
    max_repeats: int | None = None
    budget_usd: float | None = None
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    sites: Sites = field(default_factory=Sites)
    ignores: tuple[Ignore, ...] = ()


KEYS: Final = tuple(each.name.replace("_", "-") for each in fields(FileConfig) if each.name != "path")


def find(start: Path) -> Path | None:
    """The config of a folder or of the nearest one above it, None where there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / OWN).is_file():
            return folder / OWN
        if (folder / SHARED).is_file() and "seamaudit" in _tools(folder / SHARED):
            return folder / SHARED
    return None


def load(path: Path) -> FileConfig:
    """The config in a file. Raises UsageError, with the file's name and the key, for whatever does not belong there."""
    data = _parsed(path)
    told = data.get("tool", {}).get("seamaudit", {}) if path.name == SHARED else data
    if not isinstance(told, dict):
        raise UsageError(f"{path}: [tool.seamaudit] is no table")
    for key in told:
        if key not in KEYS:
            raise UsageError(f'{path}: unknown key "{key}"{suggestion(key, KEYS)}', f"Known: {', '.join(KEYS)}.")
    try:
        found = FileConfig(path=path, **{key.replace("-", "_"): _READERS[key](value, path.parent) for key, value in told.items()})
        check_caps(found.max_steps, found.max_repeats, found.budget_usd)
        return found
    except _Wrong as wrong:
        raise UsageError(f"{path}: {wrong}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None


def settings_of(told: FileConfig, prices: Path | None = None) -> Settings:
    """What a run is asked to do where nothing but a config says so; a price file that is named comes before the config's.

    Raises UsageError for a price file or a mapping that cannot be used.
    """
    file = prices or told.prices
    settings = Settings(
        rules_dirs=told.rules,
        params=told.params,
        sites=told.sites,
        prices=load_prices(file) if file else None,
        mapping=load_mapping(told.mapping) if told.mapping else None,
        limits=Limits(told.budgets, told.estimates),
        max_steps=told.max_steps,
        max_repeats=told.max_repeats,
        budget_usd=told.budget_usd,
    )
    return settings if told.eval_suites is None else replace(settings, eval_suites=told.eval_suites)


def check_params(params: Mapping[str, Mapping[str, object]], rules: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError for parameters of a rule, or by a name, that there is not; `rules` are the parameter names by code."""
    for code, values in params.items():
        if code not in rules:
            raise UsageError(f'params: no rule is called "{code}"{suggestion(code, rules)}')
        for name in values:
            if name not in rules[code]:
                raise UsageError(f'params: {code} has no parameter "{name}"{suggestion(name, rules[code])}')


class _Wrong(ValueError):
    """What a key holds does not fit; the message names it."""


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is too large for a config")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {str(error)[:200]}") from None


def _tools(path: Path) -> Mapping[str, object]:
    try:
        tools = tomllib.loads(path.read_text("utf-8")).get("tool")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return tools if isinstance(tools, dict) else {}


def _words(key: str) -> Callable[[Any, Path], tuple[str, ...]]:
    def read(value: Any, folder: Path) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise _Wrong(f"{key} must be a list of texts")
        return tuple(value)

    return read


def _flag(key: str) -> Callable[[Any, Path], bool]:
    def read(value: Any, folder: Path) -> bool:
        if not isinstance(value, bool):
            raise _Wrong(f"{key} must be true or false")
        return value

    return read


def _count(key: str) -> Callable[[Any, Path], int]:
    def read(value: Any, folder: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Wrong(f"{key} must be a whole number")
        return value

    return read


def _number(key: str) -> Callable[[Any, Path], float]:
    def read(value: Any, folder: Path) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _Wrong(f"{key} must be a number")
        return float(value)

    return read


def _one_of(key: str, known: Sequence[str]) -> Callable[[Any, Path], str]:
    def read(value: Any, folder: Path) -> str:
        if value not in known:
            raise _Wrong(f"{key} must be one of {', '.join(known)}, not {quoted(value)}")
        return str(value)

    return read


def _codes(key: str) -> Callable[[Any, Path], tuple[str, ...]]:
    return lambda value, folder: tuple(code.upper() for code in _words(key)(value, folder))


def _paths(value: Any, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in _words("rules")(value, folder))


def _path(key: str) -> Callable[[Any, Path], Path]:
    def read(value: Any, folder: Path) -> Path:
        if not isinstance(value, str) or not value:
            raise _Wrong(f"{key} must be a file's name")
        return folder / value

    return read


def _params(value: Any, folder: Path) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise _Wrong("params must be tables by rule code")
    return value


def _sites(value: Any, folder: Path) -> Sites:
    if not isinstance(value, dict):
        raise _Wrong("sites must be a table")
    return parse_sites(value)


def _ignores(value: Any, folder: Path) -> tuple[Ignore, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _Wrong("ignores must be a list of tables ([[ignores]])")
    return tuple(_ignore(number, each) for number, each in enumerate(value, 1))


_IGNORE_KEYS: Final = ("rule", "match", "reason", "expires")


def _ignore(number: int, told: Mapping[str, Any]) -> Ignore:
    for key in told:
        if key not in _IGNORE_KEYS:
            raise _Wrong(f'ignores {number}: unknown key "{key}"{suggestion(key, _IGNORE_KEYS)}')
    rule, reason, match, expires = told.get("rule"), told.get("reason"), told.get("match", {}), told.get("expires")
    if not isinstance(rule, str) or not rule:
        raise _Wrong(f"ignores {number}: rule must be a code")
    if not isinstance(reason, str) or not reason.strip():
        raise _Wrong(f"ignores {number}: a reason is required")
    if not isinstance(match, dict):
        raise _Wrong(f"ignores {number}: match must be a table of columns")
    if expires is not None and (not isinstance(expires, date) or hasattr(expires, "hour")):
        raise _Wrong(f"ignores {number}: expires must be a date like 2026-12-31")
    columns = {name: _values(number, name, wanted) for name, wanted in match.items()}
    return Ignore(number, rule.upper(), columns, reason.strip(), expires)


def _values(number: int, name: str, wanted: Any) -> tuple[Scalar, ...]:
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or not all(isinstance(each, str | int | float | bool) for each in values):
        raise _Wrong(f"ignores {number}: {name} must be a value or a list of values")
    return tuple(values)


_READERS: Final[Mapping[str, Callable[[Any, Path], Any]]] = {
    "select": _codes("select"),
    "ignore": _codes("ignore"),
    "min-severity": lambda value, folder: Severity(_one_of("min-severity", [str(each) for each in Severity])(value, folder)),
    "min-confidence": lambda value, folder: Confidence(_one_of("min-confidence", [str(each) for each in Confidence])(value, folder)),
    "fail-on": _one_of("fail-on", [*(str(each) for each in Severity), NEVER]),
    "strict-input": _flag("strict-input"),
    "strict-baseline": _flag("strict-baseline"),
    "rules": _paths,
    "baseline": _path("baseline"),
    "prices": _path("prices"),
    "mapping": _path("mapping"),
    "budgets": lambda value, folder: allowances("budgets", value, BUDGETED),
    "estimates": lambda value, folder: allowances("estimates", value, ESTIMATED),
    "eval-suites": lambda value, folder: check_suites(_words("eval-suites")(value, folder)),
    "max-steps": _count("max-steps"),
    "max-repeats": _count("max-repeats"),
    "budget-usd": _number("budget-usd"),
    "params": _params,
    "sites": _sites,
    "ignores": _ignores,
}
