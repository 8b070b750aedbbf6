//! Mapped files that lose pages while they are in use: cut short by another program, or on a disk
//! that fails.
//!
//! Reading such a page raises SIGBUS, which ends a program. Here a handler puts zeros in the place
//! of the lost pages and marks the mapping as lost; [`Watch::is_lost`] tells, and the step that
//! read zeros ends with an error. A fault outside the registered mappings goes to the handler that
//! was there before. Unix only: Windows does not let a mapped file be cut short.

#![cfg_attr(not(unix), allow(dead_code))]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Mappings that can be watched at a time; one that finds no slot is used unwatched.
const SLOTS: usize = 4096;

/// A registered mapping: addresses, and whether a page of it was lost. Free where `end` is zero.
struct Slot {
    taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    lost: AtomicBool,
}

static MAPPINGS: [Slot; SLOTS] = [const {
    Slot {
        taken: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        lost: AtomicBool::new(false),
    }
}; SLOTS];

/// A registration that lasts as long as its mapping.
pub(super) struct Watch(Option<&'static Slot>);

impl Watch {
    /// Registers a mapping of these addresses. It must be dropped before the mapping is.
    pub fn over(addresses: Range<usize>) -> Self {
        if !handler::install() {
            return Self(None);
        }
        let free = |slot: &&Slot| !slot.taken.swap(true, Ordering::AcqRel);
        let slot = MAPPINGS.iter().find(free);
        if let Some(slot) = slot {
            slot.lost.store(false, Ordering::Relaxed);
            slot.start.store(addresses.start, Ordering::Release);
            slot.end.store(addresses.end, Ordering::Release);
        }
        Self(slot)
    }

    /// Of a mapping that no file backs.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether zeros stand where bytes of the file stood.
    pub fn is_lost(&self) -> bool {
        self.0.is_some_and(|slot| slot.lost.load(Ordering::Acquire))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.end.store(0, Ordering::Release);
            slot.taken.store(false, Ordering::Release);
        }
    }
}

#[cfg(not(unix))]
mod handler {
    pub fn install() -> bool {
        false
    }
}

#[cfg(unix)]
mod handler {
    use std::sync::OnceLock;
    use std::sync::atomic::Ordering;

    use super::MAPPINGS;

    /// What handled the signal before.
    static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();
    static PAGE: OnceLock<usize> = OnceLock::new();

    /// Installs the handler once; `false` where the system refuses it.
    pub fn install() -> bool {
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        *INSTALLED.get_or_init(|| {
            // SAFETY: sysconf has no preconditions.
            let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let Ok(page) = usize::try_from(page) else { return false };
            PAGE.get_or_init(|| page);
            // SAFETY: an all-zero sigaction is valid, and both pointers are to live values. The
            // handler only reads atomics and initialised OnceLocks and calls mmap, a plain system
            // call; it allocates nothing and takes no lock.
            unsafe {
                let mut before: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut before) != 0 {
                    return false;
                }
                BEFORE.get_or_init(|| before);
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_fault as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut()) == 0
            }
        })
    }

    extern "C" fn on_fault(
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        context: *mut libc::c_void,
    ) {
        // SAFETY: with SA_SIGINFO the system passes a valid siginfo, whose address is set for
        // SIGBUS.
        let address = unsafe { (*info).si_addr() } as usize;
        if address != 0 && replace(address) {
            return;
        }
        let Some(before) = BEFORE.get() else { return };
        // SAFETY: as above. Codes of signals that another program sent are not positive.
        let is_sent = unsafe { (*info).si_code } <= 0;
        match before.sa_sigaction {
            libc::SIG_IGN if is_sent => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                // SAFETY: the default action. A fault is met again and ends the program; a signal
                // that was sent is sent again.
                unsafe {
                    libc::signal(signal, libc::SIG_DFL);
                    if is_sent {
                        libc::raise(signal);
                    }
                }
            }
            handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
                type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                // SAFETY: installed with SA_SIGINFO, so that it is a function of three arguments.
                let handler: Handler = unsafe { std::mem::transmute(handler) };
                handler(signal, info, context);
            }
            handler => {
                // SAFETY: installed without SA_SIGINFO, so that it is a function of one argument.
                let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
                handler(signal);
            }
        }
    }

    /// Puts zeros from the page of an address to the end of the registered mapping it lies in;
    /// `false` where there is none.
    fn replace(address: usize) -> bool {
        let Some(page) = PAGE.get().copied() else { return false };
        for slot in &MAPPINGS {
            let end = slot.end.load(Ordering::Acquire);
            let start = slot.start.load(Ordering::Acquire);
            // A slot may be given to another mapping between the two reads.
            if slot.end.load(Ordering::Acquire) != end || !(start..end).contains(&address) {
                continue;
            }
            // Before the zeros are there, so that no reader of them finds the file sound.
            slot.lost.store(true, Ordering::Release);
            let from = address / page * page;
            // SAFETY: the range lies in a mapping that is registered, so that it is ours and still
            // there; its pages are replaced by private zeros with the same protection.
            let mapped = unsafe {
                libc::mmap(
                    from as *mut libc::c_void,
                    end - from,
                    libc::PROT_READ,
                    libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if mapped == libc::MAP_FAILED {
                return false;
            }
            return true;
        }
        false
    }
}
