use std::path::{Path, PathBuf};

use crate::support::here;

/// Modules of text, and modules of models: they meet in `pipeline` only.
const TEXT: &[&str] = &["formats", "segment", "prompts", "checks", "document"];
const MODEL: &[&str] = &["generation", "model", "architectures", "kernels", "checkpoint"];
/// What everything may use.
const BELOW: &[&str] = &["error", "event", "language", "reasoning"];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => walk(&path, found),
                path if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
                _ => {}
            }
        }
    }
    let root = here("../src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 40);
    found
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The files of modules that a file declares for tests only.
fn test_files(name: &str, text: &str) -> Vec<String> {
    let folder = name.trim_end_matches("mod.rs").trim_end_matches(".rs").trim_end_matches('/');
    let declared = text.split("#[cfg(test)]\nmod ").skip(1);
    let modules =
        declared.filter_map(|rest| rest.split_once(|c: char| !c.is_alphanumeric() && c != '_'));
    modules.map(|(module, _)| format!("{folder}/{module}.rs")).collect()
}

/// The part of a file that is not tests.
fn code(text: &str) -> &str {
    let tests = ["#[cfg(test)]\nmod ", "#[cfg(test)]\npub(super) mod "];
    tests.iter().fold(text, |code, tests| code.split(tests).next().unwrap())
}

#[test]
fn text_and_models_do_not_know_each_other() {
    for (name, text) in sources() {
        let imports = text
            .split("crate::")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
        for import in imports {
            let (from, forbidden) = (module(&name), |list: &[&str]| list.contains(&import));
            let wrong = (TEXT.contains(&from) && forbidden(MODEL))
                || (MODEL.contains(&from) && forbidden(TEXT))
                || (BELOW.contains(&from)
                    && (forbidden(MODEL) || forbidden(&["pipeline", "request"])));
            assert!(!wrong, "{name} uses crate::{import}");
        }
    }
}

#[test]
fn foreign_libraries_have_their_places() {
    for (library, places) in [
        (
            "candle_core::",
            &["architectures", "kernels", "checkpoint", "generation", "model.rs", "error.rs"][..],
        ),
        ("tokenizers::", &["checkpoint/tokenizer"]),
        ("ureq::", &["fetch"]),
        ("hf_hub::", &["store/cache.rs"]),
        ("clap::", &["bin"]),
        ("minijinja::", &["checkpoint/chat_template.rs", "prompts.rs"]),
    ] {
        for (name, text) in sources() {
            let there = places.iter().any(|place| name.starts_with(place));
            assert!(there || !code(&text).contains(library), "{name} uses {library}");
        }
    }
}

#[test]
fn the_library_prints_nothing_reads_no_environment_and_is_careful() {
    let sources = sources();
    let tests: Vec<String> =
        sources.iter().flat_map(|(name, text)| test_files(name, text)).collect();
    let is_library = |name: &String| {
        !name.starts_with("bin") && !name.ends_with("tests.rs") && !tests.contains(name)
    };
    for (name, text) in sources.iter().filter(|(name, _)| is_library(name)) {
        let code: String =
            code(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in [
            "println!",
            "eprintln!",
            "print!(",
            "env::var",
            ".unwrap()",
            "todo!(",
            "TcpStream",
            "process::exit",
        ] {
            assert!(!code.contains(word), "{name}: {word}");
        }
        let may = name.starts_with("kernels") || name.starts_with("files/mapped");
        assert!(may || !code.contains("unsafe {"), "{name}: unsafe");
    }
}

#[test]
fn there_is_one_loop_for_each_kind_of_network() {
    let loops = sources().into_iter().filter(|(name, text)| {
        !name.starts_with("architectures") && code(text).contains(".forward(&mut ")
    });
    let mut names: Vec<String> = loops.map(|(name, _)| name).collect();
    names.sort();
    // Searches for sources follow several texts of each at once; texts that are continued stand by
    // themselves; measurements write as many tokens as they are told to, whatever these are.
    assert_eq!(
        names,
        ["bin/malmoi/cli/bench/measure.rs", "generation/beam.rs", "generation/mod.rs"]
    );
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 700, "{name} has {lines} lines");
    }
}
