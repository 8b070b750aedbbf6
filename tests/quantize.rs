use std::path::Path;

use candle_core::Device;
use malmoi::internals::checkpoint::Checkpoint;
use malmoi::internals::kernels::GgmlType;
use malmoi::{Error, Quantization};

use crate::support::here;
use crate::support::network::{last_logits, tokens};

/// Logits of the last token of a text.
fn logits(folder: &Path, quantized: Option<(Quantization, &Path)>) -> Vec<f32> {
    let mut checkpoint = Checkpoint::open(folder).unwrap();
    if let Some((to, cache)) = quantized {
        checkpoint.quantize(to, cache).unwrap();
    }
    last_logits(&checkpoint, &tokens())
}

fn files(folder: &Path) -> Vec<(String, std::time::SystemTime)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push((name, entry.metadata().unwrap().modified().unwrap()));
    }
    files.sort();
    files
}

/// A copy of a tiny checkpoint.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(here("fixtures/models").join(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn eight_bits_change_little_and_are_cached() {
    let (model, cache) = (copy("qwen2-tied"), tempfile::tempdir().unwrap());
    let whole = logits(model.path(), None);
    let to = Some((Quantization::Q8_0, cache.path()));
    let quantized = logits(model.path(), to);
    let size = |scores: &[f32]| scores.iter().map(|score| score * score).sum::<f32>().sqrt();
    let off: Vec<f32> = whole.iter().zip(&quantized).map(|(a, b)| a - b).collect();
    // Random weights amplify small differences more than trained ones.
    assert!(off.iter().any(|off| *off != 0.0) && size(&off) < size(&whole) / 7.0, "{}", size(&off));

    let first = files(cache.path());
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first[0].0.contains("-q8_0-") && first[0].0.ends_with(".gguf"), "{first:?}");
    assert_eq!(logits(model.path(), to), quantized);
    assert_eq!(files(cache.path()), first, "it was built again");

    // Another quantization and other weights get other files.
    logits(model.path(), Some((Quantization::Q4K, cache.path())));
    assert_eq!(files(cache.path()).len(), 2);
    let weights = model.path().join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    logits(model.path(), to);
    assert_eq!(files(cache.path()).len(), 3);
}

#[test]
fn each_weight_is_at_most_half_a_step_off() {
    let (model, cache) = (copy("qwen2-tied"), tempfile::tempdir().unwrap());
    let whole = Checkpoint::open(model.path()).unwrap();
    let mut quantized = Checkpoint::open(model.path()).unwrap();
    quantized.quantize(Quantization::Q8_0, cache.path()).unwrap();
    for name in
        ["model.embed_tokens.weight", "model.layers.1.mlp.down_proj.weight", "model.norm.weight"]
    {
        let numbers = |checkpoint: &Checkpoint| {
            let weight = checkpoint.find(name).unwrap().unwrap();
            let floats =
                weight.to_tensor(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1::<f32>();
            (weight.ggml_type, floats.unwrap())
        };
        let ((_, whole), (ggml_type, quantized)) = (numbers(&whole), numbers(&quantized));
        assert_eq!(ggml_type == GgmlType::Q8_0, name != "model.norm.weight", "{name}");
        for (whole, quantized) in whole.chunks(32).zip(quantized.chunks(32)) {
            let largest = whole.iter().fold(0f32, |most, x| most.max(x.abs()));
            let most = if ggml_type == GgmlType::Q8_0 { largest / 225.0 } else { 0.0 };
            assert!(whole.iter().zip(quantized).all(|(a, b)| (a - b).abs() <= most), "{name}");
        }
    }
}

#[test]
fn a_damaged_file_in_the_cache_is_built_again() {
    let (model, cache) = (copy("qwen3-yarn"), tempfile::tempdir().unwrap());
    let to = Some((Quantization::Q8_0, cache.path()));
    let quantized = logits(model.path(), to);
    let file = cache.path().join(&files(cache.path())[0].0);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(logits(model.path(), to), quantized);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[test]
fn weights_that_cannot_be_quantized_or_cached_are_an_error() {
    let cache = tempfile::tempdir().unwrap();
    let mut gguf = Checkpoint::open(&here("fixtures/gguf/llama-gqa.gguf")).unwrap();
    let error = gguf.quantize(Quantization::Q4K, cache.path()).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("quantizing a GGUF file to q4k"), "{error}");

    let file = cache.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let model = copy("qwen2-tied");
    let mut checkpoint = Checkpoint::open(model.path()).unwrap();
    let error = checkpoint.quantize(Quantization::Q4K, &file.join("folder")).unwrap_err();
    assert!(error.to_string().starts_with("cannot create"), "{error}");
}

/// Every architecture runs with quantized weights: tensors that need their precision keep it.
#[test]
fn every_network_runs_quantized() {
    let cache = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(here("fixtures/models")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("expected.json").exists() {
            let logits = logits(&folder, Some((Quantization::Q4K, cache.path())));
            assert!(logits.iter().all(|score| score.is_finite()), "{}", folder.display());
        }
    }
}
