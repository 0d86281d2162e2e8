"""The comment and the summary: golden files (MLBENCH_GOLDEN=write renews them), and laws of any content."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from foreign_text import EVIL, foreign
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered import LINKED, OURS, page, row_widths

from mlbench.compare import compare
from mlbench.reports.blocks import ReportBlock, fit, size
from mlbench.reports.comment import comment_markdown
from mlbench.reports.digest import digest, headline
from mlbench.reports.summary import summary_markdown
from mlbench.reports.wording import verdict
from mlbench.results.comparison import Delta, JobState, Limit, Side, Threshold, Verdict
from mlbench.results.values import RamNeed

GOLDEN = Path(__file__).parent / "golden"
ALL = samples.comparisons()
REPORTS = {"comment": comment_markdown, "summary": summary_markdown}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", REPORTS)
def test_reports_are_as_in_the_golden_files(name, kind):
    missing = ("board: uno",) if name == "everything" else ()
    text = REPORTS[kind](ALL[name], title="mlbench", run_url=samples.RUN, missing=missing)
    file = GOLDEN / f"{kind}-{name}.md"
    if os.environ.get("MLBENCH_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", REPORTS)
def test_reports_are_whole_pages(name, kind):
    text = REPORTS[kind](ALL[name], title="mlbench", run_url=samples.RUN)
    assert all(len(widths) == 1 for widths in row_widths(text))
    shown = page(text)
    assert shown.elements <= OURS
    assert shown.unbalanced == []
    for rows in shown.tables:
        assert len(set(rows)) == 1
        assert len(rows) > 1


def test_everything_has_its_place():
    text = page(comment_markdown(samples.everything(), title="mlbench", missing=("board: uno",))).text
    for job in samples.everything().jobs:
        assert job.sketch in text
    places = [
        "over their limits",
        "board: uno",
        "No longer working",
        "kws graph",
        "Changed besides",
        "toycar",
    ]
    places += [
        "Side by side",
        "New",
        "Fixed",
        "Removed",
        "Not measured",
        "Where flash changed",
        "Noise",
        "Unchanged",
    ]
    assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)
    assert "steps of 4,096 bytes" in text
    assert "hung in TVMPlatformAbort" in text
    assert "'x' was not declared" in text


def test_a_limit_of_nothing_has_no_sign():
    limit = Threshold(fail=Limit(0))
    for measure in ("unused_ram", "flash"):
        said = verdict(Delta(measure, None, None, verdict=Verdict.FAIL, threshold=limit))
        assert said == "over limit (0 bytes)"


def test_ram_need_stands_below_unused_ram():
    rows = [
        line.split(" | ")[1]
        for line in comment_markdown(ALL["accepted"], title="x").splitlines()
        if " | " in line
    ]
    assert rows.index("RAM\u00a0need,\u00a0bytes") == rows.index("unused\u00a0RAM,\u00a0bytes") + 1


def test_symbols_and_the_rest_make_up_the_change():
    for job in samples.everything().jobs:
        one = replace(samples.everything(), jobs=(job,))
        rows = re.findall(r"^\|.*\| ([+−][\d,]+) \|$", comment_markdown(one, title="x"), re.MULTILINE)
        if job.symbols:
            total = sum(int(row.replace("−", "-").replace(",", "")) for row in rows)
            assert total == job.deltas[0].change


def test_the_summary_has_what_the_comment_has_not():
    text = summary_markdown(samples.everything())
    for wanted in (
        "| <code>kws graph</code> | 4.2 | 1.5 | 5.8 |",
        "| together | 148,152 |",
        "ready",
        "alignment cycles",
    ):
        assert wanted in text


@settings(max_examples=25)
@given(EVIL)
@pytest.mark.parametrize("kind", REPORTS)
def test_foreign_text_adds_nothing_to_the_page(kind, text):
    def shown(foreign_text):
        return page(
            REPORTS[kind](
                foreign(foreign_text), title=foreign_text, run_url=samples.RUN, missing=(foreign_text,)
            )
        )

    evil, plain = shown(text), shown("plain")
    assert evil.elements <= OURS
    assert evil.attributes <= {("a", "href"), ("pre", "lang"), ("th", "align"), ("td", "align")}
    assert {url for url in evil.links if not url.startswith("https://github.com/owner/demo/")} == set()
    assert evil.unbalanced == []
    assert evil.tables == plain.tables
    assert not LINKED.search(evil.plain), evil.plain


def crowd(number: int, name: str):
    jobs = samples.everything().jobs
    many = tuple(
        replace(
            jobs[index % len(jobs)], sketch=f"{index}{name}", symbols=jobs[index % len(jobs)].symbols * 20
        )
        for index in range(number)
    )
    return replace(samples.everything(), jobs=many, notes=(name,) * number, accepted=name * 3)


@pytest.mark.parametrize("letter", ["x", "|", "🙂", "\x07"])
def test_no_suite_is_too_large_for_a_comment(letter):
    comparison = crowd(500, letter * 200)
    missing = [f"{index} {letter * 200}" for index in range(500)]
    text = comment_markdown(comparison, title=letter * 200, run_url=samples.RUN, missing=missing)
    assert size(text) <= 65_000
    assert size(text) > 50_000
    shown = page(text)
    assert shown.unbalanced == []
    assert shown.elements <= OURS
    assert "left out here, all of it is in the job summary" in shown.text
    icon, said = headline(digest(comparison), len(missing))
    assert f"{icon} " in shown.text.splitlines()[0]
    assert said in shown.text.splitlines()[0]
    whole = summary_markdown(comparison, missing=missing)
    assert size(whole) <= 1_000_000
    assert page(whole).unbalanced == []


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(8_000, 70_000), EVIL)
def test_any_limit_is_kept_and_rows_are_all_accounted_for(number, limit, name):
    comparison = crowd(number, name)
    text = comment_markdown(comparison, title="mlbench", limit=limit)
    assert size(text) <= limit
    assert page(text).unbalanced == []
    for state, title in ((JobState.REMOVED, "Removed"), (JobState.NEW, "New")):
        there = sum(job.state is state for job in comparison.jobs)
        part = re.search(
            rf"^(?:#### )?{title}\b(.*?)(?=^#### |^<details>|^<sub>|\Z)", text, re.MULTILINE | re.DOTALL
        )
        assert (part is not None) == (there > 0)
        if part is None:
            continue
        rows = len(re.findall(r"^(?:- |\| <code>)", part[1], re.MULTILINE))
        cut = re.search(r"([\d,]+) more rows? left out", part[1])
        stub = re.match(r": ([\d,]+) sketch", part[1])
        left = int((cut or stub)[1].replace(",", "")) if cut or stub else 0
        assert rows + left == there


@given(
    st.lists(
        st.tuples(st.text("ab", min_size=1, max_size=9), st.lists(st.text("cd", max_size=9))), max_size=5
    ),
    st.integers(90, 400),
)
def test_blocks_fit_and_keep_their_order(parts, limit):
    blocks = [ReportBlock(stub, "o", tuple(rows), "c") for stub, rows in parts]
    text, cut = fit(blocks, limit)
    assert size(text) <= limit
    if not cut:
        assert text == "\n\n".join(filter(None, (block.first(len(block.rows)) for block in blocks)))


def test_a_comment_needs_room_for_what_it_must_say():
    with pytest.raises(ValueError, match="cannot say what it leaves out"):
        comment_markdown(samples.everything(), title="x", limit=100)


def test_commits_are_linked_where_the_repository_is_known():
    linked = page(comment_markdown(ALL["better"], title="x", run_url=samples.RUN)).links
    assert f"https://github.com/owner/demo/commit/{'a' * 40}" in linked
    assert page(comment_markdown(ALL["better"], title="x")).links == []
    assert page(comment_markdown(compare((), (), base_side=Side("main; x")), title="x")).elements <= OURS


def test_rough_times_are_said_to_be_rough():
    rough = replace(samples.time(50_000.0), cycles=None, placement=None, method="instructions x 1 cycles")
    result = samples.result("kws", backend="renode", inference_time=rough)
    comparison = compare((result,), (replace(result, cached=True),))
    for text in (comment_markdown(comparison, title="x"), summary_markdown(comparison)):
        assert "Times of renode are rough: instructions x 1 cycles." in page(text).text
    assert "figures of an earlier run" in summary_markdown(comparison)


def test_what_ram_need_is_made_of_adds_up_in_the_summary():
    need = RamNeed(58_304, 60_000, 30_000, 8_304, symbols=(("arena", 50_000),), reserved_stack=40_000)
    text = summary_markdown(compare(None, (samples.result("kws", ram_need=need),)))
    assert (
        "58,304 bytes: static 60,000 less 40,000 for stacks of threads, peak heap 30,000, peak stack 8,304"
        in text
    )
    table = text.partition("Largest in static RAM")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*) \| ([\d,]+) \|$", table, re.MULTILINE)
    sizes = [int(size.replace(",", "")) for _, size in rows]
    assert sizes == [50_000, 10_000, 60_000]
