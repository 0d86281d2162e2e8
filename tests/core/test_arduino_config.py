from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mlbench.core.arduino_config import ArduinoConfig, read_config
from mlbench.errors import UsageError
from mlbench.firmware.arduino_data import view_of

A, B = "https://example.org/package_a_index.json", "https://example.org/package_b_index.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".arduino15").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    return tmp_path / "home"


def _read(home: Path, text: str = "", **environ: str) -> ArduinoConfig:
    file = home / ".arduino15" / "arduino-cli.yaml"
    file.write_text(text)
    return read_config({"HOME": str(home), **environ}, home.parent / "work")


def test_without_a_configuration_the_usual_folders_count(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(home) == ArduinoConfig(home / ".arduino15", home / "Arduino")
    monkeypatch.setattr("sys.platform", "darwin")
    assert read_config({"HOME": "/Users/ada"}, home).user == Path("/Users/ada/Documents/Arduino")


CASES = [
    ("directories: {data: /d, user: /u, builtin: {libraries: /l}}", {}),
    ("directories.user: /u\nboard_manager.additional_urls: [https://example.org/package_a_index.json]", {}),
    ("directories: {data: ./d, user: ../u}", {}),
    ("directories: {data: ~/d, user: $HOME/u}", {}),
    ("directories: {user: /u}", {"ARDUINO_DIRECTORIES_USER": "book"}),
    ("directories: {user: /u}", {"ARDUINO_DIRECTORIES_USER": "a", "ARDUINO_SKETCHBOOK_DIR": "b"}),
    ("directories: {data: /d}", {"ARDUINO_DATA_DIR": "data"}),
    ("directories: {user: 5}\nnetwork: {proxy: [no]}\nother: {thing: 1}", {}),
    (f"board_manager: {{additional_urls: [{A}]}}", {}),
    (f"board_manager: {{additional_urls: [{A}]}}", {"ARDUINO_BOARD_MANAGER_ADDITIONAL_URLS": f"{B} {A}"}),
    ("board_manager: {additional_urls: }", {}),
    ("network: {proxy: 'http://proxy.example:1'}", {}),
    ("directories: {user: /u}", {"ARDUINO_CONFIG_FILE": "other.yaml"}),
    ("directories: {user: /u}", {"ARDUINO_DIRECTORIES_DATA": "elsewhere"}),
]


def _others(folder: Path) -> None:
    (folder / "other.yaml").write_text("directories: {user: of-other}\n")
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "arduino-cli.yaml").write_text("directories: {user: of-elsewhere}\n")


@pytest.mark.parametrize(("text", "environ"), CASES)
def test_the_configuration(text: str, environ: dict[str, str], home: Path) -> None:
    work = home.parent / "work"
    _others(work)
    expected = {
        0: ("/d", "/u"), 1: (None, "/u"), 2: (work / "d", work / "../u"), 3: (work / "~/d", work / "$HOME/u"),
        4: (None, work / "book"), 5: (None, work / "b"), 6: (work / "data", None), 7: (None, None),
        12: (None, work / "of-other"), 13: (work / "elsewhere", work / "of-elsewhere"),
    }  # fmt: skip
    config = _read(home, text, **environ)
    data, user = expected.get(CASES.index((text, environ)), (None, None))
    assert (config.data, config.user) == (Path(data or home / ".arduino15"), Path(user or home / "Arduino"))
    urls = {1: (A,), 8: (A,), 9: (B, A)}
    assert config.additional_urls == urls.get(CASES.index((text, environ)), ())
    assert config.libraries == (Path("/l") if "builtin" in text else None)
    assert config.proxy == ("http://proxy.example:1" if "proxy.example" in text else "")


@pytest.mark.skipif(shutil.which("arduino-cli") is None, reason="needs arduino-cli on PATH")
@pytest.mark.parametrize(("text", "environ"), CASES)
def test_arduino_cli_reads_the_same(text: str, environ: dict[str, str], home: Path) -> None:
    work = home.parent / "work"
    _others(work)
    config = _read(home, text, **environ)
    environment = {"HOME": str(home), **environ}
    command = [str(shutil.which("arduino-cli")), "config", "dump", "--json"]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=True)
    dumped = json.loads(done.stdout)["config"]
    folders = dumped.get("directories", {})
    assert config.data == work / folders.get("data", home / ".arduino15")
    assert config.user == work / folders.get("user", home / "Arduino")
    urls = (dumped.get("board_manager") or {}).get("additional_urls") or []
    assert config.additional_urls == tuple(urls)
    assert config.proxy == dumped.get("network", {}).get("proxy", "")


def test_a_file_that_is_not_yaml_is_named(home: Path) -> None:
    with pytest.raises(UsageError, match=r"arduino-cli\.yaml:1: not valid YAML"):
        _read(home, "directories: [")


def _package(data: Path, name: str, *files: str) -> Path:
    for file in files or ("hardware/avr/1.0.0/boards.txt",):
        path = data / "packages" / name / file
        path.parent.mkdir(parents=True)
        path.write_text(str(data))
    return data


def test_a_view_shows_the_packages_of_all_and_takes_no_part_in_them(tmp_path: Path) -> None:
    first = _package(_package(tmp_path / "one", "acme"), "builtin", "tools/ctags/5.8/ctags")
    second = _package(_package(tmp_path / "two", "acme"), "other")
    (first / "packages" / "platform.txt").write_text("name=all\n")
    view = view_of((first, second), tmp_path / "views")
    assert view_of((first, second), tmp_path / "views") == view
    packages = view / "packages"
    assert sorted(path.name for path in packages.iterdir()) == ["acme", "builtin", "other", "platform.txt"]
    assert (packages / "acme/hardware/avr/1.0.0/boards.txt").read_text() == str(first)
    assert (packages / "builtin/tools/ctags/5.8/ctags").read_text() == str(first)
    for name in ("builtin", "builtin/tools", "builtin/tools/ctags"):
        assert not (packages / name).is_symlink(), (
            "what arduino-cli installs there by itself stays in the view"
        )
    assert json.loads((view / "package_index.json").read_text()) == {"packages": []}
    _package(second, "new")
    assert view_of((first, second), tmp_path / "views") != view
    assert view_of((tmp_path / "none",), tmp_path / "views").is_dir()
