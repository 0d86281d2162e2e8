from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstream_repository import Upstream

from mlbench.errors import EnvironmentFault, HostTimeout, MLBenchError, UsageError
from mlbench.source.checkout import checkout
from mlbench.suite.suite_file import Source
from mlbench.util.git import without_userinfo
from mlbench.util.progress import Silent


def get(source: Source, cache: Path, **options):
    return checkout(source, cache, Silent(), where="mlbench.yml:3", **options)


def text(root: Path) -> str:
    return (root / "app" / "kws" / "kws.ino").read_text().strip()


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("", "// three"),
        ("main", "// three"),
        ("refs/heads/side", "// side"),
        ("side", "// side"),
        ("light", "// one"),
        ("v1", "// one"),
    ],
)
def test_branches_and_tags(upstream, tmp_path, ref, expected):
    found = get(Source(upstream.url, ref), tmp_path)
    assert text(found.root) == expected
    assert (found.root / "vendor" / "part" / "part.h").read_text() == "part\n"


def test_commits_in_full_and_abbreviated(upstream, tmp_path):
    for commit, expected in [
        (upstream.first, "// one"),
        (upstream.middle, "// two"),
        (upstream.last, "// three"),
    ]:
        for ref in (commit, commit[:8]):
            found = get(Source(upstream.url, ref), tmp_path)
            assert (found.commit, text(found.root)) == (commit, expected)


def test_a_checkout_is_shallow_and_used_again(upstream, tmp_path):
    found = get(Source(upstream.url, "main"), tmp_path)
    assert (found.root / ".git" / "shallow").is_file()
    (found.root / "mine").touch()
    again = get(Source(upstream.url, upstream.last), tmp_path)
    assert again == found
    assert (again.root / "mine").exists()


def test_a_half_made_checkout_is_made_anew(upstream, tmp_path):
    found = get(Source(upstream.url, "main"), tmp_path)
    (found.root / ".git" / "mlbench-complete").unlink()
    (found.root / "app" / "kws" / "kws.ino").unlink()
    assert text(get(Source(upstream.url, "main"), tmp_path).root) == "// three"


def test_a_branch_that_moved_is_fetched_again(tmp_path):
    upstream = Upstream(tmp_path)
    cache = tmp_path / "cache"
    assert text(get(Source(upstream.url, "main"), cache).root) == "// three"
    upstream.commit("four")
    assert text(get(Source(upstream.url, "main"), cache, offline=True).root) == "// three"
    assert text(get(Source(upstream.url, "main"), cache).root) == "// four"


def test_without_submodules(upstream, tmp_path):
    found = get(Source(upstream.url, "main", submodules=False), tmp_path)
    assert not (found.root / "vendor" / "part" / "part.h").exists()
    assert (get(Source(upstream.url, "main"), tmp_path).root / "vendor" / "part" / "part.h").exists()


def test_a_plain_path_is_a_repository_too(upstream, tmp_path):
    assert text(get(Source(str(upstream.path), "side"), tmp_path).root) == "// side"


def failure(source: Source, cache: Path, **options) -> MLBenchError:
    with pytest.raises(MLBenchError) as caught:
        get(source, cache, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("mlbench.yml:3: ")
    return caught.value


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("mian", "ref 'mian' does not exist in file://"),
        ("mian", "did you mean 'main'?"),
        ("0" * 40, "commit '0000000000000000000000000000000000000000' does not exist"),
        ("0000000", "commit '0000000' does not exist"),
        ("--upload-pack=touch /tmp/x", "is no ref"),
        ("-f", "is no ref"),
        ("a..b", "is no ref"),
        ("HEAD~1", "is no ref"),
        ("a b", "is no ref"),
    ],
)
def test_a_ref_that_does_not_exist(upstream, tmp_path, ref, words):
    error = failure(Source(upstream.url, ref), tmp_path)
    assert isinstance(error, UsageError)
    assert words in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "http://example.org/a.git",
        "-u/x",
        "fd::17",
        "ftp://example.org/a",
        "a\nb",
        "https://[",
    ],
)
def test_addresses_that_git_must_not_see(tmp_path, url):
    assert isinstance(failure(Source(url), tmp_path), UsageError)


