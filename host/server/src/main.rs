//! The `stepwell` command.

/// Steps come and go by the thousand in a second, each with its allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stepwell_server::main(std::env::args_os())
}
