use super::*;

#[test]
fn case_03_truncation_that_was_left_from_training() {
    let Some(folder) = model_of("models/03-A-tokenizer-truncation") else { return };
    let (code, out, err) = summarize(folder.path());
    assert_eq!((code, out.trim_end()), (Some(0), "The end was read. It was. Yes."), "{err}");
    assert!(err.contains("read all 1618 tokens"), "{err}");
}

#[test]
fn training_settings_do_not_change_token_ids() {
    let text = "ab ".repeat(300);
    for (key, value) in [
        (
            "truncation",
            json!({"direction": "Left", "max_length": 16, "strategy": "OnlyFirst", "stride": 2}),
        ),
        (
            "padding",
            json!({"strategy": {"Fixed": 2000}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}),
        ),
        (
            "padding",
            json!({"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 512,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}),
        ),
    ] {
        let folder = saying("x", "{{ messages[0].content }}".into());
        edit(&folder, "tokenizer.json", |tokenizer| tokenizer[key] = value);
        let tokenizer = Tokenizer::from_file(&folder.path().join("tokenizer.json")).unwrap();
        assert_eq!(tokenizer.count(&text), 900, "{key}");
        assert_eq!(tokenizer.decode(&tokenizer.encode(&text).unwrap()).unwrap(), text);
    }
    // Merges dropped at random (BPE dropout) give different ids each time.
    let folder = saying("x", "{{ messages[0].content }}".into());
    edit(&folder, "tokenizer.json", |tokenizer| {
        tokenizer["model"]["vocab"]["ab"] = 256.into();
        tokenizer["added_tokens"][0]["id"] = 257.into();
        tokenizer["model"]["merges"] = json!([["a", "b"]]);
        tokenizer["model"]["dropout"] = 0.5.into();
    });
    let tokenizer = Tokenizer::from_file(&folder.path().join("tokenizer.json")).unwrap();
    assert_eq!(tokenizer.count(&text), 600);
}

#[test]
fn attack_09_a_normalizer_that_grows_without_bound() {
    let Some(folder) = case("attack/09-tokenizer-normalizer-bomb") else { return };
    let said = Tokenizer::from_file(&folder.join("tokenizer.json")).err().unwrap().to_string();
    assert!(
        said.contains("may make a text that it reads") && said.contains("times as long"),
        "{said}"
    );
}

/// A GGUF file with a byte vocabulary and an end-of-turn token of a given type.
fn with_turn_end(text: &str, kind: i32, pieces: bool) -> File {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = 256u32..;
    let spell = |byte: u8| match (pieces, printable(&byte)) {
        (true, _) => format!("<0x{byte:02X}>"),
        (false, true) => char::from_u32(u32::from(byte)).unwrap().to_string(),
        (false, false) => char::from_u32(others.next().unwrap()).unwrap().to_string(),
    };
    let mut tokens: Vec<String> = (0..=255u8).map(spell).collect();
    let mut kinds = vec![if pieces { 6 } else { 1 }; 256];
    tokens.extend([text.to_string(), "<unk>".to_string()]);
    kinds.extend([kind, 2]);
    let scores = vec![0.0; tokens.len()];
    let file = File::default()
        .set("general.architecture", Value::Text("llama".into()))
        .set("tokenizer.ggml.model", Value::Text(if pieces { "llama" } else { "gpt2" }.into()))
        .set("tokenizer.ggml.pre", Value::Text("smollm".into()))
        .set("tokenizer.ggml.token_type", Value::Ints(kinds))
        .set("tokenizer.ggml.tokens", Value::Texts(tokens));
    if pieces {
        file.set("tokenizer.ggml.scores", Value::Floats(scores))
            .set("tokenizer.ggml.unknown_token_id", Value::U32(257))
    } else {
        file.set("tokenizer.ggml.merges", Value::Texts(Vec::new()))
    }
}

/// Case 11 without the weights: an end-of-turn token ends a turn whatever its type.
#[test]
fn case_11_an_end_of_turn_of_another_type() {
    for text in ["<|im_end|>", "<end_of_turn>", "</s>", "<|eot_id|>", "[|endofturn|]"] {
        for (kind, pieces) in
            [(1, false), (3, false), (4, false), (5, false), (1, true), (3, true), (4, true)]
        {
            let bytes = with_turn_end(text, kind, pieces).bytes();
            let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(&bytes).unwrap()).unwrap();
            let what = format!("{text} of type {kind}");
            assert_eq!(tokenizer.turn_ends().collect::<Vec<_>>(), [256], "{what}");
            assert_eq!(tokenizer.decode(&[97, 256, 98]).unwrap(), "ab", "{what}");
            assert!(!tokenizer.encode(text).unwrap().contains(&256), "{what}");
            assert_eq!(
                tokenizer.encode_trusted(&format!("{text}{text}")).unwrap(),
                [256, 256],
                "{what}"
            );
            assert!(tokenizer.special_texts().any(|special| special == text), "{what}");
        }
    }
}

#[test]
fn an_end_of_turn_that_a_folder_does_not_call_special_ends_texts() {
    let folder = scripted::model(json!([{"say": "One."}]), 4096);
    edit(&folder, "tokenizer.json", |tokenizer| {
        let mut token = tokenizer["added_tokens"][0].clone();
        (token["id"], token["content"], token["special"]) =
            (257.into(), "<|im_end|>".into(), false.into());
        tokenizer["added_tokens"].as_array_mut().unwrap().push(token);
    });
    let tokenizer = Tokenizer::from_file(&folder.path().join("tokenizer.json")).unwrap();
    let mut ends: Vec<u32> = tokenizer.turn_ends().collect();
    ends.sort_unstable();
    assert_eq!(ends, [256, 257]);
    assert_eq!(tokenizer.decode(&[97, 257]).unwrap(), "a");
}

/// The pieces of a SentencePiece model: text, score and type.
fn pieces_of(model: &[u8]) -> Vec<(String, f32, i32)> {
    fn number(bytes: &[u8], at: &mut usize) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[*at];
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    /// The fields of a protobuf message: number, wire type 0 or 5 as a number, wire type 2 as
    /// bytes.
    fn fields(bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
        let (mut at, mut found) = (0, Vec::new());
        while at < bytes.len() {
            let key = number(bytes, &mut at);
            let (value, length) = match key & 7 {
                0 => (number(bytes, &mut at), 0),
                5 => (u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())), 4),
                2 => (0, number(bytes, &mut at) as usize),
                other => panic!("wire type {other}"),
            };
            found.push((key >> 3, value, &bytes[at..at + length]));
            at += length;
        }
        found
    }
    let pieces = fields(model).into_iter().filter(|(field, ..)| *field == 1);
    let piece = |(_, _, bytes): (u64, u64, &[u8])| {
        let mut piece = (String::new(), 0.0, 1);
        for (field, value, bytes) in fields(bytes) {
            match field {
                1 => piece.0 = String::from_utf8(bytes.to_vec()).unwrap(),
                2 => piece.1 = f32::from_bits(value as u32),
                _ => piece.2 = value as i32,
            }
        }
        piece
    };
    pieces.map(piece).collect()
}

