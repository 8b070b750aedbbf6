//! PO: the catalogues of gettext, in which each entry has a string and its translation.
//!
//! Entries without a translation and fuzzy ones are read; others stay byte for byte. Format:
//! <https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html>.

use super::{Format, Item, Reader, xml};
use crate::document::{Block, BlockKind, Document, Inline, Neighbors, Span, Stage};

pub(super) const FORMAT: Format = Format {
    name: "po",
    describe: "a translation catalogue (PO)",
    extensions: &["po", "pot"],
    title: "PO (gettext)",
    written: "PO; an entry in doubt is fuzzy and has the doubts as comments",
    kept: "translated entries, comments, contexts; empty and fuzzy entries are filled",
    sniff: |bytes| is_catalogue(&xml::beginning(bytes)),
    read: Reader::Article(read),
};

/// Alternating `msgid` and `msgstr`.
fn is_catalogue(text: &str) -> bool {
    let lines = || text.lines().map(str::trim_start).take(200);
    let begins = |word: &str| lines().any(|line| line.starts_with(word));
    let is_line = |line: &str| {
        line.is_empty() || ["#", "\"", "msg"].iter().any(|start| line.starts_with(start))
    };
    begins("msgid \"") && begins("msgstr \"") && lines().take(5).all(is_line)
}

/// A string of an entry: its words, and the span between its first and its last quotation mark.
#[derive(Default)]
struct PoString {
    words: String,
    span: Span,
}

/// An entry with the spans of what may change.
#[derive(Default)]
struct Entry {
    /// The line of flags, with its end.
    flags: Option<Span>,
    /// Lines of the former string, with their ends.
    previous: Vec<Span>,
    /// Start of `msgctxt` or `msgid`.
    start: usize,
    id: PoString,
    plural: Option<PoString>,
    translations: Vec<PoString>,
}

fn read(text: String) -> Result<Item, String> {
    let text = with_header(text)?;
    let mut blocks = Vec::new();
    for entry in entries(&text)? {
        if entry.id.words.is_empty() {
            let header = &text[entry.translations.first().map_or(0..0, |one| one.span.clone())];
            let start = entry.translations.first().map_or(0, |one| one.span.start);
            let code = field(header, "Language:");
            blocks.extend(
                code.map(|span| {
                    Block::new(start + span.start..start + span.end, BlockKind::Language)
                }),
            );
        } else {
            fill(&text, &entry, &mut blocks);
        }
    }
    if !blocks.iter().any(|block| block.kind == BlockKind::Paragraph) {
        return Err("has no entry left to translate".to_string());
    }
    Ok(Document::new(text, blocks).into())
}

/// The text with a header that says UTF-8 and has a place for the language.
fn with_header(text: String) -> Result<String, String> {
    let entries = entries(&text)?;
    let header = entries.first().filter(|entry| entry.id.words.is_empty());
    let Some(span) =
        header.and_then(|entry| entry.translations.first()).map(|one| one.span.clone())
    else {
        return Ok(text);
    };
    let header = &text[span.clone()];
    let mut new = header.to_string();
    if let Some(at) = header.find("charset=").map(|at| at + "charset=".len()) {
        let length = header[at..].find(['\\', '"', ' ', ';']).unwrap_or(header.len() - at);
        new.replace_range(at..at + length, "UTF-8");
    }
    with_plural_forms(&mut new, &entries);
    if !new.is_empty() && field(&new, "Language:").is_none() {
        new.push_str(&format!("{}\"\n\"Language: \\n", line_end(&new)));
    }
    let mut text = text;
    text.replace_range(span, &new);
    Ok(text)
}

