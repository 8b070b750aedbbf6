//! HTML in the fields of a feed: separates tags from bracketed words, and removes hidden content.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::html::tags::{
    ElementRole, HtmlAttribute, HtmlTag, HtmlTagKind, role, tags, value,
};
use crate::document::Inline;

/// HTML elements, obsolete ones included. Other bracketed names are words: `<AI>`, `<LEAD>`.
#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont", "bdi", "bdo",
    "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup",
    "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed", "fieldset",
    "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head",
    "header", "hgroup", "hr", "html", "i", "iframe", "image", "img", "input", "ins", "kbd", "label", "legend", "li", "link",
    "main", "map", "mark", "marquee", "math", "menu", "meta", "meter", "nav", "nobr", "noembed", "noframes", "noscript",
    "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "plaintext", "pre", "progress", "q", "rb", "rp",
    "rt", "rtc", "ruby", "s", "samp", "script", "search", "section", "select", "slot", "small", "source", "span", "strike",
    "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th",
    "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr", "xmp",
];

/// Boolean attributes, which may have no value.
#[rustfmt::skip]
const BOOLEAN_ATTRIBUTES: &[&str] = &[
    "allowfullscreen", "async", "autoplay", "checked", "compact", "controls", "declare", "default", "defer", "disabled",
    "download", "hidden", "inert", "ismap", "itemscope", "loop", "multiple", "muted", "nohref", "noresize", "noshade",
    "nowrap", "open", "playsinline", "readonly", "required", "reversed", "selected",
];

/// Elements without an end tag.
#[rustfmt::skip]
pub(super) const VOID: &[&str] = &[
    "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "image", "img", "input", "keygen", "link", "meta", "param",
    "source", "track", "wbr",
];

/// Elements that run code, load other content, or hold no text.
const ACTIVE: &[&str] = &[
    "applet", "button", "datalist", "embed", "frame", "frameset", "iframe", "noembed", "object",
    "script", "select", "style", "template",
];

/// True for an HTML element, a custom element (`x-ad`) or a prefixed one (`o:p`).
pub(super) fn is_element(name: &str) -> bool {
    let own = || {
        name.contains(['-', ':'])
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b':'))
    };
    ELEMENTS.iter().any(|known| known.eq_ignore_ascii_case(name)) || own()
}

/// True for an HTML tag: `<b>`, but not `<AD>` or `<B 항만 & C>`.
fn is_tag(raw: &str, name: &str) -> bool {
    is_element(name) && (raw.starts_with("</") || has_attributes_only(raw))
}

/// True if only attributes follow the tag's name; without a value, only boolean ones count.
fn has_attributes_only(tag: &str) -> bool {
    let mut rest = tag.trim_start_matches('<').trim_end_matches('>');
    rest = rest.split_once(|c: char| c.is_whitespace() || c == '/').map_or("", |(_, rest)| rest);
    loop {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ';' | ',')
        });
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() && after.is_empty() {
            return true;
        }
        let after = after.trim_start();
        let Some(given) = after.strip_prefix('=') else {
            if !BOOLEAN_ATTRIBUTES.iter().any(|bare| bare.eq_ignore_ascii_case(name)) {
                return false;
            }
            rest = after;
            continue;
        };
        if !name.is_ascii() {
            return false;
        }
        let given = given.trim_start();
        rest = match given.chars().next() {
            Some(quote @ ('"' | '\'')) => given[1..].split_once(quote).map_or("", |(_, rest)| rest),
            _ => given.split_once(char::is_whitespace).map_or("", |(_, rest)| rest),
        };
    }
}

/// True if a text contains HTML tags.
pub(super) fn has_tags(text: &str) -> bool {
    text.contains('<')
        && tags(text).any(|tag| match &tag.kind {
            HtmlTagKind::Open { name, .. } | HtmlTagKind::Close { name } => {
                is_tag(&text[tag.span.clone()], name)
            }
            HtmlTagKind::Other => false,
        })
}

