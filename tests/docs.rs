//! Pages, tool files and promises about them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Every Markdown page that belongs to the project, relative to its root.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "examples"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    assert!(pages.len() > 4, "{pages:?}");
    pages
}

/// A page without its code: fenced blocks and `spans`.
fn prose(page: &str) -> String {
    let outside = page.split("```").step_by(2).collect::<String>();
    outside.split('`').step_by(2).collect()
}

/// Targets of `[text](target)` and `src="target"`.
fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let pictures = prose.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    inline.chain(pictures).map(str::to_string).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let outside: String = page.split("```").step_by(2).collect();
    let headings = outside.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            text.chars()
                .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let mut checked = 0;
    for page in pages() {
        let text = read(page.to_str().unwrap());
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => root().join(&page),
                path => root().join(page.parent().unwrap()).join(path),
            };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            if !anchor.is_empty() {
                let headings = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(headings.contains(anchor), "{}: {link}: no heading", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let mut reached = BTreeSet::from([PathBuf::from("README.md")]);
    let mut open = vec![PathBuf::from("README.md")];
    while let Some(page) = open.pop() {
        for link in links(&read(page.to_str().unwrap())) {
            let path = page.parent().unwrap().join(link.split('#').next().unwrap());
            let Ok(path) = root().join(path).canonicalize() else { continue };
            let Ok(path) = path.strip_prefix(root().canonicalize().unwrap()) else { continue };
            let is_page = path.extension().is_some_and(|extension| extension == "md");
            if is_page && reached.insert(path.to_path_buf()) {
                open.push(path.to_path_buf());
            }
        }
    }
    for page in pages() {
        assert!(reached.contains(&page), "no page links to {}", page.display());
    }
}

/// Crates that can open a connection, or would bring one.
const CLIENTS: &[&str] = &[
    "ureq",
    "rustls",
    "ring",
    "native-tls",
    "openssl",
    "openssl-sys",
    "webpki-roots",
    "http",
    "httparse",
    "hyper",
    "reqwest",
    "curl",
    "tokio",
    "socket2",
    "mio",
];

/// Names of the crates in a build with these features and no others.
fn tree(features: &str) -> BTreeSet<String> {
    let ran = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--no-default-features", "--features", features])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let text = String::from_utf8(ran.stdout).unwrap();
    let names: BTreeSet<String> =
        text.lines().filter_map(|line| Some(line.split(' ').next()?.to_string())).collect();
    assert!(names.contains("candle-core"), "{names:?}");
    names
}

#[test]
fn a_build_without_the_feature_fetch_has_no_network_client() {
    for features in ["", "cli"] {
        let names = tree(features);
        for client in CLIENTS {
            assert!(!names.contains(*client), "{client} is in a build with `{features}`");
        }
    }
    // The list is not out of date: the client in use is on it.
    assert!(tree("fetch").contains("ureq") && CLIENTS.contains(&"ureq"));
}

#[test]
fn only_the_server_and_the_tools_of_assistants_are_asynchronous() {
    for features in ["", "cli", "cli,fetch,meaning"] {
        assert!(!tree(features).contains("tokio"), "tokio is in a build with `{features}`");
    }
    let (server, tools) = (tree("serve"), tree("mcp"));
    assert!(server.contains("tokio") && !server.contains("rmcp"));
    // Over pipes: a build for assistants alone cannot open a socket.
    assert!(tools.contains("tokio") && tools.contains("rmcp"));
    for name in CLIENTS.iter().filter(|name| **name != "tokio").chain(&["axum"]) {
        assert!(!tools.contains(*name), "{name} is in a build with `mcp`");
    }
}

/// What git prints, if there is a git and a whole history.
fn git(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    ran.status.success().then(|| String::from_utf8_lossy(&ran.stdout).trim().to_string())
}

/// The version headings of the changelog, newest first.
fn versions(changelog: &str) -> Vec<&str> {
    let headings = changelog.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .map(|heading| heading.trim_start_matches('[').split([']', ' ']).next().unwrap())
        .collect()
}

#[test]
fn the_changelog_has_the_shape_of_keep_a_changelog() {
    let changelog = read("CHANGELOG.md");
    let versions = versions(&changelog);
    assert!(!versions.is_empty());
    for (nth, version) in versions.iter().enumerate() {
        let is_number = version.split('.').count() == 3
            && version.split('.').all(|part| part.parse::<u32>().is_ok());
        assert!(is_number || (nth == 0 && *version == "Unreleased"), "{version}");
    }
    for section in changelog.split("\n## ").skip(1) {
        let groups: Vec<&str> =
            section.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
        let places: Vec<usize> = groups
            .iter()
            .map(|group| order.iter().position(|known| known == group).unwrap())
            .collect();
        assert!(places.is_sorted_by(|a, b| a < b), "each group once, in this order: {order:?}");
    }
}

#[test]
fn the_changelog_speaks_of_changes_since_the_last_version() {
    if git(&["rev-parse", "--is-shallow-repository"]).as_deref() != Some("false") {
        eprintln!("skipped: no git, or not the whole history");
        return;
    }
    let changelog = read("CHANGELOG.md");
    let versions = versions(&changelog);
    let newest = versions.iter().find(|version| **version != "Unreleased");
    // The last tag; without one, the commit that brought the newest version's heading.
    let last = git(&["describe", "--tags", "--abbrev=0"]).or_else(|| {
        let heading = format!("-S## [{}]", newest?);
        git(&["log", "-1", "--format=%H", &heading, "--", "CHANGELOG.md"])
    });
    let changed = match &last {
        Some(last) => !git(&["diff", "--name-only", last, "HEAD", "--", "src"]).unwrap().is_empty(),
        None => true,
    };
    let unreleased = changelog
        .split("\n## ")
        .find(|section| section.trim_start_matches('[').starts_with("Unreleased"));
    let entries = unreleased
        .map_or(0, |section| section.lines().filter(|line| line.starts_with("- ")).count());
    assert!(!changed || entries > 0, "src/ changed since {last:?}: CHANGELOG.md needs an entry");
}

#[test]
fn one_oldest_rust_is_promised_everywhere() {
    let manifest = read("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .unwrap()
        .trim_end_matches('"');
    for page in pages() {
        let text = read(page.to_str().unwrap());
        let named = text.split("Rust ").skip(1).filter_map(|rest| {
            let number: String =
                rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            number.starts_with("1.").then(|| number.trim_end_matches('.').to_string())
        });
        for named in named {
            assert_eq!(named, version, "{}", page.display());
        }
    }
}

/// Words of all pages that begin with a prefix and go on with capitals.
fn settings_named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    words.filter(|word| word.starts_with("MALMOI_")).map(str::to_string).collect()
}

#[test]
fn settings_that_pages_name_are_settings() {
    let known = settings_named(&read("src/bin/malmoi/settings.rs"));
    let ci = settings_named(&read(".ci/run"));
    for page in pages() {
        for name in settings_named(&read(page.to_str().unwrap())) {
            let is_setting = known.contains(&name) || ci.contains(&name);
            assert!(is_setting, "{}: {name}", page.display());
        }
    }
}

/// Rows of the table that follows `<!-- formats -->` on a page; `None` without that mark.
fn rows_of_formats(page: &str) -> Option<Vec<String>> {
    let (_, rest) = page.split_once("<!-- formats -->")?;
    let rows = rest.trim_start().lines().take_while(|line| line.starts_with('|'));
    Some(rows.skip(2).map(str::to_string).collect())
}

#[test]
fn the_tables_of_formats_are_those_of_the_program() {
    let row = |format: &malmoi::formats::Format| {
        let endings: Vec<String> = format.extensions.iter().map(|end| format!("`{end}`")).collect();
        let endings =
            if endings.is_empty() { "by content".to_string() } else { endings.join(", ") };
        let (title, articles) = (format.title, format.articles());
        format!("| {title} | {endings} | {articles} | {} | {} |", format.written, format.kept)
    };
    let known: Vec<String> = malmoi::formats::FORMATS.iter().map(row).collect();
    let rows = rows_of_formats(&read("docs/formats.md")).expect("docs/formats.md has no table");
    let sorted = |rows: &[String]| rows.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&rows), sorted(&known));
    assert_eq!(rows.len(), known.len(), "a row stands twice");
}

