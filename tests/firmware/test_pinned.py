"""Sketches with a project file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from build_bench import OWN_BOARD, QUICK_BOARD
from fakes import Fake

from mlbench.elf.image import Image
from mlbench.errors import UsageError
from mlbench.firmware.compiler import PlatformMissing
from mlbench.firmware.toolchain import Toolchain

Bench = Any

EMPTY = "void setup() {}\nvoid loop() {}\n"
DEFAULTS = "default_port: /dev/ttyACM0\ndefault_protocol: serial\ndefault_programmer: atmel_ice\n"
PINNED = f"""\
profiles:
  nano:
    fqbn: {QUICK_BOARD}
    platforms:
      - platform: acme:classic (%s)
default_profile: nano
"""
ABOUT = "author=a\nmaintainer=a\nsentence=s\nparagraph=p\ncategory=Other\nurl=u\narchitectures=*\n"


@pytest.fixture
def fake(tmp_path: Path, tools: Toolchain) -> Fake:
    return Fake(tmp_path / "bin", tools)


@pytest.fixture
def cli(bench: Bench, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench.tools = replace(bench.tools, arduino_cli=fake.program)
    bench.cache = tmp_path / "cache"
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return bench


def _platform(source: Path, folder: Path, number: int) -> None:
    """A release of the quick platform whose core has this number in it."""
    shutil.copytree(source / "hardware/acme/classic", folder)
    core = folder / "cores/bare/main.cpp"
    core.write_text(core.read_text().replace("#define TELL 1", f"#define TELL {number}"))
    text = (folder / "platform.txt").read_text()
    (folder / "platform.txt").write_text(text.replace("version=2.4.1", f"version={folder.name}"))


def _tells(firmware: Any) -> bytes:
    return Image.load(firmware.elf).digest.encode()


@pytest.mark.parametrize(
    "text",
    [DEFAULTS, "default_fqbn: any:one:at_all\n" + DEFAULTS, PINNED.replace(QUICK_BOARD, "x:y:z") % "1.0.0"],
)
def test_a_project_file_stays_out_of_the_build(text: str, cli: Bench) -> None:
    assert cli.build(cli.sketch("kws", EMPTY, sketch_yaml=text)).fits
    assert cli.build(cli.sketch("kws", EMPTY, sketch_yaml=text), OWN_BOARD).fits


def test_the_release_of_a_profile_is_installed_and_alone_counts(cli: Bench, fake: Fake, book: Path) -> None:
    network = fake.folder / "network"
    shutil.copytree(book / "hardware" / "acme", network / "acme")
    fake.tell(network=str(network))
    sketch = cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "3.0.0")
    assert cli.build(sketch).fits
    installs = [call["argv"][2:] for call in fake.calls if "install" in call["argv"]]
    assert installs == [["core", "install", "acme:classic@3.0.0", "--json"]]
    compiled = next(call["environment"] for call in fake.calls if "compile" in call["argv"])
    assert compiled["ARDUINO_DIRECTORIES_USER"] != str(book), "the sketchbook has this platform too"
    assert cli.build(sketch).cached
    cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "3.1.0")
    assert not cli.build(sketch).cached
    assert len([call for call in fake.calls if "install" in call["argv"]]) == 2


@pytest.fixture
def two_releases(book: Path, tmp_path: Path, cli: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder with two releases of a platform."""
    monkeypatch.delenv("ARDUINO_DIRECTORIES_USER")
    folder = tmp_path / "home/.arduino15/packages/acme/hardware/classic"
    _platform(book, folder / "1.0.0", 7)
    _platform(book, folder / "2.0.0", 8)
    return folder


def test_a_release_that_the_user_has_is_used(cli: Bench, fake: Fake, two_releases: Path) -> None:
    old = cli.build(cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "1.0.0"))
    new = cli.build(cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "2.0.0"))
    assert _tells(new) != _tells(old)
    assert not [call for call in fake.calls if "install" in call["argv"]]