def test_a_repository_out_of_reach(tmp_path):
    error = failure(Source("file:///nowhere/at/all", "main"), tmp_path)
    assert isinstance(error, EnvironmentFault)
    assert "file:///nowhere/at/all is out of reach" in str(error)
    error = failure(Source("https://127.0.0.1:1/secret/repo.git", "main"), tmp_path)
    assert isinstance(error, EnvironmentFault)


def test_offline_uses_what_is_there_and_says_what_is_not(upstream, tmp_path):
    assert isinstance(failure(Source(upstream.url, "main"), tmp_path, offline=True), EnvironmentFault)
    get(Source(upstream.url, "main"), tmp_path)
    for ref in ("main", upstream.last):
        assert text(get(Source(upstream.url, ref), tmp_path, offline=True).root) == "// three"
    assert "without --offline" in str(failure(Source(upstream.url, "side"), tmp_path, offline=True))


def test_no_git(upstream, tmp_path):
    error = failure(Source(upstream.url), tmp_path, environ={"PATH": str(tmp_path)})
    assert "git is not installed" in str(error)


def fake_git(folder: Path, script: str) -> dict[str, str]:
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "GITHUB_TOKEN": "ghs_hidden",
        "GIT_DIR": "/x",
    }


def test_credentials_reach_git_and_nothing_else(tmp_path):
    """What git is told, and what users, caches and process lists get to see of it."""
    seen = tmp_path / "seen"
    environ = fake_git(
        tmp_path / "bin",
        f'echo "$@" >>{seen}; env >{seen}.env\n'
        'echo "fatal: no https://me:hunter2@example.org/a.git/ here" >&2; exit 128',
    )
    cache = tmp_path / "cache"
    error = failure(Source("https://me:hunter2@example.org/a.git", "main"), cache, environ=environ)
    assert "hunter2" not in str(error)
    assert "me:" not in str(error)
    assert "https://example.org/a.git" in str(error)
    assert "hunter2" not in seen.read_text()
    passed = Path(f"{seen}.env").read_text()
    assert "url.https://me:hunter2@example.org/.insteadOf" in passed
    assert "GIT_TERMINAL_PROMPT=0" in passed
    assert "ghs_hidden" not in passed
    assert "GIT_DIR" not in passed
    assert not [path for path in cache.rglob("*") if "hunter2" in path.name]
    assert not [path for path in cache.rglob("*") if path.is_file() and "hunter2" in path.read_text()]


def test_a_git_that_hangs_is_ended(tmp_path):
    environ = fake_git(tmp_path / "bin", "sleep 60")
    begin = time.monotonic()
    with pytest.raises(HostTimeout):
        get(Source("https://example.org/a.git"), tmp_path / "cache", environ=environ, seconds=0.5)
    assert time.monotonic() - begin < 10


def test_a_submodule_cannot_reach_into_this_machine(tmp_path):
    """For a remote project, git is not allowed the file protocol."""
    seen = tmp_path / "seen"
    environ = fake_git(tmp_path / "bin", f"env >{seen}; exit 1")
    failure(Source("https://example.org/a.git"), tmp_path / "cache", environ=environ)
    assert "GIT_ALLOW_PROTOCOL=https:ssh:git\n" in seen.read_text()


WORDS = st.text("abc:/@.%", max_size=12)


@given(WORDS, WORDS.filter(lambda s: "/" not in s), WORDS)
def test_userinfo_is_cut_out_of_every_url(before, secret, after):
    shown = without_userinfo(f"{before}https://{secret}SECRET{secret}@host/{after}")
    assert "SECRET" not in shown
    assert "host/" in shown
