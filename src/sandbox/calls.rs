//! System calls, by seccomp. A refused call fails with `EPERM`.
//!
//! The list names what is refused: what a summary needs differs between versions of the C library
//! and would break with the next one. Landlock refuses what is not named in its rules.

use std::collections::BTreeMap;

use libc::*;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpArgLen::Qword,
    SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::rules::{Extent, Network, Sandbox, SandboxError};

/// Calls of x86-64 with 32-bit pointers: a flag in the number, and numbers of its own.
#[cfg(target_arch = "x86_64")]
const X32: (i64, std::ops::RangeInclusive<i64>) = (0x4000_0000, 512..=547);

/// Refused in every sandbox.
const ALWAYS: &[i64] = &[
    // Sockets that others connect to, and messages that carry open files.
    SYS_bind,
    SYS_listen,
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_move_pages,
    SYS_migrate_pages,
    // Memory and messages shared with other processes.
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_mq_open,
    SYS_mq_unlink,
    // Mounts and namespaces.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    // Identities.
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    SYS_personality,
    // Files past Landlock: by handle, and attributes by path.
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_fchmodat,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_mknodat,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    // The kernel itself.
    SYS_bpf,
    SYS_perf_event_open,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_io_setup,
    SYS_io_submit,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_vhangup,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    #[cfg(target_arch = "x86_64")]
    SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    SYS_chown,
    #[cfg(target_arch = "x86_64")]
    SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    SYS_utime,
    #[cfg(target_arch = "x86_64")]
    SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    SYS_futimesat,
    #[cfg(target_arch = "x86_64")]
    SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    SYS_modify_ldt,
];

/// The same, of newer kernels, whose numbers are those of all processors: attributes by path
/// (`fchmodat2`, `setxattrat`, `removexattrat`, `file_setattr`), quotas, mounts (`open_tree_attr`)
/// and other processes (`process_mrelease`).
const NEWER: &[i64] = &[443, 448, 452, 463, 466, 467, 469];

/// Refused while the network is closed.
const OF_NETWORK: &[i64] = &[SYS_socket, SYS_socketpair, SYS_connect, SYS_sendmsg, SYS_sendmmsg];

/// Refused unless programs may be started.
const OF_PROGRAMS: &[i64] = &[
    SYS_execve,
    SYS_execveat,
    SYS_pidfd_open,
    #[cfg(target_arch = "x86_64")]
    SYS_fork,
    #[cfg(target_arch = "x86_64")]
    SYS_vfork,
];

/// Flags of `clone` for new namespaces.
const NAMESPACES: [c_int; 7] = [
    CLONE_NEWNS,
    CLONE_NEWUTS,
    CLONE_NEWIPC,
    CLONE_NEWUSER,
    CLONE_NEWPID,
    CLONE_NEWNET,
    CLONE_NEWCGROUP,
];

/// Requests of `ioctl` that type into the terminal.
const TYPING: [u64; 2] = [TIOCSTI, 0x541C];

/// Restricts the calling thread or all. False if the kernel or the processor has no filters.
pub(super) fn restrict(sandbox: &Sandbox, extent: Extent) -> Result<bool, SandboxError> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    let refused = |error: String| SandboxError::Refused { reason: error };
    let filters = [hidden(arch), filter(sandbox, arch)]
        .map(|filter| filter.map_err(|e| refused(e.to_string())));
    for filter in filters {
        let filter = filter?;
        let applied = match extent {
            Extent::Process => seccompiler::apply_filter_all_threads(&filter),
            Extent::Thread => seccompiler::apply_filter(&filter),
        };
        match applied {
            Ok(()) => {}
            Err(seccompiler::Error::Seccomp(error))
                if matches!(error.raw_os_error(), Some(ENOSYS | EINVAL)) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(refused(error.to_string())),
        }
    }
    Ok(true)
}

/// The filter that hides `clone3`, whose flags are in memory that no filter can read. Libraries
/// then use `clone`.
fn hidden(arch: TargetArch) -> Result<BpfProgram, BackendError> {
    let rules = BTreeMap::from([(SYS_clone3, Vec::new())]);
    let hide = SeccompAction::Errno(ENOSYS as u32);
    SeccompFilter::new(rules, SeccompAction::Allow, hide, arch)?.try_into()
}

/// The filter of everything else.
fn filter(sandbox: &Sandbox, arch: TargetArch) -> Result<BpfProgram, BackendError> {
    let runs_programs = !sandbox.run.is_empty();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    rules.extend(ALWAYS.iter().chain(NEWER).map(|call| (*call, Vec::new())));
    match sandbox.network {
        Network::Closed => rules.extend(OF_NETWORK.iter().map(|call| (*call, Vec::new()))),
        Network::Outgoing => {
            let is_other = [AF_INET, AF_INET6]
                .map(|family| condition(0, Dword, SeccompCmpOp::Ne, family as u64));
            let is_raw = condition(1, Dword, SeccompCmpOp::MaskedEq(0xf), SOCK_RAW as u64);
            rules.insert(SYS_socket, vec![all(is_other)?, all([is_raw])?]);
            rules.insert(SYS_socketpair, Vec::new());
        }
    }
    // A message to an address.
    rules.insert(SYS_sendto, vec![all([condition(4, Qword, SeccompCmpOp::Ne, 0)])?]);
    let mut clone = Vec::new();
    for flag in NAMESPACES.map(|flag| flag as u64) {
        clone.push(all([condition(0, Qword, SeccompCmpOp::MaskedEq(flag), flag)])?);
    }
    let own = u64::from(std::process::id());
    if !runs_programs {
        rules.extend(OF_PROGRAMS.iter().map(|call| (*call, Vec::new())));
        // Processes: what is not a thread.
        let thread = CLONE_THREAD as u64;
        clone.push(all([condition(0, Qword, SeccompCmpOp::MaskedEq(thread), 0)])?);
        let is_other = || all([condition(0, Dword, SeccompCmpOp::Ne, own)]);
        rules.insert(SYS_kill, vec![is_other()?]);
        rules.insert(SYS_tgkill, vec![is_other()?]);
        // The C library musl ends a process by it.
        if cfg!(target_env = "gnu") {
            rules.insert(SYS_tkill, Vec::new());
        }
    }
    rules.insert(SYS_clone, clone);
    // Limits of other processes.
    let is_other = [0, own].map(|id| condition(0, Dword, SeccompCmpOp::Ne, id));
    rules.insert(SYS_prlimit64, vec![all(is_other)?]);
    let by_path = condition(1, Qword, SeccompCmpOp::Ne, 0);
    rules.insert(SYS_utimensat, vec![all([by_path])?]);
    let typing = TYPING.map(|request| all([condition(1, Dword, SeccompCmpOp::Eq, request)]));
    rules.insert(SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    #[cfg(target_arch = "x86_64")]
    {
        let (flag, own) = X32;
        let same: Vec<i64> = rules.keys().copied().chain([SYS_clone3]).collect();
        let all = same.into_iter().chain(own);
        rules.extend(all.map(|call| (call | flag, Vec::new())));
    }
    let refuse = SeccompAction::Errno(EPERM as u32);
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

type Condition = Result<SeccompCondition, BackendError>;

fn condition(
    argument: u8,
    length: seccompiler::SeccompCmpArgLen,
    operator: SeccompCmpOp,
    value: u64,
) -> Condition {
    SeccompCondition::new(argument, length, operator, value)
}

/// A rule of conditions that must all hold.
fn all<const N: usize>(conditions: [Condition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into_iter().collect::<Result<_, _>>()?)
}
