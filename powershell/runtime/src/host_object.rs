//! `$Host`.

use ps_value::Value;
use ps_value::types::NetType;

use crate::types::culture;

pub fn host_value() -> Value {
    let size = Value::custom([("Width".into(), Value::Int(120)), ("Height".into(), Value::Int(50))]);
    let raw = Value::custom([
        ("WindowTitle".into(), Value::from("")),
        ("BufferSize".into(), size.clone()),
        ("WindowSize".into(), size),
        ("ForegroundColor".into(), Value::from("Gray")),
        ("BackgroundColor".into(), Value::from("Black")),
    ]);
    let ui = Value::custom([("RawUI".into(), raw), ("SupportsVirtualTerminal".into(), Value::Bool(false))]);
    Value::record(
        NetType::InternalHost,
        vec![
            ("Name", Value::from("ConsoleHost")),
            ("Version", ps_value::net::version([7, 0, 13, -1])),
            ("UI", ui),
            ("CurrentCulture", culture::value_of(ps_value::culture::default())),
            ("CurrentUICulture", culture::value_of(ps_value::culture::default())),
        ],
    )
}
