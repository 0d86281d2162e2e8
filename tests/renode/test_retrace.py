"""The reader of Renode's traces, on one that a real Renode wrote: a sketch's first 300,000 instructions."""

from __future__ import annotations

import contextlib
import gzip
import random
from collections import Counter
from pathlib import Path

import pytest
from seeds import new_seed

from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault
from mlbench.renode.retrace import HEADER, read_trace_file

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
