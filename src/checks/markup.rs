//! Markup: tokens of chat templates, entities, tags and Markdown that the source does not have.
//!
//! They are signs of a wrong chat template, or of a model that writes for a web page. Knows marks;
//! knows nothing of words.

use std::sync::LazyLock;

use regex::Regex;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;

const TOKEN: FindingKind = FindingKind::critical("special_token");
const ENTITY: FindingKind = FindingKind::minor("entity");
const ADDED: FindingKind = FindingKind::minor("markup_added");

pub(super) const CHECK: Check = Check {
    name: "markup",
    describe: "special tokens, entities, tags and Markdown that the source does not have",
    kinds: &[TOKEN, ENTITY, ADDED],
    scope: Scope::Article,
    examples: &[
        Example::found(TOKEN, "They met on Monday.", "그들은 월요일에 만났다.<|im_end|>"),
        Example::found(ENTITY, "\"네\"라고 했다.", "He said &#34;yes&#34;."),
        Example::found(ADDED, "They met on Monday.", "그들은 **월요일**에 만났다."),
        Example::fine("Use <s> for a line.", "<s>를 쓴다."),
    ],
    run,
};

/// Parts of chat templates and of malmoi's own prompts.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "<|", "|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "<pad>", "<unk>",
    "<think>", "</think>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[|", "|]", "### Instruction",
    "### Response", "<article>", "</article>", "<summaries>", "</summaries>", "<context>", "</context>",
    "<tool_call>", "<0x", "Ġ", "▁", "{{", "}}", "{%",
];

/// Entities of HTML, by name or by number.
static ENTITY_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = "amp|lt|gt|quot|apos|nbsp|hellip|[mn]dash|[lr][sd]quo|middot|copy|reg|bull|euro|pound|yen|deg|times";
    Regex::new(&format!("&(?:{names}|#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}});")).ok()
});

/// Marks of a page: fences, bold letters, headings, links, tags.
#[rustfmt::skip]
const MARKS: &[&str] = &[
    r"```|~~~",
    r"\*\*[^\s*][^*\n]{0,200}\*\*|__[^\s_][^_\n]{0,200}__",
    r"(?m)^#{1,6} +\S",
    r"!?\[[^\]\n]{1,200}\]\((?:https?:|www\.|/|#)[^)\s]{0,200}\)",
    r"</?(?:p|br|b|i|u|em|strong|a|div|span|h[1-6]|ul|ol|li|table|tr|td|th|code|pre|sup|sub|blockquote|img|html|body)(?:\s[^<>\n]{0,200})?/?>",
];

static MARK_PATTERNS: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| MARKS.iter().map(|pattern| Regex::new(pattern).ok()).collect());

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (_, result) = pair.kind.words();
    let (_, result_ko) = pair.kind.korean_words();
    let finding = |kind, span: Span| {
        let mark = excerpt(&pair.output[span.clone()]);
        let message = format!("the {result} contains markup: '{mark}'");
        let korean = format!("{result_ko}에 마크업이 남음: '{mark}'");
        CHECK.finding(kind, message, korean).in_output(span).value("token", mark)
    };
    let token = |token: &&str| {
        let at = pair.output.find(token).filter(|_| !pair.source.contains(token))?;
        Some(finding(TOKEN, at..at + token.len()))
    };
    let mut findings: Vec<Finding> = TOKENS.iter().filter_map(token).collect();
    let new = |pattern: &Option<Regex>| {
        let pattern = pattern.as_ref()?;
        let found = pattern.find(pair.output)?;
        (!pattern.is_match(pair.source)).then(|| found.range())
    };
    findings.extend(new(&ENTITY_PATTERN).map(|span| finding(ENTITY, span)));
    findings.extend(MARK_PATTERNS.iter().filter_map(new).map(|span| finding(ADDED, span)));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn marks_of_the_source_and_ordinary_signs_are_left_alone() {
        for (source, good) in [
            ("Use <s> for a line.", "<s>를 쓴다."),
            ("A **bold** word.", "**굵은** 말."),
            ("5 < 6 & 7 > 3 * 2 ** 2", "5 < 6 & 7 > 3 * 2 ** 2"),
            ("It is #1.", "#1이다. [해민](海民) 삼성&LG;"),
            ("AT&amp;T", "AT&amp;T"),
        ] {
            assert_eq!(run(&CHECK, &translation(source, good)), [], "{good}");
        }
    }

    #[test]
    fn an_entity_is_a_slip_of_form_and_no_token() {
        let found = run(&CHECK, &translation("삼성과 LG가 만났다.", "Samsung &amp; LG met."));
        let severities: Vec<_> = found.iter().map(|one| (&*one.kind, one.severity)).collect();
        assert_eq!(severities, [(ENTITY.name, Severity::Minor)]);
    }

    #[test]
    fn every_kind_of_mark_is_found() {
        assert_eq!(run(&CHECK, &summary("x", "They met.<|im_end|>")).len(), 2);
        for output in [
            "그는 &quot;네&quot;라고 했다.",
            "그는 &#39;네&#x27;라고 했다.",
            "```\n그들은 만났다.\n```",
            "## 제목\n그들은 만났다.",
            "그들은 __해민__에서 만났다.",
            "그들은 [해민](https://haemin.example)에서 만났다.",
            "<p>그들은 만났다.</p>",
            "그들은<br/>만났다.",
        ] {
            assert_eq!(
                run(&CHECK, &translation("They met in Haemin.", output)).len(),
                1,
                "{output}"
            );
        }
    }
}
