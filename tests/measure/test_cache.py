"""Measurements used again: of the very same image, asked in the very same way, or not at all."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlbench import version
from mlbench.core.execution import Functions, Instrument, OutputBuffer
from mlbench.core.firmware import BuildKeys, Firmware, Overflow
from mlbench.core.inputs import TypedText
from mlbench.measure import cache as kept
from mlbench.measure.cache import MeasurementCache, key_of
from mlbench.measure.profile import Profile
from mlbench.results.comparison import Limit, Threshold
from mlbench.results.values import Absent, Failure, Flash, Measures, RamNeed, Time, UnusedRam
from mlbench.suite.inputs import InputFiles
from mlbench.suite.suite_file import SketchSpec, Source

INSTRUMENT = Instrument("nano33ble", "emulator", "0.1.0", "nrf52840/3")
SPEC = SketchSpec("kws", Path("kws"), "mlbench:nrf52840:nano33ble", Source(), functions=Functions("i", "f"))
PROFILE = Profile(
    Measures(
        Flash(100, ((".text", 100),), overhead=40, symbols=(("setup", 10),)),
        UnusedRam(4096, "replay", True, 3, 9, ((8192, 8200),), first_failure="no memory: malloc"),
        RamNeed(60, 50, 8, 2),
        Time(1.5, 1.0, 2.0, 3, 96, 50, 1),
        Absent("was not called"),
    ),
    notes=("a note",),
    serial=b"\xff\x00text\r\n",
)


@dataclass(frozen=True)
class Place:
    """A target that only says what it is."""

    instrument: Instrument = INSTRUMENT
    board: str = "nano33ble"


@dataclass
class Counting:
    """Stands for measuring; counts how often it is asked."""

    answer: Profile = PROFILE
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def __call__(self, *about: object) -> Profile:
        self.asked.append(about)
        return self.answer


def firmware(folder: Path, image: bytes = b"image", probe: bytes | None = None) -> Firmware:
    folder.mkdir(parents=True, exist_ok=True)
    elf = folder / "a.elf"
    elf.write_bytes(image)
    other = elf
    if probe is not None:
        other = folder / "a-probe.elf"
        other.write_bytes(probe)
    return Firmware("kws", folder, elf, other, False, BuildKeys("fqbn", "p", "c", "b"))


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def measure(tmp_path: Path, counting: Counting) -> MeasurementCache:
    return MeasurementCache(tmp_path / "results", counting)


def test_the_same_image_is_measured_once(measure, counting, tmp_path):
    first = measure(firmware(tmp_path / "one"), SPEC, Place(), 40)
    again = measure(firmware(tmp_path / "elsewhere"), SPEC, Place(), 40)
    assert len(counting.asked) == 1
    assert first == PROFILE
    assert again == replace(PROFILE, cached=True)


def test_names_places_and_thresholds_do_not_matter(measure, counting, tmp_path):
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    limits = (("flash", Threshold(fail=Limit(1))),)
    measure(image, replace(SPEC, name="other", where="mlbench.yml:9", thresholds=limits), Place(), 40)
    assert len(counting.asked) == 1


CHANGES = {
    "board": "other:board:x",
    "functions": Functions("i", "g"),
    "ram_search": "bisect",
    "ram_min": 1,
    "ram_max": 2,
    "inferences": 9,
    "timeout_us": 1.0,
    "serial": "ignore",
    "marks": "library",
    "inputs": InputFiles((TypedText("go"),)),
    "trace_limit": 5,
    "asks_for": ("go\n",),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_whatever_is_asked_otherwise_is_measured(measure, counting, tmp_path, name):
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    measure(image, replace(SPEC, **{name: CHANGES[name]}), Place(), 40)
    assert len(counting.asked) == 2


def test_every_key_of_a_sketch_is_thought_of():
    """A key that comes later must be looked at: it changes figures, or reaches them by the image alone."""
    by_image = {"sketch", "source", "build_properties", "libraries", "overlay", "prepare", "own_folder"}
    by_image |= {"link_modes"}  # an option of the board's FQBN
    # Where a search on a board begins: no limit depends on it, and a board is asked again in any case.
    # How long a build may take changes nothing of what it builds.
    of_no_effect = {"name", "where", "board_where", "thresholds", "ram_expected", "build_timeout_s"}
    always_anew = {"backend"}
    assert set(SketchSpec.__dataclass_fields__) == {*CHANGES, *by_image, *of_no_effect, *always_anew}


@pytest.mark.parametrize(
    "change",
    [
        {"is_template": True},
        {"name": "har"},
        {"overflows": (Overflow("RAM", 1),)},
    ],
)
def test_another_firmware_is_measured(measure, counting, tmp_path, change):
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    measure(replace(image, **change), SPEC, Place(), 40)
    assert len(counting.asked) == 2


@pytest.mark.parametrize(
    "place",
    [
        Place(replace(INSTRUMENT, cost_table="nrf52840/4")),
        Place(replace(INSTRUMENT, version="0.2.0")),
        Place(board="another of that name"),
    ],
)
def test_another_instrument_measures(measure, counting, tmp_path, place):
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    measure(image, SPEC, place, 40)
    assert len(counting.asked) == 2


def test_another_overhead_is_another_result(measure, counting, tmp_path):
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    measure(image, SPEC, Place(), None)
    assert len(counting.asked) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=64), st.data())
def test_any_byte_of_an_image_counts(tmp_path, image, data):
    place = data.draw(st.integers(0, len(image) - 1))
    other = bytearray(image)
    other[place] ^= data.draw(st.integers(1, 255))
    keys = {
        key_of(firmware(tmp_path / "x", image), SPEC, Place(), 1),
        key_of(firmware(tmp_path / "x", bytes(other)), SPEC, Place(), 1),
        key_of(firmware(tmp_path / "x", image, image), SPEC, Place(), 1),
        key_of(firmware(tmp_path / "x", image, bytes(other)), SPEC, Place(), 1),
    }
    assert len(keys) == 4


def test_the_measuring_code_is_part_of_the_instrument(tmp_path, monkeypatch):
    for name, text in {"a.py": "x = 1", "sub/table.yml": "version: 1", "hook.c": "int x;"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(version, "__file__", str(tmp_path / "version.py"))
    digests = set()
    for name in ("", "a.py", "sub/table.yml", "hook.c"):
        if name:
            (tmp_path / name).write_text("changed")
        kept.instrument_digest.cache_clear()
        digests.add(kept.instrument_digest())
    (tmp_path / "new.py").write_text("")
    kept.instrument_digest.cache_clear()
    digests.add(kept.instrument_digest())
    monkeypatch.setattr(kept.metadata, "version", lambda name: "99")
    kept.instrument_digest.cache_clear()
    digests.add(kept.instrument_digest())
    kept.instrument_digest.cache_clear()
    assert len(digests) == 6


def test_a_board_is_asked_each_time(measure, counting, tmp_path):
    image = firmware(tmp_path / "one")
    for _ in range(2):
        measure(image, replace(SPEC, backend="board"), Place(), 40)
    assert len(counting.asked) == 2


def test_what_failed_is_tried_again(measure, counting, tmp_path):
    counting.answer = replace(PROFILE, failure=Failure("hung"))
    image = firmware(tmp_path / "one")
    for _ in range(2):
        assert measure(image, SPEC, Place(), 40).failure
    assert len(counting.asked) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_what_is_not_whole_is_not_taken(tmp_path, data):
    """A disk that was full, a cache that was cut, a byte that was turned."""
    counting = Counting()
    folder = tmp_path / "results"
    measure = MeasurementCache(folder, counting)
    image = firmware(tmp_path / "one")
    measure(image, SPEC, Place(), 40)
    (path,) = folder.iterdir()
    good = path.read_bytes()
    bad = bytearray(good)
    if data.draw(st.booleans()):
        del bad[data.draw(st.integers(0, len(bad) - 1)) :]
    else:
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(bad))
    again = measure(image, SPEC, Place(), 40)
    path.unlink()
    assert replace(again, cached=False) == PROFILE
    same = bytes(bad) == good
    with suppress(ValueError):
        same = same or json.loads(bad) == json.loads(good)
    assert again.cached == same


def test_an_entry_under_another_key_is_not_taken(measure, counting, tmp_path):
    image, other = firmware(tmp_path / "one"), firmware(tmp_path / "two", b"other")
    measure(image, SPEC, Place(), 40)
    (path,) = (tmp_path / "results").iterdir()
    path.rename(path.with_name(f"{key_of(other, SPEC, Place(), 40)}.json"))
    assert not measure(other, SPEC, Place(), 40).cached


def test_a_folder_that_cannot_be_written_only_costs_time(counting, tmp_path):
    (tmp_path / "file").write_text("")
    measure = MeasurementCache(tmp_path / "file" / "results", counting)
    for _ in range(2):
        assert measure(firmware(tmp_path / "one"), SPEC, Place(), 40) == PROFILE
    assert len(counting.asked) == 2


def test_only_so_many_are_kept(measure, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 3)
    for number in range(6):
        measure(firmware(tmp_path / "one", bytes([number])), SPEC, Place(), 40)
        for path in (tmp_path / "results").iterdir():
            os.utime(path, (path.stat().st_mtime - 10, path.stat().st_mtime - 10))
    assert len(list((tmp_path / "results").iterdir())) == 3
    assert measure(firmware(tmp_path / "one", bytes([5])), SPEC, Place(), 40).cached
    assert not measure(firmware(tmp_path / "one", bytes([0])), SPEC, Place(), 40).cached


def test_an_image_that_is_gone_is_left_to_measuring(measure, counting, tmp_path):
    image = firmware(tmp_path / "one")
    image.elf.unlink()
    measure(image, SPEC, Place(), 40)
    assert len(counting.asked) == 1


def test_functions_with_outputs(measure, counting, tmp_path):
    image = firmware(tmp_path / "one")
    for size in (1, 2):
        functions = Functions("i", "f", (OutputBuffer(2, size),))
        measure(image, replace(SPEC, functions=functions), Place(), 40)
    assert len(counting.asked) == 2
