//! Checks the invariants of ARCHITECTURE.md against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use stepwell::engine::policy::Capability;
use stepwell_tests::root;

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target" && name != "node_modules") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The source without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn dependencies(workspace: &str, krate: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(workspace).join(krate).join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| Some(line.split(['.', ' ', '=']).next()?.to_owned()))
        .filter(|n| !n.is_empty())
        .collect()
}

#[test]
fn each_crate_knows_only_what_it_is_there_for() {
    let crates =
        ["atlantis", "engine", "sandbox", "sql", "store", "builtins", "emulator", "stepwell", "server"];
    for (library, owners) in [
        ("wasmtime", &["sandbox"][..]),
        ("wasmtime-wasi", &["sandbox"]),
        ("wasmtime-wasi-http", &["sandbox"]),
        ("hyper", &["emulator", "sandbox"]),
        ("rusqlite", &["sql", "store"]),
        ("tokio-postgres", &["sql", "store"]),
        ("mysql_async", &["sql"]),
        ("nut", &["atlantis"]),
        ("redis", &["atlantis", "store"]),
        ("tiberius", &["sql"]),
        ("clap", &["server"]),
        ("indicatif", &["server"]),
        ("axum", &["server"]),
        ("reqwest", &["server"]),
        ("opentelemetry_sdk", &["server"]),
        ("jsonwebtoken", &["server"]),
    ] {
        for krate in crates.iter().filter(|krate| !owners.contains(krate)) {
            assert!(
                !dependencies("host", krate).iter().any(|name| name == library),
                "{krate} must not know {library}"
            );
        }
    }
    for (krate, allowed) in [
        ("atlantis", &["stepwell-engine"][..]),
        ("engine", &[]),
        ("sandbox", &["stepwell-engine", "stepwell-sql"]),
        ("sql", &["stepwell-engine"]),
        ("store", &["stepwell-engine"]),
        ("builtins", &[]),
        ("emulator", &[]),
        (
            "stepwell",
            &[
                "stepwell-atlantis",
                "stepwell-builtins",
                "stepwell-engine",
                "stepwell-sandbox",
                "stepwell-store",
            ],
        ),
        ("server", &["stepwell", "stepwell-emulator"]),
    ] {
        let ours: Vec<String> =
            dependencies("host", krate).into_iter().filter(|name| name.starts_with("stepwell")).collect();
        assert_eq!(ours, allowed, "{krate}");
    }
}

#[test]
fn the_crates_of_powershell_point_one_way() {
    for (krate, allowed) in [
        ("syntax", &[][..]),
        ("value", &["ps-syntax"]),
        ("runtime", &["ps-syntax", "ps-value"]),
        ("cmdlets", &["ps-runtime", "ps-syntax", "ps-value"]),
        ("pester", &["ps-runtime", "ps-syntax", "ps-value"]),
        ("lang", &["ps-cmdlets", "ps-pester", "ps-runtime", "ps-syntax", "ps-value"]),
    ] {
        let ours: Vec<String> = dependencies("powershell", krate)
            .into_iter()
            .filter(|name| name.starts_with("ps-") || name.starts_with("stepwell"))
            .collect();
        assert_eq!(ours, allowed, "{krate}");
    }
}

#[test]
fn only_policy_makes_a_grant() {
    for path in sources(&root().join("host")) {
        if path.ancestors().any(|dir| dir.ends_with("policy")) {
            continue;
        }
        let code = code(&path);
        assert!(
            !code.contains(" Grant {") || code.contains("-> Grant {"),
            "{} makes a Grant",
            path.display()
        );
    }
}

#[test]
fn a_state_changes_only_in_apply() {
    let of_apply = |path: &Path| {
        path.ends_with("run/apply.rs") || path.parent().is_some_and(|dir| dir.ends_with("run/apply"))
    };
    for path in sources(&root().join("host")).into_iter().filter(|path| !of_apply(path)) {
        for field in ["state.status = ", "step.status = ", "state.steps.push", "state.ended_at = "] {
            assert!(!code(&path).contains(field), "{} changes a run: {field}", path.display());
        }
    }
}