/// Gives a header that has no rule of plurals the one that fits the number of forms in the entries.
fn with_plural_forms(header: &mut String, entries: &[Entry]) {
    let plurals = entries.iter().filter(|entry| entry.plural.is_some());
    let rule = match plurals.map(|entry| entry.translations.len()).max() {
        Some(1) => "nplurals=1; plural=0;",
        Some(2) => "nplurals=2; plural=(n != 1);",
        // Other languages have further rules.
        _ => return,
    };
    match field(header, "Plural-Forms:") {
        // The words of a template.
        Some(span) if header[span.clone()].contains("INTEGER") || span.is_empty() => {
            header.replace_range(span, rule);
        }
        Some(_) => {}
        None if header.is_empty() => {}
        None => {
            header.push_str(&format!("{}\"\n\"Plural-Forms: {rule}\\n", line_end(header)));
        }
    }
}

/// The end of the last line of a header, if it is missing.
fn line_end(header: &str) -> &'static str {
    let words = header.trim_end_matches(['"', '\n', '\r', '\t', ' ']);
    if words.is_empty() || words.ends_with("\\n") { "" } else { "\\n" }
}

/// The value of a field of the header, as it is written.
fn field(header: &str, name: &str) -> Option<Span> {
    let at = header
        .find(name)
        .filter(|at| *at == 0 || header[..*at].ends_with('"') || header[..*at].ends_with("\\n"))?;
    let from = at + name.len();
    let rest = &header[from..];
    let length = rest.find(['\\', '"']).unwrap_or(rest.len());
    let start = from + (length - rest[..length].trim_start().len()).min(length);
    Some(start..(from + rest[..length].trim_end().len()).max(start))
}

/// The entries, without obsolete ones.
fn entries(text: &str) -> Result<Vec<Entry>, String> {
    /// The string that the next line continues.
    #[derive(Clone, Copy, PartialEq)]
    enum Open {
        None,
        Context,
        Id,
        Plural,
        Translation,
    }
    let (mut found, mut entry, mut open) = (Vec::new(), Entry::default(), Open::None);
    let (mut begun, mut at) = (false, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let span = at..at + line.len();
        at = span.end;
        let words = line.trim();
        let fail = || format!("is damaged: line {} is not PO", number + 1);
        let keyword = words.split([' ', '[', '"', '\t']).next().unwrap_or_default();
        let starts = words.starts_with('#') || matches!(keyword, "msgctxt" | "msgid");
        // A `domain` line begins a part of the catalogue.
        let is_domain = keyword == "domain";
        if words.is_empty() || is_domain || (starts && !entry.translations.is_empty()) {
            if !entry.translations.is_empty() {
                found.push(std::mem::take(&mut entry));
            }
            (entry, open, begun) = (Entry::default(), Open::None, false);
        }
        if words.is_empty() || is_domain || words.starts_with("#~") {
            continue;
        }
        if words.starts_with('#') {
            match words.as_bytes().get(1) {
                Some(b',') => entry.flags = Some(span),
                Some(b'|') => entry.previous.push(span),
                _ => {}
            }
            continue;
        }
        if !begun {
            (entry.start, begun) = (span.start, true);
        }
        let quoted = line.find('"').zip(line.rfind('"')).filter(|(first, last)| first < last);
        let string = match quoted {
            Some((first, last)) => {
                let inside = span.start + first + 1..span.start + last;
                PoString { words: unescaped(&text[inside.clone()]), span: inside }
            }
            // The string begins on the next line.
            None if keyword.starts_with("msg") && !line.contains('"') => PoString::default(),
            None => return Err(fail()),
        };
        match keyword {
            "msgctxt" => open = Open::Context,
            "msgid" => (entry.id, open) = (string, Open::Id),
            "msgid_plural" => (entry.plural, open) = (Some(string), Open::Plural),
            "msgstr" => {
                entry.translations.push(string);
                open = Open::Translation;
            }
            "" => {
                let longer = match open {
                    Open::None => return Err(fail()),
                    Open::Context => None,
                    Open::Id => Some(&mut entry.id),
                    Open::Plural => entry.plural.as_mut(),
                    Open::Translation => entry.translations.last_mut(),
                };
                if let Some(longer) = longer {
                    if longer.span.is_empty() && longer.span.start == 0 {
                        longer.span.start = string.span.start;
                    }
                    longer.words.push_str(&string.words);
                    longer.span.end = string.span.end;
                }
            }
            _ => return Err(fail()),
        }
    }
    if !entry.translations.is_empty() {
        found.push(entry);
    }
    // A keyword without a string is none.
    let has_strings = |entry: &Entry| entry.translations.iter().all(|one| one.span.start > 0);
    if !found.iter().all(has_strings) {
        return Err("is damaged: a translation has no quotation marks".to_string());
    }
    Ok(found)
}

