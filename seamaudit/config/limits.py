"""Budgets and estimates in a config: `[[budgets]]` and `[[estimates]]`, each an amount, what it is for and whose calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from seamaudit.catalog.problem import quoted, suggestion
from seamaudit.errors import UsageError
from seamaudit.layers.budgets import Allowance, Per
from seamaudit.trace.money import MOST_USD, from_usd

OWNERS: Final = ("app", "team", "key", "user")
KEYS: Final = ("usd", "per", *OWNERS)
BUDGETED: Final = (Per.DAY, Per.MONTH, Per.TRACE)
ESTIMATED: Final = (Per.CALL, Per.THREAD, Per.TRACE)


def allowances(name: str, value: Any, known: Sequence[Per]) -> tuple[Allowance, ...]:
    """The entries of a list of tables; without `per` an amount is for the first of the `known`. Raises UsageError for what is none."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"{name} must be a list of tables ([[{name}]])")
    return tuple(_allowance(f"{name} {number}", each, known) for number, each in enumerate(value, 1))


def _allowance(where: str, told: Mapping[str, Any], known: Sequence[Per]) -> Allowance:
    for key in told:
        if key not in KEYS:
            raise UsageError(f'{where}: unknown key "{key}"{suggestion(key, KEYS)}')
    usd = from_usd(told.get("usd"))
    if not usd:
        raise UsageError(f"{where}: usd must be an amount of US dollars above 0 and below {MOST_USD:,}")
    per = told.get("per", known[0].value)
    if per not in [each.value for each in known]:
        raise UsageError(f"{where}: per must be one of {', '.join(known)}, not {quoted(per)}")
    for owner in OWNERS:
        if owner in told and (not isinstance(told[owner], str) or not told[owner]):
            raise UsageError(f"{where}: {owner} must be a name, or * for each")
    return Allowance(usd=usd, per=Per(per), **{owner: told.get(owner, "") for owner in OWNERS})
