"""The emulator's block hook, compiled by whatever compiler there is, or not at all."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

import pytest

from mlbench.host import native

CC = shutil.which("cc")
needs_cc = pytest.mark.skipif(CC is None, reason="no C compiler on PATH")


@pytest.fixture
def prefix(tmp_path: Path, bin_folder: Path) -> Path:
    """An environment without anything in it; no compiler on PATH."""
    folder = tmp_path / "an environment"
    folder.mkdir()
    return folder


@pytest.fixture
def with_compiler(prefix: Path, program) -> None:
    real = os.environ["PATH"]
    program("cc", f'PATH="{Path(CC or "").parent}:{real}" exec {CC} "$@"')


@needs_cc
def test_built_once_and_found(prefix: Path, with_compiler: None, said: list[str]) -> None:
    assert native.built_library(prefix) is None
    assert native.why_not_built(prefix) == "not built yet"
    library = native.build(prefix, said.append)
    assert library is not None
    assert library == native.built_library(prefix) == native.build(prefix, said.append)
    assert said == ["building the emulator's block hook with cc"]
    assert ctypes.CDLL(str(library)).mlbench_block
    assert native.why_not_built(prefix) == ""


@needs_cc
@pytest.mark.parametrize("changed", ["_block_hook.c", "_call_paths.h", "_exceptions.h", "_core_registers.h"])
def test_other_source_is_another_library(
    prefix: Path,
    with_compiler: None,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: str,
) -> None:
    first = native.build(prefix, said.append)
    folder = tmp_path / "edited"
    shutil.copytree(
        native.SOURCE.parent, folder, ignore=lambda _, names: [n for n in names if n[-2:] not in (".c", ".h")]
    )
    edited = folder / changed
    edited.write_text(edited.read_text() + "\nint one_more;\n")
    monkeypatch.setattr(native, "SOURCE", folder / native.SOURCE.name)
    assert native.built_library(prefix) is None
    second = native.build(prefix, said.append)
    assert first is not None
    assert second is not None
    assert first != second
    assert first.exists()


def test_refused_source_is_not_tried_again(prefix: Path, program, said: list[str], tmp_path: Path) -> None:
    program("cc", f'echo >> "{tmp_path}/tries"; echo "x.c:3: error: no stdint.h" >&2; exit 1')
    assert native.build(prefix, said.append) is None
    assert native.build(prefix, said.append) is None
    assert (tmp_path / "tries").read_text() == "\n"
    assert "slower" in said[-1]
    assert "no stdint.h" in native.why_not_built(prefix)


def test_compiler_that_comes_later_is_used(prefix: Path, program, said: list[str]) -> None:
    assert native.build(prefix, said.append) is None
    assert said == []
    assert "no C compiler" in native.why_not_built(prefix)
    program("gcc", 'for last; do [ "$before" = -o ] && echo built > "$last"; before=$last; done')
    assert native.build(prefix, said.append) is not None


def test_cc_names_the_compiler(prefix: Path, program, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = program("wrapped", "exit 0")
    monkeypatch.setenv("CC", "wrapped clang")
    assert native.compiler() == ["wrapped", "clang"]
    wrapped.unlink()
    assert native.compiler() is None
