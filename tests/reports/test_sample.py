"""The sample in the documentation is what the program writes of its comparison."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mlbench.results import comparison_file as comparison_document

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_texts_are_what_the_program_writes(make):
    """After a change of the reports: make sample, or its --pictures alone."""
    for name, text in make.texts(comparison_document.read(SAMPLE / "comparison.json")).items():
        assert (SAMPLE / name).read_text(encoding="utf-8") == text


def test_its_change_still_applies_to_the_sketches(make):
    for name, old, _ in make.CHANGES:
        assert (ROOT / "sketches" / name).read_text(encoding="utf-8").count(old) == 1


def test_pictures_are_there_and_small(make):
    page = (ROOT / "docs" / "comment.md").read_text(encoding="utf-8")
    for name, scheme in make.PICTURES:
        picture = SAMPLE / f"{name}{'-' if scheme else ''}{scheme}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 150_000
        assert f"sample/{picture.name}" in page


def test_the_page_explains_every_mark(make):
    from mlbench.core.measures import rows
    from mlbench.reports.wording import ICONS

    page = (ROOT / "docs" / "comment.md").read_text(encoding="utf-8")
    for wanted in (*ICONS.values(), "🔸", *(measure.name for measure in rows())):
        assert wanted in page
