//! The target of a guest's request, from its URL.

use http::Uri;
use wasmtime_wasi_http::Error;

/// The target of a request.
pub(super) struct Target {
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub path: String,
}

impl Target {
    pub fn of(uri: &Uri) -> Result<Self, Error> {
        let scheme = uri.scheme_str().unwrap_or("https").to_ascii_lowercase();
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        if authority.as_str().contains('@') {
            return Err(Error::HttpRequestUriInvalid);
        }
        let default = if scheme == "http" { 80 } else { 443 };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        // An IPv6 address has many spellings; rules use the shortest.
        let host = host.parse::<std::net::Ipv6Addr>().map_or(host, |address| address.to_string());
        Ok(Self { host, port: authority.port_u16().unwrap_or(default), path: uri.path().to_owned(), scheme })
    }

    /// Returns the host and the port.
    pub fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}
