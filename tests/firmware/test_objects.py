"""Objects that are kept for all sketches: the same bytes as the compiler gives, or the compiler itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from seeds import new_seed

from mlbench.firmware import launcher as launchers
from mlbench.firmware.launcher import launcher
from mlbench.firmware.object_server import VARIABLE, ObjectContext, ObjectServer
from mlbench.firmware.object_store import ObjectStore
from mlbench.firmware.toolchain import Toolchain

FLAGS = ("-c", "-g", "-Os", "-mcpu=cortex-m4", "-mthumb", "-MMD")


class Desk:
    """A workspace with a library, an include path, and a launcher in front of the compiler."""

    def __init__(self, folder: Path, gcc_bin: Path, program: Path) -> None:
        self.folder, self.gcc_bin, self.program = folder, gcc_bin, program
        self.store = ObjectStore(folder / "store")
        self.compiled: list[str] = []
        self.key = "key"

    def workspace(self, name: str = "one") -> Path:
        path = self.folder / name
        (path / "build").mkdir(parents=True, exist_ok=True)
        (path / "libraries").mkdir(exist_ok=True)
        return path

    def write(self, path: str, text: str, workspace: str = "one") -> Path:
        file = self.workspace(workspace) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        # Whatever is not the workspace's own counts only once it rests.
        os.utime(file)
        return file

    def argv(self, workspace: Path, source: str, *options: str, compiler: str = "gcc") -> list[str]:
        maps = (f"-ffile-prefix-map={workspace}=/room", f"-ffile-prefix-map={workspace}/libraries=/libraries")
        return [
            str(self.gcc_bin / f"arm-none-eabi-{compiler}"),
            *(*FLAGS, *maps, *options, str(workspace / source)),
            *("-o", str(workspace / "build/out.o")),
        ]

    def compile(
        self, *options: str, source: str = "libraries/a/a.c", workspace: str = "one", compiler: str = "gcc"
    ) -> bytes:
        """The object, which must be the compiler's own; who compiled it is in ``compiled``."""
        place = self.workspace(workspace)
        argv = self.argv(place, source, *options, compiler=compiler)
        done = subprocess.run(argv, capture_output=True, check=False)
        plain = (done.returncode, done.stderr, *(self._files(place) if done.returncode == 0 else ()))
        done, _ = self.launch(place, argv)
        assert (done.returncode, done.stderr, *(self._files(place) if done.returncode == 0 else ())) == plain
        return plain[2] if len(plain) > 2 else b""

    def launch(self, place: Path, argv: list[str]) -> tuple[subprocess.CompletedProcess[bytes], ObjectServer]:
        with self.serving(place) as (server, variables):
            done = subprocess.run(
                [str(self.program), *argv], capture_output=True, check=False, env={**os.environ, **variables}
            )
        if server.misses:
            self.compiled.append(argv[-3])
        return done, server

    def serving(self, place: Path) -> Serving:
        environment = {"PATH": os.environ["PATH"]}
        context = ObjectContext(self.key, place, environment, (), (), 60.0)
        return Serving(ObjectServer(self.store, context))

    def compiles(self) -> int:
        """How often the compiler has run since this was asked last."""
        number = len(self.compiled)
        self.compiled.clear()
        return number

    @staticmethod
    def _files(place: Path) -> tuple[bytes, bytes]:
        written = [place / "build/out.o", place / "build/out.d"]
        contents = tuple(file.read_bytes() for file in written)
        for file in written:
            file.unlink()
        return contents[0], contents[1]


class Serving:
    def __init__(self, server: ObjectServer) -> None:
        self.server, self.context = server, server.serving()

    def __enter__(self) -> tuple[ObjectServer, dict[str, str]]:
        return self.server, self.context.__enter__()

    def __exit__(self, *error: object) -> None:
        self.context.__exit__(None, None, None)


@pytest.fixture(params=["C", "Python"])
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "Python":
        monkeypatch.setattr(launchers, "compiler", lambda: None)
    path = launcher(tmp_path / request.param)
    assert path is not None
    assert (path.read_bytes()[:2] == b"#!") is (request.param == "Python")
    return path


@pytest.fixture
def desk(tmp_path: Path, tools: Toolchain) -> Desk:
    path = launcher(tmp_path / "launcher")
    assert path is not None
    assert tools.gcc_bin is not None
    return Desk(tmp_path, tools.gcc_bin, path)


def test_an_object_is_compiled_once_in_whichever_workspace(desk: Desk, program: Path) -> None:
    desk.program = program
    text = '#include "a.h"\nint a(void) { int unused; return A; }\n'
    objects = set()
    for workspace in ("one", "two"):
        desk.write("libraries/a/a.c", text, workspace)
        desk.write("libraries/a/a.h", "#define A 1\n", workspace)
        for options in ((), ("-Wall",), ("-Wall",)):  # warnings are told again, with the file's own place
            objects.add(desk.compile(*options, workspace=workspace))
    assert desk.compiles() == 2
    assert len(objects) == 1


