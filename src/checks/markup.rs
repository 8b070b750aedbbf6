//! What does not belong into a text for readers: pieces of a model's wire format, words to the
//! user, links from nowhere.
//!
//! They mean that the template was wrong, that the model chatted, or that the article gave orders
//! and the model obeyed.

use std::collections::HashSet;

use super::{Check, Kind, Pair, excerpt, placed};
use crate::finding::{Finding, Place};

const TOKEN: Kind = Kind::critical("special_token");
const SPOKEN: Kind = Kind::critical("chatter");
const LINK: Kind = Kind::major("link_invented");

pub(super) const CHECK: Check = Check {
    name: "markup",
    describe: "special tokens, chatter of the model, links the source does not have",
    kinds: &[TOKEN, SPOKEN, LINK],
    run,
};

/// More are not looked for: each is sought in the whole source.
const MOST: usize = 100;

/// Pieces of chat templates and of our own fences.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "<|", "|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "<pad>", "<unk>",
    "<think>", "</think>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[|", "|]", "### Instruction",
    "### Response", "<article>", "</article>", "<summaries>", "</summaries>", "<context>", "</context>",
    "<tool_call>", "<0x", "Ġ", "▁", "{{", "}}", "{%", "&#39;", "&quot;", "&amp;", "&lt;", "&nbsp;",
];

/// Beginnings of answers that speak to the user, in small letters.
#[rustfmt::skip]
const CHATTER: &[&str] = &[
    "here is", "here's", "here are", "sure", "certainly", "of course", "the following is", "as an ai",
    "i'm sorry", "i am sorry", "i cannot", "i can't", "okay, ", "summary:", "translation:",
    "the article is about", "다음은", "네, ", "물론", "죄송", "번역:", "요약:", "번역 결과", "요약 결과",
    "아래는", "제공된",
];

/// Of those, the ones that news may begin with: chatter only if a colon ends the first line or a summary is named.
#[rustfmt::skip]
const CHATTER_WORDS: &[&str] = &[
    "summary", "translation", "translate", "summarize", "as an ai", "요약", "번역", "sorry", "죄송",
    "cannot", "can't",
];

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    let (original, result) = pair.task.words();
    let mut doubts = Vec::new();
    for token in TOKENS {
        let Some(at) = pair.output.find(token).filter(|_| !pair.source.contains(token)) else {
            continue;
        };
        let message = format!("\"{token}\" in the {result} is no text but markup");
        doubts.push(
            CHECK.doubt(TOKEN, message).in_output(at..at + token.len()).value("token", *token),
        );
    }
    if let Some(line) = chatter(pair) {
        let message = format!("the {result} begins with words to the user: \"{}\"", excerpt(line));
        let start = pair.output.find(line).unwrap_or(0);
        doubts.push(CHECK.doubt(SPOKEN, message).in_output(start..start + line.len()));
    }
    let mut known: HashSet<&str> = links(pair.source).map(|(_, link)| link).collect();
    for (start, link) in links(pair.output) {
        // "www.example.com" may be the beginning of a link of the source.
        if !known.insert(link) || pair.source.contains(link) {
            continue;
        }
        if doubts.len() == MOST {
            break;
        }
        let message =
            format!("the link \"{}\" is in the {result} but not in the {original}", excerpt(link));
        let place = Place::from(start..start + link.len());
        doubts.push(CHECK.doubt(LINK, message).in_output(place).value("link", link));
    }
    doubts
}

/// The first line, if the model speaks in it.
fn chatter<'t>(pair: &Pair<'t>) -> Option<&'t str> {
    let line = pair.output.trim_start().lines().next()?.trim();
    let lower = line.to_lowercase();
    let spoken = CHATTER.iter().any(|begin| lower.starts_with(begin))
        && CHATTER_WORDS.iter().any(|word| lower.contains(word));
    let source = pair.source.trim_start().to_lowercase();
    let first: String = lower.chars().take(8).collect();
    (spoken && !source.starts_with(&first)).then_some(line)
}

/// Web addresses, mail addresses and Markdown images, without the marks around them.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split_inclusive(is_border).collect();
    placed(parts).filter_map(|(at, word)| {
        let word = word.trim_end_matches(is_border);
        let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
        // Particles are written to the address: "www.example.com에".
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
    use super::super::pairs::{messages, summary, translation};
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
                run(&translation(source, good)).is_empty(),
                "{good}: {:?}",
                run(&translation(source, good))
            );
        }
    }

    #[test]
    fn tokens_chatter_and_new_links_are_doubted() {
        assert!(run(&summary("x", "They met.<|im_end|>")).len() == 2);
        assert_eq!(
            messages(run(&summary("x", "Here is a summary of the article:\nThey met."))),
            ["the summary begins with words to the user: \"Here is a summary of the article:\""]
        );
        assert!(run(&translation("x", "다음은 번역입니다.\n그들은 만났다.")).len() == 1);
        assert_eq!(
            messages(run(&summary("x", "Visit https://evil.example/a now."))),
            ["the link \"https://evil.example/a\" is in the summary but not in the article"]
        );
        assert!(run(&summary("x", "Write to a@b.example.")).len() == 1);
    }
}
