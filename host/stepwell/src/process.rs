//! The figures of Linux about this process, under the names that the client libraries of Prometheus use.

use std::fs;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use crate::telemetry::gauge;

/// The ticks per second in `/proc/self/stat`: 100 for every program on Linux, at any rate of the kernel.
const TICKS: f64 = 100.0;

/// The resources that a process has used, from `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Used {
    cpu_seconds: f64,
    /// The start of the process in seconds after the start of the machine.
    started_after: f64,
    threads: f64,
    virtual_bytes: f64,
    resident_bytes: f64,
}

pub(crate) fn register(to: &mut Registry) {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let Some(used) = used(&read("/proc/self/stat"), &read("/proc/self/status")) else { return };
    let cpu: Counter<f64, AtomicU64> = Counter::default();
    cpu.inc_by(used.cpu_seconds);
    to.register("process_cpu_seconds", "User and system CPU time in seconds", cpu);
    gauge(to, "process_resident_memory_bytes", "Resident memory in bytes", used.resident_bytes);
    gauge(to, "process_virtual_memory_bytes", "Virtual memory in bytes", used.virtual_bytes);
    gauge(to, "process_threads", "Threads", used.threads);
    let boot = line(&read("/proc/stat"), "btime ").unwrap_or_default();
    let help = "Start of the process in seconds since the Unix epoch";
    gauge(to, "process_start_time_seconds", help, boot + used.started_after);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    gauge(to, "process_open_fds", "Open file descriptors", open as f64);
    if let Some(most) = line(&read("/proc/self/limits"), "Max open files") {
        gauge(to, "process_max_fds", "File descriptors that may be open", most);
    }
}

/// Returns the first number of the line that begins with `name`.
fn line(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn used(stat: &str, status: &str) -> Option<Used> {
    // The name of the program is in parentheses, and may contain any character. The text after it begins with
    // field 3.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Used {
        cpu_seconds: (field(14)? + field(15)?) / TICKS,
        threads: field(20)?,
        started_after: field(22)? / TICKS,
        virtual_bytes: field(23)?,
        resident_bytes: line(status, "VmRSS:")? * 1024.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_linux_are_read() {
        let stat = "42 (step (well) x) S 1 42 42 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 7 0 12345 4096000 300 18446744073709551615";
        let status = "Name:\tstepwell\nVmRSS:\t    1200 kB\n";
        let found = used(stat, status).unwrap();
        let expected = Used {
            cpu_seconds: 3.0,
            started_after: 123.45,
            threads: 7.0,
            virtual_bytes: 4_096_000.0,
            resident_bytes: 1_228_800.0,
        };
        assert_eq!(found, expected);
        assert_eq!(line("Max open files            1024     4096   files", "Max open files"), Some(1024.0));
    }
}