/// The names of formats in a text: words with two capital letters.
fn format_names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_name = |word: &&str| word.matches(|c: char| c.is_ascii_uppercase()).count() > 1;
    words.filter(is_name).map(str::to_string).collect()
}

#[test]
fn the_short_tables_of_formats_name_those_of_the_program() {
    let titles: Vec<&str> = malmoi::formats::FORMATS.iter().map(|format| format.title).collect();
    for (page, head) in [("README.md", "| read | written |"), ("README.ko.md", "| 읽는 형식 |")]
    {
        let page = read(page);
        let table = page.split(head).nth(1).expect("a table of formats");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let read: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
        assert_eq!(format_names(&read.join(" ")), format_names(&titles.join(" ")));
    }
}

/// The steps of `.ci/run`, in its order.
fn ci_steps() -> Vec<String> {
    let script = read(".ci/run");
    let list = script.split("\nsteps=(").nth(1).unwrap().split(')').next().unwrap();
    list.split_whitespace().map(str::to_string).collect()
}

/// Every word in `backticks` on a page.
fn code_words(page: &str) -> Vec<String> {
    let outside = page.split("```").step_by(2).collect::<String>();
    outside.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

#[test]
fn files_and_tests_that_the_map_names_exist() {
    let tests = ["src", "tests"].map(|folder| text_of(&root().join(folder))).concat();
    let mut files = 0;
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for word in code_words(&read(page)) {
            let folders = ["src/", "tests/", "docs/", "prompts/", "fuzz/", "benches/"];
            if folders.iter().any(|folder| word.starts_with(folder)) && !word.contains("NAME") {
                assert!(root().join(&word).exists(), "{page}: {word}");
                files += 1;
            }
            // The name of a test, of a topic or alone: words joined by underscores.
            let name = word.rsplit("::").next().unwrap();
            let is_test = name.matches('_').count() >= 3 && !name.starts_with('_');
            if is_test && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                assert!(tests.contains(&format!("fn {name}(")), "{page}: {word}");
            }
        }
    }
    assert!(files > 20, "{files}");
}

