//! Limits the resources that anonymous clients and holders of keys can use: connections, attempts to log in,
//! streams.
//!
//! Limits per address apply before a key is known. The address is that of the peer. Behind a proxy that
//! `service.proxies` lists, it is the last address in `X-Forwarded-For` that does not belong to such a proxy.
//! IPv6 addresses count per 64-bit network, since one client usually has all of it.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{HeaderMap, Uri, header};
use ipnet::IpNet;
use parking_lot::Mutex;
use stepwell::engine::clock::Timestamp;
use tokio_util::sync::CancellationToken;

/// The failed logins that an address may have per second, and at once.
const FAILURES: f64 = 10.0;
const BURST: f64 = 20.0;
/// The maximum number of addresses that are counted separately. All others share one count.
const MAX_ADDRESSES: usize = 4096;
/// The minimum seconds between two rows of the audit log about one address, and the maximum number of rows in
/// that time.
const NOTE_INTERVAL: i64 = 60;
const MAX_NOTED: usize = 30;
/// Maximum number of keys in each cache: of unknown keys and of valid ones.
const MAX_KEYS: usize = 4096;

/// Returns the address under which a client is counted.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from(u128::from(six) & (u128::MAX << 64)).into(),
        four => four,
    }
}

/// The address of the peer of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// The networks of the proxies in front of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Parses addresses and networks, such as `10.0.0.0/8`.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let wrong = || {
                format!("service.proxies: `{text}` is neither an address nor a network such as 10.0.0.0/8")
            };
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or_else(|_| address()).map_err(|_| wrong())
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the address of the client.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.has(peer) {
            return peer;
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut client = peer;
        for text in named.iter().rev() {
            // Text that is not an address comes from a client, not from a trusted proxy.
            let Ok(address) = text.parse::<IpAddr>() else { break };
            client = address;
            if !self.has(address) {
                break;
            }
        }
        client
    }
}

/// The failed logins by address.
#[derive(Default)]
pub(crate) struct Failures(Mutex<Table>);

#[derive(Default)]
struct Table {
    addresses: HashMap<IpAddr, Tries>,
    /// The times at which rows were written.
    noted: VecDeque<Timestamp>,
    /// The time of the last removal of addresses without recent failures: it costs time in proportion to the
    /// addresses.
    swept: Option<Timestamp>,
}

struct Tries {
    left: f64,
    at: Timestamp,
    failed: u64,
    row_at: Option<Timestamp>,
}

impl Tries {
    fn refill(&mut self, now: Timestamp) {
        let seconds = (now - self.at).as_seconds_f64().max(0.0);
        self.left = (self.left + seconds * FAILURES).min(BURST);
        self.at = now;
    }
}

impl Table {
    fn tries(&mut self, address: IpAddr, now: Timestamp) -> &mut Tries {
        let mut address = counted(address);
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&address) {
            if self.swept.is_none_or(|at| now - at >= chrono::Duration::seconds(1)) {
                self.swept = Some(now);
                self.addresses.values_mut().for_each(|tries| tries.refill(now));
                self.addresses.retain(|_, tries| tries.left < BURST);
            }
            if self.addresses.len() >= MAX_ADDRESSES {
                address = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let new = || Tries { left: BURST, at: now, failed: 0, row_at: None };
        let tries = self.addresses.entry(address).or_insert_with(new);
        tries.refill(now);
        tries
    }
}

impl Failures {
    /// Returns whether this address may try an unknown key. The attempt counts at once, so that concurrent
    /// attempts are limited like consecutive ones.
    pub fn may_try(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut table = self.0.lock();
        let tries = table.tries(address, now);
        let may = tries.left >= 1.0;
        if may {
            tries.left -= 1.0;
        }
        may
    }

    /// Removes an attempt that did not fail from the count.
    pub fn passed(&self, address: IpAddr, now: Timestamp) {
        let mut table = self.0.lock();
        let tries = table.tries(address, now);
        tries.left = (tries.left + 1.0).min(BURST);
    }

    /// Counts a failed login for the audit log. When the next row is due, returns the number of failed logins
    /// since the last row.
    pub fn failed(&self, address: IpAddr, now: Timestamp) -> Option<u64> {
        let mut table = self.0.lock();
        let minute = chrono::Duration::seconds(NOTE_INTERVAL);
        while table.noted.front().is_some_and(|at| now - *at >= minute) {
            table.noted.pop_front();
        }
        let room = table.noted.len() < MAX_NOTED;
        let tries = table.tries(address, now);
        tries.failed += 1;
        if !room || tries.row_at.is_some_and(|at| now - at < minute) {
            return None;
        }
        tries.row_at = Some(now);
        let count = std::mem::take(&mut tries.failed);
        table.noted.push_back(now);
        Some(count)
    }
}

/// A bounded set of texts that expire.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<String, Timestamp>>);

impl Remembered {
    pub fn has(&self, text: &str, now: Timestamp, life: chrono::Duration) -> bool {
        self.0.lock().get(text).is_some_and(|at| now - *at < life)
    }

