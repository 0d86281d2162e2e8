"""Boards that no board file has: what the sketch compiler builds is measured, and nothing has failed."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from build_bench import Bench

from mlbench.cli.main import main
from mlbench.firmware.compiler import PlatformMissing

FQBN = "acme:classic:nano"
SKETCH = """\
static const int weights[40] = {1, 2, 3};
char buffer[600];
volatile int turn;
int infer(int n) { return buffer[n] = weights[n]; }
void setup() { infer(turn); }
void loop() {}
"""
AVR = Path("/usr/share/arduino")
"""Where Debian's package arduino-core-avr has its platform."""
DECIMAL_DIG = "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__"
"""That core needs a <float.h> of C++11; Debian's gcc-avr has an older one."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, book: Path) -> Path:
    """A project with one sketch; ``acme`` is among the user's platforms."""
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "net.ino").write_text(SKETCH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(name: str = "mlbench-result.json") -> list[dict]:
    return json.loads(Path(name).read_text())["results"]


@pytest.mark.usefixtures("tools", "project")
def test_flash_and_static_ram_are_measured_and_the_rest_says_why_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "net", "--board", FQBN, "--init", "setup", "--no-install"]) == 0
    out = capsys.readouterr().out
    (result,) = results()
    measures = result["measures"]
    assert (result["board"], result["backend"], result["status"]) == (FQBN, "none", "ok")
    assert result["failure"] is None
    assert measures["flash"]["bytes"] > measures["flash"]["overhead"] > 0
    assert measures["static_ram"]["amount"] >= 600
    reason = f"no board file has {FQBN}, so nothing runs the sketch: describe the board"
    for key in ("unused_ram", "ram_need", "init_time", "inference_time"):
        assert measures[key]["absent"].startswith(reason)
    assert f"{measures['static_ram']['amount']:,.0f}" in out
    assert reason in out
    assert "failed" not in out
    assert "to measure RAM and times, name the functions" not in out


@pytest.mark.usefixtures("tools", "project")
def test_every_report_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "net", "--board", FQBN, "--no-install"]) == 0
    static = int(results()[0]["measures"]["static_ram"]["amount"])
    capsys.readouterr()
    for form in (
        "markdown",
        "summary",
        "html",
        "junit",
        "sketches-report",
        "benchmark-smaller",
        "comment",
        "bencher",
    ):
        assert main(["report", "mlbench-result.json", "--format", form]) == 0, form
        text = capsys.readouterr().out
        assert f"{static:,}" in text or str(static) in text, form
        assert "fail" not in text.replace('failures="0"', ""), form


@pytest.mark.usefixtures("tools", "project")
def test_a_change_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlbench.yml").write_text(
        f"sketches: [{{path: net, board: '{FQBN}', thresholds: {{static_ram: {{fail: 100 B}}}}}}]\n"
    )
    assert main(["run", "--json", "base.json", "--no-install"]) == 0
    sketch = Path("net/net.ino")
    sketch.write_text(SKETCH.replace("[600]", "[650]"))
    assert main(["run", "--baseline", "base.json", "--no-install"]) == 0
    capsys.readouterr()
    sketch.write_text(SKETCH.replace("[600]", "[800]"))
    assert main(["run", "--baseline", "base.json", "--no-install"]) == 1
    assert "+200" in next(
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("net") and "static RAM" in line
    )


@pytest.mark.usefixtures("tools", "project")
def test_it_goes_into_a_bundle_of_firmware() -> None:
    assert main(["build", "net", "--board", FQBN, "--firmware-dir", "bundle", "--no-install"]) == 0
    assert main(["run", "--firmware-dir", "bundle", "--json", "there.json"]) == 0
    assert main(["run", "net", "--board", FQBN, "--json", "here.json", "--no-install"]) == 0
    assert results("there.json") == results("here.json")


