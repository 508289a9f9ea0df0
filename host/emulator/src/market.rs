//! An emulator of a market that publishes exchange rates, as JSON and as a chart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{StatusCode, header, request};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::png;
use crate::serve::{Answer, Service, Serving, answer};

/// The rates of one euro.
const RATES: [(&str, f64); 6] =
    [("USD", 1.0842), ("GBP", 0.8391), ("CHF", 0.9417), ("SEK", 11.284), ("PLN", 4.2615), ("CZK", 25.147)];

/// A running market, which stops when it is dropped.
pub struct Market {
    address: SocketAddr,
    _serving: Serving,
}

impl Market {
    /// Starts on a port of 127.0.0.1; 0 selects a free port.
    ///
    /// # Errors
    /// Fails when it cannot listen on the port.
    pub async fn start(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, _serving: Serving::new(listener, Arc::new(Desk::default())) })
    }

    /// Returns the address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The desk of the market, which answers the requests.
#[derive(Default)]
struct Desk {
    /// The number of requests to the busy address.
    asked: AtomicU64,
}

impl Service for Desk {
    fn answer(&self, parts: &request::Parts, _: &[u8]) -> Answer {
        match parts.uri.path() {
            "/health" => ok(&json!({"status": "open", "markets": RATES.len()})),
            "/rates" => rates(),
            // Every second request comes at a bad time.
            "/rates/busy" if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
                problem(StatusCode::SERVICE_UNAVAILABLE, "the market is busy")
            }
            "/rates/busy" => rates(),
            "/rates.png" => {
                let heights: Vec<f64> = RATES.iter().map(|(_, rate)| rate.ln_1p()).collect();
                match png::bars(&heights) {
                    Ok(image) => answer(StatusCode::OK, "image/png", image),
                    Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the chart cannot be drawn"),
                }
            }
            "/orders" => problem(StatusCode::SERVICE_UNAVAILABLE, "the order desk is closed for maintenance"),
            _ => problem(StatusCode::NOT_FOUND, "there is nothing at this path"),
        }
    }
}

fn rates() -> Answer {
    let row = |(currency, rate): &(&str, f64)| json!({"currency": currency, "rate": rate});
    ok(&json!({"base": "EUR", "rates": RATES.iter().map(row).collect::<Vec<_>>()}))
}

fn ok(value: &Value) -> Answer {
    answer(StatusCode::OK, "application/json", value.to_string())
}

fn problem(status: StatusCode, detail: &str) -> Answer {
    let mut answer = answer(status, "application/json", json!({"detail": detail}).to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, 1.into());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(desk: &Desk, path: &str) -> u16 {
        let (parts, ()) = http::Request::builder().uri(path).body(()).unwrap().into_parts();
        desk.answer(&parts, b"").status().as_u16()
    }

    #[test]
    fn the_market_is_busy_every_second_time() {
        let desk = Desk::default();
        assert_eq!([0; 4].map(|_| status(&desk, "/rates/busy")), [503, 200, 503, 200]);
        for (path, expected) in [("/rates", 200), ("/rates.png", 200), ("/orders", 503), ("/other", 404)] {
            assert_eq!(status(&desk, path), expected, "{path}");
        }
    }
}
