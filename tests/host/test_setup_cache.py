"""What is kept, and taking it away again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlbench.errors import EnvironmentFault
from mlbench.host import cache
from mlbench.host.cache_dir import APT_RECORD, BUILDS, CHECKOUTS, ENVIRONMENTS, cache_area, home


@pytest.fixture
def full_home(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two environments, of which one runs this; two builds, one of them write-protected; a checkout."""
    for name in ("cpython-311-aa", "cpython-312-bb"):
        (cache_area(ENVIRONMENTS) / name / "bin").mkdir(parents=True)
        (cache_area(ENVIRONMENTS) / f"{name}.lock").touch()
        (cache_area(ENVIRONMENTS) / f"{name}.log").write_text("pip said\n")
    monkeypatch.setattr(sys, "prefix", str(own_home / ENVIRONMENTS / "cpython-311-aa"))
    for name in ("one", "two"):
        folder = cache_area(BUILDS) / name
        folder.mkdir()
        (folder / "sketch.elf").write_bytes(b"x" * 100_000)
    (cache_area(BUILDS) / "two").chmod(0o500)
    (cache_area(CHECKOUTS) / "model").mkdir()
    return own_home


def test_list(full_home: Path) -> None:
    found = {(entry.area, entry.name): entry for entry in cache.entries()}
    assert set(found) == {
        ("environments", "cpython-311-aa"),
        ("environments", "cpython-312-bb"),
        ("builds", "one"),
        ("builds", "two"),
        ("checkouts", "model"),
    }
    assert 100_000 <= found["builds", "one"].bytes < 130_000
    assert [entry.name for entry in found.values() if entry.in_use] == ["cpython-311-aa"]
    assert {entry.area for entry in cache.entries([BUILDS])} == {"builds"}


def test_clean_keeps_what_runs(full_home: Path, said: list[str]) -> None:
    assert cache.clean(said.append) >= 200_000
    assert [entry.name for entry in cache.entries()] == ["cpython-311-aa"]
    assert home() == full_home


def test_clean_one_room(full_home: Path, said: list[str]) -> None:
    cache.clean(said.append, [CHECKOUTS])
    assert {entry.area for entry in cache.entries()} == {"environments", "builds"}


def test_nothing_is_kept_where_nothing_was_done(own_home: Path, said: list[str]) -> None:
    assert cache.entries() == ()
    assert cache.clean(said.append) == 0
    cache.uninstall(said.append)
    assert "nothing to remove" in said[0]
    assert not own_home.exists()


def test_uninstall_leaves_no_trace_and_names_packages(full_home: Path, said: list[str]) -> None:
    (full_home / APT_RECORD).write_text("arduino-builder\ngcc-arm-none-eabi\n")
    cache.uninstall(said.append)
    assert not full_home.exists()
    assert said[0] == f"removed {full_home}"
    assert "apt-get remove arduino-builder gcc-arm-none-eabi" in said[1]


def test_uninstall_leaves_what_is_not_ours(full_home: Path, said: list[str]) -> None:
    (full_home / "thesis.tex").touch()
    cache.uninstall(said.append)
    assert [path.name for path in full_home.iterdir()] == ["thesis.tex"]
    assert "thesis.tex" in said[0]


def test_folder_without_our_tag_is_never_emptied(own_home: Path, said: list[str]) -> None:
    (own_home / BUILDS / "mine").mkdir(parents=True)
    (own_home / "notes").touch()
    cache.uninstall(said.append)
    assert (own_home / BUILDS / "mine").is_dir()
    with pytest.raises(EnvironmentFault, match="not made by mlbench"):
        home()
