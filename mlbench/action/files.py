"""The runner's files for a step: outputs and the job summary."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

SUMMARY_LIMIT = 1_000_000
"""Bytes of a step's summary, a little below the runner's limit of 1 MiB."""


def set_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Set outputs of this step; does nothing outside of a runner."""
    path = environ.get("GITHUB_OUTPUT", "")
    if path:
        with Path(path).open("a", encoding="utf-8", newline="") as file:
            for name, value in outputs.items():
                file.write(_entry(name, value))


def add_summary(environ: Mapping[str, str], markdown: str, limit: int = SUMMARY_LIMIT) -> None:
    """Append to the summary of this step what fits; does nothing outside of a runner."""
    path = environ.get("GITHUB_STEP_SUMMARY", "")
    if path:
        with Path(path).open("ab") as file:
            space = limit - file.tell()
            text = f"{markdown.rstrip()}\n\n".encode()
            if len(text) > space:
                text = b"The rest does not fit into a summary.\n" if space > 100 else b""
            file.write(text)


def _entry(name: str, value: str) -> str:
    # The delimiter must not be a line of the value; a random one cannot be foreseen by who wrote the value.
    delimiter = f"mlbench-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
