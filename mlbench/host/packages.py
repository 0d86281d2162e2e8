"""Debian's packages that a start may need, and which of them this machine lacks.

Standard library alone: the start looks before there is an environment, so that all that is missing
is named at once.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

BUILDER = ("arduino-builder", "arduino-ctags")
ARM = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-dev")
FOR_TESTS = {"g++": ("g++", "libc6-dev"), "qemu-system-arm": ("qemu-system-arm",)}
"""What the tests need besides, by the program that tells whether it is there.

Models are compiled for this machine as well, and bare images run on another Cortex-M4, and are compared.
"""
SKETCH_COMPILER = "a sketch compiler (arduino-cli or arduino-builder)"
"""What ``BUILDER`` is for, in words."""
HOST_COMPILER = "gcc"
"""Builds the emulator's block hook. Never a reason to install, but taken along when there is one."""


@dataclass(frozen=True)
class Missing:
    """What is not on PATH, in words and as packages."""

    names: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def missing(*, builds: bool, tests: bool = False) -> Missing:
    """What a start will need that is not there.

    Args:
        builds: whether it builds sketches.
        tests: whether it runs the tests, which build too.
    """
    names: list[str] = []
    packages: list[str] = []
    if builds or tests:
        if not any(map(shutil.which, ("arduino-cli", "arduino-builder"))):
            names.append(SKETCH_COMPILER)
            packages += BUILDER
        if not shutil.which("arm-none-eabi-gcc"):
            names.append("arm-none-eabi-gcc")
            packages += ARM
    if tests:
        others = missing_for_tests()
        names += others.names
        packages += others.packages
    return Missing(tuple(names), tuple(packages))


def missing_for_tests() -> Missing:
    """What the tests need besides sketch compilers, and is not there."""
    programs = tuple(program for program in FOR_TESTS if not shutil.which(program))
    return Missing(programs, tuple(package for program in programs for package in FOR_TESTS[program]))
