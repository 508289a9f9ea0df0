//! The system calls of a program: a list of the permitted ones.
//!
//! Two filters apply. The first allows the calls that programs need, and answers all others as an older
//! kernel that lacks them would: libraries then fall back. The second refuses calls that reach beyond the
//! program, also by their arguments.

use std::collections::BTreeMap;
use std::io;

use libc as c;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// The namespaces that `clone` can create.
const NAMESPACES: u64 = 0x7e02_0000;
/// The list has no calls by the numbers of the x32 interface.
#[cfg(target_arch = "x86_64")]
const OLD: &[c::c_long] = &[
    c::SYS_access,
    c::SYS_alarm,
    c::SYS_arch_prctl,
    c::SYS_chmod,
    c::SYS_creat,
    c::SYS_dup2,
    c::SYS_epoll_create,
    c::SYS_epoll_wait,
    c::SYS_eventfd,
    c::SYS_fork,
    c::SYS_futimesat,
    c::SYS_getdents,
    c::SYS_getpgrp,
    c::SYS_getrlimit,
    c::SYS_inotify_init,
    c::SYS_link,
    c::SYS_lstat,
    c::SYS_mkdir,
    c::SYS_mknod,
    c::SYS_open,
    c::SYS_pause,
    c::SYS_pipe,
    c::SYS_poll,
    c::SYS_readlink,
    c::SYS_rename,
    c::SYS_rmdir,
    c::SYS_select,
    c::SYS_sendfile,
    c::SYS_signalfd,
    c::SYS_stat,
    c::SYS_symlink,
    c::SYS_time,
    c::SYS_unlink,
    c::SYS_utime,
    c::SYS_utimes,
    c::SYS_vfork,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c::c_long] = &[c::SYS_sendfile];

