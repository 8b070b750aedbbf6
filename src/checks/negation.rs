//! Negations that were lost or added.
//!
//! Negations of both texts are counted, sentence by sentence where both have as many. Words that
//! deny without one ("refuse", "거부", "without", "무료") may stand for a negation unless the other
//! text has their translation. A doubt is a difference that they do not explain.

use std::sync::LazyLock;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::lexicon::{Lexicon, Word, english_words};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const LOST: FindingKind = FindingKind::major("negation_lost").up_to_sentences(2);
const ADDED: FindingKind = FindingKind::major("negation_added").up_to_sentences(2);

pub(super) const CHECK: Check = Check {
    name: "negation",
    describe: "negations that were lost or added",
    kinds: &[LOST, ADDED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            LOST,
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인했다.",
        ),
        Example::found(
            ADDED,
            "시는 새 항구를 열 수 있다고 밝혔다.",
            "The city said it could not open the new port.",
        ),
        Example::fine(
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인하지 않았다.",
        ),
        Example::fine("The mayor refused to resign.", "시장은 물러나지 않겠다고 했다."),
    ],
    run,
};

static DENIALS: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("lexicon/negatives.txt")));

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    if source.language == output.language {
        return Vec::new();
    }
    let is_summary = comparison.pair.kind == OutputKind::Summary;
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = Negations::of(&source.text[from.clone()], source.language);
        let result = Negations::of(&output.text[to.clone()], output.language);
        if !is_summary && let Some(lost) = original.beyond(&result) {
            let span = from.start + lost.start..from.start + lost.end;
            findings.push(lost_finding(comparison, span, to));
        } else if let Some(added) = result.beyond(&original) {
            let span = to.start + added.start..to.start + added.end;
            findings.push(added_finding(comparison, from, span));
        }
    }
    findings
}

fn lost_finding(comparison: &Comparison<'_>, lost: Span, sentence: Span) -> Finding {
    let pair = comparison.pair;
    let (original, result) = comparison.words();
    let (_, result_ko) = comparison.korean_words();
    let negation = &pair.source[lost.clone()];
    let message = format!("'{negation}' in the {original} is not negated in the {result}");
    let korean = format!("{result_ko}에서 빠진 부정: '{negation}'");
    CHECK.finding(LOST, message, korean).in_source(lost).in_output(sentence).expected(negation)
}

fn added_finding(comparison: &Comparison<'_>, sentence: Span, added: Span) -> Finding {
    let pair = comparison.pair;
    let (original, result) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let negation = &pair.output[added.clone()];
    let message = format!("'{negation}' in the {result} is not negated in the {original}");
    let korean = format!("{original_ko}에 없는 부정: '{negation}'");
    CHECK.finding(ADDED, message, korean).in_source(sentence).in_output(added).found(negation)
}

/// The negations of a text.
struct Negations {
    /// Spans of the negations proper; in Korean with the word before.
    plain: Vec<Span>,
    /// Spans of adjectives that no translation can give without a negation: "unknown".
    adjectives: Vec<Span>,
    /// Weak negations, which the other language may leave out: "not only", "밖에 없다".
    weak: usize,
    /// Words with a negative prefix or suffix: "unhappy", "불편".
    affixes: usize,
    /// By record of the table, the words that deny.
    denials: Vec<usize>,
}

impl Negations {
    fn of(text: &str, language: Language) -> Self {
        let mut denials = vec![0; DENIALS.records()];
        for hit in DENIALS.find(text, language) {
            denials[hit.record] += 1;
        }
        let mut found =
            Self { plain: Vec::new(), adjectives: Vec::new(), weak: 0, affixes: 0, denials };
        match language {
            Language::English => found.read_english(text),
            Language::Korean => found.read_korean(text),
        }
        found
    }

    /// The last negation, if there are more than the other text can stand for.
    fn beyond(&self, other: &Self) -> Option<Span> {
        let denials = self.denials.iter().zip(&other.denials);
        let denials: usize = denials.map(|(own, other)| other.saturating_sub(*own)).sum();
        let reserve = denials
            + other.weak.saturating_sub(self.weak)
            + other.affixes.saturating_sub(self.affixes);
        if self.plain.len() > other.plain.len() + reserve {
            return self.plain.last().cloned();
        }
        let is_silent = other.plain.is_empty()
            && other.weak + other.affixes == 0
            && other.denials.iter().all(|count| *count == 0);
        self.adjectives.last().filter(|_| is_silent).cloned()
    }

