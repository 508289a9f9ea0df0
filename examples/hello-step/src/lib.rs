use stepwell_sdk::prelude::*;

/// Greets a person by name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hello {
    /// The name of the person to greet.
    who: String,
}

impl Step for Hello {
    const TYPE: &str = "hello";
    const SUMMARY: &str = "Greets a person";

    fn run(self, _: &Invocation) -> StepResult {
        log::info(format!("about to greet {}", self.who));
        Ok(Output::new(format!("Hello, {}!", self.who)))
    }
}

export_step!(Hello);

#[cfg(test)]
mod tests {
    use stepwell_sdk::testing::Host;

    use super::*;

    #[test]
    fn it_greets() {
        let ran = Host::new().run::<Hello>(&json!({"who": "Ada"}));
        assert_eq!(ran.result.unwrap().summary, "Hello, Ada!");
        assert_eq!(ran.log[0].1, "about to greet Ada");
    }
}
