//! `stepwell serve`.

use stepwell::HostError;

use crate::cli::ServeArgs;
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::{Exit, api, builder, registered};

/// Serves until SIGTERM. `filter` follows the configuration, where no flag sets the log.
pub(crate) async fn serve(
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
    let reload = move || match host_of.reload() {
        Ok(kept) => {
            set_log(filter_of.as_ref(), &host_of.configuration().service.log);
            match kept.as_slice() {
                [] => tracing::info!("configuration reloaded"),
                kept => tracing::warn!("configuration reloaded; these need a restart: {}", kept.join(", ")),
            }
        }
        Err(error) => tracing::error!("reload failed, the running configuration is unchanged: {error}"),
    };
    api::serve(host, api::Serving { listen, rate, format }, reload).await
}

fn set_log(filter: Option<&LogFilter>, wanted: &str) {
    let Some(filter) = filter else { return };
    let set = tracing_subscriber::EnvFilter::try_new(wanted).map_err(|error| error.to_string());
    if let Err(error) = set.and_then(|wanted| filter.reload(wanted).map_err(|error| error.to_string())) {
        tracing::warn!("service.log: `{wanted}`: {error}");
    }
}