@pytest.mark.usefixtures("tools", "project")
def test_init_names_the_board_of_a_sketch() -> None:
    Path("net/sketch.yaml").write_text(f"default_fqbn: {FQBN}\n")
    assert main(["init"]) == 0
    assert main(["run", "--no-install"]) == 0
    assert [(result["board"], result["status"]) for result in results()] == [(FQBN, "ok")]


@pytest.mark.usefixtures("tools", "project")
@pytest.mark.parametrize(
    ("board", "status", "said"),
    [
        ("acme:classic:mini", 2, "acme:classic:mini: unknown board"),
        ("acme:none:nano", 4, "platform acme:none: "),
        ("arduino:mbed_nano:nano33bel", 4, "did you mean 'arduino:mbed_nano:nano33ble'?"),
        ("acme:classic", 2, "board 'acme:classic' is not known"),
    ],
)
def test_what_the_sketch_compiler_does_not_know_is_an_error(
    board: str, status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["run", "net", "--board", board, "--no-install"]) == status
    out, err = capsys.readouterr()
    assert said in out + err


@pytest.mark.usefixtures("tools", "project")
def test_the_id_of_a_board_is_its_name() -> None:
    assert main(["build", "net", "--board", "nano33ble", "--firmware-dir", "bundle", "--no-install"]) == 0
    assert main(["run", "net", "--board", "nano33ble", "--backend", "none", "--no-install"]) == 0
    assert [(result["board"], result["backend"]) for result in results()] == [
        ("mlbench:nrf52840:nano33ble", "none")
    ]


@pytest.mark.usefixtures("tools", "project")
@pytest.mark.parametrize("listed", [True, False])
def test_an_uno_with_and_without_its_board_file(listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (AVR / "hardware/arduino/avr/boards.txt").is_file() or shutil.which("avr-gcc") is None:
        pytest.skip("needs Debian's arduino-core-avr and gcc-avr")
    from mlbench.boards import catalog

    if not listed:
        others = tuple(board for board in catalog.load_boards() if board.id != "uno")
        monkeypatch.setattr(catalog, "load_boards", lambda: others)
    monkeypatch.delenv("ARDUINO_DIRECTORIES_USER")
    options = ["--board", "arduino:avr:uno", "--build-property", DECIMAL_DIG, "--no-install"]
    assert main(["build", "net", *options, "--firmware-dir", "bundle"]) == 0
    assert main(["run", "net", *options]) == 0
    (result,) = results()
    (elf,) = Path("bundle").glob("*/net.elf")
    done = subprocess.run(["avr-size", str(elf)], check=True, capture_output=True, text=True)
    text, data, bss = map(int, done.stdout.splitlines()[1].split()[:3])
    measures = result["measures"]
    assert (result["backend"], result["status"]) == ("none", "ok")
    assert (measures["flash"]["bytes"], measures["static_ram"]["amount"]) == (text + data, data + bss)
    why = "board uno has no emulator" if listed else "no board file has arduino:avr:uno"
    assert measures["init_time"]["absent"].startswith(why)


@pytest.mark.usefixtures("tools", "project")
def test_a_test_of_a_sketch_may_hold_its_image_to_a_budget() -> None:
    from mlbench.testing.profiling import profile
    from mlbench.testing.units import nbytes

    found = profile("net", board=FQBN)
    assert nbytes(600) < found.of("static_ram") < nbytes(700)
    assert found.flash > nbytes(100)


def test_platforms_of_the_systems_packages_are_found(
    bench: Bench, sketchbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARDUINO_DIRECTORIES_USER")
    monkeypatch.setenv("HOME", str(tmp_path))
    bench.tools = replace(bench.tools, system_hardware=tmp_path / "none")
    with pytest.raises(PlatformMissing):
        bench.build(bench.sketch("net", SKETCH), FQBN)
    bench.tools = replace(bench.tools, system_hardware=sketchbook / "hardware")
    assert bench.build(bench.sketch("net", SKETCH), FQBN).keys.platform == "acme:classic@2.4.1"
