//! Layers of a checkpoint's weights: `Linear` and `Embedding`.
//!
//! On the CPU, quantized weights are packed if the CPU has kernels for them; others stay in the
//! mapped file. For other devices, weights are handed to candle once, in their own type if candle
//! has kernels for it.

use candle_core::quantized::{QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};

use crate::files::MappedSlice;
use crate::kernels::block_types::{GgmlType, dequantize_row};
use crate::kernels::cpu::best;
use crate::kernels::matmul::activations::Activations;
use crate::kernels::matmul::dispatch::FusedMatmul;
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::matmul::packed::PackedWeights;
use crate::kernels::matmul::reference::matmul;
use crate::kernels::ops::activation::{Activation, activate, gated};
use crate::kernels::ops::elementwise::add;
use crate::kernels::phase::Phase;
use crate::kernels::tensor_data::with_floats;

type Result<T> = candle_core::Result<T>;

/// How quantized weights are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// With int8 activations, as other engines do; on AMX, prefills in bf16.
    #[default]
    Fast,
    /// With int8 activations always: the same bits on every CPU (see [`Phase`]).
    Reproducible,
    /// Dequantized to f32: slow, to compare with reference implementations.
    Reference,
}

/// A tensor in the bytes of a checkpoint.
#[derive(Clone)]
pub struct Weight {
    /// Its storage type.
    pub ggml_type: GgmlType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// The bytes in the file.
    pub bytes: MappedSlice,
    /// The same weights in packed form, if they are cached.
    pub packed: Option<MappedSlice>,
}

impl Weight {
    /// Rows and columns of a matrix.
    fn matrix(&self) -> Result<(usize, usize)> {
        match *self.shape.as_slice() {
            [rows, columns] => Ok((rows, columns)),
            _ => candle_core::bail!("a weight of shape {:?} is not a matrix", self.shape),
        }
    }

    /// Some rows of it (of a bias: some numbers), in the same bytes.
    pub fn rows(&self, rows: std::ops::Range<usize>) -> Result<Self> {
        let (count, row_bytes) = match *self.shape.as_slice() {
            [count] => (count, self.ggml_type.row_bytes(1)),
            [count, columns] => (count, self.ggml_type.row_bytes(columns)),
            _ => candle_core::bail!("a weight of shape {:?} has no rows", self.shape),
        };
        let bytes = self.bytes.part(rows.start * row_bytes..rows.end * row_bytes);
        let (Some(bytes), true) = (bytes, rows.end <= count && row_bytes > 0) else {
            candle_core::bail!("rows {rows:?} of a weight of shape {:?}", self.shape)
        };
        let packed = match (&self.packed, self.shape.as_slice()) {
            (Some(packed), [count, columns]) => {
                PackedWeights::range(self.ggml_type, *columns, &rows, *count)
                    .and_then(|range| packed.part(range))
            }
            _ => None,
        };
        let shape = std::iter::once(rows.len()).chain(self.shape[1..].iter().copied()).collect();
        Ok(Self { ggml_type: self.ggml_type, shape, bytes, packed })
    }

    /// The packed matrix, from the cache or packed now, if this CPU has kernels for it.
    pub(crate) fn packed_weights(&self) -> Option<PackedWeights> {
        let (rows, columns) = self.matrix().ok()?;
        let matrix = Matrix { ggml_type: self.ggml_type, rows, columns, bytes: &self.bytes };
        PackedWeights::for_this_cpu(matrix, self.packed.as_ref())
    }

    /// All numbers as f32 on a device, for small tensors such as norms and biases.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        Tensor::from_vec(self.to_floats(), self.shape.as_slice(), device)
    }

    fn to_floats(&self) -> Vec<f32> {
        let columns = self.shape.last().copied().unwrap_or(1);
        let mut floats = vec![0f32; self.shape.iter().product()];
        let row_bytes = self.ggml_type.row_bytes(columns);
        for (row, out) in floats.chunks_mut(columns).enumerate() {
            dequantize_row(
                self.ggml_type,
                &self.bytes[row * row_bytes..(row + 1) * row_bytes],
                out,
            );
        }
        floats
    }

    /// Requantizes it by candle's quantization. Columns must be a multiple of the block size.
    pub fn quantize(&self, to: GgmlType) -> Result<Vec<u8>> {
        let Some(candle_type) = to.candle_type() else {
            candle_core::bail!("candle does not quantize to {}", to.name())
        };
        let quantized = QTensor::quantize(&self.to_tensor(&Device::Cpu)?, candle_type)?;
        Ok(quantized.data()?.into_owned())
    }

    fn to_candle(&self, device: &Device) -> Result<QMatMul> {
        let Some(candle_type) = self.ggml_type.candle_type() else {
            return Ok(QMatMul::Tensor(self.to_tensor(device)?));
        };
        let bytes = std::borrow::Cow::Borrowed(&*self.bytes);
        let storage = QStorage::from_data(bytes, device, candle_type)?;
        QMatMul::from_arc(std::sync::Arc::new(QTensor::new(storage, self.shape.as_slice())?))
    }
}

