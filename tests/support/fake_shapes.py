"""The fake's state as GitHub's API writes it. Held against GitHub's own description by the tests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from fake_state import Artifact, Comment, Commit, Event, Pull, Repository, Run, User

Json = dict[str, Any]

_USER_LINKS = (
    *("events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred"),
    "subscriptions",
)
_REPOSITORY_LINKS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare"),
    *("contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs"),
    *("git_tags", "hooks", "issue_comment", "issue_events", "issues", "keys", "labels", "languages"),
    *("merges", "milestones", "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers"),
    *("subscription", "tags", "teams", "trees"),
)
_REPOSITORY_FLAGS = ("has_issues", "has_projects", "has_wiki", "has_pages", "has_downloads")
_REPOSITORY_COUNTS = (
    *("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers"),
    *("watchers_count", "network_count", "subscribers_count"),
)


class Shapes:
    """Writes everything below one root URL."""

    def __init__(self, root: str) -> None:
        self.root = root

    def user(self, user: User) -> Json:
        url = f"{self.root}/users/{quote(user.login)}"
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "avatar_url": f"{self.root}/avatars/{user.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.root}/{quote(user.login)}",
            **{f"{name}_url": f"{url}/{name}" for name in _USER_LINKS},
            "type": user.type,
            "site_admin": False,
        }

    def public_user(self, user: User) -> Json:
        texts = dict.fromkeys(("bio", "blog", "company", "email", "location", "name"))
        counts = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
        times = {"created_at": moment(0), "updated_at": moment(0)}
        return {**self.user(user), **texts, **counts, **times, "hireable": None}

    def minimal_repository(self, repository: Repository) -> Json:
        url = f"{self.root}/repos/{repository.full_name}"
        return {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.user(repository.owner),
            "private": repository.private,
            "html_url": f"{self.root}/{repository.full_name}",
            "description": None,
            "fork": repository.parent is not None,
            "url": url,
            **{f"{name}_url": f"{url}/{name}" for name in _REPOSITORY_LINKS},
        }

    def repository(self, repository: Repository) -> Json:
        html = f"{self.root}/{repository.full_name}"
        return {
            **self.minimal_repository(repository),
            "clone_url": f"{html}.git",
            "git_url": f"git://example.invalid/{repository.full_name}.git",
            "ssh_url": f"git@example.invalid:{repository.full_name}.git",
            "svn_url": html,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": "main",
            "archived": False,
            "disabled": False,
            "has_discussions": False,
            **dict.fromkeys(_REPOSITORY_FLAGS, True),
            **dict.fromkeys(_REPOSITORY_COUNTS, 0),
            **{name: moment(0) for name in ("created_at", "updated_at", "pushed_at")},
        }

    def comment(self, repository: Repository, comment: Comment) -> Json:
        api = f"{self.root}/repos/{repository.full_name}/issues"
        html = f"{self.root}/{repository.full_name}/pull/{comment.number}"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{api}/comments/{comment.id}",
            "html_url": f"{html}#issuecomment-{comment.id}",
            "issue_url": f"{api}/{comment.number}",
            "body": comment.body,
            "user": self.user(comment.user) if comment.user else None,
            "created_at": moment(comment.created),
            "updated_at": moment(comment.updated),
            "author_association": "NONE",
            "minimized": {"reason": "outdated"} if comment.minimized else None,
        }

    def label(self, repository: Repository, name: str) -> Json:
        number = sum(name.encode()) + 1
        return {
            "id": number,
            "node_id": f"LA_{number}",
            "url": f"{self.root}/repos/{repository.full_name}/labels/{quote(name, safe='')}",
            "name": name,
            "description": "",
            "color": "ededed",
            "default": False,
        }

    def event(self, repository: Repository, event: Event) -> Json:
        return {
            "id": event.id,
            "node_id": f"LE_{event.id}",
            "url": f"{self.root}/repos/{repository.full_name}/issues/events/{event.id}",
            "actor": self.user(event.user),
            "event": event.name,
            "commit_id": None,
            "commit_url": None,
            "created_at": moment(event.id),
            "performed_via_github_app": None,
            "label": {"name": event.label, "color": "ededed"},
        }

    def pull_simple(self, repository: Repository, pull: Pull) -> Json:
        api = f"{self.root}/repos/{repository.full_name}"
        url = f"{api}/pulls/{pull.number}"
        issue = f"{api}/issues/{pull.number}"
        html = f"{self.root}/{repository.full_name}/pull/{pull.number}"
        links = {
            "self": url,
            "html": html,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{api}/pulls/comments/0",
            "commits": f"{url}/commits",
            "statuses": f"{api}/statuses/{pull.head_sha}",
        }
        head_owner = pull.head_repository.owner if pull.head_repository else pull.user
        return {
            "id": pull.number + 1000,
            "node_id": f"PR_{pull.number}",
            "number": pull.number,
            "url": url,
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": issue,
            "comments_url": links["comments"],
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "statuses_url": links["statuses"],
            "_links": {name: {"href": link} for name, link in links.items()},
            "state": pull.state,
            "locked": pull.locked,
            "title": "A change",
            "body": None,
            "user": self.user(pull.user),
            "labels": [self.label(repository, name) for name in pull.labels],
            "assignee": None,
            "milestone": None,
            "created_at": moment(0),
            "updated_at": moment(0),
            "closed_at": None,
            "merged_at": None,
            "merge_commit_sha": "f" * 40,
            "author_association": "CONTRIBUTOR",
            "auto_merge": None,
            "head": self._side(pull.head_ref, pull.head_sha, head_owner, pull.head_repository),
            "base": self._side(pull.base_ref, pull.base_sha, repository.owner, repository),
        }

    def _side(self, ref: str, sha: str, owner: User, repository: Repository | None) -> Json:
        return {
            "label": f"{owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(owner),
            "repo": self.repository(repository) if repository else None,
        }

    def pull(self, repository: Repository, pull: Pull) -> Json:
        counts = ("additions", "deletions", "changed_files", "comments", "commits", "review_comments")
        return {
            **self.pull_simple(repository, pull),
            **dict.fromkeys(counts, 0),
            "mergeable": True,
            "mergeable_state": "clean",
            "merged": False,
            "merged_by": None,
            "maintainer_can_modify": False,
        }

    def run(self, repository: Repository, run: Run) -> Json:
        api = f"{self.root}/repos/{repository.full_name}"
        url = f"{api}/actions/runs/{run.id}"
        person = {"name": "Someone", "email": "someone@example.invalid"}
        return {
            "id": run.id,
            "node_id": f"WFR_{run.id}",
            "name": "bench",
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "run_number": 1,
            "run_attempt": run.attempt,
            "display_title": "A change",
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "path": run.workflow,
            "workflow_id": sum(run.workflow.encode()),
            "url": url,
            "html_url": f"{self.root}/{repository.full_name}/actions/runs/{run.id}",
            "created_at": moment(run.created),
            "updated_at": moment(run.created),
            "head_commit": {
                "id": run.head_sha,
                "tree_id": "e" * 40,
                "message": "A change",
                "timestamp": moment(run.created),
                "author": person,
                "committer": person,
            },
            "repository": self.minimal_repository(repository),
            "head_repository": self.minimal_repository(run.head_repository),
            **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "cancel", "rerun", "artifacts")},
            "check_suite_url": f"{api}/check-suites/{run.id}",
            "workflow_url": f"{api}/actions/workflows/1",
            "pull_requests": [self._run_pull(repository, number) for number in run.pulls],
        }

    def _run_pull(self, repository: Repository, number: int) -> Json:
        pull = repository.pulls[number]

        def side(ref: str, sha: str, of: Repository) -> Json:
            url = f"{self.root}/repos/{of.full_name}"
            return {"ref": ref, "sha": sha, "repo": {"id": of.id, "url": url, "name": of.name}}

        return {
            "id": number + 1000,
            "number": number,
            "url": f"{self.root}/repos/{repository.full_name}/pulls/{number}",
            "head": side(pull.head_ref, pull.head_sha, pull.head_repository or repository),
            "base": side(pull.base_ref, pull.base_sha, repository),
        }

    def artifact(self, repository: Repository, artifact: Artifact) -> Json:
        url = f"{self.root}/repos/{repository.full_name}/actions/artifacts/{artifact.id}"
        run = artifact.run
        return {
            "id": artifact.id,
            "node_id": f"A_{artifact.id}",
            "name": artifact.name,
            "size_in_bytes": len(artifact.content),
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": artifact.expired,
            "created_at": moment(artifact.created),
            "updated_at": moment(artifact.created),
            "expires_at": moment(artifact.created + 90 * 86400),
            "workflow_run": {
                "id": run.id,
                "repository_id": repository.id,
                "head_repository_id": run.head_repository.id,
                "head_branch": run.head_branch,
                "head_sha": run.head_sha,
            },
        }

    def commit(self, repository: Repository, commit: Commit) -> Json:
        api = f"{self.root}/repos/{repository.full_name}"
        html = f"{self.root}/{repository.full_name}/commit"
        person = {"name": "Someone", "email": "someone@example.invalid", "date": moment(0)}
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{api}/commits/{commit.sha}",
            "html_url": f"{html}/{commit.sha}",
            "comments_url": f"{api}/commits/{commit.sha}/comments",
            "commit": {
                "url": f"{api}/git/commits/{commit.sha}",
                "author": person,
                "committer": person,
                "message": commit.message,
                "comment_count": 0,
                "tree": {"sha": "e" * 40, "url": f"{api}/git/trees/{'e' * 40}"},
            },
            "author": self.user(repository.owner),
            "committer": self.user(repository.owner),
            "parents": [
                {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{html}/{sha}"}
                for sha in commit.parents
            ],
        }

    def comparison(
        self, repository: Repository, base: str, merge_base: str, ahead: list[str], behind: int
    ) -> Json:
        url = f"{self.root}/repos/{repository.full_name}/compare/{base}"
        return {
            **dict.fromkeys(("url", "html_url", "permalink_url", "diff_url", "patch_url"), url),
            "base_commit": self.commit(repository, repository.commits[base]),
            "merge_base_commit": self.commit(repository, repository.commits[merge_base]),
            "status": "diverged" if ahead and behind else "ahead" if ahead else "identical",
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [self.commit(repository, repository.commits[sha]) for sha in ahead[:250]],
        }


def moment(seconds: int) -> str:
    """A time as the API writes it, counted from the fake's own beginning."""
    return datetime.fromtimestamp(1_760_000_000 + seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
