//! Projects: names that separate the jobs, runs, connections, secrets and policies of teams.
//!
//! A job of a project is named `PROJECT/JOB` everywhere, and a job of the project `default` just `JOB`. So
//! records that are stored under the name of a job never belong to another project.

/// The project of a job that names none.
pub const DEFAULT: &str = "default";

/// Returns the project of a job.
pub fn of(job_id: &str) -> &str {
    job_id.split_once('/').map_or(DEFAULT, |(project, _)| project)
}

/// Returns the name of a job within its project.
pub fn local(job_id: &str) -> &str {
    job_id.split_once('/').map_or(job_id, |(_, job)| job)
}

/// Returns the full name of a project's job.
pub fn qualified(project: &str, job: &str) -> String {
    if project == DEFAULT { job.to_owned() } else { format!("{project}/{job}") }
}

/// Returns whether the text is a valid project name: lower-case letters, digits and `-`, starting with a
/// letter, at most 32 characters.
pub fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
