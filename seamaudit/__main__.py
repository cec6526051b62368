"""The command, for `python -m seamaudit`."""

from __future__ import annotations

from seamaudit.cli import main

if __name__ == "__main__":
    main()