/// A weight matrix `[outputs, inputs]` with an optional bias.
pub struct Linear {
    weight: Weight,
    bias: Option<Vec<f32>>,
    precision: Precision,
    /// Set if this CPU has kernels for it; the file is not read any more.
    packed: Option<PackedWeights>,
    /// Set if the device is not the CPU.
    on_device: Option<OnDevice>,
}

struct OnDevice {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
    /// A layer of tensors of a checkpoint.
    pub fn new(
        weight: Weight,
        bias: Option<Weight>,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let (outputs, _) = weight.matrix()?;
        if let Some(bias) = bias.as_ref().filter(|bias| bias.shape != [outputs]) {
            candle_core::bail!("a bias of shape {:?} for {outputs} outputs", bias.shape);
        }
        let on_device = if device.is_cpu() {
            None
        } else {
            let bias = bias.as_ref().map(|bias| bias.to_tensor(device)).transpose()?;
            Some(OnDevice { weight: weight.to_candle(device)?, bias })
        };
        let bias = bias.as_ref().map(Weight::to_floats);
        let packed = match precision {
            Precision::Fast | Precision::Reproducible if device.is_cpu() => weight.packed_weights(),
            _ => None,
        };
        if packed.is_some() {
            weight.bytes.release_pages();
        }
        Ok(Self { weight, bias, precision, packed, on_device })
    }

    /// True if it rounds its input to bf16 in prefills on AMX: see [`Phase`].
    pub fn uses_bf16(&self) -> bool {
        self.packed.is_some() && self.precision == Precision::Fast
    }

    /// `x · weightᵀ + bias`: `[tokens, inputs]` to `[tokens, outputs]`.
    pub fn forward(&self, x: &Tensor, phase: Phase) -> Result<Tensor> {
        let [y] = shared_input(x, [self], phase)?;
        Ok(y)
    }

    /// [`Linear::forward`], added to a residual stream, `[tokens, outputs]`, if there is one.
    pub fn forward_add(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        phase: Phase,
    ) -> Result<Tensor> {
        let Some(residual) = residual else { return self.forward(x, phase) };
        let Some(outputs) = self.fused() else { return add(residual, &self.forward(x, phase)?) };
        let expected = (x.dim(0)?, outputs.weights.rows);
        if residual.dims2()? != expected {
            candle_core::bail!(
                "outputs of shape {expected:?} for a residual of shape {:?}",
                residual.shape()
            );
        }
        let residual = residual.contiguous()?;
        with_floats(&residual, |residual| {
            packed_matmul(
                x,
                kernel_phase(&[self], phase),
                FusedMatmul { residual: Some(residual), ..outputs },
            )
        })
    }

    /// [`Linear::forward`] to a vector, with the kernels of decoding: for logits.
    pub fn forward_to_vec(&self, x: &Tensor) -> Result<Vec<f32>> {
        let (Some(packed), None) = (&self.packed, &self.on_device) else {
            return self.forward(x, Phase::Decode)?.flatten_all()?.to_vec1();
        };
        let x = x.contiguous()?;
        let (tokens, columns) = x.dims2()?;
        if columns != packed.columns {
            candle_core::bail!("an input of {columns} columns for a weight of {}", packed.columns);
        }
        with_floats(&x, |floats| {
            let activations = Activations::new(floats, tokens, Phase::Decode);
            let outputs = [FusedMatmul::new(packed, self.bias.as_deref())];
            Ok(PackedWeights::matmul_all(&outputs, &activations, best()).swap_remove(0))
        })
    }

    /// `x · weightᵀ + bias` through candle, on another device.
    fn on_device(&self, x: &Tensor) -> Result<Tensor> {
        let Some(OnDevice { weight, bias }) = &self.on_device else {
            candle_core::bail!("layers on different devices share an input")
        };
        let y = weight.forward(x)?;
        match bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// The product of packed weights, on the CPU.
    fn fused(&self) -> Option<FusedMatmul<'_>> {
        let packed = self.packed.as_ref().filter(|_| self.on_device.is_none())?;
        Some(FusedMatmul::new(packed, self.bias.as_deref()))
    }

    /// `x · weightᵀ + bias` from the layout of the file.
    fn unpacked(&self, activations: &Activations<'_>) -> Result<Vec<f32>> {
        let (rows, columns) = self.weight.matrix()?;
        let matrix =
            Matrix { ggml_type: self.weight.ggml_type, rows, columns, bytes: &self.weight.bytes };
        let mut y = matmul(matrix, activations, self.precision == Precision::Reference, best());
        if let Some(bias) = &self.bias {
            for y in y.chunks_exact_mut(bias.len()) {
                y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
            }
        }
        Ok(y)
    }
}

