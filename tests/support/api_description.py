"""GitHub's own description of its REST API, cut down to what is used, and exchanges held against it.

GitHub publishes it as @octokit/openapi. ``python tests/support/api_description.py`` (part of ``make tools``)
fetches the package through npm and keeps the part in question in mlbench's folder on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fake_call import Request
from fake_faults import Reply

from mlbench.host.cache_dir import TOOLS, cache_area, home_path, locked

PACKAGE = "@octokit/openapi"
VERSION = "23.0.2"
SHA512 = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
"""Of the package's archive, in the registry's own form."""
MEMBER = "package/generated/api.github.com.json"

_REPO = "/repos/{owner}/{repo}"
PATHS = (
    "/user",
    _REPO,
    f"{_REPO}/issues/{{issue_number}}/comments",
    f"{_REPO}/issues/comments/{{comment_id}}",
    f"{_REPO}/issues/{{issue_number}}/labels",
    f"{_REPO}/issues/{{issue_number}}/events",
    f"{_REPO}/pulls",
    f"{_REPO}/pulls/{{pull_number}}",
    f"{_REPO}/commits",
    f"{_REPO}/commits/{{ref}}",
    f"{_REPO}/compare/{{basehead}}",
    f"{_REPO}/actions/runs",
    f"{_REPO}/actions/runs/{{run_id}}",
    f"{_REPO}/actions/runs/{{run_id}}/artifacts",
    f"{_REPO}/actions/artifacts",
    f"{_REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}",
)
METHODS = ("get", "post", "patch", "delete")
_ANYWHERE = frozenset({301, 307, 400, 401, 403, 404, 408, 410, 422, 429, 500, 502, 503, 504})
"""Redirects and errors that any endpoint may answer, whether its description lists them or not."""

Json = dict[str, Any]


def stored() -> Path:
    """Where the part is kept. Its name changes with what it is made from and how: with this file."""
    made_from = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    return home_path() / TOOLS / f"github-api-{VERSION}-{made_from}.json"


def fetch() -> Path:
    """Get the package, check it, and keep the part.

    Raises:
        OSError: npm cannot be run, or the registry is out of reach.
    """
    target = stored()
    with locked(cache_area(TOOLS) / "github-api.lock", print, "fetching the description of GitHub's API"):
        if target.is_file():
            return target
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("there is no npm on PATH")
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            patience = ("--fetch-retries=1", "--fetch-timeout=60000")
            command = [
                npm,
                "pack",
                f"{PACKAGE}@{VERSION}",
                "--silent",
                *patience,
                "--pack-destination",
                scratch,
            ]
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=180, check=False
            )
            archives = list(Path(scratch).glob("*.tgz"))
            if done.returncode or not archives:
                raise OSError(f"npm does not give {PACKAGE}: {(done.stderr or done.stdout).strip()[-300:]}")
            digest = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
            if digest != SHA512:
                raise OSError(f"{PACKAGE} {VERSION} is another one than expected: {digest}")
            with tarfile.open(archives[0]) as archive:
                member = archive.extractfile(MEMBER)
                assert member is not None
                whole = json.load(member)
            made = Path(scratch, "part.json")
            made.write_text(json.dumps(part_of(whole), separators=(",", ":")))
            made.replace(target)
        for old in set(target.parent.glob("github-api-*.json")) - {target}:
            old.unlink()
    return target


def part_of(whole: Json) -> Json:
    """The paths that are used, with all that they refer to, as JSON Schema of today."""
    part: Json = {"paths": {}, "components": {}}
    waiting: list[str] = []

    def take(value: Any) -> Any:
        if isinstance(value, list):
            return [take(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            waiting.append(value["$ref"])
        taken = {key: take(item) for key, item in value.items() if key not in ("examples", "example")}
        return _nullable(taken)

    for path in PATHS:
        described = whole["paths"][path]
        kept = [key for key in (*METHODS, "parameters") if key in described]
        part["paths"][path] = {key: take(described[key]) for key in kept}
    seen: set[str] = set()
    while waiting:
        reference = waiting.pop()
        if reference in seen:
            continue
        seen.add(reference)
        _, _, kind, name = reference.split("/")
        part["components"].setdefault(kind, {})[name] = take(whole["components"][kind][name])
    for name in ("pull-request", "pull-request-simple"):
        # The description forgets it: a fork that was removed is null there, as in the payloads of webhooks.
        head = part["components"]["schemas"][name]["properties"]["head"]["properties"]
        head["repo"] = {"anyOf": [{"type": "null"}, head["repo"]]}
    return part


def _nullable(schema: Json) -> Json:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if schema.get("nullable") is not True:
        return schema
    return {"anyOf": [{"type": "null"}, {key: value for key, value in schema.items() if key != "nullable"}]}


class ApiDescription:
    """Holds requests and answers against the description."""

    def __init__(self, part: Json) -> None:
        self._part = part
        self._paths = [
            (re.compile(re.sub(r"\\{[^/]+?\\}", "([^/]+)", re.escape(path))), path)
            for path in sorted(part["paths"], key=lambda path: path.count("{"))
        ]
        self._validators: dict[str, Any] = {}
        self.checked = 0

    @classmethod
    def load(cls) -> ApiDescription | None:
        """The one that is kept on this machine; None where it could not be fetched."""
        try:
            return cls(json.loads(stored().read_text()))
        except FileNotFoundError:
            return None

    def check(self, request: Request, reply: Reply) -> list[str]:
        """What is not as described, one line each."""
        if request.plain_path.endswith("/graphql"):
            return []
        self.checked += 1
        name = f"{request.method} {request.plain_path}"
        found = self._operation(request)
        if found is None:
            return [f"{name}: no such endpoint"]
        pointer, operation, values = found
        problems = self._parameters(operation, pointer, request, values)
        problems += self._request_body(operation, pointer, request)
        problems += self._reply(operation, pointer, reply)
        return [f"{name}: {problem}" for problem in problems]

    def _operation(self, request: Request) -> tuple[str, Json, Json] | None:
        for pattern, path in self._paths:
            matched = pattern.fullmatch(request.plain_path)
            method = request.method.lower()
            if matched and method in self._part["paths"][path]:
                names = re.findall(r"\{([^/]+?)\}", path)
                values = dict(zip(names, map(unquote, matched.groups()), strict=True))
                escaped = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
                return f"/paths/{escaped}/{method}", self._part["paths"][path][method], values
        return None

    def _parameters(self, operation: Json, pointer: str, request: Request, values: Json) -> list[str]:
        described: dict[tuple[str, str], tuple[str, Json]] = {}
        for index, parameter in enumerate(operation.get("parameters", [])):
            where, resolved = self._resolved(f"{pointer}/parameters/{index}", parameter)
            described[resolved["in"], resolved["name"]] = (where, resolved)
        problems = []
        given = {("path", name): value for name, value in values.items()}
        given |= {("query", name): value for name, value in request.query.items()}
        for key, value in given.items():
            if key not in described:
                problems.append(f"no parameter {key[1]!r} in the {key[0]}")
                continue
            where, resolved = described[key]
            kind = resolved["schema"].get("type")
            read: Any = int(value) if kind == "integer" and re.fullmatch(r"-?[0-9]+", value) else value
            read = value == "true" if kind == "boolean" and value in ("true", "false") else read
            problems += self._invalid(f"{where}/schema", read, f"parameter {key[1]!r}")
        missing = [key for key, (_, one) in described.items() if one.get("required") and key not in given]
        return problems + [f"parameter {key[1]!r} is missing" for key in missing]

    def _request_body(self, operation: Json, pointer: str, request: Request) -> list[str]:
        described = operation.get("requestBody")
        if described is None:
            return ["a body where none belongs"] if request.body else []
        if not request.body:
            return ["the body is missing"] if described.get("required") else []
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return ["the body is not called JSON"]
        where = f"{pointer}/requestBody/content/application~1json/schema"
        return self._invalid(where, json.loads(request.body), "the body")

    def _reply(self, operation: Json, pointer: str, reply: Reply) -> list[str]:
        described = operation["responses"].get(str(reply.status))
        if described is None:
            if reply.status not in _ANYWHERE:
                return [f"no answer {reply.status}"]
            data = json.loads(reply.body)
            return [] if isinstance(data.get("message"), str) else ["an error without a message"]
        where, resolved = self._resolved(f"{pointer}/responses/{reply.status}", described)
        content = resolved.get("content")
        if not content:
            return ["a body where none belongs"] if reply.body else []
        if reply.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            return ["the answer is not called JSON"]
        return self._invalid(
            f"{where}/content/application~1json/schema", json.loads(reply.body), "the answer"
        )

    def _resolved(self, pointer: str, value: Json) -> tuple[str, Json]:
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return pointer, value
        _, _, kind, name = reference.split("/")
        return reference[1:], self._part["components"][kind][name]

    def _invalid(self, pointer: str, value: Any, what: str) -> list[str]:
        import jsonschema_rs

        if pointer not in self._validators:
            # All of it stands under one root, so that references lead where they lead in the description.
            schema = {"$ref": f"#{pointer}", **self._part}
            self._validators[pointer] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        errors = list(self._validators[pointer].iter_errors(value))
        return [
            f"{what} at /{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in errors[:5]
        ]


def main() -> int:
    """Fetch it, for ``make tools``; a machine without npm does without."""
    try:
        print(f"mlbench: GitHub's description of its API: {fetch().name}", file=sys.stderr)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"mlbench: tests go without GitHub's description of its API: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
