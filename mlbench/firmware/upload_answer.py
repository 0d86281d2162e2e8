"""What arduino-cli says of an upload: where the board is now, or why it failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlbench.errors import EnvironmentFault
from mlbench.util.text import printable

COMMAND_INSTEAD = "give the board an `upload: command` (docs/boards.md)"
_MOST_CHARACTERS = 200
_NO_TOOL = re.compile(r"Property '(upload\.tool\.\w+)' is undefined|A programmer is required")


class UploadRefused(EnvironmentFault):
    """An upload that fails each time: nothing is gained by trying again."""


def uploaded_to(answer: Mapping[str, Any], status: int, fqbn: str, port: str, folder: Path) -> str:
    """The address of the port that the board has after the upload; empty where none is told.

    Args:
        answer: arduino-cli's JSON.
        status: its exit status.
        fqbn: the board that was asked for.
        port: the port that was asked for.
        folder: where the files to upload were looked for.

    Raises:
        UploadRefused: it cannot succeed.
        EnvironmentFault: it failed.
    """
    error = str(answer.get("error") or "")
    if not error and status == 0:
        return str((answer.get("updated_upload_port") or {}).get("address") or "")
    match = _NO_TOOL.search(error)
    if match:
        why = f"defines no {match[1]}" if match[1] else "asks for a programmer"
        raise UploadRefused(f"its platform cannot upload: it {why}", where=fqbn, do=COMMAND_INSTEAD)
    if "build artifacts" in error or "Compiled sketch not found" in error:
        reason = printable(error.rpartition(": ")[2])
        raise UploadRefused(f"nothing to upload ({reason})", where=str(folder), do="build the sketch anew")
    if "no upload port provided" in error:
        raise UploadRefused("needs a port to upload by", where=fqbn, do="name it by --port")
    if "cannot execute upload tool" in error:
        what = f"the tool that uploads does not run ({last_words(error)})"
        raise UploadRefused(what, where=fqbn, do="install its platform anew with arduino-cli")
    output = answer.get("output") or {}
    last_output = last_words(str(output.get("stderr") or ""), str(output.get("stdout") or ""))
    what = last_words(error.removeprefix("Failed uploading: ")) or f"status {status}"
    raise EnvironmentFault(
        f"arduino-cli could not upload: {what}{f' ({last_output})' if last_output else ''}",
        where=port,
        do="see that the board is connected, and that nothing else has its port open",
    )


def last_words(*texts: str) -> str:
    """The last line that has something in it, of the first text that has one: escaped, and not too long."""
    for text in texts:
        # Those that show progress write over the same line again and again.
        lines = [line.strip() for line in re.split(r"[\r\n]+", text[-4096:]) if line.strip()]
        if lines:
            line = printable(lines[-1])
            return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."
    return ""
