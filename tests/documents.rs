//! Office documents: a translation is a document of the same kind, on every way.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::{Command, Output};

use malmoi::formats::{read, write};
use zip::ZipArchive;

use crate::support::{here, real, scripted};

const SAID: &str = "The office <met> & spoke.";
/// The same press release in each format.
const RELEASES: [&str; 5] =
    ["release.txt", "release.docx", "release.hwpx", "release.hwp", "release.pdf"];

/// The parts of a package.
fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..zip.len() {
        let mut part = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        parts.insert(part.name().unwrap().into_owned(), bytes);
    }
    parts
}

fn press(name: &str) -> Vec<u8> {
    std::fs::read(here("fixtures/press").join(name)).unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let model = folder.join("model");
    if !model.exists() {
        let made = scripted::model(serde_json::json!([{"say": SAID}]), 8192);
        std::fs::create_dir(&model).unwrap();
        for file in std::fs::read_dir(made.path()).unwrap().flatten() {
            std::fs::copy(file.path(), model.join(file.file_name())).unwrap();
        }
    }
    Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder)
        .env("MALMOI_DESK", "off")
        .current_dir(folder)
        .args(arguments)
        .arg("--model")
        .arg(&model)
        .output()
        .unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn folder_with_release() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["release.docx", "release.hwpx"] {
        std::fs::write(folder.path().join(name), press(name)).unwrap();
    }
    folder
}

/// Names of the parts in which two packages differ.
fn changed(old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (parts(old), parts(new));
    assert!(old.keys().eq(new.keys()));
    old.keys().filter(|name| old[*name] != new[*name]).cloned().collect()
}

#[test]
fn the_press_release_has_the_same_text_in_all_formats() {
    let release = String::from_utf8(press("release.txt")).unwrap();
    let paragraphs: Vec<&str> = release.trim().split("\n\n").collect();
    for name in RELEASES {
        let document = read(&press(name), name).unwrap();
        assert_eq!(document.article(), paragraphs.join("\n\n"), "{name}");
        assert_eq!(document.title(), Some(paragraphs[0]), "{name}");
    }
}

#[test]
fn a_press_release_has_one_summary_in_every_format() {
    let Some(model) = real("smollm2-135m") else { return };
    let summary = |name: &str| {
        let output = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
            .env("MALMOI_DESK", "off")
            .args(["summarize", "--to", "ko", "--quiet", "--offline", "--repair", "off"])
            .args(["--max-tokens", "40", "--model"])
            .arg(&model)
            .arg(here("fixtures/press").join(name))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let expected = summary(RELEASES[0]);
    assert!(expected.len() > 40, "{}", String::from_utf8_lossy(&expected));
    for name in &RELEASES[1..] {
        assert_eq!(summary(name), expected, "{name}");
    }
}

#[test]
fn a_document_without_new_words_is_the_same_file() {
    for name in ["release.docx", "release.hwpx"] {
        let document = read(&press(name), name).unwrap();
        assert_eq!(write(&document, |_, _| None).unwrap(), press(name), "{name}");
        let same = write(&document, |_, block| Some(document.block_text(block).to_string()));
        let same = same.unwrap();
        let back = read(&same, name).unwrap();
        assert_eq!(back.text(), document.text(), "{name}");
    }
}

#[test]
fn a_translated_document_keeps_all_parts_but_its_words() {
    let folder = folder_with_release();
    for (name, texts) in [
        ("release.docx", &["word/document.xml", "word/footnotes.xml", "word/header.xml"][..]),
        ("release.hwpx", &["Contents/section0.xml", "Preview/PrvText.txt"]),
    ] {
        let output = format!("new.{}", name.rsplit('.').next().unwrap());
        done(folder.path(), &["translate", name, "--to", "en", "-o", &output]);
        let written = std::fs::read(folder.path().join(&output)).unwrap();
        assert_eq!(changed(&press(name), &written), texts, "{name}");
        let document = read(&written, &output).unwrap();
        assert!(document.article().contains(SAID), "{}", document.article());
        assert!(!document.text().contains("해양안전청"), "{}", document.text());
        // The same again has the same bytes, and a pipe gets the file.
        let again = done(folder.path(), &["translate", name, "--to", "en"]);
        assert_eq!(again, written, "{name}");
    }
}

#[test]
fn a_document_is_written_as_text_if_the_output_is_text_and_as_nothing_else() {
    let folder = folder_with_release();
    done(folder.path(), &["translate", "release.docx", "--to", "en", "-o", "a.txt"]);
    let text = std::fs::read_to_string(folder.path().join("a.txt")).unwrap();
    assert!(text.starts_with(SAID) && !text.contains("<w:"), "{text}");
    let output = run(folder.path(), &["translate", "release.docx", "--to", "en", "-o", "a.html"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("a DOCX file is translated into DOCX, not into html"), "{error}");
    assert!(!folder.path().join("a.html").exists());
}

#[test]
fn a_bilingual_document_has_the_source_before_each_translation() {
    let folder = folder_with_release();
    for name in ["release.docx", "release.hwpx"] {
        let output = format!("both.{}", name.rsplit('.').next().unwrap());
        done(folder.path(), &["translate", name, "--to", "en", "--bilingual", "-o", &output]);
        let document = read(&std::fs::read(folder.path().join(&output)).unwrap(), &output).unwrap();
        let article = document.article();
        let release = String::from_utf8(press("release.txt")).unwrap();
        for paragraph in release.trim().split("\n\n").skip(1) {
            assert!(article.contains(&format!("{paragraph}\n\n{SAID}")), "{name}: {article}");
        }
    }
    let output = run(folder.path(), &["translate", "release.docx", "--bilingual", "-o", "a.txt"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--bilingual needs a DOCX file"));
}

#[test]
fn a_batch_writes_documents_into_its_items() {
    let folder = folder_with_release();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["release.docx", "release.hwpx"] {
        std::fs::rename(folder.path().join(name), folder.path().join("in").join(name)).unwrap();
    }
    let arguments = ["batch", "in", "--to", "en", "--translate", "-o", "out"];
    for run in 0..2 {
        done(folder.path(), &arguments);
        let items = folder.path().join("out/items");
        for ending in [".en.docx", ".en.hwpx"] {
            let mut files = std::fs::read_dir(&items).unwrap().flatten().map(|file| file.path());
            let file = files.find(|path| path.to_string_lossy().ends_with(ending)).unwrap();
            let written = std::fs::read(&file).unwrap();
            assert!(read(&written, ending).unwrap().article().contains(SAID));
            // What was deleted is written again from the journal.
            if run == 0 {
                std::fs::remove_file(file).unwrap();
            }
        }
    }
    let list = std::fs::read_to_string(folder.path().join("out/items.jsonl")).unwrap();
    assert_eq!(list.lines().count(), 2);
    assert!(!list.contains("\"bytes\""), "documents are in the journal and in items/");
}
