"""The words of the command line, and how a start ends. What the verbs do is in ``commands``."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from mlbench.cli.output import say
from mlbench.cli.report import FORMATS
from mlbench.core import backends
from mlbench.errors import MLBenchError, UsageError
from mlbench.suite.options import RunOptions
from mlbench.util.interrupt import Interrupted, interruptible, leave
from mlbench.util.settings import PERSON_SECONDS, Settings
from mlbench.version import __version__

VERBS = {
    "run": "profile sketches (the default)",
    "build": "build sketches for boards, to be measured on another machine",
    "flash": "put firmware onto a board; without one, the empty sketch",
    "elf": "profile a firmware image, without a compiler",
    "monitor": "serial line of an emulated board, live",
    "compare": "compare two result files",
    "report": "write a report of a result or a comparison file",
    "comment": "write comparisons into a comment of a pull request",
    "init": "write mlbench.yml and workflows for the sketches found here",
    "boards": "list the boards",
    "simulate-board": "a board that is none, behind a serial port that misbehaves on demand",
    "doctor": "look over this machine",
    "renode": "fetch Renode, for `backend: renode`",
    "cache": "list or clean what mlbench keeps",
    "uninstall": "remove all that mlbench made on this machine",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, do=f"see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["--action"]:  # a step of action.yml
        from mlbench.action import main as step

        return step(os.environ, arguments[1:])
    debug = "--debug" in arguments
    try:
        with interruptible():
            status = _dispatch(parse(arguments))
            sys.stdout.flush()  # here a reader that has gone is still caught; at exit it is not
            return status
    except MLBenchError as error:
        if debug:
            traceback.print_exc()
        say(str(error))
        return error.exit_status
    except Interrupted as interrupted:
        say("interrupted")
        leave(interrupted.status)  # threads that still build would begin the next step of their work
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not try to flush it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            raise
        say(f"what was to be printed cannot be written: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except SystemExit as stop:  # --help and --version
        return stop.code if isinstance(stop.code, int) else 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        what = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
        say(f"{what}; run with --debug and report it")
        return 4


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options that a command line gives.

    Raises:
        UsageError: it is wrong.
    """
    return _parser().parse_args(_verb_first(list(arguments)))


