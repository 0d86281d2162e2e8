"""What a change is held against: which commit, its files on disk, its results."""

from __future__ import annotations

from mlbench.baseline.counterpart import Counterpart, Event, counterpart, counterpart_of_ref
from mlbench.baseline.measuring import Base, Selected, against, base_of_document, measure_base, thresholds_at
from mlbench.baseline.repository import NoRepository, Repository

__all__ = [
    "Base",
    "Counterpart",
    "Event",
    "NoRepository",
    "Repository",
    "Selected",
    "against",
    "base_of_document",
    "counterpart",
    "counterpart_of_ref",
    "measure_base",
    "thresholds_at",
]
