//! The host of a command, made from its options.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use stepwell::engine::system::read_file;
use stepwell::sandbox::{CompilerProgram, MAX_COMPONENT_BYTES};
use stepwell::{Host, HostBuilder, HostError};

use crate::cli::args::HostArgs;
use crate::file_error;

/// The word with which this program starts itself to compile a component. Users have no such command.
pub(crate) const COMPILER: &str = "compile-for-parent";

/// Sets up the host, and registers the components that the command names.
pub(crate) async fn host(args: &HostArgs) -> Result<Host, HostError> {
    let host = registered(builder(args).build()?, args).await?;
    host.steps().refresh().await?;
    Ok(host)
}

pub(crate) fn builder(args: &HostArgs) -> HostBuilder {
    let mut builder =
        Host::builder().default_data_dir(data_dir()).cache_dir(cache_dir()).compiler(compiler());
    if let Some(dir) = &args.data_dir {
        builder = builder.data_dir(dir);
    }
    if let Some(dir) = &args.scratch_dir {
        builder = builder.scratch_dir(dir);
    }
    if let Some(url) = &args.store {
        builder = builder.store_url(url);
    }
    for policy in &args.policy {
        builder = builder.policy_file(policy);
    }
    if let Some(config) = &args.config {
        builder = builder.config_file(config);
    }
    if let Some(queues) = &args.queues {
        builder = builder.queue_file(queues);
    }
    builder
}

/// The host with the components that the command and the configuration name.
pub(crate) async fn registered(host: Host, args: &HostArgs) -> Result<Host, HostError> {
    let config = host.configuration();
    register_files(&host, args.step.iter().chain(&config.steps), args.replace).await?;
    Ok(host)
}

/// Reads the file of a component.
pub(crate) fn component(path: &Path) -> Result<Vec<u8>, HostError> {
    read_file(path, MAX_COMPONENT_BYTES).map_err(|error| file_error(path.to_owned(), error))
}

/// Registers the components of these files in this process.
pub(crate) async fn register_files(
    host: &Host,
    files: impl Iterator<Item = &PathBuf>,
    replace: bool,
) -> Result<(), HostError> {
    let mut named: BTreeMap<String, (PathBuf, Option<String>)> = BTreeMap::new();
    for path in files {
        let wasm = component(path)?;
        let manifest = match host.steps().register_here(wasm, replace).await {
            Ok(manifest) => manifest,
            Err(error) => return Err(file_error(path.clone(), std::io::Error::other(error))),
        };
        let digest = host.sandbox().local(&manifest.type_name);
        if let Some((other, before)) = named.get(&manifest.type_name)
            && *before != digest
        {
            let (name, other, path) = (&manifest.type_name, other.display(), path.display());
            let message = format!(
                "two files are the step type `{name}`: {other} and {path}; leave one out, or register versions with `stepwell steps register`"
            );
            return Err(HostError::Refused(message));
        }
        named.insert(manifest.type_name.clone(), (path.clone(), digest));
    }
    Ok(())
}

/// The program that compiles components: the running one, also after another version has replaced it on the
/// disk.
pub(crate) fn compiler() -> CompilerProgram {
    CompilerProgram { program: "/proc/self/exe".into(), arguments: vec![COMPILER.into()] }
}

/// Returns the default directory of runs.
pub(crate) fn data_dir() -> PathBuf {
    user_dir("XDG_DATA_HOME", ".local/share").join("stepwell")
}

/// Returns the cache of compiled components. It is separate from runs, because it can be refilled.
pub(crate) fn cache_dir() -> PathBuf {
    match env::var_os("STEPWELL_CACHE_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => user_dir("XDG_CACHE_HOME", ".cache").join("stepwell"),
    }
    .join("components")
}

/// Returns a directory of the user, by the XDG base directory specification.
fn user_dir(variable: &str, below_home: &str) -> PathBuf {
    match env::var_os(variable).map(PathBuf::from) {
        Some(dir) if dir.is_absolute() => dir,
        _ => env::home_dir().unwrap_or_else(env::temp_dir).join(below_home),
    }
}
