//! Writes GGUF files, valid or invalid: every field can be set freely.

/// Metadata values, by GGUF type.
#[derive(Clone)]
pub enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Floats(Vec<f32>),
    Ints(Vec<i32>),
    /// Type id and raw bytes.
    Raw(u32, Vec<u8>),
}

#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    /// Dimensions in the file's order: columns first.
    pub dimensions: Vec<u64>,
    pub ggml_type: u32,
    pub offset: u64,
}

/// A GGUF file to write.
#[derive(Clone)]
pub struct File {
    pub magic: [u8; 4],
    pub version: u32,
    pub metadata: Vec<(String, Value)>,
    pub tensors: Vec<Tensor>,
    /// Tensor count in the header, if it differs from the real one.
    pub tensor_count: Option<u64>,
    pub value_count: Option<u64>,
    pub alignment: usize,
    pub data: Vec<u8>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            metadata: Vec::new(),
            tensors: Vec::new(),
            tensor_count: None,
            value_count: None,
            alignment: 32,
            data: Vec::new(),
        }
    }
}

impl File {
    pub fn set(mut self, key: &str, value: Value) -> Self {
        self.metadata.push((key.to_string(), value));
        self
    }

    /// Appends a tensor of f32.
    pub fn tensor(mut self, name: &str, dimensions: &[u64]) -> Self {
        let bytes = dimensions.iter().product::<u64>() as usize * 4;
        let offset = self.data.len() as u64;
        let dimensions = dimensions.to_vec();
        self.tensors.push(Tensor { name: name.to_string(), dimensions, ggml_type: 0, offset });
        self.data.resize((self.data.len() + bytes).next_multiple_of(self.alignment), 0);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(self.tensor_count.unwrap_or(self.tensors.len() as u64).to_le_bytes());
        out.extend(self.value_count.unwrap_or(self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            text(&mut out, key);
            value.write(&mut out);
        }
        for tensor in &self.tensors {
            text(&mut out, &tensor.name);
            out.extend((tensor.dimensions.len() as u32).to_le_bytes());
            tensor.dimensions.iter().for_each(|dimension| out.extend(dimension.to_le_bytes()));
            out.extend(tensor.ggml_type.to_le_bytes());
            out.extend(tensor.offset.to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(self.alignment.max(1)), 0);
        out.extend(&self.data);
        out
    }
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        let mut list = |element: u32, count: usize, bytes: Vec<u8>| {
            out.extend(9u32.to_le_bytes());
            out.extend(element.to_le_bytes());
            out.extend((count as u64).to_le_bytes());
            out.extend(bytes);
        };
        match self {
            Self::Texts(texts) => {
                let mut bytes = Vec::new();
                texts.iter().for_each(|one| text(&mut bytes, one));
                list(8, texts.len(), bytes);
            }
            Self::Floats(floats) => {
                list(6, floats.len(), floats.iter().flat_map(|one| one.to_le_bytes()).collect());
            }
            Self::Ints(ints) => {
                list(5, ints.len(), ints.iter().flat_map(|one| one.to_le_bytes()).collect())
            }
            Self::U32(number) => {
                out.extend(4u32.to_le_bytes());
                out.extend(number.to_le_bytes());
            }
            Self::F32(number) => {
                out.extend(6u32.to_le_bytes());
                out.extend(number.to_le_bytes());
            }
            Self::Bool(flag) => {
                out.extend(7u32.to_le_bytes());
                out.push(u8::from(*flag));
            }
            Self::Text(value) => {
                out.extend(8u32.to_le_bytes());
                text(out, value);
            }
            Self::Raw(kind, bytes) => {
                out.extend(kind.to_le_bytes());
                out.extend(bytes);
            }
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
