//! Threats T-23 and T-24: no spelling of an address, and no name whose address changes, leads to this machine
//! or to a metadata service.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use stepwell_engine::config::CircuitBreaker;
use stepwell_engine::policy::Capability;
use stepwell_engine::policy::{self, Policy, PolicySet, Profile};
use stepwell_engine::step::{Manifest, Need};
use stepwell_engine::{Configuration, Receipt};
use tokio::net::TcpListener;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::breaker::Breakers;
use super::http::{Hooks, Outbound};
use super::lookups::{Lookup, Lookups, system_lookup};
use crate::credentials::Credentials;

/// Returns the hooks of a step with these rules.
fn hooks(rules: &str, lookup: Lookup) -> Option<Hooks> {
    let text = format!(
        "policy: 1\nname: p\nsteps: [s]\nprofile: large\nlimits: {{http_requests: 100_000}}\nhttp: {rules}\n"
    );
    let policies = Policy::parse("p.yaml", &text, Path::new("")).ok()?;
    let config = Configuration::default();
    let policies = PolicySet::new(policies, &config).ok()?;
    let manifest = Manifest {
        type_name: "s".to_owned(),
        version: String::new(),
        summary: String::new(),
        config_schema: serde_json::json!({}).into(),
        needs: vec![Need { capability: Capability::Http, purpose: String::new(), optional: false }],
        profile: Profile::Standard,
        idempotent: false,
    };
    let request = policy::Request {
        project: "default",
        manifest: &manifest,
        digest: "",
        replaces_builtin: false,
        narrowing: &[],
        timeout: None,
        workspace: None,
    };
    let grant = policy::decide(&policies, &config, &request).ok()?;
    let never = CircuitBreaker { failures: u32::MAX, ..CircuitBreaker::default() };
    let outbound = Outbound {
        credentials: Credentials::new(Arc::default()),
        breakers: Breakers::new(never),
        lookups: Lookups::new(lookup),
    };
    Some(Hooks::new(Arc::new(outbound), "", Arc::new(grant), None, Default::default(), &Default::default()))
}

/// Sends a request, and returns an error with the denial if it got no response.
async fn ask(hooks: &Hooks, url: &str) -> Result<(), String> {
    let body: WasiBody = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(url).body(body).map_err(|error| error.to_string())?;
    let options =
        RequestOptions { connect_timeout: Some(Duration::from_millis(5)), ..RequestOptions::default() };
    hooks.shared.clone().send(request, options).await.map(drop).map_err(|error| format!("{error:?}"))
}

/// Listens on every address of this machine, and counts connections.
async fn trap() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
    let counter = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    (port, count)
}

/// Returns spellings of an IPv4 address that some parser accepts.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let whole = u32::from(address);
    let (last3, last2) = (whole & 0xff_ffff, whole & 0xffff);
    let mut found = vec![
        address.to_string(),
        format!("{address}."),
        format!("{whole}"),
        format!("{whole:#x}"),
        format!("{whole:#X}"),
        format!("0{whole:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{last3}"),
        format!("{a}.{b}.{last2}"),
        format!("{a:#x}.{last3}"),
        format!("0{a:o}.{b}.{last2:#x}"),
        format!("{a:03}.{b:03}.{c:03}.{d:03}"),
        format!("{}.{}.{}.{}", u32::from(a) + 256, b, c, d),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{:x}:{:x}]", whole >> 16, last2),
        format!("[0:0:0:0:0:ffff:{address}]"),
        format!("[::{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("[64:ff9b:1::{address}]"),
        format!("[2002:{:x}:{:x}::1]", whole >> 16, last2),
        format!("[2001:0:{:x}:{:x}::1]", whole >> 16, last2),
        format!("public.example@{address}"),
        format!("public.example:80@{address}"),
        format!("public.example%40{address}"),
        format!("{address}#.public.example"),
        format!("{address}%00.public.example"),
        format!("{address}\\.public.example"),
    ];
    // Digits and dots of other scripts, which IDNA maps to ASCII.
    let wide: String = address
        .to_string()
        .chars()
        .map(|c| match c {
            '.' => '\u{3002}',
            digit => char::from_u32(u32::from(digit) - 48 + 0xff10).unwrap_or(digit),
        })
        .collect();
    found.extend([
        wide.clone(),
        wide.replace('\u{3002}', "\u{ff0e}"),
        address.to_string().replace('.', "%2e"),
    ]);
    found
}

