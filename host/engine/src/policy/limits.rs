//! The limits of an attempt, with their profiles and ceilings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::{Bytes, Count, Range, Span};

/// A named set of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Profile {
    /// For a rule or a formula: 10 MiB, one second.
    Tiny,
    /// The default for steps: 64 MiB, one minute.
    Standard,
    /// For data: 512 MiB, 15 minutes.
    Large,
}

impl Profile {
    /// Returns the limits of this profile.
    pub const fn limits(self) -> Limits {
        match self {
            Self::Tiny => Limits::TINY,
            Self::Standard => Limits::STANDARD,
            Self::Large => Limits::LARGE,
        }
    }

    /// Returns the name as files spell it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ident = [$tiny:expr, $standard:expr, $large:expr, $ceiling:expr];)*) => {
        /// Every limit of one attempt. All are finite, and the sandbox enforces all of them.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub struct Limits {
            $($(#[doc = $doc])* pub $name: $type,)*
        }

        /// Limits that a policy or a job sets. Missing keys come from the profile.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct LimitsPatch {
            $($(#[doc = $doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)*
        }

        impl Limits {
            /// The name of each limit.
            pub const NAMES: &[&str] = &[$(stringify!($name),)*];
            /// The limits of the profile `tiny`.
            pub const TINY: Self = Self { $($name: $type::of($tiny),)* };
            /// The limits of the profile `standard`.
            pub const STANDARD: Self = Self { $($name: $type::of($standard),)* };
            /// The limits of the profile `large`.
            pub const LARGE: Self = Self { $($name: $type::of($large),)* };
            /// The maximum values, which no policy can exceed.
            pub const CEILING: Self = Self { $($name: $type::of($ceiling),)* };

            /// Returns these limits, overridden by `patch`.
            #[must_use]
            pub fn with(mut self, patch: &LimitsPatch) -> Self {
                $(if let Some(value) = patch.$name { self.$name = value; })*
                self
            }

            /// Returns the meaning of each limit in one or two sentences.
            pub fn meanings() -> Vec<(&'static str, String)> {
                vec![$((stringify!($name), crate::policy::rule::joined(&[$($doc,)*])),)*]
            }

            /// Describes the accepted values of the limit with that name.
            pub fn range(name: &str) -> Option<String> {
                let range = match name {
                    $(stringify!($name) => Self::CEILING.$name.up_to(),)*
                    _ => return None,
                };
                Some(format!("`{name}` takes {range}"))
            }

            /// Returns the smaller value of both, limit by limit.
            #[must_use]
            pub fn min(&self, other: &Self) -> Self {
                Self { $($name: self.$name.min(other.$name),)* }
            }

            /// Returns the name and value of each limit.
            pub fn list(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($name), self.$name.to_string()),)*]
            }
        }

        impl LimitsPatch {
            /// Returns the names of the limits that are set.
            pub fn names(&self) -> Vec<&'static str> {
                [$((stringify!($name), self.$name.is_some()),)*]
                    .into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect()
            }

            /// Returns the limits that exceed the ceiling, with that ceiling.
            pub fn above_ceiling(&self) -> Vec<(&'static str, String)> {
                let mut above = Vec::new();
                $(if let Some(value) = self.$name && value > Limits::CEILING.$name {
                    above.push((stringify!($name), Limits::CEILING.$name.to_string()));
                })*
                above
            }
        }
    };
}

impl Bytes {
    const fn of(kib: u64) -> Self {
        Self::new(kib << 10)
    }
}

impl Count {
    const fn of(count: u64) -> Self {
        Self::new(count)
    }
}

impl Span {
    const fn of(secs: u64) -> Self {
        Self::secs(secs)
    }
}

const MIB: u64 = 1 << 10;
const GIB: u64 = 1 << 20;

