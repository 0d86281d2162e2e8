"""The action in a pull request, run by act from its real action.yml."""

from __future__ import annotations

from pathlib import Path

from act_bench import OURS, REPOSITORY, Origin, Stage, shallow, sketch

ONE_JOB = f"""\
on: pull_request
jobs:
  mlbench:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: a
        uses: {OURS}
"""


def pull(origin: Origin, base: str, head: str, number: int = 1, **more: object) -> dict[str, object]:
    """The payload of a pull_request event, as far as GitHub's is read."""
    repo = {"full_name": REPOSITORY, "id": 1}
    return {
        "pull_request": {
            "number": number,
            "head": {"sha": head, "ref": "change", "repo": repo},
            "base": {"sha": base, "ref": "main", "repo": repo},
            "labels": [],
            **more,
        }
    }


def test_the_first_run_comments_and_the_second_edits(stage: Stage, origin: Origin, tmp_path: Path) -> None:
    base = origin.head
    origin.on("change", "main")
    head = origin.commit("slower", {"blink/blink.ino": sketch(2000)})
    merge = origin.test_merge(1, base, head)
    stage.fake.pull(REPOSITORY, 1, head_sha=head, base_sha=base)
    run = stage.fake.run(REPOSITORY, "pull_request", head)
    done = stage.run(
        ONE_JOB, shallow(origin, tmp_path / "c1", merge), "pull_request", pull(origin, base, head), run=run
    )
    print(done.log)
    assert done.jobs == {"mlbench": "success"}
    (body,) = stage.fake.bodies(REPOSITORY, 1)
    print(body)
