//! Marian's own folders, compared with a plain implementation: see `fixtures/marian/make.py`.

use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::Device;
use malmoi::document::{Block, BlockKind, Document};
use malmoi::internals::architectures::{self, LogitsFor, Row, Setup};
use malmoi::internals::checkpoint::{Checkpoint, Tokenizer};
use malmoi::internals::generation::{Control, Options};
use malmoi::internals::kernels::{Phase, Precision};
use malmoi::{Language, Model, OpenOptions, Repair};
use serde::Deserialize;

use crate::support::{here, real};

#[derive(Deserialize)]
struct Expected {
    sources: Vec<Text>,
    forced: Forced,
    greedy: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Forced {
    read: Vec<u32>,
    /// After each number of tokens read, from none on.
    logits: Vec<Vec<f32>>,
    /// Attention to the source after each number of tokens read.
    attention: Vec<Vec<f32>>,
}

/// The folders with what is expected of them.
fn folders() -> Vec<(PathBuf, Expected)> {
    ["tiny", "base-memory", "base", "opus"]
        .map(|name| {
            let folder = here("fixtures/marian").join(name);
            let expected = std::fs::read(folder.join("expected.json")).unwrap();
            (folder, serde_json::from_slice(&expected).unwrap())
        })
        .into()
}

/// Logits after each token of a text, from its empty beginning on.
fn logits(folder: &Path, precision: Precision, source: &[u32], read: &[u32]) -> Vec<Vec<f32>> {
    let checkpoint = Checkpoint::open(folder).unwrap();
    let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision };
    let network = architectures::load(&setup).unwrap().network;
    let mut state = network.begin(&[source], Phase::Decode).unwrap().swap_remove(0);
    // The start token is not embedded, so that any id will do.
    let tokens: Vec<u32> = std::iter::once(0).chain(read.iter().copied()).collect();
    let mut found = Vec::new();
    // Several at once, then one by one, with a fork in between.
    let (first, rest) = tokens.split_at(3);
    for part in std::iter::once(first).chain(rest.chunks(1)) {
        state = state.fork();
        let mut rows = [Row { state: &mut state, tokens: part, logits: LogitsFor::All }];
        let logits = network.forward(&mut rows, Phase::Decode).unwrap();
        found.extend(logits.row(0).map(<[f32]>::to_vec));
    }
    found
}

#[test]
fn logits_and_token_ids_are_those_of_a_plain_implementation() {
    for (folder, expected) in folders() {
        let name = folder.display();
        let tokenizer = Tokenizer::from_folder(&folder, "marian-student").unwrap();
        for source in &expected.sources {
            let mut ids = tokenizer.encode(&source.text).unwrap();
            ids.extend(tokenizer.encoder_template("en", "ko").unwrap().after);
            assert_eq!(ids, source.ids, "{name}: {}", source.text);
        }
        let read = &expected.forced.read;
        // Relative to the range of the logits: int8 activations round.
        for (precision, most) in [(Precision::Reference, 2e-4), (Precision::Fast, 0.1)] {
            let found = logits(&folder, precision, &expected.sources[0].ids, read);
            assert_eq!(found.len(), read.len() + 1);
            for (at, (found, expected)) in found.iter().zip(&expected.forced.logits).enumerate() {
                let range = expected.iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
                let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs() / range);
                let largest = differences.fold(0f32, f32::max);
                assert!(largest < most, "{name}, {precision:?}, token {at}: {largest}");
            }
        }
    }
}

#[test]
fn the_attention_that_aligns_is_that_of_a_plain_implementation() {
    for (folder, expected) in folders() {
        let checkpoint = Checkpoint::open(&folder).unwrap();
        let (device, precision) = (&Device::Cpu, Precision::Reference);
        let setup = Setup { checkpoint: &checkpoint, device, precision };
        let network = architectures::load(&setup).unwrap().network;
        let read: Vec<u32> =
            std::iter::once(0).chain(expected.forced.read.iter().copied()).collect();
        let found = network.align(&expected.sources[0].ids, &read).unwrap().unwrap();
        assert_eq!(found.len(), expected.forced.attention.len());
        let pairs = found.iter().flatten().zip(expected.forced.attention.iter().flatten());
        let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(largest < 2e-4, "{}: {largest}", folder.display());
        // Of more tokens than the network can read, none is.
        assert!(network.align(&expected.sources[0].ids, &vec![1; 513]).is_err());
        assert!(network.align(&[], &read).is_err());
    }
}

/// Greedy texts of a model for sources.
fn texts(folder: &Path, sources: &[Text]) -> Vec<(String, usize)> {
    let model = Model::open(folder).unwrap();
    let options = Options { max_tokens: 24, ..Default::default() };
    let inputs: Vec<Vec<u32>> = sources.iter().map(|source| source.ids.clone()).collect();
    let generated = model.generate(&inputs, &options, &mut |_, _| Control::Continue).unwrap();
    generated.into_iter().map(|one| (one.text, one.tokens)).collect()
}

