"""The one comment of ours in a pull request: made once, then edited.

GitHub has no compare-and-swap on comments. So everything is looked at again after each write, until there is
nothing left to do: of several comments of ours the oldest stays and gets the text of the newest run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mlbench.github.client import LONGEST_WAIT, OPERATION_SECONDS, GitHub
from mlbench.github.errors import Forbidden, GitHubError, NotFound, RateLimited, Unavailable
from mlbench.github.marker import ParsedMarker, Stamp, key_hash, marker, read_marker
from mlbench.github.pulls import pull_by_number
from mlbench.github.shape import mapping, number, optional_text
from mlbench.github.viewer import remember, viewer, viewer_of

LONGEST = 65_536
"""Characters that GitHub takes, the marker included."""
_LOOKS = 8
"""How often everything is looked at; 2 are enough where nobody else writes and nothing fails."""
_PAUSE = 0.5

What = Literal["created", "updated", "unchanged", "skipped"]


@dataclass(frozen=True)
class Published:
    """What became of the comment. ``skipped``: nothing of ours was written, and ``reason`` says why.

    Without a reason, there was no comment, and none was to be made.
    """

    what: What
    url: str = ""
    reason: str = ""
    failed: bool = False
    """It should have been written and could not be: not because a newer one stands there already."""


@dataclass(frozen=True)
class OwnComment:
    """A comment that we wrote before."""

    id: int
    url: str
    body: str
    mark: ParsedMarker


class _Again(Exception):
    """A write failed, perhaps only its answer: look again after a pause."""

    def __init__(self, error: GitHubError, seconds: float) -> None:
        super().__init__(error)
        self.error = error
        self.seconds = seconds


def publish(
    github: GitHub, pull: int, body: str, *, key: str, stamp: Stamp, create: bool = True
) -> Published:
    """Make or edit the comment with ``key`` in a pull request.

    Nothing that GitHub does raises: ``reason`` tells it in one line.

    Args:
        github: the client; its token's account is whose comments are touched.
        pull: number of the pull request.
        body: Markdown.
        key: what tells several comments of one pull request apart.
        stamp: which commit and run the text is about. An older one never replaces a newer one.
        create: make a comment where there is none. One that is there is edited all the same: it would
            tell of an older commit.
    """
    if not github.has_token:
        return Published("skipped", reason="no comment: there is no token", failed=True)
    text = f"{marker(key, stamp)}\n{_clean(body)}"
    if _length(text) > LONGEST:
        reason = f"no comment: {_length(text)} characters are more than the {LONGEST} that GitHub takes"
        return Published("skipped", reason=reason, failed=True)
    publishing = _Publishing(github.within(OPERATION_SECONDS), pull, text, key_hash(key), stamp, create)
    try:
        return publishing.run()
    except GitHubError as error:
        if publishing.wrote:  # the rest was tidying up, which the next run does as well
            return Published(publishing.wrote, publishing.url, f"comments not looked over: {error}")
        return Published("skipped", reason=f"no comment: {_advice(error)}", failed=True)


def own_comments(github: GitHub, pull: int, key: str) -> list[OwnComment]:
    """Our comments with the hash ``key``, over all pages, oldest first.

    Raises:
        GitHubError: they cannot be read.
    """
    me = viewer(github)
    comments = []
    for item in github.pages(github.path("issues", pull, "comments")):
        data = mapping(item, "comment")
        mark = read_marker(optional_text(data, "body"))
        if mark is not None and mark.key == key and me.wrote(data.get("user")):
            comments.append(_comment(data, mark))
    return sorted(comments, key=lambda comment: comment.id)


class _Publishing:
    """One text on its way to one place."""

    def __init__(self, github: GitHub, number: int, text: str, key: str, stamp: Stamp, create: bool) -> None:
        self._github = github
        self._number = number
        self._text = text
        self._key = key
        self._stamp = stamp
        self._create = create
        self.wrote: What | None = None
        self.url = ""

    def run(self) -> Published:
        """Look and act until there is nothing left to do."""
        last: GitHubError | None = None
        for look in range(_LOOKS):
            try:
                done = self._look()
                last = None
            except _Again as again:
                last = again.error
                pause = again.seconds or _PAUSE * 2 ** min(look, 3)
                if pause > LONGEST_WAIT or pause >= self._github.seconds_left:
                    break
                self._github.pause(pause)
                continue
            if done:
                return done
        if last:
            raise last
        reason = "others write the comment at the same time"
        return Published(self.wrote or "skipped", self.url, reason, failed=self.wrote is None)

    def _look(self) -> Published | None:
        """One look and at most one write; None: look again."""
        own = own_comments(self._github, self._number, self._key)
        # Read last before any write: a commit that was pushed meanwhile has a run of its own.
        pull = pull_by_number(self._github, self._number)
        if pull.head_sha.lower() != self._stamp.head_sha.lower():
            return self._passed(f"the pull request has moved on to {pull.head_sha[:7]}")
        if not own:
            return self._without()
        keep = own[0]
        newest = max(own, key=self._rank)
        if self._rank(newest) > (True, *self._stamp.order):
            if not _same(keep.body, newest.body):
                self._edit(keep, newest.body)
                return None
            self._remove(own[1:])
            return self._passed(f"run {newest.mark.stamp.run_id} is newer and has reported", keep.url)
        is_own = self.wrote is not None and self._rank(keep) == (True, *self._stamp.order)
        if not (is_own or _same(keep.body, self._text)):
            self._edit(keep, self._text)
            self.wrote = self.wrote or "updated"
            self.url = keep.url
            return None
        self._remove(own[1:])
        return Published(self.wrote or "unchanged", keep.url)

    def _passed(self, reason: str, url: str = "") -> Published:
        return Published("skipped", url, f"no comment: {reason}")

    def _without(self) -> Published | None:
        if self.wrote == "created":  # a list can lag behind what was just written
            return Published(self.wrote, self.url)
        if not self._create:
            return Published("skipped")
        path = self._github.path("issues", self._number, "comments")
        data = mapping(self._write(lambda: self._github.post(path, {"body": self._text})), "comment")
        self.wrote = "created"
        self.url = optional_text(data, "html_url")
        remember(self._github, viewer_of(data.get("user")))
        return None

    def _rank(self, comment: OwnComment) -> tuple[bool, int, int]:
        """Greater for what is newer; this commit is the pull request's, so all others are older."""
        stamp = comment.mark.stamp
        return (stamp.head_sha == self._stamp.head_sha.lower(), *stamp.order)

    def _edit(self, comment: OwnComment, text: str) -> None:
        path = self._github.path("issues", "comments", comment.id)
        try:
            self._write(lambda: self._github.patch(path, {"body": text}))
        except NotFound as error:  # removed since
            raise _Again(error, 0) from None

    def _remove(self, comments: list[OwnComment]) -> None:
        for comment in comments:
            path = self._github.path("issues", "comments", comment.id)
            self._write(lambda path=path: self._github.delete(path))

    def _write(self, call: Any) -> Any:
        try:
            return call()
        except RateLimited as error:
            raise _Again(error, error.seconds) from None
        except Unavailable as error:
            raise _Again(error, 0) from None


def _comment(data: dict[str, Any], mark: ParsedMarker) -> OwnComment:
    return OwnComment(
        number(data, "id", "comment"), optional_text(data, "html_url"), optional_text(data, "body"), mark
    )


def _clean(body: str) -> str:
    # Neither can be stored; half a surrogate pair would have the whole request refused.
    return body.replace("\0", "").encode("utf-8", "replace").decode()


def _length(text: str) -> int:
    # As JavaScript counts: the less favourable reading where signs lie outside the first plane.
    return len(text.encode("utf-16-le")) // 2


def _same(one: str, other: str) -> bool:
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _advice(error: GitHubError) -> str:
    text = str(error)
    if isinstance(error, Forbidden) and "locked" not in text:
        return (
            f"{text}; the job needs `pull-requests: write`, which runs for forks and Dependabot never "
            "have: let a workflow_run workflow post"
        )
    return text
