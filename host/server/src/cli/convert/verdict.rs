//! The verdict of a comparison: whether the migration continues.

use serde::Serialize;
use stepwell::engine::document::cut;
use stepwell::engine::quantity::counted;

use super::batch::is_critical;

/// The least part of converted runs that succeed.
const LEAST_SUCCESS: f64 = 0.95;
/// The most time of converted runs, relative to legacy runs.
const MOST_TIME: f64 = 1.5;
/// A difference per run below which durations do not count, in seconds: the noise of a start.
const NOISE: f64 = 0.25;
/// The most characters of an output in a report.
const LONGEST: usize = 200;

/// A run of one form of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Ran {
    pub success: bool,
    pub status: String,
    pub output: String,
    pub duration_seconds: f64,
}

/// The runs of both forms of a job.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Pair {
    pub file: String,
    pub job_id: String,
    /// The criticality of the job, by which the failure of a critical job is a trigger of its own.
    pub criticality: Option<String>,
    pub legacy: Ran,
    pub converted: Ran,
    /// The differences of the results, in words.
    pub differences: Vec<String>,
}

/// A job that has no pair of runs, and the reason.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NotCompared {
    pub file: String,
    pub reason: String,
}

/// The reasons to go back, as the migration phases name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trigger {
    /// Fewer than 95 % of the converted runs succeed.
    SuccessRate,
    /// Converted runs take more than 1.5 times as long.
    Performance,
    /// A critical job fails only in its new form.
    CriticalFailure,
    /// Both forms end differently.
    DifferentResults,
}

/// The decision about the migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    Continue,
    RollBack,
    /// No job ran in both forms.
    Undecided,
}

/// The comparison of all jobs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    pub decision: Decision,
    pub triggers: Vec<Trigger>,
    pub compared: usize,
    /// The part of runs that succeed, from 0 to 1.
    pub legacy_success_rate: Option<f64>,
    pub converted_success_rate: Option<f64>,
    /// The sums of durations.
    pub legacy_seconds: f64,
    pub converted_seconds: f64,
    pub pairs: Vec<Pair>,
    pub not_compared: Vec<NotCompared>,
}

impl Pair {
    pub fn new(
        file: String,
        job_id: String,
        criticality: Option<String>,
        (legacy, converted): (Ran, Ran),
    ) -> Self {
        let mut differences = Vec::new();
        if legacy.status != converted.status {
            differences.push(format!("status: `{}` before, `{}` now", legacy.status, converted.status));
        }
        // A failed run has no result to compare.
        if legacy.success && converted.success && legacy.output != converted.output {
            let shown = |text: &str| cut(text, LONGEST);
            differences.push(format!(
                "output: `{}` before, `{}` now",
                shown(&legacy.output),
                shown(&converted.output)
            ));
        }
        let short = |ran: Ran| Ran { output: cut(&ran.output, LONGEST), ..ran };
        Self { file, job_id, criticality, legacy: short(legacy), converted: short(converted), differences }
    }
}

impl Comparison {
    pub fn of(pairs: Vec<Pair>, not_compared: Vec<NotCompared>) -> Self {
        let rate = |of: &dyn Fn(&Pair) -> bool| match pairs.len() {
            0 => None,
            count => Some(pairs.iter().filter(|pair| of(pair)).count() as f64 / count as f64),
        };
        let (legacy, converted) =
            (rate(&|pair: &Pair| pair.legacy.success), rate(&|pair: &Pair| pair.converted.success));
        let legacy_seconds: f64 = pairs.iter().map(|pair| pair.legacy.duration_seconds).sum();
        let converted_seconds: f64 = pairs.iter().map(|pair| pair.converted.duration_seconds).sum();
        let mut triggers = Vec::new();
        if converted.is_some_and(|rate| rate < LEAST_SUCCESS) {
            triggers.push(Trigger::SuccessRate);
        }
        let noise = NOISE * pairs.len() as f64;
        if converted_seconds > legacy_seconds * MOST_TIME && converted_seconds - legacy_seconds > noise {
            triggers.push(Trigger::Performance);
        }
        let is_lost = |pair: &Pair| pair.legacy.success && !pair.converted.success;
        if pairs.iter().any(|pair| is_lost(pair) && is_critical(pair.criticality.as_deref())) {
            triggers.push(Trigger::CriticalFailure);
        }
        if pairs.iter().any(|pair| !pair.differences.is_empty()) {
            triggers.push(Trigger::DifferentResults);
        }
        let decision = match (pairs.is_empty(), triggers.is_empty()) {
            (true, _) => Decision::Undecided,
            (false, true) => Decision::Continue,
            (false, false) => Decision::RollBack,
        };
        Self {
            decision,
            triggers,
            compared: pairs.len(),
            legacy_success_rate: legacy,
            converted_success_rate: converted,
            legacy_seconds,
            converted_seconds,
            pairs,
            not_compared,
        }
    }

