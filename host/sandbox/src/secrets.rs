//! Values of secrets: read when a request needs one, never kept, never shown.

use std::fs;

use stepwell_engine::Configuration;

/// The value of a secret. Has no `Debug` and no `Display`.
pub(crate) struct Secret(String);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reads the secret `name` of the configuration.
///
/// # Errors
/// Says where the value should have been, and never what it is.
pub(crate) fn read(config: &Configuration, name: &str) -> Result<Secret, String> {
    let source = config.secret(name).ok_or_else(|| format!("there is no secret `{name}`"))?;
    let value = match source.0.split_once(':') {
        Some(("env", variable)) => {
            std::env::var(variable).map_err(|_| format!("the environment has no variable {variable}"))?
        }
        Some(("file", path)) => fs::read_to_string(path)
            .map_err(|error| format!("cannot read the file of the secret: {error}"))?,
        _ => return Err(format!("the secret `{name}` is neither env: nor file:")),
    };
    let value = value.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(format!("the secret `{name}` is empty"));
    }
    Ok(Secret(value.to_owned()))
}