def _parser() -> _Parser:
    parser = _Parser(
        prog="mlbench",
        description="Flash, unused RAM, initialization and inference time of TinyML sketches.",
        epilog="Exit status: 0 good, 1 a threshold failed, 2 usage or configuration, 3 a sketch failed, "
        "4 the environment.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mlbench {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    common = _Parser(add_help=False, allow_abbrev=False)
    common.add_argument("--offline", action="store_true", help="never use the network")
    common.add_argument("--no-install", action="store_true", help="never install tools that are missing")
    common.add_argument("--yes", action="store_true", help="install with sudo without asking")
    common.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    outputs = _Parser(add_help=False, allow_abbrev=False)
    outputs.add_argument(
        "--json", metavar="FILE", default="", help="write results there; - is standard output"
    )
    outputs.add_argument("--markdown", metavar="FILE", default="", help="write a Markdown table there")
    names = _Parser(add_help=False, allow_abbrev=False)
    names.add_argument("--init", metavar="F", help="function that initializes the model")
    names.add_argument("--inference", metavar="F", help="function that infers")
    names.add_argument(
        "--output",
        metavar="ARG:BYTES",
        action="append",
        type=_output,
        default=[],
        help="buffer inference fills",
    )
    names.add_argument("--min", metavar="N", type=_size, help="least N of the search for unused RAM")
    names.add_argument("--max", metavar="N", type=_size, help="greatest N of the search for unused RAM")
    names.add_argument("--ram-search", choices=("replay", "bisect", "faithful", "none"), help="how")
    names.add_argument("--inferences", metavar="COUNT", type=_count, help="how many inferences to time")
    names.add_argument("--timeout", metavar="TIME", help="virtual time a run may take, such as '60 s'")

    def verb(name: str, *parents: _Parser) -> argparse.ArgumentParser:
        return verbs.add_parser(
            name,
            parents=[*parents, common],
            help=VERBS[name],
            description=f"{VERBS[name]}.",
            allow_abbrev=False,
        )

    chosen = _Parser(add_help=False, allow_abbrev=False)
    chosen.add_argument("sketch", nargs="?", metavar="SKETCH", help="a sketch, or a suite (mlbench.yml)")
    chosen.add_argument("--board", metavar="FQBN", action="append", default=[], help="board; may be repeated")
    chosen.add_argument("--library", metavar="FOLDER", action="append", default=[], help="a library it needs")
    chosen.add_argument(
        "--build-property", metavar="KEY=VALUE", action="append", default=[], help="for the build"
    )
    chosen.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="only this sketch of the suite, or those that a pattern such as models/* matches",
    )
    chosen.add_argument("--no-cache", action="store_true", help="build and measure everything anew")
    run = verb("run", names, chosen, outputs)
    run.add_argument("--backend", choices=backends.names(), help="where it runs")
    run.add_argument(
        "--cross-check",
        choices=tuple(backend.name for backend in backends.rows() if backend.cross_checks),
        help="run there as well, and name the first difference",
    )
    run.add_argument("--port", metavar="P", help="serial port of a real board")
    run.add_argument(
        "--skip-unchanged", action="store_true", help="leave out what is the same at the baseline"
    )
    run.add_argument(
        "--baseline", metavar="REF|FILE", default="", help="compare with a branch, a commit or a result file"
    )
    run.add_argument(
        "--comparison", metavar="FILE", default="", help="write the comparison there; - is standard output"
    )
    run.add_argument(
        "--firmware-dir",
        metavar="DIR",
        default="",
        help="measure what `build` wrote there, and build nothing",
    )
    run.add_argument(
        "--thresholds", metavar="FILE", default="", help="with --firmware-dir: the mlbench.yml that has them"
    )
    build = verb("build", names, chosen)
    build.add_argument(
        "--firmware-dir", metavar="DIR", required=True, help="write firmware there, for `run --firmware-dir`"
    )
    build.set_defaults(backend=backends.of_boards(), port=None)
    flash = verb("flash")
    flash.add_argument("elf", nargs="?", metavar="FIRMWARE.elf", help="what is put onto it")
    flash.add_argument("--board", metavar="FQBN", required=True, help="the board")
    flash.add_argument("--port", metavar="P", help="its serial port")
    elf = verb("elf", names, outputs)
    elf.add_argument("elf", metavar="FIRMWARE.elf", help="an image for a supported board")
    elf.add_argument("--board", metavar="BOARD", default="", help="FQBN or short name of the board")
    elf.add_argument("--ram", action="store_true", help="search the limit of unused RAM too")
    elf.add_argument("--serial", action="store_true", help="show what the firmware prints")
    monitor = verb("monitor")
    monitor.add_argument("elf", metavar="FIRMWARE.elf", help="an image for a board with an emulator")
    monitor.add_argument("--board", metavar="BOARD", default="", help="FQBN or short name of the board")
    monitor.add_argument("--pty", metavar="LINK", help="a serial port for other programs, at this place")
    monitor.add_argument("--fast", action="store_true", help="as fast as possible, not in real time")
    monitor.add_argument("--source", choices=("usb", "uart0", "uart1", "rtt"), help="only this line")
    monitor.add_argument("--seconds", metavar="S", type=_seconds, help="end after this time of the board's")
    monitor.add_argument("--until", metavar="TEXT", default="", help="end when the firmware has sent this")
    monitor.add_argument("--raw", action="store_true", help="show escape sequences as they are")
    compare = verb("compare", outputs)
    compare.add_argument("base", metavar="BASE.json", help="results to compare with")
    compare.add_argument("head", metavar="HEAD.json", help="results to judge")
    compare.add_argument(
        "--thresholds",
        metavar="FILE",
        default="",
        help="the mlbench.yml that says what may get worse how far",
    )
    reported = verb("report")
    reported.add_argument("file", metavar="FILE.json", help="what --json or --comparison wrote")
    reported.add_argument("--format", choices=FORMATS, default="comment", help="what it becomes")
    reported.add_argument("--output", metavar="FILE", default="", help="where it goes; - is standard output")
    reported.add_argument("--title", metavar="TEXT", default="mlbench", help="what it is called")
    reported.add_argument("--run-url", metavar="URL", default="", help="address of the run, to be linked")
    comment = verb("comment")
    comment.add_argument("files", metavar="COMPARISON.json", nargs="+", help="what --comparison wrote")
    comment.add_argument("--pr", metavar="N", type=_number, required=True, help="number of the pull request")
    comment.add_argument("--repo", metavar="OWNER/NAME", default="", help="default: $GITHUB_REPOSITORY")
    comment.add_argument("--key", metavar="K", default="mlbench", help="tells several comments apart")
    comment.add_argument("--commit", metavar="SHA", default="", help="the head that was measured")
    comment.add_argument("--title", metavar="TEXT", default="mlbench", help="what it is called")
    comment.add_argument("--run-url", metavar="URL", default="", help="address of the run, to be linked")
    comment.add_argument(
        "--when",
        choices=("always", "changes", "regressions"),
        default="always",
        help="when a comment is made where there is none",
    )
    comment.add_argument("--dry-run", action="store_true", help="print the comment, write nothing")
    init = verb("init")
    init.add_argument("--force", action="store_true", help="write files anew that are there")
    verb("boards")
    simulated = verb("simulate-board")
    simulated.add_argument("elf", nargs="?", metavar="FIRMWARE.elf", help="what is on it at first")
    simulated.add_argument("--board", metavar="BOARD", default="nano33ble", help="FQBN or short name")
    simulated.add_argument("--link", metavar="PATH", required=True, help="where its serial port is to be")
    simulated.add_argument(
        "--fault", metavar="NAME=N", action="append", default=[], help="what goes wrong; see docs/boards.md"
    )
    simulated.add_argument(
        "--seed", metavar="N", type=_size, default=0, help="which bytes it goes wrong with"
    )
    simulated.add_argument("--fast", action="store_true", help="as fast as possible, not in real time")
    simulated.add_argument("--log", metavar="FILE", help="write what happens there, as lines of JSON")
    renode = verb("renode")
    renode.add_argument("action", choices=("install",), help="what to do")
    renode.add_argument("version", nargs="?", metavar="VERSION", default="", help="the release to fetch")
    verb("doctor")
    cache = verb("cache")
    cache.add_argument("action", choices=("list", "clean"), help="what to do")
    cache.add_argument("room", nargs="*", metavar="ROOM", help="only these rooms")
    verb("uninstall")
    return parser


