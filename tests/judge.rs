//! Judges on tiny checkpoints, compared with the reference (`fixtures/judge/make.py`).

use malmoi::checks::Judge;
use malmoi::{Language, LearnedJudge, Model};
use serde::Deserialize;

use crate::support::{here, scripted};

#[derive(Deserialize)]
struct Expected {
    pairs: Vec<(String, String)>,
    minicheck: Vec<f32>,
    metricx: Vec<f32>,
}

fn expected() -> Expected {
    serde_json::from_str(&std::fs::read_to_string(here("fixtures/judge/expected.json")).unwrap())
        .unwrap()
}

fn judge(name: &str) -> LearnedJudge {
    LearnedJudge::new(Model::open(here(&format!("fixtures/judge/{name}"))).unwrap()).unwrap()
}

#[test]
fn minicheck_gives_the_probability_of_the_reference() {
    let judge = judge("minicheck");
    let Expected { pairs, minicheck, .. } = expected();
    assert!(judge.judges_support(Language::English, Language::English));
    assert!(!judge.judges_support(Language::Korean, Language::English));
    assert!(!judge.judges_translations());
    for ((document, claim), probability) in pairs.iter().zip(minicheck) {
        let own = judge.support(document, claim).unwrap();
        assert!((own - probability).abs() < 1e-4, "{claim}: {own} {probability}");
    }
}

#[test]
fn metricx_gives_the_error_of_the_reference() {
    let judge = judge("metricx");
    let Expected { pairs, metricx, .. } = expected();
    assert!(judge.judges_translations());
    assert!(!judge.judges_support(Language::English, Language::English));
    for ((source, translation), error) in pairs.iter().zip(metricx) {
        let own = judge.translation_error(source, translation).unwrap();
        assert!((own - error).abs() < 1e-4, "{translation}: {own} {error}");
    }
}

#[test]
fn the_best_passage_of_a_long_document_decides() {
    let judge = judge("minicheck");
    let Expected { pairs, .. } = expected();
    let (document, claim) = &pairs[0];
    let alone = judge.support(document, claim).unwrap();
    let other = "Rain fell. ".repeat(250);
    let long = judge.support(&format!("{other}{document}"), claim).unwrap();
    let rest = judge.support(&other, claim).unwrap();
    assert!(long >= rest && long.is_finite() && alone.is_finite());
    assert_eq!(judge.support("", claim).unwrap(), 0.0);
}

#[test]
fn other_architectures_are_refused_by_name() {
    let folder = scripted::model(serde_json::json!([{"say": "The council met."}]), 64);
    let model = Model::open(folder.path()).unwrap();
    let error = LearnedJudge::new(model).err().unwrap().to_string();
    assert!(error.contains("a judge of architecture scripted"), "{error}");
}