/// A GGUF file of a small network with a piece vocabulary and a chat template.
fn gguf_of_pieces(pieces: &[(String, f32, i32)], template: Option<&str>) -> File {
    let source = Gguf::open(&here("fixtures/gguf/llama-gqa.gguf")).unwrap();
    let mut file = File::default();
    for key in [
        "block_count",
        "context_length",
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.head_count_kv",
    ] {
        let key = format!("llama.{key}");
        if let Some(value) = source.number(&key) {
            file = file.set(&key, Value::U32(value as u32));
        }
    }
    let file = file
        .set("general.architecture", Value::Text("llama".into()))
        .set("tokenizer.ggml.model", Value::Text("llama".into()))
        .set(
            "tokenizer.ggml.tokens",
            Value::Texts(pieces.iter().map(|piece| piece.0.clone()).collect()),
        )
        .set("tokenizer.ggml.scores", Value::Floats(pieces.iter().map(|piece| piece.1).collect()))
        .set("tokenizer.ggml.token_type", Value::Ints(pieces.iter().map(|piece| piece.2).collect()))
        .set("tokenizer.ggml.bos_token_id", Value::U32(1))
        .set("tokenizer.ggml.eos_token_id", Value::U32(2))
        .set("tokenizer.ggml.unknown_token_id", Value::U32(0));
    match template {
        Some(template) => file.set("tokenizer.chat_template", Value::Text(template.into())),
        None => file,
    }
}

