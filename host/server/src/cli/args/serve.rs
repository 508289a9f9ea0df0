//! The options of `stepwell serve`.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::Args;

use super::shared::HostArgs;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address of the API. Put an API that other machines can reach behind TLS.
    ///
    /// [default: `service.listen` of the configuration, or 127.0.0.1:7450]
    #[arg(long, value_name = "ADDRESS", env = "STEPWELL_LISTEN", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// Requests per second of one API key or person; a burst may have twice as many [default:
    /// `service.rate_limit` of the configuration, or 100].
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate_limit: Option<NonZeroU32>,
    #[command(flatten)]
    pub host: HostArgs,
}

/// Reads a number of requests.
fn rate(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("write a whole number from 1 to {}", u32::MAX))
}

/// Reads an address and a port. `localhost` stands for 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:7450".to_owned())
}
