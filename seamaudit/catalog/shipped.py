"""Where the shipped rules are: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

import seamaudit


def shipped_rules() -> Path:
    """The directory of the rules that come with seamaudit."""
    package = Path(seamaudit.__file__).parent
    installed = package / "_data" / "rules"
    return installed if installed.is_dir() else package.parent / "rules"
