//! Korean negations: -지 않다, -지 못하다, -지 말다, 없다, 아니다, 안 and 못, and negative prefixes.

use super::force::{Force, Negation};
use crate::checks::lexicon::korean_words;
use crate::document::Span;

/// The negations of a text, in order; the span of one has the word before it.
pub(super) fn negations(text: &str) -> Vec<Negation> {
    let words = korean_words(text);
    let mut found = Vec::new();
    for (at, span) in words.iter().enumerate() {
        let word = |at: Option<usize>| {
            at.and_then(|at| words.get(at)).map_or("", |span| &text[span.clone()])
        };
        let start = at.checked_sub(1).map_or(span.start, |at| words[at].start);
        let context = Context {
            earlier: word(at.checked_sub(2)),
            before: word(at.checked_sub(1)),
            word: word(Some(at)),
            next: word(Some(at + 1)),
            is_question: text[span.end..].trim_start_matches('"').starts_with('?'),
        };
        if let Some(mut force) = context.force() {
            if force == Force::Plain && context.is_dependent() {
                force = Force::Dependent;
            } else if force == Force::Plain && starts_any(context.word, SOFT) {
                force = Force::Soft;
            }
            let head = head(&words, at, &context);
            let is_gradable = force == Force::Weak && GRADABLE.contains(&context.before);
            found.push(Negation { span: start..span.end, head, force, is_gradable });
        } else if starts_any(context.word, AFFIXED) {
            let (span, force) = (span.clone(), Force::Affix);
            found.push(Negation { head: span.clone(), span, force, is_gradable: false });
        }
    }
    found
}

/// The span of the negated words: after 안 and 못, else before the negation.
fn head(words: &[Span], at: usize, context: &Context<'_>) -> Span {
    if matches!(context.word, "안" | "못") {
        return words.get(at + 1).unwrap_or(&words[at]).clone();
    }
    // The verb is before these nouns and adverbs: "갈 수 없다", "간 적이 없다".
    const LIGHT: &[&str] = &[
        "수", "것", "게", "적", "바", "일", "리", "줄", "필요", "전혀", "아직", "아무", "더",
        "이상", "정도",
    ];
    let is_light = starts_any(context.before, LIGHT) && context.before.chars().count() <= 3;
    let first = at.saturating_sub(if is_light { 2 } else { 1 });
    words[first].start..words[at].end
}

/// Beginnings of negations that English often gives with another verb: "못했다", failed.
const SOFT: &[&str] = &["못", "안", "말", "마"];

/// Ends of a verb before 않다, 못하다 and 말다.
const STEM_ENDS: &[&str] = &["지", "지는", "지도", "지를", "지가", "질", "진", "지만은", "치"];

/// Negated verbs whose translation is often not negated: "아끼지 않고", lavish.
#[rustfmt::skip]
const IDIOMS: &[&str] = &[
    "지나지", "아끼지", "아무렇지", "머지", "멀지", "식지", "멈추지", "끊이지", "그치지", "만만치", "만만하지", "심상치", "마다하지",
    "마다치", "서슴지", "주저하지", "굴하지", "빼놓지", "변치", "놓치지", "잊지", "다름없지", "쉬지", "게을리하지",
];

/// Gradable adjectives, whose negation English gives with the opposite: "좋지 않다", bad.
#[rustfmt::skip]
const GRADABLE: &[&str] = &[
    "크지", "높지", "많지", "적지", "길지", "쉽지", "좋지", "옳지", "넓지", "깊지", "강하지", "가깝지", "낮지", "작지", "나쁘지",
    "흔치", "흔하지", "편치", "편하지", "분명하지", "확실하지", "충분하지", "충분치", "익숙하지", "밝지", "곱지", "순탄치",
    "달갑지", "녹록지", "녹록치", "탐탁지", "순조롭지", "가볍지", "멀지", "짧지", "어렵지",
];

