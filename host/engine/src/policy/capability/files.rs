//! The directories that a step sees.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layers, Place, Policed};
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, list, plain, shown};
use crate::policy::rule::Rule;
use crate::quantity::Bytes;

/// The capability to use directories.
pub struct Files;

/// A directory that a step sees. It has exactly one of `source`, `scratch` and `workspace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// The path of the mount, for instance `/in`.
    #[schemars(regex(pattern = "^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"))]
    pub mount: String,
    /// A directory of the host; relative to the policy file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub source: Option<String>,
    /// An empty directory of this size for this attempt only, deleted afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<Bytes>,
    /// The run's workspace (the job's `workspace`), which its steps share, up to this size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Bytes>,
    /// The access of the step. Default: `read`.
    #[serde(default)]
    pub access: Access,
}

/// The access of a step to a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Access {
    /// Reads and lists files.
    #[default]
    Read,
    /// Also creates, writes and deletes files, but never links.
    Write,
}

/// A directory of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MountGrant {
    /// The path of the mount.
    pub mount: String,
    /// The directory behind the mount.
    pub source: MountSource,
    /// The access of the step.
    pub access: Access,
}

/// The directory behind a mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A directory of the host.
    Host(PathBuf),
    /// An empty directory of at most this size, for this attempt only.
    Scratch(Bytes),
    /// The run's workspace of at most this size.
    Workspace(Bytes),
}

impl Policed for Files {
    type Rules = Vec<FileRule>;
    type Grant = Vec<MountGrant>;

    const THREAT: &'static str = "A guest reads or changes files outside of its own directories, or fills the disk. So it sees \
        mounts only, no path leaves one (by `..`, by a link, by a rename), no link is made, and each mount has a size, a \
        number of files and a depth.";
    const NOT_GRANTED: Rule = Rule::FilesNotGranted;
    const ANYTHING: &'static str = "any file";
    const EXAMPLE: &'static str = "[{mount: /in, source: DIRECTORY, access: read}]";

    fn check(rules: &Self::Rules, place: &mut Place<'_>) {
        let mut mounts = HashSet::new();
        for (i, rule) in rules.iter().enumerate() {
            let sources = [rule.source.is_some(), rule.scratch.is_some(), rule.workspace.is_some()];
            if sources.iter().filter(|set| **set).count() != 1 {
                let message = "a mount needs exactly one of `source`, `scratch` and `workspace`";
                place.add(&format!("/{i}"), message);
            }
            let at = format!("/{i}/mount");
            if rule.mount.split('/').any(|part| matches!(part, "." | "..")) {
                let message = format!("`{}` is not a path that a step can name", rule.mount);
                place.add_with_help(&at, message, "write it without `.` and `..` as a part");
            }
            if !mounts.insert(&rule.mount) {
                place.add(&at, format!("`{}` is mounted twice", rule.mount));
            }
        }
    }

    fn resolve(rules: &mut Self::Rules, dir: &Path, place: &mut Place<'_>) {
        for (i, rule) in rules.iter_mut().enumerate() {
            if let Some(source) = &mut rule.source {
                let path = dir.join(&*source);
                if !path.is_dir() {
                    place.add(&format!("/{i}/source"), format!("there is no directory {}", path.display()));
                }
                *source = path.to_string_lossy().into_owned();
            }
        }
    }

    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let mut granted = Vec::new();
        for rule in layers.operator.into_iter().flatten() {
            let (mut access, mut most) = (rule.access, layers.limits.file_bytes);
            let Some(narrower) = layers.narrower(|narrow| narrow.mount == rule.mount) else { continue };
            for narrow in narrower {
                access = access.min(narrow.access);
                most = most.min(narrow.scratch.or(narrow.workspace).unwrap_or(most));
            }
            // The job decides whether there is a workspace, and the operator its maximum size.
            let source = match (rule, layers.workspace) {
                (FileRule { source: Some(source), .. }, _) => MountSource::Host(source.into()),
                (FileRule { scratch: Some(size), .. }, _) => MountSource::Scratch((*size).min(most)),
                (FileRule { workspace: Some(size), .. }, Some(wanted)) => {
                    MountSource::Workspace((*size).min(wanted).min(most))
                }
                _ => continue,
            };
            granted.push(MountGrant { mount: rule.mount.clone(), source, access });
        }
        granted
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let part = |mount: &MountGrant| {
            let source = match &mount.source {
                MountSource::Host(path) => path.display().to_string(),
                MountSource::Scratch(size) => format!("scratch {size}"),
                MountSource::Workspace(size) => format!("workspace {size}"),
            };
            let access: &str = mount.access.into();
            (format!("files {}", mount.mount), format!("{access}, {source}"))
        };
        grant.iter().map(part).collect()
    }
}

impl Grant {
    /// Denies a path outside of every mount.
    pub fn refuse_file(&self, path: &str, writes: bool) -> Denial {
        let within = |mount: &&String| {
            path.strip_prefix(mount.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(mount) = self.whose.without_workspace.iter().find(within) {
            let what = format!("{} `{path}`", if writes { "writing" } else { "reading" });
            let why = format!("not granted: {mount} is the workspace of the job, and the job has none");
            let help = "write `workspace: SIZE` into the job, for instance `workspace: 16MiB`";
            return Denial::new(Rule::FilesNotGranted, &shown(&what), &why).help(help.to_owned());
        }
        let mounts: Vec<String> = self.files().iter().map(|mount| mount.mount.clone()).collect();
        let why = (!mounts.is_empty()).then(|| format!("it is outside of the mounts {}", list(&mounts)));
        let (verb, access) = if writes { ("writing", "write") } else { ("reading", "read") };
        let dir = match path.rsplit_once('/') {
            Some((dir, _)) if !dir.is_empty() => dir,
            _ => "/in",
        };
        let yaml = format!("[{{mount: {}, source: DIRECTORY, access: {access}}}]", plain(&shown(dir)));
        self.whose.refuse(Rule::FilesNotGranted, &format!("{verb} `{path}`"), why, &yaml)
    }

    /// Denies a path that leaves its mount, by `..` or by a link.
    pub fn refuse_escape(&self, path: &str) -> Denial {
        let why = "not granted: the path leaves its mount, by `..` or by a link";
        Denial::new(Rule::FilesOutsideMount, &shown(&format!("reaching `{path}`")), why)
    }

    /// Denies a change in a read-only mount.
    pub fn refuse_change(&self, path: &str, mount: &str) -> Denial {
        let why = format!("not granted: {} mounts {mount} with `access: read`", self.whose.name());
        let help =
            format!("write `access: write` into the `files` rule for {mount} of {}", self.whose.name());
        Denial::new(Rule::FilesWriteNotGranted, &shown(&format!("changing `{path}`")), &why).help(help)
    }
}