/// True if a text declared plain contains an HTML end tag.
pub(super) fn has_elements(text: &str) -> bool {
    text.contains("</")
        && tags(text)
            .any(|tag| matches!(&tag.kind, HtmlTagKind::Close { name } if is_element(name)))
}

/// HTML without scripts, hidden elements and comments; bracketed words are escaped.
pub(super) fn without_hidden(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    walk(html, |piece| match piece {
        MarkupPiece::Text(text) | MarkupPiece::HtmlTag(text, _) => out.push_str(text),
        MarkupPiece::Words(text) => out.push_str(&text.replace('<', "&lt;")),
    });
    out
}

/// The text of a headline, on one line.
pub(super) fn words(html: &str) -> String {
    let mut out = Cow::Borrowed(html);
    if html.contains('<') {
        let mut plain = String::with_capacity(html.len());
        // Unclosed, these would hide the rest of the headline, so they are words.
        let open =
            ACTIVE.iter().chain(&["plaintext", "xmp", "noscript", "noframes", "textarea", "title"]);
        let mut raw = Cow::Borrowed(html);
        for name in open {
            raw = without_end(raw, name);
        }
        walk(&raw, |piece| match piece {
            MarkupPiece::Text(text) => plain.push_str(text),
            MarkupPiece::Words(text) => plain.push_str(&text.replace('<', "&lt;")),
            MarkupPiece::HtmlTag(_, ElementRole::Inline) => {}
            MarkupPiece::HtmlTag(..) => plain.push(' '),
        });
        out = plain.into();
    }
    Inline::read(&out).text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes the start tags of an element that is never closed.
fn without_end<'t>(text: Cow<'t, str>, name: &str) -> Cow<'t, str> {
    let lower = text.to_ascii_lowercase();
    let open = format!("<{name}");
    if !lower.contains(&open) || lower.contains(&format!("</{name}")) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in lower.match_indices(&open) {
        out.push_str(&text[end..at]);
        out.push_str("&lt;");
        end = at + 1;
    }
    out.push_str(&text[end..]);
    out.into()
}

