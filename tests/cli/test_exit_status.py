"""Each exit status of docs/results.md, by a start that calls for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import failed, result, unfit

from mlbench.cli.main import main
from mlbench.errors import STATUS_ORDER, worst_status
from mlbench.results.result_file import Document, RunInfo, write
from mlbench.results.values import Failure, Result

DOCS = Path(__file__).parents[2] / "docs" / "results.md"
SUITE = "defaults: {thresholds: {flash: {fail: 1 %}}}\nsketches:\n- path: kws\n"
BY_SIGNALS = {130, 143}
"""See test_kept_results.py, which sends them."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "mlbench.yml").write_text(SUITE)
    return tmp_path


def compared(base: Result, head: Result) -> int:
    for name, side in (("base.json", base), ("head.json", head)):
        write(Document((side,), RunInfo("1")), name)
    return main(["compare", "base.json", "head.json", "--thresholds", "mlbench.yml"])


def hangs(bare) -> int:
    image = bare.image("int main(void) { for (;;) {} }").path
    return main(["elf", str(image), "--board", "nano33ble", "--inference", "main"])


FAULT = "int main(void) { note(REG(0x60000000)); return 0; }"
SEMIHOSTING = """
int main(void) { volatile u32 block[] = {0x20026, STATUS};
  register u32 r0 __asm("r0") = 0x20; register volatile u32 *r1 __asm("r1") = block;
  __asm volatile("bkpt #0xAB" : "+r"(r0) : "r"(r1) : "memory"); for (;;) ; }
"""
SPINS = "int main(void) { for (;;) count++; }"
CALLS_EXIT = (
    "__attribute__((noinline)) void exit(int s) { for (;;) note(s); } int main(void) { exit(STATUS); }"
)


def by_both_verbs(bare, source: str) -> int:
    """The status that both verbs end with for what firmware does when it is listened to."""
    image = str(bare.image(source).path)
    statuses = {
        main(["elf", image, "--board", "nano33ble", "--serial"]),
        main(["monitor", image, "--board", "nano33ble", "--fast", "--seconds", "0.2"]),
    }
    assert len(statuses) == 1, statuses
    return statuses.pop()


STARTS: dict[int, list[Callable[..., int]]] = {
    0: [
        lambda _bare: compared(result("kws"), result("kws")),
        lambda _bare: compared(unfit("kws"), unfit("kws")),
        lambda _bare: main(["boards"]),
        lambda bare: by_both_verbs(bare, SPINS),
        lambda bare: by_both_verbs(bare, SEMIHOSTING.replace("STATUS", "0")),
        lambda bare: by_both_verbs(bare, CALLS_EXIT.replace("STATUS", "0")),
    ],
    1: [lambda _bare: compared(result("kws"), result("kws", 160_000))],
    2: [
        lambda _bare: main(["run", "nowhere"]),
        lambda _bare: main(["compare", "mlbench.yml", "mlbench.yml"]),
        lambda _bare: main(["--nonsense"]),
    ],
    3: [
        hangs,
        lambda _bare: compared(result("kws"), failed("kws", Failure("hung", exit_status=3))),
        lambda bare: by_both_verbs(bare, FAULT),
        lambda bare: by_both_verbs(bare, SEMIHOSTING.replace("STATUS", "7")),
        lambda bare: by_both_verbs(bare, CALLS_EXIT.replace("STATUS", "7")),
    ],
    4: [lambda _bare: compared(result("kws"), failed("kws", Failure("no gcc", exit_status=4)))],
}


def documented() -> set[int]:
    text = DOCS.read_text().partition("## Exit status")[2]
    cells = re.findall(r"^\| ([\d, ]+) \|", text, re.MULTILINE)
    return {int(number) for cell in cells for number in cell.split(",")}


def test_each_documented_status_has_a_start() -> None:
    assert documented() == STARTS.keys() | BY_SIGNALS


@pytest.mark.parametrize(
    ("status", "number"), [(status, number) for status in STARTS for number in range(len(STARTS[status]))]
)
def test_a_start_ends_with_its_status(status: int, number: int, place: Path, bare) -> None:
    assert STARTS[status][number](bare) == status


def test_a_tool_that_is_missing_is_the_environments(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "kws").mkdir()
    (place / "kws" / "kws.ino").write_text("void setup() {}\nvoid loop() {}\n")
    monkeypatch.setenv("PATH", str(place))
    assert main(["run", "--no-install", "--offline"]) == 4


def test_of_several_the_first_of_the_docs_order_counts() -> None:
    order = re.search(r"the first of ([\d, ]+) is used", DOCS.read_text())
    assert order is not None
    numbers = [int(number) for number in order[1].split(",")]
    assert tuple(numbers) == STATUS_ORDER[:-1]
    for index, status in enumerate(numbers):
        assert worst_status([*reversed(numbers[index:]), 0]) == status
