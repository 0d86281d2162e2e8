"""Programs that upload: the command of a board's definition, and arduino-cli."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from bare_image import ROOT, Compiler
from fakes import Fake

from mlbench.boards import Board, board_for
from mlbench.boards.board import Reset, Upload
from mlbench.boards.catalog import PLACEHOLDERS
from mlbench.errors import EnvironmentFault, HostTimeout, SketchError, UsageError
from mlbench.firmware import builder
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.compiler import PlatformMissing
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.toolchain import Toolchain
from mlbench.ports.finding import Port
from mlbench.ports.programmers import UploadImage, programmer_for
from mlbench.ports.uploading import UploadRefused

PORT = Port("/dev/ttyACM0")


@pytest.fixture
def image(tmp_path: Path) -> UploadImage:
    folder = tmp_path / "build"
    folder.mkdir()
    for kind in ("elf", "bin", "hex"):
        (folder / f"blink.ino.{kind}").write_text(kind)
    return UploadImage(folder / "blink.ino.elf", folder, "blink", "acme:classic:nano")


def board(*command: str, seconds: float = 20.0, reset: str = "none") -> Board:
    return replace(board_for("nano33ble"), upload=Upload("command", command, seconds), reset=Reset(reset))


def told(image: UploadImage, *arguments: str) -> list[str]:
    """What a command gets for such arguments."""
    file = image.folder / "told"
    code = f"import json, sys; json.dump(sys.argv[1:], open({str(file)!r}, 'w'))"
    code = code.replace("{", "{{").replace("}", "}}")
    with programmer_for(board(sys.executable, "-c", code, *arguments), image, None) as programmer:
        assert programmer.write(PORT) == ""
    arguments_told: list[str] = json.loads(file.read_text())
    return arguments_told


# --- commands ------------------------------------------------------------------------------------


def test_every_placeholder(image: UploadImage) -> None:
    folder = image.folder
    expected = {
        "port": "/dev/ttyACM0",
        "port_name": "ttyACM0",
        "folder": str(folder),
        "elf": str(folder / "blink.ino.elf"),
        "bin": str(folder / "blink.ino.bin"),
        "hex": str(folder / "blink.ino.hex"),
        "fqbn": "acme:classic:nano",
        "baud": "115200",
    }
    assert set(expected) == set(PLACEHOLDERS)
    assert told(image, *(f"<{{{name}}}>" for name in expected)) == [f"<{v}>" for v in expected.values()]


def test_no_shell_is_between(image: UploadImage) -> None:
    folder = image.folder.with_name("a b; $(touch x) {bin} 'q")
    image.folder.rename(folder)
    image = replace(image, folder=folder, elf=folder / "blink.ino.elf")
    assert told(image, "$HOME {folder} {{x}}") == [f"$HOME {folder} {{x}}"]


def test_relative_places_are_given_whole(image: UploadImage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(image.folder.parent)
    near = replace(image, folder=Path("build"), elf=Path("build/blink.ino.elf"))
    assert told(near, "{folder}", "{elf}", "{bin}") == told(image, "{folder}", "{elf}", "{bin}")


def test_files_that_the_build_has_not_made_are_made(bare: Compiler, tmp_path: Path) -> None:
    elf = bare.image("int main(void) { return 7; }").path
    image = UploadImage(elf, tmp_path, "blink", "a:b:c")
    copy = "import shutil, sys; [shutil.copy(name, '.') for name in sys.argv[1:]]"
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with programmer_for(board(sys.executable, "-c", copy, "{bin}", "{hex}"), image, None) as programmer:
            programmer.write(PORT)
            (made,) = {Path(value).parent for name, value in programmer.values.items() if name == "hex"}  # type: ignore[attr-defined]
            assert made.is_dir()
    finally:
        os.chdir(here)
    assert not made.exists()
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, tmp_path / "its.bin"], check=True)
    assert (tmp_path / "blink.ino.bin").read_bytes() == (tmp_path / "its.bin").read_bytes()
    assert (tmp_path / "blink.ino.hex").read_text().startswith(":")


def test_what_is_no_image_has_no_such_files(image: UploadImage) -> None:
    (image.folder / "blink.ino.bin").unlink()
    with pytest.raises(SketchError), programmer_for(board("x", "{bin}"), image, None):
        pass
    gone = replace(image, elf=image.folder / "gone.elf")
    with (
        pytest.raises(UploadRefused, match=r"gone\.elf: there is no such file; build"),
        programmer_for(board("x"), gone, None),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('first\\n10%\\r20%\\rno such chip\\x1b[31m\\n'); sys.exit(3)",
         "ended with status 3 (no such chip\\x1b[31m)"),
        ("print('out'); sys.stderr.write('err\\n\\n'); sys.exit(1)", "ended with status 1 (err)"),
        ("sys.stderr.write('x' * 9000); sys.exit(1)", f"ended with status 1 ({'x' * 200}...)"),
        ("sys.exit(2)", "ended with status 2"),
        ("os.kill(os.getpid(), 11)", "died of signal 11"),
        ("[print('y' * 9999) for _ in range(9999)]; sys.exit(1)", f"status 1 ({'y' * 200}...)"),
    ],
)  # fmt: skip
def test_failing_commands_are_one_line(image: UploadImage, code: str, words: str) -> None:
    command = board(sys.executable, "-c", f"import os, sys; {code}".replace("{", "{{"))
    with programmer_for(command, image, None) as programmer, pytest.raises(EnvironmentFault) as caught:
        programmer.write(PORT)
    assert not isinstance(caught.value, UploadRefused)
    assert str(caught.value).startswith("/dev/ttyACM0: python")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_command_that_hangs_is_ended(image: UploadImage) -> None:
    begin = time.monotonic()
    with (
        programmer_for(board("sleep", "60", seconds=0.5), image, None) as programmer,
        pytest.raises(HostTimeout, match="sleep: did not end within"),
    ):
        programmer.write(PORT)
    assert time.monotonic() - begin < 10


def test_a_program_that_is_not_there_is_not_tried_again(image: UploadImage) -> None:
    with (
        programmer_for(board("no-such-tool"), image, None) as programmer,
        pytest.raises(UploadRefused) as caught,
    ):
        programmer.write(PORT)
    assert str(caught.value) == (
        "board nano33ble: there is no program 'no-such-tool'; "
        "install it, or correct the board's `upload: command`"
    )
    mine = replace(board("no-such-tool"), file="boards/mine.yml")
    with (
        programmer_for(mine, image, None) as programmer,
        pytest.raises(UploadRefused, match=r"boards/mine\.yml: there is no program"),
    ):
        programmer.write(PORT)


def test_secrets_are_not_for_tools(image: UploadImage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hush")
    code = "import os, sys; sys.exit('GITHUB_TOKEN' in os.environ)"
    with programmer_for(board(sys.executable, "-c", code), image, None) as programmer:
        programmer.write(PORT)


def test_only_boards_that_obey_are_touched(image: UploadImage) -> None:
    for reset, touches in (("touch", True), ("dtr", False), ("none", False)):
        with programmer_for(board("x", reset=reset), image, None) as programmer:
            assert programmer.touches is touches


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_command_ends_with_mlbench(image: UploadImage, number: signal.Signals) -> None:
    pids = image.folder / "pids"
    script = image.folder / "tool"
    script.write_text(f"#!/bin/sh\nsleep 61 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\nwait\n")
    script.chmod(0o755)
    code = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from mlbench.boards import board_for\n"
        "from mlbench.boards.board import Reset, Upload\n"
        "from mlbench.ports.finding import Port\n"
        "from mlbench.ports.uploading import UploadImage, Uploader\n"
        f"upload = Upload('command', ({str(script)!r},))\n"
        "board = replace(board_for('nano33ble'), upload=upload, reset=Reset())\n"
        f"folder = Path({str(image.folder)!r})\n"
        "image = UploadImage(folder / 'blink.ino.elf', folder, 'blink', 'a:b:c')\n"
        "Uploader(board, None, print, list_all=tuple).upload(image, Port('/dev/null'))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    ) as starter:
        wait_until(pids.exists)
        starter.send_signal(number)
        starter.wait(20)
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not running(int(pid)))  # type: ignore[misc]


def wait_until(condition: object) -> None:
    until = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- arduino-cli ---------------------------------------------------------------------------------


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "bin", Toolchain())


@pytest.fixture
def cli(fake: Fake, tmp_path: Path) -> ArduinoCli:
    platform = tmp_path / "user" / "hardware" / "acme" / "classic"
    platform.mkdir(parents=True)
    (platform / "boards.txt").write_text("nano.name=Nano\nnano.upload.tool=x\nbare.name=Bare\n")
    platforms = Platforms(tmp_path / "user", tmp_path / "user", tmp_path / "data")
    return ArduinoCli(fake.program, Toolchain(arduino_cli=fake.program), platforms, tmp_path / "own")


def write(cli: ArduinoCli | None, image: UploadImage, port: Port = PORT, seconds: float = 20.0) -> str:
    plain = replace(board_for("nano33ble"), upload=Upload(seconds=seconds))
    with programmer_for(plain, image, cli) as programmer:
        assert not programmer.touches, "arduino-cli does it"
        return programmer.write(port)


def test_arduino_cli_is_asked_with_its_own_configuration(
    cli: ArduinoCli, fake: Fake, image: UploadImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hush")
    monkeypatch.chdir(image.folder.parent)
    assert write(cli, replace(image, folder=Path("build"))) == "/dev/ttyACM0"
    (call,) = fake.calls
    assert call["argv"][2:] == [
        "upload", "--json", "--fqbn", "acme:classic:nano", "-p", "/dev/ttyACM0",
        "--input-dir", str(image.folder),
    ]  # fmt: skip
    assert call["environment"]["LC_ALL"] == "C"
    assert call["environment"]["ARDUINO_DIRECTORIES_DATA"] == str(cli.platforms.data)
    assert "hush" not in json.dumps(call)


def test_arduino_cli_s_failures(cli: ArduinoCli, fake: Fake, image: UploadImage) -> None:
    fake.tell(upload="fail")
    with pytest.raises(EnvironmentFault) as caught:
        write(cli, image)
    assert not isinstance(caught.value, UploadRefused)
    assert str(caught.value) == (
        "/dev/ttyACM0: arduino-cli could not upload: uploading error: exit status 1 "
        "(No device found on /dev/ttyACM0); see that the board is connected, and that nothing else has its "
        "port open"
    )
    fake.tell(upload="")
    with pytest.raises(UploadRefused, match=r"acme:classic:bare: its platform cannot upload: it defines no "):
        write(cli, replace(image, fqbn="acme:classic:bare"))
    with pytest.raises(UsageError, match="acme:classic:nope: unknown board"):
        write(cli, replace(image, fqbn="acme:classic:nope"))
    with pytest.raises(PlatformMissing, match="platform acme:other: is not installed"):
        write(cli, replace(image, fqbn="acme:other:nano"))
    with pytest.raises(UploadRefused, match="nothing to upload"):
        write(cli, replace(image, folder=image.folder.parent))
    with pytest.raises(UploadRefused, match=r"rfc2217://far:1: arduino-cli cannot upload to another machine"):
        write(cli, image, Port("rfc2217://far:1"))


def test_an_arduino_cli_that_hangs_or_says_nonsense(cli: ArduinoCli, fake: Fake, image: UploadImage) -> None:
    fake.program.write_text("#!/bin/sh\nsleep 60\n")
    with pytest.raises(HostTimeout, match="arduino-cli: did not end within"):
        write(cli, image, seconds=0.5)
    fake.program.write_text("#!/bin/sh\necho '[]'\n")
    with pytest.raises(EnvironmentFault, match="gives no JSON: status 0"):
        write(cli, image)


def test_without_arduino_cli_it_is_said_what_to_do(image: UploadImage) -> None:
    with pytest.raises(UploadRefused) as caught:
        write(None, image)
    assert str(caught.value) == (
        "board nano33ble: there is no arduino-cli to upload with; "
        "install arduino-cli, or give the board an `upload: command` (docs/boards.md)"
    )


def test_the_arduino_cli_of_a_board(fake: Fake, tmp_path: Path) -> None:
    own = builder.arduino_cli_for("mlbench:nrf52840:nano33ble", Toolchain(arduino_cli=fake.program), tmp_path)
    assert own is not None
    assert own.platforms.user.parent == tmp_path / "arduino"
    only_builder = Toolchain(arduino_builder=Path(shutil.which("arduino-builder") or "/x"))
    assert builder.arduino_cli_for("mlbench:nrf52840:nano33ble", only_builder, tmp_path) is None
