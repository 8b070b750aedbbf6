//! Names of inputs that malmoi cannot read, with advice. Without this check, a model would turn
//! markup or data into news.
//!
//! A kind of text is one row of [`FOREIGN_TEXTS`]; a kind of binary file is one row in
//! `signatures.rs`. Each function examines a bounded beginning, or the whole text once.

mod logs;
mod names;
mod rows;
mod signatures;
mod source_code;

pub(super) use names::named;
pub(super) use signatures::signature;

/// A kind of text that is not prose.
struct ForeignText {
    /// Message, following the file's name.
    describe: &'static str,
    is: fn(&str) -> bool,
}

const FOREIGN_TEXTS: &[ForeignText] = &[
    ForeignText {
        describe: "is JSON, not an article; JSON Lines (one object per line), a list of objects and JSON Feed are read",
        is: is_json,
    },
    ForeignText {
        describe: "is SubStation Alpha subtitles; save them as SubRip (.srt) first",
        is: is_substation,
    },
    ForeignText {
        describe: "is MicroDVD subtitles; save them as SubRip (.srt) first",
        is: is_microdvd,
    },
    ForeignText {
        describe: "is subtitles of another kind (SBV); save them as SubRip (.srt) first",
        is: is_sbv,
    },
    ForeignText { describe: "is the lyrics of a song (LRC), not an article", is: is_lyrics },
    ForeignText { describe: "is LaTeX; save its text first", is: source_code::is_latex },
    ForeignText { describe: "is a bibliography (BibTeX), not an article", is: is_bibliography },
    ForeignText {
        describe: "is a calendar or an address book",
        is: |text| starts(text, &["BEGIN:VCALENDAR", "BEGIN:VCARD"]),
    },
    ForeignText {
        describe: "is a key, a certificate or a signed message",
        is: |text| starts(text, &["-----BEGIN ", "ssh-ed25519 AAAA", "ssh-rsa AAAA"]),
    },
    ForeignText {
        describe: "is a program or a patch, not an article",
        is: |text| {
            starts(text, &["#!/", "<?php", "diff --git ", "#include <", "<%@"]) || is_patch(text)
        },
    },
    ForeignText {
        describe: "is a database dump; save it as CSV or JSON Lines first",
        is: |text| {
            starts(text, &["-- MySQL dump", "-- PostgreSQL database dump", "PRAGMA foreign_keys"])
                || ["CREATE TABLE ", "INSERT INTO "].iter().any(|known| text.starts_with(known))
        },
    },
    ForeignText { describe: "is a program's log, not an article", is: logs::is_log },
    ForeignText {
        describe: "is an answer of a web server; save the page itself first",
        is: |text| starts(text, &["HTTP/1.0 ", "HTTP/1.1 ", "HTTP/2 ", "WARC/1."]),
    },
    ForeignText {
        describe: "is a playlist, not an article",
        is: |text| starts(text, &["#EXTM3U", "[playlist]"]),
    },
    ForeignText { describe: "is settings, not an article", is: source_code::is_settings },
    ForeignText {
        describe: "is a program or a style sheet, not an article",
        is: source_code::is_code,
    },
    ForeignText {
        describe: "is a table; with a name that ends in .csv or .tsv its rows are read",
        is: rows::is_table,
    },
    ForeignText {
        describe: "is a list of web addresses; malmoi feed reads the feeds at such addresses",
        is: rows::is_addresses,
    },
    ForeignText { describe: "is bytes in hexadecimal, not text", is: rows::is_hexadecimal },
    ForeignText {
        describe: "is a file within a web address (data:), not text",
        is: |text| {
            starts(text, &["data:"])
                && text.lines().next().is_some_and(|line| line.contains(";base64,"))
        },
    },
    ForeignText {
        describe: "is a torrent, not an article",
        is: |text| starts(text, &["d8:announce", "d13:announce-list", "d7:comment"]),
    },
    ForeignText { describe: "is base64, not text; decode it first", is: is_base64 },
    ForeignText { describe: "is uuencoded, not text; decode it first", is: is_uuencoded },
];

/// The reason why a text is not an article; `None` if it may be one.
pub(super) fn text(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let root = xml_root(text);
    if starts(text, &["<!doctype html"]) || root.as_deref().is_some_and(|root| is_html(text, root))
    {
        return Some("is HTML; rename it to end in .html".to_string());
    }
    if root.as_deref() == Some("") {
        return Some("is XML whose first element cannot be read".to_string());
    }
    if root.as_deref() == Some("tmx") {
        return Some(
            "is a translation memory (TMX), which `malmoi memory import` reads".to_string(),
        );
    }
    if let Some(root) = root {
        return Some(format!("is XML of a kind malmoi does not read (<{root}>)"));
    }
    FOREIGN_TEXTS.iter().find(|kind| (kind.is)(text)).map(|kind| kind.describe.to_string())
}

fn starts(text: &str, known: &[&str]) -> bool {
    known
        .iter()
        .any(|known| text.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)))
}

/// True for an HTML element around a text. After an XML declaration, only the root `html` counts.
fn is_html(text: &str, root: &str) -> bool {
    #[rustfmt::skip]
    const ELEMENTS: &[&str] = &[
        "html", "head", "body", "p", "div", "span", "b", "i", "u", "em", "strong", "font", "center", "a", "h1", "h2",
        "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "section", "main",
    ];
    let known = if text.starts_with("<?xml") { &ELEMENTS[..1] } else { ELEMENTS };
    known.iter().any(|known| known.eq_ignore_ascii_case(root))
}

