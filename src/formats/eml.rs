//! E-mail messages, and web pages saved as such (MHTML).
//!
//! Knows which part of a message is its text, and the Korean encodings of old mail; `mailparse`
//! knows the syntax of messages. Attachments are not read.

use encoding_rs::{EUC_KR, Encoding};
use mailparse::{DispositionType, MailHeader, MailHeaderMap, ParsedMail};

use super::encoding::decode_part;
use super::{Format, Item, Reader, html, record};

pub(super) const FORMAT: Format = Format {
    name: "eml",
    describe: "an e-mail message or a saved web page (MHTML)",
    extensions: &["eml", "mht", "mhtml"],
    title: "E-mail, saved web page (EML, MHTML)",
    written: "plain text",
    kept: "the subject as headline, paragraphs",
    sniff: |bytes| is_mail(&String::from_utf8_lossy(&bytes[..bytes.len().min(SNIFFED_BYTES)])),
    read: Reader::Packed(read),
};

/// Bytes examined to recognize a message.
const SNIFFED_BYTES: usize = 8192;
/// Nesting limit of parts; the parser has one of its own.
const MAX_DEPTH: usize = 20;

/// Headers that only software writes.
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
    let text = text.trim_start_matches('\u{feff}');
    let (mut telling, mut common) = (0, 0);
    let is_address = |value: &str| value.contains('@') && value.trim_end().ends_with('>');
    for line in text.lines().take(EXAMINED_LINES).skip(usize::from(text.starts_with("From "))) {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { break };
        let name = name.to_ascii_lowercase();
        telling +=
            usize::from(TELLING_HEADERS.contains(&&*name) || name == "from" && is_address(value));
        common += usize::from(COMMON_HEADERS.contains(&&*name));
    }
    telling >= 1 && telling + common >= 3
}

fn read(bytes: &[u8]) -> Result<Item, String> {
    let mut bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.starts_with(b"From ") {
        if bytes.windows(7).any(|line| line == b"\n\nFrom " || line == b"\r\nFrom ") {
            return Err("is a mailbox of several messages; save each as .eml first".to_string());
        }
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - 1);
        bytes = &bytes[end + 1..];
    }
    let mail = mailparse::parse_mail(bytes).map_err(|error| format!("is damaged: {error}"))?;
    let header = |name: &str| mail.headers.get_first_header(name).map(header_text);
    let encrypted = ["multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"];
    if encrypted.contains(&&*mail.ctype.mimetype) {
        return Err("is encrypted or signed as a whole; save its text first".to_string());
    }
    let text = text_of(&mail, 0)?.ok_or("has no text; attachments are not read")?;
    let subject = header("Subject").map(|subject| without_prefix(&subject).to_string());
    let (title, body, link) = match text {
        Text::Plain(text) => (subject, text, None),
        Text::Html(page) => {
            let item = html::read(page)?;
            let title = item.document.title().map(str::to_string);
            let body = without_first(item.document.article(), title.as_deref());
            (subject.filter(|subject| !subject.is_empty()).or(title), body, item.link)
        }
    };
    let address = header("Snapshot-Content-Location").or_else(|| header("Content-Location"));
    Ok(Item {
        id: header("Message-ID").map(|id| id.trim_matches(['<', '>']).to_string()),
        link: link.or(address.filter(|address| address.starts_with("http"))),
        published: header("Date"),
        ..Item::from(record::with_headline(title, body)?)
    })
}

/// An article without the headline it begins with.
fn without_first(article: String, title: Option<&str>) -> String {
    let rest = title.and_then(|title| article.strip_prefix(title));
    match rest.map(str::trim_start) {
        Some(rest) if !rest.is_empty() => rest.to_string(),
        _ => article,
    }
}

/// The text of a message or of a part.
enum Text {
    Plain(String),
    Html(String),
}

/// The text of a part; of alternatives the plain one, unless it only says that there is another.
fn text_of(part: &ParsedMail, depth: usize) -> Result<Option<Text>, String> {
    if depth > MAX_DEPTH {
        return Err(format!("has parts nested more than {MAX_DEPTH} deep"));
    }
    let kind = part.ctype.mimetype.to_ascii_lowercase();
    let disposition = part.get_content_disposition();
    if disposition.disposition == DispositionType::Attachment {
        return Ok(None);
    }
    match &*kind {
        "text/html" | "application/xhtml+xml" => Ok(Some(Text::Html(body(part)?))),
        "text/plain" => {
            let text = unfolded(body(part)?, part);
            Ok((!text.trim().is_empty()).then_some(Text::Plain(text)))
        }
        "multipart/alternative" => {
            let (mut plain, mut rich) = (None, None);
            for part in &part.subparts {
                match text_of(part, depth + 1)? {
                    Some(Text::Plain(text)) if plain.is_none() => plain = Some(text),
                    Some(Text::Html(page)) if rich.is_none() => rich = Some(page),
                    _ => {}
                }
            }
            Ok(match (plain, rich) {
                (Some(plain), Some(rich)) if is_stub(&plain, &rich) => Some(Text::Html(rich)),
                (Some(plain), _) => Some(Text::Plain(plain)),
                (None, rich) => rich.map(Text::Html),
            })
        }
        kind if kind.starts_with("multipart/") => {
            let mut found: Option<String> = None;
            for part in &part.subparts {
                match (text_of(part, depth + 1)?, &mut found) {
                    (Some(Text::Plain(text)), Some(found)) => {
                        found.push_str("\n\n");
                        found.push_str(&text);
                    }
                    (Some(Text::Plain(text)), None) => found = Some(text),
                    (Some(page), None) => return Ok(Some(page)),
                    _ => {}
                }
            }
            Ok(found.map(Text::Plain))
        }
        // A message that was passed on as a part.
        "message/rfc822" if depth < MAX_DEPTH => {
            let bytes = part.get_body_raw().map_err(|error| format!("is damaged: {error}"))?;
            let inner =
                mailparse::parse_mail(&bytes).map_err(|error| format!("is damaged: {error}"))?;
            text_of(&inner, depth + 1)
        }
        _ => Ok(None),
    }
}

