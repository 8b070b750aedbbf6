//! Names of inputs that malmoi cannot read, with advice. Without this check, a model would turn
//! markup or data into news.

/// File signatures with a description and advice.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF; save its text first"),
    (b"%!PS", "PostScript; save its text first"),
    (
        b"\xD0\xCF\x11\xE0",
        "an HWP or old Office document; an HWP document must have that file name extension; save an old Office document as DOCX first",
    ),
    (
        b"HWP Document File",
        "an HWP document of the 1990s; open it in Hancom Office and save it as HWPX",
    ),
    (b"{\\rtf", "RTF; save it as DOCX or plain text first"),
    (
        b"PK\x03\x04",
        "a zip archive; a DOCX or HWPX document must have that file name extension; other zip archives are not read",
    ),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"7z\xBC\xAF", "a 7z archive; unpack it first"),
    (b"\x1F\x8B", "gzip-compressed; unpack it first"),
    (b"BZh9", "bzip2-compressed; unpack it first"),
    (b"\xFD7zXZ", "xz-compressed; unpack it first"),
    (b"\x28\xB5\x2F\xFD", "zstd-compressed; unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xFF\xD8\xFF", "an image"),
    (b"GIF87a", "an image"),
    (b"GIF89a", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"RIFF", "an image, sound or film (RIFF)"),
    (b"ID3", "sound (MP3)"),
    (b"OggS", "sound (Ogg)"),
    (b"fLaC", "sound (FLAC)"),
    (b"\x1A\x45\xDF\xA3", "a film (Matroska)"),
    (b"\x7FELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file; save it as CSV or JSON Lines first"),
    (b"GGUF", "a model"),
    (b"\xFF\xFE\0\0", "UTF-32; save it as UTF-8 first"),
    (b"\0\0\xFE\xFF", "UTF-32; save it as UTF-8 first"),
];

/// Description of a binary file by its signature; `None` for possible text.
pub(super) fn signature(bytes: &[u8]) -> Option<&'static str> {
    const EXAMINED_BYTES: usize = 512;
    // A text may begin with these letters; the binary file has a NUL byte soon after them.
    let binary = || bytes[..bytes.len().min(EXAMINED_BYTES)].contains(&0);
    let begins = |start: &[u8]| {
        bytes.starts_with(start) && (!start.iter().all(u8::is_ascii_alphanumeric) || binary())
    };
    SIGNATURES.iter().find(|(start, _)| begins(start)).map(|(_, what)| *what)
}

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
        describe: "is a saved web page (MHTML); save it as HTML first",
        is: |text| is_mail(text) && is_mhtml(text),
    },
    ForeignText { describe: "is an e-mail message; save its text first", is: is_mail },
    ForeignText {
        describe: "is SubStation Alpha subtitles; save them as SubRip (.srt) first",
        is: |text| starts(text, &["[Script Info]"]),
    },
    ForeignText {
        describe: "is MicroDVD subtitles; save them as SubRip (.srt) first",
        is: is_microdvd,
    },
    ForeignText {
        describe: "is LaTeX; save its text first",
        is: |text| starts(text, &["\\documentclass", "\\begin{document}", "\\documentstyle"]),
    },
    ForeignText { describe: "is a translation catalogue (PO), not an article", is: is_catalogue },
    ForeignText {
        describe: "is a calendar or an address book",
        is: |text| starts(text, &["BEGIN:VCALENDAR", "BEGIN:VCARD"]),
    },
    ForeignText {
        describe: "is a key, a certificate or a signed message",
        is: |text| starts(text, &["-----BEGIN "]),
    },
    ForeignText {
        describe: "is a program or a patch, not an article",
        is: |text| starts(text, &["#!/", "<?php", "diff --git ", "#include <", "<%@"]),
    },
    ForeignText {
        describe: "is a database dump; save it as CSV or JSON Lines first",
        is: |text| {
            starts(text, &["-- MySQL dump", "-- PostgreSQL database dump", "PRAGMA foreign_keys"])
                || ["CREATE TABLE ", "INSERT INTO "].iter().any(|known| text.starts_with(known))
        },
    },
    ForeignText { describe: "is a program's log, not an article", is: is_log },
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

/// E-mail headers, which only software writes.
fn is_mail(text: &str) -> bool {
    const EXAMINED_LINES: usize = 60;
    const TELLING_HEADERS: &[&str] = &[
        "received",
        "mime-version",
        "message-id",
        "return-path",
        "dkim-signature",
        "content-transfer-encoding",
        "delivered-to",
        "x-mailer",
        "references",
        "in-reply-to",
    ];
    const COMMON_HEADERS: &[&str] =
        &["from", "to", "subject", "date", "content-type", "cc", "reply-to"];
    let (mut telling, mut common) = (0, 0);
    for line in text.lines().take(EXAMINED_LINES).skip(usize::from(text.starts_with("From "))) {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { break };
        let name = name.to_ascii_lowercase();
        telling += usize::from(TELLING_HEADERS.contains(&&*name));
        common += usize::from(COMMON_HEADERS.contains(&&*name));
    }
    telling >= 1 && telling + common >= 3
}

