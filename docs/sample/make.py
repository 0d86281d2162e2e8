"""Makes the sample comment and summary of this folder, and their pictures: ``make sample``.

Measures two variants of the sample sketches, as a pull request would change them, and writes what the action
would show. ``--pictures`` draws the pages again without measuring. The pictures alone need more than the
project does: ``apt-get install chromium pngquant fonts-noto-color-emoji``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mlbench.reports.comment import comment_markdown
from mlbench.reports.flame_graph import STYLE, flame_graphs
from mlbench.reports.page import to_page
from mlbench.reports.summary import summary_markdown
from mlbench.results import comparison_file as comparison_document
from mlbench.results.comparison import Comparison

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
COMPARISON = FOLDER / "comparison.json"
TITLE = "mlbench"
RUN_URL = "https://github.com/owner/sketches/actions/runs/1"

SUITE = """\
thresholds:
  flash: {warn: 64 B, fail: 1 %}
  unused_ram: {fail: 4 KiB}
  inference_time: {warn: 0.5 %, fail: 2 %}
defaults: {board: "mlbench:nrf52840:nano33ble"}
sketches:
  - path: empty
  - path: keyword_spotting_graph
    init: "Model::Model()"
    inference: "Model::inference(void*, void*)"
    output: {arg: 2, bytes: 4}
    libraries: [libraries/TinyKernels, libraries/KeywordSpotting]
  - path: keyword_spotting_aot
    init: "model_initialize()"
    inference: "model_execute(void*, void*)"
    output: {arg: 1, bytes: 4}
    libraries: [libraries/TinyKernels, libraries/KeywordSpotting]
  - path: person_detection_aot
    init: "model_initialize()"
    inference: "model_execute(void*, void*)"
    output: {arg: 1, bytes: 2}
    libraries: [libraries/TinyKernels, libraries/PersonDetection]
"""

CHANGES = (
    # Twice as many products a round: faster, and larger.
    (
        "libraries/TinyKernels/src/tiny_kernels.cpp",
        "  for (; count >= 4; count -= 4, values += 4, weights += 4) {\n",
        "  for (; count >= 8; count -= 8, values += 8, weights += 8) {\n"
        "    sum += (values[4] - zero) * weights[4];\n"
        "    sum += (values[5] - zero) * weights[5];\n"
        "    sum += (values[6] - zero) * weights[6];\n"
        "    sum += (values[7] - zero) * weights[7];\n",
    ),
    # A buffer that the executor keeps: some bytes of need, some pages of what is left.
    (
        "libraries/TinyKernels/src/graph_executor.cpp",
        "  bool good = sizes != nullptr",
        "  static int8_t* scratch = nullptr;\n"
        "  if (scratch == nullptr) scratch = allocate<int8_t>(3000);\n"
        "  bool good = scratch != nullptr && sizes != nullptr",
    ),
)

PICTURES = (("comment", ""), ("comment", "dark"), ("summary", ""), ("flame-graph", ""))
WIDTH = 940
TALLEST = 1500


def main() -> None:
    """Measure unless told otherwise, then write and draw."""
    if "--pictures" not in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            measure(Path(scratch))
    comparison = comparison_document.read(COMPARISON)
    for name, text in texts(comparison).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    graphs = to_page("", "flame graphs", unfolded=True, more=flame_graphs(comparison), style=STYLE)
    for name, scheme in PICTURES:
        file = FOLDER / f"{name}.md"
        draw(to_page(file.read_text("utf-8"), name) if file.exists() else graphs, name, scheme)


def texts(comparison: Comparison) -> dict[str, str]:
    """The sample's texts by their files' names."""
    return {
        "comment.md": comment_markdown(comparison, title=TITLE, run_url=RUN_URL),
        "summary.md": summary_markdown(comparison, title=TITLE, run_url=RUN_URL),
    }


def measure(folder: Path) -> None:
    """Two commits of the sketches, the second measured against the first."""
    names = ("empty", "keyword_spotting_graph", "keyword_spotting_aot", "person_detection_aot", "libraries")
    for name in names:
        shutil.copytree(ROOT / "sketches" / name, folder / name)
    (folder / "mlbench.yml").write_text(SUITE, encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "Sketches")
    git(folder, "checkout", "-q", "-b", "faster-dot")
    for name, old, new in CHANGES:
        file = folder / name
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{name} has changed: {old!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")
    commit(folder, "Multiply eight at a time")
    command = [sys.executable, "-m", "mlbench", "run", "--baseline", "main", "--comparison", str(COMPARISON)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, cwd=folder, env=environ, check=False)
    if done.returncode not in (0, 1):  # 1: a threshold fails, as it should in a sample
        raise SystemExit(done.returncode)


def commit(folder: Path, message: str) -> None:
    """Commit everything, always under the same name and date."""
    git(folder, "add", "-A")
    who = ("-c", "user.name=sample", "-c", "user.email=sample@example.com")
    date = "2026-01-01T00:00:00Z"
    git(folder, *who, "commit", "-q", "-m", message, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)


def git(folder: Path, *arguments: str, **environ: str) -> None:
    """One call of git."""
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **environ}, check=True)  # noqa: S607


def draw(page: str, name: str, scheme: str) -> None:
    """A picture of a page, as long as the page is."""
    browser, press = shutil.which("chromium"), shutil.which("pngquant")
    if browser is None or press is None:
        raise SystemExit("pictures need more: apt-get install chromium pngquant fonts-noto-color-emoji")
    picture = FOLDER / f"{name}{'-' if scheme else ''}{scheme}.png"
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "page.html")
        file.write_text(page.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
        common = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={scratch}/profile",
        ]
        common += ["--hide-scrollbars", f"--blink-settings=preferredColorScheme={0 if scheme else 1}"]
        shown = subprocess.run(
            [*common, f"--window-size={WIDTH},400", "--dump-dom", file.as_uri()],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        height = int(shown.stdout.partition('data-height="')[2].partition('"')[0])
        size = f"--window-size={WIDTH},{min(height, TALLEST)}"
        subprocess.run(
            [*common, size, f"--screenshot={picture}", file.as_uri()],
            check=True,
            capture_output=True,
            timeout=120,
        )
    subprocess.run([press, "--force", "--ext", ".png", "--strip", "64", str(picture)], check=True)


MEASURE = "<script>document.body.dataset.height = Math.ceil(document.documentElement.scrollHeight)</script>"


if __name__ == "__main__":
    main()