    /// Adds a text. Returns false when there is no room for it.
    pub fn add(&self, text: &str, now: Timestamp, life: chrono::Duration) -> bool {
        let mut known = self.0.lock();
        if known.len() >= MAX_KEYS && !known.contains_key(text) {
            known.retain(|_, at| now - *at < life);
        }
        let room = known.len() < MAX_KEYS || known.contains_key(text);
        if room {
            known.insert(text.to_owned(), now);
        }
        room
    }

    pub fn remove(&self, text: &str) {
        self.0.lock().remove(text);
    }

    pub fn forget(&self) {
        self.0.lock().clear();
    }
}

/// The open streams.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashMap<String, u32>>);

/// An open stream. It counts until it is dropped.
pub(crate) struct Stream {
    all: Arc<Streams>,
    key: String,
}

impl Streams {
    /// Opens a stream of a key, when there is room.
    ///
    /// # Errors
    /// Returns the reason when the maximum is reached.
    pub fn open(self: &Arc<Self>, key: &str, per_key: u32, total: u32) -> Result<Stream, String> {
        let mut open = self.0.lock();
        let own = open.get(key).copied().unwrap_or(0);
        if own >= per_key {
            return Err(format!("this key has {own} open streams, which is the maximum; close one"));
        }
        if open.values().sum::<u32>() >= total {
            return Err(format!("this node has {total} open streams, which is the maximum"));
        }
        open.insert(key.to_owned(), own + 1);
        Ok(Stream { all: self.clone(), key: key.to_owned() })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.all.0.lock();
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

/// Names that always belong to the service: no public server resolves them.
const OWN: [&str; 2] = ["localhost", "stepwell"];

/// The names that requests may use for the service.
///
/// A page in a browser can reach a service on this machine under a name that the page's server resolves to
/// 127.0.0.1. The `Host` header has that name, so a service on a loopback address answers only to its own
/// names. An IP address is always allowed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub checked: bool,
    pub own: Vec<String>,
}

impl Names {
    pub fn allow(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let hosts = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or("?"));
        !self.checked || hosts.chain(uri.authority().map(|host| host.as_str())).all(|host| self.own(host))
    }

