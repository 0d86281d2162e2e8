"""A report is a function and a row: then the verb writes it, and the action puts it among its artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.action.exports import export
from mlbench.cli.main import main
from mlbench.compare import compare
from mlbench.reports import formats
from mlbench.reports.formats import Format, Heading
from mlbench.results import comparison_file
from mlbench.results.comparison import Comparison
from mlbench.results.values import Absent, Measures, Result, Status


def in_words(comparison: Comparison, heading: Heading) -> str:
    return f"{heading.title}: {', '.join(job.sketch for job in comparison.jobs)}\n"


@pytest.fixture
def comparison(monkeypatch: pytest.MonkeyPatch) -> Comparison:
    made_up = Format("words", in_words, "words.txt")
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, made_up))
    measures = Measures.none(Absent("not asked for"))
    return compare(None, [Result("kws", "a:b:c", "emulator", Status.OK, measures)])


def test_the_verb_writes_it(
    comparison: Comparison, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison_file.write(comparison, str(tmp_path / "comparison.json"))
    file = str(tmp_path / "comparison.json")
    assert main(["report", file, "--format", "words", "--title", "nightly"]) == 0
    assert capsys.readouterr().out == "nightly: kws\n"
    assert main(["report", file, "--format", "word"]) == 2
    assert "words" in capsys.readouterr().err


def test_it_is_among_the_artifacts(comparison: Comparison, tmp_path: Path) -> None:
    export(comparison, tmp_path)
    assert (tmp_path / "words.txt").read_text() == "mlbench: kws\n"
    names = {"junit.xml", "badge.json", "bencher.json", "benchmark-smaller.json", "benchmark-bigger.json"}
    names |= {"profiles.speedscope.json"}
    assert {path.name for path in tmp_path.iterdir()} == {*names, "sketches-report", "words.txt"}