    fn read_english(&mut self, text: &str) {
        let words = english_words(text);
        for (at, word) in words.iter().enumerate() {
            match english_negation(&words, at, &text[word.span.end..]) {
                Some(true) => self.plain.push(word.span.clone()),
                Some(false) => self.weak += 1,
                None if is_negative(&word.text) => {
                    self.affixes += 1;
                    if is_negative_adjective(&word.text) {
                        self.adjectives.push(word.span.clone());
                    }
                }
                None => {}
            }
        }
    }

    fn read_korean(&mut self, text: &str) {
        let words = korean_words(text);
        for (at, span) in words.iter().enumerate() {
            let word = &text[span.clone()];
            let before = at.checked_sub(1).map_or("", |at| &text[words[at].clone()]);
            let next = words.get(at + 1).map_or("", |span| &text[span.clone()]);
            let start = at.checked_sub(1).map_or(span.start, |at| words[at].start);
            match korean_negation(before, word, next) {
                Some(true) => self.plain.push(start..span.end),
                Some(false) => self.weak += 1,
                None => self.affixes += usize::from(starts_any(word, KOREAN_NEGATIVE)),
            }
        }
    }
}

/// Whether an English word negates: `Some(true)` if it does, `Some(false)` if the negation is one
/// of form only, as in "not only".
fn english_negation(words: &[Word], at: usize, rest: &str) -> Option<bool> {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let here = word(at);
    let before = at.checked_sub(1).map_or("", word);
    let is_not = here == "not" || here.ends_with("n't");
    let is_negation = is_not
        || matches!(
            here,
            "no" | "never"
                | "none"
                | "nobody"
                | "nothing"
                | "nowhere"
                | "neither"
                | "cannot"
                | "without"
                | "unable"
                | "nor"
        );
    if !is_negation {
        return None;
    }
    let after =
        |word: &str, count: usize| words[at + 1..].iter().take(count).any(|w| w.text == word);
    let earlier = |count: usize| {
        words[..at].iter().rev().take(count).any(|word| {
            matches!(word.text.as_str(), "neither" | "not" | "no" | "never")
                || word.text.ends_with("n't")
        })
    };
    let is_weak = match (here, word(at + 1)) {
        ("not", "only" | "just" | "merely" | "simply" | "least" | "mention") => true,
        ("not", "to") => word(at + 2) == "mention",
        (
            "no",
            "doubt" | "matter" | "more" | "less" | "fewer" | "later" | "sooner" | "wonder"
            | "one's" | "better",
        ) => true,
        ("no", _) => rest.starts_with('.') || matches!(before, "oh" | "or"),
        ("nothing", "but" | "more" | "less" | "short") | ("without", "doubt") => true,
        ("nor", _) => earlier(14),
        ("not", _) if matches!(before, "or" | "if" | "why") => true,
        _ => is_not && after("until", 10),
    };
    Some(!is_weak)
}

