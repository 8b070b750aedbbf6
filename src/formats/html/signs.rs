//! Signs in names, classes, ids and roles of elements. Tables of names that many sites use;
//! [`choose`](super::choose) decides how far to trust them.

use super::hidden;
use super::tags::{HtmlAttribute, SET_APART, value};

/// The signs of an element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ElementSigns {
    /// Sign that it is not the article.
    pub aside: Option<AsideSign>,
    /// Sign that it holds the article.
    pub body: Option<BodySign>,
    /// True if it holds a photo caption.
    pub caption: bool,
}

/// Reasons why an element is not the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AsideSign {
    /// Not shown by a browser.
    Hidden,
    /// Menus and footers: never the article, even with a headline inside.
    Frame,
    /// Comments, related articles, offers and other surroundings of an article.
    Around,
}

/// Signs of the article's element, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BodySign {
    /// `main` element or role.
    Main,
    /// `article` element.
    Article,
    /// A class or id such as `article-body`.
    Named,
    /// `itemprop="articleBody"`, or a class of that name.
    Property,
}

/// Substrings of a class or id.
#[rustfmt::skip]
const ASIDE_SUBSTRINGS: &[&str] = &[
    "advert", "affiliate", "breadcrumb", "byline", "callout", "citation", "comment", "consent", "contactbox", "cookie",
    "copyright", "disclaimer", "disqus", "donat", "factbox", "feedback", "flyout", "footer", "gdpr", "infobox",
    "likebox", "mailchimp", "masthead", "modal", "navbar", "navigation", "newsletter", "noprint", "offcanvas",
    "outbrain", "pagination", "popular", "popup", "readmore", "recommend", "related", "shariff", "sidebar",
    "sociable", "sponsor", "subscri", "syndication", "taboola", "tagcloud", "toolbar", "tooltip", "trending", "upsell",
];

/// Beginnings of words in a class or id.
#[rustfmt::skip]
const ASIDE_PREFIXES: &[&str] = &[
    "about-the", "addtoany", "appendix", "author", "banner", "call-to-action", "categorize", "cbox", "cmt", "contact-box", "contact-teaser",
    "copy-area", "coverage", "cta", "dont-miss", "fact-box", "follow-", "hot-news", "info-box", "interesting",
    "journalist", "jp-post-flair", "jp-relatedposts", "latest", "login", "mailing", "mc4wp", "menu", "more-art",
    "more-link", "more-news", "more-post", "more-stor", "news-letter", "no-print", "off-canvas", "onward", "outro",
    "pager", "petition", "poll-", "print-hide", "product-box", "profile", "quiz", "rank", "rating", "read-also",
    "read-next", "readalso", "relate", "reporter", "see-also", "seealso", "share-", "sharebar", "sharebutton",
    "sharedaddy", "sharing", "signup", "similar", "skip-link", "snippet--", "social", "sticky", "survey", "writer",
];

/// Whole words of a class or id.
#[rustfmt::skip]
const ASIDE_WORDS: &[&str] = &[
    "ad", "aside", "bio", "crumb", "crumbs", "foot", "gnb", "infos", "lang", "language", "likes", "lnb", "logo",
    "mainnav", "nav", "replies", "reply", "respond", "rss", "search", "snb", "sns", "sub", "subnav", "tag", "tags",
    "tool", "topnav", "vote",
];

/// Words that contain one of [`ASIDE_SUBSTRINGS`] with another meaning.
const HARMLESS_WORDS: &[&str] = &["commentary", "correlated", "unrelated"];

/// Names with no other use.
const CERTAIN_BODY_NAMES: &[&str] =
    &["articlebody", "dicarea", "newsbody", "newsctarticle", "storybody"];
/// Pairs of words that name an article's body, adjacent but for punctuation.
const BODY_FIRST_WORDS: &[&str] =
    &["article", "blog", "entry", "news", "page", "post", "single", "story", "view"];
const BODY_SECOND_WORDS: &[&str] = &["body", "content", "copy", "text"];
/// Other names of an article's body.
#[rustfmt::skip]
const BODY_NAMES: &[&str] = &[
    "articletxt", "articleview", "artpostcontent", "arttext", "bodycopy", "contentarticle", "contentbody",
    "contentpost", "namebody", "newscont", "newsct", "newstxt", "newsview", "postentry", "richtext",
    "textarticle", "textbody", "textpost", "viewcont",
];

/// Elements that hold at most paragraphs, whatever their class.
#[rustfmt::skip]
const TEXT_ELEMENTS: &[&str] = &[
    "blockquote", "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "ul",
];

/// Names in the classes of captions, without punctuation.
#[rustfmt::skip]
const CAPTION_NAMES: &[&str] = &[
    "bildnachweis", "bildunterschrift", "caption", "copyright", "credit", "imageannotation", "imagecredit",
    "imagesource", "legend",
];
const CAPTION_FIRST_WORDS: &[&str] = &["bild", "foto", "image", "img", "photo"];
const CAPTION_SECOND_WORDS: &[&str] = &["box", "credit", "desc", "info", "text", "title"];

