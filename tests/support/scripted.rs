//! Folders with a scripted model.

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a scripted model and a context of `context` bytes.
pub fn model(script: Value, context: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "config.json", &config(script, context));
    write(&folder, "tokenizer.json", &tokenizer());
    let template = "{% for message in messages %}{{ message.content }}\n{% endfor %}";
    write(
        &folder,
        "tokenizer_config.json",
        &json!({"chat_template": template, "eos_token": "<|end|>"}),
    );
    folder
}

pub fn config(script: Value, context: usize) -> Value {
    json!({"model_type": "scripted", "vocab_size": 257, "eos_token_id": 256, "max_position_embeddings": context, "script": script})
}

pub fn write(folder: &TempDir, name: &str, value: &Value) {
    std::fs::write(folder.path().join(name), value.to_string()).unwrap();
}

/// Tokens 0 to 255 are bytes in the spelling of byte-level vocabularies; 256 ends a text.
fn tokenizer() -> Value {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = 256u32..;
    let spelled = (0..=255u8).map(|byte| {
        let code = if printable(&byte) { u32::from(byte) } else { others.next().unwrap() };
        (char::from_u32(code).unwrap().to_string(), Value::from(byte))
    });
    let vocabulary: serde_json::Map<String, Value> = spelled.collect();
    json!({
        "version": "1.0",
        "added_tokens": [{"id": 256, "content": "<|end|>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []}
    })
}
