//! Products of packed weights: activations are converted once a call to the layout that the kernel
//! of this CPU reads, and panels are distributed over the threads.

use std::ops::Range;

use crate::kernels::block_types::for_block_type;
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::activations::{Activations, Int8Activations};
#[cfg(target_arch = "aarch64")]
use crate::kernels::matmul::arm::neon;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights};
#[cfg(target_arch = "x86_64")]
use crate::kernels::matmul::x86::{
    amx_bf16::{self, Bf16Activations},
    avx2,
    avx2_int8::{self, Int16Pairs},
    avx512_vnni,
    interleave::{self, InterleavedRows},
};
use crate::kernels::ops::activation::Activation;
use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::threads;

/// Activation rows of a kernel call: their bytes stay in the second-level cache while the panels of
/// a job pass.
const ROWS_PER_CALL: usize = 64;
#[cfg(target_arch = "x86_64")]
const _: () = assert!(ROWS_PER_CALL.is_multiple_of(interleave::ROWS));
/// Panels that a kernel computes together.
const PANELS_PER_KERNEL: usize = 2;

/// A matmul with its epilogue: `activation(weights · x + bias)`, then multiplied with `up · x`,
/// or added to a residual.
#[derive(Clone, Copy)]
pub struct FusedMatmul<'w> {
    /// The weights; those of the gate, if there is `up`.
    pub weights: &'w PackedWeights,
    /// `[outputs]`.
    pub bias: Option<&'w [f32]>,
    /// Applied to each output.
    pub activation: Option<Activation>,
    /// Weights of the same shape and their bias, whose product multiplies the activated one: `up`
    /// of a gated feed-forward layer.
    pub up: Option<(&'w PackedWeights, Option<&'w [f32]>)>,
    /// `[rows, outputs]`, added to the outputs. Only without an activation and without `up`.
    pub residual: Option<&'w [f32]>,
}

impl<'w> FusedMatmul<'w> {
    /// All its weight matrices.
    pub(crate) fn matrices(&self) -> impl Iterator<Item = &'w PackedWeights> {
        std::iter::once(self.weights).chain(self.up.map(|(weights, _)| weights))
    }

    /// A product with a bias, without other epilogues.
    pub fn new(weights: &'w PackedWeights, bias: Option<&'w [f32]>) -> Self {
        Self { weights, bias, activation: None, up: None, residual: None }
    }
}

/// Activations in the layout that the selected kernel reads.
enum PreparedActivations {
    /// Rows of int8: AVX-VNNI and NEON.
    Int8(Int8Activations, Isa),
    /// Rows of int8, and int16 pairs if some weights have 8 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Int8Activations, Option<Int16Pairs>),
    #[cfg(target_arch = "x86_64")]
    Interleaved(InterleavedRows),
    #[cfg(target_arch = "x86_64")]
    Bf16(Bf16Activations),
}

impl PreparedActivations {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    fn new(activations: &Activations<'_>, isa: Isa, all: &[FusedMatmul<'_>]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if activations.uses_amx(isa) {
            return Self::Bf16(Bf16Activations::new(activations.floats(), activations.columns()));
        }
        let bytes = Int8Activations::new(activations);
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Vnni | Isa::Amx => Self::Interleaved(InterleavedRows::new(&bytes)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                let has_8_bits =
                    all.iter().flat_map(FusedMatmul::matrices).any(PackedWeights::has_8_bits);
                let int16 = has_8_bits.then(|| Int16Pairs::new(&bytes));
                Self::Avx2(bytes, int16)
            }
            _ => Self::Int8(bytes, isa),
        }
    }

    /// True if activations were rounded to bf16: activations may then be approximate.
    fn is_bf16(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self, Self::Bf16(_));
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// Partition of the work: rows of a kernel call, jobs for each thread, and the most panels of a
    /// job. Enough jobs that another thread can take over from a delayed one, few enough that their
    /// overhead does not matter.
    fn partition(&self) -> (usize, usize, usize) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Bf16(_) => (amx_bf16::ROWS_PER_CALL, 2, amx_bf16::PANELS_PER_CALL),
            _ => (ROWS_PER_CALL, 8, usize::MAX),
        }
    }
}

