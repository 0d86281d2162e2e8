#!/usr/bin/env python3
"""Fetches TensorFlow Lite Micro and lays it out as an Arduino library.

The sources, the models and the test inputs come from the Rust crate ``tfmicro`` through ``cargo``,
which is what makes them reachable wherever Rust's packages are. Nothing is built with Rust.

Usage: ``python3 prepare.py [FOLDER]``: writes FOLDER/libraries/TensorFlowLiteMicro; FOLDER is the
current one by default. With MLBENCH_OFFLINE set, cargo takes what it fetched before. Ends with
status 1 and one line on stderr where it cannot.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

CRATE, VERSION = "tfmicro", "0.1.0"
CHECKSUM = "b2da8beabd85d11badfc2d603a31c9fb468702cda5fc034ac872fbaf43544e94"
"""SHA-256 of the crate's archive. cargo verifies the files against it."""

LIBRARY = "TensorFlowLiteMicro"
TENSORFLOW = Path("submodules/tensorflow")
DOWNLOADS = TENSORFLOW / "tensorflow/lite/micro/tools/make/downloads"
HEADER_ROOTS = (TENSORFLOW, DOWNLOADS / "flatbuffers/include", DOWNLOADS / "gemmlowp", DOWNLOADS / "ruy")
"""Folders, within the crate, that headers are included from."""

SOURCES = (
    "c/common.c",
    "core/api/error_reporter.cc",
    "core/api/flatbuffer_conversions.cc",
    "core/api/op_resolver.cc",
    "core/api/tensor_utils.cc",
    "kernels/internal/quantization_util.cc",
    "kernels/kernel_util.cc",
    "micro/kernels/conv.cc",
    "micro/kernels/depthwise_conv.cc",
    "micro/kernels/fully_connected.cc",
    "micro/kernels/micro_ops.h",
    "micro/kernels/pooling.cc",
    "micro/kernels/softmax.cc",
    "micro/memory_helpers.cc",
    "micro/memory_planner/greedy_memory_planner.cc",
    "micro/micro_allocator.cc",
    "micro/micro_error_reporter.cc",
    "micro/micro_interpreter.cc",
    "micro/micro_mutable_op_resolver.h",
    "micro/micro_string.cc",
    "micro/micro_utils.cc",
    "micro/simple_memory_allocator.cc",
)
"""What the two models and their sketches need, below tensorflow/lite; what these include follows."""

DATA = {
    "micro_speech_model": "micro_speech.tflite",
    "micro_speech_yes": "yes_micro_f2e59fea_nohash_1.data",
    "micro_speech_no": "no_micro_f9643d42_nohash_4.data",
    "person_detection_model": "person_detection_grayscale.tflite",
    "person_detection_person": "person_image_data_grayscale.data",
    "person_detection_no_person": "no_person_image_data_grayscale.data",
}
"""Arrays of the library, and the files below examples/models that they are made of."""

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)


class PrepareError(Exception):
    """One line: what is wrong and what to do."""


def fetched(work: Path) -> Path:
    """The crate's folder, after cargo has put it below ``work``."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PrepareError(
            "cargo is not on PATH, and TensorFlow Lite Micro is fetched with it;"
            " install Rust's cargo (on Debian and Ubuntu: apt-get install cargo)"
        )
    (work / "lib.rs").touch()
    (work / "Cargo.toml").write_text(
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2018"\n'
        f'[lib]\npath = "lib.rs"\n[dependencies]\n{CRATE} = "={VERSION}"\n[workspace]\n',
        encoding="utf-8",
    )
    command = [cargo, "vendor", "--quiet", "--manifest-path", str(work / "Cargo.toml"), str(work / "vendor")]
    if os.environ.get("MLBENCH_OFFLINE"):
        command.append("--offline")
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = " ".join(line.strip() for line in done.stderr.splitlines() if line.strip())
        raise PrepareError(f"cargo could not fetch {CRATE} {VERSION}: {said[:600] or 'it said nothing'}")
    crate = work / "vendor" / CRATE
    checksum = json.loads((crate / ".cargo-checksum.json").read_text(encoding="utf-8"))["package"]
    if checksum != CHECKSUM:
        raise PrepareError(f"{CRATE} {VERSION} has the checksum {checksum}, not {CHECKSUM}; do not use it")
    return crate


def with_headers(crate: Path, sources: Iterable[Path]) -> dict[Path, Path]:
    """The sources and every header they include in the end: place in the library, and file."""
    wanted = {source.relative_to(crate / TENSORFLOW): source for source in sources}
    waiting = list(wanted.values())
    while waiting:
        source = waiting.pop()
        for name in _INCLUDE.findall(source.read_bytes()):
            for root in (source.parent, *(crate / folder for folder in HEADER_ROOTS)):
                header = (root / name.decode()).resolve()
                if header.is_file():
                    break
            else:
                continue  # a header of another platform, behind an #if
            place = next(
                header.relative_to((crate / folder).resolve())
                for folder in reversed(HEADER_ROOTS)
                if header.is_relative_to((crate / folder).resolve())
            )
            if place not in wanted:
                wanted[place] = header
                waiting.append(header)
    return wanted


def array_source(name: str, data: bytes) -> str:
    """A C++ file that holds data, aligned as TensorFlow's flat buffers have to be."""
    lines = [f'#include "{LIBRARY}.h"', "", f"alignas(16) const unsigned char {name}[{len(data)}] = {{"]
    lines += ["    " + ",".join(map(str, data[at : at + 24])) + "," for at in range(0, len(data), 24)]
    return "\n".join([*lines, "};"]) + "\n"


def lay_out(crate: Path, library: Path) -> None:
    """Write the library, whole or not at all."""
    made = library.with_name(library.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    source = made / "src"
    lite = crate / TENSORFLOW / "tensorflow/lite"
    for place, file in with_headers(crate, (lite / name for name in SOURCES)).items():
        # Arduino's compilers take .cpp alone for C++.
        target = source / (place.with_suffix(".cpp") if place.suffix == ".cc" else place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    # flatbuffers asks for it by this name where it is compiled for Arduino.
    (source / "utility.h").write_text("#include <utility>\n", encoding="utf-8")
    header = ["#pragma once", "// Including this is what makes an Arduino compiler use the library."]
    for name, file_name in DATA.items():
        data = (crate / "examples/models" / file_name).read_bytes()
        header.append(f"extern const unsigned char {name}[{len(data)}];")
        (source / f"{name}.cpp").write_text(array_source(name, data), encoding="utf-8")
    (source / f"{LIBRARY}.h").write_text("\n".join(header) + "\n", encoding="utf-8")
    shutil.copyfile(crate / "LICENSE-APACHE", made / "LICENSE")
    properties = [
        f"name={LIBRARY}", "version=0.1.0", "author=The TensorFlow Authors", "maintainer=-",
        "sentence=TensorFlow Lite Micro with its speech and person models.", "paragraph=-",
        "category=Data Processing", "architectures=*", f"includes={LIBRARY}.h",
    ]  # fmt: skip
    (made / "library.properties").write_text("\n".join(properties) + "\n", encoding="utf-8")
    shutil.rmtree(library, ignore_errors=True)
    made.rename(library)


def main(arguments: list[str]) -> int:
    """Fetch and lay out, unless the library is there already."""
    folder = Path(arguments[0] if arguments else ".").resolve()
    library = folder / "libraries" / LIBRARY
    if library.is_dir():
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="tfmicro-") as work:
            lay_out(fetched(Path(work)), library)
    except (PrepareError, OSError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