/// Nouns with which 없다 makes one word, often not negative: "틀림없다", "정신없다".
#[rustfmt::skip]
const MERGED: &[&str] = &[
    "틀림", "어김", "끊임", "변함", "다름", "상관", "관계", "수", "끝", "하염", "거침", "더", "아랑곳", "두말", "여지", "정신",
    "터무니", "거리낌", "어이", "스스럼", "서슴", "아낌", "느닷", "가차", "꾸밈", "난데", "뜬금", "덧", "물샐틈", "밤낮", "빈틈",
    "빠짐", "사정", "숨김", "쉴새", "어처구니", "영락", "유감", "전례", "유례", "주저", "지체", "철", "쓸모", "소용", "턱", "하릴",
    "한", "형편", "힘", "허물", "쓸데", "부질", "속절", "맥", "손색", "재미", "둘도", "거짓", "보잘것", "꼼짝", "어림", "스스럼",
    "의심할", "이루", "나위", "하릴", "염치", "버릇", "볼품", "두서", "거리낄", "허탈", "말", "소리", "막힘", "흠잡을", "손쓸",
];

/// Verbs before "수 없다" with which it is an idiom: "피할 수 없다", inevitable.
#[rustfmt::skip]
const UNAVOIDABLE: &[&str] = &[
    "어쩔", "않을", "피할", "뗄", "빼놓을", "말할", "셀", "헤아릴", "더할", "뗄래야", "떼려야", "잊을", "비할", "무시할",
];

#[rustfmt::skip]
const COPULA: &[&str] = &[
    "아니다", "아니라", "아니고", "아니며", "아니지", "아니었", "아니란", "아니냐", "아니에", "아니요", "아닙", "아닌", "아닐",
    "아님", "아녔", "아니기", "아니므", "아니면", "아니어", "아니게", "아니야", "아니죠", "아니오", "아니겠",
];

/// A word with its neighbors; an empty text where there is none.
struct Context<'t> {
    earlier: &'t str,
    before: &'t str,
    word: &'t str,
    next: &'t str,
    /// True if a question ends with the word.
    is_question: bool,
}

