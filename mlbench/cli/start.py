"""Starts mlbench from a checkout, inside the environment. Run as a script by ``bootstrap`` only."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python put this file's own folder first; the checkout belongs there, and the current folder nowhere:
    # a serial.py beside somebody's sketch must not be taken for the package of that name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from mlbench.cli.main import main

    sys.exit(main())
