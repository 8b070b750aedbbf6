//! Codes of languages in the parts of a package, for spelling checkers, fonts and line breaks.
//! Knows tags and their attributes; which of them are codes is a format's matter.

use quick_xml::events::Event;

use crate::document::Relabeled;
use crate::formats::xml::attributes;

/// Where a format has codes of languages.
#[derive(Clone, Copy)]
pub(in crate::formats) struct LanguageCodes {
    /// Parts without text that have some.
    pub parts: &'static [&'static str],
    /// A part with other codes; `None` if it has none to change.
    pub relabel: fn(&str, &Relabeled) -> Option<String>,
}

/// A copy of an XML text with other tags; `None` if none is another. `change` gets each start and
/// end tag with its name without prefix, and returns what takes its place.
pub(in crate::formats) fn with_tags(
    xml: &str,
    mut change: impl FnMut(&str, &str) -> Option<String>,
) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut out = String::new();
    let mut copied = 0;
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event().ok()?;
        let end = reader.buffer_position() as usize;
        let new = match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                change(tag.local_name().as_ref(), &xml[start..end])
            }
            Event::End(tag) => change(tag.local_name().as_ref(), &xml[start..end]),
            Event::Eof => break,
            _ => None,
        };
        if let Some(new) = new {
            out.push_str(&xml[copied..start]);
            out.push_str(&new);
            copied = end;
        }
    }
    out.push_str(&xml[copied..]);
    (copied > 0).then_some(out)
}

/// A tag with another value of an attribute, by its name without prefix. `is_other` says whether
/// the old value is replaced; `None` if it is not, or there is none.
pub(in crate::formats) fn with_value(
    tag: &str,
    name: &str,
    new: &str,
    is_other: impl Fn(&str) -> bool,
) -> Option<String> {
    let local = |given: &str| given.rsplit(':').next() == Some(name);
    let (_, span) = attributes(tag).find(|(given, _)| local(given))?;
    let is_other = is_other(&tag[span.clone()]);
    is_other.then(|| format!("{}{new}{}", &tag[..span.start], &tag[span.end..]))
}

/// True if a code names a language, whatever its country.
pub(in crate::formats) fn is_language(code: &str, language: &str) -> bool {
    code.split(['-', '_']).next().is_some_and(|one| one.eq_ignore_ascii_case(language))
}

/// The code of a language with its country, as office programs write it.
pub(in crate::formats) fn with_country(language: &str) -> &str {
    match language {
        "ko" => "ko-KR",
        "en" => "en-US",
        language => language,
    }
}
