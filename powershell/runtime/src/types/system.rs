//! `Environment`, `Guid`, `Uri`, `Version`, cultures and other types of the namespace `System`.

use super::Members;
use super::args::{at, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::reflection::{ENUM, TYPE};
use super::uri::{URI, WEB};
use ps_value::Value;
use ps_value::error::{R, net};
use ps_value::net::{Net, version};
use ps_value::net_text::{guid_text, parse_guid, parse_version, version_text};
use ps_value::types::NetType;

pub(super) const MEMBERS: Members = &[
    (NetType::Guid, GUID),
    (NetType::Version, VERSION),
    (NetType::SemanticVersion, VERSION),
    (NetType::Uri, URI),
    (NetType::Environment, ENVIRONMENT),
    (NetType::Console, CONSOLE),
    (
        NetType::GC,
        &[
            Static("void Collect()", |_, _| Ok(Value::Void)),
            Static("long GetTotalMemory(bool forceFullCollection)", |_, _| Ok(Value::Long(0))),
        ],
    ),
    (
        NetType::ServicePointManager,
        &[StaticProperty("System.Net.SecurityProtocolType SecurityProtocol", |_, _| {
            Ok(super::enum_value(NetType::SecurityProtocolType, 3072))
        })],
    ),
    (NetType::WebUtility, WEB),
    (NetType::HttpUtility, WEB),
    (
        NetType::SecurityElement,
        &[Static("string Escape(string str)", |_, a| {
            Ok(Value::from(
                string(a, 0)
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;")
                    .replace('"', "&quot;")
                    .replace('\'', "&apos;"),
            ))
        })],
    ),
    (NetType::Stopwatch, STOPWATCH),
    (NetType::Enum, ENUM),
    (NetType::Type, TYPE),
    (
        NetType::Tuple,
        &[Static("object Create(params object[] items)", |_, a| {
            let names = ["Item1", "Item2", "Item3", "Item4", "Item5", "Item6", "Item7"];
            Ok(Value::record(NetType::Tuple, names.into_iter().zip(a.iter().cloned()).collect()))
        })],
    ),
];

fn guid(value: &Value) -> [u8; 16] {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Guid(bytes) => *bytes,
            _ => [0; 16],
        },
        _ => [0; 16],
    }
}

/// Returns a random GUID of version 4.
pub fn new_guid(it: &mut crate::eval::Interp) -> Value {
    let mut bytes = [0; 16];
    for half in bytes.chunks_mut(8) {
        half.copy_from_slice(&it.host.random().to_le_bytes());
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Value::net(Net::Guid(bytes))
}

const GUID: &[Declared] = &[
    Static("guid NewGuid()", |it, _| Ok(new_guid(it))),
    Static("guid Parse(string input)", |_, a| match parse_guid(&string(a, 0)) {
        Some(bytes) => Ok(Value::net(Net::Guid(bytes))),
        None => net(
            NetType::FormatException,
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        ),
    }),
    Static("bool TryParse(string input, ref result)", |it, a| {
        let found = parse_guid(&string(a, 0));
        if let Value::Ref(reference) = at(a, 1).base() {
            it.write_reference(&reference.clone(), Value::net(Net::Guid(found.unwrap_or_default())))?;
        }
        Ok(Value::Bool(found.is_some()))
    }),
    StaticProperty("guid Empty", |_, _| Ok(Value::net(Net::Guid([0; 16])))),
    Property("guid Guid", |_, t, _| Ok(Value::from(guid_text(&guid(t))))),
    Method("byte[] ToByteArray()", |_, t, _| Ok(Value::bytes(&guid(t)))),
    New("guid(string g)", |_, a| match parse_guid(&string(a, 0)) {
        Some(bytes) => Ok(Value::net(Net::Guid(bytes))),
        None => net(
            NetType::FormatException,
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        ),
    }),
];

fn part(value: &Value, index: usize) -> Value {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Version(parts) => Value::Int(parts.get(index).copied().unwrap_or(-1)),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn parts(value: &Value) -> [i32; 4] {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Version(parts) => *parts,
            _ => [0; 4],
        },
        _ => [0; 4],
    }
}

fn make_version(args: &[Value]) -> R<Value> {
    let mut parts = [-1; 4];
    for (i, place) in parts.iter_mut().enumerate().take(args.len()) {
        *place = integer(args, i) as i32;
        if *place < 0 {
            return net(
                NetType::ArgumentOutOfRangeException,
                "Version's parameters must be greater than or equal to zero. (Parameter 'major')",
            );
        }
    }
    Ok(version(parts))
}