/// Terms of a publisher's imprint. Two of them are an imprint; an article may mention one.
#[rustfmt::skip]
const IMPRINT_TERMS: &[&str] = &[
    "제호", "등록번호", "등록일", "발행일", "발행인", "편집인", "청소년보호", "사업자등록", "통신판매업", "대표전화",
    "저작권법", "무단 전재", "무단전재", "무단 복제", "무단복제", "재배포", "인터넷신문위원회", "윤리강령",
    "all rights reserved", "copyright", "©", "ⓒ", "privacy policy", "terms of use", "terms of service",
];

/// Bytes of class and id that are examined.
const MAX_BYTES: usize = 400;

/// The signs of an element.
pub(super) fn of_element(name: &str, attributes: &[HtmlAttribute]) -> ElementSigns {
    if matches!(name, "html" | "body" | "head" | "title") {
        return ElementSigns::default();
    }
    let named = ClassNames::of(attributes);
    let role = value(attributes, "role").unwrap_or_default().to_ascii_lowercase();
    ElementSigns {
        aside: aside(name, &role, &named, attributes),
        body: body(name, &role, &named, attributes),
        caption: caption(name, &named),
    }
}

/// True if an element holds a photo caption, by its class or id.
pub(super) fn is_caption(name: &str, attributes: &[HtmlAttribute]) -> bool {
    let is_named = value(attributes, "class").is_some() || value(attributes, "id").is_some();
    is_named && caption(name, &ClassNames::of(attributes))
}

/// True for the text of a publisher's imprint.
pub(super) fn is_imprint(words: &str) -> bool {
    /// Longer text is not searched.
    const MAX_BYTES: usize = 1500;
    if words.len() > MAX_BYTES {
        return false;
    }
    let folded = words.to_lowercase();
    IMPRINT_TERMS.iter().filter(|term| folded.contains(*term)).count() >= 2
}

/// The class and id of an element, normalized in two ways.
struct ClassNames {
    /// Lower case, split at camel case and underscores: `article-body`.
    words: String,
    /// Letters and digits only: `articlebody`.
    compact: String,
}

impl ClassNames {
    fn of(attributes: &[HtmlAttribute]) -> Self {
        let given = ["class", "id"].iter().filter_map(|name| value(attributes, name));
        let (mut words, mut compact) = (String::new(), String::new());
        let mut before = ' ';
        for c in given.flat_map(|value| value.chars().chain([' '])) {
            if words.len() >= MAX_BYTES {
                break;
            }
            if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
                words.push('-');
            }
            words.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
            if c.is_ascii_alphanumeric() {
                compact.push(c.to_ascii_lowercase());
            }
            before = c;
        }
        Self { words, compact }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
    }

    /// True if a word begins with one of the beginnings, which may span several words.
    fn begins(&self, beginnings: &[&str]) -> bool {
        let mut before = true;
        self.words.bytes().enumerate().any(|(at, byte)| {
            let begins = before
                && self
                    .words
                    .get(at..)
                    .is_some_and(|rest| beginnings.iter().any(|b| rest.starts_with(b)));
            before = !byte.is_ascii_alphanumeric();
            begins
        })
    }

    /// True if one of the words is in [`ASIDE_WORDS`]. A "sub-title" is the deck of an article.
    fn has_word(&self) -> bool {
        let mut words = self.words().peekable();
        while let Some(word) = words.next() {
            let is_deck = |next: &&str| ["tit", "head"].iter().any(|of| next.starts_with(of));
            if ASIDE_WORDS.contains(&word) && !(word == "sub" && words.peek().is_some_and(is_deck))
            {
                return true;
            }
        }
        false
    }

    /// True if the class lists a WordPress post's categories, which say nothing about the element.
    fn is_post(&self) -> bool {
        ["hentry", "type-post", "status-publish"].iter().any(|word| self.words.contains(word))
    }
}

fn aside(
    name: &str,
    role: &str,
    named: &ClassNames,
    attributes: &[HtmlAttribute],
) -> Option<AsideSign> {
    if hidden::hides(attributes) {
        return Some(AsideSign::Hidden);
    }
    if matches!(name, "nav" | "footer") || role == "navigation" {
        return Some(AsideSign::Frame);
    }
    let around = matches!(
        name,
        "aside" | "button" | "dialog" | "fieldset" | "form" | "legend" | "menu" | "option"
    ) || matches!(
        role,
        "alert" | "banner" | "complementary" | "contentinfo" | "dialog" | "menu" | "search"
    ) || value(attributes, "aria-hidden")
        .is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
        || named.words().any(is_aside_word)
        || named.begins(ASIDE_PREFIXES)
        || (!named.is_post() && named.has_word());
    around.then_some(AsideSign::Around)
}

/// True if a word contains one of [`ASIDE_SUBSTRINGS`].
fn is_aside_word(word: &str) -> bool {
    ASIDE_SUBSTRINGS.iter().any(|part| word.contains(part))
        && !HARMLESS_WORDS.iter().any(|other| word.contains(other))
}

