use super::*;

#[test]
fn case_13_an_index_of_weights_that_are_whole_now() {
    let Some(folder) = model_of("models/13-A-stale-index") else { return };
    let config =
        serde_json::from_slice::<Json>(&std::fs::read(folder.path().join("config.json")).unwrap())
            .unwrap();
    write_llama(&folder.path().join("model-00001-of-00001.safetensors"), &config, 1);
    let old = logits(folder.path());
    write_llama(&folder.path().join("model.safetensors"), &config, 2);
    let both = logits(folder.path());
    std::fs::remove_file(folder.path().join("model-00001-of-00001.safetensors")).unwrap();
    assert_eq!(logits(folder.path()), both, "an index of files that are gone");
    std::fs::remove_file(folder.path().join("model.safetensors.index.json")).unwrap();
    assert_eq!(logits(folder.path()), both);
    assert_ne!(old, both);
}

#[test]
fn case_29_weights_that_another_program_quantized() {
    for (key, value, word) in [
        (
            "quantization_config",
            json!({"quant_method": "gptq", "bits": 4}),
            "gptq (quantization_config)",
        ),
        ("quantization_config", json!({"quant_method": "awq"}), "awq (quantization_config)"),
        (
            "quantization_config",
            json!({"quant_method": "fp8", "activation_scheme": "dynamic"}),
            "fp8",
        ),
        (
            "quantization_config",
            json!({"quant_method": "compressed-tensors", "format": "pack-quantized"}),
            "compressed-tensors, pack-quantized",
        ),
        ("quantization_config", json!({"quant_method": "mxfp4"}), "mxfp4"),
        ("quantization_config", json!({"quant_algo": "NVFP4"}), "NVFP4"),
        (
            "compression_config",
            json!({"format": "int-quantized"}),
            "a method it does not name, int-quantized (compression_config)",
        ),
        ("quantization", json!({"group_size": 64, "bits": 4}), "mlx, 4 bits (quantization)"),
    ] {
        let folder = fixture("llama-gqa");
        edit(&folder, "config.json", |config| config[key] = value);
        let said = Checkpoint::open(folder.path()).err().unwrap().to_string();
        assert!(
            said.contains(&format!("weights quantized by {word}"))
                && said.contains("is not supported"),
            "{said}"
        );
    }
    // Nested configuration of a text model.
    let folder = fixture("gemma4-nested");
    edit(&folder, "config.json", |config| {
        config["quantization_config"] = json!({"quant_method": "awq"})
    });
    assert!(
        Checkpoint::open(folder.path()).err().unwrap().to_string().contains("quantized by awq")
    );
    // A training-only setting, with float weights.
    let folder = fixture("llama-gqa");
    let settings = json!({"quant_method": "bitsandbytes", "load_in_4bit": true});
    edit(&folder, "config.json", |config| config["quantization_config"] = settings);
    Checkpoint::open(folder.path()).unwrap();
    edit(&folder, "config.json", |config| config["quantization_config"] = Json::Null);
    Checkpoint::open(folder.path()).unwrap();
}

/// Adds a tensor to a safetensors file.
fn with_tensor(folder: &TempDir, name: &str, dtype: &str) {
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Json = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let data = &bytes[8 + length..];
    header[name] =
        json!({"dtype": dtype, "shape": [4], "data_offsets": [data.len(), data.len() + 4]});
    let header = header.to_string();
    let whole =
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data, &[0; 4]].concat();
    std::fs::write(&path, whole).unwrap();
}

