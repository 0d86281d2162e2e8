"""action.yml, the workflows and their documentation held against the code, and against their checkers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from stand_ins import ROOT, pinned

from mlbench.action import STEPS
from mlbench.action.inputs import PREFIX, ActionInputs, variable
from mlbench.action.inputs import inputs as every_input
from mlbench.errors import UsageError
from mlbench.firmware.source_tree import read_tree
from mlbench.host.cache_dir import TOOLS, cache_area
from mlbench.suite.discovery import find_sketches

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"^[ -]*uses:\s*([\w./-]+)@(\S+)(?:\s*#\s*(\S+))?", re.MULTILINE)


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "action.yml").read_text())


def test_one_table_of_inputs(action: dict[str, Any]) -> None:
    """The code's; everything else is held against it."""
    names = [item.name for item in every_input()]
    assert list(action["inputs"]) == names
    assert {name: str(given["default"]) for name, given in action["inputs"].items()} == {
        item.name: item.default for item in every_input()
    }
    assert all(given["description"] for given in action["inputs"].values())
    types = yaml.safe_load((ROOT / "action-types.yml").read_text())
    assert list(types["inputs"]) == names
    for item in every_input():
        allowed = types["inputs"][item.name].get("allowed-values")
        if item.kind == "choice" and allowed:
            assert allowed == [choice for choice in item.choices if choice]
    table = (ROOT / "docs" / "action.md").read_text().split("## Inputs")[1].split("## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| *(?:`([^`]*)`|([^|`]*)) *\|", table, re.MULTILINE)
    assert [row[0] for row in rows] == names
    for (_, code, _), item in zip(rows, every_input(), strict=True):
        if "${{" not in item.default:
            assert code == item.default


def test_outputs_are_typed_and_documented(action: dict[str, Any]) -> None:
    types = yaml.safe_load((ROOT / "action-types.yml").read_text())
    table = (ROOT / "docs" / "action.md").read_text().split("## Outputs")[1].split("## ")[0]
    assert list(action["outputs"]) == list(types["outputs"])
    assert list(action["outputs"]) == re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)


def test_inputs_reach_the_code_by_the_environment_alone(action: dict[str, Any]) -> None:
    given: dict[str, str] = {}
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        given |= {name: text for name, text in step.get("env", {}).items() if name.startswith(PREFIX)}
    assert given == {variable(item.name): f"${{{{ inputs.{item.name} }}}}" for item in every_input()}


def test_the_token_is_where_nothing_is_built(action: dict[str, Any]) -> None:
    steps = {step.get("id", step["name"]): step for step in action["runs"]["steps"]}
    holders = {name for name, step in steps.items() if "inputs.token" in str(step)}
    assert holders == {"plan", "report"}
    for name in ("prepare", *STEPS):
        assert (
            steps[name]["run"]
            .rstrip()
            .endswith(f'exec python3 "$GITHUB_ACTION_PATH/entrypoint.py" --action {name}')
        )


def test_caches_that_meet_a_token_are_older_than_any_build(action: dict[str, Any]) -> None:
    """What is restored before a step with the token was saved before the project's own code ran."""
    steps = action["runs"]["steps"]
    names = [step.get("id", step["name"]) for step in steps]
    plan, measure = names.index("plan"), names.index("measure")
    saved: dict[str, int] = {}
    restored: dict[str, int] = {}
    for place, step in enumerate(steps):
        uses = step.get("uses", "")
        if not uses.startswith("actions/cache"):
            continue
        (kind,) = re.findall(r"prepare\.outputs\.(\w+)-path", step["with"]["path"])
        wish = "builds" if kind == "results" else kind
        assert f"prepare.outputs.{wish} == 'true'" in step["if"]
        if uses.startswith("actions/cache/save@"):
            saved[kind] = place
        else:
            assert uses.startswith("actions/cache/restore@"), "others save by themselves when the job ends"
            assert "prepare.outputs.mode != 'report' &&" in step["if"]
            restored[kind] = place
    assert set(saved) == set(restored) == {"python", "tools", "builds", "results"}
    for kind in ("python", "tools"):
        assert restored[kind] < names.index("setup") < saved[kind] < plan
    for kind in ("builds", "results"):
        assert plan < restored[kind] < measure < saved[kind]
    assert not [step for step in steps[plan + 1 : measure + 1] if "inputs.token" in str(step)]