/// A string without the escapes of C.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(c) = letters.next() {
        match (c, if c == '\\' { letters.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(c)) => out.push(c),
            (c, _) => out.push(c),
        }
    }
    out
}

/// Adds the blocks of an entry that has no translation, or a fuzzy one.
fn fill(text: &str, entry: &Entry, blocks: &mut Vec<Block>) {
    let flags: Vec<&str> = match &entry.flags {
        Some(span) => {
            text[span.clone()].trim_start_matches("#,").split(',').map(str::trim).collect()
        }
        None => Vec::new(),
    };
    let is_fuzzy = flags.contains(&"fuzzy");
    if !is_fuzzy && entry.translations.iter().any(|one| !one.words.is_empty()) {
        return;
    }
    let mut body = Vec::new();
    let mut count = 0;
    for (at, target) in entry.translations.iter().enumerate() {
        // A language with one form uses it for all numbers; of several, the first is the singular.
        let is_singular = at == 0 && entry.translations.len() > 1;
        let source = entry.plural.as_ref().filter(|_| !is_singular).unwrap_or(&entry.id);
        count += lines(&source.words, &target.span, &mut body);
    }
    if count == 0 {
        return;
    }
    let next = Neighbors::Next(count);
    let line_end = if text[..entry.start].ends_with("\r\n") { "\r\n" } else { "\n" };
    let stage = |span: Span, stage: Stage| Block::new(span, BlockKind::Stage(Box::new(stage)));
    let head = entry.flags.as_ref().map_or(entry.start, |span| span.start);
    let head = entry.previous.iter().map(|span| span.start).fold(head, usize::min);
    let note = Some(["# ".into(), line_end.into()]);
    let mut before = vec![stage(head..head, Stage { note, ..Stage::of_doubts(next, "", "") })];
    let others: Vec<&str> =
        flags.into_iter().filter(|flag| !matches!(*flag, "fuzzy" | "")).collect();
    let line = |flags: &[&str]| match flags {
        [] => String::new(),
        flags => format!("#, {}{line_end}", flags.join(", ")),
    };
    let doubtful = line(&[&["fuzzy"], &others[..]].concat());
    let place = entry.flags.clone().unwrap_or(entry.start..entry.start);
    before.push(stage(place, Stage::of_doubts(next, line(&others), doubtful)));
    // One block for each, so that many lines of both kinds take time in proportion.
    let gone = Stage::always(Neighbors::Next(1), "");
    before.extend(entry.previous.iter().map(|span| stage(span.clone(), gone.clone())));
    before.sort_by_key(|block| block.span.start);
    blocks.extend(before);
    blocks.extend(body);
}

/// The blocks of a translation, which fill its span one after another.
struct Filling<'b> {
    blocks: &'b mut Vec<Block>,
    span: Span,
    /// Text to write before the next words.
    literal: String,
    /// Lines with words that are still to come.
    left: usize,
}

impl Filling<'_> {
    fn push(&mut self, kind: BlockKind, inline: Option<Inline>) {
        self.blocks.push(Block { inline, ..Block::new(self.span.clone(), kind) });
        self.span.start = self.span.end;
    }

    /// Writes the text between words.
    fn write_literal(&mut self) {
        if !self.literal.is_empty() {
            let of = if self.left > 0 { Neighbors::Next(1) } else { Neighbors::Previous(1) };
            let stage = Stage::always(of, std::mem::take(&mut self.literal));
            self.push(BlockKind::Stage(Box::new(stage)), None);
        }
    }
}

