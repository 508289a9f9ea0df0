//! Runs the Azure DevOps emulator until it is interrupted: `azure-devops-emulator [PORT]`.
//!
//! It accepts the token in `AZURE_DEVOPS_PAT` (default: `emulator-pat`), and prints its URL once it
//! listens.

use stepwell_tests::azure_devops::{Emulator, Options};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let mut options = Options::default();
    if let Ok(pat) = std::env::var("AZURE_DEVOPS_PAT") {
        options.pat = pat;
    }
    let organization = options.organization.clone();
    let emulator = Emulator::start(port, options).await?;
    println!("{}", emulator.url(&organization));
    tokio::signal::ctrl_c().await
}
