//! Locks that several tests use.

use stepwell_atlantis::format::{GoTime, Hidden, Project, ProjectLock, Pull, Repo, User, VcsHost};

/// The token that no text may contain.
pub const TOKEN: &str = "s3cr3t-token";

/// A lock of a project in the workspace `default`, which a pull request holds.
pub fn lock(repo: &str, path: &str, name: &str, pull: i64) -> ProjectLock {
    let (owner, short) = repo.rsplit_once('/').unwrap();
    ProjectLock {
        project: Project {
            project_name: name.to_owned(),
            repo_full_name: repo.to_owned(),
            path: path.to_owned(),
        },
        pull: self::pull(repo, owner, short, pull),
        user: User { username: "ann".to_owned(), teams: None },
        workspace: "default".to_owned(),
        time: GoTime::parse("2026-08-22T00:51:47.123456789+02:00").unwrap(),
    }
}

fn pull(repo: &str, owner: &str, name: &str, num: i64) -> Pull {
    Pull {
        num,
        head_commit: "c0ffee".to_owned(),
        url: format!("https://github.com/{repo}/pull/{num}"),
        head_branch: "change".to_owned(),
        base_branch: "main".to_owned(),
        author: "ann".to_owned(),
        base_repo: Repo {
            full_name: repo.to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            clone_url: Hidden::new(format!("https://bot:{TOKEN}@github.com/{repo}.git")),
            sanitized_clone_url: format!("https://bot:<redacted>@github.com/{repo}.git"),
            vcs_host: VcsHost { hostname: "github.com".to_owned(), kind: 0 },
        },
        ..Pull::default()
    }
}