impl PackedWeights {
    /// `activations · weightsᵀ`, `[rows, outputs]`. The same bits as
    /// [`matmul`](crate::kernels::matmul()) for the same weights, unless AMX computes it in bf16.
    pub fn matmul(&self, activations: &Activations<'_>, isa: Isa) -> Vec<f32> {
        Self::matmul_all(&[FusedMatmul::new(self, None)], activations, isa).swap_remove(0)
    }

    /// Products of several matrices with the same activations, as one parallel operation: a vector
    /// `[rows, outputs]` each.
    pub fn matmul_all(
        all: &[FusedMatmul<'_>],
        activations: &Activations<'_>,
        isa: Isa,
    ) -> Vec<Vec<f32>> {
        assert!(
            isa.available() && isa.has_packed_kernels(),
            "{isa:?} has no kernels for packed weights"
        );
        if all.is_empty() {
            return Vec::new();
        }
        let rows = activations.rows();
        let panels: usize = all.iter().map(|matmul| matmul.weights.rows.div_ceil(PANEL_ROWS)).sum();
        let x = PreparedActivations::new(activations, isa, all);
        let (rows_per_call, jobs, most) = x.partition();
        let panels_per_job = panels
            .div_ceil(threads::count() * jobs)
            .next_multiple_of(PANELS_PER_KERNEL)
            .clamp(PANELS_PER_KERNEL, most);
        let mut outs: Vec<Vec<f32>> = all.iter().map(|_| Vec::new()).collect();
        let mut jobs = Vec::new();
        for (matmul, out) in all.iter().zip(&mut outs) {
            for weights in matmul.matrices() {
                assert_eq!(
                    weights.columns,
                    activations.columns(),
                    "weights and activations have other columns"
                );
                assert_eq!(weights.rows, matmul.weights.rows, "gate and up have other outputs");
            }
            let stored_once = matmul.activation.is_none() && matmul.up.is_none();
            assert!(
                stored_once || matmul.residual.is_none(),
                "a residual needs a product without activation and up"
            );
            let to = Epilogue::new(out, rows, matmul.weights.rows, matmul.bias)
                .residual(rows, matmul.residual);
            let panels = matmul.weights.rows.div_ceil(PANEL_ROWS);
            let starts = (0..panels).step_by(panels_per_job);
            jobs.extend(starts.map(|from| (matmul, to, from..panels.min(from + panels_per_job))));
        }
        threads::parallel_for(jobs.len(), |job| {
            let (matmul, out, panels) = &jobs[job];
            for first in (0..rows).step_by(rows_per_call) {
                let rows = first..rows.min(first + rows_per_call);
                // SAFETY: `isa` is available; `out` has room for all rows and outputs, and only
                // this job accesses these panels' outputs.
                unsafe {
                    matmul.weights.matmul_range(panels.clone(), &x, rows.clone(), *out);
                    if let Some(activation) = matmul.activation {
                        out.apply(activation, x.is_bf16(), rows.clone(), panels.clone());
                    }
                    if let Some((weights, bias)) = matmul.up {
                        weights.matmul_range(panels.clone(), &x, rows, out.gated(bias));
                    }
                }
            }
        });
        drop(jobs);
        for (matmul, out) in all.iter().zip(&mut outs) {
            // SAFETY: the capacity suffices, and every panel has stored its outputs of every row.
            unsafe { out.set_len(rows * matmul.weights.rows) };
        }
        outs
    }

    /// # Safety
    /// As for [`matmul_panels`].
    unsafe fn matmul_range(
        &self,
        panels: Range<usize>,
        x: &PreparedActivations,
        rows: Range<usize>,
        out: Epilogue,
    ) {
        // SAFETY: upheld by the caller; `B` is the type of the panels.
        unsafe { for_block_type!(self.ggml_type, matmul_panels(self, panels, x, rows, out)) }
    }
}

/// Products of some panels, by the kernel for the activations' layout.
///
/// # Safety
/// The instruction set is available; `out` has room for every row and the panels' outputs.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
unsafe fn matmul_panels<B: PackedFormat>(
    weights: &PackedWeights,
    panels: Range<usize>,
    x: &PreparedActivations,
    rows: Range<usize>,
    out: Epilogue,
) {
    match x {
        #[cfg(target_arch = "x86_64")]
        PreparedActivations::Avx2(_, Some(int16)) if B::LOW_BITS == 8 => {
            for panel in panels {
                // SAFETY: upheld by the caller.
                unsafe { avx2_int8::matmul_panel::<B>(weights, panel, int16, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        PreparedActivations::Avx2(x, _) => {
            for panel in panels {
                // SAFETY: upheld by the caller.
                unsafe { avx2::matmul_panel::<B, false>(weights, panel, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        PreparedActivations::Int8(x, Isa::AvxVnni) => {
            for panel in panels {
                // SAFETY: upheld by the caller.
                unsafe { avx2::matmul_panel::<B, true>(weights, panel, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        PreparedActivations::Int8(x, Isa::Neon) => {
            for panel in panels {
                // SAFETY: upheld by the caller.
                unsafe { neon::matmul_panel::<B>(weights, panel, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        PreparedActivations::Interleaved(x) => {
            // SAFETY: upheld by the caller.
            unsafe { avx512_vnni::matmul_panels::<B>(weights, panels, x, rows, out) };
        }
        #[cfg(target_arch = "x86_64")]
        PreparedActivations::Bf16(x) => amx_bf16::SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: upheld by the caller.
            unsafe { amx_bf16::matmul_panels::<B>(weights, panels, x, rows, out, scratch) };
        }),
        PreparedActivations::Int8(..) => unreachable!("the scalar version reads the file's layout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::block_types::GgmlType;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::ops::activation::apply_in_place;
    use crate::kernels::phase::Phase;

    #[test]
    fn bias_activation_up_and_residual_follow_the_product() {
        let (outputs, columns, rows) = (37, 256, 11);
        let bias: Vec<f32> = (0..outputs).map(|at| at as f32 / 7.0 - 2.0).collect();
        let floats: Vec<f32> =
            (0..rows * columns).map(|at| (at * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let bytes = random_weights(GgmlType::Q6_K, outputs, columns, 6);
        let other = PackedWeights::pack(Matrix {
            ggml_type: GgmlType::Q6_K,
            rows: outputs,
            columns,
            bytes: &bytes,
        });
        for ggml_type in [GgmlType::Q8_0, GgmlType::Q4_K] {
            let bytes = random_weights(ggml_type, outputs, columns, 5);
            let panels =
                PackedWeights::pack(Matrix { ggml_type, rows: outputs, columns, bytes: &bytes });
            for isa in Isa::all().filter(|isa| isa.available() && isa.has_packed_kernels()) {
                for phase in Phase::ALL {
                    let activations = Activations::new(&floats, rows, phase);
                    let mut expected = panels.matmul(&activations, isa);
                    for row in expected.chunks_exact_mut(outputs) {
                        row.iter_mut().zip(&bias).for_each(|(number, bias)| *number += bias);
                    }
                    let fused = FusedMatmul::new(&panels, Some(&bias));
                    let found =
                        PackedWeights::matmul_all(&[fused], &activations, isa).swap_remove(0);
                    assert_eq!(found, expected, "{ggml_type:?}, {isa:?}, {phase:?}");
                    let others: Vec<f32> = (0..rows * outputs).map(|at| at as f32 - 50.0).collect();
                    let with_residual = [FusedMatmul { residual: Some(&others), ..fused }];
                    let found =
                        PackedWeights::matmul_all(&with_residual, &activations, isa).swap_remove(0);
                    let sums: Vec<f32> = others.iter().zip(&expected).map(|(x, y)| x + y).collect();
                    assert_eq!(found, sums, "{ggml_type:?}, {isa:?}, {phase:?}");
                    // Again, with an activation and `up`.
                    let fused = FusedMatmul {
                        activation: Some(Activation::Silu),
                        up: Some((&other, Some(&bias))),
                        ..fused
                    };
                    let found =
                        PackedWeights::matmul_all(&[fused], &activations, isa).swap_remove(0);
                    apply_in_place(Activation::Silu, &mut expected, phase.uses_amx(isa));
                    let times = [FusedMatmul::new(&other, Some(&bias))];
                    let times = PackedWeights::matmul_all(&times, &activations, isa).swap_remove(0);
                    expected.iter_mut().zip(times).for_each(|(number, times)| *number *= times);
                    assert_eq!(found, expected, "{ggml_type:?}, {isa:?}, {phase:?}");
                }
            }
        }
    }
}
