from __future__ import annotations

import sys
from pathlib import Path

for room in ("emulator", "ports", "simulated"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))
