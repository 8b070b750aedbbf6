//! Tokenizes HTML into tags with their byte spans, and classifies elements. Knows nothing of
//! articles.

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{State, Tokenizer};

use crate::document::Span;

/// Attributes that are kept.
const KEPT_ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "charset",
    "class",
    "content",
    "datetime",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "itemprop",
    "name",
    "property",
    "rel",
    "role",
    "style",
];
/// Length limit of attribute values: no address or class is longer, a hostile value may be as long
/// as the file. A style is kept whole, as its end may hide the element.
const MAX_VALUE_BYTES: usize = 2000;

/// Name of the pseudo-element for inline content that is set apart from its sentence: hidden text
/// and captions.
pub(super) const SET_APART: &str = "apart";

/// A tag, comment or declaration; everything between two of them is text.
pub(in crate::formats) struct HtmlTag {
    pub span: Span,
    pub kind: HtmlTagKind,
}

/// The kind of a tag.
pub(in crate::formats) enum HtmlTagKind {
    Open {
        name: String,
        attributes: Vec<HtmlAttribute>,
        self_closing: bool,
    },
    Close {
        name: String,
    },
    /// A comment, doctype or processing instruction.
    Other,
}

/// An attribute.
pub(in crate::formats) struct HtmlAttribute {
    pub name: &'static str,
    /// Value with entities decoded.
    pub value: String,
    /// Span of the value; empty without one.
    pub span: Span,
}

/// The role of an element in the text flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum ElementRole {
    /// Block-level: its text stands alone. Carries the known element's name.
    Block(&'static str),
    /// Block-level and without content.
    Rule,
    /// Skipped content: scripts, drawings, form fields, preformatted text.
    Opaque,
    LineBreak,
    /// Inline and without content.
    Empty,
    /// Inline.
    Inline,
}

#[rustfmt::skip]
const BLOCK_ELEMENTS: &[&str] = &[
    "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "colgroup", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2",
    "h3", "h4", "h5", "h6", "head", "header", "hgroup", "html", "legend", "li", "main", "menu", "nav", "ol",
    "optgroup", "option", "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "title", "tr", "ul",
];

#[rustfmt::skip]
const RULE_ELEMENTS: &[&str] = &[
    "base", "basefont", "col", "embed", "frame", "hr", "input", "keygen", "link", "meta", "param", "source", "track",
];

#[rustfmt::skip]
const OPAQUE_ELEMENTS: &[&str] = &[
    "applet", "audio", "canvas", "datalist", "iframe", "listing", "math", "noembed", "noframes", "noscript", "object",
    "plaintext", "script", "select", "style", "svg", "template", "textarea", "video", "xmp",
];

