"""What the action says to the runner, and what it takes from it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.action.commands import Commands, escape_data, escape_property
from mlbench.action.events import WorkflowEvent
from mlbench.action.files import add_summary, set_outputs
from mlbench.action.scrub import hold, scrub
from mlbench.errors import UsageError


def unescaped(text: str) -> str:
    """As the runner reads a command's data."""
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@given(st.text())
def test_any_text_is_the_message_of_one_annotation(text: str) -> None:
    out = io.StringIO()
    Commands(out).annotate("error", text, title=text, file="a.ino", line=3)
    printed = out.getvalue()
    assert printed.count("\n") == 1
    assert "\r" not in printed
    _, _, message = printed.removesuffix("\n").removeprefix("::error ").partition("::")
    assert unescaped(message) == text
    assert printed.endswith(f"::{escape_data(text)}\n")
    assert f"title={escape_property(text)}" in printed or not text
    assert "file=a.ino,line=3" in printed


def runner_reads(lines: str) -> list[str]:
    """Commands as the runner finds them: none between stop-commands and its marker."""
    found, stopped = [], ""
    for line in lines.splitlines():
        matched = re.match(r"\s*::([^:\s]+)[^:]*::(.*)", line)
        if matched is None:
            continue
        if stopped:
            stopped = "" if matched[1] == stopped else stopped
        elif matched[1] == "stop-commands":
            stopped = matched[2]
        else:
            found.append(matched[1])
    return found


@given(
    st.lists(
        st.sampled_from(["::error::x", "::stop-commands::y", "::y::", "::add-mask::a", "text", "no end"])
    )
)
def test_nothing_that_others_print_is_a_command(lines: list[str]) -> None:
    out = io.StringIO()
    commands = Commands(out)
    with commands.stopped():
        out.write("\n".join(lines))  # without a line break at the end
    commands.annotate("notice", "ours")
    assert runner_reads(out.getvalue()) == ["notice"]


def test_groups_end_and_secrets_are_masked_line_by_line() -> None:
    out = io.StringIO()
    commands = Commands(out)
    with pytest.raises(ValueError), commands.group("a\nb"):
        raise ValueError
    commands.mask("one\n\ntwo\n")
    commands.mask("")
    assert out.getvalue().splitlines() == [
        "::group::a\\nb",
        "::endgroup::",
        "::add-mask::one",
        "::add-mask::two",
    ]


def outputs_read(text: str) -> dict[str, str]:
    """As the runner reads the file of outputs."""
    found, lines = {}, text.split("\n")
    while lines and lines[0]:
        name, _, delimiter = lines.pop(0).partition("<<")
        value = []
        while (line := lines.pop(0)) != delimiter:
            value.append(line)
        found[name] = "\n".join(value)
    return found


@given(
    st.dictionaries(
        st.sampled_from(["result", "measures"]), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_outputs_of_any_text_come_through(values: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out")
        path.touch()
        set_outputs({"GITHUB_OUTPUT": str(path)}, values)
        assert outputs_read(path.read_bytes().decode()) == values


def test_a_summary_stays_below_the_runners_limit(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    environ = {"GITHUB_STEP_SUMMARY": str(path)}
    add_summary(environ, "first", limit=300)
    add_summary(environ, "x" * 400, limit=300)
    assert path.read_text().startswith("first\n\nThe rest does not fit")
    for _ in range(20):
        add_summary(environ, "ä" * 50, limit=300)
    assert path.stat().st_size <= 300
    add_summary({}, "nowhere")
    set_outputs({}, {"a": "b"})


def test_the_environment_of_builds() -> None:
    environ = {
        **dict.fromkeys(
            ["GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "INPUT_TOKEN", "MLBENCH_INPUT_TOKEN"], "secret"
        ),
        **dict.fromkeys(
            ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"], "f"
        ),
        **dict.fromkeys(["MLBENCH_INPUT_SUITE", "GH_TOKEN"], "x"),
        **dict.fromkeys(["PATH", "GITHUB_SHA", "MLBENCH_HOME"], "kept"),
    }
    whole = dict(environ)
    assert set(hold(environ).values()) == {"secret", "x"}
    assert "MLBENCH_INPUT_SUITE" in environ
    assert "GITHUB_OUTPUT" in environ
    environ = dict(whole)
    assert scrub(environ) == whole
    assert environ == dict.fromkeys(["PATH", "GITHUB_SHA", "MLBENCH_HOME"], "kept")


def event(tmp_path: Path, name: str, payload: object, **more: str) -> WorkflowEvent:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    environ = {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "owner/demo",
        "GITHUB_SHA": "f" * 40,
        "GITHUB_WORKFLOW_REF": "owner/demo/.github/workflows/bench.yml@refs/pull/1/merge",
        **more,
    }
    return WorkflowEvent.read(environ)


def test_what_events_say(tmp_path: Path) -> None:
    head = {"sha": "a" * 40, "repo": {"full_name": "stranger/demo"}}
    pull = {"number": 7, "head": head, "base": {"ref": "main", "sha": "b" * 40}, "labels": [{"name": "x"}]}
    found = event(tmp_path, "pull_request", {"pull_request": pull})
    assert (found.pull_number, found.head_sha, found.base_ref) == (7, "a" * 40, "main")
    assert found.comments
    assert found.labels == ("x",)
    assert found.workflow == ".github/workflows/bench.yml"
    queue = {
        "head_sha": "c" * 40,
        "base_sha": "d" * 40,
        "base_ref": "refs/heads/main",
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-" + "d" * 40,
        "head_commit": {"message": "Merge"},
    }
    found = event(tmp_path, "merge_group", {"merge_group": queue})
    assert (found.pull_number, found.head_sha, found.base_sha) == (12, "c" * 40, "d" * 40)
    assert not found.comments
    assert found.message == "Merge"
    assert event(tmp_path, "push", {"before": "0" * 40}).base_sha == ""
    assert event(tmp_path, "push", {"before": "e" * 40}).base_sha == "e" * 40
    odd = event(tmp_path, "schedule", [])
    assert (odd.pull_number, odd.head_sha, odd.labels) == (None, "f" * 40, ())
    weird = event(tmp_path, "pull_request", {"pull_request": {"number": "7", "head": None, "labels": "x"}})
    assert (weird.pull_number, weird.head_sha) == (None, "f" * 40)


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_nothing_is_built_where_a_token_may_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        event(tmp_path, name, {}).check_may_build()
    for allowed in ("pull_request", "push", "merge_group", "schedule", "workflow_dispatch"):
        event(tmp_path, allowed, {}).check_may_build()
