//! Runs a script from start to end.

use ps_value::types::NetType;
use std::rc::Rc;

use crate::eval::bind::{Call, Given};
use crate::eval::{Interp, Sink, WellKnown, WellKnownNames};
use crate::format::Printer;
use crate::host::Host;
use crate::host_object::host_value;
use crate::parts::Parts;
use crate::registry::Registry;
use ps_syntax::symbol::{Map, Sym};
use ps_syntax::{Source, Span, SyntaxError, ast::Block};
use ps_value::block::ScriptBlock;
use ps_value::error::{ErrorRecord, Flow, R};
use ps_value::scope::{Scope, VariableMeta};
use ps_value::{Dict, DictKind, List, ListKind, Str, Value};

/// A script that has been parsed.
#[derive(Clone)]
pub struct Script {
    pub source: Rc<Source>,
    pub block: Rc<Block>,
}

/// The end of a script.
pub struct Ending {
    /// The code of `exit`, 1 for an uncaught error, otherwise 0.
    pub code: i32,
    /// The error that ended the script.
    pub error: Option<Rc<ErrorRecord>>,
}

impl Script {
    /// # Errors
    /// Returns the errors of the parser, the first one first.
    pub fn parse(path: &str, text: &str) -> Result<Self, Vec<SyntaxError>> {
        let source = Source::new(path, text);
        ps_syntax::parse(&source).map(|block| Self { source, block })
    }
}

/// The top-level output: to the host, formatted.
struct HostSink;

impl Sink for HostSink {
    fn put(&self, it: &mut Interp, value: Value) -> R<()> {
        if !it.host.object(&value) {
            return Ok(());
        }
        let printer = it.printer.clone();
        printer.put(it, value)
    }
}

impl Interp {
    pub fn new(mut host: Box<dyn Host>, registry: Rc<Registry>) -> Self {
        let global = Scope::new(None, true);
        let env = crate::provider::Environment { variables: host.environment() };
        let location = crate::provider::Locations { current: host.working_directory(), ..Default::default() };
        let seed = host.random();
        if let Some(now) = ps_value::DateTime::new(host.now(), ps_value::DateKind::Local) {
            ps_value::date_text::set_today(now);
        }
        let mut it = Self {
            host,
            scope: global.clone(),
            global,
            streams: Rc::default(),
            success: true,
            tries: 0,
            depth: 0,
            frames: Vec::new(),
            source: Source::new("", ""),
            location,
            regexes: Map::default(),
            overloads: Map::default(),
            classes: Map::default(),
            namespaces: vec!["System".into()],
            modules: Vec::new(),
            env,
            printer: Rc::new(Printer::default()),
            seed,
            registry,
            parts: Parts::default(),
            syms: WellKnown {
                underscore: Sym::of("_"),
                this: Sym::of("this"),
                input: Sym::of("input"),
                args: Sym::of("args"),
                matches: Sym::of("Matches"),
                ofs: Sym::of("OFS"),
                error: Sym::of("Error"),
                question: Sym::of("?"),
            },
            names: WellKnownNames {
                underscore: "_".into(),
                this: "this".into(),
                input: "input".into(),
                args: "args".into(),
                matches: "Matches".into(),
            },
            returning: false,
            generic: None,
            stage: 0,
            pipelines: 0,
            ticks: 0,
            failed: false,
            notes: false,
            lacking: Vec::new(),
            type_data: Vec::new(),
            using: None,
            automatic: 0,
            width: crate::format::WIDTH,
            culture: ps_value::culture::default(),
            ui_culture: ps_value::culture::default(),
        };
        it.set_automatic();
        it.set_functions();
        it.automatic = it.global.variables.borrow().len();
        it
    }

    /// Returns a scope with the initial variables and functions, and without those of the script.
    pub fn fresh_scope(&self) -> Rc<Scope> {
        let scope = Scope::new(None, true);
        for variable in self.global.variables.borrow().iter().take(self.automatic) {
            scope.push(variable.sym, variable.name.clone(), variable.value.clone());
        }
        scope
    }

    /// Sets the initial variables.
    fn set_automatic(&mut self) {
        let global = self.global.clone();
        let list = Value::List(Rc::new(List::new(ListKind::ArrayList, NetType::Object.ty(), Vec::new())));
        let version = ps_value::net::version([7, 0, 13, -1]);
        let table = Value::Dict(Rc::new(Dict::from_pairs(
            DictKind::Hashtable,
            [
                ("PSVersion", version.clone()),
                ("PSEdition", Value::from("Core")),
                ("GitCommitId", Value::from("7.0.13")),
                ("OS", Value::from("Linux (WASI)")),
                ("Platform", Value::from("Unix")),
                (
                    "PSCompatibleVersions",
                    Value::array(vec![
                        ps_value::net::version([1, 0, -1, -1]),
                        ps_value::net::version([7, 0, 13, -1]),
                    ]),
                ),
                ("PSRemotingProtocolVersion", ps_value::net::version([2, 3, -1, -1])),
                ("SerializationVersion", ps_value::net::version([1, 1, 0, 1])),
                ("WSManStackVersion", ps_value::net::version([3, 0, -1, -1])),
            ],
        )));
        let home = self.env.get("HOME").unwrap_or_else(|| self.location.current.clone());
        let none = || Value::from("SilentlyContinue");
        for (name, value) in [
            ("Error", list),
            ("PSVersionTable", table),
            ("Host", host_value()),
            ("HOME", Value::from(home)),
            ("PID", Value::Int(1)),
            ("PSCulture", Value::from("en-US")),
            ("PSUICulture", Value::from("en-US")),
            ("PSHOME", Value::from("/")),
            ("ShellId", Value::from("Microsoft.PowerShell")),
            ("IsLinux", Value::Bool(true)),
            ("IsWindows", Value::Bool(false)),
            ("IsMacOS", Value::Bool(false)),
            ("IsCoreCLR", Value::Bool(true)),
            ("EnabledExperimentalFeatures", Value::array(Vec::new())),
            (
                "ExecutionContext",
                Value::record(NetType::EngineIntrinsics, vec![("SessionState", Value::Null)]),
            ),
        ] {
            let index = global.put_str(name, value);
            global.set_meta(
                index,
                VariableMeta {
                    constant: !matches!(name, "Error" | "PSVersionTable"),
                    all_scope: true,
                    ..VariableMeta::default()
                },
            );
        }
        for (name, value) in [
            ("ErrorActionPreference", Value::from("Continue")),
            ("WarningPreference", Value::from("Continue")),
            ("InformationPreference", none()),
            ("VerbosePreference", none()),
            ("DebugPreference", none()),
            ("ProgressPreference", Value::from("Continue")),
            ("ConfirmPreference", Value::from("High")),
            ("WhatIfPreference", Value::Bool(false)),
            ("ErrorView", Value::from("ConciseView")),
            ("FormatEnumerationLimit", Value::Int(4)),
            ("MaximumHistoryCount", Value::Int(4096)),
            ("OutputEncoding", Value::net(ps_value::net::Net::Encoding("utf-8"))),
            ("PSDefaultParameterValues", Value::Dict(Rc::new(Dict::hashtable()))),
            ("PSModuleAutoLoadingPreference", Value::from("All")),
            ("PSSessionOption", Value::Null),
            ("PROFILE", Value::from("")),
        ] {
            global.put_str(name, value);
        }
    }

