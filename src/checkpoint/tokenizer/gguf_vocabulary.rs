//! Tokenizers of the `tokenizers` crate built from GGUF metadata: byte-level BPE (`gpt2`),
//! SentencePiece BPE (`llama`) and Gemma 4's.

use ahash::{AHashMap, AHashSet};
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as DecoderSequence;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{NFC, Replace};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use super::added::{AddedToken, Strip, is_turn_end};
use super::library::{NOT_FIRST, unusable};
use crate::checkpoint::gguf::Gguf;
use crate::error::{Error, Result};

/// GGUF token types, as `llama_token_type` of llama.cpp numbers them.
const CONTROL: u8 = 3;
const USER_DEFINED: u8 = 4;
const BYTE: u8 = 6;

/// A pre-tokenizer: the splitting of text into words before merges are applied.
struct PreTokenizer {
    /// Names in llama.cpp.
    names: &'static [&'static str],
    /// Expressions applied one after another; each match is a word.
    patterns: &'static [&'static str],
    /// A word that is a token becomes that token, whatever the merges say.
    ignore_merges: bool,
    /// Text is normalized to NFC first, as by the model's own tokenizer.
    normalize: bool,
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const EXAONE_MOE: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+";
const CJK: &str = "[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+";
const HUNYUAN: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##;

/// All supported pre-tokenizers. Any other is an error, because a wrong one gives wrong ids without
/// a sign. Sources of the expressions: the `tokenizer.json` of the models, and `llm_tokenizer_bpe`
/// in llama.cpp's `llama-vocab.cpp`.
const PRE_TOKENIZERS: &[PreTokenizer] = &[
    PreTokenizer {
        names: &[
            "gpt-2",
            "exaone4",
            "trillion",
            "a.x-4.0",
            "phi-2",
            "mpt",
            "olmo",
            "granite-docling",
        ],
        patterns: &[GPT2],
        ignore_merges: false,
        normalize: false,
    },
    PreTokenizer {
        names: &["smollm", "exaone", "starcoder", "refact", "command-r", "codeshell", "minerva-7b"],
        patterns: &[r"\p{N}", GPT2],
        ignore_merges: false,
        normalize: false,
    },
    PreTokenizer {
        names: &["qwen2", "deepseek-r1-qwen", "megrez"],
        patterns: &[QWEN2],
        ignore_merges: false,
        normalize: true,
    },
    PreTokenizer { names: &["qwen35"], patterns: &[QWEN35], ignore_merges: false, normalize: true },
    PreTokenizer {
        // For `smaug-bpe` llama.cpp does not ignore merges, but SmolLM 3's tokenizer.json does.
        names: &[
            "llama-bpe",
            "llama-v3",
            "llama3",
            "midm-2.0",
            "lfm2",
            "smaug-bpe",
            "falcon3",
            "falcon-h1",
        ],
        patterns: &[LLAMA3],
        ignore_merges: true,
        normalize: false,
    },
    PreTokenizer { names: &["dbrx"], patterns: &[LLAMA3], ignore_merges: false, normalize: false },
    PreTokenizer { names: &["tekken"], patterns: &[TEKKEN], ignore_merges: true, normalize: false },
    PreTokenizer {
        names: &["gpt-4o", "kanana2", "llama4"],
        patterns: &[GPT4O],
        ignore_merges: false,
        normalize: false,
    },
    PreTokenizer {
        names: &["exaone-moe"],
        patterns: &[EXAONE_MOE],
        ignore_merges: false,
        normalize: false,
    },
    PreTokenizer {
        names: &["hunyuan-dense", "deepseek-v3"],
        patterns: &[r"\p{N}{1,3}", CJK, HUNYUAN],
        ignore_merges: false,
        normalize: false,
    },
];

/// The tokenizer that the metadata describe, and its added tokens.
pub(super) fn read(gguf: &Gguf) -> Result<(tokenizers::Tokenizer, Vec<AddedToken>)> {
    let file = gguf.file().path();
    let fail = |reason: String| unusable(file, reason);
    let model =
        gguf.text("tokenizer.ggml.model").ok_or_else(|| fail("no tokenizer.ggml.model".into()))?;
    let vocabulary = GgufVocabulary::read(gguf).map_err(fail)?;
    let built = match model {
        "gpt2" => byte_level(gguf, &vocabulary),
        "llama" => sentencepiece(gguf, &vocabulary),
        "gemma4" => gemma4(gguf, &vocabulary),
        other => {
            return Err(Error::Unsupported {
                what: format!("tokenizer `{other}`"),
                file: file.to_path_buf(),
                supported: "gpt2, llama, gemma4, t5".into(),
            });
        }
    };
    Ok((built.map_err(fail)?, vocabulary.added()))
}

/// The token list of a GGUF file.
struct GgufVocabulary<'g> {
    tokens: Vec<&'g str>,
    kinds: Vec<u8>,
    /// Texts of turn ends that merges make of shorter pieces: ordinary words of this vocabulary,
    /// like `</s>` in Qwen's.
    made_turn_ends: AHashSet<String>,
}

