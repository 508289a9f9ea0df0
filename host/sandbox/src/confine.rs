//! The rights that a program gives up before it starts: files by Landlock, system calls by seccomp, rlimits,
//! capabilities, new privileges.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, Scope, path_beneath_rules,
};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};
use stepwell_engine::policy::Access;

use crate::bounded::Program;
use crate::control_group::{ControlGroup, ControlGroups};
use crate::system_calls::SystemCalls;
use crate::watchdog;

/// The parts of the system that programs need to start at all. Of `/etc`, only the files that locate
/// libraries, names and certificates.
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
];

/// The place where programs without a separate group read how much memory they may use.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Maximum number of files that a program may have open.
const OPEN_FILES: u64 = 256;

/// The devices that programs write to.
const DEVICES: &[&str] = &["/dev/full", "/dev/null", "/dev/zero"];

/// The newest interface of Landlock that the rules are written for; older kernels support less of it.
const LANDLOCK: ABI = ABI::V6;

/// The first version of that interface with scopes of signals and abstract sockets.
const SCOPES: i32 = 6;

/// The niceness of programs relative to the service.
const NICE: i32 = 10;

/// When the machine is short of memory, the kernel kills programs first.
const FIRST_TO_GO: &[u8] = b"1000";

/// Number of capabilities that a kernel may have.
const CAPABILITIES: libc::c_ulong = 64;

/// The rights that a program must not have, ready to be given up between fork and exec.
pub(crate) struct Bounds {
    /// The files that stay accessible. `None` if the kernel has no Landlock.
    files: Option<OwnedFd>,
    calls: SystemCalls,
    limits: Vec<(Resource, u64)>,
    /// The control group that limits all of its processes together.
    group: Option<Arc<ControlGroup>>,
}

/// Returns the bounds of programs that this machine cannot enforce. Empty if it enforces all of them.
pub(crate) fn weaker() -> Vec<String> {
    let mut weaker = Vec::new();
    match landlock_version() {
        0 => weaker.push(
            "this kernel has no Landlock: the program can read and write every file of the service's user, leave its control group, and reach the service's processes"
                .to_owned(),
        ),
        version if version < SCOPES => weaker.push(format!(
            "this kernel has Landlock {version}; restricting signals to other processes needs version {SCOPES} (Linux 6.12)"
        )),
        _ => {}
    }
    if ControlGroups::here().is_err() {
        weaker.push(
            "there is no control group for it, so its memory and processes are counted several times per second"
                .to_owned(),
        );
    }
    weaker
}

/// Returns the version of Landlock's interface in this kernel. 0 for none.
pub(crate) fn landlock_version() -> i32 {
    const CREATE_RULESET_VERSION: u32 = 1;
    #[allow(unsafe_code, reason = "a system call that no library wraps; see SAFETY")]
    // SAFETY: with this flag the kernel reads no memory.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0usize,
            CREATE_RULESET_VERSION,
        )
    };
    i32::try_from(version).unwrap_or_default().max(0)
}

impl Bounds {
    /// Returns the bounds of a program whose private directory is `home`.
    pub fn new(program: &Program, home: &Path) -> io::Result<Self> {
        let group = match ControlGroups::here() {
            Ok(groups) => Some(Arc::new(groups.make(program.memory_bytes, program.tasks)?)),
            Err(_) => None,
        };
        let mut limits = vec![
            (Resource::Core, 0),
            (Resource::Data, program.memory_bytes),
            (Resource::Fsize, program.file_bytes),
            (Resource::Nofile, OPEN_FILES),
        ];
        let user = rustix::process::geteuid();
        if group.is_none() && !user.is_root() {
            // The limit counts every task of the user, including the service's own.
            let others = watchdog::tasks_of(user.as_raw());
            limits.push((Resource::Nproc, others.saturating_add(program.tasks)));
        }
        Ok(Self {
            files: files(program, home, group.as_deref()).map_err(io::Error::other)?,
            calls: SystemCalls::new(program.network)?,
            limits,
            group,
        })
    }

