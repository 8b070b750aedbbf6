use malmoi::Model;

use crate::support::real;

#[test]
fn a_small_model_summarizes() {
    let Some(path) = real("smollm2-135m") else { return };
    let article = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/articles/harbour.txt")).unwrap();
    let outcome = Model::open(path).unwrap().summarize(&article).sentences(2).run().unwrap();
    assert_eq!(outcome.tokens.seen, outcome.tokens.input);
    assert!(outcome.text.split_whitespace().count() > 15, "{}", outcome.text);
}
