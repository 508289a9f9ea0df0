use stepwell_sdk::prelude::*;

/// Greets somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hello {
    /// Who to greet.
    who: String,
}

impl Step for Hello {
    const TYPE: &str = "hello";
    const SUMMARY: &str = "Greets somebody";

    fn run(self, _: &Invocation) -> StepResult {
        log::info(format!("about to greet {}", self.who));
        Ok(Output::new(format!("Hello, {}!", self.who)))
    }
}

export_step!(Hello);
