"""Which of an image's sections lie in flash, and which in RAM."""

from __future__ import annotations

from mlbench.elf.headers import EM_ARM, EM_AVR, SHT_PROGBITS, ProgramHeader, Section

SRAM_REGION = (0x2000_0000, 0x4000_0000)
"""Where ARMv7-M puts internal RAM (ARM DDI 0403E.b, B3.1, table B3-1), first and past-the-end.

Nothing that is stored there outlives a power cycle. There is other RAM: coupled to the core, external, or
where the whole image is loaded to (Spresense: 0x0D000000).
"""
_AVR_CODE, _AVR_SRAM = (0x00_0000, 0x80_0000), (0x80_0000, 0x81_0000)
"""Where GNU ld's scripts for AVR put flash and data; EEPROM, fuses and lock bits lie above."""

Region = tuple[int, int]


def is_stored(machine: int, address: int, flash: Region | None) -> bool:
    """Whether contents that are loaded from ``address`` lie in flash: in ``flash`` where that is known."""
    if flash is not None or machine == EM_AVR:
        start, end = flash or _AVR_CODE
        return start <= address < end
    return machine != EM_ARM or not SRAM_REGION[0] <= address < SRAM_REGION[1]


def is_in_ram(
    machine: int, section: Section, segment: ProgramHeader | None, load: int, ram: Region | None
) -> bool:
    """Whether a section takes RAM: lies in ``ram`` where that is known, else holds variables.

    Args:
        machine: the image's.
        section: which.
        segment: has its bytes.
        load: where they are stored.
        ram: the board's RAM; None: by the sections alone.
    """
    start, end = ram or {EM_ARM: SRAM_REGION, EM_AVR: _AVR_SRAM}.get(machine, (0, 0))
    if start <= section.address < end or ram is not None or machine == EM_AVR:
        return start <= section.address < end
    if not section.writable or section.thread_local:
        return False
    if not section.has_bytes or load != section.address:
        return True
    # Loaded in place: variables stand before memory that starts as zeros, while tables of constructors,
    # which are writable by their flags, stand between code in flash.
    zeros = segment is not None and segment.memory_size > segment.file_size
    return zeros and section.type == SHT_PROGBITS


def is_reservation(section: Section) -> bool:
    """Whether it only sets RAM aside for heap or stack."""
    name = section.name.lower()
    return name.startswith((".heap", ".stack", "._user_heap_stack")) and not section.executable
