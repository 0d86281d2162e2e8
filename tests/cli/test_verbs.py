"""Verbs are modules: the parser, the help and the page are made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.cli import verbs
from mlbench.cli.main import main, parse, parsers
from mlbench.cli.verbs import VERBS
from mlbench.devtools.cli_page import page
from mlbench.errors import UsageError

ROOT = Path(__file__).parents[2]


def test_every_module_is_a_verb_that_is_listed() -> None:
    folder = Path(verbs.__file__).parent
    modules = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}
    assert modules == set(verbs.names())


def test_the_page_is_what_the_verbs_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_argument_says_what_it_is() -> None:
    _, made = parsers()
    for name, parser in made.items():
        for action in parser.taken:
            assert (action.help and len(action.help) > 8) or action.dest == "action", (name, action.dest)


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_help_of_each(verb: verbs.Verb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb.name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: mlbench {verb.name}")
    assert "--offline" in out


def test_a_misspelt_verb_or_option_is_one_line() -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: --bored"):
        parse(["run", "--bored", "x"])
