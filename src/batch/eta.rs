//! Estimate of the remaining time of a run, for items of any length.

use std::time::Duration;

/// Sums over the settled items.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Eta {
    items: u64,
    bytes: u64,
    /// Processing time of all items, in seconds; concurrent items add up.
    processing: f64,
}

impl Eta {
    /// Number of settled items from which there is an estimate.
    const MIN_ITEMS: u64 = 3;
    /// Upper bound on the fraction of an item in flight that counts as done.
    const MAX_DONE: f64 = 0.9;

    /// Adds a settled item.
    pub fn add(&mut self, bytes: u64, processing: Duration) {
        self.items += 1;
        self.bytes += bytes;
        self.processing += processing.as_secs_f64();
    }

    /// Estimated seconds until `waiting` bytes are settled; `None` if too few items were settled.
    /// `in_flight` lists the items being processed, which `waiting` includes: their sizes in bytes
    /// and their processing times so far.
    ///
    /// An item in flight counts with the fraction that is probably done. Short items do not speed
    /// up a long one, so the estimate is at least the remaining time of the longest item in flight.
    pub fn left(
        &self,
        elapsed: Duration,
        waiting: u64,
        in_flight: &[(u64, Duration)],
    ) -> Option<f64> {
        if self.items < Self::MIN_ITEMS || self.bytes == 0 || self.processing <= 0.0 {
            return None;
        }
        let seconds_per_byte = self.processing / self.bytes as f64;
        let (mut done_in_flight, mut longest) = (0.0, 0.0_f64);
        for (bytes, since) in in_flight {
            let bytes = *bytes as f64;
            let done = (since.as_secs_f64() / seconds_per_byte).min(bytes * Self::MAX_DONE);
            done_in_flight += done;
            longest = longest.max((bytes - done) * seconds_per_byte);
        }
        let rate = (self.bytes as f64 + done_in_flight) / elapsed.as_secs_f64();
        let rest = (waiting as f64 - done_in_flight).max(0.0);
        Some((rest / rate).max(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Simulates workers that read 100 bytes per second each and take items in order. Returns the
    /// estimate and the true remaining time at the end of each item.
    fn simulate(items: &[u64], workers: usize) -> Vec<(f64, f64)> {
        let seconds = |bytes: u64| bytes as f64 / 100.0;
        let (mut free, mut ends) = (vec![0.0_f64; workers], Vec::new());
        for bytes in items {
            let next = (0..workers).min_by(|a, b| free[*a].total_cmp(&free[*b])).unwrap();
            ends.push((free[next], free[next] + seconds(*bytes), *bytes));
            free[next] += seconds(*bytes);
        }
        let total = free.iter().copied().fold(0.0, f64::max);
        let mut order = ends.clone();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (mut eta, mut waiting, mut estimates) =
            (Eta::default(), items.iter().sum::<u64>(), Vec::new());
        for (began, now, bytes) in order {
            eta.add(bytes, Duration::from_secs_f64(now - began));
            waiting -= bytes;
            let in_flight: Vec<(u64, Duration)> = ends
                .iter()
                .filter(|(began, end, _)| *began < now && *end > now)
                .map(|(began, _, bytes)| (*bytes, Duration::from_secs_f64(now - began)))
                .collect();
            if let Some(left) = eta.left(Duration::from_secs_f64(now), waiting, &in_flight) {
                estimates.push((left, total - now));
            }
        }
        estimates
    }

    #[test]
    fn estimates_are_close_for_equal_and_mixed_lengths() {
        let mixed: Vec<u64> = (0..60).map(|n| if n % 20 == 3 { 129_000 } else { 1_500 }).collect();
        let mut first_long = vec![2_000; 80];
        first_long[0] = 129_000;
        for items in [vec![1_500; 60], mixed, first_long] {
            let estimates = simulate(&items, 4);
            assert!(estimates.len() > 50);
            for (left, truth) in &estimates[3..] {
                assert!(
                    *left < truth * 2.0 + 60.0 && *left > truth / 2.0 - 60.0,
                    "estimated {left}, was {truth}"
                );
            }
        }
    }

    #[test]
    fn the_first_items_give_no_estimate() {
        let mut eta = Eta::default();
        eta.add(1_000, Duration::from_secs(400));
        let in_flight = [(129_000, Duration::from_secs(420))];
        assert_eq!(eta.left(Duration::from_secs(420), 140_000, &in_flight), None);
    }
}