/// Words of Hangul.
fn korean_words(text: &str) -> Vec<Span> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_hangul(c), start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                words.push(begin..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Words before "없다" with which it makes one word, often not negative: "틀림없다", "정신없다".
#[rustfmt::skip]
const MERGED: &[&str] = &[
    "틀림", "어김", "끊임", "변함", "다름", "상관", "관계", "수", "끝", "하염", "거침", "더", "아랑곳", "두말", "여지", "정신",
    "터무니", "거리낌", "어이", "스스럼", "서슴", "아낌", "느닷", "가차", "꾸밈", "난데", "뜬금", "덧", "물샐틈", "밤낮", "빈틈",
    "빠짐", "사정", "숨김", "쉴새", "어처구니", "영락", "유감", "전례", "유례", "주저", "지체", "철", "쓸모", "소용", "턱", "하릴",
    "한", "형편", "힘", "허물", "쓸데", "부질", "속절", "맥", "손색", "재미", "둘도", "다시", "거리낄", "거짓", "할", "말할 것도",
];

/// Whether a Korean word negates: `Some(true)` if it does, `Some(false)` if the negation is one of
/// form only, as in "-지 않을 수 없다".
fn korean_negation(before: &str, word: &str, next: &str) -> Option<bool> {
    let is_stem = before.chars().nth(1).is_some()
        && ["지", "지는", "지도", "지를", "지가", "질", "진", "지만은", "치"]
            .iter()
            .any(|end| before.ends_with(end));
    let starts = |list: &[&str]| starts_any(word, list);
    if ["지않", "지못", "지말", "치않"].iter().any(|part| word.contains(part)) {
        return Some(true);
    }
    if starts(&["않"]) {
        let must = starts(&["않을", "않으면"]) && starts_any(next, &["수", "안", "까"]);
        let idiom =
            starts_any(before, &["지나지", "아끼지", "아무렇지", "머지", "멀지", "적지", "다름"])
                || starts(&["않나", "않을까", "않느냐", "않겠"]) && !starts(&["않나라", "않겠다"]);
        return Some(!must && !idiom);
    }
    if is_stem && starts(&["못하", "못했", "못한", "못할", "못해", "못합", "아니"]) {
        return Some(true);
    }
    let is_question =
        ["는지", "은지", "인지", "을지", "할지", "될지"].iter().any(|end| before.ends_with(end));
    if before.ends_with('지')
        && !is_question
        && starts(&[
            "말고",
            "말아",
            "말라",
            "말자",
            "말기",
            "말도",
            "말았",
            "말 ",
            "마라",
            "마세",
            "마십",
            "말아야",
        ])
    {
        return Some(true);
    }
    if let Some(at) = word.find("없") {
        let head = if at == 0 { before } else { &word[..at] };
        let head = head.strip_suffix('도').unwrap_or(head);
        let is_must = head.ends_with("밖에");
        let is_merged = at > 0 && MERGED.contains(&head)
            || at == 0
                && head != "수"
                && head != "더"
                && head != "한"
                && head != "할"
                && MERGED.contains(&head);
        return Some(!is_must && !is_merged && !(head == "뗄" || head == "두말할"));
    }
    const COPULA: &[&str] = &[
        "아니다",
        "아니라",
        "아니고",
        "아니며",
        "아니지",
        "아니었",
        "아니란",
        "아니냐",
        "아니에",
        "아니요",
        "아닙",
        "아닌",
        "아닐",
        "아님",
        "아녔",
        "아냐",
        "아니기",
        "아니므",
        "아니면",
        "아닌데",
        "아니",
    ];
    if starts(COPULA) || COPULA[..18].iter().any(|form| word.contains(form)) {
        let head = if starts(&["아니", "아닌", "아닐", "아닙", "아님", "아녔", "아냐"])
        {
            before
        } else {
            word
        };
        let is_weak = ["뿐", "뿐만", "만", "뿐이", "만이"].iter().any(|end| head.ends_with(end))
            || head.contains("뿐만아")
            || head.contains("뿐아")
            || before == "다름"
            || word == "아니면"
            || word.starts_with("아니나");
        return Some(!is_weak);
    }
    if word == "안" {
        return is_verb_start(next).then_some(true);
    }
    if starts(&["안된", "안되", "안돼", "안될", "안됐", "안했", "안하", "안한", "안할"])
    {
        return Some(!before.ends_with("으면") && !before.ends_with("지않으면"));
    }
    if word == "못" || starts(&["못했", "못한", "못할", "못하", "못해", "못합", "못지"])
    {
        return Some(!starts(&["못지"]));
    }
    None
}

fn starts_any(word: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| word.starts_with(start))
}

/// True if a word after "안" is a verb: "안 된다", not "안 공간".
fn is_verb_start(word: &str) -> bool {
    const STARTS: &[&str] = &[
        "되", "된", "될", "됐", "돼", "됩", "하", "했", "한", "할", "해", "합", "가", "간", "갈",
        "갔", "갑", "오", "온", "올", "왔", "와", "좋", "먹", "보", "본", "볼", "봤", "봐", "들",
        "났", "나", "난", "쓰", "쓴", "썼", "믿", "사", "팔", "주", "준", "줄", "줬", "받", "맞",
        "그", "그러", "있", "타", "풀", "죽", "아프",
    ];
    starts_any(word, STARTS)
}

