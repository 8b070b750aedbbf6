//! The threads that a network computes on. A step of a small model is some hundred operations of a
//! few microseconds, one after the other: threads that fell asleep between two of them would be
//! woken for longer than they work. So these wait by spinning for a while, and sleep only when
//! nothing comes.
//!
//! There are as many as rayon's pool has threads, the caller among them, but no more than the
//! machine, its control groups and the affinity of the process give processors: more would only
//! wait for each other. Rayon's sleep while these work. One operation runs at a time; a caller that
//! comes while another's runs does its own work alone.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, TryLockError};

/// How often a thread looks for work before it sleeps: some ten to some hundred microseconds, as
/// processors differ.
const SPINS: u32 = 3000;
/// How often a caller looks whether the last jobs are done before it lets others run: a thread that
/// has one of them may have lost its processor to another program.
const PATIENCE: u32 = 2000;
/// Set in the gate while jobs may be begun; the other bits count the threads that are at it.
const OPEN: u32 = 1 << 31;

/// Does `job(0)` to `job(count - 1)`, each once, on all threads.
pub(crate) fn parallel_for(count: usize, job: impl Fn(usize) + Sync) {
    Pool::get().each(count, job);
}

/// Gives each part of so many elements (the last may have fewer) to a job, with its number.
pub(crate) fn parallel_chunks<T: Send>(
    all: &mut [T],
    size: usize,
    job: impl Fn(usize, &mut [T]) + Sync,
) {
    let (length, size) = (all.len(), size.max(1));
    let start = Start(all.as_mut_ptr());
    parallel_for(length.div_ceil(size), |part| {
        let from = part * size;
        // SAFETY: parts are within the slice and do not overlap, and each is given to one job only.
        let part_of =
            unsafe { std::slice::from_raw_parts_mut(start.at(from), size.min(length - from)) };
        job(part, part_of);
    });
}

/// What memory is made of.
pub(crate) trait Zero: Copy + Send {
    /// What it holds before anything is written.
    const ZERO: Self;
}

impl Zero for f32 {
    const ZERO: Self = 0.0;
}

/// So many numbers, of which each part of so many is a job's to make. They are zero when it begins,
/// and still in a cache: what one thread sets to zero for all beforehand, the others wait for.
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
        // SAFETY: all of them were just written, and this job alone has them.
        job(part, unsafe {
            std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len())
        });
    });
    // SAFETY: so many there are, and each was in one of the parts.
    unsafe { all.set_len(length) };
    all
}

/// What a job makes of each element, in their order.
pub(crate) fn parallel_map<T: Send, R: Send>(
    all: &mut [T],
    job: impl Fn(usize, &mut T) -> R + Sync,
) -> Vec<R> {
    let mut made: Vec<(&mut T, Option<R>)> = all.iter_mut().map(|one| (one, None)).collect();
    parallel_chunks(&mut made, 1, |index, pair| {
        for (one, made) in pair {
            *made = Some(job(index, one));
        }
    });
    made.into_iter().filter_map(|(_, made)| made).collect()
}

/// How many threads there are.
pub(crate) fn count() -> usize {
    Pool::get().workers + 1
}

/// Processors this process may use: those of the machine within its affinity and its control
/// group's quota.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Start<T>(*mut T);