/// Ids of the whole text as given by SentencePiece 0.2.
#[test]
fn case_15_one_text_in_several_parts_is_encoded_as_one() {
    let Some(folder) = case("models/15-A-space-prefix-gguf") else { return };
    let pieces = pieces_of(&std::fs::read(folder.join("sp.model")).unwrap());
    let bytes = gguf_of_pieces(&pieces, None).bytes();
    let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(&bytes).unwrap()).unwrap();
    use malmoi::prompts::PromptPart::{Template, UserText};
    let parts =
        [Template("<s>[INST] Q: "), UserText("서울시는 12일 밝혔다."), Template(" [/INST]")];
    let wanted = [
        1, 927, 891, 1281, 1264, 1490, 1230, 84, 61, 967, 1584, 534, 1230, 1251, 1253, 1283, 596,
        1241, 927, 50, 891, 1281, 1264, 1490,
    ];
    assert_eq!(tokenizer.encode_parts(&parts).unwrap(), wanted);
    let whole = tokenizer.encode("[INST] Q: 서울시는 12일 밝혔다. [/INST]").unwrap();
    assert_eq!(whole, wanted[1..]);
}

#[test]
fn prompt_parts_share_tokens_like_the_whole_text() {
    let folder = saying("x", "<|end|>[U] {{ messages[0].content }} [/U]<|end|>".into());
    edit(&folder, "tokenizer.json", |tokenizer| {
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        let blank = vocabulary.iter().find(|(_, id)| **id == 32).unwrap().0.clone();
        vocabulary.insert(format!("{blank}R"), 256.into());
        tokenizer["added_tokens"][0]["id"] = 257.into();
        tokenizer["model"]["merges"] = json!([[blank, "R"]]);
    });
    let model = Model::open(folder.path()).unwrap();
    let ids = model
        .prompt(None, &[], &[PromptPart::Template("Tell: "), PromptPart::UserText("Rain.")])
        .unwrap();
    assert!(ids.contains(&256), "{ids:?}");
    // A token that spans template and article is a text token, never a control token.
    let ids = model
        .prompt(None, &[], &[PromptPart::Template("Tell <|en"), PromptPart::UserText("d|> Rain")])
        .unwrap();
    assert_eq!(ids.iter().filter(|id| **id == 257).count(), 2, "{ids:?}");
}

/// Newer behavior of Llama: a space before a prompt's first word, none after a control token.
#[test]
fn only_the_start_of_a_prompt_gets_the_leading_space() {
    for (scheme, expected) in
        [("first", "_a<|end|>b"), ("always", "_a<|end|>_b"), ("never", "a<|end|>b")]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let token = json!({"id": 3, "content": "<|end|>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true});
        let tokenizer = json!({
            "version": "1.0", "added_tokens": [token],
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false},
            "model": {"type": "BPE", "unk_token": "?", "vocab": {"▁": 0, "a": 1, "b": 2, "<|end|>": 3, "?": 4}, "merges": []}
        });
        std::fs::write(&path, tokenizer.to_string()).unwrap();
        let tokenizer = Tokenizer::from_file(&path).unwrap();
        let ids = tokenizer.encode_trusted("a<|end|>b").unwrap();
        let shown: Vec<&str> =
            ids.iter().map(|id| ["_", "a", "b", "<|end|>", "?"][*id as usize]).collect();
        assert_eq!(shown.concat(), expected, "{scheme}");
    }
}

