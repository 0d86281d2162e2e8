from __future__ import annotations

import os

import pytest
from hypothesis import settings
from workshop import tools_or_skip

from mlbench.build.toolchain import Toolchain

# How long one example takes says nothing on a machine that runs other things too. On CI the examples are
# the same each time, so that a red run is about the change; elsewhere they wander, and find what is new.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("wander", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "wander")


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The tools of this machine, without arduino-cli."""
    return tools_or_skip()
