//! Markup: special tokens, remarks to the user and invented links in a text for readers.
//!
//! They are signs of a wrong chat template, of a model that chats, or of a model that followed
//! instructions in the article.

use std::collections::HashSet;

use super::check::{Check, Example, FindingKind, Pair, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, with_offsets};
use crate::finding::{Finding, Place};

const TOKEN: FindingKind = FindingKind::critical("special_token");
const CHATTER: FindingKind = FindingKind::critical("chatter");
const LINK: FindingKind = FindingKind::major("link_invented");

pub(super) const CHECK: Check = Check {
    name: "markup",
    describe: "special tokens, remarks of the model, links that the source does not have",
    kinds: &[TOKEN, CHATTER, LINK],
    scope: Scope::Article,
    examples: &[
        Example::found(TOKEN, "They met on Monday.", "그들은 월요일에 만났다.<|im_end|>"),
        Example::found(CHATTER, "They met.", "다음은 번역입니다.\n그들은 만났다."),
        Example::fine("See www.example.com for more.", "자세한 내용은 www.example.com에 있다."),
    ],
    run,
};

/// Upper bound on the findings: each link is searched for in the whole source.
const MAX_FINDINGS: usize = 100;

/// Parts of chat templates and of malmoi's own prompts.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "<|", "|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "<pad>", "<unk>",
    "<think>", "</think>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[|", "|]", "### Instruction",
    "### Response", "<article>", "</article>", "<summaries>", "</summaries>", "<context>", "</context>",
    "<tool_call>", "<0x", "Ġ", "▁", "{{", "}}", "{%", "&#39;", "&quot;", "&amp;", "&lt;", "&nbsp;",
];

/// First words of an answer that addresses the user, in lower case.
#[rustfmt::skip]
const CHATTER_STARTS: &[&str] = &[
    "here is", "here's", "here are", "sure", "certainly", "of course", "the following is", "as an ai",
    "i'm sorry", "i am sorry", "i cannot", "i can't", "okay, ", "summary:", "translation:",
    "the article is about", "다음은", "네, ", "물론", "죄송", "번역:", "요약:", "번역 결과", "요약 결과",
    "아래는", "제공된",
];

/// Words that an answer with such a start must contain as well: news may start with "sure" too.
#[rustfmt::skip]
const CHATTER_WORDS: &[&str] = &[
    "summary", "translation", "translate", "summarize", "as an ai", "요약", "번역", "sorry", "죄송",
    "cannot", "can't",
];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (original, result) = pair.kind.words();
    let (original_ko, result_ko) = pair.kind.korean_words();
    let mut findings = Vec::new();
    for token in TOKENS {
        let Some(at) = pair.output.find(token).filter(|_| !pair.source.contains(token)) else {
            continue;
        };
        let message = format!("the {result} contains markup: '{token}'");
        let korean = format!("{result_ko}에 마크업이 남음: '{token}'");
        let finding = CHECK.finding(TOKEN, message, korean);
        findings.push(finding.in_output(at..at + token.len()).value("token", *token));
    }
    if let Some(line) = chatter(pair) {
        let message = format!("the {result} begins with a remark to the user: '{}'", excerpt(line));
        let start = pair.output.find(line).unwrap_or(0);
        let korean = format!("{result_ko}이 모델의 말로 시작함: '{}'", excerpt(line));
        let finding = CHECK.finding(CHATTER, message, korean);
        findings.push(finding.in_output(start..start + line.len()));
    }
    let mut seen: HashSet<&str> = links(pair.source).map(|(_, link)| link).collect();
    for (start, link) in links(pair.output) {
        // "www.example.com" may be the start of a link in the source.
        if !seen.insert(link) || pair.source.contains(link) {
            continue;
        }
        if findings.len() == MAX_FINDINGS {
            break;
        }
        let message = format!(
            "the link '{}' appears in the {result} but not in the {original}",
            excerpt(link)
        );
        let place = Place::from(start..start + link.len());
        let korean = format!("{original_ko}에 없는 링크: '{}'", excerpt(link));
        findings.push(CHECK.finding(LINK, message, korean).in_output(place).value("link", link));
    }
    findings
}

/// The first line, if the model addresses the user in it and the source does not begin like it.
fn chatter<'t>(pair: &Pair<'t>) -> Option<&'t str> {
    let line = pair.output.trim_start().lines().next()?.trim();
    let lower = line.to_lowercase();
    let is_chatter = CHATTER_STARTS.iter().any(|start| lower.starts_with(start))
        && CHATTER_WORDS.iter().any(|word| lower.contains(word));
    let source = pair.source.trim_start().to_lowercase();
    let first: String = lower.chars().take(8).collect();
    (is_chatter && !source.starts_with(&first)).then_some(line)
}

/// Web and mail addresses with their byte offsets, without the punctuation around them.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split_inclusive(is_border).collect();
    with_offsets(parts).filter_map(|(at, word)| {
        let word = word.trim_end_matches(is_border);
        let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
        // Korean particles follow without a space: "www.example.com에".
        let word = &word[..word.find(|c: char| !c.is_ascii()).unwrap_or(word.len())];
        let link =
            ["http://", "https://", "www.", "ftp://"].iter().any(|start| word.starts_with(start));
        let mail =
            word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        (link || mail).then_some((at, word))
    })
}

fn is_border(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '“' | '”' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn ordinary_texts_and_links_of_the_source_are_left_alone() {
        for (source, good) in [
            ("See www.example.com for more.", "자세한 내용은 www.example.com에 있다."),
            ("Here is the good news.", "좋은 소식이 있다."),
            ("x", "Sure signs of a thaw have come."),
            ("x", "다음은 서울이다."),
            ("Use <s> for a line.", "<s>를 쓴다."),
        ] {
            assert!(
                run(&CHECK, &translation(source, good)).is_empty(),
                "{good}: {:?}",
                run(&CHECK, &translation(source, good))
            );
        }
    }

    #[test]
    fn tokens_remarks_and_new_links_are_found() {
        assert!(run(&CHECK, &summary("x", "They met.<|im_end|>")).len() == 2);
        assert_eq!(
            messages(run(&CHECK, &summary("x", "Here is a summary of the article:\nThey met."))),
            ["the summary begins with a remark to the user: 'Here is a summary of the article:'"]
        );
        assert!(run(&CHECK, &translation("x", "다음은 번역입니다.\n그들은 만났다.")).len() == 1);
        assert_eq!(
            messages(run(&CHECK, &summary("x", "Visit https://evil.example/a now."))),
            ["the link 'https://evil.example/a' appears in the summary but not in the article"]
        );
        assert!(run(&CHECK, &summary("x", "Write to a@b.example.")).len() == 1);
    }
}
