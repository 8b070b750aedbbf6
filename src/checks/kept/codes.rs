//! Codes: abbreviations in capitals and names with figures, such as UN, F-35 and COVID-19.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::comparison::Comparison;
use crate::document::Span;
use crate::language::Language;

/// An abbreviation with parts of its other names: Korean ones, and English ones in lower case.
/// Where a text has such a part, the abbreviation is not lost.
struct Entry {
    code: &'static str,
    korean: &'static [&'static str],
    english: &'static [&'static str],
    /// True if its loss alone is a finding; other abbreviations may be paraphrased.
    is_organization: bool,
}

const fn organization(
    code: &'static str,
    korean: &'static [&'static str],
    english: &'static [&'static str],
) -> Entry {
    Entry { code, korean, english, is_organization: true }
}

const fn word(
    code: &'static str,
    korean: &'static [&'static str],
    english: &'static [&'static str],
) -> Entry {
    Entry { code, korean, english, is_organization: false }
}

#[rustfmt::skip]
const TABLE: &[Entry] = &[
    organization("NATO", &["나토", "북대서양"], &["north atlantic", "alliance"]),
    organization("EU", &["유럽연합", "유럽 연합", "유럽"], &["european", "europe", "bloc"]),
    organization("UN", &["유엔", "국제연합", "국제 연합"], &["united nations", "u.n", "security council"]),
    organization("WHO", &["보건기구", "보건 기구"], &["world health", "health agency"]),
    organization("IMF", &["통화기금", "통화 기금"], &["monetary fund"]),
    organization("WTO", &["무역기구", "무역 기구"], &["world trade"]),
    organization("OPEC", &["오펙", "석유수출국", "석유 수출국"], &["petroleum exporting"]),
    organization("ASEAN", &["아세안", "동남아"], &["southeast asia"]),
    organization("IAEA", &["원자력기구", "원자력 기구"], &["atomic energy"]),
    organization("OECD", &["경제협력개발", "경제 협력 개발"], &["economic co"]),
    organization("UNESCO", &["유네스코"], &["united nations", "cultural organi"]),
    organization("UNICEF", &["유니세프", "아동기금"], &["children's fund"]),
    organization("NASA", &["나사", "항공우주국", "항공 우주국"], &["aeronautics", "space agency"]),
    organization("FIFA", &["피파", "축구연맹", "축구 연맹"], &["football federation"]),
    organization("UEFA", &["유에파", "축구연맹", "축구 연맹"], &["european football"]),
    organization("IOC", &["올림픽위원회", "올림픽 위원회"], &["olympic committee"]),
    organization("FBI", &["연방수사국", "연방 수사국", "수사국"], &["federal bureau", "bureau"]),
    organization("CIA", &["중앙정보국", "중앙 정보국", "정보국"], &["central intelligence"]),
    organization("FDA", &["식품의약", "식품 의약", "식약"], &["food and drug"]),
    organization("CDC", &["질병통제", "질병 통제", "질병관리", "질병 관리"], &["centers for disease", "disease control"]),
    organization("ICC", &["형사재판소", "형사 재판소"], &["criminal court"]),
    organization("BBC", &["비비시", "영국방송", "영국 방송"], &["british broadcasting"]),
    organization("CNN", &["시엔엔"], &["cable news"]),
    organization("NHS", &["보건서비스", "보건 서비스", "국민보건", "국가보건", "의료"], &["health service"]),
    word("US", &["미국", "미", "美", "합중국"], &["u.s", "united states", "america", "washington"]),
    word("USA", &["미국", "미", "美"], &["u.s", "united states", "america"]),
    word("UK", &["영국", "영", "英"], &["u.k", "united kingdom", "britain", "british"]),
    word("UAE", &["아랍에미리트", "아랍 에미리트"], &["emirates"]),
    word("COVID", &["코로나"], &["corona"]),
    word("HIV", &["에이즈", "면역결핍", "면역 결핍"], &["immunodeficiency", "aids"]),
    word("AIDS", &["에이즈", "면역결핍", "면역 결핍"], &["hiv", "immun"]),
    word("GDP", &["국내총생산", "총생산"], &["gross domestic"]),
    word("CEO", &["최고경영자", "최고 경영자", "대표", "경영", "회장", "사장"], &["chief executive", "head", "boss"]),
    word("AI", &["인공지능", "인공 지능"], &["artificial"]),
    word("TV", &["텔레비전", "티브이", "티비", "방송"], &["television", "televis", "broadcast"]),
    word("DNA", &["디엔에이", "유전자"], &["genetic"]),
    word("ICBM", &["대륙간", "대륙 간"], &["intercontinental"]),
    word("ISIS", &["이슬람국가", "이슬람 국가", "IS"], &["islamic state"]),
];

/// Abbreviations that Korean writes for English words.
#[rustfmt::skip]
const CUSTOMARY: &[&str] = &[
    "AD", "AI", "AM", "BC", "CCTV", "CEO", "CFO", "CG", "DB", "DJ", "DM", "ET", "FA", "FC", "GK", "GPS", "ID", "IT", "MC",
    "MOU", "MVP", "OK", "OTT", "PC", "PD", "PM", "QR", "SF", "SNS", "TF", "TV", "USB", "VIP", "VR", "vs",
];

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
}

impl Code {
    fn entry(&self) -> Option<&'static Entry> {
        let letters = self.key.trim_end_matches(|c: char| c.is_ascii_digit());
        TABLE.iter().find(|entry| entry.code == self.key || entry.code == letters)
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
        if is_known || is_gone || in_place.is_some() {
            found.push(Change { source: Some(code.span.clone()), output: in_place });
        }
    }
    // English abbreviates what Korean spells out; Korean abbreviates little.
    let is_invented = |code: &&Code| {
        code.entry().is_some_and(|entry| entry.is_organization)
            || pair.to == Language::Korean
                && !code.has_figures()
                && !CUSTOMARY.contains(&code.key.as_str())
                && !code.key.chars().all(|c| "IVX".contains(c))
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
            is_code.then(|| Code { span: found.range(), key })
        })
        .filter(|code| seen.insert(code.key.clone()))
        .take(MAX_CODES)
        .collect()
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
            || self.initials.contains(&code.key.to_lowercase())
            || self.language == Language::Korean && self.plain.contains(&spelled(&code.key))
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
            ("OK, Mr. A said at 5 PM.", "A씨는 오후 5시에 좋다고 말했다."),
            ("The 4K TV by LG", "LG의 4K 텔레비전"),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }
}