enum MarkupPiece<'t> {
    Text(&'t str),
    HtmlTag(&'t str, ElementRole),
    /// Bracketed words.
    Words(&'t str),
}

/// Visits the visible parts of HTML in order.
fn walk<'t>(html: &'t str, mut give: impl FnMut(MarkupPiece<'t>)) {
    // An unknown element with an end tag is markup; without one it is a bracketed word.
    let ended: HashSet<String> = tags(html)
        .filter_map(|tag| match tag.kind {
            HtmlTagKind::Close { name } => Some(name),
            _ => None,
        })
        .collect();
    let mut end = 0;
    let mut hidden: Option<(String, usize)> = None;
    for HtmlTag { span, kind } in tags(html) {
        let (from, raw) = (end, &html[span.clone()]);
        end = span.end;
        if let Some((inside, depth)) = &mut hidden {
            match &kind {
                HtmlTagKind::Open { name, .. } if name == inside && ends_before(inside, name) => {}
                HtmlTagKind::Open { name, .. } if name == inside => *depth += 1,
                HtmlTagKind::Close { name } if name == inside => *depth -= 1,
                _ => {}
            }
            let next = matches!(&kind, HtmlTagKind::Open { name, .. } if ends_before(inside, name));
            if *depth > 0 && !next {
                continue;
            }
            hidden = None;
            if !next {
                continue;
            }
        } else if from < span.start {
            give(MarkupPiece::Text(&html[from..span.start]));
        }
        match kind {
            HtmlTagKind::Open { name, attributes, self_closing } => {
                if !is_tag(raw, &name) {
                    if !ended.contains(&name) {
                        give(MarkupPiece::Words(raw));
                    }
                } else if ACTIVE.contains(&name.as_str()) || is_hidden(&attributes) {
                    let whole = VOID.contains(&name.as_str()) || (self_closing && name == "svg");
                    hidden = (!whole).then_some((name, 1));
                } else {
                    give(MarkupPiece::HtmlTag(raw, role(&name)));
                }
            }
            HtmlTagKind::Close { name } if is_element(&name) => {
                give(MarkupPiece::HtmlTag(raw, role(&name)))
            }
            HtmlTagKind::Close { .. } | HtmlTagKind::Other => {}
        }
    }
    if hidden.is_none() && end < html.len() {
        give(MarkupPiece::Text(&html[end..]));
    }
}

/// True if an open element ends where another begins.
fn ends_before(open: &str, next: &str) -> bool {
    match open {
        "p" => matches!(role(next), ElementRole::Block(_)),
        "li" => next == "li",
        _ => false,
    }
}

/// True if an element is hidden by its attributes.
fn is_hidden(attributes: &[HtmlAttribute]) -> bool {
    let style = value(attributes, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.split_whitespace().collect();
    let zero = |property: &str| {
        let set = style
            .split(';')
            .filter_map(|one| one.split_once(':'))
            .find(|(name, _)| *name == property);
        set.is_some_and(|(_, value)| {
            value
                .trim_end_matches("!important")
                .trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '%')
                == "0"
        })
    };
    value(attributes, "hidden").is_some()
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("mso-hide:all")
        || (zero("opacity") && !["transform:", "transition:"].iter().any(|of| style.contains(of)))
        || zero("font-size")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_elements_of_html_are_tags() {
        for (html, said) in [
            ("<속보> 항만 파업", "<속보> 항만 파업"),
            ("정부 <항만> 계획", "정부 <항만> 계획"),
            ("<AD> Haemin fair", "<AD> Haemin fair"),
            ("<AI 시대> 항만도 자동화", "<AI 시대> 항만도 자동화"),
            ("A<B 항만 & C>D", "A<B 항만 & C>D"),
            ("a<b and c>d", "a<b and c>d"),
            ("3 < 5 & 6 > 4", "3 < 5 & 6 > 4"),
            ("<Style> 봄옷", "<Style> 봄옷"),
            ("<title> of a book", "<title> of a book"),
            ("The <b>Somi</b> <i class=x hidden>x</i>returns", "The Somi returns"),
            ("<P ALIGN=center>One<BR>two</P><p>three", "One two three"),
            ("<font color=\"red\" size=2 nowrap>Red</font>", "Red"),
            ("<x-tag>One</x-tag> <o:p>two</o:p>", "One two"),
            ("<quote>One</quote> <quoted> two", "One <quoted> two"),
            ("<a href=\"/x\" title='a > b'>One</a>", "One"),
            ("AT&amp;T &lt;b&gt;", "AT&T <b>"),
        ] {
            assert_eq!(words(html), said, "{html}");
        }
    }

    #[test]
    fn scripts_and_hidden_elements_are_removed() {
        for (html, said) in [
            ("<p>One.</p><script>if (a<b) x('</p>')</script><p>Two.</p>", "<p>One.</p><p>Two.</p>"),
            ("<div style='DISPLAY : none'>x<div>y</div>z</div>One.", "One."),
            ("<p hidden>x<p>One.</p>", "<p>One.</p>"),
            (
                "<p style=\"font-size:0px\">x</p><b style='font-size:10px'>One</b>",
                "<b style='font-size:10px'>One</b>",
            ),
            ("<img hidden src=a>One.<style>p{}</style>", "One."),
            ("<!-- x -->One <b>two</b><iframe src='a'>x</iframe>", "One <b>two</b>"),
            ("<span style='visibility:hidden'>x", ""),
            ("<form><button>Go</button><select><option>A</select>One.</form>", "<form>One.</form>"),
            ("<Ad> 3 < 5", "&lt;Ad> 3 < 5"),
        ] {
            assert_eq!(without_hidden(html), said, "{html}");
        }
    }
}
