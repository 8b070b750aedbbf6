//! Products of packed weights: activations are put into the form that the kernel of this CPU
//! reads, once a call, and tiles are shared out among the threads.

use std::ops::Range;

use crate::kernels::block_types::for_block_type;
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::activations::{Activations, Quantized};
#[cfg(target_arch = "aarch64")]
use crate::kernels::matmul::arm::neon;
use crate::kernels::matmul::epilogue::Out;
use crate::kernels::matmul::packed::{Tiled, Tiles};
#[cfg(target_arch = "x86_64")]
use crate::kernels::matmul::x86::{
    amx_bf16::{self, Halves},
    avx2,
    avx2_int8::{self, Fours},
    avx512_vnni,
    interleave::{self, Eights},
};
use crate::kernels::ops::activation::Activation;
use crate::kernels::shape::TILE;
use crate::kernels::threads;

/// Activation rows whose bytes stay in the second-level cache while the tiles of a job pass by.
const ROWS_AT_ONCE: usize = 64;
#[cfg(target_arch = "x86_64")]
const _: () = assert!(ROWS_AT_ONCE.is_multiple_of(interleave::ROWS));
/// Tiles that a kernel may take at once.
const AT_ONCE: usize = 2;

/// What a matrix makes of activations: `activation(weights · x + bias)`, times what another makes
/// of them, where there is one, or added to other numbers.
#[derive(Clone, Copy)]
pub struct Outputs<'w> {
    /// The matrix.
    pub weights: &'w Tiles,
    /// A number for each output.
    pub bias: Option<&'w [f32]>,
    /// What is applied to each output.
    pub activation: Option<Activation>,
    /// Another matrix with as many outputs, and its bias.
    pub times: Option<(&'w Tiles, Option<&'w [f32]>)>,
    /// `[rows, outputs]`, to which they are added as they are stored: so neither with an
    /// activation nor with another matrix.
    pub onto: Option<&'w [f32]>,
}

impl<'w> Outputs<'w> {
    /// The matrices it multiplies with.
    pub(crate) fn matrices(&self) -> impl Iterator<Item = &'w Tiles> {
        std::iter::once(self.weights).chain(self.times.map(|(weights, _)| weights))
    }

    /// Of a matrix and its bias alone.
    pub fn of(weights: &'w Tiles, bias: Option<&'w [f32]>) -> Self {
        Self { weights, bias, activation: None, times: None, onto: None }
    }
}

/// Activations in the layout that the selected kernel reads.
enum Prepared {
    /// Rows of signed bytes.
    Bytes(Quantized, Isa),
    /// The same, and pairs of 16 bits where some weights have eight bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Quantized, Option<Fours>),
    #[cfg(target_arch = "x86_64")]
    Eights(Eights),
    #[cfg(target_arch = "x86_64")]
    Halves(Halves),
}

impl Prepared {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    fn new(activations: &Activations<'_>, isa: Isa, all: &[Outputs<'_>]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if activations.uses_amx(isa) {
            return Self::Halves(Halves::new(activations.floats(), activations.columns()));
        }
        let bytes = Quantized::new(activations);
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Vnni | Isa::Amx => Self::Eights(Eights::new(&bytes)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                let of_eight_bits =
                    all.iter().flat_map(Outputs::matrices).any(Tiles::has_eight_bits);
                let fours = of_eight_bits.then(|| Fours::new(&bytes));
                Self::Avx2(bytes, fours)
            }
            _ => Self::Bytes(bytes, isa),
        }
    }

    /// True if activations were rounded to bfloat16: then 1e-7 of an output does not matter.
    fn are_rounded(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self, Self::Halves(_));
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// How the work is cut: rows at once, jobs for each thread, the most tiles of a job. Enough
    /// jobs that an unlucky thread can be helped, few enough that handing them out costs
    /// nothing.
    fn cut(&self) -> (usize, usize, usize) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Halves(_) => (amx_bf16::ROWS_AT_ONCE, 2, amx_bf16::TILES_AT_ONCE),
            _ => (ROWS_AT_ONCE, 8, usize::MAX),
        }
    }
}

