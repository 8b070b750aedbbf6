use super::*;

#[cfg(unix)]
#[test]
fn weights_truncated_while_in_use_are_an_error() {
    use std::os::unix::fs::MetadataExt;
    for name in ["llama-linear", "qwen35-even"] {
        let folder = fixture(name);
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let setup =
            Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
        let network = architectures::load(&setup).unwrap().network;
        let mut state = network.begin(&[&[]], Phase::Decode).unwrap().remove(0);
        let mut read = || {
            let rows = &mut [Row { state: &mut state, tokens: &[3, 4], logits: LogitsFor::Last }];
            network.forward(rows, Phase::Decode).map(|logits| logits.last(0).to_vec())
        };
        read().unwrap();
        let path = folder.path().join("model.safetensors");
        let size = std::fs::metadata(&path).unwrap().size();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(size / 3).unwrap();
        let said = read().unwrap_err().to_string();
        assert!(said.contains("was cut short while it was in use"), "{said}");
        // Reading the whole file also fails.
        let said = architectures::load(&setup).err().unwrap().to_string();
        assert!(said.contains("was cut short while it was in use"), "{said}");
    }
}

/// Weights large enough for the packed cache.
fn large(folder: &Path) -> PathBuf {
    let config = json!({
        "model_type": "llama", "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 4,
        "num_attention_heads": 8, "num_key_value_heads": 8, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
        "vocab_size": 8192, "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2
    });
    let model = folder.join("port");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("config.json"), config.to_string()).unwrap();
    write_llama(&model.join("model.safetensors"), &config, 3);
    model
}

#[test]
fn modified_cache_files_are_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let (model, kept) = (large(folder.path()), folder.path().join("kept"));
    let open = || {
        let mut checkpoint = Checkpoint::open(&model).unwrap();
        checkpoint.quantize(malmoi::Quantization::Q8_0, &kept).unwrap();
        let made = checkpoint.cache_packed(&kept).unwrap();
        (made.is_some(), last_logits(&checkpoint, &[3, 4, 5]))
    };
    let (tiled, expected) = open();
    assert_eq!(open(), (false, expected.clone()));
    let files = || {
        std::fs::read_dir(&kept)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending != "json"))
    };
    assert_eq!(files().count(), 1 + usize::from(tiled));
    for path in files() {
        let (whole, written) =
            (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());
        let mut spoiled = whole.clone();
        let middle = whole.len() / 2;
        spoiled[middle..middle + 4096].fill(0x55);
        std::fs::write(&path, &spoiled).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        assert_eq!(open().1, expected, "{}", path.display());
        assert!(std::fs::read(&path).unwrap() == whole, "{} was used as it was", path.display());
    }
    // Swapped packed weights with the old modification time are not used either.
    let weights = model.join("model.safetensors");
    let written = std::fs::metadata(&weights).unwrap().modified().unwrap();
    let config =
        serde_json::from_slice(&std::fs::read(model.join("config.json")).unwrap()).unwrap();
    write_llama(&weights, &config, 4);
    std::fs::File::options().write(true).open(&weights).unwrap().set_modified(written).unwrap();
    assert_ne!(open().1, expected);
}
