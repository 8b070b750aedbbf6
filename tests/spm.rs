use std::collections::BTreeMap;
use std::path::Path;

use malmoi::internals::checkpoint::Tokenizer;
use serde::Deserialize;

use crate::support::here;

/// Texts and their ids by the reference: see `fixtures/spm/make.py`.
#[derive(Deserialize)]
struct Reference {
    texts: Vec<String>,
    folders: BTreeMap<String, Folder>,
}

#[derive(Deserialize)]
struct Folder {
    model_type: String,
    /// Tokens around a text, by languages: `en ko`.
    frames: BTreeMap<String, Around>,
    /// Ids of every text, without the tokens around it.
    ids: Vec<Vec<u32>>,
    /// Decoded texts, if they differ from the texts.
    outputs: Option<Vec<Vec<u32>>>,
    decoded: Vec<String>,
}

#[derive(Deserialize)]
struct Around {
    before: Vec<u32>,
    after: Vec<u32>,
    first: Option<u32>,
}

fn reference() -> Reference {
    serde_json::from_slice(&std::fs::read(here("fixtures/spm/expected.json")).unwrap()).unwrap()
}

fn open(name: &str, folder: &Folder) -> Tokenizer {
    Tokenizer::from_pieces(&here("fixtures/spm").join(name), &folder.model_type).unwrap()
}

#[test]
fn ids_are_those_of_the_reference() {
    let Reference { texts, folders } = reference();
    assert_eq!(folders.len(), 10);
    for (name, folder) in folders {
        let tokenizer = open(&name, &folder);
        for (text, ids) in texts.iter().zip(&folder.ids) {
            assert_eq!(tokenizer.encode(text).unwrap(), *ids, "{name}: {text:?}");
        }
    }
}

#[test]
fn the_bytes_of_tokens_join_to_the_decoded_text() {
    for (name, folder) in reference().folders {
        let tokenizer = open(&name, &folder);
        for ids in folder.outputs.as_ref().unwrap_or(&folder.ids) {
            let bytes = ids.iter().flat_map(|id| tokenizer.token_bytes(*id)).collect();
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let decoded = tokenizer.decode(ids).unwrap();
            assert_eq!(text.trim_start(), decoded.trim_start(), "{name}");
        }
    }
}

#[test]
fn outputs_are_decoded_as_by_the_reference() {
    for (name, folder) in reference().folders {
        let tokenizer = open(&name, &folder);
        for (ids, wanted) in
            folder.outputs.as_ref().unwrap_or(&folder.ids).iter().zip(&folder.decoded)
        {
            // The reference removes white space at the ends.
            assert_eq!(tokenizer.decode(ids).unwrap().trim(), wanted.trim(), "{name}: {ids:?}");
        }
    }
}

#[test]
fn the_tokens_around_a_text_are_those_of_the_reference() {
    for (name, folder) in reference().folders {
        let tokenizer = open(&name, &folder);
        for (languages, wanted) in &folder.frames {
            let (from, into) = languages.split_once(' ').unwrap();
            if (name.as_str(), from) == ("marian-separate", "ko") {
                // The reference accepts it; the folder names English into Korean only.
                assert!(tokenizer.encoder_template(from, into).is_err());
                continue;
            }
            let frame = tokenizer.encoder_template(from, into).unwrap();
            let given = (frame.before, frame.after, frame.first);
            assert_eq!(
                given,
                (wanted.before.clone(), wanted.after.clone(), wanted.first),
                "{name}: {languages}"
            );
        }
    }
}

#[test]
fn no_text_is_encoded_to_a_special_token() {
    for (name, folder) in reference().folders {
        let tokenizer = open(&name, &folder);
        let marks: Vec<String> = tokenizer.special_texts().map(str::to_string).collect();
        assert!(marks.len() > 2, "{name}");
        for mark in &marks {
            let id = tokenizer.id_of(mark).unwrap();
            // Unknown text has the id of a special token, the only text that has one.
            if mark != "<unk>" {
                for text in [
                    mark.clone(),
                    format!("{mark} a"),
                    format!("a{mark}{mark}"),
                    format!("<{mark}>"),
                ] {
                    assert!(!tokenizer.encode(&text).unwrap().contains(&id), "{name}: {text}");
                }
            }
            assert_eq!(tokenizer.decode(&[id]).unwrap(), "", "{name}: {mark}");
        }
    }
}

#[test]
fn every_id_is_shown_or_left_out() {
    for (name, folder) in reference().folders {
        let tokenizer = open(&name, &folder);
        let ids: Vec<u32> = (0..2_000).chain([u32::MAX]).collect();
        let text = tokenizer.decode(&ids).unwrap();
        for mark in tokenizer.special_texts() {
            assert!(!text.contains(mark), "{name}: {mark}");
        }
    }
}

#[test]
fn languages_without_a_token_are_refused() {
    for (name, folder) in reference().folders {
        let refused =
            open(&name, &folder).encoder_template("en", "xx").err().map(|e| e.to_string());
        let knows_none = ["t5", "mt5", "pegasus"].contains(&name.as_str());
        assert_eq!(refused.is_none(), knows_none, "{name}");
        assert!(refused.is_none_or(|reason| reason.contains("`xx` is not supported")), "{name}");
    }
}

