"""The verb ``monitor``: an image's serial line, live."""

from __future__ import annotations

import argparse
from pathlib import Path

from mlbench.cli.options import add_image, given_files
from mlbench.cli.parser import Parser

NAME = "monitor"
HELP = "serial line of an emulated board, live"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_image(
        parser, "an image for a board with an emulator: ELF, HEX, UF2, or BIN; several are one image together"
    )
    parser.add_argument(
        "--board", metavar="BOARD", default="", help="FQBN or short name of the board; default: nano33ble"
    )
    parser.add_argument("--pty", metavar="LINK", help="make a serial port for other programs, at this path")
    parser.add_argument("--fast", action="store_true", help="as fast as possible, not in real time")
    parser.add_argument("--source", choices=("usb", "uart0", "uart1", "rtt"), help="show only this line")
    parser.add_argument(
        "--seconds", metavar="S", type=_seconds, help="end after so many seconds of the board's time"
    )
    parser.add_argument("--until", metavar="TEXT", default="", help="end when the firmware has sent this")
    parser.add_argument("--raw", action="store_true", help="show escape sequences as they are")


def run(options: argparse.Namespace) -> int:
    """Show an image's serial line, live."""
    from mlbench.cli.monitor import MonitorOptions, monitor

    monitor_options = MonitorOptions(options.source, options.fast, options.seconds, options.until.encode())
    link = Path(options.pty) if options.pty else None
    return monitor(given_files(options), monitor_options, board=options.board, link=link, raw=options.raw)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
