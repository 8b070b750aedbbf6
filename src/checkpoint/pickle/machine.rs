//! What `data.pkl` says, without doing it: a stack machine over plain values.
//!
//! Opcodes: <https://github.com/python/cpython/blob/main/Lib/pickletools.py>. A pickle is a program; what can harm is that it names
//! functions and calls them. Here the names are compared with a list (`known.rs`), a call on that
//! list only notes what it was given, and everything else is refused by its name. Values are flat:
//! texts and tuples are ranges, nothing is nested or shared by pointers, so that no depth and no
//! memo makes anything grow but by a step a byte. Lists and attributes are taken and forgotten.
//!
//! Knows no file and no archive. Refuses to know what tensor dictionaries do not need: text opcodes
//! of protocol 0, sets, extension codes, out-of-band buffers.

use super::known::{Dtype, Known};

pub(super) type Parsed<T> = std::result::Result<T, String>;

/// The largest models have a few thousand tensors a file, of some 150 bytes each.
const MAX_PICKLE_BYTES: usize = 16 << 20;
/// Python writes a dictionary in batches of a thousand.
const MAX_STACK: usize = 8_192;
const MAX_MARKS: usize = 64;
/// Remembered values, elements of tuples: the most there can be of each.
const MAX_VALUES: usize = 1 << 21;
const MAX_TENSORS: usize = 65_536;
const MAX_NAME_BYTES: usize = 512;
const MAX_DIMENSIONS: usize = 8;
const NEWEST_PROTOCOL: u8 = 5;

/// A tensor of a state dict: a view of a storage. Nothing of it is checked against the storage yet.
#[derive(Debug, PartialEq)]
pub(super) struct Tensor<'b> {
    pub(super) name: &'b str,
    pub(super) dtype: Dtype,
    /// The storage's key in the archive.
    pub(super) key: &'b str,
    /// Where its first element is, in elements.
    pub(super) offset: u64,
    pub(super) dimensions: Box<[Dimension]>,
}

/// How many, and how many elements of the storage it is from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) size: u64,
    pub(super) stride: u64,
}

/// A range of the pickle's bytes or of the elements of tuples.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    /// What nobody asks about: `None`, truth values, floats, bytes.
    Other,
    Int(i64),
    Text(Span),
    Tuple(Span),
    List,
    Dict(u32),
    Known(Known),
    /// The elements of a persistent id, found to be one.
    Storage(Span),
    /// The arguments of a tensor.
    Tensor(Span),
    TypedTensor(Span),
}

/// `dict[key] = value`, where the value is a tensor or a dictionary.
struct Entry {
    dict: u32,
    key: Value,
    value: Value,
}

struct Machine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<Value>,
    elements: Vec<Value>,
    entries: Vec<Entry>,
    dicts: u32,
}

/// The tensors of a state dict, in its order.
pub(super) fn tensors(bytes: &[u8]) -> Parsed<Vec<Tensor<'_>>> {
    if bytes.len() > MAX_PICKLE_BYTES {
        return Err(format!(
            "its data.pkl takes {} bytes: that is no list of tensors",
            bytes.len()
        ));
    }
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        elements: Vec::new(),
        entries: Vec::new(),
        dicts: 0,
    };
    let top = loop {
        if let Some(top) = machine.step()? {
            break top;
        }
    };
    machine.named(top)
}

