"""The page on mlbench.yml, held to the schema and the reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlbench.suite.suite_file import parse_suite
from mlbench.util.schema import load_schema

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SCHEMA = load_schema("mlbench.suite", "suite.schema.json")


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_are_suites(example):
    assert parse_suite(example, "docs/configuration.md", Path("/suite"))


def test_the_tables_list_the_keys_of_the_schema():
    keys = set(re.findall(r"^\| `(\w+)`", section("Top-level keys"), re.MULTILINE))
    assert keys == set(SCHEMA["properties"])
    keys = set(re.findall(r"^\| `(\w+)`", section("Sketch keys"), re.MULTILINE))
    assert keys == set(SCHEMA["properties"]["sketches"]["items"]["properties"])


def test_defaults_take_every_key_that_sketches_can_share():
    shared = set(SCHEMA["properties"]["sketches"]["items"]["properties"]) - {"name", "path"}
    assert set(SCHEMA["properties"]["defaults"]["properties"]) == shared


def test_every_option_that_is_named_exists(capsys):
    from mlbench.cli.main import main

    main(["run", "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"`(--[a-z-]+)", section("One sketch without a file"))) <= known