impl Context<'_> {
    fn starts(&self, list: &[&str]) -> bool {
        starts_any(self.word, list)
    }

    /// The force of the word's negation; `None` if it does not negate.
    fn force(&self) -> Option<Force> {
        let force = self
            .verbal()
            .or_else(|| self.existential())
            .or_else(|| self.copula())
            .or_else(|| self.adverb())?;
        Some(if self.is_measure() { Force::Weak } else { force })
    }

    /// True if the negation tells how little there is: "열 명밖에 오지 않았다".
    fn is_measure(&self) -> bool {
        let words = [self.earlier, self.before];
        words.iter().any(|word| word.ends_with("밖에") || *word == "얼마")
            || (self.before.ends_with('도')
                && self.word == "안"
                && self.next.starts_with(['되', '된', '됐', '돼']))
            || (self.before.ends_with('에') && self.word == "못" && self.next.starts_with('미'))
    }

    /// True if the negation is inside a phrase and does not end a clause: "않은", "없이".
    fn is_dependent(&self) -> bool {
        const ENDS: &[&str] = &[
            "않은",
            "않는",
            "않던",
            "않게",
            "않아",
            "않고",
            "않으면",
            "않도록",
            "못한",
            "못하는",
            "못하게",
            "못하고",
            "못하면",
            "없는",
            "없이",
            "없던",
            "없게",
            "없으면",
            "아닌",
            "아니라",
            "없도록",
        ];
        const FUTURE: &[&str] = &["않을", "없을", "아닐", "못할"];
        const CLAUSE: &[&str] = &[
            "것", "거", "예정", "전망", "계획", "방침", "듯", "수", "가능", "있", "상태", "상황",
            "점", "셈", "줄",
        ];
        const ACTIONS: &[&str] = &["하지", "되지", "받지", "시키지", "하지는", "되지는"];
        const ACTIVE: &[&str] = &["않은", "않는", "않던", "못한", "못하는"];
        if ends_any(self.before, ACTIONS) && ends_any(self.word, ACTIVE) {
            return false;
        }
        (ends_any(self.word, ENDS) || ends_any(self.word, FUTURE)) && !starts_any(self.next, CLAUSE)
    }

    /// -지 않다, -지 못하다, -지 말다.
    fn verbal(&self) -> Option<Force> {
        let is_stem = ends_any(self.before, STEM_ENDS) && self.before.chars().nth(1).is_some()
            || matches!(self.before, "지" | "진" | "질");
        if ["지않", "지못", "지말", "치않"].iter().any(|part| self.word.contains(part)) {
            return Some(weak_if(self.starts(&["머지않", "못지않", "마지않", "적지않"])));
        }
        // "의자에 않아" is misspelled: sitting.
        if self.starts(&["않"]) && is_stem {
            let is_must =
                self.starts(&["않을", "않으면"]) && starts_any(self.next, &["수", "안", "까"]);
            let is_rhetorical = self.starts(&["않을까", "않느냐", "않나"]) || self.is_question;
            let is_idiom = starts_any(self.before, IDIOMS) || GRADABLE.contains(&self.before);
            return Some(weak_if(is_must || is_rhetorical || is_idiom));
        }
        if is_stem
            && self.starts(&["못하", "못했", "못한", "못할", "못해", "못합", "아니하", "아니한"])
        {
            const SURPRISES: &[&str] =
                &["예상치", "예상하지", "생각지", "뜻하지", "마지", "금치", "금하지"];
            return Some(weak_if(starts_any(self.before, SURPRISES)));
        }
        const STOP: &[&str] = &[
            "말고", "말아", "말라", "말자", "말기", "말도", "말았", "마라", "마세", "마십", "말길",
            "말것", "마요", "말게", "마시", "말거",
        ];
        const QUESTIONS: &[&str] =
            &["는지", "은지", "인지", "을지", "할지", "될지", "건지", "던지"];
        let is_stem = self.before.ends_with('지') && !ends_any(self.before, QUESTIONS);
        (is_stem && (self.starts(STOP) || self.word == "말" || self.word == "마"))
            .then_some(Force::Plain)
    }

    /// 없다.
    fn existential(&self) -> Option<Force> {
        let at = self.word.find("없")?;
        // 없애다 and 없어지다 are verbs of their own: remove, disappear.
        if starts_any(
            &self.word[at..],
            &["없애", "없앨", "없앤", "없앴", "없앱", "없어지", "없어졌", "없어진", "없어질"],
        ) {
            return None;
        }
        let head = if at == 0 { self.before } else { &self.word[..at] };
        let is_able = head == "수" || (at > 0 && head.ends_with("수"));
        let noun = head.strip_suffix('도').or_else(|| head.strip_suffix('이')).unwrap_or(head);
        // Apart, these nouns are not part of the word: "할 수 없다", "말이 없다".
        let is_apart =
            at == 0 && matches!(noun, "수" | "더" | "한" | "말" | "소리" | "힘" | "철" | "끝");
        let is_merged = !is_apart && (MERGED.contains(&noun) || MERGED.contains(&head));
        let is_idiom = is_able && starts_any(self.earlier, UNAVOIDABLE);
        Some(weak_if(is_merged || is_idiom || head.ends_with("밖에") || self.is_question))
    }

    /// 아니다.
    fn copula(&self) -> Option<Force> {
        let at = COPULA.iter().filter_map(|form| self.word.find(form)).min();
        let at = at.or_else(|| (self.word == "아니").then_some(0))?;
        let head = if at == 0 { self.before } else { &self.word[..at] };
        let is_weak = ends_any(head, &["뿐", "뿐만", "만", "뿐이", "만이"])
            || (head == "다름" && at == 0)
            || ["아니면", "아닐까", "아닐지", "아닌가", "아닌지", "아니겠"]
                .iter()
                .any(|form| self.word[at..].starts_with(form))
            || self.is_question;
        Some(weak_if(is_weak))
    }

    /// 안 and 못 before a verb.
    fn adverb(&self) -> Option<Force> {
        if self.word == "안" {
            let is_must = ends_any(self.before, &["않으면", "없으면", "아니면", "않고는"]);
            return is_verb(self.next).then_some(weak_if(is_must));
        }
        if self.starts(&["안된", "안되", "안돼", "안될", "안됐", "안했", "안하", "안한", "안할"])
        {
            return Some(weak_if(ends_any(self.before, &["으면", "않으면"])));
        }
        let is_not =
            self.word == "못" || self.starts(&["못했", "못한", "못할", "못하", "못해", "못합"]);
        if is_not {
            return Some(Force::Plain);
        }
        self.starts(&["못지않", "못마땅", "못내", "못된"]).then_some(Force::Weak)
    }
}