// Bytes in KiB, spans in seconds.
limits! {
    /// CPU budget in units of fuel, about one per WebAssembly instruction; 1e10 is about 5 s of CPU time.
    fuel: Count = [11_000_000, 10_000_000_000, 100_000_000_000, 10_000_000_000_000];
    /// Wall-clock time of one attempt, without compiling and queueing.
    wall: Span = [1, 60, 900, 86_400];
    /// Linear memory, summed over all memories.
    memory: Bytes = [10 * MIB, 64 * MIB, 512 * MIB, 2 * GIB];
    /// Number of linear memories.
    memories: Count = [1, 8, 16, 16];
    /// Number of tables.
    tables: Count = [4, 16, 32, 32];
    /// Number of core instances within the component.
    instances: Count = [8, 64, 128, 128];
    /// Number of table elements, summed over all tables.
    table_elements: Count = [2_000, 20_000, 100_000, 200_000];
    /// Bytes that one host call may copy from the guest.
    host_call_bytes: Bytes = [256, 4 * MIB, 16 * MIB, 64 * MIB];
    /// Bytes that the host may hold for the step beyond its own memory: requests, unsent bodies, responses
    /// and their fields, directory listings, open SQL results, variables, and printed output.
    host_bytes: Bytes = [4 * MIB, 64 * MIB, 256 * MIB, GIB];
    /// Number of handles (resources) that the guest may hold.
    handles: Count = [256, 4_096, 16_384, 65_536];
    /// Number of calls from the guest to the host.
    host_calls: Count = [1_000, 100_000, 1_000_000, 100_000_000];
    /// Random bytes per call.
    random_bytes: Bytes = [1, 64, 64, MIB];
    /// Bytes of standard output and of standard error, each; the rest is cut.
    stdio_bytes: Bytes = [4, 256, 4 * MIB, 16 * MIB];
    /// Number of log lines; the rest is dropped.
    log_lines: Count = [20, 1_000, 10_000, 100_000];
    /// Bytes of one log line; the rest is cut.
    log_line_bytes: Bytes = [1, 4, 16, 64];
    /// Bytes of the log; the rest is dropped.
    log_bytes: Bytes = [8, 256, 4 * MIB, 64 * MIB];
    /// Bytes of the step's configuration.
    input_bytes: Bytes = [64, MIB, 16 * MIB, 16 * MIB];
    /// Bytes of the step's output, metadata and summary together.
    output_bytes: Bytes = [64, MIB, 16 * MIB, 16 * MIB];
    /// Bytes of the variables that the step sets.
    context_bytes: Bytes = [256, 4 * MIB, 64 * MIB, 64 * MIB];
    /// Number of HTTP requests.
    http_requests: Count = [0, 32, 1_000, 100_000];
    /// Number of HTTP requests at one time.
    http_concurrent: Count = [1, 6, 6, 64];
    /// Time for each of name resolution, TCP and TLS of one request.
    http_connect: Span = [5, 5, 5, 60];
    /// Time from the request to the first byte of the response.
    http_first_byte: Span = [15, 15, 60, 600];
    /// Time between two pieces of the response.
    http_between_bytes: Span = [10, 10, 30, 600];
    /// Total time of one request.
    http_total: Span = [30, 30, 300, 3_600];
    /// Bytes of the bodies of all requests.
    http_request_bytes: Bytes = [MIB, MIB, 64 * MIB, GIB];
    /// Bytes of the bodies of all responses.
    http_response_bytes: Bytes = [MIB, 10 * MIB, 256 * MIB, 4 * GIB];
    /// Number of SQL statements.
    sql_statements: Count = [0, 200, 2_000, 1_000_000];
    /// Rows of all SQL results.
    sql_rows: Count = [0, 10_000, 1_000_000, 1_000_000_000];
    /// Bytes of all SQL results.
    sql_bytes: Bytes = [64, 8 * MIB, 256 * MIB, 16 * GIB];
    /// Time of one SQL statement.
    sql_timeout: Span = [10, 10, 300, 86_400];
    /// Bytes by which the step's mounts may grow.
    file_bytes: Bytes = [0, 64 * MIB, GIB, 64 * GIB];
    /// Number of files and directories that the step may create.
    file_count: Count = [0, 1_024, 65_536, 1_000_000];
    /// Number of files and directories that the step may hold open.
    file_handles: Count = [16, 64, 256, 1_024];
    /// Number of programs that the step may start.
    process_starts: Count = [0, 8, 64, 10_000];
    /// Time of one program.
    process_timeout: Span = [1, 60, 900, 86_400];
    /// Bytes of standard output and of standard error of one program, each; a program that writes more
    /// is stopped.
    process_output_bytes: Bytes = [64, MIB, 16 * MIB, 64 * MIB];
    /// Memory of a program with all its processes.
    process_memory: Bytes = [64 * MIB, GIB, 4 * GIB, 64 * GIB];
    /// Number of processes and threads of a program at one time.
    process_tasks: Count = [16, 128, 1_024, 8_192];
    /// Size of a file that a program may write, and of all files in its private directory together.
    process_file_bytes: Bytes = [0, 64 * MIB, GIB, 64 * GIB];
    /// Number of checkpoints that the step may save, at most ten per second.
    checkpoints: Count = [10, 250, 5_000, 100_000];
    /// Resources that all attempts of the step in one run may use together, parked and repeated ones
    /// included, in multiples of one attempt's limits: `fuel`, `host_calls`, `http_requests`,
    /// `sql_statements`, `process_starts`, `checkpoints`.
    run_factor: Count = [1_000, 1_000, 1_000, 100_000];
    /// Bytes that all attempts of the step in one run may write to the store: ends, outputs, variables, logs
    /// and checkpoints.
    run_bytes: Bytes = [16 * MIB, 64 * MIB, GIB, 64 * GIB];
    /// Number of attempts of steps of this type that one run has at the same time, in parallel groups. A run
    /// always has one: 0 counts as 1.
    parallel_attempts: Count = [10_000, 10_000, 10_000, 10_000];
    /// Time for a step to stop work that it started elsewhere, after the run is cancelled.
    cancel_grace: Span = [1, 5, 30, 300];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_never_exceed_the_ceiling() {
        for profile in [Profile::Tiny, Profile::Standard, Profile::Large] {
            let limits = profile.limits();
            assert_eq!(limits.min(&Limits::CEILING), limits, "{}", profile.name());
        }
    }

    /// Returns the problem of a policy whose limit has that value: line, message and help.
    fn problems_of(name: &str, value: &str) -> Vec<String> {
        let text = format!("policy: 1\nname: p\nsteps: [x]\nlimits:\n  {name}: {value}\n");
        let problems = crate::policy::Policy::parse("p.yaml", &text, std::path::Path::new(""));
        let problems = problems.err().map(|problems| problems.0).unwrap_or_default();
        let line = |problem: crate::Diagnostic| {
            format!("{}: {} ({})", problem.line, problem.message, problem.help.unwrap_or_default())
        };
        problems.into_iter().map(line).collect()
    }

    #[test]
    fn each_wrong_value_of_each_limit_names_the_key_its_line_and_what_it_takes() {
        for name in Limits::NAMES {
            let range = Limits::range(name).unwrap();
            let is_time = range.contains("a number of seconds");
            for value in [
                "1.5",
                "-1",
                "-1.5",
                "1TiB",
                "1QiB",
                "5w",
                "64 MiB",
                "1e30",
                "99999999999999999999",
                "many",
                "''",
                "unlimited",
                "true",
                "[1]",
                "{a: 1}",
                "1000000d",
                "1000000000GiB",
                "999999999999999999999999999GiB",
                "'-1'",
                "'1.5'",
                "0x10",
            ] {
                let problems = problems_of(name, value);
                // Half a second is a valid time. YAML reads hexadecimal numbers.
                let is_right = (is_time && ["1.5", "'1.5'"].contains(&value)) || value == "0x10";
                if is_right {
                    continue;
                }
                assert!(!problems.is_empty(), "{name}: {value}");
                for problem in problems {
                    assert!(problem.starts_with(&format!("5: `{name}` ")), "{name}: {value}: {problem}");
                    assert!(problem.contains(&range), "{name}: {value}: {problem}");
                }
            }
            let ceiling = Limits::CEILING.list().into_iter().find(|(known, _)| known == name).unwrap().1;
            assert_eq!(problems_of(name, &ceiling), Vec::<String>::new(), "{name}");
            assert_eq!(problems_of(name, "0"), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn what_a_limit_takes_is_said_with_its_units() {
        for (name, range) in [
            ("run_factor", "`run_factor` takes a whole number from 0 to 100_000"),
            (
                "run_bytes",
                "`run_bytes` takes a size from 0 to 64GiB: a whole number of bytes, or one with B, KB, MB, GB, KiB, MiB or GiB",
            ),
            ("wall", "`wall` takes a time from 0 to 24h: a number of seconds, or one with ms, s, m, h or d"),
        ] {
            assert_eq!(Limits::range(name).as_deref(), Some(range));
        }
        assert_eq!(Limits::range("none"), None);
    }

    #[test]
    fn a_patch_sets_what_it_names_and_is_compared_with_the_ceiling() {
        let patch: LimitsPatch = serde_json::from_str(r#"{"fuel": "10_000", "memory": "8GiB"}"#).unwrap();
        assert_eq!(patch.names(), ["fuel", "memory"]);
        assert_eq!(patch.above_ceiling(), [("memory", "2GiB".to_owned())]);
        let limits = Limits::STANDARD.with(&patch).min(&Limits::CEILING);
        assert_eq!((limits.fuel.0, limits.memory.0, limits.wall), (10_000, 2 << 30, Span::secs(60)));
    }
}