#[test]
fn types_in_the_glossary_are_types() {
    let sources = text_of(&root().join("src"));
    let page = read("docs/glossary.md");
    let ours = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let types = ours.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut count = 0;
    for name in types {
        let is_type = ["struct", "enum", "trait"]
            .iter()
            .any(|kind| sources.contains(&format!("{kind} {name}")));
        assert!(is_type, "{name}");
        count += 1;
    }
    assert!(count > 5);
}

#[test]
fn every_folder_of_the_sources_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    for entry in std::fs::read_dir(root().join("src")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() && name != "bin" {
            assert!(map.contains(&format!("`src/{name}/`")), "src/{name}/ is not on the map");
        }
    }
}

/// All Rust text of a folder.
fn text_of(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            text += &text_of(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).unwrap();
        }
    }
    text
}

#[test]
fn steps_of_ci_are_functions_of_its_script() {
    let script = read(".ci/run");
    let steps = ci_steps();
    assert!(steps.len() > 8, "{steps:?}");
    for step in &steps {
        assert!(script.contains(&format!("\n{step}() {{\n")), "{step}");
    }
    let page = read("CONTRIBUTING.md");
    assert!(page.contains(&format!("`{}`", steps.join(" "))), "CONTRIBUTING.md lists other steps");
    for (at, _) in read("justfile").match_indices(".ci/run ") {
        let line = read("justfile")[at..].lines().next().unwrap().to_string();
        for step in line.split_whitespace().skip(1).filter(|step| !step.starts_with('{')) {
            assert!(steps.iter().any(|known| known == step), "justfile: {line}");
        }
    }
}
