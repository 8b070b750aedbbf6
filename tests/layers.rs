//! The architecture, read from the sources: which module may import which, that no two files import
//! each other in a circle, and where libraries, `unsafe` and output may be.

pub mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use imports::{Crate, without_literals};

use crate::support::here;

/// A module, and the modules it imports.
type Floor = (&'static str, &'static [&'static str]);

/// The top-level modules in floor order: a module imports only modules that stand before it in this
/// table. The errors of batches, of the store and of the desk are leaves, which is why `error` can
/// name them.
const MODULES: &[Floor] = &[
    // Ground.
    ("batch::error", &[]),
    ("store::error", &[]),
    ("desk::error", &[]),
    ("error", &["batch::error", "desk::error", "store::error"]),
    ("document", &[]),
    ("prompt_part", &[]),
    ("likeness", &[]),
    ("reasoning", &[]),
    ("redact", &[]),
    ("language", &["error"]),
    ("finding", &["language"]),
    ("event", &["error", "finding"]),
    ("files", &["error"]),
    ("audit", &[]),
    ("sandbox", &[]),
    // Texts: no tensors, no token ids.
    ("segment", &["document", "language"]),
    ("formats", &["document", "error", "language", "segment"]),
    ("glossary", &["document", "error", "formats", "language"]),
    ("desk", &["desk::error", "document", "error", "formats", "glossary", "language", "likeness"]),
    ("checks", &["document", "error", "finding", "glossary", "language", "segment"]),
    ("extraction", &["checks", "glossary", "language"]),
    ("semantic", &["checks", "desk", "error", "language"]),
    ("prompts", &["error", "formats", "glossary", "language", "likeness", "prompt_part"]),
    ("eval", &["checks", "document", "error", "files", "finding", "language"]),
    ("outcome", &["checks", "desk", "event", "finding", "language", "prompts"]),
    // Models: no documents, no tasks.
    ("kernels", &["files"]),
    ("checkpoint", &["error", "files", "kernels", "prompt_part", "reasoning"]),
    ("architectures", &["checkpoint", "error", "files", "kernels"]),
    ("generation", &["architectures", "checkpoint", "error", "event", "kernels"]),
    (
        "model",
        &[
            "architectures",
            "checkpoint",
            "error",
            "files",
            "generation",
            "kernels",
            "prompt_part",
            "reasoning",
        ],
    ),
    ("meaning", &["checkpoint", "checks", "error", "files", "kernels"]),
    ("judge", &["checks", "error", "language", "model", "segment"]),
    ("fetch", &["error", "formats", "redact"]),
    ("store", &["fetch", "files", "language", "redact", "store::error"]),
    ("bundle", &["files", "redact", "store", "store::error"]),
    // Both.
    ("job", &["checks", "desk", "generation", "language", "model", "outcome", "prompts"]),
    (
        "pipeline",
        &[
            "checks",
            "desk",
            "document",
            "error",
            "event",
            "finding",
            "formats",
            "generation",
            "glossary",
            "job",
            "language",
            "model",
            "outcome",
            "prompt_part",
            "prompts",
            "reasoning",
            "segment",
            "semantic",
        ],
    ),
    (
        "request",
        &[
            "checks",
            "desk",
            "document",
            "error",
            "event",
            "formats",
            "generation",
            "glossary",
            "job",
            "language",
            "model",
            "outcome",
            "pipeline",
            "prompts",
        ],
    ),
    (
        "batch",
        &[
            "batch::error",
            "checks",
            "desk",
            "document",
            "error",
            "event",
            "files",
            "finding",
            "formats",
            "glossary",
            "job",
            "language",
            "model",
            "outcome",
            "prompts",
            "segment",
        ],
    ),
];

/// The parts of `kernels` in floor order.
const KERNELS: &[Floor] = &[
    // Ground.
    ("cpu", &[]),
    ("memory", &[]),
    ("shape", &[]),
    ("tensor_data", &[]),
    ("threads", &[]),
    ("phase", &["cpu"]),
    ("simd", &["cpu", "shape"]),
    ("block_types", &["simd"]),
    ("amx", &["shape", "simd", "threads"]),
    // Operations.
    ("ops", &["cpu", "shape", "simd", "tensor_data", "threads"]),
    (
        "matmul",
        &["amx", "block_types", "cpu", "memory", "ops", "phase", "shape", "simd", "threads"],
    ),
    (
        "attention",
        &["amx", "cpu", "memory", "ops", "phase", "shape", "simd", "tensor_data", "threads"],
    ),
    ("linear", &["block_types", "cpu", "matmul", "ops", "phase", "tensor_data"]),
    ("roofline", &["amx", "cpu", "matmul", "memory", "phase", "threads"]),
];

/// Modules of texts and modules of models, which meet in `pipeline` only.
const TEXT: &[&str] = &[
    "formats",
    "glossary",
    "desk",
    "extraction",
    "segment",
    "prompts",
    "checks",
    "semantic",
    "eval",
    "document",
];
const MODEL: &[&str] = &["generation", "model", "architectures", "kernels", "checkpoint"];

pub fn library() -> Crate {
    Crate::read(&here("../src"), "bin/")
}

fn binary() -> Crate {
    Crate::read(&here("../src/bin/malmoi"), "")
}

/// The module of [`MODULES`] that a file belongs to; `None` for the root and for the re-exports of
/// `internals`.
fn module(file: &str) -> Option<String> {
    match file {
        "lib.rs" | "internals.rs" => None,
        "batch/error.rs" => Some("batch::error".to_string()),
        "store/error.rs" => Some("store::error".to_string()),
        "desk/error.rs" => Some("desk::error".to_string()),
        _ => file.split(['/', '.']).next().map(str::to_string),
    }
}

/// The part of [`KERNELS`] that a file belongs to.
fn kernel(file: &str) -> Option<String> {
    let part = file.strip_prefix("kernels/")?.split(['/', '.']).next()?;
    (part != "mod").then(|| part.to_string())
}

/// Fails unless the imports are those of the table, each of a row before its own.
fn check_floors(table: &[Floor], imports: &BTreeMap<String, BTreeSet<String>>) {
    let expected: BTreeMap<String, BTreeSet<String>> = table
        .iter()
        .map(|(name, allowed)| {
            (name.to_string(), allowed.iter().map(|name| name.to_string()).collect())
        })
        .collect();
    for name in expected.keys().chain(imports.keys()) {
        let [table, sources] = [&expected, imports].map(|edges| edges.get(name));
        assert_eq!(sources, table, "imports of `{name}`: in the sources, and in the table");
    }
    for (index, (name, allowed)) in table.iter().enumerate() {
        for target in *allowed {
            let is_before = table[..index].iter().any(|(lower, _)| lower == target);
            assert!(is_before, "`{name}` stands before `{target}` in the table");
        }
    }
}

/// The modules that a module imports, directly or not.
fn reachable(from: &'static str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(next) = waiting.pop() {
        let (_, targets) = MODULES.iter().find(|(name, _)| *name == next).unwrap();
        waiting.extend(targets.iter().filter(|target| reached.insert(**target)));
    }
    reached
}

/// Prints a line although the test passes.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn modules_import_lower_modules_as_the_table_says() {
    let library = library();
    let modules = library.groups(module);
    check_floors(MODULES, &modules);
    check_floors(KERNELS, &library.groups(kernel));
    let edges: usize = modules.values().map(BTreeSet::len).sum();
    print(&format!("layers: {} modules, {edges} imports between them", modules.len()));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for (name, source) in [("library", library()), ("binary", binary())] {
        let edges: usize = source.imports().iter().map(BTreeSet::len).sum();
        print(&format!("layers: {name}: {} files, {edges} imports", source.files.len()));
        let circles = source.circles();
        let is_member = |file: &str| circles.iter().any(|circle| circle.contains(&file));
        let imports = source.who_imports(&is_member, &is_member);
        assert!(circles.is_empty(), "circles: {circles:#?}\nby these imports: {imports:#?}");
    }
}

