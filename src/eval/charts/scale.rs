//! A linear scale with round ticks.

/// Values across a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

/// Ticks that a scale should have at most.
const MOST_TICKS: f64 = 6.0;

impl Scale {
    /// A scale that holds all values and zero.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low == high {
            high = 1.0;
        }
        let step = round_step((high - low) / MOST_TICKS);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// A scale with zero in its middle.
    pub fn around_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let most = finite.fold(0.0_f64, |most, value| most.max(value.abs()));
        Self::over([-most, most])
    }

    /// The place of a value in percent of the width.
    pub fn percent(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        100.0 * if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The ticks.
    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count.min(100)).map(|tick| self.low + tick as f64 * self.step).collect()
    }

    /// Decimals that tell ticks apart.
    pub fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 6.0) as usize
    }
}

/// The next of 1, 2 and 5, with zeros.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_all_values() {
        for (values, ticks) in [
            (vec![3.2, 41.0], vec![0.0, 10.0, 20.0, 30.0, 40.0, 50.0]),
            (vec![0.13], vec![0.0, 0.05, 0.1, 0.15]),
            (vec![], vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (vec![-7.0, f64::NAN, f64::INFINITY], vec![-8.0, -6.0, -4.0, -2.0, 0.0]),
        ] {
            let found = Scale::over(values).ticks();
            assert_eq!(found.len(), ticks.len(), "{found:?}");
            assert!(found.iter().zip(&ticks).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        }
        let scale = Scale::around_zero([3.0, -11.0]);
        assert_eq!((scale.percent(0.0), scale.percent(-99.0)), (50.0, 0.0));
        assert_eq!(scale.percent(f64::NAN), 0.0);
        assert_eq!((Scale::over([0.13]).decimals(), scale.decimals()), (2, 0));
    }
}