def _verb_first(arguments: list[str]) -> list[str]:
    """The command line with its verb in front: options may stand before it, and `run` may be left out."""
    if any(word in ("--version", "-h", "--help") for word in arguments[:1]):
        return arguments
    valued = {
        *("--json", "--markdown", "--init", "--inference", "--output", "--min", "--max", "--ram-search"),
        *("--inferences", "--timeout", "--board", "--backend", "--port", "--only", "--cross-check"),
        *("--pty", "--source", "--seconds", "--until", "--link", "--fault", "--seed", "--log"),
        *("--library", "--build-property", "--baseline", "--comparison", "--thresholds", "--firmware-dir"),
        *("--format", "--title", "--run-url", "--pr", "--repo", "--key", "--commit", "--when"),
    }
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if not word.startswith("-") or word in ("-", "--"):
            break
        index += 2 if word in valued else 1
    if index < len(arguments) and arguments[index] in VERBS:
        return [arguments[index], *arguments[:index], *arguments[index + 1 :]]
    return ["run", *arguments]


def _dispatch(options: argparse.Namespace) -> int:
    # Late: an error in the command line needs none of it.
    from mlbench.cli import compare, firmware, maintenance, report, run
    from mlbench.host.policy import Policy

    given = [
        f"--{name.replace('_', '-')}" for name in ("offline", "no_install", "yes") if getattr(options, name)
    ]
    settings = Settings(
        policy=Policy.read(given),
        json=getattr(options, "json", ""),
        markdown=getattr(options, "markdown", ""),
        debug=options.debug,
        cache=not getattr(options, "no_cache", False),
        port=getattr(options, "port", None) or os.environ.get("MLBENCH_PORT", ""),
        person_seconds=PERSON_SECONDS if sys.stdin.isatty() and sys.stderr.isatty() else 0.0,
        cross_check=getattr(options, "cross_check", None) or "",
    )
    verbs: dict[str, Callable[[], int]] = {
        "run": lambda: run.run(run_options(options), settings, VERBS),
        "build": lambda: firmware.build(run_options(options), settings, VERBS),
        "flash": lambda: firmware.flash(options, settings),
        "elf": lambda: run.elf(options, measuring_options(options), settings),
        "monitor": lambda: run.monitor(options),
        "compare": lambda: compare.compare_files(options, settings),
        "report": lambda: report.report(options),
        "comment": lambda: report.comment(options, settings),
        "init": lambda: maintenance.init(options.force),
        "boards": maintenance.boards,
        "simulate-board": lambda: run.simulate_board(options),
        "renode": lambda: maintenance.install_renode(options.version, settings.policy),
        "doctor": maintenance.doctor,
        "cache": lambda: maintenance.cache(options.action, options.room),
        "uninstall": maintenance.uninstall,
    }
    return verbs[options.verb]()


def measuring_options(options: argparse.Namespace) -> RunOptions:
    """What the options of ``names`` say: which functions, and how they are measured."""
    from mlbench.core.execution import OutputBuffer

    return RunOptions(
        init=options.init or "",
        inference=options.inference or "",
        outputs=tuple(OutputBuffer(arg, size) for arg, size in options.output),
        ram_min=options.min,
        ram_max=options.max,
        ram_search=options.ram_search or "",
        inferences=options.inferences,
        timeout=options.timeout or "",
    )


def run_options(options: argparse.Namespace) -> RunOptions:
    """What the options of ``run`` and ``build`` say. Both have these, but for those of ``run`` alone."""
    found = replace(
        measuring_options(options),
        sketch=options.sketch or "",
        only=tuple(options.only),
        boards=tuple(options.board),
        backend=options.backend or "",
        port=options.port or "",
        libraries=tuple(options.library),
        build_properties=tuple(options.build_property),
        firmware_dir=options.firmware_dir,
    )
    if options.verb == "build":
        return found
    return replace(
        found,
        thresholds=options.thresholds,
        baseline=options.baseline,
        comparison=options.comparison,
        skip_unchanged=options.skip_unchanged,
    )


def _output(text: str) -> tuple[int, int]:
    arg, _, size = text.partition(":")
    if not (arg.isdecimal() and size.isdecimal() and int(size) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not ARG:BYTES, such as 2:4")
    return int(arg), int(size)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _count(text: str) -> int:
    number = _size(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1 and 10000")
    return number


def _number(text: str) -> int:
    number = _size(text)
    if not 1 <= number < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a pull request")
    return number


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
