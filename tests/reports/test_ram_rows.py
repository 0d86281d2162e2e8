"""Where RAM changed, in the comment, and a stack at its deepest in the summary."""

from __future__ import annotations

from comparables import result
from rendered import page

from mlbench.compare import compare
from mlbench.core.execution import FrameUse, StackUse
from mlbench.reports.comment import comment_markdown
from mlbench.reports.ram_rows import deepest_stack
from mlbench.reports.summary import summary_markdown
from mlbench.results.values import RamNeed


def need(arena: int, room: int) -> RamNeed:
    frames = (FrameUse("tiny::dot(int)", room), FrameUse("Model::run()", 48), FrameUse("", 24))
    used = room + 72
    symbols = (("arena", arena), ("table", 100))
    return RamNeed(
        arena + 100 + used,
        arena + 100,
        0,
        used,
        symbols=symbols,
        stacks=(StackUse("MSP", used, frames=frames),),
    )


def test_ram_is_told_by_variable_and_by_stack_frame() -> None:
    sides = [result(ram_need=need(10_000, 40)), result(ram_need=need(12_000, 168))]
    text = comment_markdown(compare(sides[:1], sides[1:]), title="mlbench")
    _, _, table = text.partition("Where RAM changed, in bytes")
    rows = [line.split(" | ")[1:] for line in table.split("</details>")[0].splitlines() if "→" not in line]
    cells = [[cell.strip(" |") for cell in row] for row in rows if len(row) == 4][2:]
    assert cells == [
        ["<code>arena</code>", "10,000", "12,000", "+2,000"],
        ["stack at its deepest", "112", "240", "+128"],
        ["↳ <code>tiny::dot()</code>", "40", "168", "+128"],
    ]


def test_nothing_is_told_where_ram_did_not_move() -> None:
    sides = [result(ram_need=need(10_000, 40))] * 2
    assert "Where RAM changed" not in comment_markdown(compare(sides[:1], sides[1:]), title="mlbench")


def test_the_summary_has_the_deepest_stack() -> None:
    text = page(summary_markdown(compare(None, [result(ram_need=need(10_000, 40))]))).text
    assert "MSP at its deepest, 112 bytes: what came before 24 → Model::run() 48 → tiny::dot() 40" in text
    many = StackUse("MSP", 400, frames=tuple(FrameUse(f"f{n}", 10) for n in range(40)))
    assert "28 more calls 280" in deepest_stack(many)
