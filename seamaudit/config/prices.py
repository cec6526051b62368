"""A price file: YAML that says what models cost, checked before a trace is read; every mistake is told with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from seamaudit.catalog.document import Document, Steps, read
from seamaudit.catalog.problem import Problem, RefusedRules, quoted, refuse
from seamaudit.errors import UsageError
from seamaudit.providers.own import TERMS, OwnPrice, OwnPrices, joined
from seamaudit.providers.units import UnitPrices
from seamaudit.trace.money import PICO_PER_USD

HEAD: Final = ("name", "date", "models")
PER_MILLION: Final = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
PER_THOUSAND: Final = ("search",)
MODEL: Final = ("model", "provider", "from", "terms", "above", *PER_MILLION, *PER_THOUSAND)
NEEDED: Final = ("model", "input", "output")
DEAREST: Final = 10**6
"""US dollars per million tokens that are believed."""
HINT: Final = "A price file has a date and models; each has model, input and output in US dollars per million tokens."


def load_prices(path: Path) -> OwnPrices:
    """The prices in a file. Raises UsageError, with file, line and column, for everything in it that cannot be meant."""
    try:
        document = read(path)
        refuse(_problems(document))
    except RefusedRules as refused:
        raise UsageError(refused.message, HINT) from None
    data: Any = document.data
    return OwnPrices(data.get("name", path.name), date.fromisoformat(data["date"]), tuple(map(_row, data["models"])))


def _row(told: Mapping[str, Any]) -> OwnPrice:
    since = told.get("from")
    return OwnPrice(
        model=told["model"],
        prices=_prices(told),
        provider=told.get("provider", ""),
        since=date.fromisoformat(since) if since else None,
        terms=joined(told["terms"].split("+")) if told.get("terms") else "",
        above=told.get("above", -1),
    )


def _prices(told: Mapping[str, Any]) -> UnitPrices:
    """The unit prices of a row: a write of any life costs `cache_write` where its own life has no price."""

    def pico(name: str, unit: int = 10**6) -> int | None:
        price = told.get(name)
        return None if price is None else int((Decimal(str(price)) * (PICO_PER_USD // unit)).to_integral_value())

    write, short, long = pico("cache_write"), pico("cache_write_5m"), pico("cache_write_1h")
    return UnitPrices(
        input=pico("input"),
        read=pico("cache_read"),
        write=short if write is None and short == long else write,
        write_5m=write if short is None else short,
        write_1h=write if long is None else long,
        output=pico("output"),
        search=pico("search", 10**3),
    )


def _problems(document: Document) -> Iterator[Problem]:
    """Everything that is wrong."""
    data = document.data
    if not isinstance(data, dict):
        yield document.at_value((), "a price file is a map with date and models")
        return
    yield from _unknown(document, (), data, HEAD)
    if "name" in data:
        yield from _text(document, ("name",), data["name"])
    yield from _day(document, ("date",), data.get("date"))
    models = data.get("models")
    if not isinstance(models, list) or not models:
        yield document.at_value(("models",), "models must be a list of models and their prices")
        return
    seen: dict[tuple[object, ...], int] = {}
    for number, told in enumerate(models):
        at = ("models", number)
        if not isinstance(told, dict):
            yield document.at_value(at, "a model must be a map with model, input and output")
            continue
        found = list(_of_model(document, at, told))
        yield from found
        if not found:
            key = (told["model"], told.get("provider"), told.get("from"), joined((told.get("terms") or "").split("+")), told.get("above"))
            if key in seen:
                yield document.at_value(at, f"the prices of {quoted(told['model'])} are given twice, first as model {seen[key] + 1}")
            seen.setdefault(key, number)


def _of_model(document: Document, at: Steps, told: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown(document, at, told, MODEL)
    for name in NEEDED:
        if name not in told:
            yield document.at_value(at, f"{name} is missing")
    for name in ("model", "provider"):
        if name in told:
            yield from _text(document, (*at, name), told[name])
    if "from" in told:
        yield from _day(document, (*at, "from"), told["from"])
    if "terms" in told:
        yield from _terms(document, (*at, "terms"), told["terms"])
    above = told.get("above", 0)
    if not isinstance(above, int) or isinstance(above, bool) or above < 0:
        yield document.at_value((*at, "above"), f"above must be a count of input tokens, not {quoted(above)}")
    for name in (*PER_MILLION, *PER_THOUSAND):
        if name in told and not _is_price(told[name]):
            unit = "thousand" if name in PER_THOUSAND else "million tokens"
            yield document.at_value((*at, name), f"{name} must be US dollars per {unit}, not {quoted(told[name])}")


def _unknown(document: Document, at: Steps, told: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Problem]:
    for key in told:
        if key not in known:
            yield document.at_key((*at, key), f"unknown key {quoted(key)}", key, known)


def _text(document: Document, at: Steps, value: object) -> Iterator[Problem]:
    if not isinstance(value, str) or not value:
        yield document.at_value(at, f"{at[-1]} must be a text, not {quoted(value)}")


def _day(document: Document, at: Steps, value: object) -> Iterator[Problem]:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        yield document.at_value(at, f"{at[-1]} must be a day like 2026-10-01, not {quoted(value)}")


def _terms(document: Document, at: Steps, value: object) -> Iterator[Problem]:
    for word in value.split("+") if isinstance(value, str) else [value]:
        if word not in TERMS:
            yield document.at_value(at, f"terms are {', '.join(TERMS)}, not {quoted(word)}", str(word), TERMS)


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= DEAREST