/// A word without its first syllable, a negative prefix; empty if one syllable is left.
pub(super) fn without_prefix(word: &str) -> &str {
    let mut syllables = word.chars();
    syllables.next();
    let stem = syllables.as_str();
    if syllables.nth(1).is_some() { stem } else { "" }
}

fn weak_if(is_weak: bool) -> Force {
    if is_weak { Force::Weak } else { Force::Plain }
}

fn starts_any(word: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| word.starts_with(start))
}

fn ends_any(word: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| word.ends_with(end))
}

/// True if a word after "안" is a verb: "안 된다", not "안 공간".
fn is_verb(word: &str) -> bool {
    const ENDS: &[&str] = &[
        "다", "요", "고", "면", "서", "는", "은", "을", "지", "니", "게", "며", "까", "기", "도",
        "던", "라", "어", "아", "돼", "한", "된", "할", "될", "가", "간", "갈", "온", "올", "해",
        "먹", "쓴", "쓸", "나", "난", "본", "볼", "준", "줄",
    ];
    #[rustfmt::skip]
    const STARTS: &[&str] = &[
        "되", "된", "될", "됐", "돼", "됩", "하", "했", "한", "할", "해", "합", "가", "간", "갈", "갔", "갑", "오", "온", "올", "왔",
        "와", "좋", "먹", "보", "본", "볼", "봤", "봐", "들", "났", "나", "난", "쓰", "쓴", "썼", "믿", "사", "샀", "팔", "주", "준", "줄",
        "줬", "받", "맞", "그래", "그런", "그랬", "있", "타", "탔", "풀", "죽", "아프", "놓", "내", "냈", "열", "읽", "입", "찾", "알", "걸",
        "변", "움직", "계", "쉬", "이루", "팔", "어울", "끝", "통", "지", "졌", "남", "넘", "닿",
    ];
    ends_any(word, ENDS) && starts_any(word, STARTS)
}

/// Beginnings of words with a negative prefix.
#[rustfmt::skip]
const AFFIXED: &[&str] = &[
    "무관", "무능", "무료", "무명", "무사", "무산", "무상", "무시", "무인", "무죄", "무직", "무책임", "무패", "무한", "무효", "무허가",
    "무단", "무임", "무소속", "무분별", "무자비", "무제한", "무조건", "무혐의", "무의미", "무력", "무기한", "무례", "무고", "무방비", "무적",
    "무담보", "무응답", "무감각", "무질서", "무차별", "무모", "무승부", "무해", "무색", "무보험", "무면허", "무국적", "무득점", "무실점",
    "불가", "불공", "불구", "불능", "불량", "불리", "불만", "불명", "불모", "불미", "불법", "불분명", "불신", "불안", "불완전", "불우",
    "불응", "불의", "불이행", "불참", "불충분", "불쾌", "불투명", "불편", "불평", "불필요", "불행", "불허", "불확실", "불합리", "불균형",
    "불규칙", "불이익", "불임", "불화", "불친절", "불공평", "불성실", "불안정", "불합격", "불기소", "불구속", "불모지", "불변", "불멸",
    "비공", "비밀", "비인간", "비정상", "비정부", "비폭력", "비현실", "비효율", "비영리", "비무장", "비회원", "비주류", "비대면", "비좁",
    "비협조", "비윤리", "비과세", "비합리", "비민주", "비활성", "비생산", "비정규", "비상식", "비전문", "비흡연",
    "미결", "미공개", "미달", "미등록", "미만", "미비", "미상", "미성년", "미숙", "미완", "미지", "미착", "미해결", "미혼", "미확인",
    "미흡", "미납", "미정", "미개", "미발", "미수", "미신고", "미접종", "미제", "미처", "미승인", "미가입", "미지급", "미검증",
    "부당", "부도덕", "부자연", "부적", "부정확", "부조리", "부주의", "부재", "부진", "몰상식", "몰지각", "탈북", "반대",
];
