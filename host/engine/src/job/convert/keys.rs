//! The names of legacy keys, the near misses of them, and the types of jobs.

/// Where a key of a legacy job belongs in the present form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A key of the job.
    Job(&'static str),
    /// A key of its step.
    Step(&'static str),
    /// A key below `metadata`: it is for people.
    Metadata(&'static str),
    /// The pattern of the schedule.
    Cron,
    /// The single fire of the schedule.
    At,
    /// The opposite of `enabled`.
    Disabled,
}

/// The keys of the legacy form, as the engine itself reads them.
const EXACT: &[(&str, Place)] = &[
    ("job_id", Place::Job("id")),
    ("id", Place::Job("id")),
    ("job_name", Place::Job("name")),
    ("name", Place::Job("name")),
    ("description", Place::Job("description")),
    ("timezone", Place::Job("timezone")),
    ("schedule", Place::Job("schedule")),
    ("priority", Place::Job("priority")),
    ("enabled", Place::Job("enabled")),
    ("max_retries", Place::Job("max_retries")),
    ("timeout_seconds", Place::Job("timeout_seconds")),
    ("metadata", Place::Job("metadata")),
    ("vars", Place::Job("vars")),
    ("job_type", Place::Step("type")),
    ("sql_query", Place::Step("query")),
    ("query", Place::Step("query")),
    ("powershell_script", Place::Step("script")),
    ("script_content", Place::Step("script")),
    ("script", Place::Step("script")),
    ("script_path", Place::Step("script_path")),
    ("connection_name", Place::Step("connection_name")),
    ("timeout", Place::Step("timeout")),
    ("parameters", Place::Step("parameters")),
];

/// Near misses, as letters and digits in lower case. `jobId`, `Job-ID` and `job id` are all `jobid`.
const NEAR: &[(&str, Place)] = &[
    ("jobid", Place::Job("id")),
    ("jobname", Place::Job("name")),
    ("title", Place::Job("name")),
    ("desc", Place::Job("description")),
    ("jobdescription", Place::Job("description")),
    ("description", Place::Job("description")),
    ("timezone", Place::Job("timezone")),
    ("tz", Place::Job("timezone")),
    ("isenabled", Place::Job("enabled")),
    ("enabled", Place::Job("enabled")),
    ("active", Place::Job("enabled")),
    ("disabled", Place::Disabled),
    ("maxretries", Place::Job("max_retries")),
    ("retries", Place::Job("max_retries")),
    ("retrycount", Place::Job("max_retries")),
    ("timeoutseconds", Place::Job("timeout_seconds")),
    ("jobtimeout", Place::Job("timeout_seconds")),
    ("cron", Place::Cron),
    ("cronexpression", Place::Cron),
    ("cronschedule", Place::Cron),
    ("crontab", Place::Cron),
    ("scheduledtime", Place::At),
    ("runat", Place::At),
    ("jobtype", Place::Step("type")),
    ("sqlquery", Place::Step("query")),
    ("sql", Place::Step("query")),
    ("sqlstatement", Place::Step("query")),
    ("powershellscript", Place::Step("script")),
    ("psscript", Place::Step("script")),
    ("scriptcontent", Place::Step("script")),
    ("scripttext", Place::Step("script")),
    ("scriptpath", Place::Step("script_path")),
    ("scriptfile", Place::Step("script_path")),
    ("connectionname", Place::Step("connection_name")),
    ("connection", Place::Step("connection_name")),
    ("dbconnection", Place::Step("connection_name")),
    ("params", Place::Step("parameters")),
    ("parameters", Place::Step("parameters")),
    ("steptimeout", Place::Step("timeout")),
    ("pipelineid", Place::Step("pipeline_id")),
    ("waitforcompletion", Place::Step("wait_for_completion")),
    ("owner", Place::Metadata("owner")),
    ("team", Place::Metadata("team")),
    ("contact", Place::Metadata("contact")),
    ("tags", Place::Metadata("tags")),
    ("labels", Place::Metadata("labels")),
    ("notes", Place::Metadata("notes")),
    ("comment", Place::Metadata("comment")),
    ("category", Place::Metadata("category")),
    ("criticality", Place::Metadata("criticality")),
    ("createdat", Place::Metadata("created_at")),
    ("createdby", Place::Metadata("created_by")),
    ("updatedat", Place::Metadata("updated_at")),
    ("updatedby", Place::Metadata("updated_by")),
    ("lastrun", Place::Metadata("last_run")),
    ("version", Place::Metadata("version")),
];

/// Names of keys in the steps of a job with several steps, from responses of the old system.
const OF_STEPS: &[(&str, &str)] = &[
    ("stepid", "id"),
    ("stepname", "name"),
    ("steptype", "type"),
    ("sqlquery", "query"),
    ("powershellscript", "script"),
    ("scriptcontent", "script"),
    ("scriptpath", "script_path"),
    ("connectionname", "connection_name"),
    ("continueonfailure", "continue_on_failure"),
    ("waitforcompletion", "wait_for_completion"),
    ("pipelineid", "pipeline_id"),
];

/// The types of legacy jobs, each with its other spellings as letters and digits in lower case.
const TYPES: &[(&str, &[&str])] = &[
    ("sql", &["sql", "sqljob", "sqlquery", "query"]),
    ("powershell", &["powershell", "powershelljob", "powershellscript", "pwsh", "ps", "ps1"]),
    ("azure_devops", &["azuredevops", "azuredevopsjob", "azurepipeline", "ado"]),
    ("data_processing", &["dataprocessing", "dataprocessingjob"]),
    ("file_operation", &["fileoperation", "fileoperations"]),
    ("http", &["http", "httprequest", "rest"]),
];

/// Returns the letters and digits of a name in lower case.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, found)| *found)
}

/// Returns the place of a key, and whether the key is one of the legacy form and not a near miss.
pub(super) fn place(key: &str) -> Option<(Place, bool)> {
    let near = || of(NEAR, &bare(key)).map(|place| (place, false));
    of(EXACT, key).map(|place| (place, true)).or_else(near)
}

/// Returns the present name of a key in one of several steps, if the key has another one.
pub(super) fn of_step(key: &str) -> Option<&'static str> {
    of(OF_STEPS, &bare(key)).filter(|name| *name != key)
}

