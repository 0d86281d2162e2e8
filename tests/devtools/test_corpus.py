"""What is said of other people's projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.devtools import corpus

WORK = "volatile float sink; void work(int n) { for (int i = 0; i < n; i++) sink = sink * 0.5f + i; }\n"


@pytest.mark.usefixtures("tools")
def test_each_sketch_of_each_project_has_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    predicts = "__attribute__((noinline)) void predict(int n) { work(n); }\nvoid setup() {}\n"
    sketches = {
        "one/kws": f"{WORK}{predicts}void loop() {{ predict(900); }}\n",
        "one/camera": "#include <esp_camera.h>\nvoid setup() {}\nvoid loop() {}\n",
    }
    for place, text in sketches.items():
        folder = tmp_path / "clones" / place
        folder.mkdir(parents=True)
        (folder / f"{folder.name}.ino").write_text(text)
    (tmp_path / "clones" / "one" / ".git").mkdir()
    (tmp_path / "clones" / "empty").mkdir()
    rows = tmp_path / "rows.jsonl"
    monkeypatch.setattr("sys.argv", ["corpus", str(tmp_path / "clones"), "--rows", str(rows)])
    assert corpus.main() == 0
    out = capsys.readouterr().out
    assert "| one | kws | measured | " in out
    assert "| one | camera | elsewhere | " in out
    assert "| empty |  | failed | " in out
    assert "2 sketches of 2 projects; 1 are not for another chip: 1 build, 1 give inference time" in out
    assert not (tmp_path / "clones" / "one" / "mlbench.yml").exists()
    # What is in the file of rows is not tried again.
    assert corpus.main() == 0
    assert capsys.readouterr().out == out
