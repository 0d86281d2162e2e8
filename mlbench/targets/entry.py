"""Where in an image probes and marks act."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.elf.functions import function_address
from mlbench.elf.image import Image


@dataclass(frozen=True)
class ResolvedFunction:
    """A function to time. With ``ends`` the span ends where one of those is entered (library marks)."""

    name: str
    entries: tuple[int, ...]
    ends: tuple[int, ...] = ()
    is_inlined: bool = False
    """Whether these are places within other functions, not functions."""


@dataclass(frozen=True)
class Entry:
    """Where probes act, and how N reaches the firmware.

    ``at`` names what ``setup`` is the address of: ``setup``, ``main``, or ``""`` for the image's entry,
    before anything is initialized. ``word`` is the address of a template's word in flash; without it
    ``malloc`` is called.
    """

    setup: int
    at: str
    loop: int | None
    malloc: int | None
    sbrk: int | None
    word: int | None

    @classmethod
    def of(cls, image: Image, word: int | None) -> Entry:
        """Find them in an image. A sketch's functions have C or C++ names, by the core."""
        places = (("setup", ("setup", "_Z5setupv")), ("main", ("main",)))
        entries = [(at, address) for at, names in places if (address := function_address(image, *names))]
        at, setup = entries[0] if entries else ("", image.entry & ~1)
        return cls(
            setup,
            at,
            function_address(image, "loop", "_Z4loopv"),
            # At the entry of the image there is no heap yet.
            function_address(image, "malloc") if at else None,
            function_address(image, "_sbrk", "sbrk"),
            word,
        )

    @property
    def note(self) -> str:
        """What to say where it is not a sketch's setup()."""
        if self.at == "setup":
            return ""
        if self.at == "main":
            return "the image has no setup(): probes act at the entry of main()"
        return "the image has neither setup() nor main(): it is measured from its entry, without probes"
