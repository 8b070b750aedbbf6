use std::path::PathBuf;

use malmoi::internals::checkpoint::{Gguf, Tokenizer};

/// Texts and their ids in llama.cpp's collection of vocabularies (`models/` of its source), a
/// folder of `ggml-vocab-*.gguf` with `.inp` and `.out` files. Skipped unless `MALMOI_VOCABULARIES`
/// names the folder.
#[test]
fn real_vocabularies_give_the_ids_of_llama_cpp() {
    let Some(folder) = std::env::var_os("MALMOI_VOCABULARIES").map(PathBuf::from) else {
        eprintln!("skipped: MALMOI_VOCABULARIES names no folder of vocabularies");
        return;
    };
    let mut texts_in_all = 0;
    for name in [
        "command-r",
        "gemma-4",
        "gpt-2",
        "llama-bpe",
        "llama-spm",
        "phi-3",
        "qwen2",
        "qwen35",
        "refact",
        "starcoder",
    ] {
        let file = folder.join(format!("ggml-vocab-{name}.gguf"));
        let tokenizer = Tokenizer::from_gguf(&Gguf::open(&file).unwrap()).unwrap();
        let read =
            |ending: &str| std::fs::read_to_string(format!("{}.{ending}", file.display())).unwrap();
        let (texts, ids) = (read("inp"), read("out"));
        let texts: Vec<&str> = texts.split("\n__ggml_vocab_test__\n").collect();
        let mut ids = ids.lines();
        for text in texts {
            let Some(expected) = ids.next() else { break };
            let expected: Vec<u32> =
                expected.split_whitespace().map(|id| id.parse().unwrap()).collect();
            // Qwen's texts are normalized to NFC here, as by its own tokenizer; not in llama.cpp.
            let composed = !name.starts_with("qwen") || unicode_normalization::is_nfc(text);
            if composed {
                assert_eq!(tokenizer.encode(text).unwrap(), expected, "{name}: {text:?}");
                texts_in_all += 1;
            }
        }
    }
    assert!(texts_in_all > 400, "{texts_in_all}");
}
