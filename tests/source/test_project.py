from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from upstream_repository import Upstream, git

from mlbench.errors import EnvironmentFault, HostTimeout, UsageError
from mlbench.results.result_file import Document, RunInfo, write
from mlbench.source import project as project_module
from mlbench.source.project import PrepareFailed, libraries_of, obtain, prepare_environment, sketch_of
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.util.progress import Silent


@pytest.fixture
def place(tmp_path):
    """A suite's folder with a sketch beside it."""
    own = tmp_path / "own"
    (own / "kws").mkdir(parents=True)
    (own / "kws" / "kws.ino").write_text("// kws\n")
    return own


def spec(own: Path, **keys) -> SketchSpec:
    keys = {"sketch": Path("kws"), "source": Source(folder=own), **keys}
    return SketchSpec("kws", board="a:b:c", where="mlbench.yml:4", own_folder=own, **keys)


def get(entry: SketchSpec, cache: Path, **options):
    return obtain(entry, cache, Silent(), **options)


def test_a_local_folder_is_used_in_place(place, tmp_path):
    project = get(spec(place), tmp_path / "cache")
    assert project.folder == place
    assert sketch_of(project, spec(place)) == place / "kws"
    assert not (tmp_path / "cache").exists()


def test_a_checkout_with_a_folder(upstream, tmp_path):
    entry = spec(tmp_path, source=Source(upstream.url, "v1", Path("app")))
    project = get(entry, tmp_path / "cache")
    assert (sketch_of(project, entry) / "kws.ino").read_text() == "// one\n"
    assert project.commit == upstream.first


@pytest.mark.parametrize("path", ["../../../etc", "/etc", "link"])
def test_a_path_outside_the_checkout(tmp_path, path):
    upstream = Upstream(tmp_path)
    (upstream.path / "link").symlink_to("/etc")
    git(upstream.path, "add", "-A")
    git(upstream.path, "commit", "-qm", "link")
    entry = spec(tmp_path, source=Source(upstream.url), sketch=Path(path))
    with pytest.raises(UsageError) as caught:
        sketch_of(get(entry, tmp_path / "cache"), entry)
    assert (
        str(caught.value) == f"mlbench.yml:4: path {path!r} leads out of the project; give a path inside it"
    )
    with pytest.raises(UsageError, match="folder 'link' leads out of the project"):
        get(spec(tmp_path, source=Source(upstream.url, folder=Path("link"))), tmp_path / "cache")


def test_a_path_that_is_not_there(upstream, place, tmp_path):
    for source in (Source(folder=place), Source(upstream.url)):
        entry = spec(place, source=source, sketch=Path("none"))
        with pytest.raises(UsageError, match=r"mlbench.yml:4: path 'none' does not exist in"):
            sketch_of(get(entry, tmp_path / "cache"), entry)


def test_overlays_lie_over_a_copy(upstream, place, tmp_path):
    over = place / "mend" / "kws"
    over.mkdir(parents=True)
    (over / "kws.ino").write_text("// mended\n")
    (over / "more.h").write_text("// more\n")
    source = Source(upstream.url, "main", Path("app"))
    entry = spec(place, source=source, overlay=(Path("mend"),))
    sketch = sketch_of(get(entry, tmp_path / "cache"), entry)
    assert (sketch / "kws.ino").read_text() == "// mended\n"
    assert (sketch / "more.h").read_text() == "// more\n"
    plain = spec(place, source=source)
    assert (sketch_of(get(plain, tmp_path / "cache"), plain) / "kws.ino").read_text() == "// three\n"


def test_an_overlay_of_a_local_folder_leaves_the_folder_alone(place, tmp_path):
    (place / "mend" / "kws").mkdir(parents=True)
    (place / "mend" / "kws" / "kws.ino").write_text("// mended\n")
    entry = spec(place, overlay=(Path("mend"),))
    assert (sketch_of(get(entry, tmp_path / "cache"), entry) / "kws.ino").read_text() == "// mended\n"
    assert (place / "kws" / "kws.ino").read_text() == "// kws\n"


