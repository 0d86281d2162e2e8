"""Foreign text that tries to get out of where a report puts it."""

from __future__ import annotations

from dataclasses import replace

import samples
from hypothesis import strategies as st

from mlbench.core.execution import Frame
from mlbench.core.firmware import Diagnostic
from mlbench.results.comparison import Comparison, KeyChange, Side, SymbolChange
from mlbench.results.values import Absent, Failure

PIECES = (
    *("@octocat", "@org/team", "#1", "owner/repo#12", "GH-12", "JIRA-7", "GHSA-abcd-efgh-ijkl", "a@b.co"),
    *(
        "http://x.yz/p?q",
        "https://x.yz",
        "www.x.com",
        "ftp://x.yz",
        "mailto:a@b.co",
        "xmpp:a@b.co/c",
        ":smile:",
    ),
    *("deadbeef", "0123456789abcdef0123456789abcdef01234567", "owner/repo@deadbeef1"),
    *("<b>", "</details>", "</code>", "<script>", "<!--", "-->", "<https://x.yz>", "&amp;", "&#64;", "&lt;"),
    *(
        "|",
        "\\|",
        "\\",
        "`",
        "```",
        "~~~",
        "~~x~~",
        "**",
        "*x*",
        "_x_",
        "a_b",
        "__",
        "[x](y)",
        "![x](y)",
        "[^1]",
    ),
    *(
        "\n",
        "\r",
        "\n\n",
        "\t",
        "# ",
        "> ",
        "- ",
        "- [ ] ",
        "1. ",
        "2) ",
        "---",
        "===",
        "| --- |",
        ":-:",
        "$x$",
    ),
    *(" ", "x", "é", "🙂", "\u202e", "\u200b", "\ud800", "(", ")", ":", "/", ".", "1", "-", "+"),
)
EVIL = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=40))


def foreign(text: str) -> Comparison:
    """``everything`` with a foreign text wherever a sketch, a project or firmware has a say."""
    jobs = []
    for number, job in enumerate(samples.everything().jobs):
        head = job.head
        if head is not None:
            failure = head.failure and Failure(
                text, (Frame(1, text, text, 3),), (Diagnostic("error", text, text, 1, 2),)
            )
            measures = replace(
                head.measures,
                **{name: Absent(text) for name in ("init_time",) if number % 2},
            )
            build = head.build and replace(head.build, fqbn=text, compiler=text, libraries=(text,))
            head = replace(
                head, sketch=text, board=text, failure=failure, notes=(text,), serial=text, measures=measures,
                build=build, seconds=((text, 1.0),),
            )  # fmt: skip
        deltas = tuple(
            replace(
                d, note=text, head=d.head and replace(d.head, absent=text if d.head.value is None else "")
            )
            for d in job.deltas
        )
        jobs.append(
            replace(
                job,
                sketch=text,
                board=text,
                backend=text if number % 3 else job.backend,
                deltas=deltas,
                head=head,
                symbols=tuple(SymbolChange(text, s.base, s.head) for s in job.symbols),
                build_changes=tuple(KeyChange(text, text, text) for _ in job.build_changes),
            )
        )
    side = Side(text, text, text)
    return replace(
        samples.everything(), jobs=tuple(jobs), base=side, head=side, notes=(text, text), accepted=text
    )
