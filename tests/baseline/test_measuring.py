"""The base measured in a work tree: what it is given, and what is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from histories import Server, checkout, git, shallow

from mlbench.baseline import (
    Base,
    BaseCommit,
    Repository,
    Selected,
    against,
    base_of_document,
    measure_base,
    thresholds_at,
)
from mlbench.baseline.same_run import measure_base_commit
from mlbench.baseline.unchanged import find_unchanged
from mlbench.baseline.worktree import worktree
from mlbench.cli.main import parse
from mlbench.cli.verbs.run import options_of
from mlbench.compare import thresholds_of
from mlbench.core.firmware import BuildRequest
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.results.comparison import JobState, Side
from mlbench.results.result_file import Document, RunInfo
from mlbench.results.values import Absent, Failure, Flash, Measures, Result, Status
from mlbench.source.project import Project
from mlbench.suite.selection import select
from mlbench.suite.suite_file import SketchSpec, Source, load_suite
from mlbench.util.progress import Silent

SUITE = "sketches:\n  - path: kws\n    thresholds: {flash: {fail: 5 %}}\n"
SPEC = SketchSpec("kws", Path("kws"), "board", Source())


def sized(spec: SketchSpec, size: int) -> Result:
    absent = Absent("not asked for")
    measures = Measures(Flash(size, ()), absent, absent, absent, absent)
    return Result(spec.name, spec.board, spec.backend, Status.OK, measures)


@pytest.fixture
def project(server: Server) -> Server:
    """The server with a suite of one sketch on main, and a pull request that changes both."""
    git(server.path, "checkout", "-q", "main")
    server.base = server.commit("suite", **{"mlbench.yml": SUITE, "kws/kws.ino": "void setup() {}\n"})
    git(server.path, "checkout", "-q", "-b", "change")
    server.change = server.commit(
        "change",
        **{
            "kws/kws.ino": "void setup() { f(); }\n",
            "har/har.ino": "",
            "mlbench.yml": SUITE.replace("5", "50"),
        },
    )
    return server


@pytest.fixture
def clone(project: Server, tmp_path: Path) -> Path:
    return shallow(tmp_path / "clone" / "project", project.url, project.change)


def measure(found, clone, folder, select_=None, profile=None, **keys) -> Base:
    select_ = select_ or (lambda tree: Selected((SPEC,)))
    profile = profile or (lambda specs: tuple(sized(spec, 100) for spec in specs))
    return measure_base(found, Repository(clone), folder, select_, profile, Silent(), **keys)


def test_the_base_is_measured_in_its_own_files(project, clone, tmp_path):
    seen = {}

    def choose(tree):
        seen["tree"], seen["text"] = tree, (tree / "kws" / "kws.ino").read_text()
        seen["head"] = (clone / "kws" / "kws.ino").read_text()
        return Selected((SPEC,))

    base = measure(BaseCommit(project.base, "merge base"), clone, tmp_path / "trees", choose)
    assert (seen["text"], seen["head"]) == ("void setup() {}\n", "void setup() { f(); }\n")
    assert base.results == (sized(SPEC, 100),)
    assert base.side == Side(project.base, label="merge base")
    assert base.notes == ()
    assert not seen["tree"].exists()
    assert seen["tree"].name == "project", "a sketch at the top is called like its folder"
    assert git(clone, "worktree", "list").count("\n") == 0
    assert git(clone, "status", "--short") == ""


def test_the_place_is_the_same_each_time(project, clone, tmp_path):
    """So that what was built there can be used again."""
    places = []
    for _ in range(2):
        measure(
            BaseCommit(project.base),
            clone,
            tmp_path / "trees",
            lambda tree: places.append(tree) or Selected((SPEC,)),
        )
    assert places[0] == places[1]


def test_without_a_counterpart_the_note_says_why(clone, tmp_path):
    base = measure(BaseCommit(note="the branch is new"), clone, tmp_path)
    assert base == Base(notes=("the branch is new",))


def test_a_commit_that_cannot_be_fetched_is_a_note(clone, tmp_path):
    base = measure(BaseCommit("f" * 40), clone, tmp_path)
    assert base.results is None
    assert base.notes[0].startswith("the base ffffffffffff cannot be fetched (fatal:")


def test_a_base_that_does_not_build_is_a_note(project, clone, tmp_path):
    tree = []

    def profile(specs):
        failure = Failure(f"{tree[0]}/kws/kws.ino:1: no such function")
        return tuple(replace(sized(s, 1), status=Status.FAILED, failure=failure) for s in specs)

    base = measure(
        BaseCommit(project.base),
        clone,
        tmp_path,
        lambda at: tree.append(at) or Selected((SPEC,)),
        profile,
    )
    assert base.notes == ("kws fails at the base: kws/kws.ino:1: no such function",)
    found = against(base, [sized(SPEC, 2)], Selected(()).thresholds, Side())
    assert found.jobs[0].state is JobState.FIXED
    assert not found.regressed


@pytest.mark.parametrize("error", [EnvironmentFault("no space left"), UsageError("no such board")])
def test_whatever_goes_wrong_with_the_base_is_a_note(project, clone, tmp_path, error):
    def profile(specs):
        raise error

    base = measure(BaseCommit(project.base), clone, tmp_path, profile=profile)
    assert base.results is None
    assert base.notes == (f"the base {project.base[:12]} cannot be measured: {error}",)
    assert git(clone, "worktree", "list").count("\n") == 0


def test_an_interrupt_leaves_no_work_tree(project, clone, tmp_path):
    def profile(specs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(BaseCommit(project.base), clone, tmp_path / "trees", profile=profile)
    assert git(clone, "worktree", "list").count("\n") == 0
    assert not list((tmp_path / "trees").rglob("*.ino"))


def test_what_a_killed_run_left_is_removed_by_the_next(project, clone, tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from mlbench.baseline import Repository\nfrom mlbench.baseline.worktree import worktree\n"
        "from mlbench.util.progress import Silent\n"
        "repository = Repository(Path(sys.argv[1]))\nrepository.obtain(sys.argv[2])\n"
        "with worktree(repository, sys.argv[2], Path(sys.argv[3]), Silent()) as tree:\n"
        "    print(tree.path, flush=True)\n    time.sleep(60)\n"
    )
    trees = tmp_path / "trees"
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(clone), project.base, str(trees)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    left = Path(running.stdout.readline().strip())
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    assert (left / "kws" / "kws.ino").is_file()
    (left / "kws" / "kws.ino").write_text("half written")
    with worktree(Repository(clone), project.base, trees, Silent()) as tree:
        assert tree.path == left
        assert (left / "kws" / "kws.ino").read_text() == "void setup() {}\n"
    assert not left.exists()
    assert git(clone, "worktree", "list").count("\n") == 0


def test_a_place_that_somebody_cleaned_is_made_anew(project, clone, tmp_path):
    trees = tmp_path / "trees"
    repository = Repository(clone)
    assert repository.obtain(project.base) == ""
    with worktree(repository, project.base, trees, Silent()) as tree:
        place = tree.path
    # As after a run that was killed while git made the work tree, and a cache that was cleaned then.
    git(clone, "worktree", "add", "-q", "--detach", "--lock", str(place), project.base)
    shutil.rmtree(trees)
    with worktree(repository, project.base, trees, Silent()) as tree:
        assert tree.path == place
        assert (place / "kws" / "kws.ino").is_file()
    assert str(place) not in git(clone, "worktree", "list")


def test_the_users_own_work_trees_are_left_alone(project, clone, tmp_path):
    git(clone, "worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    (tmp_path / "mine").rename(tmp_path / "on-a-disk-that-is-away")
    measure(BaseCommit(project.base), clone, tmp_path / "trees")
    assert "mine" in git(clone, "worktree", "list")


def test_hooks_of_the_project_do_not_run(project, clone, tmp_path):
    hook = clone / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    measure(BaseCommit(project.base), clone, tmp_path / "trees")
    assert not (tmp_path / "ran").exists()


# -- submodules and large files ------------------------------------------------------------------


def test_submodules_come_from_the_checkouts_own_copies(server, tmp_path):
    part = Server(tmp_path / "part")
    git(server.path, "submodule", "--quiet", "add", part.url, "vendor/part")
    git(server.path / "vendor" / "part", "checkout", "-q", part.root)
    before = server.commit("with part")
    git(server.path / "vendor" / "part", "checkout", "-q", part.moved)
    after = server.commit("newer part")
    clone = checkout(tmp_path / "clone", server.url, after, "--depth=1")
    git(clone, "submodule", "--quiet", "update", "--init", "--depth=1")
    repository = Repository(clone)
    assert repository.obtain(before) == ""
    with worktree(repository, before, tmp_path / "trees", Silent()) as tree:
        assert tree.notes == ()
        assert (tree.path / "vendor" / "part" / "file.txt").read_text() == "root\n"
    assert (clone / "vendor" / "part" / "moved.txt").is_file()
    git(clone / "vendor" / "part", "remote", "set-url", "origin", "file:///nowhere")
    with worktree(Repository(clone), before, tmp_path / "trees", Silent()) as tree:
        assert len(tree.notes) == 1
        assert tree.notes[0].startswith("submodule vendor/part of the base cannot be had")
    base = measure(BaseCommit(before), clone, tmp_path / "trees")
    assert base.results is None, "figures without it would be of another sketch"


def test_submodules_that_the_checkout_left_out_are_left_out(server, tmp_path):
    part = Server(tmp_path / "part")
    git(server.path, "submodule", "--quiet", "add", part.url, "vendor/part")
    commit = server.commit("with part")
    clone = shallow(tmp_path / "clone", server.url, commit)
    with worktree(Repository(clone), commit, tmp_path / "trees", Silent()) as tree:
        assert tree.notes == ()
        assert list((tree.path / "vendor" / "part").iterdir()) == []


def test_large_files_that_are_pointers_at_the_base_alone_are_told(server, tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    attributes = {".gitattributes": "*.bin filter=lfs\n"}
    commit = server.commit("large", **attributes, **{"a.bin": pointer, "b.bin": pointer})
    clone = shallow(tmp_path / "clone", server.url, commit)
    with worktree(Repository(clone), commit, tmp_path / "trees", Silent()) as tree:
        assert tree.notes == (), "both sides are alike"
    (clone / "a.bin").write_text("weights")
    with worktree(Repository(clone), commit, tmp_path / "trees", Silent()) as tree:
        assert tree.notes == ("a.bin of the base is in Git LFS and was not fetched; install git-lfs",)


# -- the same command line on both sides ---------------------------------------------------------


def counterpart_results(clone, commit, folder, *words, start=None) -> tuple[Base, list[SketchSpec]]:
    options = options_of(parse(["run", *words]))
    seen: list[SketchSpec] = []

    def profile(specs, *_args, **_keys):
        seen.extend(specs)
        return tuple(sized(spec, 100) for spec in specs)

    head = select(options, start or clone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlbench.baseline.same_run.profile_all", profile)
        base = measure_base_commit(
            BaseCommit(commit, "base"),
            Repository(clone),
            head,
            options,
            None,
            Silent(),
            folder,
            start=start or clone,
        )
    return base, seen


def test_the_bases_sketches_are_those_of_its_own_suite(project, clone, tmp_path):
    base, seen = counterpart_results(clone, project.base, tmp_path)
    assert [spec.name for spec in seen] == ["kws"]
    assert seen[0].source.folder != clone
    assert base.thresholds.of("kws", "flash").fail.percent == 5
    found = against(base, [sized(SPEC, 110)], Selected((SPEC,)).thresholds, Side())
    assert "(flash, fail) is changed from 5 % to never; the base's counts here" in found.notes[0]


def test_a_pull_request_cannot_raise_its_own_threshold(project, clone, tmp_path):
    base, _ = counterpart_results(clone, project.base, tmp_path)
    head = replace(sized(SPEC, 120), board="mlbench:nrf52840:nano33ble")
    own = thresholds_of(load_suite(clone / "mlbench.yml"))
    found = against(base, [head], own, Side())
    assert found.regressed
    assert found.notes == (
        "the threshold of kws (flash, fail) is changed from 5 % to 50 %; the base's counts here",
    )


def test_a_base_from_before_the_suite_is_a_note(project, clone, tmp_path):
    base, seen = counterpart_results(clone, project.moved, tmp_path)
    assert seen == []
    assert base.results == ()
    assert base.notes == (f"the base {project.moved[:12]} has nothing to measure: it has no mlbench.yml yet",)
    own = thresholds_of(load_suite(clone / "mlbench.yml"))
    assert own
    found = against(base, [sized(SPEC, 1)], own, Side())
    assert found.jobs[0].state is JobState.NEW
    assert found.notes == base.notes  # nothing of thresholds that the first suite brings


def test_a_sketch_that_is_named_is_looked_for_at_the_base(project, clone, tmp_path):
    base, seen = counterpart_results(clone, project.base, tmp_path, "har")
    assert seen == []
    assert base.notes == (f"the base {project.base[:12]} has nothing to measure: it has no har yet",)
    _, seen = counterpart_results(clone, project.base, tmp_path, "kws")
    assert [spec.name for spec in seen] == ["kws"]
    _, seen = counterpart_results(clone, project.base, tmp_path, "kws.ino", start=clone / "kws")
    assert [spec.name for spec in seen] == ["kws"]


def test_patterns_that_fit_nothing_at_the_base_are_passed_over(project, tmp_path):
    both = SUITE + "  - path: har\n"
    git(project.path, "checkout", "-q", "change")
    head = project.commit("two", **{"mlbench.yml": both})
    clone = shallow(tmp_path / "clone" / "project", project.url, head)
    base, seen = counterpart_results(clone, project.base, tmp_path, "--only", "h*")
    assert seen == []
    assert (base.results, base.notes) == ((), ())


def test_what_is_gone_is_not_measured(project, tmp_path):
    git(project.path, "checkout", "-q", "change")
    head = project.commit("renamed", **{"mlbench.yml": "sketches: [{path: har}]\n"})
    clone = shallow(tmp_path / "clone" / "project", project.url, head)
    base, seen = counterpart_results(clone, project.base, tmp_path)
    assert seen == []
    found = against(base, [replace(sized(SPEC, 1), sketch="har")], Selected(()).thresholds, Side())
    assert [job.state for job in found.jobs] == [JobState.NEW, JobState.REMOVED]


def test_the_bases_suite_may_be_broken(project, tmp_path):
    git(project.path, "checkout", "-q", "main")
    broken = project.commit("broken", **{"mlbench.yml": "sketches: [{pth: kws}]\n"})
    clone = shallow(tmp_path / "clone" / "project", project.url, project.change)
    base, _ = counterpart_results(clone, broken, tmp_path)
    assert base.notes[0].startswith(
        f"the base {broken[:12]} has nothing to measure: mlbench.yml:1: unknown key"
    )


# -- thresholds of a base that is not measured here ----------------------------------------------


def test_thresholds_of_a_commit(project, clone):
    repository = Repository(clone)
    assert repository.obtain(project.base) == ""
    found = thresholds_at(repository, project.base, clone / "mlbench.yml")
    assert found.of("kws", "flash").fail.percent == 5
    base = base_of_document(Document((sized(SPEC, 100),), RunInfo("0")), "a file", thresholds=found)
    own = thresholds_of(load_suite(clone / "mlbench.yml"))
    judged = against(base, [sized(SPEC, 110)], own, Side())
    assert judged.regressed
    assert "is changed from 5 % to 50 %" in judged.notes[0]
    assert not against(
        base_of_document(Document((sized(SPEC, 100),), RunInfo("0")), "a file"),
        [sized(SPEC, 110)],
        own,
        Side(),
    ).regressed, "without a commit the checkout's own count"


def test_a_commit_without_a_suite_has_no_thresholds(project, clone, tmp_path):
    repository = Repository(clone)
    assert repository.obtain(project.moved) == ""
    assert not thresholds_at(repository, project.moved, clone / "mlbench.yml")
    assert not thresholds_at(repository, project.change, tmp_path / "elsewhere.yml")
    assert not thresholds_at(repository, project.change, clone / "kws" / "kws.ino")


# -- a repository that is a sketchbook -----------------------------------------------------------


def test_a_sketchbook_in_the_repository_is_the_bases_own(project, clone, tmp_path, monkeypatch):
    """Else the base would be built with the libraries of the change."""
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(clone / "kws"))
    monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", str(tmp_path))
    seen = []

    def profile(specs):
        seen.append(dict(os.environ))
        raise EnvironmentFault("stop")

    trees = []
    measure(
        BaseCommit(project.base),
        clone,
        tmp_path / "trees",
        lambda tree: trees.append(tree) or Selected((SPEC,)),
        profile,
    )
    assert seen[0]["ARDUINO_DIRECTORIES_USER"] == str(trees[0] / "kws")
    assert seen[0]["ARDUINO_DIRECTORIES_DATA"] == str(tmp_path)
    assert os.environ["ARDUINO_DIRECTORIES_USER"] == str(clone / "kws")


def test_nothing_is_left_out_of_a_repository_that_is_a_sketchbook(project, clone, tmp_path, monkeypatch):
    def jobs() -> frozenset[tuple[str, str, str]]:
        spec = replace(SPEC, source=Source(folder=clone))
        return find_unchanged(
            BaseCommit(project.change),
            Repository(clone),
            tmp_path / "trees",
            lambda tree: Selected((replace(SPEC, source=Source(folder=tree)),)),
            [spec],
            Finding(),
            Silent(),
        )

    assert jobs() == {("kws", "board", "emulator")}
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(clone))
    assert jobs() == frozenset()


class Finding:
    """Finds sketches below the folder of their source."""

    def obtain(self, spec):
        return Project(spec.source.folder, spec.source.folder)

    def locate(self, project, spec):
        return BuildRequest(project.folder / spec.sketch, spec.board)