/// Returns the step type that a legacy type names, in whichever spelling.
pub(super) fn step_type(text: &str) -> Option<&'static str> {
    let bare = bare(text);
    TYPES.iter().find(|(_, names)| names.contains(&bare.as_str())).map(|(name, _)| *name)
}

/// Returns whether a key, in any spelling, can only belong to a legacy job.
pub(super) fn tells(key: &str) -> bool {
    let bare = bare(key);
    let names = [
        "jobid",
        "jobname",
        "jobtype",
        "sqlquery",
        "sqlstatement",
        "powershellscript",
        "psscript",
        "scriptcontent",
    ];
    names.contains(&bare.as_str())
}

/// Returns whether a key says what a step does, so that a document with a `type` may be a job.
pub(super) fn is_work(key: &str) -> bool {
    matches!(
        place(key),
        Some((Place::Step("query" | "script" | "script_path" | "connection_name" | "pipeline_id"), _))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_of_keys_and_types_are_known() {
        for (key, expected) in [
            ("job_id", Some((Place::Job("id"), true))),
            ("jobId", Some((Place::Job("id"), false))),
            ("Job-ID", Some((Place::Job("id"), false))),
            ("SQL", Some((Place::Step("query"), false))),
            ("criticality", Some((Place::Metadata("criticality"), false))),
            ("cron_expression", Some((Place::Cron, false))),
            ("max_rows", None),
        ] {
            assert_eq!(place(key), expected, "{key}");
        }
        assert_eq!(step_type("Azure DevOps"), Some("azure_devops"));
        assert_eq!(step_type("custom"), None);
        assert_eq!(of_step("step_id"), Some("id"));
        assert_eq!(of_step("continue_on_failure"), None);
        assert!(tells("jobType") && !tells("type"));
    }
}
