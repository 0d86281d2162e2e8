"""The command line: its verb, and how a start ends. What each verb takes and does is in ``verbs``."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from mlbench.cli.bisect import BISECT, bisect_status
from mlbench.cli.options import add_common
from mlbench.cli.output import say
from mlbench.cli.parser import Parser
from mlbench.cli.verbs import VERBS
from mlbench.errors import NO_MEMORY, EnvironmentFault, MLBenchError
from mlbench.host.streams import guard_streams, lost_output
from mlbench.util.interrupt import Interrupted, interruptible, leave
from mlbench.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit status."""
    if argv is None:
        guard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    status = _main(arguments)
    return bisect_status(status) if BISECT in arguments else status


def _main(arguments: list[str]) -> int:
    if arguments[:1] == ["--action"]:  # a step of action.yml
        from mlbench.action import main as step

        return step(os.environ, arguments[1:])
    debug = "--debug" in arguments
    try:
        with interruptible():
            options = parse(arguments)
            status: int = options.carry_out(options)
            if not status and (error := lost_output(sys.stdout)):
                raise error
            return status
    except MLBenchError as error:
        if debug:
            traceback.print_exc()
        say(str(error))
        return error.exit_status
    except Interrupted as interrupted:
        say("interrupted")
        leave(interrupted.status)  # threads that still build would begin the next step of their work
    except BrokenPipeError:  # whoever read our output has gone, and knows it
        return EnvironmentFault.exit_status
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EBADF):
            raise
        say(f"what was to be printed cannot be written: {error.strerror}")
        return EnvironmentFault.exit_status
    except SystemExit as stop:  # --help and --version
        return stop.code if isinstance(stop.code, int) else 0
    except MemoryError:
        say(NO_MEMORY)
        return EnvironmentFault.exit_status
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
    parser, verbs = parsers()
    return parser.parse_args(_verb_first(list(arguments), verbs))


def parsers() -> tuple[Parser, dict[str, Parser]]:
    """The parser of a command line, and those of its verbs by name."""
    parser = Parser(
        prog="mlbench",
        description="Flash, unused RAM, initialization and inference time of TinyML sketches.",
        epilog="Exit status: 0 good, 1 a threshold failed, 2 usage or configuration, 3 a sketch failed, "
        "4 the environment.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mlbench {__version__}")
    places = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    parsers = {}
    for verb in VERBS:
        own: Parser = places.add_parser(
            verb.name, help=verb.help, description=f"{verb.help}.", allow_abbrev=False
        )
        verb.arguments(own)
        add_common(own)
        own.set_defaults(carry_out=verb.run)
        parsers[verb.name] = own
    return parser, parsers


def _verb_first(arguments: list[str], verbs: Mapping[str, Parser]) -> list[str]:
    """The command line with its verb in front: options may stand before it, and `run` may be left out."""
    if any(word in ("--version", "-h", "--help") for word in arguments[:1]):
        return arguments
    taken = (action for parser in verbs.values() for action in parser.taken)
    valued = {name for action in taken if action.nargs != 0 for name in action.option_strings}
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if not word.startswith("-") or word in ("-", "--"):
            break
        index += 2 if word in valued else 1
    if index < len(arguments) and arguments[index] in verbs:
        return [arguments[index], *arguments[:index], *arguments[index + 1 :]]
    return ["run", *arguments]
