from __future__ import annotations

import requests
from fake_api import FakeGitHub


def test_a_comment_is_kept_and_given_back() -> None:
    with FakeGitHub() as fake:
        fake.repository("owner/demo")
        fake.token("ghs_secret", repository="owner/demo")
        fake.pull("owner/demo", 1, head_sha="1" * 40)
        headers = {"Authorization": "Bearer ghs_secret"}
        url = f"{fake.url}/repos/owner/demo/issues/1/comments"
        made = requests.post(url, json={"body": "text"}, headers=headers, timeout=5)
        assert made.status_code == 201
        assert [comment["body"] for comment in requests.get(url, timeout=5).json()] == ["text"]
        assert fake.bodies("owner/demo", 1, "github-actions[bot]") == ["text"]
        assert requests.post(url, json={"body": "text"}, timeout=5).status_code == 401
        assert not fake.violations
