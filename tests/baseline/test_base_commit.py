"""Which commit a change is held against."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from histories import NULL, Server, checkout, git, shallow

from mlbench.baseline import BaseCommit, Event, NoRepository, Repository, base_commit_of, base_commit_of_ref
from mlbench.baseline.base_commit import DEPTHS
from mlbench.errors import UsageError


def whole(folder, server: Server, commit: str):
    """A clone with all history, at a commit."""
    git(folder.parent, "clone", "-q", server.url, str(folder))
    git(folder, "checkout", "-q", "--detach", commit)
    return folder


def test_a_test_merge_has_its_first_parent(server, tmp_path):
    """Not the base as the event names it: the branch may have moved on since."""
    repository = Repository(shallow(tmp_path / "clone", server.url, server.merge))
    found = base_commit_of(Event("pull_request", server.pull_request(base=server.fork)), repository)
    assert found == BaseCommit(server.moved, "main as the test merge has it")
    assert repository.parents("HEAD") == (server.moved, server.head)
    assert repository.output("log", "--format=%P") == "", "log does not know it at depth 1"
    assert not repository.has(server.moved)
    assert repository.obtain(server.moved) == ""
    assert repository.has(server.moved)
    assert repository.show(server.moved, "moved.txt") == "moved\n"
    assert not repository.has(server.fork), "one commit was fetched, not its history"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_head_that_is_checked_out_has_its_merge_base(server, tmp_path, depth):
    """What others did on the base branch since is not part of the change."""
    repository = Repository(checkout(tmp_path / "clone", server.url, server.head, f"--depth={depth}"))
    found = base_commit_of(Event("pull_request", server.pull_request()), repository)
    assert found == BaseCommit(server.fork, "merge base with main")


def test_a_head_in_a_whole_clone_needs_no_fetch(server, tmp_path):
    clone = whole(tmp_path / "clone", server, server.head)
    git(clone, "remote", "set-url", "origin", "file:///nowhere")
    found = base_commit_of(Event("pull_request", server.pull_request()), Repository(clone))
    assert found.commit == server.fork


def test_a_head_that_is_itself_a_merge_is_no_test_merge(server, tmp_path):
    """The author merged main into the branch: main is a parent, but the second one."""
    git(server.path, "checkout", "-q", "feature")
    git(server.path, "merge", "-q", "--no-ff", "-m", "take main", "main")
    head = git(server.path, "rev-parse", "HEAD")
    repository = Repository(shallow(tmp_path / "clone", server.url, head))
    found = base_commit_of(Event("pull_request", server.pull_request(head=head)), repository)
    assert found.commit == server.moved
    assert found.how == "merge base with main"


def test_a_server_is_asked_before_history_is_fetched(server, tmp_path):
    repository = Repository(shallow(tmp_path / "clone", server.url, server.head))
    asked = []

    def ask(base, head):
        asked.append((base, head))
        return server.fork

    found = base_commit_of(Event("pull_request", server.pull_request()), repository, ask)
    assert found == BaseCommit(server.fork, "merge base with main, as the server says")
    assert asked == [(server.moved, server.head)]
    assert not repository.has(server.moved)
    fallback = base_commit_of(Event("pull_request", server.pull_request()), repository, lambda _b, _h: "")
    assert fallback.commit == server.fork


def test_deepening_is_bounded_and_says_what_to_do(server, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["mlbench.baseline.base_commit"], "DEPTHS", (2, 3))
    git(server.path, "checkout", "-q", "feature")
    for number in range(8):
        server.commit(f"more {number}", "mine.txt")
    head = git(server.path, "rev-parse", "HEAD")
    repository = Repository(shallow(tmp_path / "clone", server.url, head))
    found = base_commit_of(Event("pull_request", server.pull_request(head=head)), repository)
    assert found.commit == ""
    assert "fetch-depth: 0" in found.note
    assert len(DEPTHS) == 3


def test_histories_without_a_common_commit(server, tmp_path):
    git(server.path, "checkout", "-q", "--orphan", "alone")
    head = server.commit("alone")
    clone = whole(tmp_path / "clone", server, head)
    found = base_commit_of(Event("pull_request", server.pull_request(head=head)), Repository(clone))
    assert (found.commit, "no merge base with main" in found.note) == ("", True)


def test_the_base_itself_has_no_counterpart(server, tmp_path):
    repository = Repository(shallow(tmp_path / "clone", server.url, server.moved))
    for name in ("pull_request", "pull_request_target"):
        found = base_commit_of(Event(name, server.pull_request()), repository)
        assert found == BaseCommit(note="nothing to compare with: main itself is checked out")


@pytest.mark.parametrize(
    ("name", "payload", "commit", "said"),
    [
        ("merge_group", {"merge_group": {"base_sha": "a" * 40}}, "a" * 40, "the merge queue's base"),
        ("merge_group", {}, "", "does not name"),
        ("push", {"before": "b" * 40}, "b" * 40, "before the push"),
        ("push", {"before": "b" * 40, "forced": True}, "", "replaced the branch's history"),
        ("push", {"before": NULL}, "", "the branch is new"),
        ("push", {"before": "b" * 40, "deleted": True}, "", "was deleted"),
        ("push", {}, "", "the branch is new"),
        ("push", {"before": {"not": "text"}}, "", "the branch is new"),
        ("schedule", {}, "", "schedule has no base commit"),
        ("workflow_dispatch", {}, "", "workflow_dispatch has no base commit"),
        ("", {}, "", "no event has no base commit"),
    ],
)
def test_other_events(server, tmp_path, name, payload, commit, said):
    repository = Repository(server.path)
    found = base_commit_of(Event(name, payload), repository)
    assert found.commit == commit
    assert said in (found.how if commit else found.note)


def test_a_name_on_a_developers_machine_means_the_merge_base(server):
    git(server.path, "checkout", "-q", "feature")
    repository = Repository(server.path)
    assert base_commit_of_ref("main", repository) == BaseCommit(server.fork, "merge base with main")
    assert base_commit_of_ref(server.mine[:10], repository).commit == server.mine
    assert base_commit_of_ref("HEAD", repository) == BaseCommit(server.head, "HEAD")
    with pytest.raises(UsageError, match=r"no result file and no commit 'mian'; did you mean 'main'"):
        base_commit_of_ref("mian", repository)
    with pytest.raises(UsageError, match="no commit '--help'"):
        base_commit_of_ref("--help", repository)


def test_a_branch_that_only_the_remote_has(server, tmp_path):
    clone = whole(tmp_path / "clone", server, server.moved)
    assert base_commit_of_ref("feature", Repository(clone)).commit == server.fork


def test_where_there_is_no_repository(tmp_path):
    with pytest.raises(NoRepository, match="no git repository"):
        Repository(tmp_path)


def test_a_repository_of_another_user_can_be_read(server, tmp_path, monkeypatch):
    """As in a container, where the checkout belongs to somebody else."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    environ = {**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    refused = subprocess.run(["git", "status"], cwd=server.path, env=environ, capture_output=True)
    assert refused.returncode, "git itself refuses"
    assert Repository(server.path).head == server.moved
