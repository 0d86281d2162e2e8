"""A suite whose sketch is prepared for a minute, so that a test can end the run meanwhile."""

from __future__ import annotations

WAITING_SKETCH = """\
- path: kws
  prepare:
  - "{python}"
  - -c
  - |
    import os, time
    open(os.environ["MLBENCH_SUITE"] + "/pid", "w").write(str(os.getpid()))
    time.sleep(60)
"""
"""Its entry. The command writes its process into a file ``pid`` beside the suite."""
