use std::collections::BTreeMap;
use std::path::Path;

use malmoi::Language;
use malmoi::checks::{self, CheckOptions, Estimation, OutputKind, Pair};
use malmoi::meaning::{CometModel, LazySentenceModel, SentenceModel};
use serde::Deserialize;

use crate::support::{here, real};

/// Most that a number of a vector may differ from the reference's.
const TOLERANCE: f32 = 1e-4;

/// What transformers computes: see `fixtures/encoders/make.py` and `parity/embeddings.py`.
#[derive(Deserialize)]
struct Reference {
    sentences: Vec<String>,
    #[serde(flatten)]
    encoders: BTreeMap<String, Encoded>,
}

#[derive(Deserialize)]
struct Encoded {
    vectors: Vec<Vec<f32>>,
}

impl Reference {
    fn read(file: &str) -> Self {
        serde_json::from_slice(&std::fs::read(here(file)).unwrap()).unwrap()
    }

    fn sentences(&self) -> Vec<&str> {
        self.sentences.iter().map(String::as_str).collect()
    }
}

/// The largest difference between two lists of vectors.
fn difference(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    assert_eq!(one.len(), other.len());
    let pairs = one.iter().zip(other).flat_map(|(one, other)| {
        assert_eq!(one.len(), other.len());
        one.iter().zip(other)
    });
    pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

fn compare(name: &str, path: &Path, reference: &Reference) {
    let model = SentenceModel::open(path).unwrap();
    let vectors = model.encode(&reference.sentences()).unwrap();
    assert!(vectors.iter().all(|vector| vector.len() == model.dimensions()));
    let off = difference(&vectors, &reference.encoders[name].vectors);
    assert!(off < TOLERANCE, "{name}: {off} off");
}

#[test]
fn vectors_are_those_of_the_reference() {
    let reference = Reference::read("fixtures/encoders/expected.json");
    assert_eq!(reference.encoders.len(), 4);
    for name in reference.encoders.keys() {
        compare(name, &here("fixtures/encoders").join(name), &reference);
    }
}

#[test]
fn vectors_of_the_real_encoder_are_those_of_the_reference() {
    let Some(path) = real("e5-small") else { return };
    compare("e5-small", &path, &Reference::read("parity/embeddings.json"));
}

#[test]
fn a_vector_does_not_depend_on_the_rest_of_its_batch() {
    let reference = Reference::read("fixtures/encoders/expected.json");
    for name in reference.encoders.keys() {
        let model = SentenceModel::open(here("fixtures/encoders").join(name)).unwrap();
        let together = model.encode(&reference.sentences()).unwrap();
        for (sentence, vector) in reference.sentences().into_iter().zip(together) {
            let alone = model.encode(&[sentence]).unwrap();
            assert!(difference(&alone, &[vector]) < 1e-5, "{name}: {sentence}");
        }
    }
}

#[test]
fn tokens_have_vectors_without_those_around_the_text() {
    for name in ["container.bin", "bert-mean", "xlmr-first"] {
        let model = SentenceModel::open(here("fixtures/encoders").join(name)).unwrap();
        let one = model.token_vectors("a").unwrap();
        let two = model.token_vectors("a a").unwrap();
        assert_eq!((one.len(), two.len()), (1, 2), "{name}");
        assert!(one.iter().chain(&two).all(|vector| vector.len() == 32));
        assert!(model.token_vectors("").unwrap().is_empty());
        let long = model.token_vectors(&"a ".repeat(1000)).unwrap();
        assert!((100..130).contains(&long.len()), "{name}: {}", long.len());
    }
}

#[test]
fn empty_and_long_texts_have_vectors() {
    let model = SentenceModel::open(here("fixtures/encoders/container.bin")).unwrap();
    let long = "The port of Haemin opened. ".repeat(100);
    let vectors = model.encode(&["", " ", "\u{200b}", &long]).unwrap();
    assert!(vectors.iter().flatten().all(|number| number.is_finite()));
    assert!(model.encode(&[]).unwrap().is_empty());
}

#[test]
fn a_missing_encoder_is_an_error_each_time() {
    let model = LazySentenceModel::new(here("fixtures/encoders/none.bin"), None);
    for _ in 0..2 {
        let error = model.get().err().unwrap().to_string();
        assert!(error.contains("none.bin does not exist"), "{error}");
    }
}

#[test]
fn a_network_of_another_kind_is_refused_by_name() {
    let error = SentenceModel::open(here("fixtures/models/llama-gqa")).err().unwrap().to_string();
    assert!(error.contains("an encoder of sentences of type `llama` is not supported"), "{error}");
}

/// What unbabel-comet computes: see `fixtures/comet/make.py`.
#[derive(Deserialize)]
struct Scores {
    pairs: Vec<(String, String)>,
    #[serde(flatten)]
    models: BTreeMap<String, Vec<f32>>,
}

fn scores() -> Scores {
    serde_json::from_slice(&std::fs::read(here("fixtures/comet/expected.json")).unwrap()).unwrap()
}

fn comet(name: &str) -> CometModel {
    let cache = tempfile::tempdir().unwrap();
    CometModel::open_with_cache(here("fixtures/comet").join(name), Some(cache.path())).unwrap()
}

#[test]
fn estimates_are_those_of_the_reference() {
    let Scores { pairs, models } = scores();
    assert_eq!(models.len(), 2);
    for (name, scores) in models {
        let model = comet(&name);
        assert_eq!((model.name(), scores.len()), (name.as_str(), pairs.len()));
        for ((source, translation), score) in pairs.iter().zip(scores) {
            let own = model.estimate(source, translation).unwrap();
            assert!((own - score).abs() < TOLERANCE, "{name}: {translation}: {own}, not {score}");
        }
    }
}

#[test]
fn a_low_estimate_is_a_finding_and_stands_beside_it() {
    let Scores { pairs, models } = scores();
    let (source, output) = &pairs[0];
    let (from, to) = (Language::English, Language::Korean);
    let pair = Pair { source, output, from, to, kind: OutputKind::Translation };
    let model = std::sync::Arc::new(comet("mix"));
    let score = models["mix"][0];
    for (least, is_found) in [(score + 0.1, true), (score - 0.1, false)] {
        let mut options = CheckOptions::default();
        options.estimation = Estimation::Model { model: model.clone(), least };
        let assessment = checks::assess(&pair, &options);
        assert!((assessment.estimate.unwrap() - score).abs() < TOLERANCE);
        let kinds = assessment.findings.iter().map(|finding| finding.kind.as_str());
        assert_eq!(kinds.filter(|kind| *kind == "estimated_poor").count() == 1, is_found);
    }
}

#[test]
fn other_models_and_missing_files_are_refused_by_name() {
    let refusal = |hparams: &str, has_encoder: bool| {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
        {
            if has_encoder {
                let file = (here("fixtures/comet/layer").join(file), folder.path().join(file));
                std::fs::copy(file.0, file.1).unwrap();
            }
        }
        std::fs::write(folder.path().join("hparams.yaml"), hparams).unwrap();
        CometModel::open_with_cache(folder.path(), None).err().unwrap().to_string()
    };
    for (hparams, has_encoder, reason) in [
        ("class_identifier: unified_metric", true, "class_identifier `unified_metric`"),
        ("pretrained_model: xlm-roberta-large", false, "tokenizer.json of xlm-roberta-large"),
        ("pool: max\nlayer: 1", true, "pool `max`"),
        ("layer: 7", true, "layer is 7, of 3 layers"),
        ("layer_transformation: sparsemax", true, "layer_transformation `sparsemax`"),
        ("hidden_sizes: [0]\nlayer: 1", true, "hidden_sizes is 0, expected 1 to"),
        ("hidden_sizes: [12]\nlayer: 1", true, "has shape [10, 64], expected [12, 64]"),
        ("activations: ReLU\nlayer: 1", true, "activations `relu`"),
    ] {
        let message = refusal(hparams, has_encoder);
        assert!(message.contains(reason), "{message}\n  expected: {reason}");
    }
    let none = tempfile::tempdir().unwrap();
    let error = CometModel::open_with_cache(none.path(), None).err().unwrap().to_string();
    assert!(error.contains("hparams.yaml"), "{error}");
}