impl Tiles {
    /// `activations · weightsᵀ`, `[rows, weights.rows]`: to the bit what
    /// [`matmul`](crate::kernels::matmul()) makes of the same weights, unless AMX computes it in
    /// bfloat16.
    pub fn matmul(&self, activations: &Activations<'_>, isa: Isa) -> Vec<f32> {
        Self::matmul_all(&[Outputs::of(self, None)], activations, isa).swap_remove(0)
    }

    /// Products of several matrices with the same activations, as one operation: a vector
    /// `[rows, outputs]` each.
    pub fn matmul_all(
        all: &[Outputs<'_>],
        activations: &Activations<'_>,
        isa: Isa,
    ) -> Vec<Vec<f32>> {
        assert!(
            isa.available() && isa.has_tiles(),
            "tiles are packed where there are kernels for them"
        );
        if all.is_empty() {
            return Vec::new();
        }
        let rows = activations.rows();
        let tiles: usize = all.iter().map(|one| one.weights.rows.div_ceil(TILE)).sum();
        let prepared = Prepared::new(activations, isa, all);
        let (rows_at_once, jobs, most) = prepared.cut();
        let tiles_a_job =
            tiles.div_ceil(threads::count() * jobs).next_multiple_of(AT_ONCE).clamp(AT_ONCE, most);
        let mut outs: Vec<Vec<f32>> = all.iter().map(|_| Vec::new()).collect();
        let mut jobs = Vec::new();
        for (one, out) in all.iter().zip(&mut outs) {
            for weights in one.matrices() {
                assert_eq!(weights.columns, activations.columns(), "inputs of the weights");
                assert_eq!(weights.rows, one.weights.rows, "outputs of gate and up");
            }
            let stored_once = one.activation.is_none() && one.times.is_none();
            assert!(stored_once || one.onto.is_none(), "what is added comes last");
            let to = Out::new(out, rows, one.weights.rows, one.bias).onto(rows, one.onto);
            let tiles = one.weights.rows.div_ceil(TILE);
            let starts = (0..tiles).step_by(tiles_a_job);
            jobs.extend(starts.map(|from| (one, to, from..tiles.min(from + tiles_a_job))));
        }
        threads::parallel_for(jobs.len(), |job| {
            let (one, out, tiles) = &jobs[job];
            for first in (0..rows).step_by(rows_at_once) {
                let rows = first..rows.min(first + rows_at_once);
                // SAFETY: `isa` is available; `out` has room for all rows and outputs, and these
                // tiles are this job's.
                unsafe {
                    one.weights.some(tiles.clone(), &prepared, rows.clone(), *out);
                    if let Some(activation) = one.activation {
                        out.apply(activation, prepared.are_rounded(), rows.clone(), tiles.clone());
                    }
                    if let Some((weights, bias)) = one.times {
                        weights.some(tiles.clone(), &prepared, rows, out.times(bias));
                    }
                }
            }
        });
        drop(jobs);
        for (one, out) in all.iter().zip(&mut outs) {
            // SAFETY: so many were reserved, and each tile has written its outputs of every row.
            unsafe { out.set_len(rows * one.weights.rows) };
        }
        outs
    }

    /// # Safety
    /// As for [`some_tiles`].
    unsafe fn some(&self, tiles: Range<usize>, x: &Prepared, rows: Range<usize>, out: Out) {
        // SAFETY: upheld by the caller; the type is the tiles' own.
        unsafe { for_block_type!(self.block_type, some_tiles(self, tiles, x, rows, out)) }
    }
}

/// Products of some tiles, by the kernel that reads the activations' layout.
///
/// # Safety
/// The instruction set is available; `out` has room for every row at the tile's columns.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
unsafe fn some_tiles<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    x: &Prepared,
    rows: Range<usize>,
    out: Out,
) {
    match x {
        #[cfg(target_arch = "x86_64")]
        Prepared::Avx2(_, Some(fours)) if B::LOW == 8 => {
            for tile in tiles {
                // SAFETY: upheld by the caller.
                unsafe { avx2_int8::one_tile::<B>(weights, tile, fours, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Prepared::Avx2(x, _) => {
            for tile in tiles {
                // SAFETY: upheld by the caller.
                unsafe { avx2::one_tile::<B, false>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Prepared::Bytes(x, Isa::AvxVnni) => {
            for tile in tiles {
                // SAFETY: upheld by the caller.
                unsafe { avx2::one_tile::<B, true>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        Prepared::Bytes(x, Isa::Neon) => {
            for tile in tiles {
                // SAFETY: upheld by the caller.
                unsafe { neon::one_tile::<B>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Prepared::Eights(x) => {
            // SAFETY: upheld by the caller.
            unsafe { avx512_vnni::some_tiles::<B>(weights, tiles, x, rows, out) };
        }
        #[cfg(target_arch = "x86_64")]
        Prepared::Halves(x) => amx_bf16::SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: upheld by the caller.
            unsafe { amx_bf16::some_tiles::<B>(weights, tiles, x, rows, out, scratch) };
        }),
        Prepared::Bytes(..) => unreachable!("the scalar version reads the file's layout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::block_types::BlockType;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::ops::activation::apply_to_each;
    use crate::kernels::phase::Phase;

    #[test]
    fn biases_activations_and_factors_follow_products() {
        let (outputs, columns, rows) = (37, 256, 11);
        let bias: Vec<f32> = (0..outputs).map(|at| at as f32 / 7.0 - 2.0).collect();
        let floats: Vec<f32> =
            (0..rows * columns).map(|at| (at * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let bytes = random_weights(BlockType::Q6_K, outputs, columns, 6);
        let other = Tiles::pack(Matrix {
            block_type: BlockType::Q6_K,
            rows: outputs,
            columns,
            bytes: &bytes,
        });
        for block_type in [BlockType::Q8_0, BlockType::Q4_K] {
            let bytes = random_weights(block_type, outputs, columns, 5);
            let tiles = Tiles::pack(Matrix { block_type, rows: outputs, columns, bytes: &bytes });
            for isa in Isa::all().filter(|isa| isa.available() && isa.has_tiles()) {
                for phase in Phase::ALL {
                    let activations = Activations::new(&floats, rows, phase);
                    let mut expected = tiles.matmul(&activations, isa);
                    for row in expected.chunks_exact_mut(outputs) {
                        row.iter_mut().zip(&bias).for_each(|(number, bias)| *number += bias);
                    }
                    let of = Outputs::of(&tiles, Some(&bias));
                    let found = Tiles::matmul_all(&[of], &activations, isa).swap_remove(0);
                    assert_eq!(found, expected, "{block_type:?}, {isa:?}, {phase:?}");
                    let others: Vec<f32> = (0..rows * outputs).map(|at| at as f32 - 50.0).collect();
                    let of_others = [Outputs { onto: Some(&others), ..of }];
                    let found = Tiles::matmul_all(&of_others, &activations, isa).swap_remove(0);
                    let sums: Vec<f32> = others.iter().zip(&expected).map(|(x, y)| x + y).collect();
                    assert_eq!(found, sums, "{block_type:?}, {isa:?}, {phase:?}");
                    // The same again, activated and multiplied with what another matrix makes of
                    // them.
                    let of = Outputs {
                        activation: Some(Activation::Silu),
                        times: Some((&other, Some(&bias))),
                        ..of
                    };
                    let found = Tiles::matmul_all(&[of], &activations, isa).swap_remove(0);
                    apply_to_each(Activation::Silu, &mut expected, phase.uses_amx(isa));
                    let times = [Outputs::of(&other, Some(&bias))];
                    let times = Tiles::matmul_all(&times, &activations, isa).swap_remove(0);
                    expected.iter_mut().zip(times).for_each(|(number, times)| *number *= times);
                    assert_eq!(found, expected, "{block_type:?}, {isa:?}, {phase:?}");
                }
            }
        }
    }
}
