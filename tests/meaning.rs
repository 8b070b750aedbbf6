use std::collections::BTreeMap;
use std::path::Path;

use malmoi::meaning::{LazySentenceModel, SentenceModel};
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