#[test]
fn quantized_weights_and_adapters_are_recognized_by_their_tensors() {
    for (name, dtype, word) in [
        ("model.layers.0.self_attn.q_proj.qweight", "I32", "quantized by gptq or awq"),
        ("model.layers.0.self_attn.q_proj.weight.quant_state.bitsandbytes__nf4", "U8", ""),
        ("model.layers.0.self_attn.q_proj.weight.absmax", "U8", "quantized by bitsandbytes"),
        ("model.layers.0.self_attn.q_proj.SCB", "U8", "quantized by bitsandbytes"),
        ("model.layers.0.mlp.gate_up_proj_blocks", "U8", "quantized by mxfp4"),
        ("model.layers.0.self_attn.q_proj.other_weight", "F8_E4M3", "a method that stores F8_E4M3"),
        (
            "base_model.model.layers.0.self_attn.q_proj.lora_A.weight",
            "U8",
            "an adapter that is not merged",
        ),
    ] {
        let folder = fixture("llama-linear");
        with_tensor(&folder, name, dtype);
        match Checkpoint::open(folder.path()) {
            Err(error) => {
                assert!(!word.is_empty() && error.to_string().contains(word), "{name}: {error}")
            }
            Ok(_) => assert!(word.is_empty(), "{name}"),
        }
    }
    // Positions and masks in float checkpoints are integers.
    let folder = fixture("llama-linear");
    with_tensor(&folder, "model.embeddings.position_ids", "U8");
    Checkpoint::open(folder.path()).unwrap();
    // The older file next to the weights names the method.
    with_tensor(&folder, "model.layers.0.self_attn.q_proj.qweight", "I32");
    std::fs::write(folder.path().join("quantize_config.json"), r#"{"bits": 4}"#).unwrap();
    let said = Checkpoint::open(folder.path()).err().unwrap().to_string();
    assert!(said.contains("quantized by gptq (quantize_config.json)"), "{said}");
}

#[test]
fn case_31_an_adapter_beside_the_weights() {
    for name in ["adapter_config.json", "adapter_model.safetensors", "adapters.safetensors"] {
        let folder = fixture("llama-gqa");
        std::fs::write(folder.path().join(name), "{}").unwrap();
        let said = Checkpoint::open(folder.path()).err().unwrap().to_string();
        assert!(said.contains(&format!("an adapter ({name}) is not supported")), "{said}");
        // A folder with only an adapter gives a different error from an empty folder.
        std::fs::remove_file(folder.path().join("config.json")).unwrap();
        assert!(Checkpoint::open(folder.path()).err().unwrap().to_string().contains("an adapter"));
    }
    for (kind, word) in
        [("adapter", "an adapter"), ("mmproj", "the vision part"), ("imatrix", "statistics")]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        let file = File::default()
            .set("general.architecture", Value::Text("llama".into()))
            .set("general.type", Value::Text(kind.into()));
        std::fs::write(&path, file.bytes()).unwrap();
        let said = Checkpoint::open(&path).err().unwrap().to_string();
        assert!(said.contains(word) && said.contains("is not supported"), "{said}");
    }
}

/// Case 34: the text part of EXAONE 4.5 is EXAONE 4 under another name.
#[test]
fn case_34_exaone_4_5() {
    let plain = fixture("exaone4-hybrid");
    let expected = logits(plain.path());
    for nested in [false, true] {
        let folder = fixture("exaone4-hybrid");
        edit(&folder, "config.json", |config| {
            config["model_type"] = "exaone4_5_text".into();
            config["num_nextn_predict_layers"] = 1.into();
            if nested {
                *config = json!({"model_type": "exaone4_5", "text_config": config.clone(), "vision_config": {}});
            }
        });
        if nested {
            rename_tensors(&folder, |name| {
                format!("model.language_model.{}", name.trim_start_matches("model."))
            });
            with_tensor(&folder, "mtp.layers.0.norm.weight", "F32_of_another_kind");
            with_tensor(&folder, "model.visual.patch_embed.weight", "F32_of_another_kind");
        }
        assert_eq!(logits(folder.path()), expected);
    }
    // In a GGUF file, the layer count includes the layer for drafting.
    let path = here("fixtures/gguf/exaone4-hybrid.gguf");
    let (folder, source) = (tempfile::tempdir().unwrap(), std::fs::read(&path).unwrap());
    let drafting = folder.path().join("drafting.gguf");
    std::fs::write(&drafting, with_drafting_layer(&source, "exaone4")).unwrap();
    assert_eq!(logits(&drafting), logits(&path));
}

fn rename_tensors(folder: &TempDir, name: impl Fn(&str) -> String) {
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Map<String, Json> =
        serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let renamed = header.into_iter().map(|(key, value)| match key.as_str() {
        "__metadata__" | "lm_head.weight" => (key, value),
        _ => (name(&key), value),
    });
    let header = Json::from(renamed.collect::<serde_json::Map<_, _>>()).to_string();
    let whole = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]]
        .concat();
    std::fs::write(&path, whole).unwrap();
}

/// A GGUF file whose metadata counts one more layer, for drafting.
fn with_drafting_layer(source: &[u8], architecture: &str) -> Vec<u8> {
    let key = format!("{architecture}.block_count");
    let at = source.windows(key.len()).position(|window| window == key.as_bytes()).unwrap()
        + key.len()
        + 4;
    let mut bytes = source.to_vec();
    let count = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    bytes[at..at + 4].copy_from_slice(&(count + 1).to_le_bytes());
    // The key follows the header's counts at byte 24, and the data moves by a multiple of the
    // alignment.
    let values = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
    bytes[16..24].copy_from_slice(&(values + 2).to_le_bytes());
    let entry = |key: &str, kind: u32, value: &[u8]| {
        [&(key.len() as u64).to_le_bytes()[..], key.as_bytes(), &kind.to_le_bytes(), value].concat()
    };
    let mut fresh = entry(&format!("{architecture}.nextn_predict_layers"), 4, &1u32.to_le_bytes());
    let rest = fresh.len() + entry("filling", 8, &0u64.to_le_bytes()).len();
    let filling = rest.next_multiple_of(32) - rest;
    let text = [&(filling as u64).to_le_bytes()[..], &vec![b'x'; filling]].concat();
    fresh.extend(entry("filling", 8, &text));
    bytes.splice(24..24, fresh);
    bytes
}
