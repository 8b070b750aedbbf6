//! Reductions of a row: argmax, log-sum-exp, and the search for NaN.

use crate::kernels::cpu::multiversion;
use crate::kernels::ops::exp::exp_nonpositive;
use crate::kernels::shape::LANES;
use crate::kernels::simd::sum_lanes;

multiversion! {
    /// `ln Σ e^x`: subtracted from logits, it gives log-probabilities.
    pub fn log_sum_exp(x: &[f32]) -> f32 {
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut largest = [f32::NEG_INFINITY; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(chunk[lane]);
            }
        }
        let largest = largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sums = [0f32; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                sums[lane] += exp_nonpositive(chunk[lane] - largest);
            }
        }
        let rest: f32 = rest.iter().map(|x| exp_nonpositive(x - largest)).sum();
        largest + (sum_lanes(&sums) + rest).ln()
    }
}

multiversion! {
    /// Index of the maximum; the first one on ties. NaN is ignored.
    pub fn argmax(x: &[f32]) -> usize {
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut largest = [f32::NEG_INFINITY; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                largest[lane] = if chunk[lane] > largest[lane] { chunk[lane] } else { largest[lane] };
            }
        }
        let largest = largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
        let mut before = 0;
        for chunk in chunks {
            let mut is_in_chunk = false;
            for x in chunk {
                is_in_chunk |= *x == largest;
            }
            if is_in_chunk {
                break;
            }
            before += LANES;
        }
        x[before..].iter().position(|x| *x == largest).map_or(0, |at| before + at)
    }
}

multiversion! {
    /// True if no number is NaN.
    pub fn has_no_nan(x: &[f32]) -> bool {
        let mut strange = false;
        for x in x {
            strange |= x.is_nan();
        }
        !strange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_sum_exp_normalizes_probabilities() {
        let logits: Vec<f32> = (0..1000).map(|i| (i * 7919 % 1000) as f32 / 50.0).collect();
        let off = log_sum_exp(&logits);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - off).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn argmax_is_the_first_maximum_and_ignores_nan() {
        let mut x: Vec<f32> = (0..1000).map(|i| (i * 7919 % 1000) as f32 - 500.0).collect();
        for length in [1, 15, 16, 17, 100, 999, 1000] {
            let x = &x[..length];
            let expected = (0..length).rev().max_by(|a, b| x[*a].total_cmp(&x[*b])).unwrap();
            assert_eq!(argmax(x), expected);
        }
        assert!(has_no_nan(&x));
        (x[3], x[40], x[997], x[998]) = (600.0, f32::NAN, 600.0, f32::NAN);
        assert_eq!((argmax(&x), has_no_nan(&x)), (3, false));
        assert_eq!(
            (argmax(&[]), argmax(&[f32::NAN; 32]), argmax(&[f32::NEG_INFINITY; 40])),
            (0, 0, 0)
        );
        assert_eq!(argmax(&[f32::NAN, 1.0, f32::INFINITY]), 2);
        assert!(has_no_nan(&[f32::INFINITY, f32::NEG_INFINITY]) && !has_no_nan(&x[40..41]));
    }
}
