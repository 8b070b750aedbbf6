//! The globals that a pickle of tensors may name.
//!
//! From `torch._utils` and `torch.storage`; torch's own safe reader has a longer list:
//! <https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py>.

/// Packages whose classes are keys in the checkpoints of PyTorch Lightning.
const LIGHTNING: [&str; 3] = ["pytorch_lightning", "lightning", "lightning_fabric"];

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
    /// Integers and booleans, with their size in bytes.
    Integer(u8),
}

impl Dtype {
    /// Size of an element.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::F8E4M3 | Self::F8E5M2 => 1,
            Self::Integer(bytes) => bytes.into(),
        }
    }
}

/// A global that a pickle may name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    Size,
    Tensor,
    /// A tensor with its own element type over an untyped storage.
    TypedTensor,
    Parameter,
    Storage(Dtype),
    UntypedStorage,
    Dtype(Dtype),
    /// A class of PyTorch Lightning: a key beside the weights, never called.
    Lightning,
}

impl Global {
    /// The global of a module and name; `None` if it is not allowed.
    pub(super) fn parse(module: &str, name: &str) -> Option<Self> {
        use Dtype::*;
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch", "Size") => Self::Size,
            ("torch._utils", "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_tensor_v3") => Self::TypedTensor,
            ("torch._utils", "_rebuild_parameter") => Self::Parameter,
            ("torch.storage", "UntypedStorage") | ("torch", "UntypedStorage") => {
                Self::UntypedStorage
            }
            ("torch", "DoubleStorage") => Self::Storage(F64),
            ("torch", "FloatStorage") => Self::Storage(F32),
            ("torch", "HalfStorage") => Self::Storage(F16),
            ("torch", "BFloat16Storage") => Self::Storage(BF16),
            ("torch", "LongStorage") => Self::Storage(Integer(8)),
            ("torch", "IntStorage") => Self::Storage(Integer(4)),
            ("torch", "ShortStorage") => Self::Storage(Integer(2)),
            ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => Self::Storage(Integer(1)),
            ("torch", "float64") => Self::Dtype(F64),
            ("torch", "float32") => Self::Dtype(F32),
            ("torch", "float16") => Self::Dtype(F16),
            ("torch", "bfloat16") => Self::Dtype(BF16),
            ("torch", "float8_e4m3fn") => Self::Dtype(F8E4M3),
            ("torch", "float8_e5m2") => Self::Dtype(F8E5M2),
            ("torch", "int64" | "uint64") => Self::Dtype(Integer(8)),
            ("torch", "int32" | "uint32") => Self::Dtype(Integer(4)),
            ("torch", "int16" | "uint16") => Self::Dtype(Integer(2)),
            ("torch", "int8" | "uint8" | "bool") => Self::Dtype(Integer(1)),
            (module, _) if LIGHTNING.contains(&first_part(module)) => Self::Lightning,
            _ => return None,
        })
    }
}

/// The package of a module.
fn first_part(module: &str) -> &str {
    module.split('.').next().unwrap_or_default()
}