impl<'g> GgufVocabulary<'g> {
    fn read(gguf: &'g Gguf) -> std::result::Result<Self, String> {
        let tokens: Vec<&str> =
            gguf.strings("tokenizer.ggml.tokens").ok_or("no tokenizer.ggml.tokens")?.collect();
        let kinds: Vec<u8> = match gguf.numbers("tokenizer.ggml.token_type") {
            Some(kinds) => kinds.map(|kind| kind as u8).collect(),
            None => vec![1; tokens.len()],
        };
        if tokens.is_empty() || kinds.len() != tokens.len() {
            return Err(format!("{} tokens, {} token types", tokens.len(), kinds.len()));
        }
        for key in
            ["bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id", "eot_token_id"]
        {
            if let Some(id) = gguf.number(&format!("tokenizer.ggml.{key}"))
                && id >= tokens.len() as u64
                && id != u64::from(u32::MAX)
            {
                return Err(format!("{key} is {id}, but there are {} tokens", tokens.len()));
            }
        }
        let merges = gguf.strings("tokenizer.ggml.merges").into_iter().flatten();
        let merged = merges
            .filter_map(|merge| merge.split_once(' '))
            .map(|(one, other)| format!("{one}{other}"));
        let made_turn_ends = merged.filter(|text| is_turn_end(text)).collect();
        Ok(Self { tokens, kinds, made_turn_ends })
    }

    /// Tokens that no merge makes. Those whose text ends turns are control tokens of any type.
    fn added(&self) -> Vec<AddedToken> {
        // Next to another turn end `</s>` is an HTML tag, as in Gemma's vocabularies.
        let has_other = self.tokens.iter().any(|text| *text != "</s>" && is_turn_end(text));
        let ends_turns = |text: &str| {
            is_turn_end(text)
                && !(text == "</s>" && has_other)
                && !self.made_turn_ends.contains(text)
        };
        let is_added =
            |text: &str, kind: u8| matches!(kind, CONTROL | USER_DEFINED) || ends_turns(text);
        self.tokens
            .iter()
            .zip(&self.kinds)
            .enumerate()
            .filter(|(_, (text, kind))| is_added(text, **kind))
            .map(|(id, (text, kind))| {
                AddedToken::new((*text).to_string(), id as u32, *kind == CONTROL, Strip::default())
            })
            .collect()
    }

    /// Ids of the tokens that text can have, by text; the first of several with the same text.
    fn mergeable(&self) -> AHashMap<String, u32> {
        let control: AHashSet<u32> =
            self.added().iter().filter(|token| token.is_control()).map(|token| token.id).collect();
        let mut ids = AHashMap::with_capacity(self.tokens.len());
        for (id, token) in self.tokens.iter().enumerate() {
            let id = id as u32;
            if !control.contains(&id) {
                ids.entry((*token).to_string()).or_insert(id);
            }
        }
        ids
    }
}

type Built = std::result::Result<tokenizers::Tokenizer, String>;