#[tokio::test]
async fn no_spelling_of_an_address_leads_inside() {
    let (port, came) = trap().await;
    let mut addresses: Vec<Ipv4Addr> =
        ["127.0.0.1", "127.1.2.3", "0.0.0.0", "169.254.169.254", "100.100.100.200", "192.0.0.192"]
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
    for seed in 0..64u32 {
        let spread = seed.wrapping_mul(2_654_435_761);
        let tail = spread.to_be_bytes();
        addresses.push(Ipv4Addr::new(10, tail[0], tail[1], tail[2]));
        addresses.push(Ipv4Addr::new(127, tail[1], tail[2], tail[3]));
    }
    let mut hosts: Vec<String> = addresses.into_iter().flat_map(spellings).collect();
    hosts.extend(
        [
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[fe80::1]",
            "[fe80::1%25lo]",
            "[fc00::1]",
            "[ff02::1]",
            "localhost",
            "LOCALHOST.",
            "ip6-localhost",
        ]
        .map(str::to_owned),
    );
    assert!(hosts.len() > 2_000, "{}", hosts.len());
    let elsewhere = hooks("[{url: 'http://public.example:80'}]", Box::new(system_lookup)).unwrap();
    for host in &hosts {
        let url = format!("http://{host}:{port}/latest/meta-data");
        // By a rule for another place, and by a rule for exactly this spelling: a rule never names a private
        // address by chance.
        let by_list = ask(&elsewhere, &url).await;
        assert!(by_list.is_err(), "{url}");
        if let Some(hooks) = hooks(&format!("[{{url: 'http://{host}:{port}'}}]"), Box::new(system_lookup)) {
            let by_address = ask(&hooks, &url).await;
            assert!(by_address.is_err(), "{url}");
        }
    }
    // The trap counts connections.
    let open = format!("[{{url: 'http://127.0.0.1:{port}', allow_private: ['127.0.0.1/32']}}]");
    assert_eq!(came.load(Ordering::Relaxed), 0);
    let _ = ask(&hooks(&open, Box::new(system_lookup)).unwrap(), &format!("http://127.0.0.1:{port}/")).await;
    tokio::time::timeout(Duration::from_secs(5), async {
        while came.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_name_whose_address_changes_leads_nowhere_inside() {
    let (port, came) = trap().await;
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    // Every second answer is this machine: alone, or beside an address of the internet.
    let lookup: Lookup = Box::new(move |_, port| {
        let turn = count.fetch_add(1, Ordering::Relaxed);
        let (inside, outside): (SocketAddr, SocketAddr) =
            (([127, 0, 0, 1], port).into(), ([1, 1, 1, 1], port).into());
        let found = match turn % 4 {
            0 => vec![outside],
            1 => vec![inside],
            2 => vec![outside, inside],
            _ => vec![inside, outside],
        };
        Box::pin(async move { Ok(found) })
    });
    let hooks = hooks(&format!("[{{url: 'http://public.example:{port}'}}]"), lookup).unwrap();
    let mut refused = 0;
    for _ in 0..10_000 {
        let error = ask(&hooks, &format!("http://public.example:{port}/")).await.unwrap_err();
        refused += u64::from(error.contains("DestinationIpProhibited"));
    }
    assert_eq!((came.load(Ordering::Relaxed), asked.load(Ordering::Relaxed), refused), (0, 10_000, 7_500));
    let mut receipt = Receipt::default();
    hooks.write(&mut receipt);
    assert_eq!(receipt.denials["HTTP_ADDRESS_NOT_PUBLIC"], 7_500);
}
