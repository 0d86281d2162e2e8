"""Temporary folders: gone at their end, and gone with the next one where their process was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mlbench.util.scratch import ScratchFolder, remove_abandoned

HOLDS = """
import sys, time
from pathlib import Path
from mlbench.util.scratch import ScratchFolder
folder = ScratchFolder("mlbench-test-", Path(sys.argv[1]))
(folder.path / "file").write_text("text")
print(folder.path.name, flush=True)
time.sleep(60)
"""


def age(path: Path) -> None:
    """An hour has passed since anything was put there."""
    times = (path.stat().st_mtime - 3600,) * 2
    os.utime(path, times)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_there_as_long_as_it_is_needed(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ScratchFolder("mlbench-test-", tmp_path) as folder:
        (folder / "sub").mkdir()
        assert folder.parent == tmp_path
        assert folder.name.startswith("mlbench-test-")
    assert names(tmp_path) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_may_become_another(tmp_path: Path) -> None:
    """As the cache has it, which fills a folder and gives it its name then."""
    scratch = ScratchFolder(".new-", tmp_path)
    (scratch.path / "file").write_text("text")
    scratch.path.rename(tmp_path / "entry")
    scratch.cleanup()
    assert names(tmp_path) == ["entry"]
    assert names(tmp_path / "entry") == ["file"]


def test_what_a_killed_process_leaves_goes_with_the_next_one(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        age(tmp_path / name)
        with ScratchFolder("mlbench-test-", tmp_path):
            assert name in names(tmp_path), "a folder in use stays, however old"
        process.kill()
    with ScratchFolder("mlbench-other-", tmp_path):
        assert name in names(tmp_path)
    with ScratchFolder("mlbench-test-", tmp_path) as folder:
        assert names(tmp_path) == [folder.name]


def test_what_may_be_another_ones_stays(tmp_path: Path) -> None:
    for name in ("mlbench-test-new", "mlbench-test-old", "else", "mlbench-test-file"):
        (tmp_path / name).mkdir() if name != "mlbench-test-file" else (tmp_path / name).write_text("")
    (tmp_path / "mlbench-test-link").symlink_to(tmp_path / "else")
    for name in ("mlbench-test-old", "else", "mlbench-test-file"):
        age(tmp_path / name)
    remove_abandoned("mlbench-test-", tmp_path)
    assert names(tmp_path) == ["else", "mlbench-test-file", "mlbench-test-link", "mlbench-test-new"]
    remove_abandoned("mlbench-test-", tmp_path / "missing")