const VERSION: &[Declared] = &[
    Property("int Major", |_, t, _| Ok(part(t, 0))),
    Property("int Minor", |_, t, _| Ok(part(t, 1))),
    Property("int Build", |_, t, _| Ok(part(t, 2))),
    Property("int Revision", |_, t, _| Ok(part(t, 3))),
    // The halves of the revision.
    Property("short MajorRevision", |_, t, _| Ok(Value::Short((parts(t)[3] >> 16) as i16))),
    Property("short MinorRevision", |_, t, _| Ok(Value::Short(parts(t)[3] as i16))),
    Property("int Patch", |_, t, _| Ok(part(t, 2))),
    Method("int CompareTo(version value)", |_, t, a| Ok(Value::Int(parts(t).cmp(&parts(&at(a, 0))) as i32))),
    Method("string ToString()", |_, t, _| Ok(Value::from(version_text(&parts(t), 4)))),
    Method("string ToString(int fieldCount)", |_, t, a| {
        Ok(Value::from(version_text(&parts(t), integer(a, 0).max(0) as usize)))
    }),
    Static("version Parse(string input)", |_, a| match parse_version(&string(a, 0)) {
        Ok(parts) => Ok(version(parts)),
        Err(why) => net(NetType::ArgumentException, why),
    }),
    Static("bool TryParse(string input, ref result)", |it, a| {
        let found = parse_version(&string(a, 0)).ok();
        if let Value::Ref(reference) = at(a, 1).base() {
            it.write_reference(&reference.clone(), found.map_or(Value::Null, version))?;
        }
        Ok(Value::Bool(found.is_some()))
    }),
    New("version(string version)", |_, a| match parse_version(&string(a, 0)) {
        Ok(parts) => Ok(version(parts)),
        Err(why) => net(NetType::ArgumentException, why),
    }),
    New("version(int major, int minor)", |_, a| make_version(a)),
    New("version(int major, int minor, int build)", |_, a| make_version(a)),
    New("version(int major, int minor, int build, int revision)", |_, a| make_version(a)),
];

const ENVIRONMENT: &[Declared] = &[
    StaticProperty("string NewLine", |_, _| Ok(Value::from("\n"))),
    StaticProperty("string MachineName", |it, _| {
        Ok(Value::from(it.env.get("HOSTNAME").unwrap_or_else(|| "sandbox".into())))
    }),
    StaticProperty("string UserName", |it, _| {
        Ok(Value::from(it.env.get("USER").unwrap_or_else(|| "sandbox".into())))
    }),
    StaticProperty("string UserDomainName", |_, _| Ok(Value::from("sandbox"))),
    StaticProperty("string CurrentDirectory", |it, _| Ok(Value::from(it.location.current.clone()))),
    StaticProperty("int ProcessorCount", |_, _| Ok(Value::Int(1))),
    StaticProperty("int ProcessId", |_, _| Ok(Value::Int(1))),
    StaticProperty("int TickCount", |it, _| {
        Ok(Value::Int((it.host.monotonic() / 1_000_000) as i32 & i32::MAX))
    }),
    StaticProperty("bool Is64BitOperatingSystem", |_, _| Ok(Value::Bool(true))),
    StaticProperty("bool Is64BitProcess", |_, _| Ok(Value::Bool(true))),
    StaticProperty("bool UserInteractive", |_, _| Ok(Value::Bool(false))),
    StaticProperty("version Version", |_, _| Ok(version([3, 1, 32, -1]))),
    StaticProperty("System.OperatingSystem OSVersion", |_, _| {
        Ok(Value::record(
            NetType::OperatingSystem,
            vec![
                ("Platform", Value::from("Unix")),
                ("ServicePack", Value::from("")),
                ("Version", version([0, 2, 0, 0])),
                ("VersionString", Value::from("Unix 0.2.0.0")),
            ],
        ))
    }),
    Static("string GetEnvironmentVariable(string variable)", |it, a| {
        Ok(it.env.get(&string(a, 0)).map(Value::from).unwrap_or_default())
    }),
    Static(
        "string GetEnvironmentVariable(string variable, System.EnvironmentVariableTarget target)",
        |it, a| Ok(it.env.get(&string(a, 0)).map(Value::from).unwrap_or_default()),
    ),
    Static("void SetEnvironmentVariable(string variable, string value)", |it, a| {
        it.env.set(&string(a, 0), &at(a, 1));
        Ok(Value::Void)
    }),
    Static("System.Collections.IDictionary GetEnvironmentVariables()", |it, _| {
        let pairs: Vec<(Value, Value)> = it
            .env
            .variables
            .iter()
            .map(|(k, v)| (Value::from(k.as_str()), Value::from(v.as_str())))
            .collect();
        Ok(Value::Dict(std::rc::Rc::new(ps_value::Dict::from_pairs(ps_value::DictKind::Hashtable, pairs))))
    }),
    Static("string GetFolderPath(object folder)", |it, _| {
        Ok(Value::from(it.env.get("HOME").unwrap_or_default()))
    }),
    Static("string ExpandEnvironmentVariables(string name)", |it, a| {
        let mut out = string(a, 0).to_string();
        for (k, v) in it.env.variables.clone() {
            out = out.replace(&format!("%{k}%"), &v);
        }
        Ok(Value::from(out))
    }),
    Static("void Exit(int exitCode)", |_, a| {
        Err(Box::new(ps_value::error::Flow::Exit(integer(a, 0) as i32)))
    }),
];