#[test]
fn core_code_reads_no_clock() {
    for krate in ["engine", "store"] {
        for path in sources(&root().join("host").join(krate)) {
            for clock in ["SystemTime::now", "Instant::now", "Utc::now", "Local::now"] {
                assert!(!code(&path).contains(clock), "{} reads a clock", path.display());
            }
        }
    }
}

#[test]
fn sandbox_and_store_do_not_know_each_other_or_call_back() {
    for path in sources(&root().join("host/sandbox")) {
        assert!(!code(&path).contains("dyn Store"), "{}", path.display());
    }
    for path in sources(&root().join("host/store")) {
        assert!(
            !code(&path).contains("run::apply") && !code(&path).contains("policy::"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_store_serves_one_attempt() {
    let made: Vec<PathBuf> =
        sources(&root().join("host")).into_iter().filter(|p| code(p).contains("Store::new(engine")).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(made[0].ends_with("sandbox/src/attempt.rs"));
}

/// The longest file and the longest function.
const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 80;

/// Returns the functions of a formatted source, each with its number of lines.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let mut words = code.split([' ', '(', '<']);
        let is_qualifier = |word: &&str| {
            word.starts_with("pub") || ["const", "async", "unsafe", "crate)", "super)"].contains(word)
        };
        if words.by_ref().find(|word| !is_qualifier(word)) != Some("fn") {
            continue;
        }
        let end = lines[start..].iter().position(|line| {
            let Some(rest) = line.strip_prefix(indent) else { return false };
            let is_short = rest == code && code.ends_with(['}', ';']);
            rest == "}" || is_short || rest.starts_with(')') && rest.ends_with(';')
        });
        found.extend(words.next().zip(end.map(|end| end + 1)));
    }
    found
}

#[test]
fn files_and_functions_stay_small_and_every_allowance_has_its_reason() {
    let mut long = Vec::new();
    for path in ["host", "guests", "powershell"].iter().flat_map(|dir| sources(&root().join(dir))) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > FILE_LINES {
            long.push(format!("{}: {lines} lines", path.display()));
        }
        for (name, lines) in functions(&text).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES) {
            long.push(format!("{}: `{name}` has {lines} lines", path.display()));
        }
        for (i, line) in text.lines().enumerate() {
            let allows = line.contains("#[allow(") || line.contains("#![allow(");
            let whole: String = text.lines().skip(i).take(6).collect();
            assert!(
                !allows || whole.contains("reason"),
                "{}:{} allows without a reason",
                path.display(),
                i + 1
            );
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// Returns the first name after `rest` begins, or those of a group: `a`, or `a` and `b` of `{a::x, b}`.
fn heads(rest: &str) -> Vec<&str> {
    let word =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    if !rest.starts_with('{') {
        return vec![&rest[..word(rest)]];
    }
    let (mut depth, mut found) = (0, Vec::new());
    for (at, c) in rest.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            break;
        }
        if depth == 1 && (c == ',' || c == '{') {
            let item = rest[at + 1..].trim_start();
            found.push(&item[..word(item)]);
        }
    }
    found
}

/// Returns the modules that each module of a crate uses. A module is a file or a directory in its `src`.
fn uses(src: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(src) {
        let relative = path.strip_prefix(src).unwrap().with_extension("");
        let parts: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        let depth = parts.iter().filter(|part| **part != "mod").count();
        let used = uses.entry(parts[0].to_owned()).or_default();
        let code = code(&path);
        for prefix in ["crate::".to_owned(), "super::".repeat(depth)] {
            for (at, _) in code.match_indices(&prefix).filter(|(at, _)| !code[..*at].ends_with("::")) {
                used.extend(heads(&code[at + prefix.len()..]).into_iter().map(str::to_owned));
            }
        }
    }
    let modules: BTreeSet<String> = uses.keys().cloned().collect();
    uses.values_mut().for_each(|used| used.retain(|name| modules.contains(name)));
    uses
}

fn reached<'u>(uses: &'u BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'u str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(used) = open.pop().and_then(|module| uses.get(module)) {
        open.extend(
            used.iter().map(String::as_str).filter(|module| found.insert(*module)).collect::<Vec<_>>(),
        );
    }
    found
}

