"""Stands in for arduino-cli 1.5.1: its command line and its JSON, over arduino-builder's work.

Takes the arguments that the real one takes and no others, and answers in the shape that the real one
was seen to answer in. What it is told lies in ``fake.json`` beside it: the programs to use, and a
folder of platforms that "the network" has.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

HERE = Path(__file__).resolve().parent
TOLD = json.loads((HERE / "fake.json").read_text())
_NO_DISCOVERY = "Error initializing instance: Error loading hardware platform: discovery builtin:{} not found"
WARNINGS = [_NO_DISCOVERY.format(name) for name in ("serial-discovery", "mdns-discovery")]
VALUED = {
    "--fqbn",
    "--build-path",
    "--build-property",
    "--library",
    "--libraries",
    "--output-dir",
    "--warnings",
}


def main(argv: list[str]) -> int:
    with (HERE / "calls.jsonl").open("a") as log:
        log.write(json.dumps({"argv": argv, "environment": dict(os.environ)}) + "\n")
    keep_inventory()
    if argv == ["version", "--json"]:
        print(json.dumps({"Application": "arduino-cli", "VersionString": "1.5.1", "Commit": "01f3d4f2"}))
        return 0
    if argv[:1] != ["--config-file"]:
        return refuse_text("Error: this test gives --config-file first")
    config = json.loads(Path(argv[1]).read_text())
    assert config["updater"]["enable_notification"] is False
    assert config["metrics"]["enabled"] is False
    argv = argv[2:]
    if argv[0] == "core":
        return core(argv[1:])
    if argv[0] == "lib":
        return library(argv[1:])
    if argv[0] == "upload":
        return upload(argv[1:])
    if argv[0] == "compile":
        return compile_sketch(argv[1:])
    return refuse_text(f'Error: unknown command "{argv[0]}" for "arduino-cli"')


def keep_inventory() -> None:
    """Any call, "version" too, writes into the data folder (internal/inventory/inventory.go)."""
    data = Path(os.environ.get("ARDUINO_DIRECTORIES_DATA") or Path(os.environ["HOME"], ".arduino15"))
    if not (data / "inventory.yaml").exists():
        data.mkdir(parents=True, exist_ok=True)
        (data / "inventory.yaml").write_text("installation:\n  id: some\n")


def refuse_text(text: str) -> int:
    print(f"{text}\nUsage:\n  arduino-cli compile [flags]", file=sys.stderr)
    return 1


def refuse_json(error: str, status: int = 1) -> int:
    print(json.dumps({"error": error, "warnings": WARNINGS}), file=sys.stderr)
    return status


def refuse_build(error: str) -> int:
    answer = {"builder_result": None, "compiler_err": "", "compiler_out": "", "success": False}
    print(
        json.dumps(
            {**answer, "error": f"Error during build: {error}", "upload_result": {}, "warnings": WARNINGS}
        )
    )
    return 1


def core(argv: list[str]) -> int:
    data = Path(os.environ["ARDUINO_DIRECTORIES_DATA"])
    for name in ("package_index.json", "library_index.json"):
        json.loads((data / name).read_text())
    if argv == ["update-index"]:
        urls = os.environ.get("ARDUINO_BOARD_MANAGER_ADDITIONAL_URLS", "").split()
        names = ["package_index.tar.bz2", *(url.rpartition("/")[2] for url in urls)]
        return update_index(names, "Some indexes could not be updated.")
    if len(argv) == 3 and argv[0] == "install" and argv[2] == "--json":
        name, _, version = argv[1].partition("@")
        package, architecture = name.split(":")
        source = Path(TOLD["network"] or "/nowhere") / package / architecture
        if not source.is_dir():
            return refuse_json(f"Invalid argument passed: Platform '{argv[1]}' not found", 7)
        target = data / "packages" / package / "hardware" / architecture / (version or "2.4.1")
        shutil.copytree(source, target)
        print("{}")
        return 0
    return refuse_text("Error: unknown flag")


def update_index(names: list[str], error: str) -> int:
    """In text: none of the JSON says what went wrong. A download's progress ends in a carriage return."""
    reason = 'Download failed: performing HEAD request: Head "https://example.org/": no such host'
    for name in names:
        if TOLD["network"]:
            print(f"Downloading index: {name} 0 B / 9 B    0.00%\rDownloading index: {name} downloaded")
        else:
            print(f"Downloading index: {name} {reason}")
    print(*WARNINGS, "" if TOLD["network"] else error, sep="\n", file=sys.stderr)
    return 0 if TOLD["network"] else 1


