"""pytest's plugin: firmware, devices and measures as fixtures. See docs/harness.md."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter

from mlbench.core import backends
from mlbench.core.sketch_files import is_tab

if TYPE_CHECKING:
    from mlbench.core.firmware import Firmware
    from mlbench.testing.dialogue import Dialogue
    from mlbench.testing.profiling import Profiled

_DEVICES = pytest.StashKey[list[Any]]()
_SLOW = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--mlbench-backend``."""
    group = parser.getgroup("mlbench", "firmware under test")
    group.addoption(
        "--mlbench-backend",
        choices=backends.names(),
        default=None,
        help=f"where firmware runs, for tests that do not name it themselves (default: {backends.default()})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line(
        "markers", "mlbench(board=..., backend=...): the board of this test's firmware, and where it runs"
    )


class _Told(TerminalRepr):
    """A failure in the words of the harness; ``reprcrash`` is what summaries and JUnit show of it."""

    def __init__(self, text: str, reprcrash: ReprFileLocation) -> None:
        self._text = text
        self.reprcrash = reprcrash

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: TerminalWriter) -> None:
        """Writes it as it is."""
        tw.line(self._text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says why it took so long, where the emulator ran without its native part."""
    if config.stash.get(_SLOW, False):
        why = "`mlbench doctor` says why it is not native"
        terminalreporter.write_line(
            f"mlbench: the emulator's block hook ran in Python, some 100 times slower; {why}"
        )


def _asked(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Board and backend of a test: its marker, then the command line, then the usual ones."""
    from mlbench.suite.suite_file import DEFAULT_BOARD

    marker = request.node.get_closest_marker("mlbench")
    given = dict(marker.kwargs) if marker is not None else {}
    unknown = set(given) - {"board", "backend"}
    if unknown or (marker is not None and marker.args):
        pytest.fail(
            f"mlbench marker: unknown arguments {sorted(unknown) or list(marker.args)}", pytrace=False
        )
    option = request.config.getoption("--mlbench-backend")
    backend = given.get("backend") or option or backends.default()
    if backend not in backends.names():
        pytest.fail(
            f"mlbench marker: backend {backend!r} is none of {', '.join(backends.names())}", pytrace=False
        )
    return given.get("board", DEFAULT_BOARD), backend


@pytest.fixture(scope="session")
def mlbench_build() -> Callable[..., Firmware]:
    """Builds a sketch, ``mlbench_build("sketches/kws", board=...)``; once for the same arguments."""
    from mlbench.testing.building import build

    built: dict[Any, Firmware] = {}

    def make(sketch: Path | str, **options: Any) -> Firmware:
        key = (str(Path(sketch).absolute()), tuple(sorted(options.items())))
        if key not in built:
            built[key] = build(sketch, **options)
        return built[key]

    return make


@pytest.fixture
def device(
    request: pytest.FixtureRequest, mlbench_build: Callable[..., Firmware]
) -> Iterator[Callable[..., Dialogue]]:
    """Makes devices, ``device(firmware)``: of a built one, a sketch's folder or an ELF file."""
    from mlbench.testing.making import make_device

    made: list[Dialogue] = []
    request.node.stash[_DEVICES] = made

    def make(firmware: Any, *, backend: str = "", **options: Any) -> Dialogue:
        board, asked = _asked(request)
        found = make_device(firmware, backend or asked, board, mlbench_build, **options)
        made.append(found)
        if getattr(found, "native", True) is False:
            request.config.stash[_SLOW] = True
        return found

    yield make
    for one in made:
        close = one.__class__.__dict__.get("close")
        if close is not None:
            close(one)


@pytest.fixture
def profile(
    request: pytest.FixtureRequest, mlbench_build: Callable[..., Firmware]
) -> Callable[..., Profiled]:
    """Measures a sketch: ``profile("sketches/kws").inference_time < ms(60)``.

    Its figures go into JUnit's report as properties of the test.
    """
    from mlbench.testing.profiling import profile as measure

    def make(sketch: Any, **options: Any) -> Profiled:
        board, backend = _asked(request)
        options = {"board": board, "backend": backend, **options}
        path = Path(sketch) if isinstance(sketch, (str, Path)) else None
        is_sketch = path is not None and (path.is_dir() or is_tab(path))
        if is_sketch and options["backend"] != backends.of_boards():
            sketch = mlbench_build(sketch, board=options["board"])
        found = measure(sketch, **options)
        for name, value in found.figures().items():
            unit = "us" if name.endswith("time") else "bytes"
            request.node.user_properties.append((f"mlbench.{found.sketch}.{name}.{unit}", value))
        return found

    return make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows its devices: text, how it ended, call chain, the last functions."""
    report = yield
    if call.when != "call" or not report.failed or call.excinfo is None:
        return report
    from mlbench.errors import MLBenchError
    from mlbench.testing.errors import DeviceError

    error = call.excinfo.value
    told = error.report if isinstance(error, DeviceError) else None
    if isinstance(error, MLBenchError):
        # The error is about firmware: where the test stood is enough of Python.
        what = error.what if isinstance(error, DeviceError) else str(error)
        entry = next((e for e in reversed(call.excinfo.traceback) if str(e.path) == str(item.path)), None)
        where = f"{item.location[0]}:{entry.lineno + 1}: " if entry is not None else ""
        source = f"\n>   {str(entry.statement).strip()}\n" if entry is not None else ""
        report.longrepr = _Told(
            f"{where}{type(error).__name__}{source}\nE   {what}",
            ReprFileLocation(item.location[0], entry.lineno + 1 if entry else 0, what),
        )
    devices = item.stash.get(_DEVICES, [])
    for number, one in enumerate(devices, 1):
        found = told if told is not None and len(devices) == 1 else None
        if found is None:
            with suppress(Exception):  # a device that cannot tell hides no failure
                found = one.report()
        if found is not None:
            name = "device" if len(devices) == 1 else f"device {number}"
            report.sections += [(f"{name}: {head}", text) for head, text in found.sections()]
    return report
