"""The reader of Renode's traces, on one that a real Renode wrote: a sketch's first 300,000 instructions."""

from __future__ import annotations

import contextlib
import gzip
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from seeds import new_seed
from workshop import OWN_BOARD

from mlbench.boards import board_for
from mlbench.core.execution import Functions, Probe, SpanKind
from mlbench.cycles.model import load_model
from mlbench.cycles.path_native import library
from mlbench.elf.given_files import GivenFiles
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault
from mlbench.pipeline.prebuilt import firmware_of_files
from mlbench.renode.pricing import TracePricer
from mlbench.renode.retrace import HEADER, read_trace_file
from mlbench.targets.emulator.target import EmulatorTarget

DATA = Path(__file__).parent / "data"
TRACE = DATA / "keyword_spotting_graph.trace.gz"


def test_every_instruction_is_there() -> None:
    image = Image.load(DATA / "keyword_spotting_graph.elf")
    kinds: Counter[int] = Counter()
    count = divides = 0
    for pc, accesses, registers in read_trace_file(TRACE):
        count += 1
        kinds.update(access.kind for access in accesses)
        assert image.is_code(pc)
        if registers:
            divides += 1
            assert len(registers) == 13
            assert int.from_bytes(image.read(pc, 2), "little") & 0xFFD0 == 0xFB90
        for kind, address, value in accesses:
            if kind == 2 and 0x10000 <= address < 0x20000 and address % 4 == 0:
                # What is read of flash is what the image holds: words, or parts of them.
                word = int.from_bytes(image.read(address, 4), "little")
                assert value in (word, word & 0xFFFF, word & 0xFF)
    assert (count, divides) == (300_000, 198)
    assert kinds == {2: 96_236, 3: 30_911, 1: 32, 0: 1}


def test_what_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = gzip.decompress(TRACE.read_bytes())
    plain, packed = tmp_path / "plain.gz", tmp_path / "packed.gz"
    rng = random.Random(new_seed())
    for _ in range(5):
        plain.write_bytes(gzip.compress(whole[: rng.randrange(1000, 30_000)], 1))
        packed.write_bytes(TRACE.read_bytes()[: rng.randrange(40, 300_000)])
        with pytest.raises(EnvironmentFault, match=r"^packed\.gz: is cut off or corrupted [^\n]*$") as error:
            list(read_trace_file(packed))
        assert error.value.exit_status == 4
        # Where it ends between two instructions, it is a whole trace.
        with contextlib.suppress(EnvironmentFault):
            assert list(read_trace_file(plain))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "begins with b''"),
        (b"ReTrace\x04\x04\x00", "no trace of version 5"),
        (HEADER + b"\x00\x00\x01\x00\x07\x00", "a record of kind 7"),
        (HEADER + b"\x00\x00\x01\x00\x01\x09" + bytes(25), "an access of kind 9"),
        (HEADER + b"\x00\x00\x01\x00\x04\x01\x01\x02R0\x20" + bytes(40), "a register of 32 bytes"),
        (HEADER + b"\x00\x00\x01\x00", "cut off within an instruction, 10 bytes in"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "trace.gz"
    path.write_bytes(gzip.compress(data))
    with pytest.raises(EnvironmentFault, match=r"^trace\.gz: ") as error:
        list(read_trace_file(path))
    assert what in str(error.value)


INIT = 38_465, 57_850
"""Instructions from reset to the begin and the end of the initialization that counts, the second one."""


def pricer(*, force_python: bool) -> TracePricer:
    image = Image.load(DATA / "keyword_spotting_graph.elf")
    return TracePricer(load_model("nrf52840"), image.read, range(0x100000), force_python=force_python)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data, 1))
    return path


@pytest.mark.parametrize("force_python", [False, True])
def test_the_initialization_takes_as_long_as_on_the_emulator(force_python: bool) -> None:
    elf = DATA / "keyword_spotting_graph.elf"
    firmware = firmware_of_files(GivenFiles((elf,), (), None), "", DATA)
    session = EmulatorTarget(board_for(OWN_BOARD)).open(firmware, Functions("Model::Model()", None))
    (init,) = (span for span in session.run(Probe(), 1e6).spans if span.kind is SpanKind.INIT)
    session.close()
    assert init.instructions == INIT[1] - INIT[0]
    cycles = pricer(force_python=force_python).follow(TRACE, INIT)
    assert init.cycles is not None
    assert abs(cycles[INIT[1]] - cycles[INIT[0]] - init.cycles) <= 64


def test_slices_cost_what_the_whole_does(tmp_path: Path) -> None:
    # Cut between any two instructions, in the middle of blocks too; in C as in Python.
    if library() is None:
        pytest.skip("the native pricing is not built here")
    counts = (1_000, 5_003, *INIT, 250_000)
    whole = pricer(force_python=True).follow(TRACE, counts)
    assert pricer(force_python=False).follow(TRACE, counts) == whole
    data = gzip.decompress(TRACE.read_bytes())
    rng = random.Random(new_seed())
    ends = sorted(rng.sample(range(1_000, 299_000), 6))
    places, at = [], len(HEADER)
    for number, (_, accesses, registers) in enumerate(read_trace_file(TRACE)):
        if number in ends:
            places.append(at)
        # Thirteen registers before a divide, and as many after it.
        at += 5 + 26 * len(accesses) + (220 if registers else 0)
    assert at == len(data)
    cuts = [len(HEADER), *places, len(data)]
    sliced = pricer(force_python=False)
    cycles: dict[int, int] = {}
    for number, (begin, end) in enumerate(pairwise(cuts)):
        cycles |= sliced.follow(written(tmp_path / f"{number}.gz", HEADER + data[begin:end]), counts)
    assert cycles == whole


@pytest.mark.parametrize("force_python", [False, True])
def test_a_damaged_trace_is_not_priced(tmp_path: Path, force_python: bool) -> None:
    data = gzip.decompress(TRACE.read_bytes())
    broken = bytearray(data[:50_000])
    broken[20_000:20_040] = b"\xee" * 40
    cut = tmp_path / "cut.gz"
    cut.write_bytes(TRACE.read_bytes()[:100_000])
    for path in (written(tmp_path / "broken.gz", bytes(broken)), cut):
        with pytest.raises(EnvironmentFault, match=rf"^{path.name}: ") as error:
            pricer(force_python=force_python).follow(path, (1_000,))
        assert "\n" not in str(error.value)
