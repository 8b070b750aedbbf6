//! Currencies: an amount in another currency, and a currency that the source does not mention.

use std::collections::BTreeSet;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::numerals::Unit;
use super::units::changed;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::is_hangul;

const CHANGED: FindingKind =
    FindingKind::major("currency_changed").up_to_sentences(8).in_passages();

pub(super) const CHECK: Check = Check {
    name: "currency",
    describe: "amounts in another currency",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            CHANGED,
            "The bridge cost $12 million.",
            "다리 건설에 1천200만 유로가 들었다.",
        ),
        Example::found(CHANGED, "표값은 5천원이다.", "A ticket costs 5,000 yen."),
        Example::fine("The bridge cost $12 million.", "다리 건설에 1천200만 달러가 들었다."),
        Example::fine("The port earned £3m.", "항구는 300만 파운드를 벌었다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let changed =
        changed(&CHECK, CHANGED, comparison, |own, other| own.is_currency() || other.is_currency());
    if changed.is_empty() { replaced(comparison) } else { changed }
}

/// Currencies of the output that the source does not mention while it mentions another, which the
/// output lacks: "billions of dollars" and 수십억 엔.
fn replaced(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (original, result) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let (source, output) = (currencies(comparison.source.text), currencies(comparison.output.text));
    let units = |of: &[Mention]| of.iter().map(|mention| mention.unit).collect::<BTreeSet<_>>();
    let (named, written) = (units(&source), units(&output));
    let Some(lost) = source.iter().find(|mention| !written.contains(&mention.unit)) else {
        return Vec::new();
    };
    let mut seen = named;
    let mut findings = Vec::new();
    for mention in output.iter().filter(|mention| mention.is_amount) {
        if !seen.insert(mention.unit) {
            continue;
        }
        let words = &comparison.output.text[mention.span.clone()];
        let english =
            format!("the currency '{words}' appears in the {result} but not in the {original}");
        let korean = format!("{original_ko}에 없는 통화: '{words}'");
        findings.push(
            CHECK
                .finding(CHANGED, english, korean)
                .in_source(lost.span.clone())
                .in_output(mention.span.clone())
                .expected(&comparison.source.text[lost.span.clone()])
                .found(words),
        );
    }
    findings
}

/// A currency in a text.
struct Mention {
    unit: Unit,
    span: Span,
    /// True if it certainly belongs to an amount.
    is_amount: bool,
}

fn currencies(text: &str) -> Vec<Mention> {
    #[rustfmt::skip]
    const SYMBOLS: &[(&str, Unit)] =
        &[("$", Unit::Dollar), ("€", Unit::Euro), ("£", Unit::Pound), ("¥", Unit::Yen), ("₩", Unit::Won)];
    #[rustfmt::skip]
    const KOREAN: &[(&str, Unit)] = &[
        ("달러", Unit::Dollar), ("유로", Unit::Euro), ("파운드", Unit::Pound), ("엔", Unit::Yen), ("원", Unit::Won),
        ("위안", Unit::Yuan), ("루피", Unit::Rupee), ("루블", Unit::Ruble), ("프랑", Unit::Franc), ("페소", Unit::Peso),
    ];
    const ENGLISH: &[(&str, Unit)] = &[
        ("dollar", Unit::Dollar),
        ("euro", Unit::Euro),
        ("pound", Unit::Pound),
        ("yen", Unit::Yen),
        ("won", Unit::Won),
        ("yuan", Unit::Yuan),
        ("rupee", Unit::Rupee),
        ("ruble", Unit::Ruble),
        ("franc", Unit::Franc),
        ("peso", Unit::Peso),
    ];
    let mut found = Vec::new();
    for (name, unit) in SYMBOLS.iter().chain(KOREAN) {
        for (start, name) in text.match_indices(name) {
            let before = text[..start].trim_end().chars().next_back();
            let digit = |c: char| c.is_ascii_digit();
            let is_symbol = !name.starts_with(is_hangul);
            let counted = before.is_some_and(|c| digit(c) || "십백천만억조".contains(c));
            let is_amount =
                if is_symbol { text[start + name.len()..].starts_with(digit) } else { counted };
            // 원 and 엔 are in many words.
            if is_amount || name.chars().count() > 1 || is_symbol {
                found.push(Mention { unit: *unit, span: start..start + name.len(), is_amount });
            }
        }
    }
    let lower = text.to_ascii_lowercase();
    for (name, unit) in ENGLISH {
        for (start, name) in lower.match_indices(name) {
            let end = start + name.len();
            let plural = usize::from(lower[end..].starts_with('s'));
            let letter = |c: char| c.is_ascii_alphabetic();
            if !lower[..start].ends_with(letter) && !lower[end + plural..].starts_with(letter) {
                // "won" is mostly a verb, and "pound" a weight.
                let is_amount =
                    plural > 0 && *unit != Unit::Pound || matches!(unit, Unit::Yen | Unit::Yuan);
                found.push(Mention { unit: *unit, span: start..end + plural, is_amount });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    #[test]
    fn an_amount_in_another_currency_is_found() {
        for (source, output) in [
            ("The ferry cost £2.8bn.", "여객선은 28억 달러였다."),
            ("Tickets cost 350,000 yen.", "표는 35만원이다."),
            ("수출액은 5억 유로였다.", "Exports reached $500 million."),
            ("2천만 위안을 냈다.", "He paid 20 million won."),
            ("They hid billions of US dollars.", "그들은 수십억 엔을 숨겼다."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)).len(), 1, "{source} {output}");
        }
        let article = "The port earned 30 million euros last year.";
        assert_eq!(run(&CHECK, &summary(article, "The port earned $30 million.")).len(), 1);
    }

    #[test]
    fn a_currency_in_other_words_is_right() {
        for (source, output) in [
            ("The ferry cost US$3 billion.", "여객선은 30억 미국 달러였다."),
            ("Tickets cost five dollars.", "표는 5달러다."),
            ("They won the Europa cup for 5 euros.", "그들은 5유로를 내고 유로파컵에서 이겼다."),
            ("회원 5명이 위안을 얻었다.", "Five members found comfort."),
            ("100엔과 1천원", "100 yen and 1,000 won"),
            ("$1.5m ($2.1m Australian)", "150만 달러(호주 달러로 210만 달러)"),
            ("The pig weighed 650 pounds.", "돼지는 무게가 295㎏이었다."),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source} {output}");
        }
    }
}
