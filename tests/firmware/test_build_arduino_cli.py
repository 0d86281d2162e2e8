"""arduino-cli: our side of its conversation."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from build_bench import OWN_BOARD
from fakes import Fake

from mlbench.core.firmware import ALLOC_SIZE_SYMBOL
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware import BuildFailed
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.compiler import CompileReport, Job, PlatformMissing
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.toolchain import Toolchain
from mlbench.firmware.upload_answer import UploadRefused

Bench = Any

EMPTY = "void setup() {}\nvoid loop() {}\n"
TEMPLATE = "void* volatile p;\nvoid setup() { p = malloc($alloc_size); }\nvoid loop() {}\n"
RECORDING = (
    Path(__file__).parents[3] / "shared" / "facts" / "arduino-cli" / "arduino-cli-1.5.1-conversation.json"
)


@pytest.fixture
def fake(tmp_path: Path, tools: Toolchain) -> Fake:
    return Fake(tmp_path / "bin", tools)


@pytest.fixture
def cli(bench: Bench, fake: Fake, tmp_path: Path) -> Bench:
    bench.tools = replace(bench.tools, arduino_cli=fake.program)
    bench.cache = tmp_path / "cache"
    return bench


def test_a_sketch(cli: Bench, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT_TOKEN", "hush")
    sketch = cli.sketch("plain", EMPTY)
    firmware = cli.build(sketch)
    assert firmware.keys.builder == "arduino-cli 1.5.1"
    assert firmware.keys.platform == "acme:classic@2.4.1"
    assert Image.load(firmware.elf).symbol("malloc") is None
    assert Image.load(firmware.probe_elf).symbol("malloc") is not None
    assert firmware.notes == ()
    assert cli.build(sketch).cached
    compiles = [call for call in fake.calls if "compile" in call["argv"]]
    assert len(compiles) == 2, (
        "properties, and the image that is measured; the linker alone makes the one of probes"
    )
    assert cli.build(cli.sketch("more", TEMPLATE)).is_template
    assert len([call for call in fake.calls if "compile" in call["argv"]]) == 3, "a board is asked about once"
    for call in compiles:
        assert "hush" not in json.dumps(call)
        assert call["environment"]["LC_ALL"] == "C"


def test_a_template_and_a_library(cli: Bench, tmp_path: Path) -> None:
    library = tmp_path / "My Lib"
    (library / "src").mkdir(parents=True)
    (library / "library.properties").write_text(
        "name=MyLib\nversion=1.2.3\nauthor=a\nmaintainer=a\nsentence=s\nparagraph=p\ncategory=Other\nurl=u\n"
        "architectures=*\n"
    )
    (library / "src" / "MyLib.h").write_text("#define MINE 3\n")
    text = (
        "#include <MyLib.h>\nvoid* volatile p;\nvoid setup() { p = malloc($alloc_size); }\nvoid loop() {}\n"
    )
    firmware = cli.build(cli.sketch("lib", text), libraries=(library,))
    assert firmware.is_template
    assert Image.load(firmware.elf).symbol(ALLOC_SIZE_SYMBOL) is not None
    assert firmware.keys.libraries == ("MyLib@1.2.3",)


def test_both_sketch_compilers_give_the_same_image(cli: Bench) -> None:
    sketch = cli.sketch("same", "int volatile v;\nvoid setup() { v = 1; }\nvoid loop() {}\n")
    one = cli.build(sketch)
    cli.tools = replace(cli.tools, arduino_cli=None)
    other = cli.build(sketch)
    assert other.keys.builder.startswith("arduino-builder")
    assert Image.load(one.elf).flash_bytes() == Image.load(other.elf).flash_bytes()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("void setup() {\n  oops(1);\n}\nvoid loop() {}\n", "bad.ino:2", "'oops' was not declared"),
        ("#include <No.h>\n" + EMPTY, "bad.ino:1", "No.h: No such file or directory"),
        ('extern "C" void nowhere();\nvoid setup() {\n  nowhere();\n}\nvoid loop() {}\n', "bad.ino:3",
         "undefined reference to `nowhere'"),
    ],
)  # fmt: skip
def test_errors_have_the_user_s_file_and_line(cli: Bench, text: str, where: str, what: str) -> None:
    sketch = cli.sketch("bad", text)
    with pytest.raises(BuildFailed) as caught:
        cli.build(sketch)
    assert caught.value.where == f"{sketch}/{where}"
    assert caught.value.what.startswith(what)


def test_what_the_linker_refuses_is_told(cli: Bench) -> None:
    option = ("compiler.c.elf.extra_flags=-Wl,--no-such-option",)
    with pytest.raises(BuildFailed) as caught:
        cli.build(cli.sketch("linked", EMPTY), build_properties=option)
    assert caught.value.what == "unrecognized option '--no-such-option'"


def test_overflow_and_limits(cli: Bench) -> None:
    text = "char big[300000];\nint volatile v;\nvoid setup() { v = big[v]; big[v] = 1; }\nvoid loop() {}\n"
    firmware = cli.build(cli.sketch("large", text))
    assert [overflow.region for overflow in firmware.overflows] == ["RAM"]
    limited = cli.build(cli.sketch("small", EMPTY), build_properties=("upload.maximum_size=10",))
    flash = sum(size for _, size in Image.load(limited.elf).flash_bytes())
    assert [(o.region, o.bytes) for o in limited.overflows] == [("FLASH", flash - 10)]


def test_a_count_that_differs_is_told(cli: Bench) -> None:
    regex = "recipe.size.regex=^(?:\\.data|\\.text|\\.debug_str)\\s+([0-9]+).*"
    firmware = cli.build(cli.sketch("counted", EMPTY), build_properties=(regex,))
    assert len(firmware.notes) == 1
    flash = sum(size for _, size in Image.load(firmware.elf).flash_bytes())
    assert firmware.platform_bytes is not None
    counted = f"flash is {firmware.platform_bytes:,} bytes as the platform counts it (recipe.size.regex); "
    assert firmware.notes[0] == f"{counted}the image's sections have {flash:,}"


def test_flags_have_cores_of_their_own(cli: Bench, fake: Fake) -> None:
    sketch = cli.sketch("flags", EMPTY)
    images = {
        Image.load(cli.build(sketch, build_properties=flags).elf).digest
        for flags in ((), ("build.extra_flags=-DTELL=2",), ("build.extra_flags=-DTELL=3",))
    }
    assert len(images) == 3


def test_a_missing_platform_is_installed(
    cli: Bench, fake: Fake, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = fake.folder / "network"
    shutil.copytree(book / "hardware" / "acme", network / "acme")
    fake.tell(network=str(network))
    monkeypatch.delenv("ARDUINO_DIRECTORIES_USER")
    monkeypatch.setenv("HOME", str(fake.folder))
    sketch = cli.sketch("remote", EMPTY)
    firmware = cli.build(sketch)
    assert firmware.keys.platform == "acme:classic@2.4.1"
    verbs = [call["argv"][2:] for call in fake.calls if "core" in call["argv"]]
    assert verbs == [["core", "update-index"], ["core", "install", "acme:classic", "--json"]]
    assert cli.build(sketch).cached


def test_a_platform_that_cannot_be_had(cli: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    sketch = cli.sketch("any", EMPTY)
    with pytest.raises(
        EnvironmentFault,
        match=r"platform arduino:mbed_nano: cannot be installed: "
        r"core update-index: package_index.tar.bz2 Download failed: .*: no such host; .*"
        r"'arduino:mbed_nano' not found",
    ) as caught:
        cli.build(sketch, "arduino:mbed_nano:nano33ble")
    assert caught.value.exit_status == 4
    cli.tools = replace(cli.tools, offline=True)
    with pytest.raises(EnvironmentFault, match="is not installed, and the network is not to be used"):
        cli.build(sketch, "arduino:mbed_nano:nano33ble")


@pytest.fixture
def home(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home; arduino-cli's usual folders are in it."""
    home = fake.folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("ARDUINO_DIRECTORIES_USER")
    return home