def test_an_error_is_told_and_nothing_kept(desk: Desk, program: Path) -> None:
    desk.program = program
    desk.write("libraries/a/a.c", "int a(void) { return b; }\n")
    for _ in range(2):
        assert desk.compile() == b""
    assert desk.compiles() == 2
    assert desk.store.records("anything") == []


CASES: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, str], tuple[str, ...]]] = {
    "a header": ({"a/a.h": "#define A 1\n"}, (), {"a/a.h": "#define A 2\n"}, ()),
    "a header of a header": (
        {"a/a.h": '#include "b.h"\n', "a/b.h": "#define A 1\n"},
        (),
        {"a/b.h": "#define A 2\n"},
        (),
    ),
    "a header that hides another": (
        {"a/a.h": "#include <b.h>\n", "b/b.h": "#define A 1\n"},
        ("-IW/libraries/c", "-IW/libraries/b"),
        {"c/b.h": "#define A 2\n"},
        ("-IW/libraries/c", "-IW/libraries/b"),
    ),
    "a folder in front": (
        {"a/a.h": "#include <b.h>\n", "b/b.h": "#define A 1\n", "c/b.h": "#define A 2\n"},
        ("-IW/libraries/b",),
        {},
        ("-IW/libraries/c", "-IW/libraries/b"),
    ),
    "a header beside": (
        {"a/a.h": '#include "b.h"\n', "b/b.h": "#define A 1\n"},
        ("-IW/libraries/b",),
        {"a/b.h": "#define A 2\n"},
        ("-IW/libraries/b",),
    ),
    "a header that is asked for": (
        {"a/a.h": "#if __has_include(<b.h>)\n#define A 2\n#else\n#define A 1\n#endif\n"},
        ("-IW/libraries/b",),
        {"b/b.h": ""},
        ("-IW/libraries/b",),
    ),
    "a header that a macro names": (
        {"a/a.h": "#include NAME\n", "b/x/b.h": "#define A 1\n", "c/y.h": ""},
        ("-IW/libraries/c", "-IW/libraries/b", "-DNAME=<x/b.h>"),
        {"c/x/b.h": "#define A 2\n"},
        ("-IW/libraries/c", "-IW/libraries/b", "-DNAME=<x/b.h>"),
    ),
    "a header that a macro asks for": (
        {"a/a.h": "#define B <b.h>\n#if __has_include(B)\n#define A 2\n#else\n#define A 1\n#endif\n"},
        ("-IW/libraries/b",),
        {"b/b.h": ""},
        ("-IW/libraries/b",),
    ),
    "a header of the system's that is hidden": (
        {"a/a.h": "#include <stdlib.h>\n#ifndef A\n#define A 1\n#endif\n", "b/c.h": ""},
        ("-IW/libraries/b",),
        {"b/sys/cdefs.h": "#define A 2\n#include_next <sys/cdefs.h>\n"},
        ("-IW/libraries/b",),
    ),
    "the next header": (
        {"b/b.h": "#include_next <b.h>\n", "c/b.h": "#define A 1\n", "a/a.h": "#include <b.h>\n"},
        ("-IW/libraries/b", "-IW/libraries/d", "-IW/libraries/c"),
        {"d/b.h": "#define A 2\n"},
        ("-IW/libraries/b", "-IW/libraries/d", "-IW/libraries/c"),
    ),
    "a header that is forced": (
        {"a/a.h": "", "f/f.h": "#define A 1\n"},
        ("-include", "f.h", "-IW/libraries/g", "-IW/libraries/f"),
        {"g/f.h": "#define A 2\n"},
        ("-include", "f.h", "-IW/libraries/g", "-IW/libraries/f"),
    ),
    "a response file": (
        {"a/a.h": "", "r": "-DA=1"},
        ("@W/libraries/r",),
        {"r": "-DA=2"},
        ("@W/libraries/r",),
    ),
    "a flag": ({"a/a.h": ""}, ("-DA=1",), {}, ("-DA=2",)),
    "what the assembler includes": (
        {"a/a.h": '#define A 1\nasm(".incbin \\"" D "\\"");\n', "bin": "1"},
        ('-DD="W/libraries/bin"',),
        {"bin": "22"},
        ('-DD="W/libraries/bin"',),
    ),
    "a header that calls itself the system's": (
        {
            "a/a.h": "#include <s.h>\n",
            "s/s.h": "#pragma GCC system_header\n#include <t.h>\n",
            "s/t.h": "#define A 1\n",
        },
        ("-IW/libraries/s",),
        {"s/t.h": "#define A 2\n"},
        ("-IW/libraries/s",),
    ),
    "a folder of the system's": (
        {"a/a.h": "#include <s.h>\n", "s/s.h": "#define A 1\n"},
        ("-isystem", "W/libraries/s"),
        {"s/s.h": "#define A 2\n"},
        ("-isystem", "W/libraries/s"),
    ),
    "a name in macros": (
        {"a/a.h": "#define A 1\nconst char *const name = __FILE__;\n"},
        ("-ffile-prefix-map=W=x",),
        {},
        ("-ffile-prefix-map=W=y",),
    ),
    "a name in debug information": ({"a/a.h": "#define A 1\n"}, (), {}, ("-fdebug-prefix-map=W=/else",)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_an_object_depends_on_compiles_it_again(desk: Desk, case: str) -> None:
    before, options, after, then = CASES[case]

    def here(words: tuple[str, ...]) -> list[str]:
        return [
            word.replace("W/", f"{desk.workspace()}/").replace("=W=", f"={desk.workspace()}=")
            for word in words
        ]

    desk.write("libraries/a/a.c", '#include "a.h"\nint a(void) { return A; }\n')
    for path, text in before.items():
        desk.write(f"libraries/{path}", text)
    first = desk.compile(*here(options))
    for path, text in after.items():
        desk.write(f"libraries/{path}", text)
    desk.compiles()
    assert desk.compile(*here(then)) != first
    desk.compile(*here(then))
    assert desk.compiles() <= 2


def test_other_folders_on_the_path_compile_nothing(desk: Desk) -> None:
    has = "#if __has_include(<utility>)\n#endif\n"
    desk.write("libraries/a/a.c", f'#include <stdlib.h>\n{has}#include "a.h"\nint a(void) {{ return A; }}\n')
    desk.write("libraries/a/a.h", "#define A 1\n")
    desk.write("libraries/b/b.h", "")
    # As many libraries have; <utility> is a file.
    desk.write("libraries/b/utility/u.h", "")
    sources = "-Ilibraries/a", "-IW/libraries/b"
    for options in ((), sources[1:], sources):
        desk.compile(*(word.replace("W/", f"{desk.workspace()}/") for word in options))
    assert desk.compiles() == 1


def test_any_edits_give_what_the_compiler_gives(desk: Desk) -> None:
    """Whatever is written, removed, and named: the object is the compiler's own (``Desk.compile``)."""
    seed = new_seed()
    rng = random.Random(seed)
    places = ["libraries/a", "libraries/b", "libraries/c/src", "libraries/c/src/sub"]
    names = ["a.h", "b.h", "sub/a.h"]
    spelled = ['"a.h"', "<a.h>", '"b.h"', "<b.h>", "<sub/a.h>", '"../b/b.h"', "<string.h>"]
    for workspace in ("one", "two"):
        desk.write(
            "libraries/a/a.c", "#ifndef A\n#define A 0\n#endif\nint a(void) { return A; }\n", workspace
        )
    for _ in range(25):
        workspace = rng.choice(("one", "two"))
        for _ in range(rng.randrange(3)):
            file = desk.workspace(workspace) / rng.choice(places) / rng.choice(names)
            if file.exists() and rng.random() < 0.4:
                file.unlink()
                continue
            lines = [f"#if __has_include({name})\n#include {name}\n#endif" for name in rng.sample(spelled, 2)]
            lines += ["#undef A", f"#define A {rng.randrange(3)}"] if rng.random() < 0.7 else []
            depth = "#pragma once\n"  # without it headers that include each other have no end
            desk.write(
                str(file.relative_to(desk.workspace(workspace))), depth + "\n".join(lines) + "\n", workspace
            )
        source = desk.write(
            "libraries/a/a.c",
            f"#include {rng.choice(spelled)}\n#ifndef A\n#define A 0\n#endif\nint a(void) {{ return A; }}\n",
            workspace,
        )
        assert source.exists()
        path = [f"-I{desk.workspace(workspace) / place}" for place in rng.sample(places, rng.randrange(5))]
        desk.compile(*path, workspace=workspace)


def test_an_object_that_holds_its_place_stays_in_its_workspace(desk: Desk) -> None:
    for workspace in ("one", "two"):
        desk.write("libraries/a/a.c", f'const char *a(void) {{ return "{desk.folder}/one"; }}\n', workspace)
        desk.compile(workspace=workspace)
    assert desk.compiles() == 2


def test_a_file_of_others_that_changes_meanwhile_keeps_nothing(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "o.h"
    outside.parent.mkdir()
    outside.write_text("#define A 1\n")
    desk.write("libraries/a/a.c", "#include <o.h>\nint a(void) { return A; }\n")
    changing = tmp_path / "arm-none-eabi-gcc"
    changing.write_text(
        f'#!/bin/sh\n"{desk.gcc_bin}/arm-none-eabi-gcc" "$@" && echo "#define A 2" > "{outside}"\n'
    )
    changing.chmod(0o755)
    place = desk.workspace()
    argv = desk.argv(place, "libraries/a/a.c", f"-I{outside.parent}")
    desk.launch(place, [str(changing), *argv[1:]])
    assert not (desk.store.folder / "commands").exists()
    desk.compile(f"-I{outside.parent}")
    desk.compile(f"-I{outside.parent}")
    assert desk.compiles() == 2


def test_a_damaged_object_is_compiled_again(desk: Desk) -> None:
    desk.write("libraries/a/a.c", "int a(void) { return 1; }\n")
    desk.compile()
    (path,) = (desk.store.folder / "objects").glob("*/*")
    path.write_bytes(path.read_bytes()[:-1])
    desk.compile()
    (path,) = (desk.store.folder / "commands").glob("*/*")
    path.write_text("[{}, 1, {")
    desk.compile()
    assert desk.compiles() == 3
    desk.store = replace(desk.store, since=time.time())
    desk.compile()
    desk.compile()
    assert desk.compiles() == 1, "what is older does not count, what is new does"


def test_another_compiler_shares_nothing(desk: Desk) -> None:
    desk.write("libraries/a/a.c", "int a(void) { return 1; }\n")
    desk.compile()
    desk.key = "another"
    desk.compile()
    assert desk.compiles() == 2


def test_who_comes_meanwhile_waits_for_the_object(desk: Desk) -> None:
    desk.write("libraries/a/a.c", "int a(void) { return 1; }\n")
    place = desk.workspace()
    together = threading.Barrier(4)

    def start(number: int) -> ObjectServer:
        argv = desk.argv(place, "libraries/a/a.c")
        together.wait()
        return desk.launch(place, [*argv[:-1], str(place / "build/out.o")])[1]

    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(start, range(4)))
    assert sorted(server.misses for server in servers) == [0, 0, 0, 1]
    assert not list((desk.store.folder / "turns").iterdir())


def test_a_launcher_that_is_killed_holds_up_nobody(desk: Desk, program: Path) -> None:
    desk.program = program
    desk.write("libraries/a/a.c", "int a(void) { return 1; }\n")
    place = desk.workspace()
    slow = desk.folder / "arm-none-eabi-gcc"
    slow.write_text(
        f"#!{sys.executable}\nimport time\nopen('{desk.folder}/begun', 'w').close()\ntime.sleep(60)\n"
    )
    slow.chmod(0o755)
    argv = desk.argv(place, "libraries/a/a.c")
    with desk.serving(place) as (server, variables):
        environment = {**os.environ, **variables}
        process = subprocess.Popen(
            [str(program), str(slow), *argv[1:]], env=environment, start_new_session=True
        )
        while not (desk.folder / "begun").exists():
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        subprocess.run([str(program), *argv], env=environment, check=True)
    assert server.misses == 1
    assert (place / "build/out.o").exists()


@pytest.fixture(params=["no name", "nobody there", "a name too long"])
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    names = {"no name": "", "nobody there": str(tmp_path / "none"), "a name too long": "/" + "x" * 200}
    return {VARIABLE: names[request.param]}


def test_more_messages_than_anybody_keeps(desk: Desk, program: Path) -> None:
    desk.program = program
    desk.write(
        "libraries/a/a.c", "#pragma message " + '"' + "x" * 3000 + '"\n' + "int a(void) { return 1; }\n"
    )
    desk.write(
        "libraries/a/m.c", "\n".join(f'#pragma message "{"x" * 3000}"' for _ in range(250)) + "\nint m;\n"
    )
    assert desk.compile(source="libraries/a/a.c")
    for _ in range(2):
        assert desk.compile(source="libraries/a/m.c")
    assert desk.compiles() == 3


def test_without_anybody_to_ask_the_compiler_runs(desk: Desk, program: Path, alone: dict[str, str]) -> None:
    desk.write("libraries/a/a.c", "int a(void) { return 1; }\n")
    argv = desk.argv(desk.workspace(), "libraries/a/a.c")
    subprocess.run([str(program), *argv], env={**os.environ, **alone}, check=True)
    assert (desk.workspace() / "build/out.o").exists()
    missing = subprocess.run([str(program), "/none/arm-none-eabi-gcc"], capture_output=True, check=False)
    assert missing.returncode == 127
    assert b"/none/arm-none-eabi-gcc" in missing.stderr