fn is_mhtml(text: &str) -> bool {
    text.lines().take(20).any(|line| line.to_ascii_lowercase().contains("multipart/related"))
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

/// Alternating "msgid" and "msgstr".
fn is_catalogue(text: &str) -> bool {
    let begins = |word: &str| text.lines().take(200).any(|line| line.starts_with(word));
    begins("msgid \"") && begins("msgstr \"")
}

/// Lines that begin with a time to the second and a severity, or lines of a web server's log.
fn is_log(text: &str) -> bool {
    const EXAMINED_LINES: usize = 5;
    const LEVELS: &[&str] =
        &["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"];
    let entry = |line: &&str| {
        let begin: String = line.chars().take(60).collect();
        let clock = begin.split([' ', 'T', '[', ']']).any(|part| {
            let figures = part.split([',', '.', '+', 'Z']).next().unwrap_or_default();
            figures.len() == 8
                && figures.split(':').count() == 3
                && figures.bytes().all(|b| b.is_ascii_digit() || b == b':')
        });
        let level =
            begin.split(|c: char| !c.is_ascii_alphabetic()).any(|word| LEVELS.contains(&word));
        let server =
            begin.split_once(" [").is_some_and(|(_, at)| at.matches(['/', ':']).count() >= 4)
                && begin.starts_with(|c: char| c.is_ascii_digit());
        (clock && level) || server
    };
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty()).take(EXAMINED_LINES).collect();
    lines.len() >= 2 && lines.iter().filter(|line| entry(line)).count() * 2 > lines.len()
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
mod tests {
    use super::*;

    #[test]
    fn non_prose_is_named() {
        let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\n"
            .repeat(3)
            + "QUJD==";
        for (given, name) in [
            ("{\"articles\": [{\"title\": \"x\"}]}", "JSON"),
            ("{\n  \"title\": \"Harbour\",\n  \"body\": \"They met.\"\n}\n", "JSON"),
            ("[\"a\", \"b\"]", "JSON"),
            ("[1, 2]", "JSON"),
            (
                "From: a@b.example\nTo: c@d.example\nSubject: Hi\nMIME-Version: 1.0\n\nHello.",
                "e-mail",
            ),
            (
                "Received: from x by y;\n\tWed, 7 Jan 2026\nMessage-ID: <1@x>\nFrom: a@b.example\n\nHi",
                "e-mail",
            ),
            (
                "From: <Saved by Blink>\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\n",
                "MHTML",
            ),
            ("[Script Info]\nTitle: x\n\n[Events]\n", "SubStation"),
            ("{10}{25}The bridge.\n{30}{50}It opened.\n", "MicroDVD"),
            ("\\documentclass{article}\n", "LaTeX"),
            ("msgid \"\"\nmsgstr \"\"\n\nmsgid \"a\"\nmsgstr \"b\"\n", "PO"),
            ("BEGIN:VCALENDAR\nVERSION:2.0\n", "calendar"),
            ("-----BEGIN CERTIFICATE-----\n", "certificate"),
            ("#!/bin/sh\necho\n", "program"),
            ("<?php echo 1; ?>", "program"),
            ("-- MySQL dump 10.13\n--\nCREATE TABLE a;\n", "database"),
            ("2026-01-07 10:30:00,123 INFO starting\n2026-01-07T10:30:01Z ERROR no port\n", "log"),
            ("[2026-01-07 10:30:00] WARN x\n[2026-01-07 10:30:01] WARN y\n  at z\n", "log"),
            (
                "127.0.0.1 - - [07/Jan/2026:10:30:00 +0900] \"GET / HTTP/1.1\" 200\n127.0.0.1 - - [07/Jan/2026:10:30:01 +0900] \"GET /a HTTP/1.1\" 404\n",
                "log",
            ),
            (&base64, "base64"),
            (
                "begin 644 a.jpg\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n`\nend\n",
                "uuencoded",
            ),
            ("INSERT INTO a VALUES (1);\n", "database"),
            ("<!DOCTYPE html><p>It is open.", ".html"),
            ("<!doctype HTML>\n<html><body>It is open.</body></html>", ".html"),
            ("<p>It is open.</p>\n<p>They left.</p>\n", ".html"),
            ("<B>It is open.</b>", ".html"),
            ("<?xml version='1.0'?><html/>", ".html"),
            ("<?xml version='1.0'?><urlset/>", "<urlset>"),
            ("<tt xmlns=\"http://www.w3.org/ns/ttml\"><body>", "<tt>"),
            ("<opml version='2.0'><body/></opml>\n", "<opml>"),
            ("<!DOCTYPE tmx SYSTEM \"tmx14.dtd\"><tmx version=\"1.4\"></tmx>", "<tmx>"),
        ] {
            let told = text(given).unwrap_or_else(|| panic!("{name} is not known"));
            assert!(told.contains(name), "{name}: {told}");
        }
    }

    #[test]
    fn prose_is_not_taken_for_another_kind() {
        for given in [
            "[속보] 해민 앞바다 지진",
            "[1보] 지진",
            "[단독]{해민} 항구",
            "{해민} 항구 정비",
            "<LEAD> Government announces plan\n\nIt was announced.",
            "<AI 시대> 항만도 자동화",
            "<b>Bold</b> words begin this text.",
            "From: the mayor\nTo: the people\n\nDear people.",
            "From the harbour: a report\nDate: Jan. 7\nThey met.",
            "Subject: harbour\nFrom: desk\n\nThe story.",
            "Begin with a list: 1, 2.",
            "10:30:00 The ERROR was found.\nThe mayor left at 10:31.\nIt rained.",
            "2026-01-07 10:30\n\nThe mayor spoke.\n\nINFO desk opened.",
            "BEGIN",
            "Create table tennis clubs, mayor says",
            "Insert into the plan a second wall, they said.",
            "OneVeryLongWordThatHasNoSpacesAtAll",
            "#해민시 #항구",
            "# Heading",
            "\"Quoted,\" he said.",
            "{{ template }}",
        ] {
            assert_eq!(text(given), None, "{given}");
        }
        assert!(signature(b"ID3 is a tag").is_none() && signature(b"GGUF\x03\0\0\0").is_some());
        assert!(signature(b"The").is_none() && signature(b"\xFF\xFEa\0").is_none());
        assert!(signature(b"{\\rtf1\\ansi").is_some_and(|what| what.starts_with("RTF")));
    }
}
