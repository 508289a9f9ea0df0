//! The `stepwell` command, built with the tests.

fn main() -> std::process::ExitCode {
    stepwell_server::main(std::env::args_os())
}