/// The calls that programs need. Excluded are mounts, modules, keys, System V IPC and message queues (which
/// outlive a program), tracing, other processes' memory, `io_uring`, `userfaultfd`, `bpf`, `personality` and
/// file handles.
const NEEDED: &[c::c_long] = &[
    c::SYS_accept,
    c::SYS_accept4,
    c::SYS_bind,
    c::SYS_brk,
    c::SYS_capget,
    c::SYS_capset,
    c::SYS_chdir,
    c::SYS_clock_getres,
    c::SYS_clock_gettime,
    c::SYS_clock_nanosleep,
    c::SYS_clone,
    c::SYS_close,
    c::SYS_close_range,
    c::SYS_connect,
    c::SYS_copy_file_range,
    c::SYS_dup,
    c::SYS_dup3,
    c::SYS_epoll_create1,
    c::SYS_epoll_ctl,
    c::SYS_epoll_pwait,
    c::SYS_epoll_pwait2,
    c::SYS_eventfd2,
    c::SYS_execve,
    c::SYS_execveat,
    c::SYS_exit,
    c::SYS_exit_group,
    c::SYS_faccessat,
    c::SYS_faccessat2,
    c::SYS_fadvise64,
    c::SYS_fallocate,
    c::SYS_fchdir,
    c::SYS_fchmod,
    c::SYS_fchmodat,
    c::SYS_fcntl,
    c::SYS_fdatasync,
    c::SYS_fgetxattr,
    c::SYS_flistxattr,
    c::SYS_flock,
    c::SYS_fstat,
    c::SYS_fstatfs,
    c::SYS_fsync,
    c::SYS_ftruncate,
    c::SYS_futex,
    c::SYS_futex_waitv,
    c::SYS_getcpu,
    c::SYS_getcwd,
    c::SYS_getdents64,
    c::SYS_getegid,
    c::SYS_geteuid,
    c::SYS_getgid,
    c::SYS_getgroups,
    c::SYS_getitimer,
    c::SYS_get_mempolicy,
    c::SYS_getpeername,
    c::SYS_getpgid,
    c::SYS_getpid,
    c::SYS_getppid,
    c::SYS_getpriority,
    c::SYS_getrandom,
    c::SYS_getresgid,
    c::SYS_getresuid,
    c::SYS_get_robust_list,
    c::SYS_getrusage,
    c::SYS_getsid,
    c::SYS_getsockname,
    c::SYS_getsockopt,
    c::SYS_gettid,
    c::SYS_gettimeofday,
    c::SYS_getuid,
    c::SYS_getxattr,
    c::SYS_inotify_add_watch,
    c::SYS_inotify_init1,
    c::SYS_inotify_rm_watch,
    c::SYS_ioctl,
    c::SYS_ioprio_get,
    c::SYS_ioprio_set,
    c::SYS_kill,
    c::SYS_landlock_add_rule,
    c::SYS_landlock_create_ruleset,
    c::SYS_landlock_restrict_self,
    c::SYS_lgetxattr,
    c::SYS_linkat,
    c::SYS_listen,
    c::SYS_listxattr,
    c::SYS_llistxattr,
    c::SYS_lseek,
    c::SYS_madvise,
    c::SYS_membarrier,
    c::SYS_memfd_create,
    c::SYS_mincore,
    c::SYS_mkdirat,
    c::SYS_mknodat,
    c::SYS_mlock,
    c::SYS_mlock2,
    c::SYS_mmap,
    c::SYS_mprotect,
    c::SYS_mremap,
    c::SYS_msync,
    c::SYS_munlock,
    c::SYS_munmap,
    c::SYS_nanosleep,
    c::SYS_newfstatat,
    c::SYS_openat,
    c::SYS_openat2,
    c::SYS_pidfd_open,
    c::SYS_pidfd_send_signal,
    c::SYS_pipe2,
    c::SYS_pkey_alloc,
    c::SYS_pkey_free,
    c::SYS_pkey_mprotect,
    c::SYS_ppoll,
    c::SYS_prctl,
    c::SYS_pread64,
    c::SYS_preadv,
    c::SYS_preadv2,
    c::SYS_prlimit64,
    c::SYS_pselect6,
    c::SYS_pwrite64,
    c::SYS_pwritev,
    c::SYS_pwritev2,
    c::SYS_read,
    c::SYS_readahead,
    c::SYS_readlinkat,
    c::SYS_readv,
    c::SYS_recvfrom,
    c::SYS_recvmmsg,
    c::SYS_recvmsg,
    c::SYS_renameat,
    c::SYS_renameat2,
    c::SYS_restart_syscall,
    c::SYS_rseq,
    c::SYS_rt_sigaction,
    c::SYS_rt_sigpending,
    c::SYS_rt_sigprocmask,
    c::SYS_rt_sigqueueinfo,
    c::SYS_rt_sigreturn,
    c::SYS_rt_sigsuspend,
    c::SYS_rt_sigtimedwait,
    c::SYS_rt_tgsigqueueinfo,
    c::SYS_sched_getaffinity,
    c::SYS_sched_getattr,
    c::SYS_sched_getparam,
    c::SYS_sched_get_priority_max,
    c::SYS_sched_get_priority_min,
    c::SYS_sched_getscheduler,
    c::SYS_sched_rr_get_interval,
    c::SYS_sched_setaffinity,
    c::SYS_sched_setattr,
    c::SYS_sched_setparam,
    c::SYS_sched_setscheduler,
    c::SYS_sched_yield,
    c::SYS_seccomp,
    c::SYS_sendmmsg,
    c::SYS_sendmsg,
    c::SYS_sendto,
    c::SYS_setfsgid,
    c::SYS_setfsuid,
    c::SYS_setgid,
    c::SYS_setgroups,
    c::SYS_setitimer,
    c::SYS_setpriority,
    c::SYS_setregid,
    c::SYS_setresgid,
    c::SYS_setresuid,
    c::SYS_setreuid,
    c::SYS_setrlimit,
    c::SYS_set_robust_list,
    c::SYS_setsockopt,
    c::SYS_set_tid_address,
    c::SYS_setuid,
    c::SYS_shutdown,
    c::SYS_sigaltstack,
    c::SYS_signalfd4,
    c::SYS_socket,
    c::SYS_socketpair,
    c::SYS_splice,
    c::SYS_statfs,
    c::SYS_statx,
    c::SYS_symlinkat,
    c::SYS_sync_file_range,
    c::SYS_sysinfo,
    c::SYS_tee,
    c::SYS_tgkill,
    c::SYS_timer_create,
    c::SYS_timer_delete,
    c::SYS_timerfd_create,
    c::SYS_timerfd_gettime,
    c::SYS_timerfd_settime,
    c::SYS_timer_getoverrun,
    c::SYS_timer_gettime,
    c::SYS_timer_settime,
    c::SYS_times,
    c::SYS_tkill,
    c::SYS_truncate,
    c::SYS_umask,
    c::SYS_uname,
    c::SYS_unlinkat,
    c::SYS_utimensat,
    c::SYS_vmsplice,
    c::SYS_wait4,
    c::SYS_waitid,
    c::SYS_write,
    c::SYS_writev,
];