    /// Returns the control group of the program.
    pub fn group(&self) -> Option<Arc<ControlGroup>> {
        self.group.clone()
    }

    /// Makes `command` give up the rights when it starts.
    pub fn confine(self, command: &mut Command) {
        #[allow(unsafe_code, reason = "bounds have to be set between fork and exec; see SAFETY")]
        // SAFETY: between fork and exec only async-signal-safe code may run: `apply` makes system calls, and
        // neither allocates nor takes a lock.
        unsafe {
            command.pre_exec(move || self.apply());
        }
    }

    fn apply(&self) -> io::Result<()> {
        if let Some(group) = &self.group {
            group.enter()?;
        }
        for (resource, most) in &self.limits {
            let most = Some(*most);
            rustix::process::setrlimit(*resource, Rlimit { current: most, maximum: most })?;
        }
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
        // This fails if the service cannot be dumped: root owns its files in `/proc` until the
        // program starts.
        let _ = set_kill_score(c"/proc/self/oom_score_adj");
        // A process that is nicer already stays so.
        let _ = rustix::process::nice(NICE);
        // The thread that starts a program lives as long as the program: if the service dies, the program
        // dies too.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
        drop_capabilities()?;
        if let Some(files) = &self.files {
            own_process(files)?;
            restrict(files)?;
        }
        // This must follow the creation of the process group, which the filter forbids.
        self.calls.apply()
    }
}

/// Makes the kernel kill a process first when memory is short. Otherwise a service that is protected from
/// that (`OOMScoreAdjust`) would also protect its programs: a program over its memory limit would never end.
fn set_kill_score(file: &CStr) -> io::Result<()> {
    let file = rustix::fs::open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, FIRST_TO_GO)?;
    Ok(())
}

/// As [`set_kill_score`], for a program that has started.
pub(crate) fn kill_first(pid: Pid) {
    let file = CString::new(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero())).unwrap_or_default();
    // The process may have ended, or have done this itself.
    let _ = set_kill_score(&file);
}

/// Gives up the capabilities of a service that runs as root, so that a program cannot regain them.
fn drop_capabilities() -> io::Result<()> {
    for capability in 0..CAPABILITIES {
        #[allow(unsafe_code, reason = "a system call that no library wraps for numbers; see SAFETY")]
        // SAFETY: the call takes numbers, and no memory. A process without the right to it has no
        // capabilities to give up.
        unsafe {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
    }
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    )?;
    Ok(())
}

/// Lets the program read its own entries in `/proc`, but not those of other processes.
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
    // SAFETY: the kernel reads `rule`, which has the expected layout and lives until the call returns.
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
    // SAFETY: the call takes a file descriptor and flags, and no memory.
    let answer = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn files(
    program: &Program,
    home: &Path,
    group: Option<&ControlGroup>,
) -> Result<Option<OwnedFd>, RulesetError> {
    let all = AccessFs::from_all(LANDLOCK);
    let run = AccessFs::from_read(LANDLOCK);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // As in the sandbox, a step creates no links and no devices in a mount.
    let write = read
        | AccessFs::WriteFile
        | AccessFs::RemoveDir
        | AccessFs::RemoveFile
        | AccessFs::MakeDir
        | AccessFs::MakeReg
        | AccessFs::Truncate;
    let device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile;
    let groups = group.map_or(Path::new(CONTROL_GROUPS), ControlGroup::path);
    // The name of the executable may be a link.
    let real = program.path.canonicalize().unwrap_or_else(|_| program.path.clone());
    // A missing path needs no rule: `path_beneath_rules` omits it.
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, run))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .add_rules(path_beneath_rules([groups], read))?
        .add_rules(path_beneath_rules(&program.read, run))?
        .add_rules(path_beneath_rules([program.path.as_path(), real.as_path()], run))?
        .add_rules(path_beneath_rules([home], all))?;
    for mount in &program.mounts {
        let access = match mount.access {
            Access::Read => read,
            Access::Write => write,
        };
        rules = rules.add_rules(path_beneath_rules([&mount.path], access))?;
    }
    Ok(rules.into())
}
