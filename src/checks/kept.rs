//! Kept words: addresses, hashtags, account names, placeholders of programs, and codes such as NATO
//! or F-35, which a translation keeps or writes in a customary way, and which no output may invent.
//!
//! Knows abbreviations that the other language usually spells out. English keeps the others of a
//! Korean text; Korean may spell out any, and one is missed only where another stands in its place.

mod abbreviations;
mod codes;
mod placeholders;

use std::collections::HashSet;

use self::placeholders::Fault;
use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, with_offsets};
use crate::finding::{Finding, Place};
use crate::language::Language;

const INVENTED: FindingKind = FindingKind::major("link_invented");
const LOST: FindingKind = FindingKind::major("link_lost");
const TAG: FindingKind = FindingKind::major("tag_lost");
const PLACEHOLDER: FindingKind = FindingKind::major("placeholder_changed");
const CODE: FindingKind = FindingKind::major("code_lost").up_to_sentences(3);
const NEW_CODE: FindingKind = FindingKind::major("code_invented");

pub(super) const CHECK: Check = Check {
    name: "kept",
    describe: "lost or invented addresses, lost hashtags, account names, placeholders and codes",
    kinds: &[INVENTED, LOST, TAG, PLACEHOLDER, CODE, NEW_CODE],
    scope: Scope::Article,
    examples: &[
        Example::found(
            LOST,
            "See www.example.com/port for the timetable.",
            "시간표는 누리집에서 볼 수 있다.",
        ),
        Example::found(TAG, "해민항에 #봄바다 글이 늘었다.", "Posts about the port grew."),
        Example::found(PLACEHOLDER, "Cannot open %s.", "열 수 없다."),
        Example::found(CODE, "NATO met in Haemin.", "유럽연합이 해민에서 만났다."),
        Example::found(CODE, "An F-35 flew over Haemin.", "F-16이 해민 상공을 날았다."),
        Example::found(INVENTED, "It rained.", "비가 왔다. www.example.com").summary(),
        Example::fine("%1$s has %2$d ships.", "배 %2$d척이 %1$s에 있다."),
        Example::fine("See www.example.com.", "자세한 내용은 www.example.com에 있다."),
        Example::fine("NATO and the U.S. met.", "북대서양조약기구(나토)와 미국이 만났다."),
    ],
    run,
};

/// Upper bound on the findings of a kind: each word is searched for in the whole other text.
const MAX_FINDINGS: usize = 100;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let mut findings = invented(pair);
    if pair.kind == OutputKind::Translation && pair.from != pair.to {
        findings.extend(lost(pair));
        let faults = placeholders::faults(pair.source, pair.output, MAX_FINDINGS);
        findings.extend(faults.into_iter().map(|fault| placeholder(pair, fault)));
        let changes = codes::changes(comparison).into_iter().take(MAX_FINDINGS);
        findings.extend(changes.map(|change| code_changed(pair, change)));
    }
    findings
}

/// Addresses of the output that the source does not have.
fn invented(pair: &Pair<'_>) -> Vec<Finding> {
    let (original, result) = pair.kind.words();
    let (original_ko, _) = pair.kind.korean_words();
    let source = pair.source.to_lowercase();
    let mut seen = HashSet::new();
    // "www.example.com" may be the start of a link in the source.
    let new = links(pair.output)
        .filter(|(_, link)| seen.insert(*link))
        .take(MAX_FINDINGS)
        .filter(|(_, link)| !source.contains(bare(link).to_lowercase().as_str()));
    new.map(|(start, link)| {
        let shown = excerpt(link);
        let message =
            format!("the link '{shown}' appears in the {result} but not in the {original}");
        let korean = format!("{original_ko}에 없는 링크: '{shown}'");
        let place = Place::from(start..start + link.len());
        CHECK.finding(INVENTED, message, korean).in_output(place).value("link", link)
    })
    .collect()
}

/// Addresses, hashtags and account names of the source that a translation does not have.
fn lost(pair: &Pair<'_>) -> Vec<Finding> {
    let output = pair.output.to_lowercase();
    let finding = |kind, what: &str, what_ko: &str, start: usize, word: &str| {
        let shown = excerpt(word);
        let message = format!("the {what} '{shown}' is missing from the translation");
        let korean = format!("번역문에 빠진 {what_ko}: '{shown}'");
        CHECK.finding(kind, message, korean).in_source(start..start + word.len()).expected(word)
    };
    let links: Vec<(usize, &str)> = links(pair.source).take(MAX_FINDINGS).collect();
    let mut findings: Vec<Finding> = links
        .iter()
        .filter(|(_, link)| !output.contains(bare(link).to_lowercase().as_str()))
        .map(|(start, link)| finding(LOST, "link", "링크", *start, link))
        .collect();
    // A hashtag in the language of the source may be translated, but it remains one.
    let is_written_in = |tag: &str, language| (language == Language::Korean) != tag.is_ascii();
    let mut room = tags(pair.output)
        .take(MAX_FINDINGS)
        .filter(|(_, tag)| is_written_in(tag, pair.to) && !pair.source.contains(*tag))
        .count();
    for (start, tag) in tags(pair.source).take(MAX_FINDINGS) {
        let in_link = links.iter().any(|(at, link)| (*at..at + link.len()).contains(&start));
        if in_link || output.contains(tag[1..].to_lowercase().as_str()) {
            continue;
        }
        if tag.starts_with('#') && is_written_in(tag, pair.from) && room > 0 {
            room -= 1;
            continue;
        }
        let (what, what_ko) = if tag.starts_with('#') {
            ("hashtag", "해시태그")
        } else {
            ("account name", "계정")
        };
        findings.push(finding(TAG, what, what_ko, start, tag));
    }
    findings
}