def library(argv: list[str]) -> int:
    if argv == ["update-index"]:
        return update_index(
            ["library_index.tar.bz2"], "Error updating library index: Error downloading index"
        )
    name, _, version = argv[1].partition("@")
    source = Path(TOLD["network"] or "/nowhere") / "libraries" / name
    options = [word for word in argv[2:] if word != "--no-deps"]
    if argv[0] != "install" or options != ["--json"] or not source.is_dir():
        return refuse_json(f"Library '{argv[1]}' not found")
    target = Path(os.environ["ARDUINO_DIRECTORIES_USER"]) / "libraries" / name.replace(" ", "_")
    shutil.copytree(source, target)
    properties = f"name={name}\nversion={version or '1.0.0'}\nauthor=a\nmaintainer=a\nsentence=s\n"
    properties += "paragraph=p\ncategory=Other\nurl=u\narchitectures=*\n"
    (target / "library.properties").write_text(properties)
    print("{}")
    return 0


def compile_sketch(argv: list[str]) -> int:
    values: dict[str, list[str]] = {name: [] for name in VALUED}
    flags, sketches = [], []
    words = iter(argv)
    for word in words:
        if word in VALUED:
            values[word].append(next(words))
        elif word in ("--json", "--verbose") or word.startswith("--show-properties"):
            flags.append(word)
        elif word.startswith("-"):
            return refuse_text(f"Error: unknown flag: {word}")
        else:
            sketches.append(Path(word))
    assert "--json" in flags
    (sketch,) = sketches
    if not sketch.is_dir():
        return refuse_json(f"Can't open sketch: no such file or directory: {sketch}")
    if not (sketch / f"{sketch.name}.ino").is_file():
        return refuse_json(f"Can't open sketch: main file missing from sketch: {sketch / sketch.name}.ino")
    (fqbn,) = values["--fqbn"]
    if (sketch / "sketch.yaml").exists():
        return refuse_project(sketch / "sketch.yaml")
    if len(fqbn.split(":")) < 3:
        return refuse_build(f"Invalid FQBN: not an FQBN: {fqbn}")
    digest = hashlib.md5(str(sketch.resolve()).encode()).hexdigest().upper()
    build_path = Path(os.environ["ARDUINO_BUILD_CACHE_PATH"]) / "sketches" / digest
    if values["--build-path"]:
        build_path = Path(values["--build-path"][0])
    build_path.mkdir(parents=True, exist_ok=True)
    return answer(fqbn, sketch, build_path, values, flags)


def refuse_project(project: Path) -> int:
    """The defaults of a project file hold whatever the options say (internal/cli/compile/compile.go)."""
    text = project.read_text()
    if "default_port" in text:
        return refuse_json("Error getting port metadata: port not found: /dev/ttyACM0 serial")
    return refuse_build("Platform 'any:one' not found: platform not installed")


