"""Writes the header of a sketch, as the core's tools do: ``sketch_tool.py VERSION FILE [linked]``.

Version 0 is extra/post_build_tool/main.go of arduino/ArduinoCore-zephyr, commit 00ec495; version 1 is struct
sketch_header_v1 of its loader/main.c, commit 0709037, in the padding of an ELF file or 16 bytes in front.
"""

import struct
import sys
from pathlib import Path

version, file, linked = sys.argv[1], Path(sys.argv[2]), sys.argv[3:] == ["linked"]
data = file.read_bytes()
if version == "0":
    header = f"{len(data)}".encode() + b"\0\0"
    file.with_name(f"{file.stem}.llext.dfu.bin").write_bytes(header.ljust(16, b"\0") + data)
else:
    if linked:
        data = bytes(16) + data
    fields = struct.pack("<BIHBx", 1, len(data), 0x2341, 2 if linked else 0)
    name = f"{file.name}-zsk.bin"
    file.with_name(name).write_bytes(data[:7] + fields[:9] + data[16:])