/// Calls that are refused with an error that no library mistakes for an old kernel.
const REFUSED: &[c::c_long] = &[
    // Leaves the process group that is killed at the end.
    c::SYS_setsid,
    c::SYS_setpgid,
    // Landlock does not restrict these by path, and the service's files have the same owner.
    c::SYS_fchownat,
    c::SYS_fchown,
    // Attributes take space that no quota counts.
    c::SYS_setxattr,
    c::SYS_lsetxattr,
    c::SYS_fsetxattr,
    // Tracing, other processes, the kernel.
    c::SYS_ptrace,
    c::SYS_process_vm_readv,
    c::SYS_process_vm_writev,
    c::SYS_pidfd_getfd,
    c::SYS_unshare,
    c::SYS_setns,
    c::SYS_bpf,
    c::SYS_keyctl,
    c::SYS_add_key,
    c::SYS_request_key,
    c::SYS_userfaultfd,
    c::SYS_perf_event_open,
    c::SYS_io_uring_setup,
];
#[cfg(target_arch = "x86_64")]
const REFUSED_OLD: &[c::c_long] = &[c::SYS_chown, c::SYS_lchown];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OLD: &[c::c_long] = &[];

/// Modes that a program may give to files, also preceded by the kind of the file.
const OWN_MODES: [i32; 5] = [0o600, 0o700, 0o100_600, 0o100_700, 0o40_700];

/// The filters of a program.
pub(crate) struct SystemCalls {
    allowed: BpfProgram,
    refused: BpfProgram,
}

impl SystemCalls {
    /// Returns the filters of a program with or without network access.
    pub fn new(network: bool) -> io::Result<Self> {
        Ok(Self {
            allowed: allowed().map_err(io::Error::other)?,
            refused: refused(network).map_err(io::Error::other)?,
        })
    }

    /// Applies the filters to this process. Runs between fork and exec, so it allocates nothing.
    pub fn apply(&self) -> io::Result<()> {
        // If both filters refuse, the newer one determines the error.
        for filter in [&self.allowed, &self.refused] {
            seccompiler::apply_filter(filter)
                .map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
        }
        Ok(())
    }
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, Error> {
    let architecture = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()?)
}

fn allowed() -> Result<BpfProgram, Error> {
    let rules = OLD.iter().chain(NEEDED).chain(REFUSED).chain(REFUSED_OLD).map(|call| (*call, Vec::new()));
    let absent = SeccompAction::Errno(c::ENOSYS.unsigned_abs());
    program(rules.collect(), absent, SeccompAction::Allow)
}

/// Compares one argument of a call, of which the kernel reads 32 bits.
fn argument(number: u8, op: Op, value: i32) -> Result<SeccompCondition, Error> {
    Ok(SeccompCondition::new(number, Length::Dword, op, u64::from(value.cast_unsigned()))?)
}