def test_an_overlay_cannot_write_through_a_link(tmp_path, place):
    upstream = Upstream(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (upstream.path / "out").symlink_to(outside)
    git(upstream.path, "add", "-A")
    git(upstream.path, "commit", "-qm", "link")
    (place / "mend" / "out").mkdir(parents=True)
    (place / "mend" / "out" / "file").write_text("x")
    entry = spec(place, source=Source(upstream.url), overlay=(Path("mend"),))
    with pytest.raises(UsageError, match="outside the project"):
        get(entry, tmp_path / "cache")
    assert not list(outside.iterdir())


def python(code: str) -> tuple[str, ...]:
    return ("{python}", "-c", code)


def test_prepare_runs_once_in_the_copy(place, tmp_path):
    log = tmp_path / "log"
    entry = spec(
        place, prepare=python(f"open({str(log)!r}, 'a').write('x'); open('kws/made.h', 'w').write('1')")
    )
    for _ in range(2):
        sketch = sketch_of(get(entry, tmp_path / "cache"), entry)
        assert (sketch / "made.h").read_text() == "1"
    assert log.read_text() == "x"
    assert not (place / "kws" / "made.h").exists()
    (place / "kws" / "kws.ino").write_text("// changed\n")
    assert (sketch_of(get(entry, tmp_path / "cache"), entry) / "kws.ino").read_text() == "// changed\n"
    assert log.read_text() == "xx"


def test_results_of_a_run_are_no_part_of_the_project(place, tmp_path):
    """Nor are the files by whose renaming results are replaced, which come and go while a copy is made."""
    log = tmp_path / "log"
    entry = spec(place, prepare=python(f"open({str(log)!r}, 'a').write('x')"))
    get(entry, tmp_path / "cache")
    write(Document((), RunInfo("1")), str(place / "mlbench-result.json"))
    write(Document((), RunInfo("1")), str(place / "kws" / "named"))
    (place / ".mlbench-named.4711.tmp").write_text("{")
    project = get(entry, tmp_path / "cache")
    assert log.read_text() == "x"
    assert sorted(path.name for path in project.root.rglob("*")) == [".mlbench-complete", "kws", "kws.ino"]


@pytest.mark.parametrize("gone", [False, True])
def test_a_file_that_changes_while_the_project_is_copied(place, tmp_path, monkeypatch, gone):
    """The copy is of one state of the project, and kept for that state."""
    (place / "kws" / "model.h").write_text("// old\n")
    copy, changes = project_module.shutil.copy2, [True]

    def change_then_copy(origin, target):
        if changes and changes.pop():
            (place / "kws" / "model.h").unlink() if gone else (place / "kws" / "model.h").write_text(
                "// new\n"
            )
        return copy(origin, target)

    monkeypatch.setattr(project_module.shutil, "copy2", change_then_copy)
    entry = spec(place, prepare=python("pass"))
    folder = sketch_of(get(entry, tmp_path / "cache"), entry)
    assert not (folder / "model.h").exists() if gone else (folder / "model.h").read_text() == "// new\n"
    assert get(entry, tmp_path / "cache").folder == folder.parent


def test_a_project_that_never_rests(place, tmp_path, monkeypatch):
    copy = project_module.shutil.copy2

    def copy_and_change(origin, target):
        result = copy(origin, target)
        Path(target).write_text("// another\n")
        return result

    monkeypatch.setattr(project_module.shutil, "copy2", copy_and_change)
    with pytest.raises(
        EnvironmentFault, match="changed 3 times while it was copied; run again when it rests"
    ):
        get(spec(place, prepare=python("pass")), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("kws.ino"))


def test_prepare_can_make_the_sketch(place, tmp_path):
    entry = spec(
        place, prepare=python("import os; os.mkdir('new'); open('new/new.ino', 'w')"), sketch=Path("new")
    )
    assert (sketch_of(get(entry, tmp_path / "cache"), entry) / "new.ino").is_file()


def test_a_script_of_the_suite_prepares_a_checkout(upstream, place, tmp_path):
    script = place / "make.py"
    script.write_text("import os; open('made', 'w').write(os.environ['MLBENCH_SUITE'])\n")
    entry = spec(place, source=Source(upstream.url), prepare=("{python}", "{suite}/make.py"))
    assert (get(entry, tmp_path / "cache").folder / "made").read_text() == str(place)
    script.write_text("open('made', 'w').write('anew')\n")
    assert (get(entry, tmp_path / "cache").folder / "made").read_text() == "anew"


def test_prepare_goes_through_no_shell(place, tmp_path):
    entry = spec(place, prepare=("echo", "$(touch made)", ";", "touch", "made"))
    assert not (get(entry, tmp_path / "cache").folder / "made").exists()


def test_a_prepare_that_fails_shows_its_last_lines_and_is_tried_again(place, tmp_path):
    code = "import os, sys; print('begin'); print('why it failed', file=sys.stderr); sys.exit(3)"
    entry = spec(place, prepare=python(code))
    for _ in range(2):
        with pytest.raises(PrepareFailed, match=r"mlbench.yml:4: prepare ended with status 3") as caught:
            get(entry, tmp_path / "cache")
        assert [item.message for item in caught.value.diagnostics] == ["begin", "why it failed"]


def test_a_prepare_that_hangs_or_is_not_there(place, tmp_path):
    with pytest.raises(HostTimeout):
        get(spec(place, prepare=("sleep", "60")), tmp_path / "cache", seconds=0.5)
    with pytest.raises(EnvironmentFault, match="'no-such-program' is not there"):
        get(spec(place, prepare=("no-such-program",)), tmp_path / "cache")


def test_prepare_sees_no_secrets(place, tmp_path):
    environ = {
        **os.environ,
        "GITHUB_TOKEN": "s3cret",
        "GITHUB_OUTPUT": "s3cret",
        "INPUT_TOKEN": "s3cret",
        "ACTIONS_RUNTIME_TOKEN": "s3cret",
        "CARGO_REGISTRY_TOKEN": "s3cret",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "MY_PASSWORD": "s3cret",
        "HTTPS_PROXY": "http://proxy:3128",
        "CARGO_HOME": "/cargo",
    }
    code = "import os, json; json.dump(dict(os.environ), open('env.json', 'w'))"
    project = get(spec(place, prepare=python(code)), tmp_path / "cache", environ=environ)
    seen = (project.folder / "env.json").read_text()
    assert "s3cret" not in seen
    assert '"HTTPS_PROXY": "http://proxy:3128"' in seen
    assert '"CARGO_HOME": "/cargo"' in seen
    assert set(prepare_environment({"GITHUB_SHA": "1", "PATH": "2"})) == {"PATH"}


def test_libraries_lie_beside_the_suite_or_in_the_project(upstream, place, tmp_path):
    (place / "mylib").mkdir()
    source = Source(upstream.url)
    entry = spec(place, source=source, libraries=(Path("mylib"), Path("vendor/part")))
    project = get(entry, tmp_path / "cache")
    assert libraries_of(project, entry) == (place / "mylib", project.folder / "vendor/part")
    with pytest.raises(UsageError, match="library 'gone' does not exist"):
        libraries_of(project, replace(entry, libraries=(Path("gone"),)))


def test_python_stands_for_this_python(place, tmp_path):
    entry = spec(place, prepare=python("import sys; open('exe', 'w').write(sys.executable)"))
    assert (get(entry, tmp_path / "cache").folder / "exe").read_text() == sys.executable
