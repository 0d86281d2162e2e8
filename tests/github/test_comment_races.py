"""Many runs write one comment at the same time, and things go wrong between: what holds all the same."""

from __future__ import annotations

import json
import re

from fake_api import FakeGitHub
from fake_call import Request
from fake_faults import Fault, Reply, secondary_limit
from fake_state import BOT, Comment
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from stepping import Stepped

from mlbench.github.marker import Stamp, key_hash, marker, read_marker

REPOSITORY = "owner/demo"
TOKEN = "ghs_secret"
FAULTS = st.sampled_from(
    [
        *[None] * 6,
        Fault(reply=Reply.error(502, "Bad Gateway")),
        Fault(reply=Reply.error(502, "Bad Gateway"), after=True),
        Fault(),
        Fault(after=True),
        Fault(reply=secondary_limit(2)),
    ]
)


class Races(RuleBasedStateMachine):
    """Runs start, take turns request by request, and end; meanwhile commits are pushed and people write."""

    runs = Bundle("runs")

    @initialize()
    def begin(self) -> None:
        self.fake = FakeGitHub()
        self.fake.repository(REPOSITORY)
        self.pull = self.fake.pull(REPOSITORY, 1, head_sha=self.sha(1))
        self.fake.token(TOKEN, repository=REPOSITORY)
        self.moment = 0
        self.last_run = 0
        self.pushed = 1
        self.live: list[Stepped] = []
        self.foreign: dict[int, str] = {}
        self.listed: dict[Stepped, int] = {}
        self.head_read: dict[Stepped, str] = {}
        self.before: dict[Stepped, str] = {}

    @staticmethod
    def sha(number: int) -> str:
        return f"{number:040x}"

    @property
    def comments(self) -> dict[int, Comment]:
        return self.fake.repository(REPOSITORY).comments

    # What happens.

    @rule(target=runs, key=st.sampled_from("aab"), back=st.integers(0, 2), again=st.booleans())
    def start(self, key: str, back: int, again: bool) -> Stepped:
        """A run for the newest commit or an older one; now and then another attempt at an older run."""
        attempt = 1
        if again and self.last_run > 1:
            number, attempt = self.last_run - 1, 2 + self.moment
        else:
            self.last_run += 1
            number = self.last_run
        stamp = Stamp(self.sha(max(1, self.pushed - back)), number, attempt)
        return self.started(key, stamp)

    def started(self, key: str, stamp: Stamp) -> Stepped:
        body = f"run {stamp.run_id}.{stamp.run_attempt} of {stamp.head_sha[-4:]}"
        run = Stepped(self.fake, REPOSITORY, TOKEN, key, stamp, body)
        run.watch = self.watch
        run.answered = self.answered
        self.live.append(run)
        return run

    @rule(run=runs, times=st.integers(1, 5), fault=FAULTS)
    def step(self, run: Stepped, times: int, fault: Fault | None) -> None:
        for _ in range(times):
            if run.done:
                return
            once = fault and Fault(reply=fault.reply, after=fault.after)
            run.step(once)
            fault = None

    @rule(run=consumes(runs))
    def finish(self, run: Stepped) -> None:
        while not run.done:
            run.step()

    @rule()
    def push(self) -> None:
        self.pushed += 1
        self.pull.head_sha = self.sha(self.pushed)

    @rule()
    def push_back(self) -> None:
        self.pull.head_sha = self.sha(max(1, self.pushed - 1))

    @rule(key=st.sampled_from("ab"), login=st.sampled_from(["mallory", "other-app[bot]"]))
    def quote(self, key: str, login: str) -> None:
        body = f"{marker(key, Stamp(self.pull.head_sha, 1, 1))}\nquoted"
        self.foreign[self.fake.comment(REPOSITORY, 1, body, login).id] = body

    @rule()
    def another_bot_writes(self) -> None:
        self.foreign[self.fake.comment(REPOSITORY, 1, "Thanks!", BOT).id] = "Thanks!"

    @rule(data=st.data())
    def a_maintainer_removes_ours(self, data: st.DataObject) -> None:
        ours = sorted(set(self.comments) - set(self.foreign))
        if ours:
            del self.comments[data.draw(st.sampled_from(ours))]

    # What must hold.

    def watch(self, run: Stepped, request: Request) -> None:
        """Look at each request before it is carried out."""
        self.moment += 1
        self.before[run] = self.before.get(run, "")
        found = re.search(r"/issues/comments/(\d+)$", request.plain_path)
        if found:
            comment = self.comments.get(int(found[1]))
            assert int(found[1]) not in self.foreign
            if comment:
                mark = read_marker(comment.body)
                assert mark is not None
                assert mark.key == key_hash(run.key)
        if request.method in ("POST", "PATCH") and "/comments" in request.path:
            mark = read_marker(json.loads(request.body)["body"])
            assert mark is not None
            assert mark.key == key_hash(run.key)
            # The pull request was read just before, and it is about what is written.
            assert self.before[run] == "pull"
            assert self.head_read[run] == mark.stamp.head_sha == run.stamp.head_sha
            if found and (comment := self.comments.get(int(found[1]))):
                old = read_marker(comment.body)
                assert old is not None
                newer = old.stamp.head_sha == mark.stamp.head_sha and old.stamp.order > mark.stamp.order
                # Without compare-and-swap only this can be: it was written after we looked.
                assert not newer or comment.updated > self.listed[run]
        self.before[run] = ""

    def answered(self, run: Stepped, request: Request, status: int, body: bytes) -> None:
        """Look at each answer that arrives."""
        if status == 200 and request.method == "GET":
            if request.plain_path.endswith("/pulls/1"):
                self.head_read[run] = json.loads(body)["head"]["sha"]
                self.before[run] = "pull"
            elif request.plain_path.endswith("/issues/1/comments"):
                self.listed[run] = self.fake.next_id()

    @invariant()
    def others_are_left_alone(self) -> None:
        for number, body in getattr(self, "foreign", {}).items():
            assert self.comments[number].body == body

    @invariant()
    def nothing_raises(self) -> None:
        for run in getattr(self, "live", ()):
            assert run.problems == []

    def teardown(self) -> None:
        if not hasattr(self, "fake"):
            return
        try:
            for run in self.live:
                self.finish(run)
            for key in "ab":
                self.last_run += 1
                last = Stamp(self.pull.head_sha, self.last_run, 1)
                run = self.started(key, last)
                while not run.done:
                    run.step()
                ours = [comment for comment in self.comments.values() if comment.id not in self.foreign]
                stamps = [
                    mark.stamp
                    for comment in ours
                    if (mark := read_marker(comment.body)) and mark.key == key_hash(key)
                ]
                assert stamps == [last]
                assert run.result is not None
                assert run.result.what in ("created", "updated")
            self.nothing_raises()
            self.others_are_left_alone()
        finally:
            self.fake.close()


TestRaces = Races.TestCase
TestRaces.settings = settings(max_examples=60, stateful_step_count=30)
