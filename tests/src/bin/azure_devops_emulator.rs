//! Runs the Azure DevOps emulator until it is interrupted: `azure-devops-emulator [PORT]`.
//!
//! It accepts the token in `AZURE_DEVOPS_PAT` (default: `emulator-pat`), and prints its URL once it listens.

use stepwell_tests::azure_devops::{Emulator, Options};

const USAGE: &str = "Usage: azure-devops-emulator [PORT]
Emulates Azure DevOps until it is interrupted, and prints its URL. Without PORT it takes a free one.
AZURE_DEVOPS_PAT is the token that it accepts (default: emulator-pat).";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = match std::env::args().nth(1).as_deref() {
        None => 0,
        Some("-h" | "--help") => {
            println!("{USAGE}");
            return Ok(());
        }
        Some(text) => text.parse().unwrap_or_else(|_| {
            eprintln!("error: `{text}` is not a port (0-65535)\n{USAGE}");
            std::process::exit(2)
        }),
    };
    let mut options = Options::default();
    if let Ok(pat) = std::env::var("AZURE_DEVOPS_PAT") {
        options.pat = pat;
    }
    let organization = options.organization.clone();
    let emulator = Emulator::start(port, options).await?;
    println!("{}", emulator.url(&organization));
    tokio::signal::ctrl_c().await
}
