//! Options that a command would not use. Each is refused: no option parses and has no effect.

use clap::ArgMatches;
use clap::parser::ValueSource;
use url::Url;

use crate::api::TABLE;

/// Options about this node, which a remote service does not see.
const OF_THIS_NODE: [(&str, &str); 8] = [
    ("policy", "--policy"),
    ("config", "--config"),
    ("queues", "--queues"),
    ("data_dir", "--data-dir"),
    ("scratch_dir", "--scratch-dir"),
    ("store", "--store"),
    ("step_file", "--step"),
    ("replace", "--replace"),
];

/// The commands that ask no API, by their first words, with the options that they have with all others and do not use.
const LOCAL: [(&str, &[(&str, &str)]); 6] = [
    ("serve", &[("project", "--project")]),
    ("warm-up", &[("project", "--project"), ("store", "--store")]),
    ("doctor", &[("project", "--project")]),
    ("secrets", &[("project", "--project")]),
    ("connections", &[("project", "--project")]),
    ("config", &[("project", "--project"), ("scratch_dir", "--scratch-dir"), ("replace", "--replace")]),
];

/// Options that override values of the configuration.
const OVERRIDES: [&str; 5] = ["policy", "queues", "data_dir", "store", "step_file"];

/// Returns the ids and names of the options that a command does not use. `words` are those of the command.
pub(super) fn unused(words: &[&str]) -> Vec<(&'static str, &'static str)> {
    let local = LOCAL.iter().filter(|(command, _)| words.first() == Some(command));
    let mut found: Vec<_> = local.flat_map(|(_, options)| options.iter().copied()).collect();
    if concerns_every_project(words) {
        found.push(("project", "--project"));
    }
    found
}

/// Returns whether a command is only about resources that belong to no project. A new key has projects.
fn concerns_every_project(words: &[&str]) -> bool {
    let is_own = |command: &str| {
        let mut of_table = command.split(' ');
        words.iter().all(|word| of_table.next().is_some_and(|own| own.split('|').any(|own| own == *word)))
    };
    let mut own = TABLE.iter().filter(|operation| is_own(operation.command)).peekable();
    words != ["keys", "create"] && own.peek().is_some() && own.all(|operation| operation.everywhere())
}

/// Returns the message about an option that the command would not use. An environment variable with the same meaning
/// is for other commands, and is not a mistake.
pub(super) fn problem(matches: &ArgMatches) -> Option<String> {
    let (mut leaf, mut words) = (matches, Vec::new());
    while let Some((name, below)) = leaf.subcommand() {
        leaf = below;
        words.push(name);
    }
    let given = |id: &str| matches!(leaf.try_get_raw(id), Ok(Some(_)));
    let typed = |id: &str| given(id) && leaf.value_source(id) == Some(ValueSource::CommandLine);
    let command = words.join(" ");
    if let Some((id, option)) = unused(&words).into_iter().find(|(id, _)| typed(id)) {
        return Some(match id {
            "project" => format!(
                "--project has no effect: `stepwell {command}` concerns every project: leave it out\n"
            ),
            _ => format!("{option} has no effect on `stepwell {command}`: leave it out\n"),
        });
    }
    if command == "keys create" && typed("project") && typed("projects") {
        return Some("--for-project names the projects of the key: leave out --project\n".to_owned());
    }
    let name_of = |id: &str| OF_THIS_NODE.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name);
    if command == "config show"
        && !leaf.get_flag("resolved")
        && let Some(id) = OVERRIDES.into_iter().find(|id| typed(id))
    {
        let option = name_of(id);
        return Some(format!("{option} overrides the configuration: add --resolved to see the result\n"));
    }
    leaf.try_get_one::<Url>("server").ok().flatten()?;
    let asked_of_the_service = |id: &str| id == "replace" && words.last() == Some(&"register");
    let (_, option) = OF_THIS_NODE.iter().find(|(id, _)| typed(id) && !asked_of_the_service(id))?;
    Some(format!(
        "{option} is about this node, and --server asks a service, which has its own settings: leave one out\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_about_resources_of_no_project_do_not_use_the_option() {
        for (words, refuses) in [
            (&["clean-up"][..], true),
            (&["audit"], true),
            (&["audit", "verify"], true),
            (&["keys", "list"], true),
            (&["keys", "create"], false),
            (&["queues", "pause"], true),
            (&["queues", "list"], false),
            (&["steps", "register"], true),
            (&["steps", "list"], false),
            (&["sessions", "end"], true),
            (&["approvals", "reject"], false),
            (&["run"], false),
            (&["validate"], false),
            (&["policy", "show"], false),
            (&["serve"], true),
            (&["config", "show"], true),
        ] {
            assert_eq!(unused(words).iter().any(|(id, _)| *id == "project"), refuses, "{words:?}");
        }
    }
}
