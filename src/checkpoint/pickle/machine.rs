//! A stack machine that inspects `data.pkl` without running it.
//!
//! Opcodes: <https://github.com/python/cpython/blob/main/Lib/pickletools.py>. A pickle is a program
//! and does harm by naming functions and calling them. Here names are looked up in a list
//! (`globals.rs`), a call of a listed function only records its arguments, and everything else is
//! refused with its name. Values are flat: texts and tuples are ranges, and nothing is nested or
//! shared by pointers, so that memory grows by at most a value per byte. Lists and attributes are
//! read and dropped.
//!
//! Knows no file and no archive. Not supported, because state dicts do not need them: the text
//! opcodes of protocol 0, sets, extension codes, out-of-band buffers.

use super::globals::Global;
use super::names::{Parsed, shown};
use super::opcodes::*;
use super::values::{ByteSpan, Item, PickleValue};

/// The largest models have a few thousand tensors a file, with some 150 bytes each.
const MAX_PICKLE_BYTES: usize = 16 << 20;
/// Python writes a dictionary in batches of a thousand items.
const MAX_STACK: usize = 8_192;
const MAX_MARKS: usize = 64;
/// Limit of memoized values, of elements of tuples and of items of dictionaries.
const MAX_VALUES: usize = 1 << 21;
const NEWEST_PROTOCOL: u8 = 5;

/// The state of the machine.
pub(super) struct PickleMachine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<PickleValue>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<PickleValue>,
    /// Elements of all tuples.
    elements: Vec<PickleValue>,
    /// Items of all dictionaries.
    pub(super) items: Vec<Item>,
    dicts: u32,
}