fn body(
    name: &str,
    role: &str,
    named: &ClassNames,
    attributes: &[HtmlAttribute],
) -> Option<BodySign> {
    let compact = named.compact.as_str();
    let property = value(attributes, "itemprop")
        .is_some_and(|of| of.to_ascii_lowercase().contains("articlebody"));
    let is_named = || {
        BODY_NAMES.iter().any(|known| compact.contains(known))
            || has_adjacent_pair(compact, BODY_FIRST_WORDS, BODY_SECOND_WORDS)
    };
    let is_text = name == SET_APART || TEXT_ELEMENTS.contains(&name);
    if property {
        Some(BodySign::Property)
    } else if is_text {
        None
    } else if CERTAIN_BODY_NAMES.iter().any(|known| compact.contains(known)) {
        Some(BodySign::Property)
    } else if is_named() {
        Some(BodySign::Named)
    } else if name == "article" {
        Some(BodySign::Article)
    } else {
        (name == "main" || role == "main").then_some(BodySign::Main)
    }
}

fn caption(name: &str, named: &ClassNames) -> bool {
    let compact = named.compact.as_str();
    name == "figcaption"
        || CAPTION_NAMES.iter().any(|known| compact.contains(known))
        || has_adjacent_pair(compact, CAPTION_FIRST_WORDS, CAPTION_SECOND_WORDS)
}

/// True if a name of the first list is directly followed by one of the second.
fn has_adjacent_pair(compact: &str, first: &[&str], second: &[&str]) -> bool {
    let ends = first.iter().flat_map(|first| compact.match_indices(first));
    let mut rests = ends.map(|(at, first)| &compact[at + first.len()..]);
    rests.any(|rest| second.iter().any(|second| rest.starts_with(second)))
}

#[cfg(test)]
mod tests {
    use super::super::tags::{HtmlTag, HtmlTagKind, tags};
    use super::*;

    fn signs_of(tag: &str) -> ElementSigns {
        let Some(HtmlTag { kind: HtmlTagKind::Open { name, attributes, .. }, .. }) =
            tags(tag).next()
        else {
            panic!("{tag}")
        };
        of_element(&name, &attributes)
    }

    #[test]
    fn classes_and_ids_say_what_surrounds_an_article() {
        for tag in [
            "<div class='comments-list'>",
            "<div id=newsComments>",
            "<div class=sub-contents>",
            "<ul class=relatedArticles>",
            "<section class='article_ranking rank_box'>",
            "<div class='reporter-info'>",
            "<div class='view__sns sns'>",
            "<div id=reply>",
            "<div class=share-buttons>",
            "<aside>",
            "<div role=complementary>",
            "<p aria-hidden=true>",
        ] {
            assert_eq!(signs_of(tag).aside, Some(AsideSign::Around), "{tag}");
        }
        for tag in [
            "<div class='post-12 post type-post hentry tag tag-lang'>",
            "<div class=frank>",
            "<h3 class=sub_title>",
            "<div class=news-sub-tit>",
            "<div class='article_sub_title'>",
            "<div class=commentary>",
            "<div class='unrelated correlated'>",
            "<div class=adapt>",
            "<p class=substance>",
            "<body class='comments-open sidebar'>",
        ] {
            assert_eq!(signs_of(tag).aside, None, "{tag}");
        }
        assert_eq!(signs_of("<footer>").aside, Some(AsideSign::Frame));
        assert_eq!(signs_of("<p style='display:none'>").aside, Some(AsideSign::Hidden));
    }

    #[test]
    fn an_article_body_is_known_by_its_property_or_its_name() {
        for (tag, body) in [
            ("<div itemprop=articleBody>", Some(BodySign::Property)),
            ("<div id=articleBodyContents>", Some(BodySign::Property)),
            ("<p class=article-body__text>", None),
            ("<div id=newsct_article>", Some(BodySign::Property)),
            ("<div class=story-news__text>", Some(BodySign::Named)),
            ("<div class='view_cont'>", Some(BodySign::Named)),
            ("<div class='entry content'>", Some(BodySign::Named)),
            ("<article class=story>", Some(BodySign::Article)),
            ("<div role=main>", Some(BodySign::Main)),
            ("<div id=content>", None),
        ] {
            assert_eq!(signs_of(tag).body, body, "{tag}");
        }
        assert!(BodySign::Property > BodySign::Named && BodySign::Article > BodySign::Main);
    }

    #[test]
    fn two_terms_of_an_imprint_are_required() {
        assert!(is_imprint("제호 : 해민일보 | 등록번호 : 해민 가00012 | 발행인 : 노민아"));
        assert!(is_imprint("Copyright ⓒ Haemin Daily. All rights reserved."));
        assert!(!is_imprint("법원은 기사 무단 전재를 금지했다."));
        assert!(!is_imprint("시는 사업자등록이 없는 가게를 조사했다."));
    }
}
