//! Embeds Stepwell: registers a step from a file, and runs a job under a policy.
//!
//! `cargo run -p embedding -- path/to/hello_step.wasm`

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use stepwell::Host;

const JOB: &str = "
id: greetings
vars: {who: world}
steps:
  - {id: first, type: hello, who: '${{ vars.who }}'}
  - {id: second, type: hello, who: 'the reader of `${{ steps.first.summary }}`'}
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let component = std::env::args_os().nth(1).ok_or("usage: embedding HELLO_STEP.wasm")?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));

    // This store is in memory. With `.data_dir(..)`, runs are saved, and continue after a crash.
    let host = Host::builder().policy_file(here.join("policy.yaml")).build()?;
    let step = host.register(std::fs::read(component)?).await?;
    println!("registered {} {}: {}", step.type_name, step.version, step.summary);

    let job = host.parse("job", JOB).await?.job;
    let run = host.run(job, Default::default()).await?;
    println!("{}", run.message);
    for step in run.steps {
        let receipt = step.receipt.unwrap_or_default();
        println!(
            "  {}: {} ({} fuel, {} bytes)",
            step.step_id, step.output, receipt.fuel, receipt.memory_peak_bytes
        );
    }
    // Steps that still run get 10 seconds. Here all of them have ended.
    host.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
