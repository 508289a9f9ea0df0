//! `stepwell config`.

use std::str::FromStr;

use serde_json::{Value, json};
use stepwell::ParallelOverride;
use stepwell::engine::Configuration;
use stepwell::engine::config::Setting;
use stepwell::legacy::bridge::Problem;
use stepwell::store::PostgresSettings;

use crate::Exit;
use crate::cli::args::Local;
use crate::cli::host::{builder, data_dir};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, text as cell, whole};
use crate::failure::Failure;

/// Shows the configuration without secrets.
pub(super) fn config_show(resolved: bool, local: &Local) -> Result<Exit, Failure> {
    let args = &local.host;
    let sources = builder(args);
    let mut config = Configuration::clone(&*sources.configuration()?);
    let parallel = sources.parallel_override()?;
    if resolved {
        // What the command line and the environment say counts more than the file.
        if let Some(url) = &args.store {
            config.store = Some(Setting(url.clone()));
        }
        if !args.policy.is_empty() {
            config.policies.clone_from(&args.policy);
        }
        config.queues = args.queues.clone().or(config.queues);
        config.data_dir = args.data_dir.clone().or(config.data_dir).or_else(|| Some(data_dir()));
        config.steps.extend(args.step.iter().cloned());
        set_parallel(&mut config, parallel);
    }
    for setting in config.store.iter_mut().chain(config.stores.values_mut()) {
        if setting.reference().is_none() {
            setting.0 = PostgresSettings::from_str(&setting.0)
                .map_or_else(|_| HIDDEN.to_owned(), |settings| settings.place().to_owned());
        }
    }
    for header in config.telemetry.otlp_headers.values_mut().filter(|header| header.reference().is_none()) {
        HIDDEN.clone_into(&mut header.0);
    }
    let of = |config: &Configuration| serde_json::to_value(config).unwrap_or_default();
    let mut shown = of(&config);
    if resolved {
        let queues = serde_json::to_value(sources.queue_settings()?).unwrap_or_default();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("timezone_queues".to_owned(), queues);
            if let Some(variable) = parallel.and_then(|set| set.variable) {
                let origins = json!({ "features.parallel_execution": variable });
                shown.insert("from_environment".to_owned(), origins);
            }
        }
    } else {
        without_defaults(&mut shown, &of(&Configuration::default()));
    }
    show(local.output, &shown, |shown| match shown.as_object() {
        Some(map) if map.is_empty() => "# every value is the default".to_owned(),
        _ => serde_saphyr::to_string(shown).unwrap_or_default().trim_end().to_owned(),
    })
}

/// Checks the configuration, and the files that it names.
pub(super) fn config_validate(enhanced_locking: bool, local: &Local) -> Result<Exit, Failure> {
    let sources = builder(&local.host);
    let config = sources.configuration()?;
    sources.queue_settings()?;
    let mut answer = json!({"valid": true});
    if enhanced_locking {
        let bridge = stepwell::locking(&config).map_err(|found| problems(&found))?;
        answer = json!({"valid": true, "mapping": bridge.mapping});
    }
    show(local.output, &answer, |answer| {
        let mut text = "the configuration is valid".to_owned();
        let mapping = answer.get("mapping").and_then(Value::as_array);
        if let Some(mapping) = mapping {
            let mut sheet = Sheet::new(&[whole("KEY"), whole("VALUE"), whole("ORIGIN")]);
            for mapped in mapping {
                sheet.row(["/key", "/value", "/origin"].map(|pointer| cell(mapped, pointer)));
            }
            text = format!("{}\n{text}", sheet.text().trim_end());
        }
        text
    })
}

/// Returns the failure for settings of locks that are wrong or contradict each other.
pub(super) fn problems(found: &[Problem]) -> Failure {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Failure::input(lines.join("\n"))
}

/// Sets whether parallel execution is on: the environment counts more than the projects and the configuration.
fn set_parallel(config: &mut Configuration, set: Option<ParallelOverride>) {
    let of_all = set.map(|set| set.on).or(config.features.parallel_execution).unwrap_or(false);
    config.features.parallel_execution = Some(of_all);
    for project in config.projects.values_mut() {
        let on = set.map(|set| set.on).or(project.features.parallel_execution).unwrap_or(of_all);
        project.features.parallel_execution = Some(on);
    }
}

/// The text in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Leaves out what is as it would be anyway.
fn without_defaults(value: &mut Value, default: &Value) {
    let (Value::Object(map), Value::Object(defaults)) = (value, default) else { return };
    map.retain(|key, value| defaults.get(key) != Some(value));
    for (key, value) in map {
        without_defaults(value, defaults.get(key).unwrap_or(&Value::Null));
    }
}
