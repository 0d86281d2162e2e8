"""Seeds of random tests: the same each time in CI, so that a red run is about the change."""

from __future__ import annotations

import os
import random


def new_seed() -> str:
    """A seed, which is printed."""
    seed = "same each time" if os.environ.get("CI") else str(random.randrange(1 << 32))
    print(f"seed {seed!r}")
    return seed
