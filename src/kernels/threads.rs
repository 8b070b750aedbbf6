//! The thread pool of the kernels. One step of a small model is a few hundred operations of some
//! microseconds each; waking a parked thread takes longer than that. So idle threads spin for a
//! while and park only if no operation comes.
//!
//! The pool has as many threads as rayon's, the caller included, but no more than the CPUs that the
//! machine, the control group and the affinity mask grant: more would only wait for each other.
//! Rayon's threads sleep meanwhile. One operation runs at a time; a caller that arrives during
//! another one computes its own alone.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, TryLockError};

/// Polls for work before a thread parks: tens to hundreds of microseconds, depending on the CPU.
const SPINS_BEFORE_PARK: u32 = 3000;
/// Polls for the last jobs before the caller yields: the thread that runs them may have lost its
/// CPU to another process.
const SPINS_BEFORE_YIELD: u32 = 2000;
/// Bit of the gate that is set while jobs may start; the other bits count the threads inside.
const OPEN: u32 = 1 << 31;

/// Runs `job(0)` to `job(count - 1)`, each once, on all threads.
pub(crate) fn parallel_for(count: usize, job: impl Fn(usize) + Sync) {
    Pool::get().run(count, job);
}

/// Runs a job for each chunk of `size` elements (the last may be shorter), with its number.
pub(crate) fn parallel_chunks<T: Send>(
    all: &mut [T],
    size: usize,
    job: impl Fn(usize, &mut [T]) + Sync,
) {
    let (length, size) = (all.len(), size.max(1));
    let start = ChunksPtr(all.as_mut_ptr());
    parallel_for(length.div_ceil(size), |part| {
        let from = part * size;
        // SAFETY: chunks are within the slice and disjoint, and each goes to one job only.
        let chunk =
            unsafe { std::slice::from_raw_parts_mut(start.at(from), size.min(length - from)) };
        job(part, chunk);
    });
}

/// Element types of zeroed buffers.
pub(crate) trait Zero: Copy + Send {
    /// The value of fresh memory.
    const ZERO: Self;
}

impl Zero for f32 {
    const ZERO: Self = 0.0;
}

/// A vector of `length` elements, filled by a job for each chunk of `size`. A chunk is zeroed by
/// the thread that fills it, so that it is in that thread's cache, and in parallel.
pub(crate) fn parallel_fill<T: Zero>(
    length: usize,
    size: usize,
    job: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let mut all = Vec::with_capacity(length);
    parallel_chunks(&mut all.spare_capacity_mut()[..length], size, |part, numbers| {
        for number in &mut *numbers {
            number.write(T::ZERO);
        }
        // SAFETY: all elements were just written, and this job alone has the chunk.
        job(part, unsafe {
            std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len())
        });
    });
    // SAFETY: the capacity is `length`, and every element was written by its chunk's job.
    unsafe { all.set_len(length) };
    all
}

/// The results of a job for each element, in their order.
pub(crate) fn parallel_map<T: Send, R: Send>(
    all: &mut [T],
    job: impl Fn(usize, &mut T) -> R + Sync,
) -> Vec<R> {
    let mut pairs: Vec<(&mut T, Option<R>)> =
        all.iter_mut().map(|element| (element, None)).collect();
    parallel_chunks(&mut pairs, 1, |index, pairs| {
        for (element, result) in pairs {
            *result = Some(job(index, element));
        }
    });
    pairs.into_iter().filter_map(|(_, result)| result).collect()
}

/// Number of threads, the caller included.
pub(crate) fn count() -> usize {
    Pool::get().workers + 1
}

/// Number of CPUs this process may use, by its affinity mask and the quota of its control group.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct ChunksPtr<T>(*mut T);

