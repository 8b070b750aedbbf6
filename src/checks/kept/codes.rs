//! Codes: abbreviations in capitals and names with figures, such as UN, F-35 and COVID-19.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::comparison::Comparison;
use super::super::names::is_common;
use super::abbreviations::{CUSTOMARY, Entry, TABLE};
use crate::document::Span;
use crate::language::Language;

static CODES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:[A-Z]\.){2,}[A-Z]?|[A-Z][A-Z0-9]*(?:[-/][A-Z0-9]*[0-9][A-Z0-9]*)*").ok()
});

/// A code of the source that the output lacks, the one in its place, or one alone that is new.
pub(super) struct Change {
    pub source: Option<Span>,
    pub output: Option<Span>,
}

/// A code as it is compared: without stops and hyphens.
struct Code {
    span: Span,
    key: String,
    /// True beside another word in capitals, as in a headline or a cry.
    is_shouted: bool,
}

impl Code {
    fn entry(&self) -> Option<&'static Entry> {
        let letters = self.key.trim_end_matches(|c: char| c.is_ascii_digit());
        TABLE.iter().find(|entry| entry.code == self.key || entry.code == letters)
    }

    /// True for an abbreviation that the other language has no usual words for.
    fn is_unknown_abbreviation(&self) -> bool {
        const MIN_LETTERS: usize = 3;
        self.key.len() >= MIN_LETTERS
            && self.key.bytes().all(|letter| letter.is_ascii_uppercase())
            && !self.is_shouted
            && !is_common(&self.key.to_lowercase())
            && !self.is_numeral()
            && self.entry().is_none()
            && !CUSTOMARY.contains(&self.key.as_str())
    }

    fn is_numeral(&self) -> bool {
        self.key.bytes().all(|letter| b"IVXLCM".contains(&letter))
    }

    fn has_figures(&self) -> bool {
        self.key.contains(|c: char| c.is_ascii_digit())
    }
}

/// Codes of the source that a translation lost or replaced, and those that it invented.
pub(super) fn changes(comparison: &Comparison<'_>) -> Vec<Change> {
    let pair = comparison.pair;
    let source = codes(pair.source);
    let output = codes(pair.output);
    let other = Other::new(pair.output, pair.to);
    let back = Other::new(pair.source, pair.from);
    // Codes of the output that the source accounts for in no way.
    let mut new: Vec<&Code> = output.iter().filter(|code| !back.has(code)).collect();
    let mut found = Vec::new();
    for code in &source {
        if other.has(code) {
            continue;
        }
        let is_like = |new: &&Code| new.has_figures() == code.has_figures();
        let in_place = new.iter().position(is_like).map(|index| new.remove(index).span.clone());
        let is_known = code.entry().is_some_and(|entry| entry.is_organization);
        let is_gone = code.has_figures() && code.entry().is_none() && !other.has_figures_of(code);
        // Korean may spell out any abbreviation, and abbreviates little itself.
        let is_left_out = pair.from == Language::Korean
            && code.is_unknown_abbreviation()
            && !back.spells_out(code);
        if is_known || is_gone || is_left_out || in_place.is_some() {
            found.push(Change { source: Some(code.span.clone()), output: in_place });
        }
    }
    // English abbreviates what Korean spells out; Korean abbreviates little.
    let is_invented = |code: &&Code| {
        code.entry().is_some_and(|entry| entry.is_organization)
            || pair.to == Language::Korean
                && !code.has_figures()
                && !CUSTOMARY.contains(&code.key.as_str())
                && !code.is_numeral()
    };
    let invented = new.into_iter().filter(is_invented);
    found.extend(invented.map(|code| Change { source: None, output: Some(code.span.clone()) }));
    found
}

/// Upper bound on the codes of a text: each is searched for in the whole other text.
const MAX_CODES: usize = 100;

/// Different codes of a text, each with at least two capitals or a capital and a figure.
fn codes(text: &str) -> Vec<Code> {
    let mut seen = HashSet::new();
    let found = CODES.iter().flat_map(|codes| codes.find_iter(text));
    found
        .filter_map(|found| {
            let before = text[..found.start()].chars().next_back();
            let after = text[found.end()..].chars().next();
            let rest = &text[found.end()..];
            // Plurals: "MPs".
            let is_plural = rest.starts_with('s')
                && !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
            let is_border = |c: Option<char>| {
                !c.is_some_and(|c| {
                    c.is_ascii_alphanumeric()
                        || matches!(c, '@' | '#' | '_' | '/' | '&' | '$' | '€' | '£')
                })
            };
            let key: String = found.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
            let is_code = key.len() > 1
                && key.starts_with(|c: char| c.is_ascii_uppercase())
                && is_border(before)
                && (is_border(after) || is_plural);
            let is_shouted = ends_in_capitals(&text[..found.start()]) || starts_in_capitals(rest);
            is_code.then(|| Code { span: found.range(), key, is_shouted })
        })
        .filter(|code| seen.insert(code.key.clone()))
        .take(MAX_CODES)
        .collect()
}

/// True if the last word of a text is in capitals.
fn ends_in_capitals(text: &str) -> bool {
    let Some(text) = text.strip_suffix(' ') else { return false };
    let start = text.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    is_capitals(text.get(start..).unwrap_or_default())
}

/// True if the first word of a text is in capitals.
fn starts_in_capitals(text: &str) -> bool {
    let Some(text) = text.strip_prefix(' ') else { return false };
    is_capitals(&text[..text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len())])
}