/// The modules of a crate do not depend on each other in a circle, except where ARCHITECTURE.md gives the reason.
#[test]
fn circles_of_modules_are_named_with_their_reasons() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## Circles of modules\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut named = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names: Vec<String> = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert!(cells[3].len() > 20, "no reason: {row}");
        named.insert((cells[1].trim_matches('`').to_owned(), names));
    }
    let mut found = BTreeSet::new();
    for workspace in ["host", "powershell"] {
        let entries = fs::read_dir(root().join(workspace)).unwrap().flatten();
        for entry in entries.filter(|entry| entry.path().join("src").is_dir()) {
            let krate = format!("{workspace}/{}", entry.file_name().to_str().unwrap());
            let uses = uses(&entry.path().join("src"));
            for module in uses.keys() {
                let circle: Vec<String> = reached(&uses, module)
                    .into_iter()
                    .filter(|other| reached(&uses, other).contains(module.as_str()))
                    .map(str::to_owned)
                    .collect();
                if circle.len() > 1 {
                    found.insert((krate.clone(), circle));
                }
            }
        }
    }
    let row = |(krate, names): &(String, Vec<String>)| format!("`{krate}`: `{}`", names.join("`, `"));
    let rows = |circles: &BTreeSet<_>| circles.iter().map(row).collect::<Vec<_>>();
    assert_eq!(rows(&found), rows(&named));
}

#[test]
fn every_wit_item_is_documented() {
    for package in ["step", "context", "log", "process", "sql"] {
        let text = fs::read_to_string(root().join(format!("wit/deps/stepwell-{package}.wit"))).unwrap();
        assert!(text.contains(&format!("package stepwell:{package}@0.1.0;")));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (i, line) in lines.iter().enumerate() {
            let item = line.contains(": func(")
                || line.contains(": static func(")
                || ["record ", "variant ", "enum ", "resource "].iter().any(|word| line.starts_with(word));
            let above =
                lines[..i].iter().rev().find(|line| !line.starts_with('@')).copied().unwrap_or_default();
            let obvious = line.starts_with("columns: func");
            assert!(!item || obvious || above.starts_with("///"), "{package}.wit:{}: {line}", i + 1);
        }
    }
}

/// The host, the SDK and the world of step authors have their interfaces from one list, which has every
/// capability that is an interface of Stepwell.
#[test]
fn there_is_one_world() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    for path in ["host/sandbox/src/guest.rs", "guests/sdk/src/lib.rs"] {
        let text = read(path);
        assert!(text.contains("world: \"stepwell:guest/step@0.1.0\"") && !text.contains("inline:"), "{path}");
    }
    let world = read("wit/world.wit");
    assert!(world.contains("include stepwell:guest/step@0.1.0;") && !world.contains("import stepwell:"));
    let list = read("wit/deps/stepwell-guest.wit");
    for capability in Capability::ALL.iter().filter(|capability| capability.is_ours()) {
        assert!(list.contains(&format!("import stepwell:{capability}/{capability}@")), "{capability}");
    }
}

/// A step of a stranger gets everything that a built-in step gets.
#[test]
fn the_host_knows_no_step_by_name() {
    let steps = ["azure_devops", "data_processing", "file_operation", "powershell"];
    for path in ["sandbox", "server", "sql", "stepwell", "store"]
        .iter()
        .flat_map(|krate| sources(&root().join("host").join(krate).join("src")))
    {
        let code = code(&path);
        for step in steps {
            assert!(!code.contains(&format!("\"{step}")), "{} names `{step}`", path.display());
        }
        for service in ["login.microsoftonline.com", "dev.azure.com", "499b84ac", "service_principal"] {
            assert!(!code.contains(service), "{} knows `{service}`", path.display());
        }
    }
}

/// docs/security.md names existing tests for each threat.
#[test]
fn each_threat_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let all: String = ["host", "tests"]
        .into_iter()
        .flat_map(|dir| sources(&root().join(dir)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat")).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(all.contains(&format!("fn {name}()")), "there is no test `{name}`: {row}");
        }
    }
}

#[test]
fn the_files_that_recipes_name_exist() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let recipes = text.matches("\n## Add a").count();
    assert_eq!(recipes, 11);
    let is_path = |word: &&str| word.contains('/') && !word.contains(' ') && word.contains('.');
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(named.len() > 20);
    for path in named {
        assert!(root().join(path).exists(), "{path}");
    }
}
