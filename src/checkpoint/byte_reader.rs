//! A cursor over foreign little-endian bytes, which ends with a reason and not with a panic.

/// A value, or the reason why the bytes have none.
pub(super) type Parsed<T> = std::result::Result<T, String>;

/// A cursor over foreign bytes.
pub(super) struct ByteReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> ByteReader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Number of all bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Number of bytes taken.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Parsed<&'b [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("it ends at byte {}, too early", self.bytes.len()))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub fn u32(&mut self) -> Parsed<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Parsed<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number from 1 to `most`.
    pub fn count(&mut self, what: &str, most: u32) -> Parsed<usize> {
        match self.u32()? {
            count if (1..=most).contains(&count) => Ok(count as usize),
            other => Err(format!("{what}: {other} (1 to {most} are possible)")),
        }
    }
}