def answer(fqbn: str, sketch: Path, build_path: Path, values: dict[str, list[str]], flags: list[str]) -> int:
    package, architecture, board = fqbn.split(":")[:3]
    user, data = Path(os.environ["ARDUINO_DIRECTORIES_USER"]), Path(os.environ["ARDUINO_DIRECTORIES_DATA"])
    homes = [user / "hardware" / package / architecture]
    homes += sorted((data / "packages" / package / "hardware" / architecture).glob("*"))
    platform = next((home for home in homes if home.is_dir()), None)
    if platform is None:
        name = f"{package}:{architecture}"
        return refuse_build(
            f"Platform '{name}' not found: platform not installed\n"
            f"Platform {name} is not found in any known index\nMaybe you need to add a 3rd party URL?"
        )
    if f"{board}." not in (platform / "boards.txt").read_text():
        return refuse_build(f"Invalid FQBN: board {fqbn} not found")
    libraries = build_path.parent / "given-libraries"
    shutil.rmtree(libraries, ignore_errors=True)
    libraries.mkdir()
    for library in values["--library"]:
        (libraries / Path(library).name).symlink_to(library)
    common = ["-logger=machine", "-verbose", "-hardware", TOLD["hardware"], "-tools", TOLD["hardware"]]
    for folder in (user / "hardware", data / "packages"):
        common += ["-hardware", str(folder)] if folder.is_dir() else []
    for folder in (libraries, user / "libraries", *map(Path, values["--libraries"])):
        common += ["-libraries", str(folder)] if folder.is_dir() else []
    cores = Path(os.environ["ARDUINO_BUILD_CACHE_PATH"])
    common += [
        "-fqbn",
        fqbn,
        "-core-api-version",
        "10607",
        "-build-path",
        str(build_path),
        "-build-cache",
        str(cores),
    ]
    common += [f"-prefs={item}" for item in values["--build-property"]]
    shown = [flag for flag in flags if flag.startswith("--show-properties")]
    properties = call("-dump-prefs", *common, str(sketch)).stdout.splitlines()
    result: dict[str, Any] = {
        "board_platform": {
            "id": f"{package}:{architecture}",
            "install_dir": str(platform),
            "version": "2.4.1",
        },
        "build_path": str(build_path),
        "build_properties": [line for line in properties if "=" in line and not line.startswith("===")],
    }
    said: dict[str, Any] = {
        "compiler_out": "",
        "compiler_err": "",
        "builder_result": result,
        "upload_result": {},
    }
    if shown:
        print(json.dumps({**said, "success": True, "warnings": WARNINGS}))
        return 0
    done = call("-compile", *common, str(sketch))
    errors = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("==="))
    said["compiler_err"] = errors.removesuffix("exit status 1\n")
    if "--verbose" in flags:  # the commands, as a shell would take them
        said["compiler_out"] = "".join(x for x in done.stdout.splitlines(True) if not x.startswith("==="))
    fill(result, done.stdout + done.stderr)
    error = ""
    if done.returncode:
        large = "Sketch too big" in done.stdout + done.stderr
        error = "text section exceeds available space in board" if large else "exit status 1"
        result.pop("executable_sections_size", None)
        said["error"] = f"Error during build: {error}"
    found = [
        {
            "severity": m[4].upper().replace("FATAL ERROR", "FATAL"),
            "message": f"{m[5]}\n    1 | some code\n      | ^~~~",
            "file": m[1],
            "line": int(m[2]),
            "column": int(m[3]),
        }
        for m in re.finditer(
            r"^(\S[^:\n]*):(\d+):(\d+): (fatal error|error|warning): (.*)$", errors, re.MULTILINE
        )
    ]
    if found:
        result["diagnostics"] = found
    print(json.dumps({**said, "success": not error, "warnings": WARNINGS}))
    return 1 if error else 0