fn is_capitals(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// The other text, in which codes are searched for.
struct Other<'t> {
    language: Language,
    text: &'t str,
    lower: String,
    /// Words in Latin letters and figures, in upper case, without stops and hyphens.
    words: HashSet<String>,
    /// Letters and figures alone, in upper case.
    plain: String,
    /// Initials of the words, in lower case and without small words.
    initials: String,
}

impl<'t> Other<'t> {
    fn new(text: &'t str, language: Language) -> Self {
        let lower = text.to_lowercase();
        let plain = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
        let initials = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !matches!(*word, "" | "of" | "the" | "for" | "and" | "on" | "in"))
            .filter_map(|word| word.chars().next());
        // "U.S." is one word, "JAY-Z" is one and two.
        let joined = text.replace(['-', '.', '/'], "");
        let words = [joined.as_str(), text]
            .into_iter()
            .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()))
            .filter(|word| word.len() > 1)
            .map(str::to_uppercase)
            .collect();
        Self { language, text, words, plain: plain.collect(), initials: initials.collect(), lower }
    }

    /// True if the text has a code, or another name of it.
    fn has(&self, code: &Code) -> bool {
        self.words.contains(&code.key)
            || self.words.contains(&format!("{}S", code.key))
            || code.has_figures() && self.plain.contains(&code.key)
            || code.entry().is_some_and(|entry| self.has_name(entry))
            || self.spells_out(code)
            || self.language == Language::Korean && self.plain.contains(&spelled(&code.key))
    }

    /// True if the text that has the code has its words, too: "Haemin Port Union (HPU)".
    fn spells_out(&self, code: &Code) -> bool {
        self.initials.contains(&code.key.to_lowercase())
    }

    fn has_name(&self, entry: &Entry) -> bool {
        match self.language {
            Language::Korean => entry.korean.iter().any(|name| self.text.contains(name)),
            Language::English => entry.english.iter().any(|name| self.lower.contains(name)),
        }
    }

    fn has_figures_of(&self, code: &Code) -> bool {
        let figures: String = code.key.chars().filter(char::is_ascii_digit).collect();
        self.plain.contains(&figures)
    }
}

/// A code letter by letter in Hangul: "엔에이치에스".
fn spelled(key: &str) -> String {
    #[rustfmt::skip]
    const LETTERS: &[&str] = &[
        "에이", "비", "시", "디", "이", "에프", "지", "에이치", "아이", "제이", "케이", "엘", "엠", "엔", "오", "피", "큐", "아르",
        "에스", "티", "유", "브이", "더블유", "엑스", "와이", "제트",
    ];
    let letter = |c: char| (c as usize).checked_sub('A' as usize).and_then(|at| LETTERS.get(at));
    key.chars().map(|c| letter(c).map_or(c.to_string(), |name| name.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::pairs::{messages, run, translation};
    use super::super::CHECK;

    #[test]
    fn replaced_and_lost_codes_are_found() {
        for (source, output, message) in [
            (
                "NATO met in Haemin.",
                "EU가 해민에서 만났다.",
                "the translation has 'EU' where the original has 'NATO'",
            ),
            (
                "나토가 해민에서 만났다. IMF도 왔다.",
                "NATO met in Haemin. The WTO came.",
                "the translation has 'WTO' where the original has 'IMF'",
            ),
            ("The FBI came.", "경찰이 왔다.", "'FBI' is missing from the translation"),
            (
                "An F-35 flew.",
                "F-16이 날았다.",
                "the translation has 'F-16' where the original has 'F-35'",
            ),
            ("An F-35 flew.", "전투기가 날았다.", "'F-35' is missing from the translation"),
            ("HBS 기자가 다쳤다.", "A reporter was hurt.", "'HBS' is missing from the translation"),
            (
                "The KBL said so.",
                "KBO가 그렇게 말했다.",
                "the translation has 'KBO' where the original has 'KBL'",
            ),
            (
                "G7 정상이 만났다.",
                "The G20 leaders met.",
                "the translation has 'G20' where the original has 'G7'",
            ),
        ] {
            assert_eq!(messages(run(&CHECK, &translation(source, output))), [message], "{output}");
        }
    }

    #[test]
    fn customary_names_are_known() {
        for (source, output) in [
            ("NATO and the U.S. met.", "북대서양조약기구와 미국이 만났다."),
            ("The UN, WHO and IMF met.", "유엔과 세계보건기구, 국제통화기금이 만났다."),
            ("COVID-19 cases rose.", "코로나19 확진자가 늘었다."),
            ("MPs and CEOs met.", "하원 의원과 최고경영자들이 만났다."),
            ("AI가 바둑을 이겼다.", "Artificial intelligence won at go."),
            ("The KBL said so.", "케이비엘이 그렇게 말했다."),
            ("The Haemin Port Union (HPU) agreed.", "해민항 노조가 동의했다."),
            ("IBM AND SONY MEET", "아이비엠과 소니 만나"),
            ("HAEMIN PORT SHUT", "해민항 폐쇄"),
            (
                "The GOP and an NGO met at 9:30 BST.",
                "공화당과 시민단체가 영국 시간 9시 30분에 만났다.",
            ),
            ("WHAT 전시회가 열렸다.", "An exhibition opened."),
            ("해민항노조(HPU)가 동의했다.", "The Haemin Port Union agreed."),
            ("카를 XII와 헨리 VIII", "Charles and Henry"),
            ("OK, Mr. A said at 5 PM.", "A씨는 오후 5시에 좋다고 말했다."),
            ("The 4K TV by LG", "LG의 4K 텔레비전"),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }
}
