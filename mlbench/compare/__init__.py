"""Two sets of results held against each other."""

from __future__ import annotations

from mlbench.compare.comparing import accepted, compare
from mlbench.suite.thresholds import Thresholds, changed_thresholds, thresholds_of

__all__ = ["Thresholds", "accepted", "changed_thresholds", "compare", "thresholds_of"]
