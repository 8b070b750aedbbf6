//! The tensors of a state dict: a pickle's dictionary of names and tensors, or the one that a
//! checkpoint of PyTorch Lightning holds under `state_dict`.

use super::globals::{Dtype, Global};
use super::machine::{PickleMachine, within};
use super::names::{Parsed, shown};
use super::values::{Item, PickleValue};

const MAX_TENSORS: usize = 65_536;
const MAX_NAME_BYTES: usize = 512;
const MAX_DIMENSIONS: usize = 8;
/// The key of the weights in a checkpoint of PyTorch Lightning.
const NESTED: &str = "state_dict";

/// A tensor as a view of a storage, not yet checked against the storage.
#[derive(Debug, PartialEq)]
pub(super) struct View<'b> {
    pub(super) name: &'b str,
    pub(super) dtype: Dtype,
    /// Key of the storage in the archive.
    pub(super) key: &'b str,
    /// First element, in elements of the storage.
    pub(super) offset: u64,
    pub(super) dimensions: Box<[Dimension]>,
}

/// A dimension: its size, and the distance of neighbors in elements of the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) size: u64,
    pub(super) stride: u64,
}

/// The tensors of a pickled state dict, in its order.
pub(super) fn tensors(pickle: &[u8]) -> Parsed<Vec<View<'_>>> {
    let mut machine = PickleMachine::new(pickle)?;
    let PickleValue::Dict(top) = machine.run()? else {
        return Err("it is not a dictionary of tensors".into());
    };
    let is_tensor = |item: &&&Item| !matches!(item.value, PickleValue::Dict(_));
    let items_of = |dict| machine.items.iter().filter(|item| item.dict == dict).collect();
    let mut items: Vec<&Item> = items_of(top);
    if !items.iter().any(|item| is_tensor(&item))
        && let Some(nested) = items.iter().find_map(|item| nested(&machine, item))
    {
        items = items_of(nested);
    }
    let count = items.iter().filter(is_tensor).count();
    if count == 0 {
        return Err(without_tensors(&machine, items.first().copied()));
    }
    within(count - 1, MAX_TENSORS, "tensors")?;
    let mut views = Vec::with_capacity(count);
    for item in items.iter().filter(is_tensor) {
        let PickleValue::Text(name) = item.key else {
            return Err("a tensor in it has no name".into());
        };
        let name = machine.text(name);
        check_name(name)?;
        let view = view(&machine, name, item.value);
        views.push(view.map_err(|reason| format!("tensor `{}` {reason}", shown(name)))?);
    }
    Ok(views)
}

/// The dictionary of an item, if it is the weights in a checkpoint of PyTorch Lightning.
fn nested(machine: &PickleMachine<'_>, item: &Item) -> Option<u32> {
    match (item.key, item.value) {
        (PickleValue::Text(key), PickleValue::Dict(dict)) if machine.text(key) == NESTED => {
            Some(dict)
        }
        _ => None,
    }
}

/// Why a dictionary without tensors is refused, by its first item.
fn without_tensors(machine: &PickleMachine<'_>, first: Option<&Item>) -> String {
    match first.map(|item| item.key) {
        Some(PickleValue::Text(key)) => format!(
            "it has no tensors, except perhaps under `{}`: it is a training checkpoint, \
             not a model's weights",
            shown(machine.text(key))
        ),
        _ => "it has no tensors".into(),
    }
}

fn check_name(name: &str) -> Parsed<()> {
    let reserved_by_safetensors = name == "__metadata__";
    if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) || reserved_by_safetensors
    {
        return Err(format!("`{}` is not a tensor name", shown(name)));
    }
    Ok(())
}

fn view<'b>(machine: &PickleMachine<'b>, name: &'b str, value: PickleValue) -> Parsed<View<'b>> {
    let arguments = match value {
        PickleValue::Tensor(span) | PickleValue::TypedTensor(span) => machine.elements(span),
        _ => &[],
    };
    let [
        PickleValue::Storage(storage),
        offset,
        PickleValue::Tuple(size),
        PickleValue::Tuple(stride),
        rest @ ..,
    ] = arguments
    else {
        return Err("is not a view of a storage".into());
    };
    let [_, stored, PickleValue::Text(key), _, _] = machine.elements(*storage) else {
        return Err("is not a view of a storage".into());
    };
    let dtype = match (value, stored, rest) {
        (PickleValue::Tensor(_), PickleValue::Global(Global::Storage(dtype)), _) => *dtype,
        (PickleValue::TypedTensor(_), _, [_, _, PickleValue::Global(Global::Dtype(dtype)), ..]) => {
            *dtype
        }
        _ => return Err("has no type".into()),
    };
    let (sizes, strides) = (machine.elements(*size), machine.elements(*stride));
    if sizes.len() != strides.len() || sizes.len() > MAX_DIMENSIONS {
        return Err(format!("has {} dimensions and {} strides", sizes.len(), strides.len()));
    }
    let mut dimensions = Vec::with_capacity(sizes.len());
    for (size, stride) in sizes.iter().zip(strides) {
        dimensions.push(Dimension { size: number(size)?, stride: number(stride)? });
    }
    let (key, offset) = (machine.text(*key), number(offset)?);
    Ok(View { name, dtype, key, offset, dimensions: dimensions.into() })
}

fn number(value: &PickleValue) -> Parsed<u64> {
    match value {
        PickleValue::Int(number) => {
            u64::try_from(*number).map_err(|_| format!("has a size, stride or offset of {number}"))
        }
        _ => Err("has a size, stride or offset that is not a number".to_string()),
    }
}