/// True for English words with a negative prefix or suffix.
fn is_negative(word: &str) -> bool {
    const NOT_NEGATIVE: &[&str] = &[
        "under", "unit", "univ", "union", "uniq", "unif", "until", "unto", "uncle", "unless",
        "unve", "index",
    ];
    #[rustfmt::skip]
    const NEGATIVE: &[&str] = &[
        "inab", "inac", "inad", "inap", "inca", "incom", "incon", "incor", "indef", "indep", "ineff", "inel", "ineq", "inev",
        "inexp", "inexc", "inflex", "inhum", "insens", "insec", "insig", "insuff", "invis", "invol", "imposs", "improp",
        "improb", "immor", "immob", "impart", "imperf", "impen", "impat", "imprac", "illeg", "illog", "illit", "irreg",
        "irresp", "irrel", "irrev", "irrep", "irrec", "irref", "disag", "dislik", "dissat", "disapp", "dishon", "disbel", "disob", "disreg",
        "discont", "disconn", "disab", "disadv", "discour", "disresp", "disarm", "disqual", "disprop", "discred", "mistrust", "misund",
        "mislead", "misinf", "misus",
    ];
    if NOT_NEGATIVE.iter().any(|start| word.starts_with(start)) {
        return false;
    }
    let length = word.len();
    word.starts_with("un") && length > 5
        || word.starts_with("non") && (length == 3 || length > 5) && word != "nonetheless"
        || word.ends_with("less")
            && length > 6
            && !matches!(word, "regardless" | "nonetheless" | "nevertheless" | "wireless")
        || NEGATIVE.iter().any(|start| word.starts_with(start))
}

/// True for adjectives that Korean renders with a negation or with a negative prefix.
fn is_negative_adjective(word: &str) -> bool {
    const CERTAIN: &[&str] = &[
        "unknown",
        "unclear",
        "unrelated",
        "unhurt",
        "unharmed",
        "uninjured",
        "unaware",
        "undisclosed",
        "unidentified",
        "unpaid",
        "unresolved",
        "unfinished",
        "unsuccessful",
        "unlikely",
        "unwilling",
        "invisible",
        "impossible",
        "incapable",
        "incomplete",
        "inadequate",
        "insufficient",
        "ineligible",
        "unauthorized",
        "unnecessary",
        "unaffected",
        "unanswered",
        "unconfirmed",
        "unconstitutional",
        "undamaged",
        "undecided",
        "undetected",
        "uneven",
        "unexplained",
        "unfair",
        "unhappy",
        "unhealthy",
        "uninsured",
        "unlawful",
        "unlicensed",
        "unofficial",
        "unpopular",
        "unprepared",
        "unreliable",
        "unsafe",
        "unstable",
        "untreated",
        "unused",
        "unvaccinated",
        "unsolved",
        "unskilled",
        "unsold",
        "unreasonable",
        "unpredictable",
        "independent",
        "irreversible",
        "irreplaceable",
        "impenetrable",
        "unbreakable",
        "unacceptable",
        "unbearable",
        "unbeatable",
    ];
    CERTAIN.contains(&word) && word != "independent"
}

/// Beginnings of Korean words with a negative prefix.
#[rustfmt::skip]
const KOREAN_NEGATIVE: &[&str] = &[
    "무관", "무능", "무료", "무명", "무사", "무산", "무상", "무시", "무인", "무죄", "무직", "무책임", "무패", "무한", "무효", "무허가", "무단",
    "무소속", "무분별", "무자비", "무제한", "무조건", "무혐의", "무의미", "무력", "무기한", "무례", "무고", "무방비", "무적", "무담보", "무응답",
    "불가", "불공", "불구", "불능", "불량", "불리", "불만", "불명", "불모", "불미", "불법", "불분명", "불신", "불안", "불완전", "불우", "불응", "불의",
    "불이행", "불참", "불충분", "불쾌", "불투명", "불편", "불평", "불필요", "불행", "불허", "불확실", "불합리", "불균형", "불규칙", "불이익", "불임", "불화",
    "비공", "비밀", "비인간", "비정상", "비정부", "비폭력", "비현실", "비효율", "비영리", "비무장", "비회원", "비주류", "비대면", "비좁",
    "미결", "미공개", "미달", "미등록", "미만", "미비", "미상", "미성년", "미숙", "미완", "미지", "미착", "미해결", "미혼", "미확인", "미흡", "미납", "미정",
    "부당", "부도덕", "부자연", "부적", "부정확", "부조리", "부주의", "부재", "부진", "몰상식", "몰지각",
];