fn placeholder(pair: &Pair<'_>, fault: Fault) -> Finding {
    let finding = |message: String, korean: String| CHECK.finding(PLACEHOLDER, message, korean);
    match fault {
        Fault::Lost(span) => {
            let word = &pair.source[span.clone()];
            let message = format!("the placeholder '{word}' is missing from the translation");
            finding(message, format!("번역문에 빠진 자리 표시자: '{word}'"))
                .in_source(span)
                .expected(word)
        }
        Fault::Invented(span) => {
            let word = &pair.output[span.clone()];
            let message = format!(
                "the placeholder '{word}' appears in the translation but not in the original"
            );
            finding(message, format!("원문에 없는 자리 표시자: '{word}'"))
                .in_output(span)
                .found(word)
        }
        Fault::Moved(span) => {
            let word = &pair.output[span.clone()];
            let message =
                format!("the placeholder '{word}' of the translation is at the place of another");
            let korean = format!("다른 자리 표시자의 순서에 놓인 '{word}'");
            finding(message, korean).in_output(span).found(word)
        }
    }
}

fn code_changed(pair: &Pair<'_>, change: codes::Change) -> Finding {
    let word = change.source.clone().map(|span| &pair.source[span]);
    let found = change.output.clone().map(|span| &pair.output[span]);
    let (kind, message, korean) = match (word, found) {
        (Some(word), Some(found)) => (
            CODE,
            format!("the translation has '{found}' where the original has '{word}'"),
            format!("원문의 '{word}' 대신 번역문에 '{found}'"),
        ),
        (Some(word), None) => (
            CODE,
            format!("'{word}' is missing from the translation"),
            format!("번역문에 빠진 약어: '{word}'"),
        ),
        (None, found) => {
            let found = found.unwrap_or_default();
            (
                NEW_CODE,
                format!("'{found}' appears in the translation but not in the original"),
                format!("원문에 없는 약어: '{found}'"),
            )
        }
    };
    let mut finding = CHECK.finding(kind, message, korean);
    if let (Some(span), Some(word)) = (change.source, word) {
        finding = finding.in_source(span).expected(word);
    }
    match (change.output, found) {
        (Some(span), Some(found)) => finding.in_output(span).found(found),
        _ => finding,
    }
}

/// Web and mail addresses with their byte offsets, without the punctuation around them.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split_inclusive(is_border).collect();
    with_offsets(parts).filter_map(|(at, word)| {
        let word = word.trim_end_matches(is_border);
        // Korean particles follow without a space: "www.example.com에".
        let word = &word[..word.find(|c: char| !c.is_ascii()).unwrap_or(word.len())];
        let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
        let link =
            ["http://", "https://", "www.", "ftp://"].iter().any(|start| word.starts_with(start));
        let mail =
            word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        (link || mail).then_some((at, word))
    })
}

fn is_border(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '“' | '”' | '‘' | '[' | ']')
}

/// An address without its scheme and the slash at its end.
fn bare(link: &str) -> &str {
    let link = link.split_once("://").map_or(link, |(_, link)| link);
    link.trim_end_matches('/')
}

/// Hashtags and account names: "#봄", "@haemin".
fn tags(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(['#', '@']).filter_map(|(at, mark)| {
        let before = text[..at].chars().next_back();
        let name = &text[at + 1..];
        let is_part = |c: char| {
            c == '_' || if mark == "@" { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() }
        };
        let length = name.find(|c| !is_part(c)).unwrap_or(name.len());
        let name = &name[..length];
        let is_tag = name.chars().any(char::is_alphabetic)
            && name.chars().count() > 1
            && !before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '&' | '.'));
        is_tag.then(|| (at, &text[at..at + 1 + length]))
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn lost_addresses_tags_and_names_are_found() {
        for (source, output, message) in [
            (
                "Write to port@haemin.example today.",
                "오늘 편지를 쓰라.",
                "the link 'port@haemin.example' is missing from the translation",
            ),
            (
                "시간표는 https://haemin.example/a 에 있다.",
                "The timetable is at https://haemin.example/b.",
                "the link 'https://haemin.example/a' is missing from the translation",
            ),
            (
                "Posts with #SaveThePort grew.",
                "게시물이 늘었다.",
                "the hashtag '#SaveThePort' is missing from the translation",
            ),
            (
                "The mayor wrote as @haemin_mayor.",
                "시장이 글을 썼다.",
                "the account name '@haemin_mayor' is missing from the translation",
            ),
        ] {
            assert!(
                messages(run(&CHECK, &translation(source, output))).contains(&message.to_string()),
                "{output}"
            );
        }
    }

    #[test]
    fn what_is_kept_or_customary_is_left_alone() {
        for (source, output) in [
            ("See http://haemin.example/.", "haemin.example에서 볼 수 있다."),
            ("Posts with #MeToo grew.", "#미투 게시물이 늘었다."),
            ("Posts with #MeToo grew.", "'MeToo' 게시물이 늘었다."),
            ("It is #1 and 5 @ 3.", "그것은 1위다. 5와 3."),
            ("Write to Port@haemin.example.", "port@haemin.example로 쓰라."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }

    #[test]
    fn invented_links_are_found_and_those_of_the_source_are_not() {
        assert_eq!(
            messages(run(&CHECK, &summary("x", "Visit https://evil.example/a now."))),
            ["the link 'https://evil.example/a' appears in the summary but not in the article"]
        );
        assert!(run(&CHECK, &summary("x", "Write to a@b.example.")).len() == 1);
        let source = "See www.example.com/a for more.";
        assert!(run(&CHECK, &summary(source, "See www.example.com.")).is_empty());
    }
}
