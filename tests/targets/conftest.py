"""Firmware for simulated boards, built once, and boards that are closed behind each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from board_sketches import SMALL, SPARE_SECONDS, SPEC, STATIC, Measured, Sketch
from in_process import Directly, NoLock
from simulated_boards import Simulated, boards_in, defined_for
from virtual_boards import NONE, VirtualBoard
from workshop import OWN_BOARD, Workshop, tools_or_skip

from mlbench.boards import board_for
from mlbench.boards.catalog import VARIABLE
from mlbench.core.firmware import BoardBuild, BuildRequest, Firmware
from mlbench.firmware import build
from mlbench.measure.profile import profile
from mlbench.pipeline.services import board_build
from mlbench.simulated.faults import Faults
from mlbench.suite.suite_file import SketchSpec
from mlbench.targets.board.target import BoardTarget
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.util.progress import Silent

ROOT = Path(__file__).parents[2]
SUITE = f"""\
defaults: {{board: "{OWN_BOARD}", backend: board}}
sketches:
- path: static_model
  inference: infer(signed char const*, signed char*)
  output: {{arg: 1, bytes: 4}}
"""


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tools_or_skip(), tmp_path_factory.mktemp("board-sketches"))


@pytest.fixture(scope="session")
def sketch_of(workshop: Workshop) -> Callable[..., Sketch]:
    """Builds a sketch for the board, and measures it on the emulator."""

    def make(files: dict[str, str], spec: SketchSpec = SPEC, libraries: tuple[Path, ...] = ()) -> Sketch:
        folder = workshop.folder / spec.name
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)

        def rebuild(wanted: BoardBuild, literal: int | None) -> Firmware:
            request = BuildRequest(folder, spec.board, (), libraries, board=wanted, literal=literal)
            return build(request, workshop.tools, workshop.folder / "cache", Silent())

        firmware = rebuild(board_build(spec), None)
        emulated = profile(firmware, replace(spec, backend="emulator"), EmulatorTarget(board_for(spec.board)))
        return Sketch(firmware, spec, emulated, rebuild)

    return make


@pytest.fixture(scope="session")
def small(sketch_of: Callable[..., Sketch]) -> Sketch:
    return sketch_of(SMALL)


@pytest.fixture(scope="session")
def static(sketch_of: Callable[..., Sketch]) -> Sketch:
    """A sketch without a heap: no probe hangs, so that its runs are short."""
    functions = replace(SPEC.functions, init=None)
    spec = replace(SPEC, name="static_model", sketch=Path("static_model"), functions=functions)
    return sketch_of(STATIC, spec)


@pytest.fixture
def on_board() -> Iterator[Callable[..., Measured]]:
    """Measures a sketch on a simulated board with faults."""
    boards: list[VirtualBoard] = []

    def run(
        sketch: Sketch, faults: Faults = NONE, seed: int = 0, spare: float = SPARE_SECONDS, **changes
    ) -> Measured:
        board, said = VirtualBoard(faults, seed), list[str]()
        boards.append(board)
        uploads = Directly(board, said.append)
        spec = replace(sketch.spec, **changes)
        target = BoardTarget(
            board_for(spec.board),
            lambda: (NoLock(), uploads),
            sketch.rebuild,
            sketch.predict_limit,
            said.append,
            spec.ram_search == "faithful",
            spare_seconds=spare,
        )
        try:
            return Measured(profile(sketch.firmware, spec, target), board, said)
        finally:
            board.close()

    yield run
    for board in boards:
        board.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model project, and a board's definition that uploads as simulated boards want it."""
    tools_or_skip()
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(VARIABLE, str(defined_for(tmp_path)))
    folder = tmp_path / "project"
    (folder / "static_model").mkdir(parents=True)
    for name, text in STATIC.items():
        (folder / "static_model" / name).write_text(text)
    (folder / "mlbench.yml").write_text(SUITE)
    return folder


@pytest.fixture
def simulated(tmp_path: Path, project: Path) -> Iterator[Callable[..., Simulated]]:
    with boards_in(tmp_path) as start:
        yield start
