//! The `stepwell` command.

fn main() -> std::process::ExitCode {
    stepwell_server::main(std::env::args_os())
}