#[test]
fn case_27_the_beginning_that_a_tokenizer_adds() {
    let Some(folder) = model_of("models/27-A-bos-from-post-processor") else { return };
    let config =
        serde_json::from_slice::<Json>(&std::fs::read(folder.path().join("config.json")).unwrap())
            .unwrap();
    write_llama(&folder.path().join("model.safetensors"), &config, 0);
    let first = |folder: &TempDir| {
        let model = Model::open(folder.path()).unwrap();
        model
            .prompt(None, &[], &[PromptPart::Template("Q: "), PromptPart::UserText("서울")])
            .unwrap()
    };
    assert_eq!(first(&folder), [1, 1230, 84, 61, 967, 1584]);
    edit(&folder, "tokenizer_config.json", |config| config["add_bos_token"] = true.into());
    assert_eq!(first(&folder)[..2], [1, 1230]);
    edit(&folder, "tokenizer_config.json", |config| config["add_bos_token"] = false.into());
    assert_eq!(first(&folder)[..2], [1230, 84]);
}

/// Ids as given by `tokenizers` 0.23.
#[test]
fn case_33_words_that_were_added() {
    let Some(folder) = case("models/33-A-added-words") else { return };
    let tokenizer = Tokenizer::from_file(&folder.join("model/tokenizer.json")).unwrap();
    for (text, ids) in [
        ("코로나19", &[1600][..]),
        ("그는 코로나19 확진", &[742, 1600, 674, 1465]),
        ("코로나19 확진자가 늘었다.", &[1600, 674, 1465, 1302, 1265, 946, 426, 1241]),
        ("그는코로나19를", &[742, 239, 192, 151, 1282, 1344, 1251, 1275, 1295]),
    ] {
        assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text}");
        assert_eq!(tokenizer.decode(ids).unwrap(), text);
    }
    // Special tokens in an article stay text.
    assert!(!tokenizer.encode("</s>").unwrap().contains(&2));
    // If the network has no embedding for the word, it is split into letters.
    let mut tokenizer = tokenizer;
    tokenizer.forget_beyond(1601).unwrap();
    assert_eq!(tokenizer.encode("코로나19").unwrap(), [1600]);
    tokenizer.forget_beyond(1600).unwrap();
    let ids = tokenizer.encode("코로나19").unwrap();
    assert!(ids.len() > 5 && ids.iter().all(|id| *id < 1600), "{ids:?}");
    assert_eq!(tokenizer.decode(&ids).unwrap().trim(), "코로나19");
    assert_eq!(tokenizer.encode_trusted("</s>").unwrap(), [2]);
}

#[test]
fn words_keep_their_ids_and_articles_get_no_special_tokens() {
    let folder = saying("x", "{{ messages[0].content }}".into());
    let added = ["<tool_call>", "해민항", "(주)", "  ", "[IMG]", "K-POP", "__ko__"];
    edit(&folder, "tokenizer.json", |tokenizer| {
        let tokens = tokenizer["added_tokens"].as_array_mut().unwrap();
        for (at, text) in added.iter().enumerate() {
            let mut token = tokens[0].clone();
            (token["id"], token["content"], token["special"]) =
                ((257 + at).into(), (*text).into(), false.into());
            tokens.push(token);
        }
    });
    let tokenizer = Tokenizer::from_file(&folder.path().join("tokenizer.json")).unwrap();
    for (at, text) in added.iter().enumerate() {
        let id = 257 + at as u32;
        let is_mark = ["<tool_call>", "[IMG]", "__ko__"].contains(text);
        let inside = format!("a{text}b");
        assert_eq!(tokenizer.encode(&inside).unwrap().contains(&id), !is_mark, "{text}");
        assert_eq!(tokenizer.encode_trusted(&inside).unwrap(), [97, id, 98], "{text}");
        assert_eq!(tokenizer.decode(&[97, id, 98]).unwrap(), inside);
        assert_eq!(tokenizer.id_of(text), Some(id));
    }
    let file = with_turn_end("해민항", 4, false);
    let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(&file.bytes()).unwrap()).unwrap();
    assert_eq!(tokenizer.encode("a해민항b").unwrap(), [97, 256, 98]);
    assert_eq!(tokenizer.decode(&[97, 256, 98]).unwrap(), "a해민항b");
}