    /// Sets the initial functions.
    fn set_functions(&mut self) {
        for (name, code) in [
            ("prompt", "\"PS $($PWD.Path)> \""),
            ("cd..", "Set-Location .."),
            ("Pause", "Read-Host 'Press Enter to continue...' | Out-Null"),
        ] {
            let source = Source::new("", code);
            if let Ok(block) = ps_syntax::parse(&source) {
                let info = ps_value::block::FunctionInfo {
                    name: name.into(),
                    block: ScriptBlock::new(block),
                    filter: false,
                    module: None,
                };
                self.global.set_function(Sym::of(name), Some(Rc::new(info)));
            }
        }
    }

    /// Runs a script with its parameters, as `pwsh -File` does: in the global scope.
    pub fn run_script(&mut self, script: &Script, parameters: Vec<(Str, Value)>) -> Ending {
        let given = parameters
            .into_iter()
            .map(|(name, value)| Given::Named { name, value: Some(value), splatted: false })
            .collect();
        let sink = HostSink;
        let result = self.run_top(script, given, &sink);
        let printer = self.printer.clone();
        let exited = matches!(&result, Err(flow) if matches!(**flow, Flow::Exit(_)));
        let flushed = if exited { printer.finish_at_exit(self) } else { printer.finish(self) };
        let result = result.and(flushed);
        match result {
            Ok(()) => Ending { code: 0, error: None },
            Err(flow) => match *flow {
                Flow::Exit(code) => Ending { code: code.rem_euclid(256), error: None },
                Flow::Error(record) => {
                    self.remember_error(&record);
                    let shown = self.error_view(&record);
                    self.host.error(&record, &shown);
                    Ending { code: 1, error: Some(record) }
                }
                _ => Ending { code: 0, error: None },
            },
        }
    }

    fn run_top(&mut self, script: &Script, given: Vec<Given>, out: &dyn Sink) -> R<()> {
        self.source = script.source.clone();
        self.notes = ["ReadCount", "PSPath", "PSChildName", "PSParentPath"]
            .iter()
            .any(|name| script.source.text.contains(name));
        self.check_requires(&script.block)?;
        self.hoist(&script.block)?;
        let name = script.source.name().to_owned();
        let ready = self.script_command(
            ScriptBlock::new(script.block.clone()),
            &name,
            Call { invoked: name.as_str().into(), dot: true, ..Call::of(given) },
        );
        let ready = match ready {
            Ok(ready) => ready,
            Err(flow) => {
                if let Flow::Error(record) = &*flow {
                    *record.position.borrow_mut() = None;
                }
                return Err(flow);
            }
        };
        let result = self.run_ready(ready, Span::default(), None, out);
        // `break` and `continue` outside of a loop end the script.
        match result {
            Err(flow)
                if matches!(*flow, Flow::Break(_) | Flow::Continue(_) | Flow::Return | Flow::Stop(_)) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    fn check_requires(&mut self, block: &Block) -> R<()> {
        for requirement in &block.requires {
            let why = match requirement.what.as_str() {
                "version" => {
                    let wanted =
                        requirement.value.split('.').next().and_then(|v| v.parse::<i32>().ok()).unwrap_or(0);
                    (wanted > 7).then(|| format!("The version of PowerShell that is required by the script does not match the currently running version of PowerShell 7.0.13: #requires -version {}", requirement.value))
                }
                "modules" | "using module" if !crate::modules::is_built_in(&requirement.value) => {
                    Some(format!(
                        "The following modules that are specified by the #requires statement of the script are missing: {}. {}",
                        requirement.value,
                        crate::needs::MODULES
                    ))
                }
                "runasadministrator" => Some(
                    "The script requires administrator rights, which do not exist in the sandbox.".to_owned(),
                ),
                _ => None,
            };
            if let Some(why) = why {
                return ps_value::error::Fault::new(
                    NetType::ScriptRequiresException,
                    "ScriptRequiresMissingModules",
                    ps_value::error::Category::ResourceUnavailable,
                    why,
                )
                .raise();
            }
        }
        Ok(())
    }
}
