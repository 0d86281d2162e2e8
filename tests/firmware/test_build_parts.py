"""The smaller parts: names of boards, folders, versions, properties, workspaces, what is kept."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.firmware import BuildKeys, BuildRequest, Diagnostic, Firmware, Overflow
from mlbench.errors import EnvironmentFault, HostTimeout, UsageError
from mlbench.firmware import flags
from mlbench.firmware.arduino_builder import parse_messages
from mlbench.firmware.compiler import expand
from mlbench.firmware.firmware_cache import FirmwareCache
from mlbench.firmware.library_files import library_digest
from mlbench.firmware.platforms import Fqbn, platforms_for, version_key
from mlbench.firmware.sketch_source import read_source
from mlbench.firmware.source_tree import read_tree, tree_digest
from mlbench.firmware.toolchain import Toolchain, compiler_version, probe_version
from mlbench.firmware.workspace import Workspace, safe_name


@pytest.mark.parametrize(
    "text", ["a:b:c", "mlbench:nrf52840:nano33ble", "a:b:c:opt=v,other=2", "esp-32:x.y:z_1"]
)
def test_board_names(text: str) -> None:
    fqbn = Fqbn.parse(text)
    assert fqbn.text == text
    assert fqbn.platform == ":".join(text.split(":")[:2])


@pytest.mark.parametrize(
    "text",
    ["", "a", "a:b", "a:b:", ":b:c", "a:b:c:d", "a:b:c:x=", "a:b:c:x=1,", "a b:c:d", "a:b:c\n", "../a:b:c"],
)
def test_what_is_no_board_name(text: str) -> None:
    with pytest.raises(UsageError, match="is not a board name"):
        Fqbn.parse(text)


def test_versions_sort_by_number_and_releases_last() -> None:
    versions = ["4.9.1", "4.10.0", "4.10.0-rc1", "2.4.1"]
    assert sorted(versions, key=version_key) == ["2.4.1", "4.9.1", "4.10.0-rc1", "4.10.0"]


def _platform(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "boards.txt").write_text("")
    (folder / "platform.txt").write_text("version=1\n")
    return folder


def test_the_newest_installed_platform_is_used_and_the_user_s_own_goes_before(tmp_path: Path) -> None:
    packages = tmp_path / ".arduino15/packages/acme/hardware/nrf"
    _platform(packages / "1.9.0")
    newest = _platform(packages / "1.10.0")
    fqbn = Fqbn.parse("acme:nrf:nano")
    environ = {"HOME": str(tmp_path)}
    platforms = platforms_for(fqbn, tmp_path / "own", tmp_path / "data", environ)
    assert platforms.platform(fqbn) == newest
    before = platforms.fingerprint(fqbn)
    (newest / "platform.local.txt").write_text("compiler.path=/x/\n")
    assert platforms.fingerprint(fqbn) != before
    own = _platform(tmp_path / "book/hardware/acme/nrf")
    platforms = platforms_for(
        fqbn,
        tmp_path / "own",
        tmp_path / "data",
        environ | {"ARDUINO_DIRECTORIES_USER": str(tmp_path / "book")},
    )
    assert platforms.platform(fqbn) == own
    before = platforms.fingerprint(fqbn)
    (own / "cores").mkdir()
    (own / "cores/a.c").write_text("")
    assert platforms.fingerprint(fqbn) != before
    assert platforms.platform(Fqbn.parse("acme:avr:uno")) is None


def test_own_boards_see_nothing_of_the_user_s(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "ARDUINO_DIRECTORIES_USER": "/u", "ARDUINO_DIRECTORIES_DATA": "/d"}
    platforms = platforms_for(
        Fqbn.parse("mlbench:nrf52840:nano33ble"), tmp_path / "own", tmp_path / "data", environ
    )
    assert (platforms.user, platforms.data) == (tmp_path / "own", tmp_path / "data")
    environ["ARDUINO_DIRECTORIES_USER"] = str(tmp_path)
    others = platforms_for(Fqbn.parse("a:b:c"), tmp_path / "own", tmp_path / "data", environ)
    assert (others.user, others.data_folders) == (tmp_path, (tmp_path / "data", Path("/d")))
    assert others.installs == tmp_path / "data"


def test_properties_expand_as_platforms_nest_them() -> None:
    properties = {
        "a": "1{b}",
        "b": "2{c.d}",
        "c.d": "3",
        "k": "d",
        "r": '"{a}" {object_files} {c.{k}}',
        "loop": "{loop}",
    }
    assert expand(properties["r"], properties) == '"123" {object_files} 3'
    assert expand("{loop}{", properties) == "{loop}{"


@given(st.text(alphabet="{}ab", max_size=30))
def test_expanding_ends(text: str) -> None:
    expand(text, {"a": "{b}", "b": "x", "ab": "{ab}a"})


def test_messages_of_the_machine_logger() -> None:
    text = (
        "noise\n===info ||| Progress {0} ||| [2.94]\n"
        "===error ||| Board {0} (platform {1}, package {2}) is unknown ||| [nope a%2Fb c+d]\n"
        "===warn ||| {0} left ||| []\n"
    )
    assert [str(message) for message in parse_messages(text)] == [
        "Progress 2.94", "Board nope (platform a/b, package c d) is unknown", " left",
    ]  # fmt: skip


def test_our_flags_come_after_the_platform_s_and_the_user_s(tmp_path: Path) -> None:
    properties = {
        "recipe.c.o.pattern": "gcc {compiler.c.extra_flags}",
        "recipe.cpp.o.pattern": "g++ {flags}",
        "flags": "{compiler.cpp.extra_flags}",
        "recipe.S.o.pattern": "gcc",
        "recipe.c.combine.pattern": "gcc -o x",
        "compiler.c.extra_flags": "-DMINE",
    }
    workspace = Workspace(tmp_path / "r", "s")
    added = dict(
        item.partition("=")[::2]
        for item in flags.workspace_properties(
            flags.BoardProperties(properties, flags.Compiler("", 12)), Fqbn.parse("a:b:c"), workspace
        )
    )
    assert set(added) == {"compiler.c.extra_flags", "compiler.cpp.extra_flags", "recipe.c.combine.pattern"}
    assert added["compiler.c.extra_flags"].startswith("-DMINE '-ffile-prefix-map=")
    assert added["recipe.c.combine.pattern"] == f"gcc -o x '@{workspace.link_options}'"
    old = flags.workspace_properties(
        flags.BoardProperties(properties, flags.Compiler("", 7)), Fqbn.parse("a:b:c"), workspace
    )
    assert "-ffile-prefix-map" not in "".join(old), "gcc 7 has no such option"


def test_a_room_is_refilled_by_content_and_emptied_after_a_crash(tmp_path: Path) -> None:
    sketch = tmp_path / "my sketch"
    (sketch / "src").mkdir(parents=True)
    (sketch / "my sketch.ino").write_text("void setup() {}\n")
    (sketch / "src/a.cpp").write_text("int a;\n")
    workspace = Workspace(tmp_path / "room", safe_name("my sketch"))

    def fill() -> None:
        source = read_source(BuildRequest(sketch, "a:b:c"))
        workspace.fill(source)
        workspace.finalize(source)

    fill()
    main, part = workspace.sketch / "my_sketch.ino", workspace.sketch / "src/a.cpp"
    assert main.read_text() == "void setup() {}\n"
    os.utime(part, (5, 5))
    (workspace.build_path / "sketch").mkdir()
    fill()
    assert part.stat().st_mtime == 5, "what has not changed is not touched"
    assert (workspace.build_path / "sketch").is_dir()
    (sketch / "src/a.cpp").write_text("int b;\n")
    os.utime(sketch / "src/a.cpp", (1, 1))
    fill()
    assert part.read_text() == "int b;\n"
    assert part.stat().st_mtime > 5, "newer than any object, whatever the original's time says"
    (sketch / "src/b.h").write_text("")
    fill()
    assert not (workspace.build_path / "sketch").exists(), "a new header may hide another"
    (workspace.build_path / "core").mkdir()
    source = read_source(BuildRequest(sketch, "a:b:c"))
    workspace.fill(source)
    workspace.fill(source)
    assert not (workspace.build_path / "core").exists(), "nobody sealed it: the compiler may have been killed"
    assert workspace.user_path(f"{main}", source) == str(sketch / "my sketch.ino")
    assert workspace.user_path(f"{workspace.build_path}/sketch/my_sketch.ino.cpp", source) == str(
        sketch / "my sketch.ino"
    )
    assert workspace.user_path("/sketch/my_sketch/src/a.cpp", source) == str(sketch / "src/a.cpp")
    assert workspace.user_path("/usr/include/stdio.h", source) == "/usr/include/stdio.h"


@given(st.dictionaries(st.text("abc/.", min_size=1, max_size=6), st.binary(max_size=8), max_size=4))
def test_a_tree_s_digest_follows_names_and_contents(contents: dict[str, bytes]) -> None:
    import hashlib

    from mlbench.firmware.source_tree import SourceFile

    def tree(items: dict[str, bytes]) -> dict[str, SourceFile]:
        return {k: SourceFile(k, Path(k), hashlib.sha256(v).hexdigest(), v) for k, v in items.items()}

    digest = tree_digest(tree(contents))
    assert digest == tree_digest(tree(dict(reversed(contents.items()))))
    assert digest != tree_digest(tree(contents | {"more": b""}))
    for name in contents:
        assert digest != tree_digest(tree(contents | {name: contents[name] + b"x"}))


def test_a_folder_that_is_no_sketch_s_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlbench.firmware.source_tree._MOST_FILES", 3)
    for index in range(4):
        (tmp_path / f"{index}.h").write_text("")
    with pytest.raises(UsageError, match="too much for sources"):
        read_tree(tmp_path)


def _firmware(folder: Path, name: str = "s") -> Firmware:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.elf").write_bytes(b"elf")
    return Firmware(
        name,
        Path("/here/s"),
        folder / f"{name}.elf",
        folder / f"{name}.elf",
        True,
        BuildKeys("a:b:c", "a:b@1", "gcc", "arduino-cli 1", ("L@1",)),
        (Overflow("RAM", 4),),
        (Diagnostic("warning", "w", "/here/s/s.ino", 3, 4), Diagnostic("warning", "v", "/core/x.c", 1)),
        1.5,
        notes=("a note",),
    )


def test_what_is_kept_comes_back_with_the_sketch_s_new_place(tmp_path: Path) -> None:
    store = FirmwareCache(tmp_path / "cache")
    store.save("k", _firmware(tmp_path / "work"), ())
    found = store.load("k", Path("/there/s"))
    assert found is not None
    assert found.cached
    assert found.elf.read_bytes() == b"elf"
    assert [diagnostic.file for diagnostic in found.diagnostics] == ["/there/s/s.ino", "/core/x.c"]
    assert (found.overflows, found.notes, found.is_template) == ((Overflow("RAM", 4),), ("a note",), True)
    assert store.load("other", Path("/there/s")) is None


def test_an_entry_counts_while_libraries_outside_stay_as_they_are(tmp_path: Path) -> None:
    library = tmp_path / "Lib"
    library.mkdir()
    (library / "a.h").write_text("1")
    store = FirmwareCache(tmp_path / "cache")
    store.save("k", _firmware(tmp_path / "work"), [(library, library_digest(library))])
    assert store.load("k", Path("/s")) is not None
    (library / "a.h").write_text("22")
    assert store.load("k", Path("/s")) is None
    store.save("k", _firmware(tmp_path / "work"), [(library, library_digest(library))])
    assert store.load("k", Path("/s")) is not None


def test_rooms_are_locked_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlbench.firmware.firmware_cache._WORKSPACES_KEPT", 2)
    store = FirmwareCache(tmp_path)
    for index, name in enumerate("abcd"):
        with store.locked_workspace(name, 1) as folder:
            folder.mkdir()
            os.utime(folder, (index, index))
    with store.locked_workspace("e", 1) as folder:
        folder.mkdir()
        kept = {path.name for path in store.workspaces.iterdir() if path.is_dir()}
        assert kept == {"c", "d", "e"}
        with (store.workspaces / "e.lock").open("a") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with (
            pytest.raises(HostTimeout, match="another process builds here"),
            store.locked_workspace("e", 0.1),
        ):
            pass


def test_tools_say_their_versions(tmp_path: Path, tools: Toolchain) -> None:
    assert tools.builder_name == "arduino-builder"
    assert tools.builder_version.count(".") == 2
    assert "arm-none-eabi-gcc" in tools.compiler_version
    assert Toolchain().builder_name == Toolchain().builder_version == Toolchain().compiler_version == ""
    cli = tmp_path / "arduino-cli"
    cli.write_text('#!/bin/sh\n[ "$*" = "version --json" ] && echo \'{"VersionString": "1.5.1"}\'\n')
    cli.chmod(0o755)
    assert probe_version(cli) == "1.5.1"
    mute = tmp_path / "arduino-builder"
    mute.write_text("#!/bin/sh\n")
    mute.chmod(0o755)
    with pytest.raises(EnvironmentFault, match="says no version"):
        probe_version(mute)
    with pytest.raises(EnvironmentFault, match="no such program"):
        compiler_version(tmp_path / "gcc")