    fn own(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.trim_end_matches('.');
        address.parse::<IpAddr>().is_ok()
            || OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
            || self.own.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The open connections.
pub(crate) struct Connections {
    open: Mutex<Vec<Arc<Connection>>>,
    most: usize,
    per_address: usize,
    proxies: Proxies,
}

/// A connection that the service has accepted.
pub(crate) struct Connection {
    address: IpAddr,
    requests: AtomicUsize,
    /// Closes the connection.
    pub close: CancellationToken,
}

/// A request that is being answered, which makes its connection busy.
pub(crate) struct Answering(Arc<Connection>);

impl Connection {
    pub fn answering(self: &Arc<Self>) -> Answering {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// Allows at most `most` connections, and a quarter of them from one address that is not a proxy.
    pub fn new(most: usize, proxies: Proxies) -> Self {
        Self { open: Mutex::default(), most, per_address: (most / 4).max(1), proxies }
    }

    /// Adds a connection. If its address has too many connections, closes the oldest idle one of this
    /// address. If there are too many in total, closes the oldest idle one. Returns `None` if there is no
    /// idle one: the caller then closes the new connection.
    pub fn open(&self, address: IpAddr) -> Option<Arc<Connection>> {
        let trusted = self.proxies.has(address);
        let address = counted(address);
        let mut open = self.open.lock();
        let own = open.iter().filter(|one| one.address == address).count();
        let over = !trusted && own >= self.per_address;
        if over || open.len() >= self.most {
            let idle = |one: &Arc<Connection>| one.requests.load(Ordering::Relaxed) == 0;
            let victim = open.iter().position(|one| idle(one) && (!over || one.address == address))?;
            open.remove(victim).close.cancel();
        }
        let new =
            Arc::new(Connection { address, requests: AtomicUsize::new(0), close: CancellationToken::new() });
        open.push(new.clone());
        Some(new)
    }

    /// Closes all connections.
    pub fn close_all(&self) {
        self.open.lock().iter().for_each(|one| one.close.cancel());
    }

    pub fn closed(&self, connection: &Arc<Connection>) {
        self.open.lock().retain(|one| !Arc::ptr_eq(one, connection));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(1_750_000_000_000 + ms).unwrap()
    }

    #[test]
    fn an_address_fails_ten_times_a_second_and_leaves_few_rows() {
        let failures = Failures::default();
        let (one, two): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let (mut tried, mut rows, mut reported) = (0, 0, 0);
        for ms in 0..10_000 {
            if failures.may_try(one, at(ms)) {
                tried += 1;
                if let Some(count) = failures.failed(one, at(ms)) {
                    rows += 1;
                    reported += count;
                }
            }
        }
        assert!((110..=121).contains(&tried), "{tried}");
        assert_eq!((rows, reported), (1, 1));
        assert!(failures.may_try(two, at(10_000)));
        // Successful attempts do not count.
        for _ in 0..1000 {
            assert!(failures.may_try(two, at(10_000)));
            failures.passed(two, at(10_000));
        }
        // A minute later, the next row has the number of failures.
        assert_eq!(failures.failed(one, at(70_000)), Some(tried));
    }

    #[test]
    fn many_addresses_take_no_more_memory_and_no_more_rows() {
        let failures = Failures::default();
        let mut rows = 0;
        for n in 0..50_000u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            failures.may_try(address, at(0));
            rows += u64::from(failures.failed(address, at(0)).is_some());
        }
        assert!(failures.0.lock().addresses.len() <= MAX_ADDRESSES + 1);
        assert_eq!(rows, MAX_NOTED as u64);
        // All other addresses share one count, which is used up.
        assert!(!failures.may_try("198.51.100.1".parse().unwrap(), at(0)));
        // An IPv6 network is one address.
        let failures = Failures::default();
        for n in 0..20u128 {
            assert!(failures.may_try(Ipv6Addr::from((0x2001_0db8u128 << 96) + n).into(), at(0)));
        }
        assert!(!failures.may_try("2001:db8::ffff".parse().unwrap(), at(0)));
        assert!(failures.may_try("2001:db8:0:1::1".parse().unwrap(), at(0)));
    }

    #[test]
    fn a_client_behind_a_proxy_is_the_last_that_is_no_proxy() {
        let proxies = Proxies::read(&["10.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap();
        for (peer, forwarded, client) in [
            ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
            ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
            ("10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"),
            ("10.1.2.3", "1.1.1.1, nonsense", "10.1.2.3"),
            ("10.1.2.3", "", "10.1.2.3"),
            ("::1", "203.0.113.9", "203.0.113.9"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let found = proxies.client(peer.parse().unwrap(), &headers);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
        for wrong in ["10.0.0.0/33", "::/129", "proxy", "10.0.0.0/x", "10.0.0.0/", "10.0.0.0/8/8", ""] {
            assert!(Proxies::read(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_has_its_addresses_only() {
        for (network, address, expected) in [
            ("10.1.2.3/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let proxies = Proxies::read(&[network.to_owned()]).unwrap();
            assert_eq!(proxies.has(address.parse().unwrap()), expected, "{network} {address}");
        }
    }

    #[test]
    fn a_foreign_name_is_refused() {
        let names = Names { checked: true, own: vec!["stepwell.example".to_owned()] };
        let asks = |names: &Names, host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            names.allow(&headers, &Uri::from_static("/"))
        };
        for (host, allowed) in [
            ("localhost:7450", true),
            ("LOCALHOST.", true),
            ("stepwell", true),
            ("stepwell.evil.example", false),
            ("127.0.0.1:7450", true),
            ("[::1]:7450", true),
            ("stepwell.example:443", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("stepwell.example.evil.example", false),
            ("", false),
        ] {
            assert_eq!(asks(&names, host), allowed, "{host}");
        }
        assert!(asks(&Names::default(), "evil.example"));
        assert!(!names.allow(&HeaderMap::new(), &Uri::from_static("http://evil.example/")));
    }

    #[test]
    fn streams_are_counted_by_key_and_in_all() {
        let streams = Arc::new(Streams::default());
        let mut open = Vec::new();
        for key in ["a", "a", "b"] {
            open.push(streams.open(key, 2, 3).unwrap_or_else(|why| panic!("{why}")));
        }
        assert!(streams.open("a", 2, 3).is_err() && streams.open("c", 2, 3).is_err());
        open.pop();
        assert!(streams.open("a", 2, 3).is_err() && streams.open("c", 2, 3).is_ok());
        open.clear();
        assert!(streams.0.lock().is_empty());
    }

    #[test]
    fn a_stranger_takes_a_quarter_of_the_connections_and_idle_ones_give_way() {
        let connections = Connections::new(40, Proxies::read(&["192.0.2.9".to_owned()]).unwrap());
        let stranger: IpAddr = "192.0.2.1".parse().unwrap();
        let first: Vec<_> = (0..10).map(|_| connections.open(stranger).unwrap()).collect();
        let busy: Vec<_> = first.iter().skip(1).map(Connection::answering).collect();
        // The idle one gives way, and then none is idle.
        let next = connections.open(stranger).unwrap();
        assert!(first[0].close.is_cancelled() && first.iter().skip(1).all(|one| !one.close.is_cancelled()));
        let _answering = next.answering();
        assert!(connections.open(stranger).is_none());
        // Other addresses have the rest, and a proxy may use all of it.
        for n in 2..12u8 {
            assert!(connections.open([192, 0, 2, n].into()).is_some());
        }
        let proxied: Vec<_> = (0..20).filter_map(|_| connections.open([192, 0, 2, 9].into())).collect();
        assert_eq!(proxied.len(), 20);
        drop(busy);
        connections.closed(&next);
        assert!(connections.open(stranger).is_some());
    }
}
