"""The plugin on test files of its users, run by pytest in pytest."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mlbench.core.firmware import Firmware

ROOT = Path(__file__).parents[2]


@pytest.fixture
def users(
    pytester: pytest.Pytester, firmware: Firmware, timed: Firmware, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A user's project with nothing but the plugin, and firmware's paths in FIRMWARE and TIMED."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("FIRMWARE", str(firmware.elf))
    monkeypatch.setenv("TIMED", str(timed.elf))
    pytester.makeini("[pytest]\naddopts = -p mlbench.pytest_plugin\n")
    return pytester


HEAD = """
import os
import pytest
from mlbench import kib, ms, us
ELF, TIMED = os.environ["FIRMWARE"], os.environ["TIMED"]
"""


def run(users: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    users.makepyfile(HEAD + text)
    return users.runpytest_subprocess(*options)


def test_passing(users: pytest.Pytester) -> None:
    result = run(
        users,
        """
def test_it(device):
    dut = device(ELF)
    dut.run_until("READY")
    dut.send("a")
    assert dut.expect("got (.)")[1] == "a"
    assert dut.call("add", 1, 2).value == 3

def test_budget(profile):
    found = profile(TIMED, inference="classify", ram=False)
    assert found.flash < kib(200)
    classify = found.function("classify")
    assert classify.calls == 1 and classify.time <= found.inference_time
    assert classify.cycles <= classify.inclusive == found.measures.inference_time.cycles
""",
        "--junitxml=report.xml",
    )
    result.assert_outcomes(passed=2)
    tree = ElementTree.parse(users.path / "report.xml")
    names = {item.get("name"): float(item.get("value", "")) for item in tree.iter("property")}
    assert 1000 < names["mlbench.timed.flash.bytes"] < 200_000


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            'device(ELF).run_until(text="NEVER", timeout="2 ms")',
            ["*NEVER* did not come in 2 ms of virtual time*", "*device: serial text*", "READY"],
        ),
        (
            'device(ELF).call("broken", 0)',
            [
                "*BusFault*0x60000000*broken*spotter.ino:*",
                "*device: call chain*",
                "in broken*",
                "called from the test",
            ],
        ),
        (
            'device(ELF).call("broken", 1, timeout="3 ms")',
            ["*an endless loop that nothing can end in broken*", "*device: outcome*", "hung: *"],
        ),
        ('device(ELF).call("broken", 2)', ["*abort() was called*"]),
        ('device(ELF).call("nothing_like_it")', ["*UsageError*", "*has no function nothing_like_it*"]),
        ('device(ELF).call("add", 1)', ["*add takes 2 arguments, 1 are given*"]),
        ('device("/nowhere.elf")', ["*/nowhere.elf: no such file*"]),
        ("device(ELF).run_for(5)", ["E   5 is not a time; give ms(50) or '50 ms'"]),
    ],
)
def test_failing(users: pytest.Pytester, text: str, lines: list[str]) -> None:
    result = run(users, f"def test_it(device):\n    {text}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)
    # The test's own line is shown, and none of the harness's insides.
    result.stdout.fnmatch_lines([f">   {text}".replace("[", "[[]")])
    result.stdout.no_fnmatch_line("*mlbench/testing/*")
    # The summary's line says what, not only that.
    assert any(line.startswith("FAILED ") and len(line.split(" - ", 1)[1]) > 20 for line in result.outlines)


def test_a_slow_emulator_is_told(users: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {**os.environ, "MLBENCH_HOTPATH": "/nowhere.so"})
    result = run(users, "def test_it(device):\n    assert device(ELF).call('add', 1, 2).value == 3\n")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*block hook ran in Python*"])


def test_out_of_memory_is_told(users: pytest.Pytester) -> None:
    result = run(
        users,
        'def test_it(device):\n    assert device(ELF).call("heap_user", 1000000).value == 1, "no memory"\n',
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no memory*", "*device: serial text*"])


def test_a_broken_budget_shows_both_figures(users: pytest.Pytester) -> None:
    result = run(
        users,
        """
def test_flash(profile):
    base = profile(TIMED, inference="classify", ram=False)
    found = profile(TIMED, inference="classify", ram=False, baseline=base)
    assert found.flash < kib(1)

def test_kinds(profile):
    assert profile(TIMED, inference="classify", ram=False).flash < ms(1)
""",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*assert * KiB (* bytes) (baseline * KiB (* bytes), +0 bytes, +0.0 %) < 1.0 KiB (1,024 bytes)*"]
    )
    result.stdout.fnmatch_lines(["*TypeError: * compares with kib(...) or nbytes(...), not with 1.000 ms*"])


def test_no_symbols(users: pytest.Pytester, firmware: Firmware) -> None:
    import shutil
    import subprocess

    strip = shutil.which("arm-none-eabi-strip")
    assert strip
    subprocess.run([strip, firmware.elf, "-o", users.path / "bare.elf"], check=True)
    result = run(
        users,
        """
def test_text(device):
    assert device("bare.elf").run_until("READY")

def test_call(device):
    device("bare.elf").call("add", 1, 2)
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*bare.elf: has no symbol table*"])


def test_two_devices_at_once(users: pytest.Pytester) -> None:
    result = run(
        users,
        """
def test_it(device):
    one, other = device(ELF), device(ELF)
    one.run_until("READY")
    one.call("count_up")
    assert other.call("count_up").value == 8
    one.send("a")
    one.expect("got a")
    assert "got" not in other.serial
    other.expect("never", timeout="1 ms")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*device 1: serial text*", "*device 2: serial text*"])


def test_with_xdist(users: pytest.Pytester) -> None:
    text = "".join(
        f'def test_{n}(device):\n    assert device(ELF).call("add", {n}, 1).value == {n + 1}\n'
        for n in range(6)
    )
    result = run(users, text, "-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=6)


def test_backends(users: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLBENCH_PORT", "/dev/nowhere")
    result = run(
        users,
        """
@pytest.mark.mlbench(backend="emulator")
def test_named(device):
    assert device(ELF).call("add", 1, 2).value == 3

def test_asked(device):
    device(ELF).run_for("1 ms")

@pytest.mark.mlbench(bakend="emulator")
def test_misspelt(device):
    device(ELF)
""",
        "--mlbench-backend=board",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*there is no port /dev/nowhere*", "*unknown arguments*bakend*"])


def test_nothing_is_imported_where_nothing_is_used(users: pytest.Pytester) -> None:
    result = run(users, "import sys\ndef test_it():\n    assert 'unicorn' not in sys.modules\n")
    result.assert_outcomes(passed=1)