impl<'b> Machine<'b> {
    /// One opcode; the value of the whole once it is reached.
    fn step(&mut self) -> Parsed<Option<Value>> {
        let start = self.at;
        match self.byte()? {
            // PROTO, FRAME
            0x80 => match self.byte()? {
                version if version > NEWEST_PROTOCOL => {
                    return Err(format!(
                        "its pickle has protocol {version}, which is newer than this reader"
                    ));
                }
                _ => {}
            },
            0x95 => {
                let length = u64::from_le_bytes(self.array()?);
                if length > (self.bytes.len() - self.at) as u64 {
                    return Err(format!("its pickle is cut short: a frame of {length} bytes"));
                }
            }
            // STOP
            b'.' => {
                let top = self.pop()?;
                if self.at != self.bytes.len() || !self.stack.is_empty() || !self.marks.is_empty() {
                    return Err("its pickle goes on behind its end".into());
                }
                return Ok(Some(top));
            }
            // NONE, NEWTRUE, NEWFALSE, BINFLOAT
            b'N' | 0x88 | 0x89 => self.push(Value::Other)?,
            b'G' => {
                self.take(8)?;
                self.push(Value::Other)?;
            }
            // BININT, BININT1, BININT2, LONG1
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            b'K' => {
                let number = self.byte()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a => {
                let number = self.long()?;
                self.push(Value::Int(number))?;
            }
            // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
            code @ (0x8c | b'X' | 0x8d) => {
                let length = self.length(match code {
                    0x8c => 1,
                    b'X' => 4,
                    _ => 8,
                })?;
                let span = self.take(length)?;
                if std::str::from_utf8(self.bytes_of(span)).is_err() {
                    return Err(format!(
                        "its pickle has a text that is not UTF-8 (at byte {start})"
                    ));
                }
                self.push(Value::Text(span))?;
            }
            // SHORT_BINBYTES, BINBYTES, BINBYTES8
            code @ (b'C' | b'B' | 0x8e) => {
                let length = self.length(match code {
                    b'C' => 1,
                    b'B' => 4,
                    _ => 8,
                })?;
                self.take(length)?;
                self.push(Value::Other)?;
            }
            // MARK, TUPLE, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
            b'(' => {
                within(self.marks.len(), MAX_MARKS, "marks")?;
                self.marks.push(self.stack.len());
            }
            b't' => {
                let from = self.mark()?;
                self.tuple(from)?;
            }
            b')' => self.tuple(self.stack.len())?,
            code @ 0x85..=0x87 => {
                let from = self.below(usize::from(code - 0x84))?;
                self.tuple(from)?;
            }
            // EMPTY_LIST, APPEND, APPENDS
            b']' => self.push(Value::List)?,
            code @ (b'a' | b'e') => {
                let from = if code == b'a' { self.below(1)? } else { self.mark()? };
                self.stack.truncate(from);
                if self.top()? != Value::List {
                    return Err(self.refused(start, "appends to what is no list"));
                }
            }
            // EMPTY_DICT, SETITEM, SETITEMS
            b'}' => self.dict()?,
            code @ (b's' | b'u') => {
                let from = if code == b's' { self.below(2)? } else { self.mark()? };
                self.set(from, start)?;
            }
            // BINPUT, LONG_BINPUT, MEMOIZE
            code @ (b'q' | b'r' | 0x94) => {
                let at = match code {
                    0x94 => self.memo.len(),
                    b'q' => self.length(1)?,
                    _ => self.length(4)?,
                };
                self.put(at)?;
            }
            // BINGET, LONG_BINGET
            code @ (b'h' | b'j') => {
                let at = self.length(if code == b'h' { 1 } else { 4 })?;
                let value = self.memo.get(at).copied();
                let value =
                    value.ok_or_else(|| self.refused(start, "recalls what it did not remember"))?;
                self.push(value)?;
            }
            // GLOBAL, STACK_GLOBAL
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(self.refused(start, "asks for something without a name"));
                };
                self.global(self.text(module), self.text(name))?;
            }
            // INST
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                return Err(asks_for(module, name));
            }
            // REDUCE, BUILD, BINPERSID
            b'R' => self.call(start)?,
            b'b' => {
                let (state, object) = (self.pop()?, self.top()?);
                if !matches!((object, state), (Value::Dict(_), Value::Dict(_))) {
                    return Err(self.refused(start, "sets the state of what is no dictionary"));
                }
            }
            b'Q' => self.storage(start)?,
            // OBJ, NEWOBJ, NEWOBJ_EX
            b'o' | 0x81 | 0x92 => return Err(self.refused(start, "makes an object of a class")),
            // EXT1, EXT2, EXT4
            0x82..=0x84 => {
                return Err(self.refused(start, "asks for something by an extension code"));
            }
            code => return Err(self.refused(start, &format!("has the opcode 0x{code:02x}"))),
        }
        Ok(None)
    }

    /// What a call gives. It is noted, not made.
    fn call(&mut self, start: usize) -> Parsed<()> {
        let (arguments, called) = (self.pop()?, self.pop()?);
        let (Value::Known(called), Value::Tuple(span)) = (called, arguments) else {
            return Err(self.refused(start, "calls what is no function"));
        };
        let value = match (called, self.elements_of(span)) {
            (Known::OrderedDict, []) => return self.dict(),
            (Known::Size, [size @ Value::Tuple(_)]) => *size,
            (Known::Parameter, [tensor @ (Value::Tensor(_) | Value::TypedTensor(_)), _, _]) => {
                *tensor
            }
            // Storage, offset, size, stride, requires_grad, hooks, and metadata that it may have.
            (Known::Tensor, [_, _, _, _, _, _] | [_, _, _, _, _, _, _]) => Value::Tensor(span),
            // The type is the seventh.
            (Known::TypedTensor, [_, _, _, _, _, _, _] | [_, _, _, _, _, _, _, _]) => {
                Value::TypedTensor(span)
            }
            _ => {
                return Err(self.refused(
                    start,
                    &format!("calls {called:?} with other arguments than torch does"),
                ));
            }
        };
        self.push(value)
    }

    /// A persistent id: `("storage", type, key, device, size)`. Which device it was on is nothing
    /// to us.
    fn storage(&mut self, start: usize) -> Parsed<()> {
        let id = self.pop()?;
        if let Value::Tuple(span) = id
            && let [
                Value::Text(kind),
                Value::Known(Known::Storage(_) | Known::Bytes),
                Value::Text(_),
                _,
                Value::Int(_),
            ] = self.elements_of(span)
            && self.text(*kind) == "storage"
        {
            return self.push(Value::Storage(span));
        }
        Err(self.refused(start, "has a persistent id that is no storage"))
    }

    /// The tensors of the dictionary at the top.
    fn named(&self, top: Value) -> Parsed<Vec<Tensor<'b>>> {
        let Value::Dict(top) = top else { return Err("it is no dictionary of tensors".into()) };
        let own = || self.entries.iter().filter(|entry| entry.dict == top);
        let tensors = own().filter(|entry| !matches!(entry.value, Value::Dict(_)));
        let count = tensors.clone().count();
        if count == 0 {
            return Err(match own().next().map(|entry| entry.key) {
                Some(Value::Text(key)) => format!(
                    "there are no tensors in it but perhaps under `{}`: it is a checkpoint of a training, not a model's weights",
                    shown(self.text(key))
                ),
                _ => "there are no tensors in it".into(),
            });
        }
        within(count - 1, MAX_TENSORS, "tensors")?;
        let mut found = Vec::with_capacity(count);
        for entry in tensors {
            let Value::Text(name) = entry.key else {
                return Err("a tensor in it has no name".into());
            };
            let name = self.text(name);
            // The last is a key of safetensors headers.
            if name.len() > MAX_NAME_BYTES
                || name.chars().any(char::is_control)
                || name == "__metadata__"
            {
                return Err(format!("`{}` is no name of a tensor", shown(name)));
            }
            let tensor = self.tensor(name, entry.value);
            found.push(tensor.map_err(|reason| format!("tensor `{}` {reason}", shown(name)))?);
        }
        Ok(found)
    }

    fn tensor(&self, name: &'b str, value: Value) -> Parsed<Tensor<'b>> {
        let arguments = match value {
            Value::Tensor(span) | Value::TypedTensor(span) => self.elements_of(span),
            _ => &[],
        };
        let [Value::Storage(storage), offset, Value::Tuple(size), Value::Tuple(stride), rest @ ..] =
            arguments
        else {
            return Err("is not a view of a storage".into());
        };
        let [_, stored, Value::Text(key), _, _] = self.elements_of(*storage) else {
            return Err("is not a view of a storage".into());
        };
        let dtype = match (value, stored, rest) {
            (Value::Tensor(_), Value::Known(Known::Storage(dtype)), _) => *dtype,
            (Value::TypedTensor(_), _, [_, _, Value::Known(Known::Dtype(dtype)), ..]) => *dtype,
            _ => return Err("has no type".into()),
        };
        let (sizes, strides) = (self.elements_of(*size), self.elements_of(*stride));
        if sizes.len() != strides.len() || sizes.len() > MAX_DIMENSIONS {
            return Err(format!("has {} dimensions and {} strides", sizes.len(), strides.len()));
        }
        let number = |value: &Value| match value {
            Value::Int(number) => u64::try_from(*number)
                .map_err(|_| format!("has a size, stride or offset of {number}")),
            _ => Err("has a size, stride or offset that is no number".to_string()),
        };
        let dimension = |(size, stride): (&Value, &Value)| {
            Ok(Dimension { size: number(size)?, stride: number(stride)? })
        };
        let dimensions = sizes.iter().zip(strides).map(dimension).collect::<Parsed<_>>()?;
        Ok(Tensor { name, dtype, key: self.text(*key), offset: number(offset)?, dimensions })
    }

    fn global(&mut self, module: &str, name: &str) -> Parsed<()> {
        let known = Known::of(module, name).ok_or_else(|| asks_for(module, name))?;
        self.push(Value::Known(known))
    }

    fn dict(&mut self) -> Parsed<()> {
        self.dicts += 1;
        self.push(Value::Dict(self.dicts))
    }

    /// The values above a height, in turns keys and values, go into the dictionary below them.
    fn set(&mut self, from: usize, start: usize) -> Parsed<()> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let Some(Value::Dict(dict)) = self.stack[bottom..from].last().copied() else {
            return Err(self.refused(start, "sets an item of what is no dictionary"));
        };
        let pairs = self.stack[from..].chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Err(self.refused(start, "sets a key without a value"));
        }
        for pair in pairs {
            if let [key, value @ (Value::Tensor(_) | Value::TypedTensor(_) | Value::Dict(_))] =
                *pair
            {
                within(self.entries.len(), MAX_VALUES, "entries")?;
                self.entries.push(Entry { dict, key, value });
            }
        }
        self.stack.truncate(from);
        Ok(())
    }

    /// Makes a tuple of the values above a height.
    fn tuple(&mut self, from: usize) -> Parsed<()> {
        let start = self.elements.len();
        within(start + self.stack.len() - from, MAX_VALUES, "elements of tuples")?;
        self.elements.extend(self.stack.drain(from..));
        let span = Span { start: start as u32, end: self.elements.len() as u32 };
        self.push(Value::Tuple(span))
    }

    /// Remembers the top. Picklers number what they remember from nought.
    fn put(&mut self, at: usize) -> Parsed<()> {
        let value = self.top()?;
        let next = self.memo.len();
        if at > next {
            return Err(format!(
                "its pickle remembers a value as number {at} where {next} would be next"
            ));
        }
        within(at, MAX_VALUES, "remembered values")?;
        self.memo.resize(next.max(at + 1), value);
        self.memo[at] = value;
        Ok(())
    }

    // === The stack ===

    fn push(&mut self, value: Value) -> Parsed<()> {
        within(self.stack.len(), MAX_STACK, "values at once")?;
        self.stack.push(value);
        Ok(())
    }

    /// The height below so many values; they may not reach under the last mark.
    fn below(&self, count: usize) -> Parsed<usize> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let height = self.stack.len().checked_sub(count).filter(|height| *height >= bottom);
        height.ok_or_else(|| "its pickle takes what it does not have".into())
    }

    fn top(&self) -> Parsed<Value> {
        Ok(self.stack[self.below(1)?])
    }

    fn pop(&mut self) -> Parsed<Value> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn mark(&mut self) -> Parsed<usize> {
        self.marks.pop().ok_or_else(|| "its pickle takes what it does not have".into())
    }

    // === The bytes ===

    fn take(&mut self, count: usize) -> Parsed<Span> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("its pickle is cut short")?;
        let span = Span { start: self.at as u32, end: end as u32 };
        self.at = end;
        Ok(span)
    }

    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let span = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(self.bytes_of(span));
        Ok(out)
    }

    fn byte(&mut self) -> Parsed<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned number of so many bytes; what does not fit is longer than any file.
    fn length(&mut self, bytes: usize) -> Parsed<usize> {
        let span = self.take(bytes)?;
        let number = self
            .bytes_of(span)
            .iter()
            .rev()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A signed number with its length before it.
    fn long(&mut self) -> Parsed<i64> {
        let length = self.length(1)?;
        let span = self.take(length)?;
        let bytes = self.bytes_of(span);
        if bytes.len() > 8 {
            return Err(format!("its pickle has a number of {} bytes", bytes.len()));
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(whole))
    }

    fn line(&mut self) -> Parsed<&'b str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or("its pickle is cut short")?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end])
            .map_err(|_| "its pickle asks for a name that is not UTF-8".into())
    }

    fn bytes_of(&self, span: Span) -> &'b [u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    fn elements_of(&self, span: Span) -> &[Value] {
        &self.elements[span.start as usize..span.end as usize]
    }

    /// A text, found valid when it was read.
    fn text(&self, span: Span) -> &'b str {
        std::str::from_utf8(self.bytes_of(span)).unwrap_or_default()
    }

    fn refused(&self, at: usize, what: &str) -> String {
        format!("its pickle {what} (at byte {at}): only tensors are read")
    }
}

fn within(count: usize, most: usize, what: &str) -> Parsed<()> {
    if count < most { Ok(()) } else { Err(format!("its pickle has more than {most} {what}")) }
}

fn asks_for(module: &str, name: &str) -> String {
    format!("it asks for {}.{}: only tensors are read", shown(module), shown(name))
}

/// A foreign name as it can be shown.
pub(super) fn shown(name: &str) -> String {
    let cut = if name.chars().nth(100).is_some() { "…" } else { "" };
    let kept: String = name.chars().take(100).collect();
    format!("{}{cut}", kept.escape_debug())
}
