"""The serial port of a USB device: Class Definitions for Communication Devices 1.2, PSTN subclass 1.2."""

from __future__ import annotations

from typing import NamedTuple

_INTERFACE, _ENDPOINT = 4, 5
_COMMUNICATION, _CDC_DATA = 2, 10
"""Interface classes."""


class Cdc(NamedTuple):
    """Where a configuration has its CDC ACM port."""

    configuration: int
    interface: int
    bulk_in: int
    bulk_out: int
    out_size: int
    notify: int
    interval: int
    """Of the notifications, in frames."""


def find_cdc(descriptor: bytes) -> Cdc | None:
    """The CDC ACM port of a configuration descriptor (USB 2.0, 9.6.3 to 9.6.6); None: it has none."""
    configuration = descriptor[5] if len(descriptor) > 5 else 1
    interface = bulk_in = bulk_out = notify = interval = 0
    size = 64
    has_interface, inside, at = False, 0, 0
    while at + 2 <= len(descriptor) and descriptor[at] >= 2:
        part = descriptor[at : at + descriptor[at]]
        at += descriptor[at]
        if part[1] == _INTERFACE and len(part) >= 9:
            inside = part[5]
            if inside == _COMMUNICATION and not has_interface:
                has_interface, interface = True, part[2]
        elif part[1] == _ENDPOINT and len(part) >= 7:
            address, kind = part[2], part[3] & 3
            if inside == _COMMUNICATION and kind == 3 and address & 0x80 and not notify:
                notify, interval = address & 7, part[6]
            elif inside == _CDC_DATA and kind == 2 and address & 0x80 and not bulk_in:
                bulk_in = address & 7
            elif inside == _CDC_DATA and kind == 2 and not address & 0x80 and not bulk_out:
                bulk_out, size = address & 7, int.from_bytes(part[4:6], "little") or 64
    if not (has_interface and bulk_in and bulk_out):
        return None
    return Cdc(configuration, interface, bulk_in, bulk_out, min(size, 64), notify, interval)
