"""Labels of a pull request, read live, and the trailer that stands for one where there is no pull request.

A run's payload holds the labels as they were when the run began, and a run that is started again gets the
same payload: so both are asked for when they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlbench.github.client import GitHub
from mlbench.github.shape import mapping, optional_text, text

SKIP = "mlbench:skip"
"""Nothing is measured."""
ACCEPT = "mlbench:accept"
"""Thresholds for failing are told of, and do not fail."""
TRAILER = "Mlbench-accept"
"""A line at the end of a commit message, for merge queues and pushes: ``Mlbench-accept: reason``."""

_TRAILER_LINE = re.compile(r"(?P<token>[A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(?P<value>.*)")
_LONGEST_REASON = 200


def labels(github: GitHub, pull: int) -> frozenset[str]:
    """The names of a pull request's labels, as they are now.

    Who may put one on has triage rights at least, so a label is a maintainer's word.

    Raises:
        GitHubError: they cannot be read.
    """
    listed = github.pages(github.path("issues", pull, "labels"))
    return frozenset(text(mapping(label, "label"), "name", "label") for label in listed)


def label_setter(github: GitHub, pull: int, label: str) -> str:
    """Login of who last put ``label`` on; empty where that is not told.

    Raises:
        GitHubError: the events cannot be read.
    """
    setter = ""
    for item in github.pages(github.path("issues", pull, "events")):
        event = mapping(item, "event")
        named = event.get("label")
        if optional_text(event, "event") != "labeled" or not isinstance(named, dict):
            continue
        if named.get("name") == label:
            actor = event.get("actor")
            setter = optional_text(actor, "login") if isinstance(actor, dict) else ""
    return setter


def accept_reason(messages: Iterable[str]) -> str | None:
    """The reason in the first trailer ``Mlbench-accept`` of commit messages; None: there is none.

    A trailer without a reason is none: whoever reads the history is to learn why.
    """
    for message in messages:
        for token, value in _trailers(message):
            reason = "".join(sign for sign in value if sign.isprintable()).strip()
            if token.lower() == TRAILER.lower() and reason:
                return reason[:_LONGEST_REASON]
    return None


def _trailers(message: str) -> list[tuple[str, str]]:
    """Tokens and values in a message's last paragraph (git-interpret-trailers).

    As in git, the title alone holds none, and an indented line continues the one before.
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) < 2:
        return []
    trailers: list[tuple[str, str]] = []
    for line in paragraphs[-1].splitlines():
        matched = _TRAILER_LINE.fullmatch(line)
        if matched:
            trailers.append((matched["token"], matched["value"]))
        elif line[:1] in " \t" and trailers:
            trailers[-1] = (trailers[-1][0], f"{trailers[-1][1]} {line.strip()}")
    return trailers