/// The role of an element by its name.
pub(in crate::formats) fn role(name: &str) -> ElementRole {
    let known = |list: &[&'static str]| list.iter().find(|known| **known == name).copied();
    match name {
        "br" => ElementRole::LineBreak,
        "img" | "image" | "wbr" | "area" => ElementRole::Empty,
        // Custom elements are treated as parts of the page, not of a sentence.
        _ if name.contains('-') => ElementRole::Block("div"),
        _ if known(RULE_ELEMENTS).is_some() => ElementRole::Rule,
        _ if known(OPAQUE_ELEMENTS).is_some() => ElementRole::Opaque,
        _ => known(BLOCK_ELEMENTS).map_or(ElementRole::Inline, ElementRole::Block),
    }
}

/// True if an unclosed drawing or formula ends where this element begins.
pub(super) fn breaks_out(name: &str) -> bool {
    matches!(role(name), ElementRole::Block(known) if known != "title")
}

/// The tags of a text in order. Raw-text elements (`script`, `title`) are read to their end tag, as
/// browsers do.
pub(in crate::formats) fn tags(text: &str) -> impl Iterator<Item = HtmlTag> {
    // In XML, `<script/>` is complete; in HTML it continues to its end tag.
    let xml = text.trim_start().starts_with("<?xml");
    let mut tokenizer =
        Tokenizer::new_with_emitter(text, CallbackEmitter::new(TagCollector::default()));
    let mut drawing = false;
    std::iter::from_fn(move || {
        let Ok(tag) = tokenizer.next()?;
        match &tag.kind {
            HtmlTagKind::Open { name, self_closing, .. } => {
                drawing = match name.as_str() {
                    "svg" | "math" => !self_closing,
                    name => drawing && !breaks_out(name),
                };
                let raw = raw_text(name).filter(|_| !(*self_closing && (xml || drawing)));
                raw.into_iter().for_each(|state| tokenizer.set_state(state));
            }
            HtmlTagKind::Close { name } if matches!(name.as_str(), "svg" | "math") => {
                drawing = false
            }
            HtmlTagKind::Close { .. } | HtmlTagKind::Other => {}
        }
        Some(tag)
    })
}

/// Tokenizer state for an element whose content holds no tags.
fn raw_text(name: &str) -> Option<State> {
    match name {
        "title" | "textarea" => Some(State::RcData),
        "script" => Some(State::ScriptData),
        "style" | "iframe" | "xmp" | "noembed" | "noframes" | "noscript" => Some(State::RawText),
        "plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// Assembles tags from the tokenizer's events.
#[derive(Default)]
struct TagCollector {
    start: usize,
    name: String,
    attribute: Option<&'static str>,
    attributes: Vec<HtmlAttribute>,
}

impl Callback<HtmlTag, usize> for TagCollector {
    fn handle_event(
        &mut self,
        event: CallbackEvent<'_>,
        span: html5gum::Span<usize>,
    ) -> Option<HtmlTag> {
        let kind = match event {
            CallbackEvent::OpenStartTag { name } => {
                self.start = span.start;
                self.name = String::from_utf8_lossy(name).into_owned();
                self.attributes.clear();
                return None;
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute =
                    KEPT_ATTRIBUTES.iter().find(|wanted| wanted.as_bytes() == name).copied();
                let first = |name: &&str| self.attributes.iter().all(|known| known.name != *name);
                self.attribute = self.attribute.filter(first);
                let kept = self.attribute.map(|name| HtmlAttribute {
                    name,
                    value: String::new(),
                    span: span.end..span.end,
                });
                self.attributes.extend(kept);
                return None;
            }
            CallbackEvent::AttributeValue { value } => {
                if let (Some(name), Some(kept)) =
                    (self.attribute.take(), self.attributes.last_mut())
                {
                    let longest = if name == "style" { usize::MAX } else { MAX_VALUE_BYTES };
                    let value = &value[..value.len().min(longest)];
                    kept.value = String::from_utf8_lossy(value).into_owned();
                    kept.span = span.start..span.end;
                }
                return None;
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let (name, attributes) =
                    (std::mem::take(&mut self.name), std::mem::take(&mut self.attributes));
                let kind = HtmlTagKind::Open { name, attributes, self_closing };
                return Some(HtmlTag { span: self.start..span.end, kind });
            }
            CallbackEvent::EndTag { name } => {
                HtmlTagKind::Close { name: String::from_utf8_lossy(name).into_owned() }
            }
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } => HtmlTagKind::Other,
            CallbackEvent::String { .. } | CallbackEvent::Error(_) => return None,
        };
        Some(HtmlTag { span: span.start..span.end, kind })
    }
}

/// The value of an attribute.
pub(in crate::formats) fn value<'a>(
    attributes: &'a [HtmlAttribute],
    name: &str,
) -> Option<&'a str> {
    attributes
        .iter()
        .find(|attribute| attribute.name == name)
        .map(|attribute| attribute.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(text: &str) -> Vec<&str> {
        tags(text).map(|tag| &text[tag.span]).collect()
    }

    #[test]
    fn tags_have_their_exact_spans() {
        let text = "<!DOCTYPE html>\r\n<P Class='a>b'>한 <b\r\n>줄</b ><!-- <i> -->\r\n<br/></p><img alt=\"&quot;>\">";
        assert_eq!(
            raw(text),
            [
                "<!DOCTYPE html>",
                "<P Class='a>b'>",
                "<b\r\n>",
                "</b >",
                "<!-- <i> -->",
                "<br/>",
                "</p>",
                "<img alt=\"&quot;>\">"
            ]
        );
    }

    #[test]
    fn a_script_ends_at_its_end_tag_and_a_drawing_may_hold_an_empty_one() {
        assert_eq!(raw("<script>if (a<b) '<p>'</script><p>"), ["<script>", "</script>", "<p>"]);
        assert_eq!(raw("<svg><style/></svg><p>"), ["<svg>", "<style/>", "</svg>", "<p>"]);
        assert_eq!(raw("<?xml version=\"1.0\"?><script src=\"a\"/><p>").len(), 3);
        assert_eq!(raw("<title>a <b> c</title>"), ["<title>", "</title>"]);
    }

    #[test]
    fn attribute_values_are_decoded_with_their_spans() {
        let text = "<meta content=\"a&amp;b\" charset=euc-kr>";
        let Some(HtmlTag { kind: HtmlTagKind::Open { attributes, .. }, .. }) = tags(text).next()
        else {
            panic!()
        };
        assert_eq!(value(&attributes, "content"), Some("a&b"));
        assert_eq!(&text[attributes[1].span.clone()], "euc-kr");
    }

    proptest! {
        #[test]
        fn tags_of_any_text_begin_and_end_with_brackets(text in "([ \\r\\n가a<>/!&;='\"-]|<p>|</p |<!--|-->|<script>|</script>|<svg>|<title>|<br|=\"|&amp;|\\r\\n){0,30}") {
            let mut end = 0;
            for tag in tags(&text) {
                prop_assert!(tag.span.start >= end && tag.span.end > tag.span.start, "{:?}", tag.span);
                let raw = &text[tag.span.clone()];
                prop_assert!(raw.starts_with('<'), "{raw:?}");
                prop_assert!(raw.ends_with('>') || tag.span.end == text.len(), "{raw:?}");
                end = tag.span.end;
            }
        }
    }
}
