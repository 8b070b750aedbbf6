//! Time that work takes on its thread. What else runs on the machine is not counted.

use std::time::Duration;

/// The thread's CPU time of some work, which must not start threads.
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

/// Elsewhere the wall clock.
#[cfg(not(unix))]
pub fn spent(work: impl FnOnce()) -> Duration {
    let began = std::time::Instant::now();
    work();
    began.elapsed()
}

/// Whether four times the input takes at most eight times as long, in one of several tries. Below
/// 10 ms a clock says little.
pub fn grows_linearly(mut small: impl FnMut(), mut large: impl FnMut()) -> bool {
    const TRIES: usize = 4;
    const LEAST: Duration = Duration::from_millis(10);
    (0..TRIES).any(|_| {
        let once = spent(&mut small);
        spent(&mut large) < 8 * once.max(LEAST)
    })
}
