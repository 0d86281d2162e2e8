"""Which sketches of a suite a command line means."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.cli.main import parse
from mlbench.cli.verbs.run import options_of
from mlbench.errors import UsageError
from mlbench.suite.selection import select

SUITE = """\
sketches:
  - path: models/kws
  - path: models/har/har.ino
  - path: models/deep/tiny
  - {path: other, name: "odd*name"}
  - {path: odd-name}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mlbench.yml").write_text(SUITE)
    return tmp_path


def names(project: Path, *patterns: str, lenient: bool = False) -> list[str]:
    options = options_of(parse(["run", *(f"--only={pattern}" for pattern in patterns)]))
    return [spec.name for spec in select(options, project, lenient=lenient).specs]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("models/*", ["kws", "har"]),
        ("./models/*", ["kws", "har"]),
        ("models/kws/", ["kws"]),
        ("models/**", ["kws", "har", "tiny"]),
        ("**/tiny", ["tiny"]),
        ("**", ["kws", "har", "tiny", "odd*name", "odd-name"]),
        ("k?s", ["kws"]),
        ("models/har/har.ino", ["har"]),
        ("models/har", ["har"]),
        ("odd*name", ["odd*name"]),
        ("odd?name", ["odd*name", "odd-name"]),
        ("other", ["odd*name"]),
        ("*", ["kws", "har", "tiny", "odd*name", "odd-name"]),
    ],
)
def test_patterns(project, pattern, found):
    assert names(project, pattern) == found


def test_several_patterns_keep_the_suites_order(project):
    assert names(project, "tiny", "kws", "models/*") == ["kws", "har", "tiny"]


@pytest.mark.parametrize("pattern", ["models", "kw", "KWS", "mod*ls/*s/x", "[k]ws", "models/."])
def test_what_fits_nothing_is_told(project, pattern):
    with pytest.raises(UsageError, match="no sketch is named"):
        names(project, pattern)
    assert names(project, pattern, lenient=True) == []


def test_a_folder_stands_for_the_current_one(project, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = select(options_of(parse(["run"])), project)
    assert found.suite is not None
    assert found.specs[0].own_folder == project
    found = select(options_of(parse(["run", "mlbench.yml", "--library", "lib"])), project)
    assert found.specs[0].libraries == (project / "lib",)
