//! Programs, style sheets and settings, by the shapes of their lines.

/// Lines that are examined.
const EXAMINED_LINES: usize = 200;

/// How much a line looks like a program.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    /// Only programs have it: a bracket alone, a block's beginning, a call, an assignment.
    Certain,
    /// A statement by its first word or its end.
    Likely,
    /// A comment, which may be prose in a program.
    Comment,
    Prose,
}

/// Words that begin a statement; a sentence that begins with one ends like a sentence.
const KEYWORDS: &[&str] = &[
    "case",
    "class",
    "const",
    "def",
    "echo",
    "elif",
    "else",
    "enum",
    "export",
    "extern",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "if",
    "import",
    "Imports",
    "interface",
    "let",
    "library",
    "local",
    "Module",
    "module",
    "my",
    "namespace",
    "package",
    "print",
    "private",
    "public",
    "puts",
    "require",
    "return",
    "static",
    "struct",
    "Sub",
    "sub",
    "switch",
    "type",
    "use",
    "using",
    "var",
    "void",
    "while",
    "SELECT",
    "FROM",
    "WHERE",
    "ORDER",
    "GROUP",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "RUN",
    "COPY",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "WORKDIR",
    "End",
];
/// Statements of one word.
const WORDS: &[&str] = &["begin", "do", "done", "else", "end", "esac", "fi", "pass", "then"];

/// Beginnings and ends of comments of several lines.
const BLOCKS: &[(&str, &str)] =
    &[("/*", "*/"), ("\"\"\"", "\"\"\""), ("'''", "'''"), ("=pod", "=cut"), ("{-", "-}")];

/// More than half of the lines are those of a program, some of them certainly; or the text is
/// packed with the marks of one, as scripts of web pages are.
pub(super) fn is_code(text: &str) -> bool {
    const EXAMINED_LETTERS: usize = 2000;
    const FEWEST_LETTERS: usize = 60;
    let (mut certain, mut likely, mut prose) = (0, 0, 0);
    let mut comment: Option<&str> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(EXAMINED_LINES) {
        if let Some(end) = comment {
            comment = comment.filter(|_| !line.contains(end));
            continue;
        }
        let opened = BLOCKS.iter().find_map(|(start, end)| Some((line.strip_prefix(start)?, end)));
        comment = opened.filter(|(rest, end)| !rest.contains(**end)).map(|(_, end)| *end);
        match kind(line) {
            Line::Certain => certain += 1,
            Line::Likely => likely += 1,
            Line::Comment => {}
            Line::Prose => prose += 1,
        }
    }
    let (mut letters, mut marks, mut last) = (0, 0, ' ');
    for c in text.chars().take(EXAMINED_LETTERS) {
        letters += 1;
        // A row of one mark is a line below a heading.
        marks += usize::from("{};=<>&|$\\".contains(c) && c != last);
        last = c;
    }
    let packed = letters >= FEWEST_LETTERS && marks * 14 > letters;
    (certain >= 1 || likely >= 4) && certain + likely >= 2 && certain + likely > prose || packed
}

fn kind(line: &str) -> Line {
    const COMMENTS: &[&str] = &["//", "/*", "*", "# ", "#!", "--", "\"\"\"", "'''", "<!--"];
    let bare = |c: char| matches!(c, '{' | '}' | '(' | ')' | '[' | ']' | ';' | ',');
    let short = line.len() <= 120;
    let first = line.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let sentence = line.ends_with(['.', '?', '!', '”', '"']) && line.split(' ').count() > 4;
    let directives = ["#include ", "#define ", "#ifdef ", "#import "];
    if line.chars().all(bare)
        || line.ends_with('{') && line.is_ascii()
        || directives.iter().any(|word| line.starts_with(word))
    {
        Line::Certain
    } else if COMMENTS.iter().any(|mark| line.starts_with(mark)) {
        Line::Comment
    } else if sentence {
        Line::Prose
    } else if short && (is_call(line) || is_assignment(line) || is_block(line)) {
        Line::Certain
    } else if short
        && (KEYWORDS.contains(&first) && line.is_ascii()
            || WORDS.contains(&line)
            || line.ends_with(';') && line.matches(' ').count() <= 3
            || is_key(line))
    {
        Line::Likely
    } else {
        Line::Prose
    }
}

