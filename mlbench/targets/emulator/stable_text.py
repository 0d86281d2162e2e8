"""What of a firmware's text another run of it must send as well."""

from __future__ import annotations

from mlbench.emulator.console import SOURCES, Console

_USB = "usb"
_LONG_LINE = 256


def stable_lines(console: Console) -> tuple[bytes, ...] | None:
    """Lines that do not depend on when the host opened the port; None where all text is such.

    What is printed before a USB host listens is lost, so that the first line may come without its
    beginning, and the last without its end.
    """
    usb = console.text(_USB)
    if not usb:
        return None
    rest = console.text(*(source for source in SOURCES if source != _USB))
    whole = [line for line in usb.splitlines(keepends=True)[1:] if line.endswith(b"\n")]
    return (*rest.splitlines(keepends=True), *whole)


def has_spoken(console: Console) -> bool:
    """Whether there is text that can be held against another run's."""
    lines = stable_lines(console)
    text = console.text()
    return bool(text) if lines is None else bool(lines) or len(text) > _LONG_LINE
