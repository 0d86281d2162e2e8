"""Options of boards (menus of boards.txt), for a sketch compiler that is given them in full.

Arduino's platform specification, "Custom board options": ``BOARD.menu.OPTION.VALUE=label``. arduino-cli takes
the first value of an option that the FQBN does not name, and refuses a value that is not there.
"""

from __future__ import annotations

import re
from pathlib import Path

from mlbench.errors import UsageError


def with_options(fqbn: str, platform: Path) -> str:
    """The FQBN with each option of its board, in the order of boards.txt.

    Raises:
        UsageError: it names an option or a value that its board does not have.
    """
    package, architecture, board, *given = fqbn.split(":", 3)
    menus = _menus(platform, board)
    named = dict(item.partition("=")[::2] for item in given[0].split(",")) if given else {}
    for option, value in named.items():
        if value not in menus.get(option, ()):
            known = menus.get(option)
            has = f"values are: {', '.join(known)}" if known else f"options are: {', '.join(menus) or 'none'}"
            raise UsageError(f"has no option {option}={value}", where=fqbn, do=f"its {has}")
    chosen = ",".join(f"{option}={named.get(option, values[0])}" for option, values in menus.items())
    return ":".join(filter(None, (package, architecture, board, chosen)))


def _menus(platform: Path, board: str) -> dict[str, list[str]]:
    """The options of a board, each with its values."""
    pattern = re.compile(rf"{re.escape(board)}\.menu\.([^.=\s]+)\.([^.=\s]+)\s*=")
    menus: dict[str, list[str]] = {}
    for name in ("boards.txt", "boards.local.txt"):
        try:
            text = (platform / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            match = pattern.match(line.strip())
            if match is not None and match[2] not in menus.setdefault(match[1], []):
                menus[match[1]].append(match[2])
    return menus
