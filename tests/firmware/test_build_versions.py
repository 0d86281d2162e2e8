"""Several versions of mlbench that share one cache, each with its own core."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlbench import arduino, version
from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.elf.image import Image
from mlbench.firmware import build, build_inputs
from mlbench.firmware.toolchain import Toolchain

OWN_BOARD = "mlbench:nrf52840:nano33ble"
SKETCH = "void setup() { Serial.begin(9600); Serial.println(1); }\nvoid loop() {}\n"
PADDING = 4 * 1024
"""Bytes of flash that the other version's core takes more."""


class _Meanwhile:
    """Progress that runs something when the compiler is about to start."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        if text.startswith("compile"):
            self._then()
        yield

    def note(self, text: str) -> None:
        pass


@pytest.fixture
def other_package(tmp_path: Path) -> Path:
    """The Arduino files of another version, whose core is larger."""
    folder = tmp_path / "other"
    for tree in ("hardware", "libraries"):
        shutil.copytree(arduino.HERE / tree, folder / tree)
    core = folder / "hardware/mlbench/nrf52840/cores/mlbench/sketch_main.c"
    padding = f"static const volatile char padding[{PADDING}] = {{1}};\n"
    read = f"  (void)padding[millis() % {PADDING}];"
    before, main, after = core.read_text().partition("int main(void) {")
    assert main, "the core's main() is written another way"
    core.write_text(f"{before}{padding}{main}\n{read}{after}")
    return folder


@pytest.fixture
def build_one(tmp_path: Path, tools: Toolchain) -> Callable[..., Firmware]:
    def run(name: str, cache: str = "shared", then: Callable[[], None] = lambda: None) -> Firmware:
        sketch = tmp_path / name
        sketch.mkdir(exist_ok=True)
        (sketch / f"{name}.ino").write_text(SKETCH)
        return build(BuildRequest(sketch, OWN_BOARD), tools, tmp_path / cache, _Meanwhile(then))

    return run


def _flash(firmware: Firmware) -> int:
    return sum(size for _, size in Image.load(firmware.elf).flash_bytes())


def test_a_version_that_builds_meanwhile_changes_nothing(
    build_one: Callable[..., Firmware], other_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = _flash(build_one("alone", cache="separate"))
    others: list[int] = []

    def build_with_the_other_version() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(arduino, "HERE", other_package)
            others.append(_flash(build_one("second")))

    mine = [_flash(build_one("first", then=build_with_the_other_version))]
    mine += [_flash(build_one("first")), _flash(build_one("third"))]
    assert others[0] >= right + PADDING
    assert mine == [right] * 3
    with monkeypatch.context() as patch:
        patch.setattr(arduino, "HERE", other_package)
        assert _flash(build_one("second")) == others[0]


@pytest.mark.parametrize("what", ["version", "code"])
def test_another_version_or_code_of_mlbench_builds_anew(
    what: str, build_one: Callable[..., Firmware], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not build_one("first").cached
    assert build_one("first").cached
    if what == "version":
        monkeypatch.setattr(version, "__version__", f"{version.__version__}.other")
    else:
        package = tmp_path / "mlbench"
        shutil.copytree(Path(version.__file__).parent / "firmware", package / "firmware")
        with (package / "firmware" / "linker.py").open("a") as file:
            file.write("\n# another line\n")
        monkeypatch.setattr(version, "__file__", str(package / "version.py"))
    build_inputs.building_code.cache_clear()
    try:
        assert not build_one("first").cached
    finally:
        build_inputs.building_code.cache_clear()


def test_installs_by_content_side_by_side(
    tmp_path: Path, other_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = arduino.install_by_content(tmp_path / "arduino")
    assert arduino.install_by_content(tmp_path / "arduino") == mine
    monkeypatch.setattr(arduino, "HERE", other_package)
    other: Any = arduino.install_by_content(tmp_path / "arduino")
    assert other != mine
    assert sorted(path.name for path in (tmp_path / "arduino").iterdir()) == sorted([mine.name, other.name])
