//! Files that are no articles by their names: what they hold reads as prose too easily.

/// Endings in lower case, and the description of the files that have them.
const NAMED: &[(&[&str], &str)] = &[
    (
        &[
            "bat", "c", "cc", "cpp", "cs", "css", "go", "h", "hpp", "hs", "java", "js", "jsx",
            "kt", "less", "lua", "mjs", "php", "pl", "ps1", "py", "r", "rb", "rs", "scala", "scss",
            "sh", "swift", "ts", "tsx", "vb", "vue",
        ],
        "is a program or a style sheet by its name, not an article",
    ),
    (
        &["cfg", "conf", "env", "ini", "properties", "reg", "strings", "tf", "toml", "yaml", "yml"],
        "is settings by its name, not an article",
    ),
    (&["bib", "tex"], "is LaTeX by its name; save its text first"),
    (&["diff", "patch"], "is a patch by its name, not an article"),
    (&["sql"], "is statements for a database by its name, not an article"),
    (
        &["ass", "ssa"],
        "is SubStation Alpha subtitles by its name; save them as SubRip (.srt) first",
    ),
];

/// The reason why a file of this name is not an article; `None` if it may be one.
pub(in crate::formats) fn named(name: &str) -> Option<&'static str> {
    // Web addresses and "standard input" say nothing about the text.
    let ending = name.rsplit_once('.')?.1.to_lowercase();
    let is_file = !name.contains("://");
    NAMED.iter().find(|(endings, _)| is_file && endings.contains(&&*ending)).map(|(_, what)| *what)
}
