"""What a build server takes from the repository: hook, action and pytest fixture."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from seamaudit.pytest_plugin import _assert_no_seams

ROOT = Path(__file__).parents[1]
BAD = ROOT / "fixtures" / "CA002" / "bad.jsonl"
CLEAN = ROOT / "fixtures" / "clean" / "clean.jsonl"


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_no_input_of_the_action_is_pasted_into_a_script() -> None:
    steps = loaded("action.yml")["runs"]["steps"]
    assert all("${{" not in step.get("run", "") for step in steps)
    given = {name for step in steps for name in step["env"].values()}
    assert given == {f"${{{{ inputs.{name} }}}}" for name in loaded("action.yml")["inputs"]}


def test_the_actions_script_scans_and_tells_its_exit_code(tmp_path: Path) -> None:
    """The script itself, with an installation that is there already."""
    tools = tmp_path / "seamaudit" / "bin"
    tools.mkdir(parents=True)
    main = "import sys; sys.path.insert(0, sys.argv.pop(1)); from seamaudit.cli import main; sys.exit(main())"
    (tools / "pip").write_text(f'#!/bin/sh\nfor last; do :; done\n[ "$last" = "{ROOT}" ]\n')
    (tools / "seamaudit").write_text(f"#!/bin/sh\nexec {sys.executable} -c '{main}' {ROOT} \"$@\"\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    stub = tmp_path / "bin"
    stub.mkdir()
    (stub / "python3").write_text("#!/bin/sh\nexit 0\n")
    (stub / "python3").chmod(0o755)
    (step,) = loaded("action.yml")["runs"]["steps"]
    hostile = tmp_path / "$(touch pwned) `touch pwned`; touch pwned.jsonl"
    hostile.write_bytes(CLEAN.read_bytes())
    environment = {
        "PATH": f"{stub}:/usr/bin:/bin",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "SEAMAUDIT_PATHS": f"{BAD}\n{hostile}\n",
        "SEAMAUDIT_BASELINE": "",
        "SEAMAUDIT_FAIL_ON": "medium",
        "SEAMAUDIT_SARIF": str(tmp_path / "out.sarif"),
        "SEAMAUDIT_VERSION": "",
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    done = subprocess.run(["bash", "-c", step["run"]], env=environment, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert (done.returncode, (tmp_path / "output").read_text()) == (1, "exit-code=1\n")
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
    assert not (tmp_path / "pwned").exists()


def test_the_hook_runs_a_command_that_exists() -> None:
    (hook,) = loaded(".pre-commit-hooks.yaml")
    words = hook["entry"].split()
    assert words[:2] == ["seamaudit", "scan"]
    main = "import sys; from seamaudit.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", main, *words[1:], str(CLEAN)], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0


def test_the_plugin_is_announced_and_light() -> None:
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert plugins == {"seamaudit": "seamaudit.pytest_plugin"}
    heavy = "import sys, seamaudit.pytest_plugin; print(sorted({'polars', 'orjson', 'msgspec', 'rich', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, check=True, encoding="utf-8", timeout=60)
    assert "polars" not in done.stdout
    assert "msgspec" not in done.stdout


def test_a_clean_trace_passes_and_findings_fail() -> None:
    _assert_no_seams(CLEAN)
    with pytest.raises(pytest.fail.Exception, match="CA002 clock-in-prefix"):
        _assert_no_seams(str(BAD))
    _assert_no_seams(BAD, ignore=["CA002"])
    _assert_no_seams(BAD, at_least="critical")


def test_records_are_taken_as_they_are() -> None:
    records = [json.loads(line) for line in BAD.read_text("utf-8").splitlines()]
    with pytest.raises(pytest.fail.Exception, match="CA002"):
        _assert_no_seams(records)


def test_nothing_audited_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"request": {"url": "https://api.openai.com/v1/embeddings", "body": {"input": "x", "model": "m"}}}\n'
    )
    with pytest.raises(pytest.fail.Exception, match=r"no call to a model|not a recording"):
        _assert_no_seams(tmp_path / "t.jsonl")
