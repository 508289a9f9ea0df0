//! Projects: names that separate the jobs, runs, connections, secrets and policies of teams.
//!
//! A job of a project is named `PROJECT/JOB` wherever jobs are named; one of the project `default` just `JOB`. So nothing
//! that is kept by the name of its job is ever another project's.

/// The project of what names none.
pub const DEFAULT: &str = "default";

/// The project of a job.
pub fn of(job_id: &str) -> &str {
    job_id.split_once('/').map_or(DEFAULT, |(project, _)| project)
}

/// The job's name within its project.
pub fn local(job_id: &str) -> &str {
    job_id.split_once('/').map_or(job_id, |(_, job)| job)
}

/// The name of a project's job everywhere.
pub fn qualified(project: &str, job: &str) -> String {
    if project == DEFAULT { job.to_owned() } else { format!("{project}/{job}") }
}

/// Whether that is a name for a project: lower-case letters, digits and `-`, beginning with a letter, at most 32.
pub fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
