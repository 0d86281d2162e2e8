"""The verb ``report``: files in, files out."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import samples
from foreign_text import EVIL
from hypothesis import given
from rendered import OURS, Page

from mlbench.cli.main import main
from mlbench.compare import compare
from mlbench.reports.comment import comment_markdown
from mlbench.reports.formats import names
from mlbench.reports.page import to_page
from mlbench.results import comparison_file as comparison_document
from mlbench.results.result_file import Document, RunInfo, write


@pytest.fixture
def comparison(tmp_path) -> Path:
    path = tmp_path / "comparison.json"
    comparison_document.write(samples.everything(), str(path))
    return path


@pytest.fixture
def results(tmp_path) -> Path:
    path = tmp_path / "result.json"
    write(Document(samples.AFTER, RunInfo("0.1.0")), str(path))
    return path


@pytest.mark.parametrize("which", ["comparison", "results"])
@pytest.mark.parametrize("form", names())
def test_every_format_is_written_of_every_file(which, form, request, tmp_path, capsys):
    path = request.getfixturevalue(which)
    if form in ("collapsed", "callgrind"):
        # A file for each time: they need a folder.
        assert main(["report", str(path), "--format", form]) == 2
        assert "files; name a folder with --output" in capsys.readouterr().err
        assert main(["report", str(path), "--format", form, "--output", str(tmp_path / "out")]) == 0
        assert len([place for place in (tmp_path / "out").rglob("*") if place.is_file()]) > 1
        return
    assert main(["report", str(path), "--format", form]) == 0
    text = capsys.readouterr().out
    assert "kws graph" in text or form == "badge" or (form == "annotations" and which == "results")
    if form in ("junit",):
        ElementTree.fromstring(text)
    elif form not in ("markdown", "comment", "summary", "html"):
        json.loads(text)
    place = tmp_path / "out"
    assert main(["report", str(path), "--format", form, "--output", str(place)]) == 0
    written = place if place.is_file() else next(place.iterdir())
    assert written.read_text(encoding="utf-8") == text


def test_title_and_address_get_into_the_comment(comparison, capsys):
    assert main(["--title", "nightly", "report", str(comparison), "--run-url", samples.RUN]) == 0
    expected = comment_markdown(samples.everything(), title="nightly", run_url=samples.RUN)
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"schema": "mlbench/part/1"}', b"[" * 9_999])
def test_other_files_are_refused_in_one_line(content, tmp_path, capsys):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert main(["report", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["report", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_reports_of_two_boards_need_a_folder(tmp_path, capsys):
    both = compare(None, (samples.BEFORE[0], replace(samples.BEFORE[0], board="arduino:mbed_nano:nano33ble")))
    path = tmp_path / "comparison.json"
    comparison_document.write(both, str(path))
    assert main(["report", str(path), "--format", "sketches-report"]) == 2
    assert "--output" in capsys.readouterr().err
    assert main(["report", str(path), "--format", "sketches-report", "--output", str(tmp_path / "s")]) == 0
    names = {"mlbench-nrf52840-nano33ble.json", "arduino-mbed_nano-nano33ble.json"}
    assert {file.name for file in (tmp_path / "s").iterdir()} == names


def test_small_verbs_do_not_wait_for_reports():
    code = "import sys, mlbench.cli.main; mlbench.cli.main.main(['boards']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    late = ("markdown_it", "junit_xml", "jsonschema", "rich", "mlbench.reports.comment", "mlbench.compare")
    assert not loaded & set(late)


@given(EVIL)
def test_pages_hold_nothing_but_the_report(text):
    """Rendered by another parser than GitHub's, so that no report leans on one of them."""
    comparison = replace(samples.everything(), jobs=samples.everything().jobs[:1])
    evil = replace(comparison, notes=(text,), jobs=(replace(comparison.jobs[0], sketch=text, board=text),))
    page = Page(to_page(comment_markdown(evil, title=text), text))
    assert page.elements <= OURS | {"html", "head", "meta", "title", "style", "body"}
    assert page.links == []
    assert {len(set(rows)) for rows in page.tables} == {1}


def test_pages_unfold_on_demand():
    text = comment_markdown(samples.everything(), title="x")
    assert "<details open>" not in to_page(text, "x")
    assert "<details>" not in to_page(text, "x", unfolded=True)