impl<T> ChunksPtr<T> {
    fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

// SAFETY: it is only used for disjoint chunks, each of which goes to one job.
unsafe impl<T: Send> Sync for ChunksPtr<T> {}

struct Pool {
    shared: Arc<Shared>,
    /// Threads besides the caller.
    workers: usize,
    /// Locked by the caller whose operation runs.
    caller: Mutex<()>,
}

type PoolJob<'j> = dyn Fn(usize) + Sync + 'j;

struct Shared {
    /// Polls for work before a thread parks.
    spins: u32,
    /// Incremented by each operation, to announce it to the threads.
    operation: AtomicU32,
    gate: AtomicU32,
    /// Written while the gate is shut and no thread is inside; read by the threads inside.
    job: UnsafeCell<Option<(*const PoolJob<'static>, usize)>>,
    /// Number of the next job.
    next: AtomicUsize,
    panicked: AtomicBool,
    parked: AtomicUsize,
    park_lock: Mutex<()>,
    unparked: Condvar,
    /// Set when the pool is dropped, to end its threads.
    ended: AtomicBool,
}

// SAFETY: `job` is the only field that is not `Sync`; its comment says when it is accessed.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` leads to a `Sync` value.
unsafe impl Send for Shared {}

impl Pool {
    fn get() -> &'static Self {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| {
            let processors = available();
            Self::new(rayon::current_num_threads().min(processors), processors)
        })
    }

    fn run(&self, count: usize, job: impl Fn(usize) + Sync) {
        // A single job leaves the threads to the operations inside it.
        let caller = match self.caller.try_lock() {
            _ if count < 2 || self.workers == 0 => None,
            Ok(caller) => Some(caller),
            // A caller that panicked has shut the gate and waited for the threads inside.
            Err(TryLockError::Poisoned(caller)) => Some(caller.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match caller {
            Some(_caller) => self.shared.run_locked(count, &job),
            None => (0..count).for_each(job),
        }
    }

    /// A pool whose threads do not spin if there are more of them than CPUs: they would take time
    /// from those that work.
    fn new(threads: usize, processors: usize) -> Self {
        Self::named("malmoi-kernels", threads, processors)
    }

    fn named(name: &str, threads: usize, processors: usize) -> Self {
        let shared = Arc::new(Shared {
            spins: if threads > processors { 0 } else { SPINS_BEFORE_PARK },
            operation: AtomicU32::new(0),
            gate: AtomicU32::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            parked: AtomicUsize::new(0),
            park_lock: Mutex::new(()),
            unparked: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let start = |_: &usize| {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(name.into())
                .spawn(move || shared.worker_loop())
                .is_ok()
        };
        // If the system refuses to start a thread, the pool has fewer.
        let workers = (1..threads).take_while(start).count();
        Self { shared, workers, caller: Mutex::new(()) }
    }
}

/// Shuts the gate when dropped, and waits until no thread is inside, even after a panic.
struct GateGuard<'s>(&'s Shared);

impl Drop for GateGuard<'_> {
    fn drop(&mut self) {
        self.0.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0u32;
        while self.0.gate.load(Ordering::Acquire) != 0 {
            looks = looks.saturating_add(1);
            if looks < SPINS_BEFORE_YIELD {
                std::hint::spin_loop()
            } else {
                std::thread::yield_now()
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.operation.fetch_add(1, Ordering::SeqCst);
        self.shared.unpark(self.workers);
    }
}

impl Shared {
    /// Runs all jobs; one caller at a time.
    fn run_locked(&self, count: usize, job: &PoolJob<'_>) {
        // SAFETY: only the lifetime changes; no thread uses the job after the gate is shut, which
        // happens before this returns.
        let job: &PoolJob<'static> = unsafe { std::mem::transmute(job) };
        // SAFETY: the gate is shut and no thread is inside: the previous caller waited for that.
        unsafe { *self.job.get() = Some((job, count)) };
        self.next.store(0, Ordering::Relaxed);
        self.panicked.store(false, Ordering::Relaxed);
        self.gate.store(OPEN, Ordering::Release);
        let shut = GateGuard(self);
        self.operation.fetch_add(1, Ordering::SeqCst);
        // The caller itself runs one of the jobs.
        self.unpark(count - 1);
        self.run_jobs(count, job);
        drop(shut);
        if self.panicked.swap(false, Ordering::Relaxed) {
            panic!("a thread of the kernels panicked; its message is above");
        }
    }

    /// Wakes parked threads, at most one for each job.
    fn unpark(&self, most: usize) {
        let parked = self.parked.load(Ordering::SeqCst);
        if parked == 0 {
            return;
        }
        drop(self.park_lock.lock().unwrap_or_else(PoisonError::into_inner));
        if most >= parked {
            self.unparked.notify_all();
        } else {
            (0..most).for_each(|_| self.unparked.notify_one());
        }
    }

    fn run_jobs(&self, count: usize, job: &PoolJob<'_>) {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            if next >= count {
                return;
            }
            job(next);
        }
    }

    /// The loop of a thread, until the pool is dropped.
    fn worker_loop(&self) {
        let mut seen = 0;
        loop {
            seen = self.wait(seen);
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let entered = self.gate.fetch_update(Ordering::Acquire, Ordering::Relaxed, |gate| {
                (gate & OPEN != 0).then_some(gate + 1)
            });
            if entered.is_err() {
                continue;
            }
            // SAFETY: the job is not written while threads are inside; it was written before the
            // gate opened.
            if let Some((job, count)) = unsafe { *self.job.get() } {
                // SAFETY: the caller keeps the job alive until no thread is inside.
                let job = unsafe { &*job };
                if catch_unwind(AssertUnwindSafe(|| self.run_jobs(count, job))).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for an operation after number `seen`; its number.
    fn wait(&self, seen: u32) -> u32 {
        for _ in 0..self.spins {
            let now = self.operation.load(Ordering::Acquire);
            if now != seen {
                return now;
            }
            std::hint::spin_loop();
        }
        let mut park_lock = self.park_lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.parked.fetch_add(1, Ordering::SeqCst);
        let now = loop {
            let now = self.operation.load(Ordering::SeqCst);
            if now != seen {
                break now;
            }
            park_lock = self.unparked.wait(park_lock).unwrap_or_else(PoisonError::into_inner);
        };
        self.parked.fetch_sub(1, Ordering::SeqCst);
        now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn every_job_is_done_once() {
        let pool = Pool::new(4, 4);
        for count in [2, 3, 7, 100, 1000] {
            for _ in 0..200 {
                let sum = AtomicU64::new(0);
                pool.shared.run_locked(count, &|job| {
                    sum.fetch_add(job as u64 + 1, Ordering::Relaxed);
                });
                assert_eq!(sum.into_inner(), (count * (count + 1) / 2) as u64);
            }
        }
    }

    #[test]
    fn parked_threads_are_woken() {
        let pool = Pool::new(3, 3);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let done = AtomicU64::new(0);
            pool.shared.run_locked(50, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 50);
        }
    }

    /// With many more threads than CPUs, every operation ends and idle threads use no CPU time.
    #[test]
    fn more_threads_than_cpus_work_and_then_park() {
        let pool = Pool::named("oversubscribed", 99, 2);
        for _ in 0..50 {
            let done = AtomicU64::new(0);
            pool.run(200, |_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 200);
        }
        #[cfg(target_os = "linux")]
        {
            let before = ticks_of("oversubscribed");
            std::thread::sleep(std::time::Duration::from_millis(300));
            let idle = ticks_of("oversubscribed") - before;
            assert!(idle <= 1, "99 idle threads took {idle} ticks of 10 ms");
        }
    }

    #[test]
    fn spinning_threads_park_when_idle() {
        let pool = Pool::named("spinning", 3, 64);
        pool.run(50, |_| {});
        #[cfg(target_os = "linux")]
        {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let before = ticks_of("spinning");
            std::thread::sleep(std::time::Duration::from_millis(300));
            let idle = ticks_of("spinning") - before;
            assert!(idle <= 1, "3 idle threads took {idle} ticks of 10 ms");
        }
    }

    /// CPU time of this process's threads of a name, in ticks.
    #[cfg(target_os = "linux")]
    fn ticks_of(name: &str) -> u64 {
        let stat = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("stat")).ok();
        let stats: Vec<String> =
            std::fs::read_dir("/proc/self/task").unwrap().flatten().filter_map(stat).collect();
        let own = stats.iter().filter_map(|stat| {
            let (before, after) = stat.rsplit_once(')')?;
            before.ends_with(&name[..name.len().min(15)]).then_some(after)
        });
        // utime and stime: fields 14 and 15 of the line.
        let ticks = |after: &str| -> u64 {
            after
                .split_whitespace()
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<u64>().ok())
                .sum()
        };
        let own: Vec<u64> = own.map(ticks).collect();
        assert!(!own.is_empty(), "no thread is called {name}");
        own.iter().sum()
    }

    #[test]
    fn a_pool_that_is_dropped_ends_its_threads() {
        let pool = Pool::new(4, 4);
        let shared = Arc::downgrade(&pool.shared);
        pool.run(9, |_| {});
        drop(pool);
        for _ in 0..1000 {
            if shared.strong_count() == 0 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("{} threads are still there", shared.strong_count());
    }

    #[test]
    fn chunks_and_maps_are_in_order() {
        let mut numbers: Vec<usize> = vec![0; 103];
        parallel_chunks(&mut numbers, 10, |part, numbers| {
            numbers.iter_mut().for_each(|number| *number = part)
        });
        assert!(numbers.iter().enumerate().all(|(at, part)| at / 10 == *part));
        assert_eq!(parallel_map(&mut numbers, |at, part| at + *part)[57], 62);
        parallel_chunks(&mut Vec::<u8>::new(), 10, |_, _| panic!("there is nothing to do"));
    }

    #[test]
    fn vectors_are_filled_by_chunks() {
        for length in [0, 1, 10, 11, 103] {
            let numbers = parallel_fill(length, 10, |part, numbers| {
                assert!(numbers.iter().all(|number| *number == 0.0));
                numbers.iter_mut().skip(1).for_each(|number| *number = part as f32);
            });
            let expected = (0..length).map(|at| if at % 10 == 0 { 0.0 } else { (at / 10) as f32 });
            assert_eq!(numbers, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_ends_no_thread() {
        let pool = Pool::new(3, 3);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            pool.run(40, |job| assert!(job != 20, "this one fails"))
        }));
        assert!(ended.is_err());
        // The jobs of all threads fail, those of the caller too.
        assert!(catch_unwind(AssertUnwindSafe(|| pool.run(40, |_| panic!("all fail")))).is_err());
        let seen = Mutex::new(Vec::new());
        pool.run(40, |_| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(std::thread::current().id());
        });
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 40);
        assert!(seen.iter().any(|thread| *thread != seen[0]), "one thread does all the work");
    }

    #[test]
    fn several_callers_may_run_at_once() {
        let done = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        parallel_for(9, |_| {
                            done.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 3600);
    }
}