def test_the_reusable_workflow_hands_every_input_on() -> None:
    bench = yaml.safe_load((ROOT / ".github/workflows/bench.yml").read_text())
    inputs = bench[True]["workflow_call"]["inputs"]
    defaults = {item.name: item.default for item in every_input()}
    for name, given in inputs.items():
        if name in defaults:
            assert str(given["default"]).lower() == defaults[name], name
    used = str(bench["jobs"])
    assert all(re.search(rf"inputs\.{name}\b", used) for name in inputs)
    documented = (
        (ROOT / "docs" / "action.md").read_text().split("Of the reusable workflow:")[1].split("\n\n")[0]
    )
    assert set(re.findall(r"`([\w-]+)`", documented)) == set(inputs)
    assert bench["permissions"] == {}
    assert bench["jobs"]["measure"]["permissions"] == {"contents": "read"}


def test_the_action_in_a_workspace_is_no_source_of_a_sketch(tmp_path: Path) -> None:
    """The reusable workflow puts it beside the sketches: it must change no digest of them."""
    bench = yaml.safe_load((ROOT / ".github/workflows/bench.yml").read_text())
    steps = [step for job in bench["jobs"].values() for step in job["steps"]]
    (path,) = {step["with"]["path"] for step in steps if "path" in step.get("with", {})}
    assert {step["uses"] for step in steps if step["uses"].startswith("./")} == {f"./{path}"}
    (tmp_path / path).mkdir()
    (tmp_path / path / "main.cpp").write_text("other")
    (tmp_path / "main.cpp").write_text("own")
    assert list(read_tree(tmp_path)) == ["main.cpp"]
    assert find_sketches(tmp_path).sketches == ()


def test_other_actions_are_pinned_by_commit_and_to_one_version() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for path in (ROOT / "action.yml", *WORKFLOWS):
        for name, ref, version in USES.findall(path.read_text()):
            assert re.fullmatch(r"[0-9a-f]{40}", ref), f"{path.name}: {name}@{ref}"
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{path.name}: {name} has no version beside it"
            owner = "/".join(name.split("/")[:2])
            assert seen.setdefault(owner, (ref, version)) == (ref, version)
    assert len(seen) >= 3
    assert all(use.startswith("actions/") for use in pinned((ROOT / "action.yml").read_text()))


def test_workflows_begin_without_rights_and_end_by_themselves() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path.name
        for name, job in workflow["jobs"].items():
            assert "permissions" in job, f"{path.name}: {name}"
            assert "timeout-minutes" in job or "uses" in job, f"{path.name}: {name}"


def test_settings_are_read_from_the_environment_and_survive_the_way() -> None:
    given = {
        "suite": "a b.yml",
        "sketches": "models/*, x\ny",
        "board": "a:b:c:o=1,p=2\nd:e:f,g:h:i",
        "fail-on": "failures",
        "key": '{\n  "b": 1,\n  "a": "x"\n}',
        "cache": "False",
        "working-directory": "firmware/",
    }
    settings = ActionInputs.read({variable(name): text for name, text in given.items()})
    assert settings.sketches == ("models/*", "x", "y")
    assert settings.board == ("a:b:c:o=1,p=2", "d:e:f", "g:h:i")
    assert settings.fail_on == ("failures",)
    assert settings.key == '{"a":"x","b":1}'
    assert settings.cache is False
    assert settings.working_directory == "firmware"
    assert ActionInputs.from_json(settings.to_json()) == settings
    assert ActionInputs.read({}) == ActionInputs()
    assert ActionInputs.read({variable("key"): "null"}).key == ""
    assert ActionInputs.read({variable("fail-on"): "nothing"}).fail_on == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mode", "everything"),
        ("comment", "sometimes"),
        ("cache", "maybe"),
        ("fail-on", "thresholds, nothing"),
        ("fail-on", "errors"),
        ("working-directory", "../elsewhere"),
        ("working-directory", "/etc"),
        ("key", "x" * 2000),
        ("backend", "cloud"),
    ],
)
def test_a_wrong_input_is_named(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"input {name}"):
        ActionInputs.read({variable(name): text})


