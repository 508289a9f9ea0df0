//! `stepwell demo`.

mod directory;
mod progress;
mod samples;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::time::Duration;

use stepwell::{By, Host, NewKey, Role};
use stepwell_emulator::azure_devops::{Emulator, Options, Pipeline};
use stepwell_emulator::market::Market;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::Ends;
use crate::cli::args::DemoArgs;
use crate::cli::client::Client;
use crate::cli::host::{cache_dir, compiler};
use crate::failure::Failure;
use crate::{Exit, api, file_error, print, ui};
use directory::{Directory, Ports};

/// The port, unless another program uses it.
const PORT: u16 = 7450;
/// The name of the API key.
const KEY: &str = "demo";
/// The time for which the API key is valid.
const KEY_DAYS: i64 = 7;
/// The time for which the link is valid.
const LINK_HOURS: i64 = 1;

/// Shows the samples until SIGINT or SIGTERM.
pub(super) async fn demo(args: DemoArgs) -> Ends {
    let fail = |error| Failure::from(file_error("signals".into(), error));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut directory = Directory::open(args.directory.as_deref())?;
    let ready = tokio::select! {
        ready = Demo::prepare(&args, &mut directory) => Some(ready),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    let ended = match ready {
        Some(Ok(demo)) => demo.show(&directory).await,
        Some(Err(failure)) => Err(failure),
        None => Ok(Exit::Cancelled),
    };
    // A failure of the demo is the one to report.
    let closed = directory.close();
    ended.and_then(|exit| closed.map(|()| exit))
}

/// A demo that is about to serve.
struct Demo {
    host: Host,
    listen: SocketAddr,
    /// The id of the API key, and the key.
    key: (String, String),
    by: By,
    _market: Market,
    _pipelines: Emulator,
}

impl Demo {
    /// Starts the emulators, and sets up the host.
    async fn prepare(args: &DemoArgs, directory: &mut Directory) -> Result<Self, Failure> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port(args.port)?));
        let token = directory.token()?;
        let Ports { market, azure_devops } = directory.ports();
        let market = Market::start(market).await.map_err(|error| taken("market", market, &error))?;
        let pipelines = Emulator::start(azure_devops, options(token)).await;
        let pipelines = pipelines.map_err(|error| taken("Azure DevOps", azure_devops, &error))?;
        directory.fill(Ports { market: market.address().port(), azure_devops: pipelines.port() })?;
        let builder = Host::builder()
            .data_dir(directory.path().join("data"))
            .cache_dir(cache_dir())
            .compiler(compiler())
            .config_file(directory.path().join("stepwell.yaml"));
        let host = builder.build()?;
        let by = host.access().command_user();
        let key = create_key(&host, &by).await?;
        Ok(Self { host, listen, key, by, _market: market, _pipelines: pipelines })
    }

    /// Serves, and runs the samples meanwhile.
    async fn show(self, directory: &Directory) -> Ends {
        let Self { host, listen, key: (id, key), by, _market, _pipelines } = self;
        let file = host.system().write_private("demo-api-key", &format!("{key}\n"))?;
        let until = host.now() + chrono::Duration::hours(LINK_HOURS);
        let (link, path) = ui::Link::new(&key, until)
            .map_err(|error| Failure::platform(format!("there are no random numbers: {error}")))?;
        let (started, serves) = oneshot::channel();
        let end = directory.end();
        let announce = Box::new(move |address: SocketAddr| {
            print(&welcome(address, &path, &key, &file.display().to_string(), &end));
            // The samples may have ended already, with a failure.
            let _ = started.send(());
        });
        let (client, todo) = (Client::of(host.clone()), directory.samples());
        let steps = host.steps();
        let samples = AbortOnDropHandle::new(tokio::spawn(async move {
            if serves.await.is_err() {
                return;
            }
            let progress = AbortOnDropHandle::new(tokio::spawn(async move { progress::show(&steps).await }));
            let ran = async {
                if !todo.have_run() {
                    say!("The samples run now, those whose steps are ready first.");
                    samples::run(&client, &todo.jobs).await?;
                }
                todo.note()
            };
            match ran.await {
                Ok(()) => say!("The samples have run."),
                Err(failure) => say!("{}", failure.shown()),
            }
            // It has ended, unless steps are left that no sample needs.
            let _ = progress.await;
        }));
        let pages = Box::new(move |app, api| ui::router_with_link(app, api, link));
        let rate = host.configuration().service.rate_limit;
        let serving = api::Serving { listen, rate, pages, announce };
        // The demo ends with its terminal.
        let ended = api::serve(host.clone(), serving, || ControlFlow::Break(())).await;
        drop(samples);
        if directory.stays() {
            host.access().revoke(&id, &by).await?;
        }
        Ok(ended?)
    }
}

/// Returns the port to listen on.
fn port(wanted: Option<u16>) -> Result<u16, Failure> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    match wanted {
        None if free(PORT) => Ok(PORT),
        None | Some(0) => Ok(0),
        Some(port) if free(port) => Ok(port),
        Some(port) => {
            let message = format!("port {port} is in use: choose another one, or 0 for a free one");
            Err(Failure::option("--port", message))
        }
    }
}

/// Returns the failure for a port of an earlier demo that is not free.
fn taken(what: &str, port: u16, error: &std::io::Error) -> Failure {
    Failure::platform(format!(
        "the emulator of {what} cannot listen on 127.0.0.1:{port} ({error}), which the jobs in this directory name: \
        end the program that uses the port, or choose another --directory"
    ))
}

/// Returns the organization in Azure DevOps: its token, and its pipelines.
fn options(token: String) -> Options {
    let pipeline = |name: &str, seconds| Pipeline::new(name, "succeeded", Duration::from_secs(seconds));
    let pipelines = BTreeMap::from([(101, pipeline("web-tests", 3)), (102, pipeline("web-deploy", 5))]);
    Options { pat: token, pipelines, ..Options::default() }
}

/// Creates the API key of this demo. The key of an earlier one in the same directory ends.
async fn create_key(host: &Host, by: &By) -> Result<(String, String), Failure> {
    let access = host.access();
    for earlier in access.list().await?.into_iter().filter(|key| key.name == KEY) {
        access.revoke(&earlier.id, by).await?;
    }
    let new = NewKey {
        name: KEY.to_owned(),
        role: Role::Admin,
        projects: stepwell::everywhere(),
        jobs: Vec::new(),
        expires_at: Some(host.now() + chrono::Duration::days(KEY_DAYS)),
    };
    let (key, token) = access.create(new, by).await?;
    Ok((key.id, token))
}

/// Returns the text about the running demo.
fn welcome(address: SocketAddr, path: &str, key: &str, file: &str, end: &str) -> String {
    format!(
        "The demo of Stepwell runs. This link opens it, once, within the next hour:\n\n    http://{address}{path}\n\n\
        Later, log in at http://{address}/ with the API key (role admin):\n\n    {key}\n\n\
        In another terminal, these variables lead the command there:\n\n    \
        export STEPWELL_SERVER=http://{address} STEPWELL_KEY_FILE='{file}'\n\n\
        {end}"
    )
}
