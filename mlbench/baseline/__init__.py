"""What a change is held against: which commit, its files on disk, its results."""

from __future__ import annotations

from mlbench.baseline.base_commit import BaseCommit, Event, base_commit_of, base_commit_of_ref
from mlbench.baseline.measuring import Base, Selected, against, base_of_document, measure_base, thresholds_at
from mlbench.baseline.repository import NoRepository, Repository

__all__ = [
    "Base",
    "BaseCommit",
    "Event",
    "NoRepository",
    "Repository",
    "Selected",
    "against",
    "base_commit_of",
    "base_commit_of_ref",
    "base_of_document",
    "measure_base",
    "thresholds_at",
]
