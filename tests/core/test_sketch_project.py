from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.core.sketch_project import LibraryPin, PlatformPin, SketchProject, read_project
from mlbench.errors import UsageError

TEXT = """\
profiles:
  uno:
    notes: of the kit
    fqbn: arduino:avr:uno
    programmer: atmel_ice
    platforms:
      - platform: arduino:avr (1.8.6)
    libraries:
      - TinyDHT sensor library (1.1.0)
      - dependency: Adafruit_Sensor (1.0.2-rc.1)
      - dir: ../common/Model
    port: /dev/ttyACM0
    port_config:
      baudrate: 115200
  tiny:
    fqbn: attiny:avr:ATtinyX5:cpu=attiny85,clock=internal16
    platforms:
      - platform: attiny:avr (1.0.2)
        platform_index_url: https://example.org/package_attiny_index.json
      - platform: arduino:avr (1.8.3)
  again:
    fqbn: arduino:avr:uno
default_profile: again
default_fqbn: arduino:samd:mkr1000
"""


def _read(folder: Path, text: str, name: str = "sketch.yaml") -> SketchProject:
    (folder / name).write_text(text)
    return read_project(folder, "kws")


def test_what_a_project_file_says(tmp_path: Path) -> None:
    project = _read(tmp_path, TEXT)
    uno, tiny, again = project.profiles
    assert uno.platforms == (PlatformPin("arduino", "avr", "1.8.6"),)
    assert uno.libraries == (
        LibraryPin("TinyDHT sensor library", "1.1.0"),
        LibraryPin("Adafruit_Sensor", "1.0.2-rc.1"),
        LibraryPin("Model", folder=tmp_path / "../common/Model"),
    )
    assert uno.where == "kws/sketch.yaml:2"
    assert tiny.platforms[0].index_url == "https://example.org/package_attiny_index.json"
    assert str(tiny.platforms[0]) == "attiny:avr@1.0.2"
    assert project.fqbn == "arduino:avr:uno"
    assert project.profile_for("arduino:avr:uno") == again, "of several profiles the default one counts"
    assert project.profile_for(tiny.fqbn) == tiny
    assert project.profile_for("arduino:samd:mkr1000") is None


def test_defaults_without_profiles(tmp_path: Path) -> None:
    assert read_project(tmp_path) == SketchProject()
    other = _read(tmp_path, "profiles: {}\ndefault_fqbn: x:y:z\ndefault_port: p\n", "sketch.yml")
    assert other.fqbn == "x:y:z"
    assert _read(tmp_path, "").fqbn == "", "the first name goes before the second"
    assert _read(tmp_path, "default_fqbn: a:b:c\ndefault_profile: none\n").fqbn == "a:b:c"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profiles: [", "kws/sketch.yaml:1: not valid YAML"),
        ("profiles:\n- a\n", "kws/sketch.yaml:1: needs keys with values"),
        ("profiles:\n  a:\n    fqbn: 5\n", "kws/sketch.yaml:3: needs text"),
        ("profiles:\n  a:\n    platforms: x\n", "kws/sketch.yaml:3: needs a list"),
        ("profiles:\n  a:\n    platforms:\n    - platform: arduino (1)\n", "4: 'arduino' is not a platform"),
        ("profiles:\n  a:\n    platforms:\n    - platform: a:b (1.0.0)\n    - platform: c:d\n",
         "3: some of the platforms have a version and others do not"),
        ("profiles:\n  a:\n    libraries:\n    - Some_Library\n", "4: library 'Some_Library' has no version"),
        ("profiles:\n  a:\n    libraries:\n    - Some_Library (1.0\n", "is no name with a version"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, text)
    assert message in str(caught.value)
