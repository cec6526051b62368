"""The command as a shell runs it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

from seamaudit.cli import main

ROOT = Path(__file__).parents[2]
DEMO = "fixtures/demo/demo.jsonl"
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from seamaudit.cli import main; sys.exit(main())"
"""The command for an interpreter of its own, where a test does more with it than run it."""

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.cli.shell", "seamaudit.audit", "seamaudit.report"])


def run(*options: str, folder: Path = ROOT) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `seamaudit` with these options, outside CI.

    The process is one of its own and inherits what every command imports: beginning is most of what a small one does.
    """
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    with tempfile.TemporaryDirectory() as told:
        out, err = Path(told, "out"), Path(told, "err")
        command = _FORKS.Process(target=_command, args=(options, folder, kept, out, err))
        command.start()
        command.join(60)
        code = command.exitcode
        command.kill()
        assert code is not None, f"{options} takes more than a minute"
        return code, out.read_text("utf-8"), err.read_text("utf-8")


def _command(options: tuple[str, ...], folder: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, stream in ((out, 1), (err, 2)):
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(file, stream)
        os.close(file)
    sys.argv = ["seamaudit", *options]
    sys.exit(main())