/// `main();`, `print("hello")`: a name in ASCII right before brackets that end the line.
fn is_call(line: &str) -> bool {
    let inside = line.trim_end_matches([';', ',']);
    let Some(at) = inside.find('(').filter(|_| inside.ends_with(')')) else { return false };
    let name = &inside[..at];
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '!' | '$');
    !name.is_empty()
        && name.chars().all(is_name)
        && (name.contains(['.', ':', '!', '_']) || line.is_ascii())
}

/// `x = 1;`, `let a = f(b)`, `name := value`: a name, an equals sign, a value.
fn is_assignment(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim_end_matches([':', '+', '-', '*', '?', '<', '!', ' ']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.$@[]\"'-: <>&*".contains(c);
    !name.is_empty()
        && name.chars().all(is_name)
        && name.split(' ').count() <= 4
        && !value.trim().is_empty()
        && (line.ends_with([';', ')', '"', '\'', '}', ',']) || name.split(' ').count() == 1)
}

/// `def main():`, `for f in *.txt; do`, `if [ -z "$X" ]; then`, `->`
fn is_block(line: &str) -> bool {
    let ends = ["):", "; do", "; then", ") {", "=>", "->", ");", "};", "\";"];
    ends.iter().any(|end| line.ends_with(end)) && line.is_ascii()
        || line.contains(" :: ")
        || line.contains("$(")
        || line.starts_with("if __name__")
}

/// `name: value` of a program's own data.
fn is_key(line: &str) -> bool {
    let key = line.trim_start_matches("- ").split_once(':').filter(|(_, value)| {
        value.is_empty() || value.starts_with(' ') && value.trim().split(' ').count() <= 3
    });
    key.is_some_and(|(key, _)| is_name(key) && key.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn is_name(name: &str) -> bool {
    let name = name.trim_matches('"');
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
}

/// YAML, TOML, INI and properties: keys with values, and nothing that reads as a sentence.
pub(super) fn is_settings(text: &str) -> bool {
    let (mut keys, mut sections, mut items) = (0, 0, 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(EXAMINED_LINES) {
        let equals = line.split_once('=').is_some_and(|(key, value)| {
            is_name(key.trim()) && !value.starts_with('=') && value.trim().split(' ').count() <= 8
        });
        let robots = ["User-agent:", "Disallow:", "Allow:", "Sitemap:"];
        if is_key(line) || equals || robots.iter().any(|key| line.starts_with(key)) {
            keys += 1;
        } else if line.starts_with('[')
            && line.ends_with(']')
            && is_name(line.trim_matches(['[', ']']))
        {
            sections += 1;
        } else if line.starts_with("- ") && line.split(' ').count() <= 4 {
            items += 1;
        } else if !(line.starts_with(['#', ';']) || matches!(line, "---" | "...")) {
            return false;
        }
    }
    keys >= 3 || keys >= 2 && sections + items >= 2 || keys >= 1 && sections >= 1
}

/// A document of LaTeX, or lines that are full of its commands.
pub(super) fn is_latex(text: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "\\section",
        "\\subsection",
        "\\chapter",
        "\\begin{",
        "\\end{",
        "\\cite",
        "\\emph{",
        "\\item",
        "\\usepackage",
    ];
    let lines =
        || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('%'));
    let begins = ["\\documentclass", "\\documentstyle", "\\begin{document}"];
    lines().next().is_some_and(|line| begins.iter().any(|known| line.starts_with(known)))
        || lines()
            .take(EXAMINED_LINES)
            .filter(|line| COMMANDS.iter().any(|known| line.contains(known)))
            .count()
            >= 3
}