#[test]
fn texts_are_those_of_a_plain_implementation() {
    for (folder, expected) in folders() {
        let found = texts(&folder, &expected.sources);
        for ((text, tokens), expected) in found.iter().zip(&expected.greedy) {
            let ended = usize::from(expected.ids.last() == Some(&0));
            // A loop at the end of a text is cut off, and a random network makes loops.
            assert!(expected.text.starts_with(text), "{}: {text:?}", folder.display());
            assert!(*tokens <= expected.ids.len() - ended, "{}", folder.display());
        }
    }
}

#[test]
fn a_compressed_folder_is_opened_as_it_is() {
    let (folder, expected) = folders().swap_remove(1);
    let packed = tempfile::tempdir().unwrap();
    for (at, entry) in std::fs::read_dir(&folder).unwrap().flatten().enumerate() {
        let name = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if at % 2 == 0 {
            let file = std::fs::File::create(packed.path().join(name + ".gz")).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            gzip.write_all(&bytes).unwrap();
            gzip.finish().unwrap();
        } else {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            let bytes = ruzstd::encoding::compress_to_vec(&bytes[..], level);
            std::fs::write(packed.path().join(name + ".zst"), bytes).unwrap();
        }
    }
    assert_eq!(texts(packed.path(), &expected.sources), texts(&folder, &expected.sources));
}

#[test]
fn a_student_translates_its_own_direction_and_keeps_paragraphs() {
    let model = Model::open(here("fixtures/marian/tiny")).unwrap();
    assert!(model.only_translates() && model.is_encoder_decoder());
    let refusal = model.seq2seq_task("translation", "ko", "en").unwrap_err().to_string();
    assert!(refusal.contains("`ko` into `en`") && refusal.contains("`en` into `ko`"), "{refusal}");
}

/// Sentences that fxtranslate translates alike with sums in 16 bits, in 32 bits and in floats.
const TO_PORTUGUESE: [(&str, &str); 5] = [
    ("The storm gave us forty minutes.", "A tempestade nos deu quarenta minutos."),
    (
        "The fishing cooperative said most of its members could not afford the fees there.",
        "A cooperativa de pesca disse que a maioria de seus membros não poderia pagar as taxas lá.",
    ),
    (
        "In the same session, the council put off until November a decision on whether to raise \
         the fees for pleasure boats.",
        "Na mesma sessão, o conselho adiava até novembro uma decisão sobre se levantar as taxas \
         para barcos de recreio.",
    ),
    (
        "There are berths for 150 boats at the new port, and half of them are empty.",
        "Há vagas para 150 barcos no novo porto, e metade deles estão vazios.",
    ),
    ("Work is to begin in March.", "O trabalho deve começar em março."),
];
const TO_ENGLISH: [(&str, &str); 5] = [
    ("A tempestade nos deu quarenta minutos.", "The storm gave us forty minutes."),
    (
        "O governo provincial pagará 60 por cento do custo.",
        "The provincial government will pay 60 percent of the cost.",
    ),
    (
        "A cooperativa de pesca disse que a maioria de seus membros não poderia pagar as taxas lá.",
        "The fishing cooperative said that most of its members could not afford the fees there.",
    ),
    (
        "Há vagas para 150 barcos no novo porto, e metade deles estão vazios.",
        "There are vacancies for 150 boats in the new port, and half of them are empty.",
    ),
    ("O trabalho deve começar em março.", "The work is expected to begin in March."),
];

#[test]
fn real_students_write_what_another_engine_writes() {
    let directions = [("en", "pt", TO_PORTUGUESE), ("pt", "en", TO_ENGLISH)];
    for (from, to, sentences) in directions {
        let Some(path) = real(&format!("firefox-{from}-{to}")) else { continue };
        let options = OpenOptions { reproducible: true, ..OpenOptions::default() };
        let model = Model::open_with(path, &options).unwrap();
        let task = model.seq2seq_task("translation", from, to).unwrap();
        let inputs = sentences.map(|(source, _)| model.encoder_input(&task, source).unwrap());
        let options = Options { max_tokens: 128, ..Default::default() };
        let found = model.generate(&inputs, &options, &mut |_, _| Control::Continue).unwrap();
        for (found, (source, expected)) in found.iter().zip(sentences) {
            assert_eq!(found.text, expected, "{source}");
        }
        assert!(model.seq2seq_task("translation", "en", "ko").is_err());
    }
}

