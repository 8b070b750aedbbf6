use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::support::{here, real, scripted};

/// `malmoi bench` with a model: exit status, printed objects, standard error.
fn bench(model: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("malmoi").unwrap();
    command.env_clear().env("HOME", home.path()).env("HF_HUB_OFFLINE", "1");
    let output =
        command.args(["bench", "--json", "--model"]).arg(model).args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), objects, String::from_utf8(output.stderr).unwrap())
}

fn parts(figures: &[Value]) -> Vec<&str> {
    figures.iter().map(|figure| figure["part"].as_str().unwrap()).collect()
}

/// Checks that every figure is the median of its runs.
fn check(figures: &[Value], runs: usize) {
    for figure in figures
        .iter()
        .filter(|figure| !["machine", "memory"].contains(&figure["part"].as_str().unwrap()))
    {
        let mut values: Vec<f64> =
            figure["runs"].as_array().unwrap().iter().map(|run| run.as_f64().unwrap()).collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values.len(), runs, "{figure}");
        assert!(values[0] > 0.0 && figure["median"] == values[runs / 2], "{figure}");
    }
}

#[test]
fn every_part_is_measured() {
    let model = scripted::model(json!([{"say": "The council met. It agreed."}]), 4096);
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("prompts.jsonl");
    let options =
        ["--runs", "3", "--prefill", "8,5000", "--decode", "8", "--batch", "2", "--articles", "3"];
    let options = [&options[..], &["--prompts", prompts.to_str().unwrap()]].concat();
    let (status, figures, said) = bench(model.path(), &options);
    assert_eq!(status, Some(0), "{said}");
    let prompts = std::fs::read_to_string(prompts).unwrap();
    assert_eq!(prompts.lines().count(), 3);
    for line in prompts.lines() {
        let prompt: Value = serde_json::from_str(line).unwrap();
        assert!(
            prompt["ids"].as_array().unwrap().len() > 100 && prompt["tokens"].as_u64() > Some(1)
        );
    }
    // A prompt that does not fit is left out.
    let expected = ["machine", "load", "load", "prefill", "decode", "batch", "batch", "feed"]
        .map(str::to_string)
        .to_vec();
    let mut found: Vec<String> = parts(&figures).into_iter().map(str::to_string).collect();
    found.retain(|part| part != "memory");
    assert_eq!(found, expected);
    check(&figures, 3);
    assert!(figures[0]["bytes_per_second"].as_f64().unwrap() > 1e6, "{}", figures[0]);
}

#[test]
fn encoder_decoder_models_are_measured_by_generated_tokens() {
    let model = here("fixtures/trained/opus-ko-en");
    let (status, figures, said) = bench(&model, &["--runs", "1", "--only", "sources"]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(parts(&figures)[..4], ["machine", "sources", "sources", "sources"]);
    check(&figures, 1);
    let (status, _, said) = bench(&model, &["--runs", "1", "--only", "decode"]);
    assert!(status == Some(2) && said.contains("--only sources"), "{said}");
}

#[test]
fn figures_of_a_real_file_have_limits() {
    let Some(model) = real("smollm2-135m") else { return };
    let options = ["--runs", "1", "--only", "prefill,decode", "--prefill", "64", "--decode", "32"];
    let (status, figures, said) = bench(&model, &options);
    assert_eq!(status, Some(0), "{said}");
    // 135 million weights with a shared embedding and output matrix; 4 bits each, 5 with scales and
    // minimums.
    let (bytes, weights) =
        (figures[0]["bytes_a_step"].as_u64().unwrap(), figures[0]["weights"].as_u64().unwrap());
    assert_eq!(weights, 106_168_320);
    assert!((90_000_000..100_000_000).contains(&bytes), "{bytes}");
    for figure in &figures[1..3] {
        assert!(figure["limit"].as_f64().unwrap() > 0.0, "{figure}");
    }
}