/// Byte-level BPE as in GPT-2: tokens are written in 256 printable characters that stand for bytes.
fn byte_level(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Built {
    let name = gguf.text("tokenizer.ggml.pre").unwrap_or("default");
    let supported =
        || PRE_TOKENIZERS.iter().flat_map(|row| row.names).copied().collect::<Vec<_>>().join(", ");
    let row = PRE_TOKENIZERS.iter().find(|row| row.names.contains(&name));
    let row = row.ok_or_else(|| {
        format!("the pre-tokenizer `{name}` is not supported (supported: {})", supported())
    })?;
    let mut tokens = vocabulary.mergeable();
    let merges = merges(gguf, &tokens)?;
    // With an id after all others; the library would give it that of a control token or a piece.
    tokens.insert(NOT_FIRST.to_string(), vocabulary.tokens.len() as u32);
    let bpe =
        BPE::builder().vocab_and_merges(tokens, merges).ignore_merges(row.ignore_merges).build();
    let mut inner = tokenizers::Tokenizer::new(bpe.map_err(|e| e.to_string())?);
    if row.normalize {
        inner.with_normalizer(Some(NFC)).map_err(|e| e.to_string())?;
    }
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for pattern in row.patterns {
        let pattern = SplitPattern::Regex((*pattern).to_string());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
            .map_err(|e| e.to_string())?;
        steps.push(split.into());
    }
    steps.push(ByteLevel::new(false, false, false).into());
    inner.with_pre_tokenizer(Some(Sequence::new(steps)));
    inner.with_decoder(Some(ByteLevel::default()));
    Ok(inner)
}

/// The merges of a file, best first.
fn merges(
    gguf: &Gguf,
    tokens: &AHashMap<String, u32>,
) -> std::result::Result<Vec<(String, String)>, String> {
    let mut merges = Vec::new();
    for merge in gguf.strings("tokenizer.ggml.merges").ok_or("no tokenizer.ggml.merges")? {
        let pair = merge
            .split_once(' ')
            .ok_or_else(|| format!("the merge `{merge}` is not two tokens"))?;
        // The library panics on some of these.
        if !tokens.contains_key(&format!("{}{}", pair.0, pair.1)) {
            return Err(format!("the merge `{merge}` makes no token"));
        }
        merges.push((pair.0.to_string(), pair.1.to_string()));
    }
    Ok(merges)
}

/// BPE over characters, with blanks as `▁` and byte fallback for other text.
fn pieces_with_bytes(
    gguf: &Gguf,
    vocabulary: &GgufVocabulary<'_>,
    mut tokens: AHashMap<String, u32>,
    merges: Vec<(String, String)>,
) -> Built {
    tokens.insert(NOT_FIRST.to_string(), vocabulary.tokens.len() as u32);
    let bpe = BPE::builder().vocab_and_merges(tokens, merges).byte_fallback(true).fuse_unk(true);
    let bpe = match gguf.number("tokenizer.ggml.unknown_token_id") {
        Some(id) if id < vocabulary.tokens.len() as u64 => {
            bpe.unk_token(vocabulary.tokens[id as usize].to_string())
        }
        _ => bpe,
    };
    let mut inner = tokenizers::Tokenizer::new(bpe.build().map_err(|e| e.to_string())?);
    let blanks = Replace::new("▁", " ").map_err(|e| e.to_string())?;
    let steps = vec![blanks.into(), ByteFallback::new().into(), Fuse::new().into()];
    inner.with_decoder(Some(DecoderSequence::new(steps)));
    Ok(inner)
}

/// Gemma 4's tokenizer: pieces with a list of merges, split at line ends only. Scores are not used.
fn gemma4(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Built {
    let tokens = vocabulary.mergeable();
    let merges = merges(gguf, &tokens)?;
    let mut inner = pieces_with_bytes(gguf, vocabulary, tokens, merges)?;
    let blanks = Replace::new(" ", "▁").map_err(|e| e.to_string())?;
    inner.with_normalizer(Some(blanks)).map_err(|e| e.to_string())?;
    // Splitting does not change the ids; it keeps the words short in which merges are searched.
    let lines = SplitPattern::Regex(r"[^\n]+|\n+".to_string());
    let lines =
        Split::new(lines, SplitDelimiterBehavior::Isolated, false).map_err(|e| e.to_string())?;
    inner.with_pre_tokenizer(Some(lines));
    Ok(inner)
}

/// SentencePiece BPE: pieces are merged by score, with blanks as `▁` and byte fallback.
///
/// The library's BPE merges by rank, so each piece that consists of two others becomes a merge with
/// the rank of its score. Hugging Face converts these models in the same way
/// (`convert_slow_tokenizer.py`, `SentencePieceExtractor`).
fn sentencepiece(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Built {
    let scores: Vec<f64> =
        gguf.numbers("tokenizer.ggml.scores").ok_or("no tokenizer.ggml.scores")?.collect();
    if scores.len() != vocabulary.tokens.len() {
        return Err(format!("{} tokens, {} scores", vocabulary.tokens.len(), scores.len()));
    }
    let tokens = vocabulary.mergeable();
    let mut ranked = Vec::new();
    for (token, id) in &tokens {
        let kind = vocabulary.kinds[*id as usize];
        let is_word = kind == USER_DEFINED && !token.chars().all(|c| c.is_whitespace() || c == '▁');
        // Words are matched whole before merging.
        if kind == BYTE || is_word {
            continue;
        }
        for (at, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(at);
            if let (Some(left_id), Some(right_id)) = (tokens.get(left), tokens.get(right)) {
                ranked.push((*id, *left_id, *right_id));
            }
        }
    }
    let score = |id: u32| scores[id as usize];
    ranked.sort_unstable_by(|a, b| score(b.0).total_cmp(&score(a.0)).then(a.cmp(b)));
    let text = |id: u32| vocabulary.tokens[id as usize].to_string();
    let merges =
        ranked.into_iter().map(|(_, left, right)| (text(left), text(right))).collect::<Vec<_>>();
    let mut inner = pieces_with_bytes(gguf, vocabulary, tokens, merges)?;
    let blanks = Replace::new(" ", "▁").map_err(|e| e.to_string())?;
    // `add_space_prefix` puts a blank before every text, as in Llama 2 and Mistral; not in Gemma.
    if gguf.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true) {
        let prefix = tokenizers::normalizers::Prepend::new("▁".to_string());
        let steps = tokenizers::normalizers::Sequence::new(vec![prefix.into(), blanks.into()]);
        inner.with_normalizer(Some(steps)).map_err(|e| e.to_string())?;
    } else {
        inner.with_normalizer(Some(blanks)).map_err(|e| e.to_string())?;
    }
    Ok(inner)
}