/// Adds the lines of a string as blocks that fill the span of its translation; the white space
/// around them and lines without words are written between. Returns the number of lines with words.
fn lines(source: &str, span: &Span, blocks: &mut Vec<Block>) -> usize {
    let has_words = |line: &str| line.chars().any(char::is_alphabetic);
    let count = source.split('\n').filter(|line| has_words(line)).count();
    if count == 0 {
        return 0;
    }
    let escaped = |blank: &str| blank.replace('\t', "\\t").replace('\r', "\\r");
    let mut filling = Filling { blocks, span: span.clone(), literal: String::new(), left: count };
    for (number, line) in source.split('\n').enumerate() {
        if number > 0 {
            filling.literal.push_str("\\n");
        }
        if !has_words(line) {
            filling.literal.push_str(&Inline::quoted("").put(line).0);
            continue;
        }
        let start = line.len() - line.trim_start().len();
        filling.literal.push_str(&escaped(&line[..start]));
        filling.write_literal();
        filling.left -= 1;
        filling.push(BlockKind::Paragraph, Some(Inline::quoted(line.trim())));
        filling.literal.push_str(&escaped(&line[start + line.trim().len()..]));
    }
    filling.write_literal();
    count
}

#[cfg(test)]
mod tests {
    use super::super::{detect, read};
    use super::*;

    const FILE: &str = "# Korean\nmsgid \"\"\nmsgstr \"\"\n\"Language: \\n\"\n\"Content-Type: text/plain; charset=CHARSET\\n\"\n\"Plural-Forms: nplurals=1; plural=0;\\n\"\n\n# kept\n#: a.c:1\n#, c-format\nmsgctxt \"menu\"\nmsgid \"Open \\\"%s\\\"\\n\"\nmsgstr \"\"\n\nmsgid \"Close\"\nmsgstr \"닫기\"\n\n#, fuzzy, c-format\n#| msgid \"%d ship\"\nmsgid \"%d ship left\"\nmsgid_plural \"%d ships left\"\nmsgstr[0] \"\"\n\"배 %d척\"\n\n#~ msgid \"Old\"\n#~ msgstr \"옛\"\n";

    fn document() -> Document {
        read(FILE.as_bytes(), "a.po").unwrap()
    }

    #[test]
    fn strings_without_a_translation_and_fuzzy_ones_are_blocks() {
        let document = document();
        let words: Vec<&str> = document.content().map(|block| document.block_text(block)).collect();
        assert_eq!(words, ["Open \"%s\"", "%d ships left"]);
        assert_eq!(document.rejoin(|_, _| None), FILE.replace("CHARSET", "UTF-8"));
        assert_eq!(detect("standard input", FILE.as_bytes()).name, "po");
    }

    /// The catalogue with new words, and a doubt about the block with those words in its source.
    fn written(doubtful: Option<&str>) -> String {
        let document = document().relabeled("en", "ko");
        let stages: std::collections::HashMap<usize, String> = document
            .stages()
            .into_iter()
            .map(|(at, stage, of)| {
                let blocks = document.blocks();
                let is = |at: &&usize| {
                    doubtful.is_some_and(|words| document.block_text(&blocks[**at]).contains(words))
                };
                (at, stage.text(of.iter().find(is).map(|_| "'%d' is lost")))
            })
            .collect();
        document.rejoin(|index, block| match &block.kind {
            BlockKind::Stage(_) => Some(stages[&index].clone()),
            BlockKind::Paragraph => Some(document.block_text(block).replace("Open", "열기")),
            _ => None,
        })
    }

    #[test]
    fn translations_are_written_with_escapes_and_without_stale_flags() {
        let back = written(None);
        assert!(back.contains("\"Language: ko\\n\"") && back.contains("charset=UTF-8"), "{back}");
        assert!(back.contains("#, c-format\nmsgctxt \"menu\"\nmsgid \"Open \\\"%s\\\"\\n\"\nmsgstr \"열기 \\\"%s\\\"\\n\"\n"), "{back}");
        assert!(back.contains("#, c-format\nmsgid \"%d ship left\"\nmsgid_plural \"%d ships left\"\nmsgstr[0] \"%d ships left\"\n\n#~"), "{back}");
        assert!(!back.contains("fuzzy") && back.contains("msgstr \"닫기\""), "{back}");
    }

