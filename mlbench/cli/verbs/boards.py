"""The verb ``boards``: the boards that are known."""

from __future__ import annotations

import argparse

from mlbench.cli.parser import Parser

NAME = "boards"
HELP = "list the boards"


def arguments(_parser: Parser) -> None:
    """It takes nothing."""


def run(_options: argparse.Namespace) -> int:
    """List the boards."""
    from mlbench.boards import load_boards

    known = load_boards()
    for board in known:
        if board.file:  # for ours tests do this
            from mlbench.emulator.chips import check_chip

            check_chip(board)
    for board in known:
        print(f"{board.id}: {board.name}, {board.cpu} at {board.clock_hz / 1e6:g} MHz")
        if board.file:
            print(f"    described in {board.file}")
        print(
            f"    met on {board.met}"
            if board.met
            else "    never met: no board-check of such a board is known"
        )
        if board.untried:
            print("    untried: what is known of it is from manuals and from its core")
        print(f"    flash {board.flash.size:,} bytes, RAM {board.ram.size:,} bytes")
        for option in board.options:
            print(f"    {option.key}: {', '.join(value for value, _ in option.values)}")
        print(f"    backends: {', '.join(board.backends) or 'none: flash and static RAM only'}")
        if board.serial is not None:
            usb = ", ".join(map(str, board.serial.usb)) or "named by its port"
            print(f"    serial: {usb}; reset by {board.reset.by}; upload by {board.upload.by}")
        for fqbn in board.fqbns:
            print(f"    {fqbn}")
    return 0
