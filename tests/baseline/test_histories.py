"""The merge base that a shallow clone is given is the one of the whole history."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from histories import git, shallow
from hypothesis import given
from hypothesis import strategies as st

from mlbench.baseline import BaseCommit, Event, Repository, base_commit_of


def history(folder: Path, seed: int, commits: int = 60) -> list[str]:
    """A repository of two branches that part and merge at random, made in one go."""
    choose = random.Random(seed)
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    lines, tips = [], [0]
    for number in range(1, commits + 1):
        parents = [choose.choice(tips[-4:])] if number > 1 else []
        if number > 2 and choose.random() < 0.3:
            parents.append(choose.choice([tip for tip in tips[1:] if tip not in parents] or parents))
        lines += [
            "commit refs/heads/main",
            f"mark :{number}",
            f"committer a <a@b> {number} +0000",
            "data 1",
            "x",
        ]
        lines += [
            f"{word} :{parent}" for word, parent in zip(("from", "merge"), parents, strict=False) if parent
        ]
        lines += [f"M 100644 inline f{number}", "data 1", "x", ""]
        tips.append(number)
    marks = folder / "marks"
    # Each commit names its parents itself; the branch is where the last one is.
    text = "\n".join(["reset refs/heads/main", "", *lines, "done", ""])
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force", f"--export-marks={marks}"],
        cwd=folder,
        input=text.encode(),
        check=True,
        capture_output=True,
    )
    named = dict(line.split() for line in marks.read_text().splitlines())
    return [named[f":{number}"] for number in range(1, commits + 1)]


@pytest.mark.parametrize("seed", range(6))
def test_merge_bases_of_random_histories(tmp_path, monkeypatch, seed):
    # Steps that are small against the history, so that they cut it.
    monkeypatch.setattr(sys.modules["mlbench.baseline.base_commit"], "DEPTHS", (4, 12, 40, 80))
    commits = history(tmp_path / "server", seed)
    choose = random.Random(seed)
    for number in range(2):
        head, base = choose.sample(commits[20:], 2)
        clone = shallow(tmp_path / f"clone{number}", f"file://{tmp_path / 'server'}", head)
        payload = {"pull_request": {"head": {"sha": head}, "base": {"sha": base, "ref": "main"}}}
        found = base_commit_of(Event("pull_request", payload), Repository(clone))
        best = git(tmp_path / "server", "merge-base", "--all", head, base, check=False).split()
        assert (found.commit in best) if best else not found.commit, (found, best)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["pull_request", "merge_group", "before", "forced", "deleted", "head", "base", "sha"])
payloads = st.dictionaries(keys, json | st.dictionaries(keys, json | st.dictionaries(keys, json)))


class Nothing:
    """A checkout of one commit that reaches nobody."""

    head = "a" * 40
    shallow = False

    def parents(self, commit: str) -> tuple[str, ...]:
        return ()

    def obtain(self, commit: str) -> str:
        return "out of reach"

    def merge_base(self, one: str, other: str) -> str:
        return ""


@given(st.sampled_from(["pull_request", "pull_request_target", "merge_group", "push", "x", ""]), payloads)
def test_no_event_is_too_odd(name, payload):
    found = base_commit_of(Event(name, payload), Nothing())
    assert isinstance(found, BaseCommit)
    assert bool(found.commit) != bool(found.note)
