"""The first line of our comments: which one it is, and which run wrote it. Unseen when rendered."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_LINE = re.compile(
    r"<!-- mlbench key=(?P<key>[0-9a-f]{16}) head=(?P<head>[0-9a-f]{40}(?:[0-9a-f]{24})?)"
    r" run=(?P<run>[0-9]{1,18}) attempt=(?P<attempt>[0-9]{1,6}) -->"
)


@dataclass(frozen=True)
class Stamp:
    """What a comment was written from.

    ``head_sha`` is the head of the pull request, not the test merge that was checked out.
    """

    head_sha: str
    run_id: int
    run_attempt: int

    @property
    def order(self) -> tuple[int, int]:
        """Greater for what came later, among runs of one commit."""
        return self.run_id, self.run_attempt


@dataclass(frozen=True)
class ParsedMarker:
    """A marker that was read: the hash of the key, and the stamp."""

    key: str
    stamp: Stamp


def key_hash(key: str) -> str:
    """The 16 hexadecimal digits that stand for a key in markers and in names of artifacts."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]


def marker(key: str, stamp: Stamp) -> str:
    """The first line of a comment.

    Raises:
        ValueError: the stamp is none that could be read again.
    """
    line = (
        f"<!-- mlbench key={key_hash(key)} head={stamp.head_sha.lower()} "
        f"run={stamp.run_id} attempt={stamp.run_attempt} -->"
    )
    if not _LINE.fullmatch(line):
        raise ValueError(f"no stamp of a run: {stamp}")
    return line


def read_marker(body: str) -> ParsedMarker | None:
    """The marker in the first line of a comment. One that is quoted, or stands further down, is none."""
    match = _LINE.fullmatch(body.partition("\n")[0].rstrip("\r"))
    if match is None:
        return None
    stamp = Stamp(match["head"], int(match["run"]), int(match["attempt"]))
    return ParsedMarker(match["key"], stamp)
