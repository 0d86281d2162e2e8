"""The page on boards of one's own, held against the code and the boards' definitions."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from mlbench.boards import board_for
from mlbench.cli.main import parse
from mlbench.pipeline.firmware_dir import MOST_ENTRIES, MOST_TOTAL, SCHEMA
from mlbench.util.schema import load_schema

PAGE = (Path(__file__).parents[2] / "docs" / "self-hosted.md").read_text(encoding="utf-8")


def test_every_command_is_one() -> None:
    found = re.findall(r"^(?:mlbench|.*entrypoint\.py) ((?:build|run|flash) .*)$", PAGE, re.MULTILINE)
    assert len(found) >= 6
    for words in found:
        assert parse(shlex.split(words, comments=True)).verb in ("build", "run", "flash")


def test_the_limits_are_those_of_the_code() -> None:
    files = load_schema("mlbench.pipeline", "firmware.schema.json")["properties"]["files"]
    size = files["items"]["properties"]["size"]["maximum"]
    limits = f"{MOST_ENTRIES} sketches of at most {files['maxItems']} files of at most {size >> 20} MiB, "
    assert f"at most {limits}{MOST_TOTAL >> 30} GiB together" in PAGE
    assert f"`{SCHEMA}`" in PAGE


def test_the_ids_that_are_admitted_are_the_boards() -> None:
    serial = board_for("nano33ble").serial
    assert serial is not None
    admitted = re.findall(r"^allow id ([0-9a-f]{4}):([0-9a-f]{4}) ", PAGE, re.MULTILINE)
    assert {(int(vid, 16), int(pid, 16)) for vid, pid in admitted} == {
        (usb.vid, usb.pid) for usb in serial.usb
    }
