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

/// A PDF file of pages of one line each; a page without a line is a picture.
#[cfg(feature = "pdf")]
fn pdf(pages: &[&str]) -> Vec<u8> {
    let last = 4 + 2 * pages.len();
    let kids: Vec<String> = (0..pages.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        format!("<< /Type /Pages /Count {} /Kids [{}] >>", pages.len(), kids.join(" ")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_string(),
    ];
    for (at, line) in pages.iter().enumerate() {
        let content = match *line {
            "" => "q 595 0 0 842 0 0 cm /S Do Q".to_string(),
            line => format!("BT /F 12 Tf 60 700 Td ({line}) Tj ET"),
        };
        let contents = 5 + 2 * at;
        objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R /Resources << /Font << /F 3 0 R >> /XObject << /S {last} 0 R >> >> >>"));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects.push("<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream".to_string());
    let mut file = String::from("%PDF-1.7\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let start = file.len();
    let size = objects.len() + 1;
    file += &format!("{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

#[cfg(feature = "pdf")]
#[test]
fn a_batch_names_the_pages_of_a_pdf_that_are_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pages = ["The ferry of Haemin sailed on Monday.", "", "It came back on Tuesday.", ""];
    std::fs::write(at("ferry.pdf"), pdf(&pages)).unwrap();
    done(folder.path(), &["batch", "ferry.pdf", "-o", "out", "--to", "ko"]);
    let line = std::fs::read_to_string(at("out/items.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let messages: Vec<&str> = line["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["message"].as_str())
        .filter(|message| message.contains("no text"))
        .collect();
    assert_eq!(messages.len(), 2, "{line}");
    for (message, number) in messages.iter().zip([2, 4]) {
        assert!(message.contains(&format!("page {number} has pictures and no text")), "{message}");
    }
    for file in ["out/digest.md", "out/digest.html"] {
        let digest = std::fs::read_to_string(at(file)).unwrap();
        assert!(digest.contains("page 4 has pictures and no text"), "{file}: {digest}");
    }
}

/// The press release as HWP with further bits of its header.
fn hwp_with(bits: u32) -> Vec<u8> {
    let mut file = cfb::CompoundFile::open(Cursor::new(press("release.hwp"))).unwrap();
    let mut header = Vec::new();
    file.open_stream("/FileHeader").unwrap().read_to_end(&mut header).unwrap();
    let old = u32::from_le_bytes(header[36..40].try_into().unwrap());
    header[36..40].copy_from_slice(&(old | bits).to_le_bytes());
    std::io::Write::write_all(&mut file.open_stream("/FileHeader").unwrap(), &header).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn a_summary_says_what_is_special_about_an_hwp_file() {
    const PASSWORD: u32 = 1 << 1;
    const TRACKS_CHANGES: u32 = 1 << 14;
    let folder = tempfile::tempdir().unwrap();
    for (bits, code, said) in [
        (TRACKS_CHANGES, 0, "a.hwp: It tracks changes; text that is marked as deleted may be part"),
        (PASSWORD, 2, "a.hwp is encrypted; save it without a password first"),
    ] {
        std::fs::write(folder.path().join("a.hwp"), hwp_with(bits)).unwrap();
        let output = run(folder.path(), &["summarize", "a.hwp", "--to", "en"]);
        let notes = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{notes}");
        assert!(notes.contains(said), "{notes}");
    }
}
