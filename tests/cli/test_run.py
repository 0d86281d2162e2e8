"""A run over services that are stood in for: what it does with what they give and raise."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mlbench.core.execution import Frame, Functions, Instrument
from mlbench.core.firmware import BuildKeys, BuildRequest, Diagnostic, Firmware, Overflow
from mlbench.errors import EnvironmentFault, SketchError, SlowFirmware, UsageError
from mlbench.measure.profile import Profile
from mlbench.pipeline.run import Services, exit_status, profile_all, profile_one
from mlbench.results.values import Absent, Failure, Flash, Measures, RamNeed, Status, Time, UnusedRam
from mlbench.source.project import Project
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.util.progress import Silent

BOARD = "a:b:c"
NAMED = Functions(inference="infer()")
INSTRUMENT = Instrument(BOARD, "emulator", "1", "t/1")


class FakeTarget:
    instrument = INSTRUMENT


class BuildFailed(SketchError):
    diagnostics = (Diagnostic("error", "no such thing", "/project/kws/kws.ino", 3, 1),)


class Fakes:
    """Services that note what they are asked; ``broken`` maps a service and a sketch to what it raises."""

    def __init__(self, **broken: dict[str, Exception]) -> None:
        self.broken = broken
        self.built: list[tuple[str, str, tuple[str, ...]]] = []
        self.lock = threading.Lock()

    def may_break(self, room: str, name: str) -> None:
        if name in self.broken.get(room, {}):
            raise self.broken[room][name]

    def services(self) -> Services:
        return Services(
            check_board=lambda spec: self.may_break("board", spec.name),
            obtain=self.obtain,
            locate=lambda project, spec: BuildRequest(spec.sketch, spec.board, spec.build_properties),
            build=self.build,
            empty=lambda: Path("empty-sketch"),
            flash=lambda firmware, overhead: Flash(1000 + len(firmware.name), (), False, overhead),
            of_image=lambda _: (),
            target=self.target,
            profile=self.profile,
            advise=lambda spec, firmware: (f"name the functions of {spec.name}",),
        )

    def obtain(self, spec: SketchSpec) -> Project:
        self.may_break("obtain", spec.name)
        return Project(Path("/project"), Path("/project"), "c0ffee", bounded=True)

    def build(self, request: BuildRequest) -> Firmware:
        name = request.sketch.name
        with self.lock:
            self.built.append((name, request.fqbn, request.build_properties))
        self.may_break("build", name)
        over = (Overflow("RAM", 5),) if name == "big" else ()
        keys = BuildKeys(request.fqbn, "p@1", "gcc", "builder")
        return Firmware(name, request.sketch, Path("x.elf"), Path("x.elf"), name == "template", keys, over)

    def target(self, spec: SketchSpec) -> FakeTarget:
        self.may_break("target", spec.name)
        return FakeTarget()

    def profile(
        self, firmware: Firmware, spec: SketchSpec, target: FakeTarget, overhead: int | None
    ) -> Profile:
        self.may_break("profile", spec.name)
        flash = Flash(1000 + len(firmware.name), (), not firmware.fits, overhead)
        time = Time(1.0, 1.0, 1.0, 1)
        absent = Absent("hung")
        if spec.name == "hangs":
            frames = (Frame(4, "f", "/project/kws/x.cpp", 7), Frame(8, "g", "/elsewhere/core.c", 2))
            failure = Failure("hung in f", frames)
            return Profile(Measures(flash, absent, absent, absent, absent), failure, (), b"before\xff")
        if spec.name == "plain":
            absent = Absent("no functions are named")
            return Profile(Measures(flash, absent, absent, absent, absent))
        ram = UnusedRam(10, "replay", True, 3, 4)
        return Profile(Measures(flash, ram, RamNeed(1, 1, 0, 0), time, time), None, ("seen",), b"hello")


def spec(name: str, **keys) -> SketchSpec:
    keys = {"functions": NAMED, **keys}
    return SketchSpec(name, Path(name), keys.pop("board", BOARD), Source(), **keys)


def run(fakes: Fakes, *specs: SketchSpec, **options):
    return profile_all(specs, fakes.services(), Silent(), **options)


def test_results_come_in_the_order_of_the_suite():
    names = [f"s{number}" for number in range(12)]
    results = run(Fakes(), *(spec(name) for name in names))
    assert [result.sketch for result in results] == names
    assert {result.status for result in results} == {Status.OK}
    assert results[0].instrument == INSTRUMENT
    assert results[0].serial == "hello"
    assert exit_status(results) == 0


def test_the_empty_sketch_is_built_once_a_board_and_set_of_properties():
    fakes = Fakes()
    flags = ("k=v",)
    entries = [spec("a"), spec("b"), spec("c", board="x:y:z"), spec("d", build_properties=flags), spec("e")]
    results = run(fakes, *entries)
    assert sorted(entry for entry in fakes.built if entry[0] == "empty-sketch") == [
        ("empty-sketch", BOARD, ()),
        ("empty-sketch", BOARD, flags),
        ("empty-sketch", "x:y:z", ()),
    ]
    assert {result.measures.flash.overhead for result in results} == {1000 + len("empty-sketch")}


def test_the_empty_sketch_is_built_with_the_releases_of_the_sketch_s_profile(tmp_path):
    pins, services = [], Fakes().services()

    def build(request: BuildRequest) -> Firmware:
        if request.sketch.name == "empty-sketch":
            pins.append([str(pin) for pin in request.platforms])
        return services.build(request)

    sketches = []
    for number, version in enumerate(["1.0.0", "1.0.0", "2.0.0", ""]):
        sketch = tmp_path / f"s{number}"
        sketch.mkdir()
        text = f"profiles: {{p: {{fqbn: '{BOARD}', platforms: [{{platform: 'a:b ({version})'}}]}}}}\n"
        (sketch / "sketch.yaml").write_text(text if version else "")
        sketches.append(SketchSpec(sketch.name, sketch, BOARD, Source(), functions=NAMED))
    profile_all(sketches, replace(services, build=build), Silent())
    assert sorted(pins) == [[], ["a:b@1.0.0"], ["a:b@2.0.0"]]


@pytest.mark.parametrize(
    ("room", "error", "status"),
    [
        ("board", UsageError("no such board"), 2),
        ("obtain", EnvironmentFault("out of reach"), 4),
        ("build", BuildFailed("does not compile"), 3),
        ("target", UsageError("no such backend"), 2),
        ("profile", UsageError("no such function"), 2),
        ("profile", EnvironmentFault("host time"), 4),
        ("profile", SlowFirmware("host time, by what it does"), 3),
        ("build", ValueError("a bug\nof ours"), 4),
        ("profile", ZeroDivisionError("a bug"), 4),
    ],
)
def test_one_failure_never_hides_another_result(room, error, status):
    traces = []
    results = run(Fakes(**{room: {"bad": error}}), spec("a"), spec("bad"), spec("z"), debug=traces.append)
    assert [result.status for result in results] == [Status.OK, Status.FAILED, Status.OK]
    failure = results[1].failure
    assert failure.exit_status == status == exit_status(results)
    assert str(error).split("\n")[0] in failure.message
    assert "\n" not in failure.message
    measured = not isinstance(results[1].measures.flash, Absent)
    assert measured == (room in ("target", "profile"))
    assert isinstance(results[1].measures.unused_ram, Absent)
    assert len(traces) == 1
    assert type(error).__name__ in traces[0]


def test_when_several_things_go_wrong_the_worst_status_wins():
    broken = {"b": BuildFailed("x"), "c": EnvironmentFault("y")}
    fakes = Fakes(build=broken, profile={"d": UsageError("z")})
    assert exit_status(run(fakes, spec("b"))) == 3
    assert exit_status(run(fakes, spec("b"), spec("c"))) == 4
    assert exit_status(run(fakes, spec("a"), spec("c"), spec("d"), spec("b"))) == 2


def test_an_overhead_that_cannot_be_measured_is_left_out():
    (result,) = run(Fakes(build={"empty-sketch": SketchError("x")}), spec("a"))
    assert result.status is Status.OK
    assert result.measures.flash.overhead is None
    assert "the overhead is not known: x" in result.notes


def test_diagnostics_and_frames_name_files_as_in_the_project():
    broken, hangs = run(Fakes(build={"kws": BuildFailed("x")}), spec("kws"), spec("hangs"))
    assert [str(item) for item in broken.failure.diagnostics] == ["kws/kws.ino:3:1: error: no such thing"]
    assert [str(frame) for frame in hangs.failure.chain] == ["f (kws/x.cpp:7)", "g (/elsewhere/core.c:2)"]
    assert hangs.status is Status.FAILED
    assert hangs.serial == "before\ufffd"


def test_what_does_not_fit_is_a_result_and_no_failure():
    (result,) = run(Fakes(), spec("big"))
    assert result.status is Status.DOES_NOT_FIT
    assert result.measures.flash.starred
    assert result.overflows == (Overflow("RAM", 5),)
    assert exit_status([result]) == 0


def test_advice_is_for_sketches_without_names_only():
    bare = Functions()
    entries = [
        spec("named"),
        spec("plain", functions=bare),
        spec("template", functions=bare),
        spec("marked", functions=bare, marks="library"),
        spec("marked_untold", functions=bare),  # the library's marks are in the image all the same
        spec("big", functions=bare),
    ]
    advised = [
        result.sketch
        for result in run(Fakes(), *entries)
        if any(note.startswith("name the functions") for note in result.notes)
    ]
    assert advised == ["plain"]


def test_a_given_image_is_measured_without_a_build():
    fakes = Fakes()
    firmware = fakes.build(BuildRequest(Path("image"), BOARD))
    fakes.built.clear()
    result = profile_one(spec("image"), firmware, fakes.services(), Silent())
    assert result.status is Status.OK
    assert result.measures.flash.overhead is None
    assert not fakes.built


def test_long_serial_text_is_bounded_and_keeps_its_end():
    fakes = Fakes()

    def profile(*given):
        return replace(fakes.profile(*given), serial=b"begin" + b"x" * 100_000 + b"end")

    (result,) = profile_all([spec("a")], replace(fakes.services(), profile=profile), Silent())
    assert len(result.serial) < 5000
    assert result.serial.startswith("begin")
    assert result.serial.endswith("end")
