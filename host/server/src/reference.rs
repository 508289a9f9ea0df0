//! Tables of the documentation that come from the program itself.

use std::fmt::Write as _;

use stepwell::engine::policy::{Capability, Limits, Rule};

/// The capabilities, for `docs/policy.md`.
pub fn capabilities_table() -> String {
    let mut table =
        "| capability | the threat, and what holds it | denied as a whole |\n|---|---|---|\n".to_owned();
    for capability in Capability::ALL {
        let _ =
            writeln!(table, "| `{capability}` | {} | `{}` |", capability.threat(), capability.not_granted());
    }
    table
}

/// The rules of denials, for `docs/policy.md`.
pub fn rules_table() -> String {
    let mut table = "| rule | capability | when it denies |\n|---|---|---|\n".to_owned();
    for rule in Rule::ALL {
        let capability = rule.capability().map_or(String::new(), |capability| format!("`{capability}`"));
        let _ = writeln!(table, "| `{rule}` | {capability} | {} |", rule.meaning());
    }
    table
}

/// The limits with their profiles and ceilings, for `docs/policy.md`.
pub fn limits_table() -> String {
    let mut table =
        "| limit | bounds | tiny | standard | large | ceiling |\n|---|---|---|---|---|---|\n".to_owned();
    let columns =
        [Limits::TINY, Limits::STANDARD, Limits::LARGE, Limits::CEILING].map(|limits| limits.list());
    let [tiny, standard, large, ceiling] = &columns;
    let values = tiny.iter().zip(standard).zip(large).zip(ceiling);
    for ((name, meaning), (((tiny, standard), large), ceiling)) in Limits::meanings().iter().zip(values) {
        let values = [tiny, standard, large, ceiling].map(|(_, value)| value.as_str()).join(" | ");
        let _ = writeln!(table, "| `{name}` | {meaning} | {values} |");
    }
    table
}
