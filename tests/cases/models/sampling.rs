use malmoi::Repair;

use super::*;

#[test]
fn case_17_penalties_and_sampling_that_a_checkpoint_recommends() {
    let folder = scripted::model(json!([{"say": "The council met. It agreed. It ended."}]), 4096);
    let config = |penalty: f64| {
        let config = json!({"temperature": 0.7, "top_p": 0.6, "top_k": 20, "min_p": 0.1, "repetition_penalty": penalty});
        std::fs::write(folder.path().join("generation_config.json"), config.to_string()).unwrap();
        Model::open(folder.path()).unwrap()
    };
    // Repair samples as well.
    let request = |penalty: f64| config(penalty).summarize(ARTICLE).repair(Repair::Off);
    let said = |penalty: f64| request(penalty).seed(1).run().unwrap().text;
    assert_eq!(said(1.0), "The council met. It agreed. It ended.");
    assert_ne!(said(1000.0), said(1.0));
    // Without a seed, decoding is greedy, whatever the recommended sampling.
    assert_eq!(request(1000.0).run().unwrap().text, said(1.0));
    std::fs::write(folder.path().join("generation_config.json"), r#"{"eta_cutoff": 0.01}"#)
        .unwrap();
    let model = Model::open(folder.path()).unwrap();
    let notes = |outcome: malmoi::Outcome| {
        outcome.findings.iter().filter(|one| one.check == "sampling").count()
    };
    assert_eq!(notes(model.summarize(ARTICLE).seed(1).run().unwrap()), 1);
    assert_eq!(notes(model.translate(ARTICLE).to(Language::Korean).seed(1).run().unwrap()), 1);
    assert_eq!(notes(model.summarize(ARTICLE).run().unwrap()), 0);
    match Sampling::recommended(config(5.0).sampling_defaults(), 3) {
        Sampling::Random { temperature, top_k, top_p, min_p, typical_p, seed } => {
            assert_eq!(
                (temperature, top_k, top_p, min_p, typical_p, seed),
                (0.7, 20, 0.6, 0.1, 1.0, 3)
            );
        }
        Sampling::Greedy => panic!("nothing is drawn"),
    }
}

#[test]
fn sampling_keys_of_a_gguf_file_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gguf");
    let file = File::default()
        .set("general.architecture", Value::Text("llama".into()))
        .set("general.sampling.temp", Value::F32(0.25))
        .set("general.sampling.top_k", Value::U32(40))
        .set("general.sampling.top_p", Value::F32(0.75))
        .set("general.sampling.min_p", Value::F32(0.125))
        .set("general.sampling.penalty_repeat", Value::F32(1.5))
        .set("general.sampling.mirostat", Value::U32(2));
    std::fs::write(&path, file.bytes()).unwrap();
    let recommended = Checkpoint::open(&path).unwrap().config.sampling_defaults;
    assert_eq!((recommended.temperature, recommended.top_k), (Some(0.25), Some(40)));
    assert_eq!((recommended.top_p, recommended.min_p), (Some(0.75), Some(0.125)));
    assert_eq!(recommended.repetition_penalty, Some(1.5));
    assert_eq!(recommended.unsupported, ["mirostat"]);
}

#[test]
fn forbidden_tokens_are_never_generated() {
    let folder = scripted::model(json!([{"say": "abc"}]), 4096);
    let with = |config: Json| {
        std::fs::write(folder.path().join("generation_config.json"), config.to_string()).unwrap();
        Model::open(folder.path()).map(|model| model.summarize(ARTICLE).run().unwrap().text)
    };
    assert_eq!(with(json!({})).unwrap(), "abc");
    assert!(!with(json!({"suppress_tokens": [98]})).unwrap().contains('b'));
    assert!(!with(json!({"bad_words_ids": [[97, 98]]})).unwrap().contains("ab"));
    assert!(!with(json!({"begin_suppress_tokens": [97]})).unwrap().starts_with('a'));
    assert_eq!(with(json!({"stop_strings": ["c"]})).unwrap(), "ab");
    assert_eq!(with(json!({"stop_strings": "b"})).unwrap(), "a");
    assert!(with(json!({"stop_strings": [1]})).is_err());
    assert!(with(json!({"no_repeat_ngram_size": 1})).unwrap().len() >= 3);
    let said = with(json!({"suppress_tokens": [9999]})).unwrap_err().to_string();
    assert!(said.contains("suppress_tokens is 9999"), "{said}");
}