#[test]
fn texts_and_models_do_not_know_each_other() {
    for (one, other) in [(TEXT, MODEL), (MODEL, TEXT)] {
        for module in one {
            let reached = reachable(module);
            let wrong: Vec<_> = other.iter().filter(|name| reached.contains(**name)).collect();
            assert!(wrong.is_empty(), "{module} reaches {wrong:?}");
        }
    }
}

#[test]
fn foreign_libraries_have_their_places() {
    let library = library();
    let binary = binary();
    for (name, places) in [
        (
            "candle_core::",
            &[
                "architectures",
                "kernels",
                "checkpoint",
                "generation",
                "meaning",
                "model",
                "error.rs",
            ][..],
        ),
        ("candle_transformers::", &["meaning/network.rs"]),
        ("tokenizers::", &["checkpoint/tokenizer"]),
        ("ureq::", &["fetch"]),
        ("hf_hub::", &["store/cache.rs"]),
        ("minisign::", &["bundle/signature.rs"]),
        ("minisign_verify::", &["bundle/signature.rs"]),
        ("tar::", &["bundle"]),
        ("clap::", &[]),
        ("minijinja::", &["checkpoint/chat_template.rs", "prompts.rs"]),
        ("hayro_interpret::", &["formats/pdf"]),
        ("landlock::", &["sandbox/files.rs"]),
        ("seccompiler::", &["sandbox/calls.rs"]),
    ] {
        for file in &library.files {
            let is_allowed = places.iter().any(|place| file.name.starts_with(place));
            assert!(is_allowed || !file.code.contains(name), "{} uses {name}", file.name);
        }
        for file in &binary.files {
            let is_allowed = name == "clap::" || name == "candle_core::";
            assert!(is_allowed || !file.code.contains(name), "{} uses {name}", file.name);
        }
    }
}