impl<'b> PickleMachine<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Parsed<Self> {
        if bytes.len() > MAX_PICKLE_BYTES {
            return Err(format!(
                "its data.pkl takes {} bytes: that is not a list of tensors",
                bytes.len()
            ));
        }
        Ok(Self {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
            elements: Vec::new(),
            items: Vec::new(),
            dicts: 0,
        })
    }

    /// Reads all opcodes; returns the value at the end.
    pub(super) fn run(&mut self) -> Parsed<PickleValue> {
        loop {
            if let Some(top) = self.step()? {
                return Ok(top);
            }
        }
    }

    /// Reads one opcode; returns the value of the pickle at its end.
    fn step(&mut self) -> Parsed<Option<PickleValue>> {
        let start = self.at;
        let code = self.byte()?;
        match code {
            STOP => return self.stop().map(Some),
            PROTO | FRAME => self.framing(code)?,
            NONE | NEWTRUE | NEWFALSE | BINFLOAT => self.other(code)?,
            BININT | BININT1 | BININT2 | LONG1 => self.integer(code)?,
            SHORT_BINUNICODE | BINUNICODE | BINUNICODE8 => self.unicode(code, start)?,
            SHORT_BINBYTES | BINBYTES | BINBYTES8 => self.byte_string(code)?,
            MARK | EMPTY_TUPLE | TUPLE1 | TUPLE2 | TUPLE3 | TUPLE => self.tuples(code)?,
            EMPTY_LIST | APPEND | APPENDS => self.lists(code, start)?,
            EMPTY_DICT | SETITEM | SETITEMS => self.dicts(code, start)?,
            BINPUT | LONG_BINPUT | MEMOIZE => self.memoize(code)?,
            BINGET | LONG_BINGET => self.recall(code, start)?,
            GLOBAL | STACK_GLOBAL => self.global(code, start)?,
            REDUCE => self.call(start)?,
            BUILD => self.build(start)?,
            BINPERSID => self.storage(start)?,
            INST => {
                let (module, name) = (self.line()?, self.line()?);
                return Err(asks_for(module, name));
            }
            OBJ | NEWOBJ | NEWOBJ_EX => {
                return Err(self.refused(start, "makes an object of a class"));
            }
            EXT1 | EXT2 | EXT4 => {
                return Err(self.refused(start, "asks for something by an extension code"));
            }
            _ => return Err(self.refused(start, &format!("has the opcode 0x{code:02x}"))),
        }
        Ok(None)
    }

    fn stop(&mut self) -> Parsed<PickleValue> {
        let top = self.pop()?;
        if self.at != self.bytes.len() || !self.stack.is_empty() || !self.marks.is_empty() {
            return Err("its pickle continues after its end".into());
        }
        Ok(top)
    }

    fn framing(&mut self, code: u8) -> Parsed<()> {
        if code == FRAME {
            let length = u64::from_le_bytes(self.array()?);
            if length > (self.bytes.len() - self.at) as u64 {
                return Err(format!("its pickle is cut short: a frame of {length} bytes"));
            }
            return Ok(());
        }
        let version = self.byte()?;
        if version > NEWEST_PROTOCOL {
            return Err(format!(
                "its pickle has protocol {version}, which is newer than this reader"
            ));
        }
        Ok(())
    }

    /// `None`, booleans and floats.
    fn other(&mut self, code: u8) -> Parsed<()> {
        if code == BINFLOAT {
            self.take(8)?;
        }
        self.push(PickleValue::Other)
    }

    fn integer(&mut self, code: u8) -> Parsed<()> {
        let number = match code {
            BININT => i32::from_le_bytes(self.array()?).into(),
            BININT1 => self.byte()?.into(),
            BININT2 => u16::from_le_bytes(self.array()?).into(),
            _ => self.long()?,
        };
        self.push(PickleValue::Int(number))
    }

    fn unicode(&mut self, code: u8, start: usize) -> Parsed<()> {
        let length = self.length(match code {
            SHORT_BINUNICODE => 1,
            BINUNICODE => 4,
            _ => 8,
        })?;
        let span = self.take(length)?;
        if std::str::from_utf8(self.span(span)).is_err() {
            return Err(format!("its pickle has a text that is not UTF-8 (at byte {start})"));
        }
        self.push(PickleValue::Text(span))
    }

    fn byte_string(&mut self, code: u8) -> Parsed<()> {
        let length = self.length(match code {
            SHORT_BINBYTES => 1,
            BINBYTES => 4,
            _ => 8,
        })?;
        self.take(length)?;
        self.push(PickleValue::Other)
    }

    fn tuples(&mut self, code: u8) -> Parsed<()> {
        let from = match code {
            MARK => {
                within(self.marks.len(), MAX_MARKS, "marks")?;
                self.marks.push(self.stack.len());
                return Ok(());
            }
            EMPTY_TUPLE => self.stack.len(),
            TUPLE => self.pop_mark()?,
            _ => self.below(usize::from(code - TUPLE1 + 1))?,
        };
        // A tuple of the values above this height.
        let start = self.elements.len();
        within(start + self.stack.len() - from, MAX_VALUES, "elements of tuples")?;
        self.elements.extend(self.stack.drain(from..));
        let span = ByteSpan { start: start as u32, end: self.elements.len() as u32 };
        self.push(PickleValue::Tuple(span))
    }

    fn lists(&mut self, code: u8, start: usize) -> Parsed<()> {
        let from = match code {
            EMPTY_LIST => return self.push(PickleValue::List),
            APPEND => self.below(1)?,
            _ => self.pop_mark()?,
        };
        self.stack.truncate(from);
        if self.top()? != PickleValue::List {
            return Err(self.refused(start, "appends to a value that is not a list"));
        }
        Ok(())
    }

    fn dicts(&mut self, code: u8, start: usize) -> Parsed<()> {
        let from = match code {
            EMPTY_DICT => return self.new_dict(),
            SETITEM => self.below(2)?,
            _ => self.pop_mark()?,
        };
        // Keys and values alternate above this height; the dictionary lies below.
        let bottom = self.marks.last().copied().unwrap_or(0);
        let Some(PickleValue::Dict(dict)) = self.stack[bottom..from].last().copied() else {
            return Err(self.refused(start, "sets an item of a value that is not a dictionary"));
        };
        let pairs = self.stack[from..].chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Err(self.refused(start, "sets a key without a value"));
        }
        for pair in pairs {
            if let [
                key,
                value @ (PickleValue::Tensor(_)
                | PickleValue::TypedTensor(_)
                | PickleValue::Dict(_)),
            ] = *pair
            {
                within(self.items.len(), MAX_VALUES, "entries")?;
                self.items.push(Item { dict, key, value });
            }
        }
        self.stack.truncate(from);
        Ok(())
    }

    fn new_dict(&mut self) -> Parsed<()> {
        self.dicts += 1;
        self.push(PickleValue::Dict(self.dicts))
    }

    /// Stores the top of the stack in the memo. Picklers number memoized values from zero.
    fn memoize(&mut self, code: u8) -> Parsed<()> {
        let at = match code {
            MEMOIZE => self.memo.len(),
            BINPUT => self.length(1)?,
            _ => self.length(4)?,
        };
        let value = self.top()?;
        let next = self.memo.len();
        if at > next {
            return Err(format!("its pickle memoizes a value as number {at}, expected {next}"));
        }
        within(at, MAX_VALUES, "memoized values")?;
        self.memo.resize(next.max(at + 1), value);
        self.memo[at] = value;
        Ok(())
    }

    fn recall(&mut self, code: u8, start: usize) -> Parsed<()> {
        let at = self.length(if code == BINGET { 1 } else { 4 })?;
        match self.memo.get(at) {
            Some(value) => self.push(*value),
            None => Err(self.refused(start, "reads a memo entry that does not exist")),
        }
    }

    fn global(&mut self, code: u8, start: usize) -> Parsed<()> {
        let (module, name) = if code == GLOBAL {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            let (PickleValue::Text(module), PickleValue::Text(name)) = (module, name) else {
                return Err(self.refused(start, "asks for something without a name"));
            };
            (self.text(module), self.text(name))
        };
        let global = Global::parse(module, name).ok_or_else(|| asks_for(module, name))?;
        self.push(PickleValue::Global(global))
    }

    /// Records a call as the value it would return.
    fn call(&mut self, start: usize) -> Parsed<()> {
        let (arguments, called) = (self.pop()?, self.pop()?);
        let (PickleValue::Global(called), PickleValue::Tuple(span)) = (called, arguments) else {
            return Err(self.refused(start, "calls a value that is not a function"));
        };
        let value = match (called, self.elements(span)) {
            (Global::OrderedDict, []) => return self.new_dict(),
            (Global::Size, [size @ PickleValue::Tuple(_)]) => *size,
            (
                Global::Parameter,
                [tensor @ (PickleValue::Tensor(_) | PickleValue::TypedTensor(_)), _, _],
            ) => *tensor,
            // Storage, offset, size, stride, requires_grad, hooks and optional metadata.
            (Global::Tensor, [_, _, _, _, _, _] | [_, _, _, _, _, _, _]) => {
                PickleValue::Tensor(span)
            }
            // The seventh is the type.
            (Global::TypedTensor, [_, _, _, _, _, _, _] | [_, _, _, _, _, _, _, _]) => {
                PickleValue::TypedTensor(span)
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

    /// Drops the state that is set on a dictionary.
    fn build(&mut self, start: usize) -> Parsed<()> {
        let (state, object) = (self.pop()?, self.top()?);
        if !matches!((object, state), (PickleValue::Dict(_), PickleValue::Dict(_))) {
            return Err(self.refused(start, "sets the state of a value that is not a dictionary"));
        }
        Ok(())
    }

    /// A persistent id: `("storage", type, key, device, size)`. The device is ignored.
    fn storage(&mut self, start: usize) -> Parsed<()> {
        let id = self.pop()?;
        if let PickleValue::Tuple(span) = id
            && let [
                PickleValue::Text(kind),
                PickleValue::Global(Global::Storage(_) | Global::UntypedStorage),
                PickleValue::Text(_),
                _,
                PickleValue::Int(_),
            ] = self.elements(span)
            && self.text(*kind) == "storage"
        {
            return self.push(PickleValue::Storage(span));
        }
        Err(self.refused(start, "has a persistent id that is not a storage"))
    }

    // The stack.

    fn push(&mut self, value: PickleValue) -> Parsed<()> {
        within(self.stack.len(), MAX_STACK, "values at once")?;
        self.stack.push(value);
        Ok(())
    }

    /// The height of the stack below `count` values, which must lie above the last mark.
    fn below(&self, count: usize) -> Parsed<usize> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let height = self.stack.len().checked_sub(count).filter(|height| *height >= bottom);
        height.ok_or_else(|| "its pickle takes a value from an empty stack".into())
    }

    fn top(&self) -> Parsed<PickleValue> {
        Ok(self.stack[self.below(1)?])
    }

    fn pop(&mut self) -> Parsed<PickleValue> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    /// Removes the last mark; returns its height.
    fn pop_mark(&mut self) -> Parsed<usize> {
        self.marks.pop().ok_or_else(|| "its pickle takes a value from an empty stack".into())
    }

    // The bytes.

    fn take(&mut self, count: usize) -> Parsed<ByteSpan> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("its pickle is cut short")?;
        let span = ByteSpan { start: self.at as u32, end: end as u32 };
        self.at = end;
        Ok(span)
    }

    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let span = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(self.span(span));
        Ok(out)
    }

    fn byte(&mut self) -> Parsed<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned number of `bytes` bytes; one that does not fit is longer than any file.
    fn length(&mut self, bytes: usize) -> Parsed<usize> {
        let span = self.take(bytes)?;
        let number =
            self.span(span).iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A signed number preceded by its length.
    fn long(&mut self) -> Parsed<i64> {
        let length = self.length(1)?;
        let span = self.take(length)?;
        let bytes = self.span(span);
        if bytes.len() > 8 {
            return Err(format!("its pickle has a number of {} bytes", bytes.len()));
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(whole))
    }

    /// Bytes up to the end of the line.
    fn line(&mut self) -> Parsed<&'b str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or("its pickle is cut short")?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end])
            .map_err(|_| "its pickle asks for a name that is not UTF-8".into())
    }

    fn span(&self, span: ByteSpan) -> &'b [u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    /// The elements of a tuple.
    pub(super) fn elements(&self, span: ByteSpan) -> &[PickleValue] {
        &self.elements[span.start as usize..span.end as usize]
    }

    /// A text, which was validated when it was read.
    pub(super) fn text(&self, span: ByteSpan) -> &'b str {
        std::str::from_utf8(self.span(span)).unwrap_or_default()
    }

    fn refused(&self, at: usize, what: &str) -> String {
        format!("its pickle {what} (at byte {at}): only tensors are read")
    }
}

/// Fails if one more than `count` would be over the limit.
pub(super) fn within(count: usize, limit: usize, what: &str) -> Parsed<()> {
    if count < limit { Ok(()) } else { Err(format!("its pickle has more than {limit} {what}")) }
}

fn asks_for(module: &str, name: &str) -> String {
    format!("it asks for {}.{}: only tensors are read", shown(module), shown(name))
}