def upload(argv: list[str]) -> int:
    """As commands/service_upload.go goes about it, and in the shapes that were recorded."""
    values: dict[str, str] = {}
    words = iter(argv)
    for word in words:
        if word in ("--fqbn", "-p", "--input-dir"):
            values[word] = next(words)
        elif word != "--json":
            return refuse_text(f"Error: unknown flag: {word}")
    assert "--json" in argv
    fqbn, port, folder = values["--fqbn"], values.get("-p", ""), Path(values["--input-dir"])
    package, architecture, board = fqbn.split(":")[:3]
    platform = Path(os.environ["ARDUINO_DIRECTORIES_USER"]) / "hardware" / package / architecture
    if not platform.is_dir():
        name = f"{package}:{architecture}"
        return refuse_json(
            f"Error during Upload: Platform '{name}' not found: platform not installed\nMaybe?"
        )
    boards = (platform / "boards.txt").read_text()
    if f"{board}." not in boards:
        return refuse_json(f"Error during Upload: Invalid FQBN: board {fqbn} not found")
    if f"{board}.upload.tool" not in boards:
        return refuse_json("Error during Upload: Property 'upload.tool.serial' is undefined")
    looking = "Error finding build artifacts: looking for build artifacts"
    if not folder.is_dir():
        return refuse_json(f"{looking}: open {folder}: no such file or directory")
    names = {path.name.rpartition(".")[0] for path in folder.iterdir() if ".ino." in path.name}
    if len(names) != 1:
        return refuse_json(f"{looking}: could not find a valid build artifact")
    name = names.pop()
    if f"{board}.upload.use_1200bps_touch=true" in boards:
        port = touched(port)
    if not port:
        return refuse_json("Failed uploading: no upload port provided")
    status, said = tool(port, folder / name)
    if status:
        error = f"Failed uploading: uploading error: exit status {status}"
        output = {"stderr": said, "stdout": ""}
        print(json.dumps({"error": error, "output": output, "warnings": WARNINGS}), file=sys.stderr)
        return 1
    # Without a discovery no port is seen to come and go: the one that was asked for is told again.
    told = {"address": values["-p"], "properties": {}, "protocol": "serial"}
    print(json.dumps({"stdout": said, "stderr": "", "updated_upload_port": told, "warnings": WARNINGS}))
    return 0


def touched(port: str) -> str:
    code = (
        "import sys\n"
        "from mlbench.ports.finding import Port\n"
        "from mlbench.ports.opening import await_return, touch\n"
        "port = Port(sys.argv[1])\n"
        "touch(port, str)\n"
        "print(await_return(port, 10, list_all=tuple).port.device)\n"
    )
    done = driven("-c", code, port)
    return done.stdout.strip() or port  # its errors are told in passing, and the port is used as it is


def tool(port: str, stem: Path) -> tuple[int, str]:
    if not TOLD["upload"]:
        return 0, f"writing {stem}.bin to {port}\n"
    if TOLD["upload"] == "fail":
        return 1, f"No device found on {port}\n"
    done = driven("-m", "mlbench.simulated.bootloader", port, f"{stem}.elf")
    return done.returncode, done.stderr


def driven(*argv: str) -> subprocess.CompletedProcess[str]:
    """mlbench's own programs against a simulated board, in a process group of their own as tools are."""
    # What it is told is the root of the project; the packages are those of the Python that runs this.
    return subprocess.run(
        [sys.executable, *argv],
        env={**os.environ, "PYTHONPATH": TOLD["upload"]},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=os.setpgrp,
    )


def fill(result: dict[str, Any], text: str) -> None:
    """Sizes and libraries, as arduino-builder's logger for machines names them. Zeros vanish."""
    for template, arguments in re.findall(r"^===\w+ \|\|\| (.*?) \|\|\| \[(.*)\]$", text, re.MULTILINE):
        parts = [unquote_plus(part) for part in arguments.split(" ")]
        if template.startswith("Sketch uses"):
            entry = {"name": "text", "size": int(parts[0]), "max_size": int(parts[1])}
            result["executable_sections_size"] = [{k: v for k, v in entry.items() if v}]
        elif template.startswith("Using library {0} at version {1}"):
            name = re.search(
                r"^name=(.*)$", (Path(parts[2]) / "library.properties").read_text(), re.MULTILINE
            )
            used = {"name": name[1] if name else parts[0], "version": parts[1], "install_dir": parts[2]}
            result.setdefault("used_libraries", []).append(used)


def call(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOLD["builder"], *argv], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