/// The root element of XML, recognized by its declaration or by a closed element around the whole
/// text. `<LEAD> Mayor opens port` has none.
fn xml_root(text: &str) -> Option<String> {
    if text.starts_with("<?xml") {
        return Some(super::xml::root(text.as_bytes()).unwrap_or_default());
    }
    if starts(text, &["<!doctype"]) || text.starts_with("<!--") {
        return super::xml::root(text.as_bytes());
    }
    let inside = text.strip_prefix('<')?;
    let name = &inside[..inside.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || ":_-.".contains(c));
    let tag = &inside[..inside.find('>')?];
    let end = text.to_ascii_lowercase();
    let around = end.trim_end().ends_with(&format!("</{}>", name.to_ascii_lowercase()));
    (is_name && (around || tag.contains("xmlns")))
        .then(|| name.rsplit(':').next().unwrap_or(name).to_string())
}

/// A JSON list or object, complete or cut short; not `[속보] 지진` or "{해민} 항구".
fn is_json(text: &str) -> bool {
    let mut rest = text.chars().filter(|c| !c.is_whitespace());
    match (rest.next(), rest.next()) {
        (Some('{'), Some('"')) => {
            // `{"name":`
            let key = text[1..].trim_start()[1..].split_once('"');
            key.is_some_and(|(_, after)| after.trim_start().starts_with(':'))
        }
        (Some('['), Some('{')) => true,
        (Some('{'), Some('}')) | (Some('['), Some(']')) => text.trim_end().len() <= 4,
        (Some('['), Some('"' | '0'..='9' | '[' | '-')) => {
            text.trim_end().ends_with(']')
                && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        }
        _ => false,
    }
}

/// "[Script Info]", alone on one of the first lines.
fn is_substation(text: &str) -> bool {
    text.lines().take(20).any(|line| line.trim().eq_ignore_ascii_case("[Script Info]"))
}

/// "0:00:01.000,0:00:02.500" above a line of text.
fn is_sbv(text: &str) -> bool {
    let clock = |time: &str| {
        time.matches(':').count() == 2
            && time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
    };
    let first = text.lines().next().unwrap_or_default().trim();
    first.split_once(',').is_some_and(|(from, to)| clock(from) && clock(to))
}

/// Lines that begin with "[00:12.00]".
fn is_lyrics(text: &str) -> bool {
    let stamp = |line: &&str| {
        let time = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        time.is_some_and(|(time, _)| {
            time.split_once(':').is_some_and(|(minutes, seconds)| {
                let figures = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                minutes.len() == 2 && seconds.len() >= 2 && figures(minutes) && figures(seconds)
            })
        })
    };
    text.lines().take(40).filter(stamp).count() >= 2
}

/// "@article{seo2026,"
fn is_bibliography(text: &str) -> bool {
    text.lines().take(40).any(|line| {
        let name = line.strip_prefix('@').and_then(|rest| rest.split_once('{'));
        name.is_some_and(|(name, key)| {
            name.bytes().all(|byte| byte.is_ascii_alphabetic()) && key.trim_end().ends_with(',')
        })
    })
}

/// "--- a/x" and "+++ b/x", or the mail that Git writes of a commit.
fn is_patch(text: &str) -> bool {
    let mut lines = text.lines().take(40);
    let first = lines.next().unwrap_or_default();
    let of_git = || {
        let hash = first.strip_prefix("From ").and_then(|rest| rest.split_once(' '));
        hash.is_some_and(|(hash, _)| {
            hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    let of_diff = || {
        let mut lines = text.lines().take(40).peekable();
        std::iter::from_fn(|| lines.next().map(|line| (line, lines.peek().copied()))).any(
            |(line, next)| {
                line.starts_with("--- ") && next.is_some_and(|next| next.starts_with("+++ "))
            },
        )
    };
    of_git() || of_diff()
}

/// "{120}{180}The bridge is open."
fn is_microdvd(text: &str) -> bool {
    let cue = |line: &str| {
        let braces = |text: &str| -> Option<usize> {
            let number = text.strip_prefix('{')?.split_once('}')?.0;
            number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number.len() + 2)
        };
        braces(line).is_some_and(|length| braces(&line[length..]).is_some())
    };
    text.lines().next().is_some_and(cue)
}

/// Lines of equal length from the base64 alphabet, without spaces.
fn is_base64(text: &str) -> bool {
    const SHORTEST: usize = 120;
    let text = text.trim_end();
    let letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let first = text.lines().next().unwrap_or_default().trim_end().len();
    let uniform = || text.lines().rev().skip(1).all(|line| line.trim_end().len() == first);
    let figures = || {
        text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    text.len() >= SHORTEST
        && first >= 60
        && text.lines().all(|line| line.trim_end().bytes().all(letter))
        && uniform()
        && figures()
}

/// "begin 644 photo.jpg", then lines that begin with their length.
fn is_uuencoded(text: &str) -> bool {
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    words.next() == Some("begin")
        && words
            .next()
            .is_some_and(|mode| mode.len() == 3 && mode.bytes().all(|byte| byte.is_ascii_digit()))
        && words.next().is_some()
        && text.lines().nth(1).is_some_and(|line| line.starts_with('M') && line.len() == 61)
}

#[cfg(test)]
mod tests;