    /// Returns the lines for standard output.
    pub fn shown(&self) -> String {
        let mut lines = Vec::new();
        for pair in self.pairs.iter().filter(|pair| !pair.differences.is_empty()) {
            lines.push(format!("{}: differs; {}", pair.file, pair.differences.join("; ")));
        }
        lines.extend(
            self.not_compared.iter().map(|one| format!("{}: not compared: {}", one.file, one.reason)),
        );
        let words: Vec<&str> = self.triggers.iter().map(|trigger| trigger.in_words()).collect();
        let verdict = match self.decision {
            Decision::Continue => "continue".to_owned(),
            Decision::Undecided => "undecided, because no job ran in both forms".to_owned(),
            Decision::RollBack => format!("roll back: {}", words.join("; ")),
        };
        lines.push(format!("{} compared; verdict: {verdict}", counted(self.compared, "job")));
        lines.join("\n")
    }
}

impl Trigger {
    pub fn in_words(self) -> &'static str {
        match self {
            Self::SuccessRate => "fewer than 95 % of the converted runs succeed",
            Self::Performance => "converted runs take more than 1.5 times as long",
            Self::CriticalFailure => "a critical job fails in its new form",
            Self::DifferentResults => "the two forms have different results",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(criticality: &str, legacy: (bool, f64), converted: (bool, f64)) -> Pair {
        let ran = |(success, duration_seconds): (bool, f64)| {
            let status = if success { "success" } else { "failed" };
            Ran { success, status: status.to_owned(), output: "1 row".to_owned(), duration_seconds }
        };
        let names = ("a.json".to_owned(), "a".to_owned());
        Pair::new(names.0, names.1, Some(criticality.to_owned()), (ran(legacy), ran(converted)))
    }

    #[test]
    fn the_triggers_of_the_reference_decide() {
        let good = || pair("low", (true, 1.0), (true, 1.1));
        let many = |extra: Pair, count: usize| [vec![extra], (0..count).map(|_| good()).collect()].concat();
        for (pairs, decision, triggers) in [
            (vec![good()], Decision::Continue, vec![]),
            (vec![], Decision::Undecided, vec![]),
            // 1 of 19 fails in both forms: 94.7 % succeed.
            (
                many(pair("low", (false, 1.0), (false, 1.0)), 18),
                Decision::RollBack,
                vec![Trigger::SuccessRate],
            ),
            // 1 of 20: 95 % succeed.
            (many(pair("low", (false, 1.0), (false, 1.0)), 19), Decision::Continue, vec![]),
            (vec![pair("low", (true, 2.0), (true, 3.1))], Decision::RollBack, vec![Trigger::Performance]),
            (vec![pair("low", (true, 2.0), (true, 2.9))], Decision::Continue, vec![]),
            // Twice as long, and less than the noise of a start.
            (vec![pair("low", (true, 0.1), (true, 0.3))], Decision::Continue, vec![]),
            (
                many(pair("critical", (true, 1.0), (false, 1.0)), 40),
                Decision::RollBack,
                vec![Trigger::CriticalFailure, Trigger::DifferentResults],
            ),
        ] {
            let found = Comparison::of(pairs, Vec::new());
            assert_eq!((found.decision, &found.triggers), (decision, &triggers), "{}", found.shown());
        }
    }

    #[test]
    fn another_output_is_another_result() {
        let mut legacy = pair("low", (true, 1.0), (true, 1.0)).legacy;
        let converted = legacy.clone();
        legacy.output = "2 rows".to_owned();
        let pair = Pair::new("a.json".to_owned(), "a".to_owned(), None, (legacy, converted));
        assert_eq!(pair.differences, ["output: `2 rows` before, `1 row` now"]);
        assert_eq!(Comparison::of(vec![pair], Vec::new()).triggers, [Trigger::DifferentResults]);
    }
}
