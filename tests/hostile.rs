use std::path::Path;

use allocation_counter::measure;
use malmoi::internals::checkpoint::{
    ChatTemplate, Checkpoint, Content, Gguf, Message, Safetensors, Tokenizer, fuzzing,
};
use proptest::prelude::*;

use crate::support::gguf::{File, Tensor, Value};

/// A valid file.
fn sound() -> File {
    File::default()
        .set("general.architecture", Value::Text("llama".into()))
        .set("llama.block_count", Value::U32(1))
        .set("llama.rope.freq_base", Value::F32(1e4))
        .set("tokenizer.ggml.tokens", Value::Texts(vec!["a".into(), "b".into(), "ab".into()]))
        .tensor("token_embd.weight", &[8, 3])
        .tensor("output_norm.weight", &[8])
}

fn refusal(file: &File) -> String {
    match Gguf::from_bytes(&file.bytes()) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_sound_file_of_either_version_is_read() {
    for version in [2, 3] {
        let gguf = Gguf::from_bytes(&File { version, ..sound() }.bytes()).unwrap();
        assert_eq!(gguf.text("general.architecture"), Some("llama"));
        assert_eq!(gguf.number("llama.block_count"), Some(1));
        assert_eq!(
            gguf.strings("tokenizer.ggml.tokens").unwrap().collect::<Vec<_>>(),
            ["a", "b", "ab"]
        );
        let embeddings = &gguf.tensors()["token_embd.weight"];
        assert_eq!((embeddings.shape.as_slice(), embeddings.range.len()), (&[3, 8][..], 96));
        assert_eq!(embeddings.range.start % 32, 0);
    }
}

#[test]
fn another_alignment_is_respected() {
    let file = File { alignment: 256, ..File::default() }
        .set("general.alignment", Value::U32(256))
        .tensor("a.weight", &[8])
        .tensor("b.weight", &[8]);
    let gguf = Gguf::from_bytes(&file.bytes()).unwrap();
    assert!(gguf.tensors().values().all(|tensor| tensor.range.start.is_multiple_of(256)));
}

#[test]
fn every_invalid_header_is_refused_with_its_reason() {
    let with = |change: &dyn Fn(&mut File)| {
        let mut file = sound();
        change(&mut file);
        file
    };
    let first = |change: &dyn Fn(&mut Tensor)| with(&|file| change(&mut file.tensors[0]));
    let value = |kind: u32, bytes: &[u8]| sound().set("x", Value::Raw(kind, bytes.to_vec()));
    let huge = (1u64 << 40).to_le_bytes();
    let nested: Vec<u8> = [9u32, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    let strings: Vec<u8> = [&8u32.to_le_bytes()[..], &huge].concat();
    let cases: &[(File, &str)] = &[
        (with(&|file| file.magic = *b"GGML"), "does not begin with `GGUF`"),
        (with(&|file| file.version = 1), "version 1 (2 and 3 are supported)"),
        (with(&|file| file.version = 3u32.swap_bytes()), "big-endian"),
        (
            with(&|file| file.tensor_count = Some(u64::MAX)),
            "18446744073709551615 tensors in a file of",
        ),
        (
            with(&|file| file.value_count = Some(1 << 40)),
            "1099511627776 metadata entries in a file of",
        ),
        (with(&|file| file.value_count = Some(5)), "runs past the end"),
        (
            sound().set("llama.block_count", Value::U32(2)),
            "metadata `llama.block_count` is given twice",
        ),
        (sound().set("general.alignment", Value::U32(0)), "not a power of two"),
        (sound().set("general.alignment", Value::U32(48)), "not a power of two"),
        (sound().set("general.alignment", Value::U32(1 << 20)), "not a power of two"),
        (sound().set("general.alignment", Value::F32(32.0)), "not a power of two"),
        (sound().set(&"k".repeat(300), Value::U32(0)), "a name of 300 bytes"),
        (value(8, &huge), "a string of 1099511627776 bytes runs past the end"),
        (value(9, &strings), "an array of 1099511627776 strings runs past the end"),
        (
            value(9, &[&0u32.to_le_bytes()[..], &huge].concat()),
            "1099511627776 elements runs past the end",
        ),
        (value(9, &nested), "elements of unsupported type 9"),
        (value(13, &[]), "unknown type 13"),
        (value(7, &[2]), "a boolean of 2"),
        (value(8, &[&2u64.to_le_bytes()[..], &[0xff, 0xfe]].concat()), "is not UTF-8"),
        (first(&|tensor| tensor.dimensions = vec![1 << 33, 1 << 33]), "a dimension of 8589934592"),
        (first(&|tensor| tensor.dimensions = vec![0]), "a dimension of 0"),
        (first(&|tensor| tensor.dimensions = vec![]), "0 dimensions"),
        (first(&|tensor| tensor.dimensions = vec![1; 5]), "5 dimensions"),
        (first(&|tensor| tensor.dimensions = vec![1 << 31; 4]), "multiply to more than 2^64"),
        (first(&|tensor| tensor.dimensions = vec![1 << 31, 1 << 20]), "is cut short"),
        (first(&|tensor| tensor.ggml_type = 23), "stored as IQ4_XS, which is not supported"),
        (first(&|tensor| tensor.ggml_type = 999), "stored as type 999"),
        (first(&|tensor| tensor.ggml_type = 12), "rows of 8 do not divide into blocks of 256"),
        (first(&|tensor| tensor.offset = 8), "offset 8 is not a multiple of 32"),
        (with(&|file| file.tensors[1].offset = 64), "overlaps the one before it"),
        (first(&|tensor| tensor.offset = u64::MAX - 31), "overflows"),
        (with(&|file| file.tensors[1].name = "token_embd.weight".into()), "is given twice"),
        (with(&|file| file.data.truncate(64)), "the file is cut short"),
    ];
    for (file, reason) in cases {
        let message = refusal(file);
        assert!(message.contains(reason), "{message}\n  expected: {reason}");
    }
}

/// Checks that the tensors of an accepted file lie in it without overlap.
fn is_consistent(bytes: &[u8]) {
    let Ok(gguf) = Gguf::from_bytes(bytes) else { return };
    let mut ranges: Vec<_> = gguf.tensors().values().map(|tensor| tensor.range.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    assert!(ranges.iter().all(|range| range.start < range.end && range.end <= bytes.len()));
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
    for tensor in gguf.tensors().values() {
        let blocks = tensor.shape.iter().product::<usize>() / tensor.ggml_type.block_len();
        assert_eq!(blocks * tensor.ggml_type.block_bytes(), tensor.range.len());
    }
}

/// Checks the memory of a parser: an entry of a header may be larger as a value than as bytes, by a
/// constant factor.
fn is_frugal(parse: impl FnOnce(&[u8]) -> bool, bytes: &[u8]) {
    let used = measure(|| {
        parse(bytes);
    });
    let limit = 64 * 1024 + 32 * bytes.len() as u64;
    assert!(used.bytes_max <= limit, "{} bytes for a file of {}", used.bytes_max, bytes.len());
}

/// A valid safetensors file.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

const HEADER: &str = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]},"c":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}"#;
const INDEX: &str =
    r#"{"metadata":{},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;