def test_firmware_from_elsewhere_has_its_board_and_a_build_needs_a_folder() -> None:
    def given(**texts: str) -> ActionInputs:
        return ActionInputs.read({variable(name.replace("_", "-")): text for name, text in texts.items()})

    assert given(firmware_dir="x", mode="measure").prebuilt
    assert not given(firmware_dir="x", mode="build", board="a:b:c").prebuilt
    with pytest.raises(UsageError, match="input board"):
        given(firmware_dir="x", board="a:b:c")
    with pytest.raises(UsageError, match="input firmware-dir"):
        given(mode="build")


def checker(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: it has no release for this Python or machine")
    return found


def clean(words: list[str], folder: Path = ROOT) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def documented(folder: Path) -> list[Path]:
    """The workflows that the documentation shows, each as a file."""
    found = []
    pages = [(ROOT / "docs" / name).read_text() for name in ("action.md", "self-hosted.md")]
    texts = [text for page in pages for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    for number, text in enumerate(texts):
        # Those that show a job only are part of a workflow for pull requests.
        whole = text if "\non:" in f"\n{text}" else f"on: pull_request\npermissions: {{}}\n{text}"
        path = folder / ".github" / "workflows" / f"shown-{number}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(whole)
        found.append(path)
    assert len(found) >= 7
    (folder / ".github" / "actionlint.yaml").write_text("self-hosted-runner: {labels: [nano33ble]}\n")
    return found


def test_schemas_of_workflows_and_of_the_action(tmp_path: Path) -> None:
    check = checker("check-jsonschema")
    clean([check, "--builtin-schema", "vendor.github-actions", "action.yml"])
    shown = [str(path) for path in documented(tmp_path)]
    own = [str(path) for path in WORKFLOWS]
    clean([check, "--builtin-schema", "vendor.github-workflows", *own, *shown])
    clean([check, "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"])


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    check = [checker("zizmor"), "--offline", "--strict-collection", "--no-progress"]
    clean([*check, "action.yml", ".github"])
    # Users choose their own pins; the documentation shows tags, as those of every action do. And a workflow
    # that follows another is the one way to comment on a fork's pull request: it builds nothing.
    (tmp_path / "zizmor.yml").write_text(
        "rules: {unpinned-uses: {config: {policies: {'*': ref-pin}}}, dangerous-triggers: {disable: true}}\n"
    )
    documented(tmp_path)
    clean([*check, "--config", str(tmp_path / "zizmor.yml"), str(tmp_path / ".github")])


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    program = actionlint()
    clean([program])
    documented(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    clean([program], tmp_path)


def actionlint() -> str:
    """actionlint, built once where there is a Go compiler: no package of it brings the program along."""
    found = shutil.which("actionlint")
    if found:
        return found
    version = "v1.7.12"
    folder = cache_area(TOOLS) / f"actionlint-{version}"
    program = folder / "actionlint"
    if program.is_file():
        return str(program)
    go = shutil.which("go") or next((str(p) for p in [Path("/usr/local/go/bin/go")] if p.is_file()), "")
    if not go:
        pytest.skip("no actionlint, and no Go compiler to build it")
    done = subprocess.run(
        [go, "install", f"github.com/rhysd/actionlint/cmd/actionlint@{version}"],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.skip(f"actionlint cannot be built here: {done.stderr.strip().splitlines()[-1:]}")
    return str(program)
