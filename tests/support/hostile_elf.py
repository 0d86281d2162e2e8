"""Firmware whose tables say what no linker would, and a process that asks everything of it and counts memory.

Run as a program with the paths of a sound image and of a hostile one, it prints the MiB that the hostile
one took beyond the sound one, then what was raised for the user.
"""

from __future__ import annotations

import resource
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HEADER = struct.Struct("<10I")


def graft(data: bytes, contents: Mapping[str, bytes], **fields: int) -> bytes:
    """The same image with other contents of its sections, put at the end; ``fields`` are of their headers."""
    grafted = bytearray(data)
    for name, content in contents.items():
        set_section(grafted, name, offset=len(grafted), size=len(content), type=1, **fields)
        grafted += content
    return bytes(grafted)


def set_section(data: bytearray, name: str, **fields: int) -> None:
    """Change fields of a section's header: ``type``, ``flags``, ``offset``, ``size``."""
    places = {"name": 0, "type": 1, "flags": 2, "address": 3, "offset": 4, "size": 5}
    at = section_header(bytes(data), name)
    row = list(HEADER.unpack_from(data, at))
    for key, value in fields.items():
        row[places[key]] = value
    HEADER.pack_into(data, at, *row)


def section_header(data: bytes, name: str) -> int:
    """Where in the file the header of a section is."""
    table, size, count, names = (*struct.unpack_from("<I", data, 32), *struct.unpack_from("<3H", data, 46))
    strings = HEADER.unpack_from(data, table + names * size)
    for index in range(count):
        at = table + index * size
        start = strings[4] + HEADER.unpack_from(data, at)[0]
        if data[start : data.index(b"\0", start)].decode() == name:
            return int(at)
    raise LookupError(name)


def questions(data: bytes, functions: int = 40) -> list[str]:
    """Ask all that mlbench asks of an image; what was raised for the user, and nothing else may be raised."""
    from mlbench.elf.candidates import candidates
    from mlbench.elf.flat import flat_binary
    from mlbench.elf.image import Image
    from mlbench.elf.names import find_functions, never_entered
    from mlbench.elf.sizes import ram_symbol_sizes, symbol_sizes
    from mlbench.errors import MLBenchError

    messages = []

    def ask(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except MLBenchError as error:
            messages.append(str(error))
            return None

    image = ask(lambda: Image.parse(data))
    if image is None:
        return messages
    for question in (
        *(image.flash_bytes, image.static_ram, image.reservations, lambda: image.segments),
        *(lambda: flat_binary(image), lambda: symbol_sizes(image), lambda: ram_symbol_sizes(image)),
        *(lambda: candidates(image), lambda: find_functions(image, "net::Model::inference")),
        *(lambda: find_functions(image, "hidden"), lambda: find_functions(image, "inlined_only")),
        lambda: never_entered(image, "inlined_only"),
    ):
        ask(question)
    registers = {number: 0x2000_0000 + 8 * number for number in range(15)}
    for function in (ask(lambda: image.functions) or ())[:functions]:
        image.debug.line(function.address)
        image.debug.unit(function.address)
        image.debug.prototype(function.address)
        image.debug.inline_chain(function.address + 2)
        image.debug.unwind(
            function.address + 4, registers, lambda address, size: address.to_bytes(size, "little")
        )
    return messages


def peak_kib() -> int:
    """The most memory that this process has had; getrusage would count that of the one that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    sound, hostile = (Path(argument).read_bytes() for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # the machine is shared
    questions(sound)
    before = peak_kib()
    messages = questions(hostile)
    print((peak_kib() - before) / 1024, *messages, sep="\n")


if __name__ == "__main__":
    main()