@pytest.mark.skipif(shutil.which("arduino-cli") is None, reason="needs arduino-cli on PATH")
def test_the_real_one_takes_the_release_too(cli: Bench, two_releases: Path) -> None:
    cli.tools = replace(cli.tools, arduino_cli=Path(str(shutil.which("arduino-cli"))), offline=True)
    plain = cli.build(cli.sketch("kws", EMPTY))
    old = cli.build(cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "1.0.0"))
    new = cli.build(cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "2.0.0"))
    assert [each.keys.platform for each in (plain, old, new)] == [
        *("acme:classic@2.0.0", "acme:classic@1.0.0", "acme:classic@2.0.0")
    ]
    assert _tells(plain) == _tells(new) != _tells(old)
    with pytest.raises(PlatformMissing, match="is not installed, and the network is not to be used"):
        cli.build(cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "3.0.0"))


def test_a_release_that_cannot_be_had(cli: Bench) -> None:
    sketch = cli.sketch("kws", EMPTY, sketch_yaml=PINNED % "9.0.0")
    with pytest.raises(
        PlatformMissing, match=r"platform acme:classic: cannot be installed: .*@9\.0\.0' not found"
    ):
        cli.build(sketch)
    own = (PINNED % "9.0.0").replace(QUICK_BOARD, OWN_BOARD).replace("acme:classic", "mlbench:nrf52840")
    sketch = cli.sketch("own", EMPTY, sketch_yaml=own)
    with pytest.raises(
        UsageError, match=r"sketch\.yaml:2: profile 'nano' asks for mlbench:nrf52840@9\.0\.0, and"
    ):
        cli.build(sketch, OWN_BOARD)
    cli.tools = replace(cli.tools, arduino_cli=None)
    with pytest.raises(
        PlatformMissing, match=r"arduino-builder cannot install it; .*install acme:classic@9\.0\.0`"
    ):
        cli.build(cli.sketch("kws", EMPTY))


def _library(folder: Path, name: str, version: str, number: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "library.properties").write_text(f"name={name}\nversion={version}\n{ABOUT}")
    (folder / "Answer.h").write_text(f"#define ANSWER {number}\n")
    return folder


def test_libraries_of_a_profile(
    cli: Bench, fake: Fake, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = fake.folder / "network"
    _library(network / "libraries" / "The Answer", "The Answer", "0", 42)
    fake.tell(network=str(network))
    mine = tmp_path / "mine"
    shutil.copytree(book / "hardware", mine / "hardware")
    _library(mine / "libraries" / "Answer", "The Answer", "1.0.0", 41)
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(mine))
    text = "#include <Answer.h>\nint volatile v;\nvoid setup() { v = ANSWER; }\nvoid loop() {}\n"
    profile = f"profiles: {{p: {{fqbn: '{QUICK_BOARD}', libraries: [%s]}}}}\n"

    def built(item: str) -> Any:
        return cli.build(cli.sketch("asks", text, sketch_yaml=profile % item))

    assert built("The Answer (1.0.0)").keys.libraries == ("The Answer@1.0.0",)
    assert not [call for call in fake.calls if "install" in call["argv"]], "the sketchbook has this release"
    assert built("dependency: The Answer (1.1.0)").keys.libraries == ("The Answer@1.1.0",)
    (install,) = [call for call in fake.calls if "install" in call["argv"]]
    assert install["argv"][2:] == ["lib", "install", "The Answer@1.1.0", "--no-deps", "--json"]
    assert install["environment"]["ARDUINO_DIRECTORIES_USER"] != str(mine)
    assert sorted(path.name for path in (mine / "libraries").iterdir()) == ["Answer"]
    _library(tmp_path / "sketches" / "Local", "Local", "7.0.0", 43)
    assert built("{dir: ../Local}").keys.libraries == ("Local@7.0.0",)
    with pytest.raises(UsageError, match=r"profile 'p': there is no library .*Nowhere"):
        built("{dir: ../Nowhere}")
    fake.tell(network="")
    with pytest.raises(
        PlatformMissing, match=r"library Other: cannot be installed: lib update-index: library_index"
    ):
        built("Other (1.0.0)")