def _tree(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("named", ["usual", "variable", "file", "relative"])
def test_the_user_s_own_data_folder_counts_and_stays_as_it_is(
    named: str, cli: Bench, home: Path, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = home / (".arduino15" if named == "usual" else "else where")
    shutil.copytree(book / "hardware/acme/classic", data / "packages/acme/hardware/classic/9.9.9")
    if named == "variable":
        monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", str(data))
    elif named in ("file", "relative"):
        monkeypatch.chdir(home)
        text = json.dumps({"directories": {"data": str(data) if named == "file" else "else where"}})
        (home / ".arduino15").mkdir()
        (home / ".arduino15" / "arduino-cli.yaml").write_text(text)
    before = _tree(home)
    firmware = cli.build(cli.sketch("datum", EMPTY))
    assert firmware.fits
    assert firmware.keys.builder == "arduino-cli 1.5.1"
    assert _tree(home) == before


def test_libraries_of_the_sketchbook_count(cli: Bench, fake: Fake, home: Path, book: Path) -> None:
    data, sketchbook = home / ".arduino15", home / "Arduino"
    shutil.copytree(book / "hardware/acme/classic", data / "packages/acme/hardware/classic/9.9.9")
    for folder, name in ((sketchbook / "libraries", "Mine"), (home / "bundled", "Theirs")):
        (folder / name).mkdir(parents=True)
        about = f"name={name}\nversion=1.2.3\nauthor=a\nmaintainer=a\nsentence=s\nparagraph=p\nurl=u\n"
        (folder / name / "library.properties").write_text(f"{about}category=Other\narchitectures=*\n")
        (folder / name / f"{name}.h").write_text(f"#define {name.upper()} 1\n")
    text = json.dumps({"directories": {"builtin": {"libraries": str(home / "bundled")}}})
    (data / "arduino-cli.yaml").write_text(text)
    before = _tree(home)
    firmware = cli.build(cli.sketch("books", "#include <Mine.h>\n" + EMPTY))
    assert firmware.keys.libraries == ("Mine@1.2.3",)
    environment = next(call["environment"] for call in fake.calls if "compile" in call["argv"])
    assert environment["ARDUINO_DIRECTORIES_USER"] == str(sketchbook)
    assert environment["ARDUINO_DIRECTORIES_BUILTIN_LIBRARIES"] == str(home / "bundled")
    assert _tree(home) == before


def test_nothing_of_the_user_counts_for_the_project_s_own_boards(
    cli: Bench, fake: Fake, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".arduino15").mkdir()
    (home / ".arduino15" / "arduino-cli.yaml").write_text("[not: even YAML")
    monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", "/nowhere")
    monkeypatch.setenv("ARDUINO_SKETCHBOOK_DIR", "/nowhere")
    assert cli.build(cli.sketch("own", EMPTY), OWN_BOARD).fits
    variables = [name for call in fake.calls for name in call["environment"] if "SKETCHBOOK" in name]
    assert not variables
    assert "/nowhere" not in json.dumps(fake.calls)
    monkeypatch.delenv("ARDUINO_DIRECTORIES_DATA")
    with pytest.raises(UsageError, match=r"arduino-cli\.yaml:1: not valid YAML"):
        cli.build(cli.sketch("own", EMPTY))


def test_a_missing_platform_is_installed_into_a_folder_of_ours(
    cli: Bench, fake: Fake, home: Path, book: Path
) -> None:
    network = fake.folder / "network"
    shutil.copytree(book / "hardware" / "acme", network / "acme")
    fake.tell(network=str(network))
    url = "https://example.org/package_acme_index.json"
    (home / ".arduino15").mkdir()
    settings = {"board_manager": {"additional_urls": [url]}, "network": {"proxy": "http://proxy.example:1"}}
    (home / ".arduino15" / "arduino-cli.yaml").write_text(json.dumps(settings))
    before = _tree(home)
    assert cli.build(cli.sketch("remote", EMPTY)).fits
    (installed,) = [call for call in fake.calls if "install" in call["argv"]]
    assert installed["environment"]["ARDUINO_BOARD_MANAGER_ADDITIONAL_URLS"] == url
    assert installed["environment"]["ARDUINO_NETWORK_PROXY"] == "http://proxy.example:1"
    compiled = next(call["environment"] for call in fake.calls if "compile" in call["argv"])
    assert "ARDUINO_BOARD_MANAGER_ADDITIONAL_URLS" not in compiled, "an index that lacks would be fetched"
    assert _tree(home) == before


def test_an_unknown_board(cli: Bench) -> None:
    with pytest.raises(UsageError, match="acme:classic:nope: unknown board"):
        cli.build(cli.sketch("any", EMPTY), "acme:classic:nope")


def test_a_program_that_speaks_no_json(cli: Bench, fake: Fake) -> None:
    fake.program.write_text("#!/bin/sh\necho 'Error: unknown flag: --json' >&2\nexit 1\n")
    with pytest.raises(EnvironmentFault, match="gives no JSON: Error: unknown flag: --json"):
        cli.build(cli.sketch("any", EMPTY))


RECORDED = json.loads(RECORDING.read_text())["calls"] if RECORDING.is_file() else []


def _replay(case: str, tmp_path: Path, tools: Toolchain) -> tuple[ArduinoCli, Job, list[str]]:
    call = next((call for call in RECORDED if call["case"] == case), None)
    if call is None:
        pytest.skip("needs the recorded conversation beside the checkout")
    places = {
        "<WORK>": tmp_path / "work",
        "<ROOT>": tmp_path,
        "<USER>": tmp_path / "user",
        "<DATA>": tmp_path / "data",
    }

    def placed(text: str) -> str:
        return re.sub(r"<[A-Z]+>", lambda match: str(places[match.group()]), text)

    streams = {
        name: placed(json.dumps(call[name]["json"]) if "json" in call[name] else call[name]["text"])
        for name in ("stdout", "stderr")
    }
    argv = [placed(word) for word in call["argv"]]
    said = tmp_path / "said.json"
    said.write_text(json.dumps({**streams, "exit": call["exit"], "argv": argv}))
    program = tmp_path / "arduino-cli"
    program.write_text(
        f"#!{sys.executable} -S\nimport json, sys\nsaid = json.load(open({str(said)!r}))\n"
        f"open({str(tmp_path / 'argv.json')!r}, 'w').write(json.dumps(sys.argv[1:]))\n"
        "sys.stdout.write(said['stdout'])\nsys.stderr.write(said['stderr'])\nsys.exit(said['exit'])\n"
    )
    program.chmod(0o755)
    sketch = Path(argv[-1])
    properties = [argv[i + 1] for i, word in enumerate(argv) if word == "--build-property"]
    fqbn = argv[argv.index("--fqbn") + 1] if "--fqbn" in argv else "a:b:c"
    (tmp_path / "build").mkdir()
    platforms = Platforms(tmp_path / "user", tmp_path / "user", tmp_path / "data")
    compiler = ArduinoCli(program, replace(tools, ctags=None), platforms, tmp_path / "own")
    return compiler, Job(sketch, fqbn, tmp_path / "build", tuple(properties)), argv


def _compiled(case: str, tmp_path: Path, tools: Toolchain) -> CompileReport:
    compiler, job, argv = _replay(case, tmp_path, tools)
    report = compiler.compile(job)
    sent = json.loads((tmp_path / "argv.json").read_text())
    known = ("--output-dir", "--warnings")
    recorded = [word for i, word in enumerate(argv) if word not in known and argv[i - 1] not in known]
    assert [word for word in sent if word in recorded] == recorded, "what was recorded is what we ask"
    return report


@pytest.mark.parametrize(
    ("case", "success", "text", "first"),
    [
        ("good", True, 984, ""),
        ("good again, warm", True, 984, ""),
        ("low memory note", True, 1008, ""),
        ("warning", True, 984,
         "warns.ino:1:20: warning: unused variable 'unused' [-Wunused-variable]"),
        ("error in the sketch", False, None,
         "broken.ino:2:3: error: 'undeclared_thing' was not declared in this scope"),
        ("missing header", False, None,
         "nohdr.ino:1:10: error: TensorFlowLite.h: No such file or directory"),
        ("undefined symbol at link", False, None,
         "nolink.ino:2: error: undefined reference to `nowhere'"),
        ("RAM region overflows at link", False, None, "error: region `RAM' overflowed by 37856 bytes"),
        ("flash region overflows at link", False, None, "error: region `FLASH' overflowed by 117960 bytes"),
        ("over upload.maximum_size", False, None, ""),
        ("over upload.maximum_data_size", False, None, ""),
    ],
)  # fmt: skip
def test_recorded_compiles(
    case: str, success: bool, text: int | None, first: str, tmp_path: Path, tools: Toolchain
) -> None:
    report = _compiled(f"compile: {case}", tmp_path, tools)
    assert (report.success, report.text) == (success, text)
    said = [str(diagnostic).rpartition("/")[2] for diagnostic in report.diagnostics]
    assert first in said if first else not said
    if not success:
        assert report.error.startswith("Error during build: ")


@pytest.mark.parametrize(
    ("case", "kind", "text"),
    [
        ("unknown board", UsageError, "mlbench:nrf52840:nope: unknown board"),
        ("platform not installed", PlatformMissing, "not found: platform not installed"),
        ("malformed FQBN", UsageError, "Invalid FQBN: not an FQBN: mlbench"),
        ("unknown flag", EnvironmentFault, "Error: unknown flag: --nonsense"),
    ],
)  # fmt: skip
def test_recorded_refusals(
    case: str, kind: type[Exception], text: str, tmp_path: Path, tools: Toolchain
) -> None:
    compiler, job, _ = _replay(f"compile: {case}", tmp_path, tools)
    with pytest.raises(kind, match=re.escape(text)):
        compiler.compile(job)


@pytest.mark.parametrize("case", ["compile: no such sketch", "compile: folder without main .ino"])
def test_recorded_answers_on_stderr(case: str, tmp_path: Path, tools: Toolchain) -> None:
    report = _compiled(case, tmp_path, tools)
    assert not report.success
    assert report.error.startswith("Can't open sketch: ")


@pytest.mark.parametrize(
    ("case", "kind", "text"),
    [
        ("no upload tool in the platform", UploadRefused,
         "mlbench:nrf52840:nano33ble: its platform cannot upload: it defines no upload.tool.serial; "
         "give the board an `upload: command` (docs/boards.md)"),
        ("no such input dir", UploadRefused,
         "/nowhere: nothing to upload (no such file or directory); build the sketch anew"),
        ("tool fails", EnvironmentFault,
         "/dev/ttyACM0: arduino-cli could not upload: uploading error: exit status 1 "
         "(No device found on /dev/ttyACM0); see that"),
        ("no port given", UploadRefused,
         "mlbench:nrf52840:nano33ble: needs a port to upload by; name it by --port"),
    ],
)  # fmt: skip
def test_recorded_uploads_that_fail(
    case: str, kind: type[Exception], text: str, tmp_path: Path, tools: Toolchain
) -> None:
    compiler, job, argv = _replay(f"upload: {case}", tmp_path, tools)
    folder = Path(argv[argv.index("--input-dir") + 1])
    with pytest.raises(EnvironmentFault) as caught:
        compiler.upload(job.fqbn, "/dev/ttyACM0", folder, 20)
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_recorded_upload(tmp_path: Path, tools: Toolchain) -> None:
    compiler, job, argv = _replay("upload: good", tmp_path, tools)
    folder = Path(argv[argv.index("--input-dir") + 1])
    assert compiler.upload(job.fqbn, "/dev/ttyACM0", folder, 20) == "/dev/ttyACM0"
    sent = json.loads((tmp_path / "argv.json").read_text())
    assert sent[2:] == argv[:-1], "the sketch itself is not needed beside --input-dir"


def test_recorded_properties(tmp_path: Path, tools: Toolchain) -> None:
    compiler, job, _ = _replay("properties", tmp_path, tools)
    properties = compiler.properties(job)
    assert properties["upload.maximum_size"] == "983040"
    assert properties["recipe.size.regex"].startswith("^(?:")


def test_a_recorded_install_without_a_network(tmp_path: Path, tools: Toolchain) -> None:
    compiler, _, _ = _replay("core install, network out of reach", tmp_path, tools)
    with pytest.raises(
        PlatformMissing, match=r"cannot be installed: .*Platform 'arduino:mbed_nano' not found"
    ):
        compiler.install_platform("arduino", "mbed_nano")


@pytest.mark.skipif(shutil.which("arduino-cli") is None, reason="needs arduino-cli on PATH")
def test_the_real_one(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.tools = replace(bench.tools, arduino_cli=Path(str(shutil.which("arduino-cli"))), offline=True)
    bench.cache = tmp_path / "cache"
    monkeypatch.setenv("HOME", str(tmp_path))
    sketch = bench.sketch("real", EMPTY)
    firmware = bench.build(sketch)
    assert Image.load(firmware.elf).symbol("malloc") is None
    assert Image.load(firmware.probe_elf).symbol("malloc") is not None
    text = "char big[300000];\nint volatile v;\nvoid setup() { v = big[v]; big[v] = 1; }\nvoid loop() {}\n"
    assert [o.region for o in bench.build(bench.sketch("large", text)).overflows] == ["RAM"]
    with pytest.raises(BuildFailed) as caught:
        bench.build(bench.sketch("bad", "void setup() {\n  oops(1);\n}\nvoid loop() {}\n"))
    assert caught.value.where.endswith("bad.ino:2")
    with pytest.raises(UsageError, match="unknown board"):
        bench.build(sketch, "acme:classic:nope")
    assert os.environ["HOME"] == str(tmp_path)


@pytest.mark.skipif(shutil.which("arduino-cli") is None, reason="needs arduino-cli on PATH")
def test_the_real_one_changes_nothing_of_the_user_s(
    bench: Bench, home: Path, book: Path, tmp_path: Path
) -> None:
    bench.tools = replace(bench.tools, arduino_cli=Path(str(shutil.which("arduino-cli"))))
    bench.cache = tmp_path / "cache"
    data = home / ".arduino15"
    shutil.copytree(book / "hardware/acme/classic", data / "packages/acme/hardware/classic/9.9.9")
    (home / "Arduino" / "libraries" / "Mine").mkdir(parents=True)
    (home / "Arduino" / "libraries" / "Mine" / "Mine.h").write_text("#define MINE 1\n")
    before = _tree(home)
    firmware = bench.build(bench.sketch("real", "#include <Mine.h>\n" + EMPTY))
    assert firmware.keys.platform == "acme:classic@2.4.1"
    assert firmware.keys.libraries == ("Mine",)
    assert bench.build(bench.sketch("real", "#include <Mine.h>\n" + EMPTY)).cached
    with pytest.raises(PlatformMissing, match=r"cannot be installed: .*'nobody:has' not found"):
        bench.build(bench.sketch("real", EMPTY), "nobody:has:it")
    assert _tree(home) == before
