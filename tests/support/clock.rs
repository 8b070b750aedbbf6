//! Measures the CPU time of the current thread, independent of other load on the machine.

use std::time::Duration;

/// CPU time of a closure that starts no threads.
#[cfg(unix)]
pub fn spent(work: impl FnOnce()) -> Duration {
    let now = || {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a live timespec.
        let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
        assert_eq!(result, 0);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let began = now();
    work();
    now() - began
}

/// Wall-clock time on other systems.
#[cfg(not(unix))]
pub fn spent(work: impl FnOnce()) -> Duration {
    let began = std::time::Instant::now();
    work();
    began.elapsed()
}

/// True if four times the input takes at most eight times as long in one of several tries. Times
/// below 20 ms count as 20 ms.
pub fn grows_linearly(mut small: impl FnMut(), mut large: impl FnMut()) -> bool {
    const TRIES: usize = 4;
    const LEAST: Duration = Duration::from_millis(20);
    (0..TRIES).any(|_| {
        let once = spent(&mut small);
        spent(&mut large) < 8 * once.max(LEAST)
    })
}