fn write(it: &mut crate::eval::Interp, args: &[Value], end: &str) -> R<Value> {
    let text = match args {
        [] => String::new(),
        [one] => it.to_text(one),
        [format, rest @ ..] => {
            let format = it.to_text(format);
            match it.format(&format, rest) {
                Ok(text) => text,
                Err(why) => return net(NetType::FormatException, why),
            }
        }
    };
    it.host.write_host(&format!("{text}{end}"), true);
    Ok(Value::Void)
}

const CONSOLE: &[Declared] = &[
    Static("void WriteLine(params object[] value)", |it, a| write(it, a, "\n")),
    Static("void Write(params object[] value)", |it, a| write(it, a, "")),
    Static("string ReadLine()", |_, _| Ok(Value::Null)),
    StaticProperty("System.Text.Encoding OutputEncoding", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
    StaticProperty("System.Text.Encoding InputEncoding", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
    StaticProperty("int WindowWidth", |_, _| Ok(Value::Int(120))),
    StaticProperty("int BufferWidth", |_, _| Ok(Value::Int(120))),
];

fn elapsed(it: &mut crate::eval::Interp, value: &Value) -> i64 {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Stopwatch(watch) => {
                let running =
                    watch.started.get().map_or(0, |since| it.host.monotonic().saturating_sub(since));
                ((watch.before.get() + running) / 100) as i64
            }
            _ => 0,
        },
        _ => 0,
    }
}

fn watch(value: &Value, body: impl FnOnce(&ps_value::net::Stopwatch)) -> R<Value> {
    if let Value::Net(net) = value.base()
        && let Net::Stopwatch(watch) = &**net
    {
        body(watch);
    }
    Ok(Value::Void)
}

const STOPWATCH: &[Declared] = &[
    Static("System.Diagnostics.Stopwatch StartNew()", |it, _| {
        let watch = ps_value::net::Stopwatch::default();
        watch.started.set(Some(it.host.monotonic()));
        Ok(Value::net(Net::Stopwatch(watch)))
    }),
    New("Stopwatch()", |_, _| Ok(Value::net(Net::Stopwatch(ps_value::net::Stopwatch::default())))),
    Property("bool IsRunning", |_, t, _| {
        Ok(Value::Bool(
            matches!(t.base(), Value::Net(net) if matches!(&**net, Net::Stopwatch(w) if w.started.get().is_some())),
        ))
    }),
    Property("timespan Elapsed", |it, t, _| Ok(Value::TimeSpan(ps_value::TimeSpan(elapsed(it, t))))),
    Property("long ElapsedMilliseconds", |it, t, _| Ok(Value::Long(elapsed(it, t) / 10_000))),
    Property("long ElapsedTicks", |it, t, _| Ok(Value::Long(elapsed(it, t)))),
    Method("void Start()", |it, t, _| {
        let now = it.host.monotonic();
        watch(t, |w| w.started.set(Some(w.started.get().unwrap_or(now))))
    }),
    Method("void Stop()", |it, t, _| {
        let now = it.host.monotonic();
        watch(t, |w| {
            if let Some(since) = w.started.take() {
                w.before.set(w.before.get() + now.saturating_sub(since));
            }
        })
    }),
    Method("void Reset()", |_, t, _| {
        watch(t, |w| {
            w.started.set(None);
            w.before.set(0);
        })
    }),
    Method("void Restart()", |it, t, _| {
        let now = it.host.monotonic();
        watch(t, |w| {
            w.before.set(0);
            w.started.set(Some(now));
        })
    }),
];
