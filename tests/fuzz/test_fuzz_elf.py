"""Firmware with damaged bytes anywhere: an answer or one line, in bounded time, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from elf_firmware import MODEL, build_elf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlbench.elf.image import Image
from mlbench.elf.names import candidates, find_functions, never_entered
from mlbench.elf.sizes import symbol_sizes
from mlbench.errors import MLBenchError

INLINED = """
static inline int helper(int x) { return x * 3 + 1; }
extern "C" int from_other(int x) { return helper(x) + helper(x + 1); }
"""
LUMPS = [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80", bytes(4), b"\x01", b"\x7f"]
SECTIONS = (".debug_info", ".debug_abbrev", ".debug_line", ".debug_aranges", ".debug_frame", ".debug_str",
            ".debug_rnglists", ".symtab", ".strtab", ".shstrtab", ".text")  # fmt: skip


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("fuzz")
    sources = {"model.cpp": MODEL, "other.cpp": INLINED}
    return Image.load(build_elf(folder, sources, ["-O2", "-g"], gc=False))


def said(question: Callable[[], Any]) -> str:
    """The message of what was raised for the user; anything else that is raised fails the test."""
    try:
        question()
    except MLBenchError as error:
        return str(error)
    return ""


def ask_everything(data: bytes) -> list[str]:
    try:
        image = Image.parse(data)
    except MLBenchError as error:
        return [str(error)]
    image.flash_bytes(), image.static_ram(), image.reservations(), symbol_sizes(image)
    messages = [said(lambda: candidates(image))]
    for name in (
        "net::Model::inference",
        "helper",
        "from_other",
        "nothing like this",
        "other.cpp:helper(int)",
    ):
        messages.append(said(lambda name=name: find_functions(image, name)))
        messages.append(str(never_entered(image, name)))
    registers = {number: 0x2000_0000 + 8 * number for number in range(15)}
    for function in image.functions[:40]:
        image.debug.line(function.address)
        image.debug.inline_chain(function.address + 2)
        frames = image.debug.unwind(
            function.address + 4, registers, lambda address, size: address.to_bytes(size, "little")
        )
        assert 1 <= len(frames) <= 64
    return messages


changes = st.lists(
    st.tuples(
        st.sampled_from(SECTIONS),
        st.integers(0, 1 << 20),
        st.sampled_from(LUMPS) | st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=80, deadline=20_000, suppress_health_check=list(HealthCheck))
@given(changes=changes, near_start=st.booleans())
def test_damaged_sections(firmware: Image, changes: list[tuple[str, int, bytes]], near_start: bool) -> None:
    data = bytearray(firmware.data)
    for name, offset, value in changes:
        section = firmware.section(name)
        if section is None:
            continue
        at = section.offset + offset % (min(section.size, 300) if near_start else section.size)
        data[at : at + len(value)] = value[: len(data) - at]
    for message in ask_everything(bytes(data)):
        assert "\n" not in message


@settings(max_examples=60, deadline=20_000, suppress_health_check=list(HealthCheck))
@given(cut=st.floats(0, 1), glued=st.binary(max_size=200), shift=st.integers(0, 64))
def test_cut_and_glued_files(firmware: Image, cut: float, glued: bytes, shift: int) -> None:
    """The end lost, other bytes in its place, or a piece missing in the middle."""
    at = int(cut * len(firmware.data))
    for data in (firmware.data[:at] + glued, firmware.data[:at] + firmware.data[at + shift :] + glued):
        for message in ask_everything(data):
            assert "\n" not in message


def test_undamaged_firmware_answers(firmware: Image) -> None:
    """The questions above are real ones: whole firmware answers them."""
    assert candidates(firmware)
    assert said(lambda: find_functions(firmware, "from_other")) == ""
    assert "the compiler inlined it into from_other" in said(lambda: find_functions(firmware, "helper"))
    assert firmware.debug.line(find_functions(firmware, "from_other")[0].address) is not None