/// Outputs of several layers with the same input, which is quantized or rounded once for all of
/// them.
pub fn shared_input<const N: usize>(
    x: &Tensor,
    layers: [&Linear; N],
    phase: Phase,
) -> Result<[Tensor; N]> {
    let outputs = if layers.iter().all(|layer| layer.on_device.is_none()) {
        on_cpu(x, &layers, phase)?
    } else {
        layers.iter().map(|layer| layer.on_device(x)).collect::<Result<_>>()?
    };
    <[Tensor; N]>::try_from(outputs)
        .map_err(|_| candle_core::Error::Msg("a layer without an output".into()))
}

/// Outputs of layers on the CPU; those of packed weights as one parallel operation.
fn on_cpu(x: &Tensor, layers: &[&Linear], phase: Phase) -> Result<Vec<Tensor>> {
    let x = x.contiguous()?;
    let (tokens, columns) = x.dims2()?;
    let mut widths = Vec::with_capacity(layers.len());
    for layer in layers {
        let (width, expected) = layer.weight.matrix()?;
        if columns != expected {
            candle_core::bail!("an input of {columns} columns for a weight of {expected}");
        }
        widths.push(width);
    }
    with_floats(&x, |floats| {
        let activations = Activations::new(floats, tokens, kernel_phase(layers, phase));
        let packed: Vec<_> = layers.iter().filter_map(|layer| layer.fused()).collect();
        let mut packed = PackedWeights::matmul_all(&packed, &activations, best()).into_iter();
        let mut outputs = Vec::with_capacity(layers.len());
        for (layer, width) in layers.iter().zip(&widths) {
            let product = if layer.packed.is_some() { packed.next() } else { None };
            let y = match product {
                Some(y) => y,
                None => layer.unpacked(&activations)?,
            };
            outputs.push(Tensor::from_vec(y, (tokens, *width), &Device::Cpu)?);
        }
        Ok(outputs)
    })
}

/// `activation(layer(x))`.
pub fn activated_layer(
    x: &Tensor,
    layer: &Linear,
    activation: Activation,
    phase: Phase,
) -> Result<Tensor> {
    let Some(outputs) = layer.fused() else {
        return activate(&layer.forward(x, phase)?, activation);
    };
    packed_matmul(
        x,
        kernel_phase(&[layer], phase),
        FusedMatmul { activation: Some(activation), ..outputs },
    )
}

/// `activation(gate(x)) · up(x)`.
pub fn gated_layers(
    x: &Tensor,
    gate: &Linear,
    up: &Linear,
    activation: Activation,
    phase: Phase,
) -> Result<Tensor> {
    let (Some(outputs), Some(other)) = (gate.fused(), up.fused()) else {
        let [gate, up] = shared_input(x, [gate, up], phase)?;
        return gated(&gate, &up, activation);
    };
    if outputs.weights.rows != other.weights.rows {
        candle_core::bail!("a gate of {} outputs for {}", outputs.weights.rows, other.weights.rows);
    }
    let multiplier = Some((other.weights, other.bias));
    let outputs = FusedMatmul { activation: Some(activation), up: multiplier, ..outputs };
    packed_matmul(x, kernel_phase(&[gate, up], phase), outputs)
}

/// The phase whose kernels the layers use: always [`Phase::Decode`] if one of them is reproducible.
fn kernel_phase(layers: &[&Linear], phase: Phase) -> Phase {
    if layers.iter().any(|layer| layer.precision == Precision::Reproducible) {
        Phase::Decode
    } else {
        phase
    }
}

/// The product of packed weights with `x`, `[tokens, outputs]`.
fn packed_matmul(x: &Tensor, phase: Phase, outputs: FusedMatmul<'_>) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (tokens, columns) = x.dims2()?;
    for weights in outputs.matrices() {
        if columns != weights.columns {
            let expected = weights.columns;
            candle_core::bail!("an input of {columns} columns for a weight of {expected}");
        }
    }
    let y = with_floats(&x, |floats| {
        let activations = Activations::new(floats, tokens, phase);
        Ok(PackedWeights::matmul_all(&[outputs], &activations, best()).swap_remove(0))
    })?;
    Tensor::from_vec(y, (tokens, outputs.weights.rows), &Device::Cpu)
}

/// An embedding table, `[tokens, columns]`.
pub struct Embedding {
    weight: Weight,
    device: Device,
}

impl Embedding {
    /// The table of a checkpoint, which stays in the file, in its own type.
    pub fn new(weight: Weight, device: &Device) -> Result<Self> {
        weight.matrix()?;
        Ok(Self { weight, device: device.clone() })
    }

    /// The embeddings of some tokens, `[ids, columns]`.
    pub fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        let (rows, columns) = self.weight.matrix()?;
        let row_bytes = self.weight.ggml_type.row_bytes(columns);
        let mut floats = vec![0f32; ids.len() * columns];
        for (id, out) in ids.iter().zip(floats.chunks_mut(columns)) {
            let id = *id as usize;
            if id >= rows {
                candle_core::bail!("token {id} is not in a vocabulary of {rows}");
            }
            dequantize_row(
                self.weight.ggml_type,
                &self.weight.bytes[id * row_bytes..(id + 1) * row_bytes],
                out,
            );
        }
        Tensor::from_vec(floats, (ids.len(), columns), &self.device)
    }
}