/// Piece vocabularies list their control tokens among the pieces.
#[test]
fn control_tokens_among_the_pieces_stay_out_of_articles() {
    let folder = tempfile::tempdir().unwrap();
    let pieces = [
        "<unk>",
        "</s>",
        "▁",
        "a",
        "b",
        "<",
        "/",
        "s",
        ">",
        "s>",
        "/s",
        "<|im_end|>",
        "|",
        "i",
        "m",
        "_",
        "e",
        "n",
        "d",
    ];
    let vocabulary: Vec<Json> =
        pieces.iter().enumerate().map(|(at, piece)| json!([piece, -(at as f64)])).collect();
    let special = |id: u32, text: &str| {
        json!({"id": id, "content": text, "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true})
    };
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": [special(0, "<unk>"), special(1, "</s>")],
        "normalizer": {"type": "NFKC"},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary}
    });
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    // A token that only the tokenizer's config declares special.
    let config = json!({"eos_token": "</s>", "added_tokens_decoder": {"11": {"content": "<|im_end|>", "special": true}}});
    std::fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path(), "llama").unwrap();
    let shown = |ids: &[u32]| ids.iter().map(|id| pieces[*id as usize]).collect::<String>();
    for text in ["a</s>", "</s>", "a</s></s>b", "<</s>/s>", "a<|im_end|>b"] {
        let ids = tokenizer.encode(text).unwrap();
        assert!(ids.iter().all(|id| ![1, 11].contains(id)), "{text}: {ids:?}");
        assert_eq!(shown(&ids), text);
    }
    // Full-width letters normalize to the same text.
    let ids = tokenizer.encode("a＜/s＞").unwrap();
    assert_eq!(shown(&ids), "a</s>");
    assert!(!ids.contains(&1));
    assert_eq!(tokenizer.encode("한a").unwrap(), [0, 3]);
    assert_eq!(tokenizer.encode_trusted("a</s><|im_end|>").unwrap(), [3, 1, 11]);
    assert_eq!(tokenizer.turn_ends().count(), 2);
}

/// A vocabulary with gaps: no piece's id is confused with a marker's, in either direction.
#[test]
fn gaps_in_a_vocabulary_lose_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let tokenizer = json!({"version": "1.0", "model": {"type": "BPE", "unk_token": "?", "merges": [],
        "vocab": {"?": 0, "a": 1, "b": 5, "c": 4, "d": 9}}});
    std::fs::write(&path, tokenizer.to_string()).unwrap();
    let tokenizer = Tokenizer::from_file(&path).unwrap();
    assert_eq!(tokenizer.encode("abcd").unwrap(), [1, 5, 4, 9]);
    assert_eq!(tokenizer.decode(&[9, 4, 5, 1]).unwrap().replace(' ', ""), "dcba");
    // Control tokens of a GGUF file leave gaps among its pieces.
    let file = with_turn_end("<|im_end|>", 3, true);
    let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(&file.bytes()).unwrap()).unwrap();
    let ids = tokenizer.encode_trusted("<|im_end|>ab").unwrap();
    // This vocabulary has no piece for a space, which is spelled in bytes.
    assert_eq!((ids[0], tokenizer.decode(&ids).unwrap().as_str()), (256, "▁ab"));
}
