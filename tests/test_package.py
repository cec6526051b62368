"""What is shipped: the wheel holds the rules and the demo, and starting is cheap."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("polars", "jsonschema", "genai_prices")


def test_the_wheel_holds_the_rules_and_the_demo_trace(tmp_path: Path) -> None:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    rules = {f"seamaudit/_data/rules/{path.relative_to(ROOT / 'rules')}" for path in (ROOT / "rules").rglob("*.yaml")}
    assert rules
    assert rules | {"seamaudit/_data/demo.jsonl", "seamaudit/cli/__init__.py"} <= shipped


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["rules", "list"], ["rules", "show", "CA001"]], ids=" ".join)
def test_help_and_rules_start_without_heavy_imports(arguments: list[str]) -> None:
    code = (
        f"import sys; from seamaudit.cli import main; code = main(); print(code, [m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "0 []"
    assert done.stdout