#[test]
fn the_server_and_the_tools_of_assistants_do_not_know_each_other() {
    for (name, places) in [
        ("axum::", &["server"][..]),
        ("hyper::", &["server"]),
        ("rmcp::", &["mcp"]),
        ("tokio::", &["engine", "mcp", "server", "cli/serve.rs"]),
        ("crate::mcp", &["mcp", "cli/mcp.rs"]),
        ("crate::server", &["server", "cli/serve.rs"]),
    ] {
        let mut users = 0;
        for file in &binary().files {
            let is_allowed = places.iter().any(|place| file.name.starts_with(place));
            let uses = file.code.contains(name);
            assert!(is_allowed || !uses, "{} uses {name}", file.name);
            users += usize::from(uses);
        }
        assert!(users > 0, "nothing uses {name}");
    }
}

#[test]
fn the_library_prints_nothing_reads_no_environment_and_is_careful() {
    for file in library().files {
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
            assert!(!file.code.contains(word), "{}: {word}", file.name);
        }
        let is_allowed = ["kernels/", "files/mapped"].iter().any(|at| file.name.starts_with(at));
        assert!(is_allowed || !file.code.contains("unsafe {"), "{}: unsafe", file.name);
    }
}

#[test]
fn there_is_one_loop_for_each_kind_of_network() {
    let mut names = Vec::new();
    for (prefix, source) in [("", library()), ("bin/malmoi/", binary())] {
        for file in &source.files {
            if !file.name.starts_with("architectures") && file.code.contains(".forward(&mut ") {
                names.push(format!("{prefix}{}", file.name));
            }
        }
    }
    // Beam search, continuation, and measurements of a fixed number of tokens.
    assert_eq!(
        names,
        ["generation/beam.rs", "generation/engine.rs", "bin/malmoi/cli/bench/measure.rs"]
    );
}

#[test]
fn files_can_be_read_in_one_sitting() {
    const MAX_LINES: usize = 700;
    for path in imports::rust_files(&here("../src")) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn the_reader_of_imports_sees_code_and_nothing_else() {
    let text =
        "// use crate::a;\nlet b = \"crate::b\"; let c = r#\"crate::c\"#; let d = 'd'; 'e: loop {}";
    let code = without_literals(text);
    assert!(!code.contains("crate") && code.contains("'e: loop"), "{code}");
}
