"""``python -m mlbench``."""

from __future__ import annotations

import sys

from mlbench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
