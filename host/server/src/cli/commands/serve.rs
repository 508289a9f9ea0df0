//! `stepwell serve`.

use std::ops::ControlFlow;

use stepwell::engine::document::cut;
use stepwell::{Host, HostError};

use crate::Exit;
use crate::api;
use crate::cli::args::ServeArgs;
use crate::cli::host::{builder, registered};
use crate::telemetry::{self, LogFilter, LogFormat};

/// Serves until SIGTERM. `filter` follows the configuration, where no flag sets the log.
pub(super) async fn serve(
    args: ServeArgs,
    filter: Option<LogFilter>,
    format: LogFormat,
) -> Result<Exit, HostError> {
    let sources = builder(&args.host);
    let config = sources.configuration()?;
    set_log(filter.as_ref(), &config.service.log);
    let sources = match telemetry::spans(&config)? {
        Some(spans) => sources.spans(spans),
        None => sources,
    };
    let host = registered(sources.build()?, &args.host).await?;
    let listen = args.listen.unwrap_or(config.service.listen);
    let rate = args.rate_limit.unwrap_or(config.service.rate_limit);
    let (host_of, filter_of) = (host.clone(), filter);
    let reload = move || {
        let detail = reloaded(&host_of, filter_of.as_ref());
        // An unavailable store does not delay the reload of the configuration.
        let host = host_of.clone();
        tokio::spawn(async move {
            if let Err(error) = host.audit().note("system.reload", "configuration", &detail).await {
                tracing::warn!("the reload is not in the audit log: {error}");
            }
        });
        ControlFlow::Continue(())
    };
    let announce = Box::new(move |address| api::announce(format, address));
    let serving = api::Serving { listen, rate, pages: Box::new(crate::ui::router), announce };
    api::serve(host, serving, reload).await
}

/// Reads the configuration again, and returns the result for the audit log.
fn reloaded(host: &Host, filter: Option<&LogFilter>) -> String {
    match host.reload() {
        Ok(kept) => {
            set_log(filter, &host.configuration().service.log);
            match kept.as_slice() {
                [] => tracing::info!("configuration reloaded"),
                kept => tracing::warn!("configuration reloaded; these need a restart: {}", kept.join(", ")),
            }
            format!("reloaded; policies: {}", host.system().policy_names().join(", "))
        }
        Err(error) => {
            tracing::error!("reload failed, the running configuration is unchanged: {error}");
            format!("refused, nothing changes: {}", cut(&error.to_string(), 500))
        }
    }
}

fn set_log(filter: Option<&LogFilter>, wanted: &str) {
    let Some(filter) = filter else { return };
    let set = tracing_subscriber::EnvFilter::try_new(wanted).map_err(|error| error.to_string());
    if let Err(error) = set.and_then(|wanted| filter.reload(wanted).map_err(|error| error.to_string())) {
        tracing::warn!("service.log: `{wanted}`: {error}");
    }
}