/// The first NLLB models have the source language token after EOS; the WMT 21 models have eight
/// languages of M2M-100.
#[test]
fn settings_of_a_folder_are_respected() {
    let folder = copy("nllb");
    let spoil =
        |text: &str| std::fs::write(folder.path().join("tokenizer_config.json"), text).unwrap();
    let frame = || {
        Tokenizer::from_pieces(folder.path(), "m2m_100")
            .unwrap()
            .encoder_template("en", "ko")
            .unwrap()
    };
    // Without a class: a folder without vocab.json has an NLLB model.
    spoil("{}");
    let (before, end) = (frame().before, frame().after);
    spoil(r#"{"tokenizer_class": "NllbTokenizerFast", "legacy_behaviour": true}"#);
    assert_eq!((frame().before, frame().after), (Vec::new(), [end, before].concat()));

    spoil(
        r#"{"added_tokens_decoder": {"700": {"content": "kor_Hang", "special": true},
        "701": {"content": "new", "special": false}, "9": {"content": "old", "special": true}}}"#,
    );
    let tokenizer = Tokenizer::from_pieces(folder.path(), "m2m_100").unwrap();
    assert_eq!(frame().first, Some(700));
    assert_eq!(
        (tokenizer.id_of("new"), tokenizer.decode(&[701]).unwrap()),
        (Some(701), "new".into())
    );
    assert_eq!(tokenizer.id_of("old"), None, "that is a piece's id");

    let folder = copy("m2m100");
    let path = folder.path().join("tokenizer_config.json");
    std::fs::write(&path, r#"{"language_codes": "wmt21"}"#).unwrap();
    let tokenizer = Tokenizer::from_pieces(folder.path(), "m2m_100").unwrap();
    let vocabulary = std::fs::read(folder.path().join("vocab.json")).unwrap();
    let vocabulary: BTreeMap<String, u32> = serde_json::from_slice(&vocabulary).unwrap();
    let marks = ["__en__", "__ha__", "__is__", "__ja__", "__cs__", "__ru__", "__zh__", "__de__"];
    for (mark, id) in marks.iter().zip(vocabulary.len() as u32..) {
        assert_eq!(tokenizer.id_of(mark), Some(id));
    }
    assert_eq!(tokenizer.id_of("__ko__"), None);
    std::fs::write(&path, r#"{"language_codes": "other"}"#).unwrap();
    assert!(refused(folder.path(), "m2m_100").contains("its languages are `other`"));
}

/// A copy of a folder, to be damaged.
fn copy(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(here("fixtures/spm").join(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

fn refused(folder: &Path, model_type: &str) -> String {
    Tokenizer::from_pieces(folder, model_type).err().unwrap().to_string()
}

#[test]
fn damaged_folders_are_refused() {
    let folder = copy("marian");
    let spoil =
        |file: &str, contents: &str| std::fs::write(folder.path().join(file), contents).unwrap();
    let vocabulary = std::fs::read_to_string(folder.path().join("vocab.json")).unwrap();
    spoil("tokenizer_config.json", "{}");
    assert!(
        refused(folder.path(), "bert")
            .contains("a SentencePiece tokenizer of `bert` is not supported")
    );
    spoil("vocab.json", r#"{"</s>": 0, "a": 1}"#);
    assert!(refused(folder.path(), "marian").contains("it has no `<unk>`"));
    for id in ["-1", "4294967296", "1.5", "\"1\"", "null"] {
        spoil("vocab.json", &format!(r#"{{"</s>": 0, "<unk>": {id}}}"#));
        assert!(refused(folder.path(), "marian").contains("the id of `<unk>` is"), "{id}");
    }
    // The vocabulary of another model.
    spoil("vocab.json", r#"{"</s>": 0, "<unk>": 1}"#);
    let reason = refused(folder.path(), "marian");
    assert!(
        reason.contains("vocab.json: only 1 of the") && reason.contains("source.spm are in it"),
        "{reason}"
    );
    spoil("vocab.json", &vocabulary);
    spoil("target.spm", "no model");
    assert!(refused(folder.path(), "marian").contains("target.spm: not a usable tokenizer"));
    std::fs::remove_file(folder.path().join("target.spm")).unwrap();
    assert!(refused(folder.path(), "marian").contains("target.spm does not exist"));
    spoil("source.spm", "\u{8}\u{1}");
    assert!(refused(folder.path(), "marian").contains("wrong wire type"));
}

/// The other two algorithms of SentencePiece: `trainer_spec.model_type` 3 and 4.
#[test]
fn other_types_of_models_are_refused_by_name() {
    let folder = copy("nllb");
    let path = folder.path().join("sentencepiece.bpe.model");
    let model = std::fs::read(&path).unwrap();
    for (number, name) in [(3, "word"), (4, "char")] {
        std::fs::write(&path, [&model[..], &[0x12, 2, 0x18, number]].concat()).unwrap();
        let reason = refused(folder.path(), "m2m_100");
        assert!(
            reason.contains(&format!("a SentencePiece model of type `{name}` is not supported")),
            "{reason}"
        );
    }
}

#[test]
fn a_model_that_was_cut_short_is_refused_or_usable_without_the_rest() {
    let folder = copy("t5");
    let path = folder.path().join("spiece.model");
    let model = std::fs::read(&path).unwrap();
    for length in (0..model.len()).step_by(997) {
        std::fs::write(&path, &model[..length]).unwrap();
        if let Ok(tokenizer) = Tokenizer::from_pieces(folder.path(), "t5") {
            tokenizer.encode("Kim 김, ½").unwrap();
        }
    }
}
