"""Edges between Thumb instructions, by their encodings."""

from __future__ import annotations

from itertools import pairwise

from mlbench.elf.thumb_flow import FunctionFlow, flow_of

START = 0x1000


def flow(*halves: int) -> FunctionFlow | None:
    code = b"".join(half.to_bytes(2, "little") for half in halves)
    return flow_of(START, START + len(code), lambda at, size: code[at - START : at - START + size])


def test_each_kind_of_branch_leads_where_it_says() -> None:
    # cmp; beq +2 (to bx lr); bl; b to the start; bx lr
    known = flow(0x2800, 0xD002, 0xF7FF, 0xFFFE, 0xE7FA, 0x4770)
    assert known is not None
    at = {0x1002: {0x1004, 0x100A}, 0x1004: {0x1008}, 0x1008: {0x1000}, 0x1000: {0x1002}}
    assert known.edges == {(one, to) for one, targets in at.items() for to in targets}
    assert known.leaves == {0x100A}
    assert known.breaks == {0x1002, 0x1004, 0x1008, 0x100A}
    assert known.began(0x1002) == {0x1000}
    assert known.next_blocks(0x1000) == {0x1004, 0x100A}
    assert known.next_blocks(0x100A) is None


def test_compare_and_branch_and_wide_branches() -> None:
    # cbz r0 over one; nop; beq.w to the start; b.w over one; nop; pop {pc}
    known = flow(0xB108, 0xBF00, 0xF43F, 0xAFFC, 0xF000, 0xB801, 0xBF00, 0xBD00)
    assert known is not None
    assert {(0x1000, 0x1006)} <= known.edges or (0x1000, 0x1004) in known.edges
    assert (0x1004, 0x1000) in known.edges
    assert (0x1004, 0x1008) in known.edges
    assert known.leaves == {0x100E}


def test_a_branch_in_an_it_block_may_not_be_taken() -> None:
    # it eq; bxeq lr; nop; bx lr
    known = flow(0xBF08, 0x4770, 0xBF00, 0x4770)
    assert known is not None
    assert known.edges == set(pairwise((0x1000, 0x1002, 0x1004, 0x1006)))
    assert known.leaves == {0x1002, 0x1006}


def test_tables_and_registers_lead_nowhere_known() -> None:
    assert flow(0xE8DF, 0xF000, 0xBF00, 0xBF00) is None  # tbb [pc, r0]
    assert flow(0x4687, 0xBF00) is None  # mov pc, r0
    assert flow(0xBF00) is None  # runs on beyond its end
