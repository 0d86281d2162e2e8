"""The verb ``compare`` on files: its exit status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from comparables import emulated, failed, result

from mlbench.cli.main import main
from mlbench.results.result_file import Document, RunInfo, write
from mlbench.results.values import Failure, Result

BROKEN = failed()
BROKEN_BY_THE_MACHINE = replace(failed(), failure=Failure("no space left", exit_status=4))
SLOWER = result(inference_time=emulated(128_000))
LIMIT = "sketches: [{path: kws, thresholds: {inference_time: {fail: 5 %}}}]\n"


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    Path("mlbench.yml").write_text(LIMIT)

    def run(base: Sequence[Result], head: Sequence[Result]) -> int:
        for name, results in (("base.json", base), ("head.json", head)):
            write(Document(tuple(results), RunInfo("0")), name)
        return main(["compare", "base.json", "head.json"])

    return run


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        ([result()], [result()], 0),
        ([result()], [SLOWER], 1),
        ([result()], [BROKEN], 3),
        ([result()], [BROKEN_BY_THE_MACHINE], 4),
        ([BROKEN], [result()], 0),
        ([BROKEN], [BROKEN], 3),
        ([], [BROKEN], 3),
        ([result()], [SLOWER, failed("other")], 3),
        ([result()], [], 0),
    ],
    ids=["equal", "slower", "broken", "machine", "fixed", "still broken", "new", "both", "removed"],
)
def test_exit_status(
    compared: Callable[..., int], base: Sequence[Result], head: Sequence[Result], status: int
) -> None:
    assert compared(base, head) == status
