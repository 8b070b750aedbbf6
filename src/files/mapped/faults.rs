//! Lost pages of mapped files: another program shortened the file, or the disk fails.
//!
//! Reading such a page raises SIGBUS, which would end the program. The handler installed here maps
//! zeros over the lost pages and marks the mapping as lost; callers check [`FaultGuard::is_lost`]
//! and discard what was computed from the zeros. A fault outside the registered mappings goes to
//! the previous handler. Unix only: Windows refuses to shorten a mapped file.

#![cfg_attr(not(unix), allow(dead_code))]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Number of mappings that can be registered at a time; further ones are used unguarded.
const SLOTS: usize = 4096;

/// A registered mapping: its addresses, and whether a page was lost. Free if `end` is zero.
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

/// The registration of a mapping, dropped before the mapping.
pub(super) struct FaultGuard(Option<&'static Slot>);

impl FaultGuard {
    /// Registers the mapping of these addresses.
    pub fn register(addresses: Range<usize>) -> Self {
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

    /// The guard of an anonymous mapping, which cannot lose pages.
    pub fn none() -> Self {
        Self(None)
    }

    /// True if bytes of the file were replaced by zeros.
    pub fn is_lost(&self) -> bool {
        self.0.is_some_and(|slot| slot.lost.load(Ordering::Acquire))
    }
}

impl Drop for FaultGuard {
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

    /// The previous handler.
    static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();
    static PAGE: OnceLock<usize> = OnceLock::new();

    /// Installs the handler once; `false` if the system refuses it.
    pub fn install() -> bool {
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        *INSTALLED.get_or_init(|| {
            // SAFETY: sysconf has no preconditions.
            let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let Ok(page) = usize::try_from(page) else { return false };
            PAGE.get_or_init(|| page);
            // SAFETY: an all-zero sigaction is valid, and both pointers are to live values. The
            // handler only reads atomics and initialized OnceLocks and calls mmap, a plain system
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

    /// Maps zeros from the page of an address to the end of the registered mapping that holds it;
    /// `false` if there is none.
    fn replace(address: usize) -> bool {
        let Some(page) = PAGE.get().copied() else { return false };
        for slot in &MAPPINGS {
            let end = slot.end.load(Ordering::Acquire);
            let start = slot.start.load(Ordering::Acquire);
            // The slot may pass to another mapping between the two reads.
            if slot.end.load(Ordering::Acquire) != end || !(start..end).contains(&address) {
                continue;
            }
            // Marked before the zeros are mapped, so that no reader of them sees an intact file.
            slot.lost.store(true, Ordering::Release);
            let from = address / page * page;
            // SAFETY: the range lies in a registered mapping, which is ours and still mapped; its
            // pages are replaced by private zeros with the same protection.
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
