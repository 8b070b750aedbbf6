//! Metadata from the head of a page.

use super::tags::{HtmlAttribute, HtmlTagKind, tags, value};
use crate::document::Span;

/// Bytes searched for declarations, as browsers do.
const HEAD_BYTES: usize = 64 << 10;

/// Metadata of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageMetadata {
    pub canonical: Option<String>,
    /// Address for sharing (`og:url`).
    pub address: Option<String>,
    pub published: Option<String>,
    /// The first `time` element's value, used if the head has no date.
    pub time: Option<String>,
    /// Headline for sharing (`og:title`).
    pub headline: Option<String>,
    pub site: Option<String>,
}

impl PageMetadata {
    /// Collects the metadata of an element. The first value wins.
    pub fn collect(&mut self, element: &str, attributes: &[HtmlAttribute]) {
        let value = |name| value(attributes, name).map(str::trim).filter(|value| !value.is_empty());
        let (field, said) = match element {
            "meta" => {
                let name = ["property", "name", "itemprop"].iter().find_map(|name| value(name));
                let field = match name.map(str::to_ascii_lowercase).as_deref() {
                    Some("og:title") => &mut self.headline,
                    Some("og:url") => &mut self.address,
                    Some("og:site_name") => &mut self.site,
                    Some("article:published_time" | "datepublished") => &mut self.published,
                    _ => return,
                };
                (field, value("content"))
            }
            "link" if value("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) => {
                (&mut self.canonical, value("href"))
            }
            "time" => (&mut self.time, value("datetime")),
            _ => return,
        };
        if field.is_none() {
            *field = said.map(ToString::to_string);
        }
    }
}

/// Changes a page's encoding declaration to UTF-8, the encoding of the output.
pub(super) fn declare_utf8(mut text: String) -> String {
    let mut declared: Vec<Span> = Vec::new();
    for tag in tags(&text[..text.floor_char_boundary(HEAD_BYTES)]) {
        match tag.kind {
            HtmlTagKind::Other if tag.span.start == text.len() - text.trim_start().len() => {
                let declaration = &text[tag.span.clone()];
                let is_xml = declaration.starts_with("<?xml");
                declared.extend(
                    value_after(declaration, "encoding")
                        .filter(|_| is_xml)
                        .map(|s| offset(s, tag.span.start)),
                );
            }
            HtmlTagKind::Open { name, attributes, .. } if name == "meta" => {
                let place =
                    |name| attributes.iter().find(|a| a.name == name).map(|a| a.span.clone());
                if let Some(charset) = place("charset") {
                    declared.push(charset);
                } else if value(&attributes, "http-equiv")
                    .is_some_and(|of| of.eq_ignore_ascii_case("content-type"))
                    && let Some(content) = place("content")
                {
                    declared.extend(
                        value_after(&text[content.clone()], "charset")
                            .map(|s| offset(s, content.start)),
                    );
                }
            }
            HtmlTagKind::Open { .. } | HtmlTagKind::Close { .. } | HtmlTagKind::Other => {}
        }
    }
    for span in declared.into_iter().rev() {
        let name = text[span.clone()].trim();
        if !name.is_empty() && !["utf-8", "utf8"].iter().any(|utf8| name.eq_ignore_ascii_case(utf8))
        {
            text.replace_range(span, "utf-8");
        }
    }
    text
}

/// The span of the value after a word and an equals sign: `charset=euc-kr`, `encoding='EUC-KR'`.
fn value_after(text: &str, word: &str) -> Option<Span> {
    let rest = &text[text.to_ascii_lowercase().find(word)? + word.len()..];
    let rest = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let start = text.len() - rest.len();
    let end =
        rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':' | '.'));
    Some(start..start + end.unwrap_or(rest.len()))
}

fn offset(span: Span, by: usize) -> Span {
    span.start + by..span.end + by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str) -> String {
        declare_utf8(text.to_string())
    }

    #[test]
    fn the_encoding_declaration_becomes_utf8() {
        assert_eq!(declared("<meta charset=\"EUC-KR\"><p>글"), "<meta charset=\"utf-8\"><p>글");
        assert_eq!(declared("<META CHARSET=ks_c_5601-1987 >"), "<META CHARSET=utf-8 >");
        assert_eq!(
            declared(
                "<meta http-equiv='Content-Type' content='text/html; charset=euc-kr'/><meta charset=cp949>"
            ),
            "<meta http-equiv='Content-Type' content='text/html; charset=utf-8'/><meta charset=utf-8>"
        );
        assert_eq!(
            declared("\n<?xml version='1.0' encoding='EUC-KR'?><html>"),
            "\n<?xml version='1.0' encoding='utf-8'?><html>"
        );
    }

    #[test]
    fn utf8_pages_and_texts_about_charsets_stay_unchanged() {
        for text in [
            "<meta charset=UTF-8>",
            "<meta charset>",
            "<meta name=description content='charset=euc-kr'>",
            "<!-- <meta charset=euc-kr> -->",
            "<p>charset=euc-kr",
            "<?php encoding='EUC-KR' ?>",
        ] {
            assert_eq!(declared(text), text);
        }
    }
}
