"""The command line. One file per command: parse options, call one function, choose the exit code; nothing else."""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType
from typing import Annotated

import typer

from seamaudit import __version__
from seamaudit.cli.stdio import make_patient
from seamaudit.errors import EXIT_CLEAN, EXIT_INTERNAL, EXIT_USAGE, SeamauditError

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


def main() -> int:
    """Run the command line and return the exit code; whatever goes wrong, no trace text reaches the terminal."""
    make_patient()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = _run()
        sys.stdout.flush()
    except SeamauditError as error:
        return _say(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _say(f"{error.filename or 'output'}: {error.strerror or type(error).__name__}", "", EXIT_USAGE)
    except Exception as error:  # its text may quote the trace, so only its kind and place are told
        return _say(f"internal error: {type(error).__name__} at {_place(error)}", "This is a bug in seamaudit.", EXIT_INTERNAL)
    return code


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"seamaudit {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)] = False,
) -> None:
    """Replay recorded LLM traffic through models of its layers and name the seam that broke."""


def app() -> typer.Typer:
    """The command tree. Commands import what they need when they run, so that `--help` is quick."""
    from seamaudit.cli.baseline import app as baseline
    from seamaudit.cli.calibrate import EXAMPLES as CALIBRATE_EXAMPLES
    from seamaudit.cli.calibrate import calibrate
    from seamaudit.cli.compare import EXAMPLES as COMPARE_EXAMPLES
    from seamaudit.cli.compare import compare
    from seamaudit.cli.config import app as config
    from seamaudit.cli.convert import EXAMPLES as CONVERT_EXAMPLES
    from seamaudit.cli.convert import convert
    from seamaudit.cli.cost import EXAMPLES as COST_EXAMPLES
    from seamaudit.cli.cost import cost
    from seamaudit.cli.diff import EXAMPLES as DIFF_EXAMPLES
    from seamaudit.cli.diff import diff
    from seamaudit.cli.doctor import EXAMPLES as DOCTOR_EXAMPLES
    from seamaudit.cli.doctor import doctor
    from seamaudit.cli.facts import EXAMPLES as FACTS_EXAMPLES
    from seamaudit.cli.facts import facts
    from seamaudit.cli.query import EXAMPLES as QUERY_EXAMPLES
    from seamaudit.cli.query import query
    from seamaudit.cli.report import EXAMPLES as REPORT_EXAMPLES
    from seamaudit.cli.report import report
    from seamaudit.cli.rules import app as rules
    from seamaudit.cli.scan import EXAMPLES, scan
    from seamaudit.cli.walk import EXAMPLES as WALK_EXAMPLES
    from seamaudit.cli.walk import walk
    from seamaudit.cli.whatif import EXAMPLES as WHATIF_EXAMPLES
    from seamaudit.cli.whatif import whatif

    root = typer.Typer(name="seamaudit", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    root.callback()(_root)
    root.command(epilog=EXAMPLES)(scan)
    root.command(epilog=DOCTOR_EXAMPLES)(doctor)
    root.command(epilog=COST_EXAMPLES)(cost)
    root.command(epilog=CALIBRATE_EXAMPLES)(calibrate)
    root.command(epilog=DIFF_EXAMPLES)(diff)
    root.command(epilog=FACTS_EXAMPLES)(facts)
    root.command(epilog=QUERY_EXAMPLES)(query)
    root.command(epilog=REPORT_EXAMPLES)(report)
    root.command(epilog=WALK_EXAMPLES)(walk)
    root.command(epilog=WHATIF_EXAMPLES)(whatif)
    root.command(epilog=COMPARE_EXAMPLES)(compare)
    root.command(epilog=CONVERT_EXAMPLES)(convert)
    root.add_typer(baseline, name="baseline")
    root.add_typer(config, name="config")
    root.add_typer(rules, name="rules")
    return root


def _run() -> int:
    """The exit code of the command tree, which always ends by SystemExit."""
    try:
        app()(prog_name="seamaudit")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_CLEAN if end.code is None else EXIT_USAGE
    return EXIT_CLEAN


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(EXIT_TERMINATED)


def _say(message: str, hint: str, code: int) -> int:
    """Tell the person what went wrong; a path may hold anything, so every line is made safe."""
    from seamaudit.evidence.safe import sanitize

    for line in f"seamaudit: {message}\n{hint}".splitlines():
        sys.stderr.write(f"{sanitize(line)}\n")
    sys.stderr.flush()
    return code


def _place(error: Exception) -> str:
    """File and line of our own code in which an error rose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "seamaudit" in frame.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown place"