impl<T> Start<T> {
    fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

// SAFETY: it is only used for parts that one job alone is given.
unsafe impl<T: Send> Sync for Start<T> {}

struct Pool {
    shared: Arc<Shared>,
    /// Threads beside the caller's.
    workers: usize,
    /// Held by the caller whose operation runs.
    caller: Mutex<()>,
}

type Job<'j> = dyn Fn(usize) + Sync + 'j;

struct Shared {
    /// How often a thread looks for work before it sleeps.
    spins: u32,
    /// Goes up with each operation, so that threads see there is one.
    operation: AtomicU32,
    gate: AtomicU32,
    /// Written while the gate is shut and nobody is within, read by threads that are.
    job: UnsafeCell<Option<(*const Job<'static>, usize)>>,
    /// The next job to be begun.
    next: AtomicUsize,
    panicked: AtomicBool,
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    woken: Condvar,
    /// Set when the pool is dropped, for threads to end.
    ended: AtomicBool,
}

// SAFETY: `job` is the only field that is not safe to share; see there.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in it leads to something that is `Sync`.
unsafe impl Send for Shared {}

impl Pool {
    fn get() -> &'static Self {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| {
            let processors = available();
            Self::of(rayon::current_num_threads().min(processors), processors)
        })
    }

    fn each(&self, count: usize, job: impl Fn(usize) + Sync) {
        // One job leaves the threads to whatever operations there are within it.
        let caller = match self.caller.try_lock() {
            _ if count < 2 || self.workers == 0 => None,
            Ok(caller) => Some(caller),
            // A caller that panicked has left the gate shut and waited for those within.
            Err(TryLockError::Poisoned(caller)) => Some(caller.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match caller {
            Some(_caller) => self.shared.run(count, &job),
            None => (0..count).for_each(job),
        }
    }

    /// Threads that do not spin where there are more of them than processors: they would keep those
    /// that work from it.
    fn of(threads: usize, processors: usize) -> Self {
        Self::named("malmoi-kernels", threads, processors)
    }

    fn named(name: &str, threads: usize, processors: usize) -> Self {
        let shared = Arc::new(Shared {
            spins: if threads > processors { 0 } else { SPINS },
            operation: AtomicU32::new(0),
            gate: AtomicU32::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bed: Mutex::new(()),
            woken: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let start = |_: &usize| {
            let shared = shared.clone();
            std::thread::Builder::new().name(name.into()).spawn(move || shared.work()).is_ok()
        };
        // What the system refuses to start is done without.
        let workers = (1..threads).take_while(start).count();
        Self { shared, workers, caller: Mutex::new(()) }
    }
}

/// Shuts the gate and waits for those within, whatever happens to the caller.
struct Shut<'s>(&'s Shared);

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        self.0.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0u32;
        while self.0.gate.load(Ordering::Acquire) != 0 {
            looks = looks.saturating_add(1);
            if looks < PATIENCE { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.operation.fetch_add(1, Ordering::SeqCst);
        self.shared.wake(self.workers);
    }
}

impl Shared {
    /// Only one caller at a time.
    fn run(&self, count: usize, job: &Job<'_>) {
        // SAFETY: only the lifetime changes; nobody uses the job once the gate is shut, which is
        // before this returns.
        let job: &Job<'static> = unsafe { std::mem::transmute(job) };
        // SAFETY: the gate is shut and nobody is within: the last caller waited for that.
        unsafe { *self.job.get() = Some((job, count)) };
        self.next.store(0, Ordering::Relaxed);
        self.panicked.store(false, Ordering::Relaxed);
        self.gate.store(OPEN, Ordering::Release);
        let shut = Shut(self);
        self.operation.fetch_add(1, Ordering::SeqCst);
        // The caller does one of the jobs.
        self.wake(count - 1);
        self.take_jobs(count, job);
        drop(shut);
        if self.panicked.swap(false, Ordering::Relaxed) {
            panic!("a thread of the kernels panicked; it said so");
        }
    }

    /// Wakes threads that sleep, as many as there is work for.
    fn wake(&self, most: usize) {
        let sleepers = self.sleepers.load(Ordering::SeqCst);
        if sleepers == 0 {
            return;
        }
        drop(self.bed.lock().unwrap_or_else(PoisonError::into_inner));
        if most >= sleepers {
            self.woken.notify_all();
        } else {
            (0..most).for_each(|_| self.woken.notify_one());
        }
    }

    fn take_jobs(&self, count: usize, job: &Job<'_>) {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            if next >= count {
                return;
            }
            job(next);
        }
    }

    /// What a thread does until the pool is dropped.
    fn work(&self) {
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
            // SAFETY: within the gate nobody writes it; it was written before the gate was opened.
            if let Some((job, count)) = unsafe { *self.job.get() } {
                // SAFETY: the caller waits until the gate is empty, and the job lives as long as
                // that.
                let job = unsafe { &*job };
                if catch_unwind(AssertUnwindSafe(|| self.take_jobs(count, job))).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for an operation after the one that was seen.
    fn wait(&self, seen: u32) -> u32 {
        for _ in 0..self.spins {
            let now = self.operation.load(Ordering::Acquire);
            if now != seen {
                return now;
            }
            std::hint::spin_loop();
        }
        let mut bed = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let now = loop {
            let now = self.operation.load(Ordering::SeqCst);
            if now != seen {
                break now;
            }
            bed = self.woken.wait(bed).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn every_job_is_done_once() {
        let pool = Pool::of(4, 4);
        for count in [2, 3, 7, 100, 1000] {
            for _ in 0..200 {
                let sum = AtomicU64::new(0);
                pool.shared.run(count, &|job| {
                    sum.fetch_add(job as u64 + 1, Ordering::Relaxed);
                });
                assert_eq!(sum.into_inner(), (count * (count + 1) / 2) as u64);
            }
        }
    }

    #[test]
    fn sleepers_are_woken() {
        let pool = Pool::of(3, 3);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let done = AtomicU64::new(0);
            pool.shared.run(50, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 50);
        }
    }

    /// Far more threads than processors: every operation ends, and threads that wait take no time.
    #[test]
    fn too_many_threads_work_and_then_sleep() {
        let pool = Pool::named("oversubscribed", 99, 2);
        for _ in 0..50 {
            let done = AtomicU64::new(0);
            pool.each(200, |_| {
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
    fn threads_that_spin_sleep_when_nothing_comes() {
        let pool = Pool::named("spinning", 3, 64);
        pool.each(50, |_| {});
        #[cfg(target_os = "linux")]
        {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let before = ticks_of("spinning");
            std::thread::sleep(std::time::Duration::from_millis(300));
            let idle = ticks_of("spinning") - before;
            assert!(idle <= 1, "3 idle threads took {idle} ticks of 10 ms");
        }
    }

    /// Processor time of this process's threads of a name.
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
        let pool = Pool::of(4, 4);
        let shared = Arc::downgrade(&pool.shared);
        pool.each(9, |_| {});
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
    fn parts_and_maps_are_in_order() {
        let mut numbers: Vec<usize> = vec![0; 103];
        parallel_chunks(&mut numbers, 10, |part, numbers| {
            numbers.iter_mut().for_each(|number| *number = part)
        });
        assert!(numbers.iter().enumerate().all(|(at, part)| at / 10 == *part));
        assert_eq!(parallel_map(&mut numbers, |at, part| at + *part)[57], 62);
        parallel_chunks(&mut Vec::<u8>::new(), 10, |_, _| panic!("there is nothing to do"));
    }

    #[test]
    fn numbers_are_made_by_parts() {
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
    fn a_panic_is_passed_on_and_ends_nothing() {
        let pool = Pool::of(3, 3);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            pool.each(40, |job| assert!(job != 20, "this one fails"))
        }));
        assert!(ended.is_err());
        // Every thread's jobs fail, the caller's too.
        assert!(catch_unwind(AssertUnwindSafe(|| pool.each(40, |_| panic!("all fail")))).is_err());
        let seen = Mutex::new(Vec::new());
        pool.each(40, |_| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(std::thread::current().id());
        });
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 40);
        assert!(seen.iter().any(|thread| *thread != seen[0]), "one thread does all the work");
    }

    #[test]
    fn many_may_come_at_once() {
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
