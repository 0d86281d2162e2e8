"""Options that several verbs take, and what the options of a command line ask for, as frozen values."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.cli.parser import Parser, whole_number
from mlbench.host.policy import Policy
from mlbench.suite.options import RunOptions
from mlbench.util.settings import PERSON_SECONDS, Settings

if TYPE_CHECKING:
    from mlbench.elf.given_files import GivenFiles


def add_common(parser: Parser) -> None:
    """Options of every verb."""
    parser.add_argument("--offline", action="store_true", help="never use the network")
    parser.add_argument("--no-install", action="store_true", help="never install tools that are missing")
    parser.add_argument("--yes", action="store_true", help="install with sudo without asking")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of errors")


def add_outputs(parser: Parser) -> None:
    """Where results go."""
    parser.add_argument(
        "--json", metavar="FILE", default="", help="write results to this file as JSON; - is standard output"
    )
    parser.add_argument(
        "--markdown", metavar="FILE", default="", help="write a Markdown table there; - is standard output"
    )


def add_image(parser: Parser, help_text: str, *, optional: bool = False) -> None:
    """The files of an image."""
    parser.add_argument("elf", metavar="FIRMWARE", nargs="*" if optional else "+", help=help_text)
    parser.add_argument(
        "--base",
        metavar="ADDRESS",
        action="append",
        type=_address,
        default=[],
        help="where the bytes of a .bin go, such as 0x1000; once for each, in their order",
    )
    parser.add_argument(
        "--names", metavar="FILE.elf", help="the ELF file with the names; default: the one beside a file"
    )


_MOST_JOBS = 256


def add_measuring(parser: Parser) -> None:
    """Which functions are meant, and how they are measured."""
    parser.add_argument(
        "--init", metavar="F", help="function that initializes the model, such as 'Model::Model()'"
    )
    parser.add_argument("--inference", metavar="F", help="function that infers, such as model_execute")
    parser.add_argument(
        "--output",
        metavar="ARG|NAME:BYTES",
        action="append",
        type=_output,
        default=[],
        help="a buffer that inference fills: the number of the argument that points to it, from 0, or the "
        "name of a global variable, and its size; may be repeated",
    )
    parser.add_argument(
        "--min", metavar="N", type=whole_number, help="least N of the search for unused RAM, in bytes"
    )
    parser.add_argument(
        "--max", metavar="N", type=whole_number, help="greatest N of the search for unused RAM, in bytes"
    )
    parser.add_argument(
        "--ram-search",
        choices=("replay", "bisect", "faithful", "none"),
        help="how the limit of unused RAM is found: `replay` of the heap's calls, certified by full runs; "
        "`bisect`, plain bisection by full runs; `faithful`, one image per N (boards only); or `none`",
    )
    parser.add_argument(
        "--inferences", metavar="COUNT", type=_count, help="how many inferences to time, 1 to 10000"
    )
    parser.add_argument(
        "--timeout", metavar="TIME", help="virtual time a run may take, such as '60 s' or '500 ms'"
    )


def add_sketches(parser: Parser) -> None:
    """Which sketches are meant, and how they are built."""
    parser.add_argument(
        "sketch",
        nargs="?",
        metavar="SKETCH",
        help="a sketch or a suite (mlbench.yml); default: what is found",
    )
    parser.add_argument(
        "--board", metavar="FQBN", action="append", default=[], help="board to build for; may be repeated"
    )
    parser.add_argument(
        "--library",
        metavar="FOLDER",
        action="append",
        default=[],
        help="folder of a library it needs; may be repeated",
    )
    parser.add_argument(
        "--build-property",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a property for the sketch compiler; may be repeated",
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="only sketches of this name, or that a pattern such as models/* matches; may be repeated",
    )
    parser.add_argument("--no-cache", action="store_true", help="build and measure everything anew")
    parser.add_argument(
        "--jobs",
        metavar="COUNT",
        type=_jobs,
        help="sketches to work on at a time; default: one more than cores",
    )


def add_cross_check(parser: Parser) -> None:
    """Add what names a second instrument."""
    from mlbench.core import backends

    parser.add_argument(
        "--cross-check",
        choices=tuple(backend.name for backend in backends.rows() if backend.cross_checks),
        help="run it there as well, and name the first difference",
    )


def settings_of(options: argparse.Namespace) -> Settings:
    """What the options ask for that are not about what is measured. Verbs have some of them, or none."""
    given = vars(options)
    words = {"--offline": options.offline, "--no-install": options.no_install, "--yes": options.yes}
    return Settings(
        policy=Policy.read([word for word, on in words.items() if on]),
        json=given.get("json", ""),
        markdown=given.get("markdown", ""),
        debug=options.debug,
        cache=not given.get("no_cache", False),
        canonical=given.get("canonical", False),
        jobs=given.get("jobs") or 0,
        port=given.get("port") or os.environ.get("MLBENCH_PORT", ""),
        person_seconds=PERSON_SECONDS if sys.stdin.isatty() and sys.stderr.isatty() else 0.0,
        cross_check=given.get("cross_check") or "",
    )


def given_files(options: argparse.Namespace) -> GivenFiles:
    """What the options of ``add_image`` ask for."""
    from mlbench.elf.given_files import GivenFiles

    names = Path(options.names) if options.names else None
    return GivenFiles(tuple(Path(file) for file in options.elf), tuple(options.base), names)


def measuring_options(options: argparse.Namespace) -> RunOptions:
    """What the options of ``add_measuring`` ask for."""
    from mlbench.core.execution import OutputBuffer

    return RunOptions(
        init=options.init or "",
        inference=options.inference or "",
        outputs=tuple(OutputBuffer(*output) for output in options.output),
        ram_min=options.min,
        ram_max=options.max,
        ram_search=options.ram_search or "",
        inferences=options.inferences,
        timeout=options.timeout or "",
    )


def sketch_options(options: argparse.Namespace) -> RunOptions:
    """What the options of ``add_measuring`` and ``add_sketches`` ask for."""
    return replace(
        measuring_options(options),
        sketch=options.sketch or "",
        only=tuple(options.only),
        boards=tuple(options.board),
        libraries=tuple(options.library),
        build_properties=tuple(options.build_property),
    )


def _output(text: str) -> tuple[int | None, int, str]:
    place, _, size = text.rpartition(":")
    if not (place and size.isdecimal() and int(size) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not ARG:BYTES, such as 2:4, or NAME:BYTES")
    return (int(place), int(size), "") if place.isdecimal() else (None, int(size), place)


def _address(text: str) -> int:
    try:
        address = int(text, 0)
    except ValueError:
        address = -1
    if not 0 <= address < 1 << 32:
        raise argparse.ArgumentTypeError(f"{text!r} is no address, such as 0x1000")
    return address


def _jobs(text: str) -> int:
    number = whole_number(text)
    if not 1 <= number <= _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1 and {_MOST_JOBS}")
    return number


def _count(text: str) -> int:
    number = whole_number(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1 and 10000")
    return number