    #[test]
    fn an_entry_in_doubt_is_fuzzy_and_says_why() {
        let back = written(Some("ships"));
        assert!(
            back.contains("# '%d' is lost\n#, fuzzy, c-format\nmsgid \"%d ship left\""),
            "{back}"
        );
        assert!(back.contains("#: a.c:1\n#, c-format\nmsgctxt"), "{back}");
    }

    #[test]
    fn a_header_without_a_rule_of_plurals_gets_the_one_of_its_forms() {
        let entry =
            "\nmsgid \"%d ship\"\nmsgid_plural \"%d ships\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n";
        for (rule, expected) in [
            ("", "nplurals=2; plural=(n != 1);"),
            (
                "Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n",
                "nplurals=2; plural=(n != 1);",
            ),
            ("Plural-Forms: nplurals=2; plural=n>1;\\n", "nplurals=2; plural=n>1;"),
        ] {
            let header = format!("msgid \"\"\nmsgstr \"\"\n\"MIME-Version: 1.0\\n\"\n\"{rule}\"\n");
            let document = read(format!("{header}{entry}").as_bytes(), "a.pot").unwrap();
            let back = document.rejoin(|_, _| None);
            assert!(back.contains(&format!("Plural-Forms: {expected}\\n\"")), "{back}");
            assert_eq!(back.matches("Plural-Forms").count(), 1, "{back}");
        }
    }

    #[test]
    fn domains_and_strings_on_lines_of_their_own_are_read() {
        let text = "domain harbour\n\nmsgid\n\"Open\"\nmsgstr\n\"\"\ndomain pier\nmsgid \"%d ship\"\nmsgid_plural \"%d ships\"\nmsgstr[0]\n\"\"\nmsgstr[1] \"\"\n";
        let document = read(text.as_bytes(), "a.po").unwrap();
        assert_eq!(document.article(), "Open\n\n%d ship\n\n%d ships");
        let back = document.rejoin(|_, block| {
            (block.kind == BlockKind::Paragraph).then(|| document.block_text(block).to_uppercase())
        });
        assert!(back.contains("msgstr\n\"OPEN\"\ndomain pier\n"), "{back}");
        assert!(back.contains("msgstr[0]\n\"%D SHIP\"\nmsgstr[1] \"%D SHIPS\"\n"), "{back}");
        let error = read(b"msgid \"a\"\nmsgstr\n", "a.po").unwrap_err();
        assert!(error.to_string().contains("no quotation marks"), "{error}");
    }

    #[test]
    fn singular_and_plural_go_into_their_forms() {
        let text =
            "msgid \"배 한 척\"\nmsgid_plural \"배 여러 척\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n";
        let document = read(text.as_bytes(), "a.po").unwrap();
        assert_eq!(document.article(), "배 한 척\n\n배 여러 척");
        assert!(
            read(b"msgid \"a\"\nmsgstr \"b\"\n", "a.po")
                .unwrap_err()
                .to_string()
                .contains("no entry left")
        );
        assert!(
            read(b"msgid \"a\"\nmsgtxt \"b\"\n", "a.po")
                .unwrap_err()
                .to_string()
                .contains("line 2")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_written_back(text in "(msgid \"|msgstr \"|msgid_plural \"|msgstr\\[0\\] \"|#, fuzzy\n|#\\| x\n|#~ |\"\n|\"|\\\\n|\\\\|[가a<>%&]|\n){0,40}") {
            if let Ok(document) = read(text.as_bytes(), "a.po") {
                let words = document.rejoin(|_, _| None);
                proptest::prop_assert!(words == document.text());
                if !text.contains("msgid \"\"") {
                    proptest::prop_assert_eq!(words, text);
                }
            }
        }
    }
}
