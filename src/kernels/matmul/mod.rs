//! Matrix products `activations · weightsᵀ` on the CPU, of weights in any ggml type.
//!
//! - `packed`: weights in panels of 16 rows, with kernels in `x86` and `arm`; `packing` makes them
//!   once, and `dispatch` selects the kernel. Activations are int8 with a scale for every 32
//!   (`activations`, `quantize`), so that dot products are exact in integers; AMX computes prefills
//!   in bf16.
//! - `float`: f32, f16 and bf16 weights in the layout of the file, with f32 activations.
//! - `reference`: quantized weights in the layout of the file, in scalar code: for other CPUs, and
//!   the definition that kernels are tested against.
//!
//! **One order of summation.** For any number of rows, on any instruction set, with any number of
//! threads, the same sums are computed in the same order, so that the result is the same to the
//! bit: in integers within a group of 16 or 32, then in f32 over groups from left to right. That is
//! what makes a batch give the text that a single run gives.

pub mod activations;
#[cfg(target_arch = "aarch64")]
pub mod arm;
pub mod dispatch;
pub mod epilogue;
pub mod float;
pub mod matrix;
pub mod packed;
pub mod packing;
pub mod quantize;
pub mod reference;
#[cfg(target_arch = "x86_64")]
pub mod x86;

#[cfg(test)]
pub mod tests {
    use crate::kernels::block_types::{GgmlType, dequantize_row};
    use crate::kernels::cpu::Isa;
    use crate::kernels::matmul::activations::Activations;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::packed::PackedWeights;
    use crate::kernels::matmul::reference::matmul;
    use crate::kernels::phase::Phase;
    use proptest::prelude::*;

    /// Random weights of a type, with finite scales of moderate size.
    pub fn random_weights(
        ggml_type: GgmlType,
        rows: usize,
        columns: usize,
        mut seed: u64,
    ) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..rows * ggml_type.row_bytes(columns))
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 33) as u8
            })
            .collect();
        let f16_offsets: &[usize] = match ggml_type {
            GgmlType::Q4_0 | GgmlType::Q5_0 | GgmlType::Q8_0 => &[0],
            GgmlType::Q4_1 | GgmlType::Q5_1 | GgmlType::Q8_1 | GgmlType::Q4_K | GgmlType::Q5_K => {
                &[0, 2]
            }
            GgmlType::Q2_K => &[80, 82],
            GgmlType::Q3_K => &[108],
            GgmlType::Q6_K => &[208],
            GgmlType::F16 => &[0],
            _ => &[],
        };
        for (index, block) in bytes.chunks_mut(ggml_type.block_bytes()).enumerate() {
            for at in f16_offsets {
                let scale = half::f16::from_f32(0.01 + (index % 7) as f32 * 0.003);
                block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
            }
            match ggml_type {
                GgmlType::Q8_K | GgmlType::I8 => block[..4].copy_from_slice(&0.02f32.to_le_bytes()),
                GgmlType::F32 => {
                    block.copy_from_slice(&((index % 13) as f32 * 0.1 - 0.5).to_le_bytes())
                }
                GgmlType::BF16 => block.copy_from_slice(
                    &half::bf16::from_f32((index % 11) as f32 * 0.1 - 0.4).to_le_bytes(),
                ),
                _ => {}
            }
        }
        bytes
    }

    fn activations(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 % 1000) as f32 / 500.0 - 1.0) * (1.0 + (i % 97) as f32 / 50.0))
            .collect()
    }

    fn available_isas() -> impl Iterator<Item = Isa> {
        Isa::all().filter(|isa| isa.available())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// The promise of the module: the same bits on every instruction set and for any number of
        /// rows.
        #[test]
        fn every_kernel_gives_the_bits_of_the_reference(
            type_index in 0usize..16, rows in 1usize..40, blocks in 1usize..5, count in 1usize..20, seed in any::<u64>(), exact in any::<bool>(),
        ) {
            let ggml_type = GgmlType::all().nth(type_index).unwrap();
            let columns = if ggml_type.is_float() { blocks * 37 } else { blocks * ggml_type.block_len() };
            let bytes = random_weights(ggml_type, rows, columns, seed);
            let weights = Matrix { ggml_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let bits = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            let expected = bits(matmul(weights, &Activations::new(&x, count, Phase::Decode), exact, Isa::Scalar));
            for isa in available_isas() {
                if isa.has_packed_kernels() && !exact && !ggml_type.is_float() {
                    let panels = PackedWeights::pack(weights);
                    prop_assert_eq!(&bits(panels.matmul(&Activations::new(&x, count, Phase::Decode), isa)), &expected);
                    for row in 0..count {
                        let one = Activations::new(&x[row * columns..(row + 1) * columns], 1, Phase::Decode);
                        prop_assert_eq!(&bits(panels.matmul(&one, isa)), &expected[row * rows..(row + 1) * rows]);
                    }
                }
                prop_assert_eq!(&bits(matmul(weights, &Activations::new(&x, count, Phase::Decode), exact, isa)), &expected);
                for row in 0..count {
                    let one = Activations::new(&x[row * columns..(row + 1) * columns], 1, Phase::Decode);
                    prop_assert_eq!(&bits(matmul(weights, &one, exact, isa)), &expected[row * rows..(row + 1) * rows]);
                }
            }
        }
    }

    /// More rows than any kernel takes at once, and an odd number of panels.
    #[test]
    fn many_rows_give_the_bits_of_the_reference() {
        for ggml_type in GgmlType::all().filter(|ggml_type| !ggml_type.is_float()) {
            let (rows, columns, count) = (40, 768, 149);
            let bytes = random_weights(ggml_type, rows, columns, 11);
            let weights = Matrix { ggml_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let expected =
                matmul(weights, &Activations::new(&x, count, Phase::Decode), false, Isa::Scalar);
            let panels = PackedWeights::pack(weights);
            for isa in available_isas().filter(|isa| isa.has_packed_kernels()) {
                let ours = panels.matmul(&Activations::new(&x, count, Phase::Decode), isa);
                let same = ours
                    .iter()
                    .zip(&expected)
                    .all(|(ours, plain)| ours.to_bits() == plain.to_bits());
                assert!(same, "{} with {}", ggml_type.name(), isa.name());
            }
        }
    }

    #[test]
    fn quantized_products_are_near_the_exact_ones() {
        for ggml_type in GgmlType::all() {
            let (rows, columns, count) = (33, 512, 5);
            let bytes = random_weights(ggml_type, rows, columns, 3);
            let weights = Matrix { ggml_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let near =
                matmul(weights, &Activations::new(&x, count, Phase::Decode), false, Isa::detect());
            let mut dense = vec![0f32; rows * columns];
            for row in 0..rows {
                dequantize_row(
                    ggml_type,
                    weights.row(row),
                    &mut dense[row * columns..(row + 1) * columns],
                );
            }
            for row in 0..count {
                for out in 0..rows {
                    let (w, x) =
                        (&dense[out * columns..][..columns], &x[row * columns..][..columns]);
                    let exact: f64 =
                        w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                    let size: f64 =
                        w.iter().zip(x).map(|(w, x)| (f64::from(*w) * f64::from(*x)).abs()).sum();
                    let ours = f64::from(near[row * rows + out]);
                    assert!(
                        (ours - exact).abs() <= 0.004 * size + 1e-5,
                        "{}: {ours} {exact}",
                        ggml_type.name()
                    );
                }
            }
        }
    }
}
