from __future__ import annotations

import os

from hypothesis import settings

# How long one example takes says nothing on a machine that runs other things too. On CI the examples are
# the same each time, so that a red run is about the change; elsewhere they wander, and find what is new.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("wander", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "wander")