/// The real student under the names of the Korean one's files: the program knows no Portuguese.
fn as_korean() -> Option<Model> {
    let path = real("firefox-en-pt")?;
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(path).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap().replace(".enpt.", ".enko.");
        if !name.ends_with(".yml") {
            std::fs::copy(entry.path(), folder.path().join(name)).unwrap();
        }
    }
    let options = OpenOptions { reproducible: true, ..OpenOptions::default() };
    Some(Model::open_with(folder.path(), &options).unwrap())
}

#[test]
fn an_article_goes_through_a_real_student_sentence_by_sentence() {
    let Some(model) = as_korean() else { return };
    let paragraphs: Vec<String> = TO_PORTUGUESE
        .chunks(2)
        .map(|pair| pair.iter().map(|(source, _)| *source).collect::<Vec<_>>().join(" "))
        .collect();
    let expected: Vec<String> = TO_PORTUGUESE
        .chunks(2)
        .map(|pair| pair.iter().map(|(_, written)| *written).collect::<Vec<_>>().join(" "))
        .collect();
    let outcome = model
        .translate(&paragraphs.join("\n\n"))
        .from(Language::English)
        .to(Language::Korean)
        .repair(Repair::Off)
        .run()
        .unwrap();
    assert_eq!(outcome.text.trim_end(), expected.join("\n\n"));
}

#[test]
fn tags_go_around_the_words_that_attend_to_theirs() {
    let Some(model) = as_korean() else { return };
    let page = "<p>The <b>storm</b> gave us forty minutes.</p>";
    let block = Block::from_markup(page, 3..page.len() - 4, BlockKind::Paragraph);
    let document = Document::new(page.to_string(), vec![block]);
    let request = model.translate_document(document);
    let request = request.from(Language::English).to(Language::Korean).repair(Repair::Off);
    let outcome = request.run().unwrap();
    let expected = "<p>A <b>tempestade</b> nos deu quarenta minutos.</p>";
    assert_eq!(outcome.text, expected);
    assert!(!outcome.findings.iter().any(|finding| finding.kind == "tags_lost"));
}

#[test]
fn options_that_would_change_the_arithmetic_are_refused_by_name() {
    let folder = here("fixtures/marian/tiny");
    let bytes = std::fs::read(folder.join("model.enko.intgemm.alphas.bin")).unwrap();
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len(), "the container has lengths");
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let changed = tempfile::tempdir().unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(changed.path().join("model.enko.bin"), bytes).unwrap();
        std::fs::copy(folder.join("vocab.enko.spm"), changed.path().join("vocab.enko.spm"))
            .unwrap();
        Model::open(changed.path()).unwrap_err().to_string()
    };
    let refusal = replaced("transformer-postprocess: dan", "transformer-postprocess: nda");
    assert!(refusal.contains("transformer-postprocess `nda`"), "{refusal}");
    let refusal = replaced("dec-cell: ssru", "dec-cell: lstm");
    assert!(refusal.contains("dec-cell `lstm`"), "{refusal}");
    let refusal = replaced("transformer-heads: 4", "transformer-heads: 5");
    assert!(refusal.contains("5 encoder heads"), "{refusal}");
}

/// The clauses of one long sentence.
const CLAUSES: [&str; 4] = [
    "The council of Haemin met on Monday to speak of the new harbor and of all that it would cost;",
    "the mayor said “we will build; we will not wait, and we will pay” to everyone in the hall;",
    "the fishermen, who had come with 1,204 signatures, asked for a longer quay and for cranes;",
    "the vote was put off until the storm had passed and the engineers had looked at the walls.",
];

#[test]
fn a_long_sentence_is_translated_by_its_clauses_and_a_short_one_is_not() {
    let model = Model::open(here("fixtures/marian/tiny")).unwrap();
    // Random weights do not end by themselves, and the limit is otherwise that of a batch.
    let translate = |text: &str| {
        let request = model.translate(text).to(Language::Korean).max_tokens(12);
        request.repair(Repair::Off).run().unwrap()
    };
    let note = |outcome: &malmoi::Outcome| {
        outcome.findings.iter().find(|finding| finding.kind == "clauses").cloned()
    };
    let sentence = CLAUSES.join(" ");
    let whole = translate(&sentence);
    assert_eq!((whole.segments.len(), whole.segments[0].source.as_str()), (1, sentence.as_str()));
    let finding = note(&whole).unwrap();
    assert!(!finding.is_doubt() && finding.segment == Some(0));
    let tokens = model.count(&sentence);
    let message =
        format!("a long sentence ({tokens} tokens) was translated in 4 parts, by its clauses");
    assert_eq!((finding.message, finding.values["parts"].as_u64()), (message, Some(4)));
    // Each part has the translation that it has alone.
    let [.., third, last] = CLAUSES.map(|clause| translate(clause).text);
    assert!(whole.text.ends_with(&format!("{third} {last}")), "{third} {last}: {}", whole.text);
    assert!(note(&translate(CLAUSES[3])).is_none());
}