fn refused(network: bool) -> Result<BpfProgram, Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().chain(REFUSED_OLD).map(|call| (*call, Vec::new())).collect();
    let rule = |conditions: Vec<SeccompCondition>| Ok::<_, Error>(SeccompRule::new(conditions)?);
    // Named sockets lead to any listener, past Landlock. Without the network there are none at all.
    rules.insert(
        c::SYS_socket,
        match network {
            false => Vec::new(),
            true => vec![rule(
                [c::AF_INET, c::AF_INET6, c::AF_NETLINK]
                    .iter()
                    .map(|family| argument(0, Op::Ne, *family))
                    .collect::<Result<_, _>>()?,
            )?],
        },
    );
    rules.insert(c::SYS_socketpair, vec![rule(vec![argument(0, Op::Ne, c::AF_UNIX)?])?]);
    // Socket buffers use the kernel's memory, which nothing else counts without a control group.
    let buffers = [c::SO_SNDBUF, c::SO_RCVBUF, c::SO_SNDBUFFORCE, c::SO_RCVBUFFORCE];
    let grows =
        buffers.map(|name| rule(vec![argument(1, Op::Eq, c::SOL_SOCKET)?, argument(2, Op::Eq, name)?]));
    rules.insert(c::SYS_setsockopt, grows.into_iter().collect::<Result<_, _>>()?);
    // Each bit of a namespace.
    let spaces = (0..32).map(|bit| 1u64 << bit).filter(|bit| NAMESPACES & bit != 0);
    let made = spaces.map(|bit| rule(vec![SeccompCondition::new(0, Length::Qword, Op::MaskedEq(bit), bit)?]));
    rules.insert(c::SYS_clone, made.collect::<Result<_, _>>()?);
    // The limits and the priority of another process, for instance of the service.
    for (call, number) in [
        (c::SYS_prlimit64, 0),
        (c::SYS_sched_setaffinity, 0),
        (c::SYS_sched_setattr, 0),
        (c::SYS_sched_setparam, 0),
        (c::SYS_sched_setscheduler, 0),
    ] {
        rules.insert(call, vec![rule(vec![argument(number, Op::Ne, 0)?])?]);
    }
    rules.insert(
        c::SYS_setpriority,
        vec![rule(vec![argument(0, Op::Ne, 0)?])?, rule(vec![argument(1, Op::Ne, 0)?])?],
    );
    rules.insert(
        c::SYS_ioprio_set,
        vec![rule(vec![argument(0, Op::Ne, 1)?])?, rule(vec![argument(1, Op::Ne, 0)?])?],
    );
    // Landlock does not restrict modes by path. These two modes, which a program's own files have with its
    // umask, neither open a file of the service to others nor close it to the service.
    let modes = |number| {
        let refused = OWN_MODES.iter().map(|mode| argument(number, Op::Ne, *mode));
        rule(refused.collect::<Result<_, _>>()?)
    };
    rules.insert(c::SYS_fchmodat, vec![modes(2)?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(c::SYS_chmod, vec![modes(1)?]);
    // Space beyond the end of a file, which no size includes.
    rules.insert(c::SYS_fallocate, vec![rule(vec![argument(1, Op::Ne, 0)?])?]);
    // Input for the terminal of the service.
    let terminal = [c::TIOCSTI, c::TIOCLINUX].map(|request| i32::try_from(request).unwrap_or_default());
    rules.insert(
        c::SYS_ioctl,
        vec![rule(vec![argument(1, Op::Eq, terminal[0])?])?, rule(vec![argument(1, Op::Eq, terminal[1])?])?],
    );
    program(rules, SeccompAction::Allow, SeccompAction::Errno(c::EPERM.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_listed_twice_and_both_filters_can_be_made() {
        let mut all: Vec<_> = OLD.iter().chain(NEEDED).chain(REFUSED).chain(REFUSED_OLD).collect();
        let listed = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), listed);
        for network in [true, false] {
            let calls = SystemCalls::new(network).unwrap();
            assert!(calls.allowed.len() > listed && calls.refused.len() > REFUSED.len());
        }
    }
}
