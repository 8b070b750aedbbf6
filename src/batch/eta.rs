//! How long a run will take, from how it went so far, with items of any length.

use std::time::Duration;

/// What was settled, and how long it was in hand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Eta {
    items: u64,
    bytes: u64,
    /// Seconds that items spent in hand, those of items worked on at the same time added up.
    in_hand: f64,
}

impl Eta {
    /// Items that must be settled before anything is said.
    const ENOUGH: u64 = 3;
    /// The most of an item that is taken for done while it is in hand.
    const NEARLY: f64 = 0.9;

    pub fn settle(&mut self, bytes: u64, in_hand: Duration) {
        self.items += 1;
        self.bytes += bytes;
        self.in_hand += in_hand.as_secs_f64();
    }

    /// Seconds until all that waits is settled: `waiting` bytes, those of items in hand among them,
    /// which are given with the time they are in hand. None where too little was settled to tell.
    ///
    /// Items in hand count for the part that was done of them in all likelihood. However fast the
    /// many short ones go, a long one takes its time, so that the time left is at least that of the
    /// longest in hand.
    pub fn left(
        &self,
        elapsed: Duration,
        waiting: u64,
        in_hand: &[(u64, Duration)],
    ) -> Option<f64> {
        if self.items < Self::ENOUGH || self.bytes == 0 || self.in_hand <= 0.0 {
            return None;
        }
        let second = self.in_hand / self.bytes as f64;
        let (mut begun, mut longest) = (0.0, 0.0_f64);
        for (bytes, since) in in_hand {
            let bytes = *bytes as f64;
            let done = (since.as_secs_f64() / second).min(bytes * Self::NEARLY);
            begun += done;
            longest = longest.max((bytes - done) * second);
        }
        let rate = (self.bytes as f64 + begun) / elapsed.as_secs_f64();
        let rest = (waiting as f64 - begun).max(0.0);
        Some((rest / rate).max(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WorkerPool that read 100 bytes a second each take items in order. Gives at each end of an item
    /// the estimate and the truth.
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
        let (mut pace, mut waiting, mut said) =
            (Eta::default(), items.iter().sum::<u64>(), Vec::new());
        for (began, now, bytes) in order {
            pace.settle(bytes, Duration::from_secs_f64(now - began));
            waiting -= bytes;
            let in_hand: Vec<(u64, Duration)> = ends
                .iter()
                .filter(|(began, end, _)| *began < now && *end > now)
                .map(|(began, _, bytes)| (*bytes, Duration::from_secs_f64(now - began)))
                .collect();
            if let Some(left) = pace.left(Duration::from_secs_f64(now), waiting, &in_hand) {
                said.push((left, total - now));
            }
        }
        said
    }

    #[test]
    fn time_left_is_honest_for_items_of_one_length_and_of_mixed_lengths() {
        let mixed: Vec<u64> = (0..60).map(|n| if n % 20 == 3 { 129_000 } else { 1_500 }).collect();
        let mut first_long = vec![2_000; 80];
        first_long[0] = 129_000;
        for items in [vec![1_500; 60], mixed, first_long] {
            let said = simulate(&items, 4);
            assert!(said.len() > 50);
            for (left, truth) in &said[3..] {
                assert!(
                    *left < truth * 2.0 + 60.0 && *left > truth / 2.0 - 60.0,
                    "said {left}, was {truth}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_said_of_the_first_items() {
        let mut pace = Eta::default();
        pace.settle(1_000, Duration::from_secs(400));
        let in_hand = [(129_000, Duration::from_secs(420))];
        assert_eq!(pace.left(Duration::from_secs(420), 140_000, &in_hand), None);
    }
}