/// A plain part of a few words beside a page that is much longer: "Your program cannot show it".
fn is_stub(plain: &str, page: &str) -> bool {
    const STUB_BYTES: usize = 250;
    plain.trim().len() < STUB_BYTES && page.len() > 20 * plain.trim().len()
}

/// The decoded text of a part.
fn body(part: &ParsedMail) -> Result<String, String> {
    let bytes = part.get_body_raw().map_err(|error| format!("is damaged: {error}"))?;
    decoded(&bytes, part.ctype.params.get("charset").map(String::as_str))
}

/// Bytes in the encoding that is named; in the one they look like if none fits.
fn decoded(bytes: &[u8], charset: Option<&str>) -> Result<String, String> {
    let charset = charset.unwrap_or_default().trim().to_ascii_lowercase();
    if charset == "iso-2022-kr" || bytes.windows(4).any(|four| four == b"\x1B$)C") {
        return Ok(iso_2022_kr(bytes));
    }
    // "us-ascii" and "iso-8859-1" are often said of Korean.
    let vague = ["", "us-ascii", "ascii", "iso-8859-1", "latin1", "unknown-8bit", "x-unknown"];
    let named = Encoding::for_label(charset.as_bytes()).filter(|_| !vague.contains(&&*charset));
    let strict = named
        .and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes));
    match strict {
        Some(text) => Ok(text.into_owned()),
        None => decode_part(bytes).map_err(|fault| fault.to_string()),
    }
}

/// ISO-2022-KR: between the controls SO and SI, each letter is two bytes of EUC-KR without their
/// highest bits. A line that ends shifts back.
fn iso_2022_kr(bytes: &[u8]) -> String {
    let mut shifted = false;
    let mut korean = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            0x1B if bytes[at..].starts_with(b"$)C") => at += 3,
            0x0E => shifted = true,
            0x0F => shifted = false,
            b'\n' | b'\r' => {
                shifted = false;
                korean.push(*byte);
            }
            0x21..=0x7E if shifted => korean.push(byte | 0x80),
            _ => korean.push(*byte),
        }
    }
    EUC_KR.decode_without_bom_handling(&korean).0.into_owned()
}

/// Lines that were folded for the way (`format=flowed`) as the paragraphs they were.
fn unfolded(text: String, part: &ParsedMail) -> String {
    let parameter =
        |name: &str| part.ctype.params.get(name).map(|value| value.to_ascii_lowercase());
    if parameter("format").as_deref() != Some("flowed") {
        return text;
    }
    let joined = parameter("delsp").as_deref() == Some("yes");
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let flows = line.ends_with(' ') && line != "-- ";
        out.push_str(if flows && joined { &line[..line.len() - 1] } else { line });
        if !flows {
            out.push('\n');
        }
    }
    out
}

/// A header's words. Words in ISO-2022-KR and bare bytes are not what `mailparse` reads.
fn header_text(header: &MailHeader) -> String {
    let raw = header.get_value_raw();
    if !raw.is_ascii()
        && let Ok(text) = decode_part(raw)
    {
        return one_line(&text);
    }
    let value = String::from_utf8_lossy(raw).into_owned();
    if !value.to_ascii_lowercase().contains("=?iso-2022-kr?") {
        return one_line(&header.get_value());
    }
    // `=?ISO-2022-KR?B?…?=`: white space between two encoded words is none.
    let mut out = String::new();
    let mut rest = value.as_str();
    while let Some((before, word)) = rest.split_once("=?") {
        let mut parts = word.splitn(4, '?');
        let (charset, coding) = (parts.next(), parts.next());
        let (words, after) = (parts.next(), parts.next().and_then(|rest| rest.strip_prefix('=')));
        let (Some(charset), Some(coding), Some(words), Some(after)) =
            (charset, coding, words, after)
        else {
            break;
        };
        if !before.trim().is_empty() {
            out.push_str(before);
        }
        out.push_str(&decoded(&transferred(coding, words), Some(charset)).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    one_line(&out)
}

/// The bytes of an encoded word, by the decoder of bodies.
fn transferred(coding: &str, words: &str) -> Vec<u8> {
    let (name, words) = match coding {
        "Q" | "q" => ("quoted-printable", words.replace('_', " ")),
        _ => ("base64", words.to_string()),
    };
    let part = format!("Content-Transfer-Encoding: {name}\r\n\r\n{words}");
    let read = mailparse::parse_mail(part.as_bytes()).and_then(|part| part.get_body_raw());
    read.unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A subject without "Re:", "Fwd:" and their Korean words.
fn without_prefix(subject: &str) -> &str {
    const PREFIXES: &[&str] = &["re:", "fw:", "fwd:", "회신:", "답장:", "전달:"];
    let mut rest = subject.trim();
    let stripped = |rest: &str| {
        PREFIXES.iter().find(|known| {
            rest.get(..known.len()).is_some_and(|start| start.to_lowercase() == **known)
        })
    };
    while let Some(prefix) = stripped(rest) {
        rest = rest[prefix.len()..].trim_start();
    }
    rest
}

#[cfg(test)]
mod tests;
