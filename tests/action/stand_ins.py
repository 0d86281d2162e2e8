"""What act's runner lacks: stand-ins for remote actions, locks for them, a way for artifacts to the fake."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from lent_environment import WHEELHOUSE, lend

if TYPE_CHECKING:
    from act_bench import Stage

ROOT = Path(__file__).parents[2]
REPOSITORY = "owner/demo"
CACHES = "caches"
"""Where the stand-in of actions/cache keeps what it saves."""
_UPLOAD = """\
name: stand-in
inputs: {name: {default: x}, path: {default: x}, if-no-files-found: {default: x}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", FOLDER: "${{ inputs.path }}", TAKER: "TAKER_URL"}
      run: python3 -c 'import os,urllib.parse,urllib.request as r;
        r.urlopen(os.environ["TAKER"] + "/?" + urllib.parse.urlencode({"name":os.environ["NAME"],
        "path":os.path.abspath(os.environ["FOLDER"]),"run":os.environ["GITHUB_RUN_ID"]})).read()'
"""
_CHECKOUT = """\
name: stand-in
inputs: {repository: {default: x}, ref: {default: x}, path: {default: x}, persist-credentials: {default: x}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {WHERE: "${{ inputs.path }}"}
      run: cp -r "ACTION" "$GITHUB_WORKSPACE/$WHERE"
"""
_DOWNLOAD = """\
name: stand-in
inputs: {name: {default: x}, run-id: {default: x}, github-token: {default: x}, path: {default: x}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FROM: "DOWNLOADS/${{ inputs.run-id }}/${{ inputs.name }}", TO: "${{ inputs.path }}"}
      run: cp -r "$FROM" "$TO"
"""
_CACHE = """\
name: stand-in
inputs: {path: {default: x}, key: {default: x}, restore-keys: {default: ""}}
outputs: {cache-hit: {value: "${{ steps.cache.outputs.cache-hit }}"}}
runs:
  using: composite
  steps:
    - id: cache
      shell: bash
      env:
        KEY: "${{ inputs.key }}"
        FOLDERS: "${{ inputs.path }}"
        RESTORE_KEYS: "${{ inputs.restore-keys }}"
      run: python3 "SCRIPT" WHAT "STORE"
"""


def pinned(text: str) -> tuple[str, ...]:
    """What a file ``uses`` of others."""
    lines = (line.split("#")[0].strip().removeprefix("- ") for line in text.splitlines())
    return tuple(
        dict.fromkeys(line.removeprefix("uses:").strip() for line in lines if line.startswith("uses:"))
    )


class Taker:
    """Takes the folders that the stand-in of upload-artifact names, and hands them to the fake."""

    def __init__(self, stage: Stage) -> None:
        taker = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                taker.take(query)
                self.send_response(200)
                self.end_headers()

        self.stage = stage
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, query: Mapping[str, str]) -> None:
        folder = Path(query["path"])
        files = {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        self.stage.fake.artifact(REPOSITORY, self.stage.runs[int(query["run"])], query["name"], files)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def lay_out(folder: Path, taker: str) -> None:
    """The action as a consumer gets it, and the stand-ins."""
    action = folder / "action"
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", "*.so")
    shutil.copytree(ROOT / "mlbench", action / "mlbench", ignore=skipped)
    lend(action, folder / WHEELHOUSE)
    for name in ("action.yml", "entrypoint.py"):
        shutil.copy(ROOT / name, action / name)
    stand_ins = folder / "stand-ins"
    script = Path(__file__).with_name("cache_store.py")
    cache = _CACHE.replace("SCRIPT", str(script)).replace("STORE", str(folder / CACHES))
    for name, text in {
        "actions-upload-artifact": _UPLOAD.replace("TAKER_URL", taker),
        "actions-download-artifact": _DOWNLOAD.replace("DOWNLOADS", str(folder / "downloads")),
        "actions-checkout": _CHECKOUT.replace("ACTION", str(action)),
        "actions-cache/restore": cache.replace("WHAT", "restore"),
        "actions-cache/save": cache.replace("WHAT", "save"),
    }.items():
        (stand_ins / name).mkdir(parents=True)
        (stand_ins / name / "action.yml").write_text(text)


def make_path(folder: Path) -> str:
    """PATH of the runner: python3 is the one that the environment is made for."""
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