/// Damaged copies of a file: some bytes changed, the end missing or other bytes appended.
fn damaged(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    let changes = proptest::collection::vec((0..length, any::<u8>()), 0..6);
    (changes, 0..=length, proptest::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(
        move |(changes, cut, tail, whole)| {
            let mut damaged = bytes.clone();
            for (at, byte) in changes {
                damaged[at] = byte;
            }
            if !whole {
                damaged.truncate(cut);
                damaged.extend(tail);
            }
            damaged
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_gguf_reader_panic_or_greedy(
        bytes in prop_oneof![damaged(sound().bytes()), damaged(byte_level().bytes()), proptest::collection::vec(any::<u8>(), 0..200)]
    ) {
        is_consistent(&bytes);
        is_frugal(fuzzing::gguf, &bytes);
    }

    #[test]
    fn no_bytes_make_the_safetensors_reader_panic_or_greedy(
        bytes in prop_oneof![damaged(safetensors(HEADER, 32)), proptest::collection::vec(any::<u8>(), 0..200)]
    ) {
        is_frugal(fuzzing::safetensors, &bytes);
    }

    #[test]
    fn no_bytes_make_the_index_reader_panic_or_greedy(bytes in damaged(INDEX.into())) {
        is_frugal(fuzzing::index, &bytes);
    }

    #[test]
    fn no_metadata_makes_the_tokenizer_panic(bytes in prop_oneof![damaged(byte_level().bytes()), damaged(pieces().bytes())]) {
        fuzzing::tokenizer(&bytes);
    }

    #[test]
    fn text_comes_back_from_its_ids_whole_and_in_pieces(text in "([가-힣a-c <|_end>▁]|\\PC){0,40}") {
        prop_assume!(!text.contains('\u{FFFD}'));
        for file in [byte_level(), pieces()] {
            let tokenizer = tokenizer(&file).unwrap();
            let ids = tokenizer.encode(&text).unwrap();
            prop_assert!(!ids.contains(&END), "a special token came out of plain text");
            // SentencePiece writes a blank as a character that a text may contain too.
            prop_assert_eq!(tokenizer.decode(&ids).unwrap(), text.replace('▁', if file.is_pieces() { " " } else { "▁" }));
            let mut stream = tokenizer.stream();
            let mut streamed = String::new();
            for id in &ids {
                let fresh = stream.push(*id).unwrap();
                prop_assert!(!fresh.contains('\u{FFFD}'), "half a character: {fresh}");
                streamed.push_str(&fresh);
            }
            streamed.push_str(&stream.finish().unwrap());
            prop_assert_eq!(streamed, tokenizer.decode(&ids).unwrap());
        }
    }
}

#[test]
fn invalid_safetensors_headers_are_refused_with_their_reason() {
    let swap = |from: &str, to: &str| safetensors(&HEADER.replace(from, to), 32);
    let cases: &[(Vec<u8>, &str)] = &[
        (b"abc".to_vec(), "too short"),
        (u64::MAX.to_le_bytes().to_vec(), "does not fit a file of 8"),
        (safetensors(HEADER, 31), "lies at 24..32 of 31 bytes: the file is cut short"),
        (swap("[0,16]", "[16,0]"), "lies at 16..0"),
        (swap("[16,24]", "[8,16]"), "overlaps the one before it"),
        (swap("[2,2]", "[2,3]"), "of shape [2, 3] does not take 16 bytes"),
        (swap("[2,2]", "[4294967296,4294967296]"), "does not take 16 bytes"),
        (swap("\"b\"", "\"a\""), "`a` is given twice"),
        (swap("\"shape\":[4],", ""), "missing field `shape`"),
        (safetensors("[1]", 0), "expected an object"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (bytes, reason) in cases {
        std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let message = Safetensors::open(folder.path()).err().unwrap().to_string();
        assert!(message.contains(reason), "{message}\n  expected: {reason}");
    }
    std::fs::write(folder.path().join("model.safetensors"), safetensors(HEADER, 32)).unwrap();
    let sound = Safetensors::open(folder.path()).unwrap();
    assert_eq!(sound.get("a").unwrap().unwrap().1.shape, [2, 2]);
    let message = sound.get("c").err().unwrap().to_string();
    assert!(message.starts_with("tensor `c` of type I64 is not supported"), "{message}");
}

#[test]
fn an_index_names_files_beside_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (shard, reason) in [
        ("../../etc/passwd", "is not a safetensors file beside it"),
        ("/etc/x.safetensors", "is not a safetensors file beside it"),
        ("model.bin", "is not a safetensors file beside it"),
        ("model-1.safetensors", "does not exist"),
    ] {
        let index = INDEX.replace("model-1.safetensors", shard);
        std::fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
        let message = Safetensors::open(folder.path()).err().unwrap().to_string();
        assert!(message.contains(reason), "{shard}: {message}");
    }
    std::fs::write(folder.path().join("model-1.safetensors"), safetensors(HEADER, 32)).unwrap();
    std::fs::write(folder.path().join("model-2.safetensors"), safetensors(HEADER, 32)).unwrap();
    std::fs::write(folder.path().join("model.safetensors.index.json"), INDEX).unwrap();
    let message = Safetensors::open(folder.path()).err().unwrap().to_string();
    assert!(message.contains("is in two files"), "{message}");
}

#[test]
fn a_split_file_is_opened_by_its_first_part() {
    let folder = tempfile::tempdir().unwrap();
    let part = |number: u32, file: File| {
        let path = folder.path().join(format!("m-{:05}-of-00002.gguf", number + 1));
        let file = file.set("split.no", Value::U32(number)).set("split.count", Value::U32(2));
        std::fs::write(&path, file.bytes()).unwrap();
        path
    };
    let first = part(0, sound());
    let message = Checkpoint::open(&first).err().unwrap().to_string();
    assert!(message.contains("m-00002-of-00002.gguf does not exist"), "{message}");
    let second = part(1, File::default().tensor("blk.0.attn_norm.weight", &[8]));
    let checkpoint = Checkpoint::open(&first).unwrap();
    for name in ["model.norm.weight", "model.layers.0.input_layernorm.weight"] {
        assert_eq!(checkpoint.tensor(name, &[8]).unwrap().bytes.len(), 32, "{name}");
    }
    let message = checkpoint.tensor("model.norm.weight", &[9]).err().unwrap().to_string();
    assert!(message.contains("`model.norm.weight` has shape [8], expected [9]"), "{message}");
    let message = Checkpoint::open(&second).err().unwrap().to_string();
    assert!(message.contains("name the first, which ends in -00001-of-00002.gguf"), "{message}");
}

const END: u32 = 260;

/// A byte-level vocabulary: the bytes, three merges, an EOS token, and a control token that is not
/// flagged as special.
fn byte_level() -> File {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = 256u32..;
    let spell = |byte: u8| {
        char::from_u32(if printable(&byte) { u32::from(byte) } else { others.next().unwrap() })
    };
    let mut tokens: Vec<String> = (0..=255u8).map(spell).map(|c| c.unwrap().to_string()).collect();
    // "가" is ea b0 80: its first two bytes are a token, and so are all three.
    let ga: Vec<String> = [0xea, 0xb0, 0x80].map(|byte: usize| tokens[byte].clone()).to_vec();
    let (half, whole) = (ga[..2].concat(), ga.concat());
    tokens.extend([
        "ab".into(),
        "abc".into(),
        half.clone(),
        whole,
        "<|end|>".into(),
        "<tool>".into(),
    ]);
    let merges = vec![
        "a b".into(),
        "ab c".into(),
        format!("{} {}", ga[0], ga[1]),
        format!("{half} {}", ga[2]),
    ];
    let mut kinds = vec![1; 260];
    kinds.extend([3, 4]);
    File::default()
        .set("general.architecture", Value::Text("llama".into()))
        .set("tokenizer.ggml.model", Value::Text("gpt2".into()))
        .set("tokenizer.ggml.pre", Value::Text("smollm".into()))
        .set("tokenizer.ggml.tokens", Value::Texts(tokens))
        .set("tokenizer.ggml.token_type", Value::Ints(kinds))
        .set("tokenizer.ggml.merges", Value::Texts(merges))
        .set("tokenizer.ggml.eos_token_id", Value::U32(END))
}

/// A SentencePiece vocabulary with byte fallback.
fn pieces() -> File {
    let mut tokens: Vec<String> = ["<unk>", "▁", "a", "b"].map(String::from).to_vec();
    let mut kinds = vec![2, 1, 1, 1];
    tokens.extend((0..=255u8).map(|byte| format!("<0x{byte:02X}>")));
    kinds.extend([6; 256]);
    tokens.extend(["<|end|>", "ab", "▁ab", "가"].map(String::from));
    kinds.extend([3, 1, 1, 1]);
    let scores = (0..tokens.len()).map(|id| -(id as f32)).collect();
    File::default()
        .set("general.architecture", Value::Text("gemma3".into()))
        .set("tokenizer.ggml.model", Value::Text("llama".into()))
        .set("tokenizer.ggml.add_space_prefix", Value::Bool(false))
        .set("tokenizer.ggml.tokens", Value::Texts(tokens))
        .set("tokenizer.ggml.token_type", Value::Ints(kinds))
        .set("tokenizer.ggml.scores", Value::Floats(scores))
        .set("tokenizer.ggml.unknown_token_id", Value::U32(0))
}

impl File {
    fn is_pieces(&self) -> bool {
        self.metadata.iter().any(
            |(_, value)| matches!(value, Value::Text(text) if text == "llama" || text == "gemma3"),
        ) && self.metadata.iter().any(|(key, _)| key == "tokenizer.ggml.scores")
    }

    fn get(&self, key: &str) -> Option<Value> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    fn but(mut self, key: &str, value: Value) -> Self {
        self.metadata.retain(|(name, _)| name != key);
        self.set(key, value)
    }
}

fn tokenizer(file: &File) -> malmoi::Result<Tokenizer> {
    Tokenizer::from_gguf(&Gguf::from_bytes(&file.bytes()).unwrap())
}

/// In Qwen's vocabulary merges make the word `</s>`, and another token ends turns.
#[test]
fn a_turn_end_of_other_families_that_merges_make_is_a_word() {
    let file = byte_level();
    let Some(Value::Texts(mut tokens)) = file.get("tokenizer.ggml.tokens") else { unreachable!() };
    let Some(Value::Texts(mut merges)) = file.get("tokenizer.ggml.merges") else { unreachable!() };
    let Some(Value::Ints(mut kinds)) = file.get("tokenizer.ggml.token_type") else {
        unreachable!()
    };
    tokens.extend(["</", "s>", "</s>"].map(String::from));
    kinds.extend([1; 3]);
    merges.extend(["< /", "s >", "</ s>"].map(String::from));
    let file = file
        .but("tokenizer.ggml.tokens", Value::Texts(tokens))
        .but("tokenizer.ggml.token_type", Value::Ints(kinds))
        .but("tokenizer.ggml.merges", Value::Texts(merges));
    let tokenizer = tokenizer(&file).unwrap();
    let ids = tokenizer.encode("a</s>b").unwrap();
    assert!(!ids.contains(&END));
    assert_eq!(tokenizer.decode(&ids).unwrap(), "a</s>b");
}

#[test]
fn merges_are_applied_and_special_tokens_in_text_stay_text() {
    for file in [byte_level(), pieces()] {
        let tokenizer = tokenizer(&file).unwrap();
        assert_eq!(tokenizer.encode("ab가").unwrap().len(), 2, "merged");
        assert!(
            !tokenizer.encode("ab<|end|>").unwrap().contains(&END),
            "an article cannot end its own turn"
        );
        assert_eq!(*tokenizer.encode_trusted("ab<|end|>").unwrap().last().unwrap(), END);
        assert_eq!(
            tokenizer.decode(&tokenizer.encode_trusted("ab<|end|>").unwrap()).unwrap(),
            "ab"
        );
    }
    // Control tokens that are not flagged as special stay text in an article, too.
    let tokenizer = tokenizer(&byte_level()).unwrap();
    assert!(!tokenizer.encode("<tool>").unwrap().contains(&(END + 1)));
    assert_eq!(tokenizer.encode_trusted("<tool>").unwrap(), [END + 1]);
}

#[test]
fn an_invalid_vocabulary_is_refused() {
    let texts = |texts: &[&str]| Value::Texts(texts.iter().map(ToString::to_string).collect());
    let cases: &[(File, &str)] = &[
        (
            byte_level().but("tokenizer.ggml.pre", Value::Text("someones".into())),
            "the pre-tokenizer `someones` is not supported",
        ),
        (
            byte_level().but("tokenizer.ggml.model", Value::Text("rwkv".into())),
            "tokenizer `rwkv` is not supported",
        ),
        (
            byte_level().but("tokenizer.ggml.model", Value::Text("t5".into())),
            "no tokenizer.ggml.scores",
        ),
        (
            byte_level().but("tokenizer.ggml.merges", texts(&["a"])),
            "the merge `a` is not two tokens",
        ),
        (
            byte_level().but("tokenizer.ggml.merges", texts(&["a q"])),
            "the merge `a q` makes no token",
        ),
        (
            byte_level().but("tokenizer.ggml.eos_token_id", Value::U32(999)),
            "eos_token_id is 999, but there are 262 tokens",
        ),
        (
            byte_level().but("tokenizer.ggml.token_type", Value::Ints(vec![1])),
            "262 tokens, 1 token types",
        ),
        (pieces().but("tokenizer.ggml.scores", Value::Floats(vec![0.0])), "264 tokens, 1 scores"),
        (pieces().but("tokenizer.ggml.tokens", texts(&[])), "0 tokens"),
    ];
    for (file, reason) in cases {
        let message = tokenizer(file).err().unwrap().to_string();
        assert!(message.contains(reason), "{message}\n  expected: {reason}");
    }
}

#[test]
fn a_tokenizer_file_that_makes_the_library_panic_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    for text in [
        r#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["aaaa","bbbb"]]}}"#,
        r#"{"version":"1.0","pre_tokenizer":{"type":"FixedLength","length":0},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
        "{}",
        "",
    ] {
        std::fs::write(&path, text).unwrap();
        let message = Tokenizer::from_file(&path).err().unwrap().to_string();
        assert!(message.contains("not a usable tokenizer"), "{message}");
    }
    assert!(Tokenizer::from_file(Path::new("no/such/tokenizer.json")).is_err());
}

/// A tokenizer.json with the given parts; the default model is a small one.
fn tokenizer_json(parts: serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut file = serde_json::json!({
        "version": "1.0",
        "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "e": 2, "ae": 3}, "merges": [["a", "e"]]}
    });
    file.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    std::fs::write(folder.path().join("tokenizer.json"), file.to_string()).unwrap();
    folder
}

#[test]
fn invalid_parts_of_a_tokenizer_file_are_refused_or_harmless() {
    use serde_json::json;
    let vocab = json!({"?": 0, "a": 1});
    let special = json!({"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}});
    for parts in [
        json!({"truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 9}}),
        json!({"padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": 0, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "?"}}),
        json!({"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<x>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": special}}),
        json!({"post_processor": {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}}),
        json!({"pre_tokenizer": {"type": "Metaspace", "replacement": "", "prepend_scheme": "always"}}),
        json!({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false}}),
        json!({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": false}}),
        json!({"pre_tokenizer": {"type": "Split", "pattern": {"String": ""}, "behavior": "Removed", "invert": true}}),
        json!({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a*)*b"}, "behavior": "Isolated", "invert": false}}),
        json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "////fwAA"}}),
        json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAAAA=="}}),
        json!({"normalizer": {"type": "Replace", "pattern": {"Regex": "$"}, "content": "a"}}),
        json!({"decoder": {"type": "Strip", "content": "a", "start": 1_000_000, "stop": 1_000_000}}),
        json!({"decoder": {"type": "CTC", "pad_token": "", "word_delimiter_token": "", "cleanup": true}}),
        json!({"model": {"type": "BPE", "vocab": {}, "merges": []}}),
        json!({"model": {"type": "BPE", "vocab": vocab, "merges": [], "unk_token": "<none>"}}),
        json!({"model": {"type": "BPE", "vocab": {"a": u32::MAX, "b": u32::MAX}, "merges": []}}),
        json!({"model": {"type": "WordPiece", "vocab": vocab, "unk_token": "<none>", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100}}),
        json!({"model": {"type": "Unigram", "vocab": [], "unk_id": 0}}),
        json!({"model": {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 9}}),
        json!({"model": {"type": "Unigram", "vocab": [["", 0.0], ["a", -1e300]], "unk_id": 0, "alpha": 0.1, "nbest_size": -1}}),
        json!({"model": {"type": "WordLevel", "vocab": {}, "unk_token": "?"}}),
        json!({"added_tokens": [{"id": 9, "content": "", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}]}),
        json!({"added_tokens": [{"id": 4_000_000_000u32, "content": "<x>", "single_word": true, "lstrip": true, "rstrip": true,
            "normalized": true, "special": false}]}),
    ] {
        let folder = tokenizer_json(parts.clone());
        let read = std::panic::catch_unwind(|| {
            Tokenizer::from_file(&folder.path().join("tokenizer.json"))
        });
        let Ok(tokenizer) = read.unwrap_or_else(|_| panic!("{parts}")) else { continue };
        for text in ["", "a", "aeae <x> 한글", &"a".repeat(5000)] {
            let Ok(ids) = tokenizer.encode(text) else { continue };
            assert!(ids.len() <= 4 * text.len() + 4, "{parts}: {} ids", ids.len());
            let _ = tokenizer.decode(&ids);
            let _ = tokenizer.encode_trusted(text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any combination of steps lengthens a text within the limit, or the file is refused.
    #[test]
    fn no_steps_make_texts_long(steps in proptest::collection::vec(0usize..8, 0..40), decoding in any::<bool>()) {
        use serde_json::json;
        let replace = |pattern: serde_json::Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
        let of = |kind: &usize| match *kind {
            0 => replace(json!({"String": "e"}), "ee"),
            1 => replace(json!({"Regex": "e(?=a)|a"}), "ae"),
            2 => replace(json!({"String": "a"}), "eaea"),
            3 => replace(json!({"Regex": "(?=e)"}), "e"),
            4 if !decoding => json!({"type": "NFKD"}),
            5 if !decoding => json!({"type": "ByteLevel"}),
            6 if !decoding => json!({"type": "Prepend", "prepend": "ae"}),
            _ => replace(json!({"String": " "}), "▁"),
        };
        let list: Vec<serde_json::Value> = steps.iter().map(of).collect();
        let folder = tokenizer_json(match decoding {
            true => json!({"decoder": {"type": "Sequence", "decoders": list}}),
            false => json!({"normalizer": {"type": "Sequence", "normalizers": list}}),
        });
        let text = "aeﷺ é ".repeat(20);
        let read = |folder: &Path| Tokenizer::from_file(&folder.join("tokenizer.json"));
        if let Ok(tokenizer) = read(folder.path()) {
            let ids = tokenizer.encode(&text).unwrap();
            prop_assert!(ids.len() <= 256 * text.len() + 100, "{}", ids.len());
            let decoded = tokenizer.decode(&[1, 2, 3].repeat(50)).unwrap();
            prop_assert!(decoded.len() <= 256 * 200, "{}", decoded.len());
        }
    }
}

#[test]
fn a_hostile_chat_template_is_stopped() {
    let conversation = [Message { role: "user", content: Content::Text("hello".into()) }];
    for template in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% include '/etc/passwd' %}",
        "{{ raise_exception('no system turn') }}",
    ] {
        let used = measure(|| {
            let rendered = ChatTemplate::parse(template, std::iter::empty())
                .and_then(|template| template.render(&conversation, &[]));
            assert!(rendered.is_err(), "{template} gave {rendered:?}");
        });
        assert!(used.bytes_max < 64 << 20, "{template}: {} bytes", used.bytes_max);
    }
}
