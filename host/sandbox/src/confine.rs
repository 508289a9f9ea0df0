//! What a program gives up before it begins: files by Landlock, system calls by seccomp, rlimits, new privileges.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, Scope, path_beneath_rules,
};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use stepwell_engine::policy::Access;

use crate::program::Program;

/// What programs need of the system to start at all. Of `/etc` only what says how to reach libraries, names and
/// certificates.
const SYSTEM: &[&str] = &[
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/timezone",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/uptime",
    "/proc/version",
    "/sys/fs/cgroup",
];

/// Files that a program may have open.
const OPEN_FILES: u64 = 1024;

/// Devices that programs write to.
const DEVICES: &[&str] = &["/dev/full", "/dev/null", "/dev/zero"];

/// The newest interface of Landlock that the rules are written for; an older kernel has less of it.
const LANDLOCK: ABI = ABI::V6;

const NO_LANDLOCK: &str =
    "this kernel has no Landlock: the program sees every file that the service's user sees";

/// What a program is not to have, ready to be given up between fork and exec.
pub(crate) struct Bounds {
    /// The files that are left; nothing where the kernel has no Landlock.
    files: Option<OwnedFd>,
    calls: BpfProgram,
    limits: [(Resource, u64); 4],
}

impl Bounds {
    pub fn new(program: &Program, home: &Path) -> io::Result<Self> {
        Ok(Self {
            files: files(program, home).map_err(io::Error::other)?,
            calls: system_calls(program.network).map_err(io::Error::other)?,
            limits: [
                (Resource::Core, 0),
                (Resource::Data, program.memory_bytes),
                (Resource::Fsize, program.file_bytes),
                (Resource::Nofile, OPEN_FILES),
            ],
        })
    }

    /// What this kernel lacks.
    pub fn weaker(&self) -> Option<&'static str> {
        self.files.is_none().then_some(NO_LANDLOCK)
    }

    /// Has `command` give it all up when it starts.
    pub fn confine(self, command: &mut Command) {
        #[allow(unsafe_code, reason = "bounds have to be set between fork and exec; see SAFETY")]
        // SAFETY: between fork and exec only async-signal-safe code may run: `apply` makes system calls, and neither
        // allocates nor takes a lock.
        unsafe {
            command.pre_exec(move || self.apply());
        }
    }

    fn apply(&self) -> io::Result<()> {
        for (resource, most) in self.limits {
            rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        // The thread that starts a program lives as long as it: a service that dies takes it along.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
        if let Some(files) = &self.files {
            own_process(files)?;
            restrict(files)?;
        }
        // After the process group was made, which the filter forbids.
        seccompiler::apply_filter(&self.calls).map_err(|_| io::ErrorKind::PermissionDenied.into())
    }
}

/// Lets the program read what `/proc` tells of itself: of no other process.
fn own_process(ruleset: &OwnedFd) -> io::Result<()> {
    /// `struct landlock_path_beneath_attr` of the kernel.
    #[repr(C, packed)]
    struct PathBeneath {
        allowed_access: u64,
        parent_fd: i32,
    }
    const RULE_PATH_BENEATH: libc::c_int = 1;
    let own = rustix::fs::open(c"/proc/self", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let allowed_access = (AccessFs::ReadFile | AccessFs::ReadDir).bits();
    let rule = PathBeneath { allowed_access, parent_fd: own.as_raw_fd() };
    #[allow(unsafe_code, reason = "a system call that no library wraps without allocating; see SAFETY")]
    // SAFETY: the kernel reads `rule`, which has the layout that it expects and lives until the call returns.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            ruleset.as_raw_fd(),
            RULE_PATH_BENEATH,
            &raw const rule,
            0u32,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn restrict(ruleset: &OwnedFd) -> io::Result<()> {
    #[allow(unsafe_code, reason = "a system call that no library wraps without allocating; see SAFETY")]
    // SAFETY: it takes a file descriptor and flags, and no memory.
    let answer = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn files(program: &Program, home: &Path) -> Result<Option<OwnedFd>, RulesetError> {
    let all = AccessFs::from_all(LANDLOCK);
    let run = AccessFs::from_read(LANDLOCK);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // As in the sandbox: a step makes no links and no devices in a mount.
    let write = read
        | AccessFs::WriteFile
        | AccessFs::RemoveDir
        | AccessFs::RemoveFile
        | AccessFs::MakeDir
        | AccessFs::MakeReg
        | AccessFs::Truncate;
    let device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile;
    // The name of the executable may be a link.
    let real = program.path.canonicalize().unwrap_or_else(|_| program.path.clone());
    // A path that is not there needs no rule: `path_beneath_rules` leaves it out.
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, run))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .add_rules(path_beneath_rules(&program.read, run))?
        .add_rules(path_beneath_rules([program.path.as_path(), real.as_path()], run))?
        .add_rules(path_beneath_rules([home], all))?;
    for (path, access) in &program.mounts {
        let access = match access {
            Access::Read => read,
            Access::Write => write,
        };
        rules = rules.add_rules(path_beneath_rules([path], access))?;
    }
    Ok(rules.into())
}

/// A filter that refuses what leads out of the process group, past the filter itself, and, without `network`, to any socket
/// but a local one.
fn system_calls(network: bool) -> Result<BpfProgram, seccompiler::Error> {
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in [libc::SYS_setsid, libc::SYS_setpgid, libc::SYS_io_uring_setup] {
        refused.insert(call, Vec::new());
    }
    if !network {
        let family = |op, family: i32| {
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, op, u64::from(family.unsigned_abs()))
        };
        let remote = SeccompRule::new(vec![family(SeccompCmpOp::Ne, libc::AF_UNIX)?])?;
        refused.insert(libc::SYS_socket, vec![remote]);
    }
    // The same calls by the numbers of the x32 interface, where the kernel has one.
    #[cfg(target_arch = "x86_64")]
    {
        const X32: i64 = 0x4000_0000;
        let also: Vec<_> = refused.keys().map(|call| (call | X32, Vec::new())).collect();
        refused.extend(also);
    }
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, refuse, architecture)?;
    Ok(filter.try_into()?)
}
