//! Chatter: remarks of a model to its user before or after a text, and labels that it sets over it.
//!
//! A text that is itself about translations or summaries, or that has a label or a note, is not
//! judged by those words. Knows wordings at the ends of a text; does not read its middle.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, with_offsets};
use crate::document::Span;
use crate::finding::Finding;

const CHATTER: FindingKind = FindingKind::critical("chatter");

pub(super) const CHECK: Check = Check {
    name: "chatter",
    describe: "remarks of the model to its user, and labels over a text",
    kinds: &[CHATTER],
    scope: Scope::Article,
    examples: &[
        Example::found(CHATTER, "They met.", "다음은 번역입니다.\n그들은 만났다."),
        Example::found(CHATTER, "그들은 만났다.", "Translated text: They met."),
        Example::found(CHATTER, "They met.", "그들은 만났다.\n\n도움이 되었기를 바랍니다!"),
        Example::fine("Here is the good news.", "좋은 소식이 있다."),
        Example::fine("다음은 서울이다.", "Next is Seoul, sure as rain."),
    ],
    run,
};

/// Sentences and lines at the end of a text that may be remarks.
const MAX_LAST: usize = 4;
/// Bytes of a text in which a first remark ends.
const MAX_FIRST: usize = 400;

/// Where a remark begins: after marks of Markdown and brackets, not after a quotation mark.
const START: &str = r"(?i)^[\s*#>_=~`(\[–—-]*?";

/// First sentences that cannot be news.
#[rustfmt::skip]
const FIRST: &[&str] = &[
    r"(?:sure|certainly|of course|okay|ok|absolutely|understood|got it|no problem|alright|great)\b[,!.:]+\s.{0,80}\b(?:here(?:'s|’s| is| are)|below|following|translat\w*|summar\w*|happy to)\b",
    r"(?:sure|certainly|of course|absolutely|understood)\s*!",
    r"(?:here(?:'s|’s| is| are)|below (?:is|are)|the following is|this is)\s.{0,60}\b(?:translat\w+|summar\w+|(?:korean|english) (?:version|text|rendering))\b",
    r"(?:(?:the|your|this) )?(?:(?:korean|english|original|given|provided|translated) )*(?:translation|text|article|passage|sentence)s?\b.{0,20}\b(?:is|are|translates?|reads?|becomes?)(?: as follows| to| as| into (?:english|korean))?\s*[:：]",
    r"(?:translat|summari[sz])ed (?:in|into|to|from)\b.{0,60}[:：]",
    r"(?:i['’]m|i am) (?:sorry|afraid|unable|not able)\b.{0,80}\b(?:i can|cannot|translat\w*|summar\w*|assist|help with|provide|as an ai)\b",
    r"(?:sorry|apologies|unfortunately),? (?:but )?i (?:can|cannot|could|am|do|don['’]t)\b",
    r"i (?:cannot|can['’]t|can not|am unable to|won['’]t|will not) (?:translat|summar|provide|assist|help with|fulfill|comply|process|complete|access)",
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|assistant)\b",
    r"(?:i|i['’]ll|i will|i have|i['’]ve|let me) (?:now )?(?:translate|summari[sz]e)[ds]?\b",
    r"please (?:provide|share|paste|send|enter|give me)\b.{0,60}\b(?:text|article|passage|translat\w*|summar\w*)\b",
    r"(?:네|예|물론(?:이죠|입니다|이에요)?|알겠습니다|좋습니다|그럼요|당연하죠)[,.!]?\s.{0,60}(?:번역|요약|도와|드리겠|드릴게)",
    r"(?:다음|아래|이하|위|이것|여기)(?:은|는|에|의|와 같이)?\s.{0,60}(?:번역|요약|옮긴|정리)(?:한|된|해|본|문|하면|한 것|결과)?[가-힣 ]{0,16}(?:입니다|습니다|같다|있습니다|[:：])",
    r"(?:주어진|제시된|제공된|입력된|위|다음|이)\s?(?:문장|글|기사|텍스트|내용|원문)[을를은는]?\s.{0,30}(?:번역|옮기|옮긴|요약).{0,30}[:：]",
    r"(?:제공|제시|요청|입력|첨부)(?:된|하신|해 ?주신|한)\s.{0,40}(?:번역|요약|내용|텍스트|기사)",
    r"(?:위|이|본|해당|주어진|제공된|원문|기사|다음)(?:의)?\s?(?:기사|글|내용|텍스트|본문|뉴스|문장|영어|한국어|원문)?(?:를|을|은|는)?\s?(?:한국어로|영어로|간단히|간략히|짧게)?\s?(?:번역|요약)(?:하면|하자면|해 ?보면|하겠습니다|해 ?드리|합니다|한 ?(?:내용|결과|글|것)(?:은|는|입니다))",
    r"(?:영어|한국어|영문|국문|한글)(?:를|을|에서|로|로의)?\s.{0,30}(?:번역|옮긴|요약)(?:한|된|하면|본|문|하였|했)?[가-힣 ]{0,16}(?:다음|아래|[:：]|입니다|습니다)",
    r"(?:죄송|미안)(?:합니다|하지만|해요).{0,60}(?:번역|요약|도와|도움|제공|수 없|없습니다)",
    r"(?:저는|나는)\s?(?:AI|인공 ?지능|언어 ?모델|챗봇)",
    r"(?:번역|요약)할\s.{0,20}(?:텍스트|내용|문장|기사|글|원문)[을를]\s?(?:제공|입력|보내|알려|붙여)",
];

/// Labels over a text.
#[rustfmt::skip]
const LABELS: &[&str] = &[
    r"(?:(?:the|your|final|full|brief|short|news|article|original|translated|summari[sz]ed|korean|english|south korean|(?:korean|english)[- ]to[- ](?:korean|english)|from (?:korean|english) to)\s+)*(?:translations?|translated (?:text|article|version|passage)|summary|summari[sz]ed (?:text|article|version)|(?:korean|english) (?:text|version)|korean|english|output|response|result|tl;?dr)\s*(?:\([^)]{0,40}\)|\b(?:in|to|into|from|of|for)\b.{0,40})?[\s*_\])]*[:：]",
    r"[\[*(]+\s*(?:(?:korean|english)\s+)?(?:translation|summary)\s*[\])*]+",
    r"(?:korean|english) (?:translation|summary|version)\s*[*_]*\s*$",
    r"[\[*(]+\s*(?:한국어|영어|영문|국문)?\s?(?:번역|번역문|번역본|요약|요약문)\s*[\])*]+",
    r"(?:한국어|영어|영문|국문)\s?(?:번역|번역문|번역본|요약|요약문)\s*[*_]*\s*$",
    r"(?:한국어|한글|영어|영문|국문|최종|전체|기사|뉴스|원문|핵심|짧은|간단한)?\s?(?:번역|요약|번역문|요약문|번역본|요약본|번역 ?결과|요약 ?결과|번역 ?내용|요약 ?내용|번역된 ?(?:텍스트|글|문장|기사|내용)|요약된 ?(?:텍스트|글|내용)|해석|출력|답변|한국어|영어|한국어 ?버전|영어 ?버전)\s*(?:\([^)]{0,40}\))?[\s*_\])]*[:：]",
];

/// Last sentences that cannot be news.
#[rustfmt::skip]
const LAST: &[&str] = &[
    r"i hope (?:this|that|the|it)\b.{0,40}\b(?:help|useful|meets|clear|translat|summar)",
    r"(?:please )?(?:let me know|feel free to (?:ask|let|reach|contact|request)|don['’]t hesitate to)\b",
    r"if you (?:have any|need any|need|would like|want|['’]d like)\b.{0,60}\b(?:let me know|feel free|questions?|further|assist\w*|another|clarif\w*|translat\w*|summar\w*)\b",
    r"(?:would you like|do you want) me to\b",
    r"if you (?:have|send|share|give me) (?:more|another|other)\b.{0,60}\b(?:i can|i will|i['’]ll|i['’]d)\b",
    r"is there anything else\b",
    r"(?:this|the|my|above) (?:translation|summary|version)\b.{0,20}\b(?:captures?|preserves?|maintains?|aims?|reflects?|keeps?|conveys?|covers?|provides?|follows?|stays?|is (?:based|written|faithful|accurate)|was (?:written|made|done|generated))\b",
    r"i(?:['’]ve| have)? (?:also )?(?:translated|summari[sz]ed|kept|maintained|preserved|rendered|tried to (?:keep|preserve|translat|summar|maintain))\b",
    r"(?:end of (?:the )?)(?:translation|summary)\b",
    r"(?:word|character) count\s*[:：]",
    r"(?:.{0,30})도움이 (?:되|됐|되었)(?:셨|었|시)?(?:으면|길|기를|기 바|다면|으시면|길 바)",
    r"(?:추가|더|다른)[가-힣]*\s?(?:질문|궁금|요청|수정|도움|필요|문의|번역|요약).{0,30}(?:말씀|알려|문의|주세요|하시면|주십시오|바랍니다)",
    r"(?:.{0,20})(?:궁금한 점|질문|수정할 부분|필요한 것)[이가]\s?있(?:으시면|으면|다면)",
    r"(?:.{0,30})언제든(?:지)?\s?(?:말씀|문의|물어|알려|요청|질문)",
    r"(?:이|위|본|해당|제|제가 한)\s?(?:번역|요약)(?:은|는|문은|본은|에서는|을)\s.{0,80}(?:습니다|했음|하였음|했다|한다|입니다)",
    r"(?:이상(?:으로|은)?\s)(?:번역|요약)",
    r"원문의\s?(?:의미|뉘앙스|내용|어조|뜻|문체)[을를]?\s.{0,40}(?:살|유지|반영|전달|고려|보존)",
    r"(?:.{0,60})(?:번역|요약)(?:하였습니다|했습니다|해 ?드렸습니다|해 ?보았습니다|을 마칩니다)",
    r"(?:번역|요약)(?:문|본|결과)?[이가]\s?(?:마음에|만족|도움)",
    r"(?:글자|단어) ?수\s*[:：]",
];

/// Notes of a translator after a text.
#[rustfmt::skip]
const NOTES: &[&str] = &[
    r"(?:(?:translator|translation|editor|author)(?:['’]?s)?['’]?\s+)?(?:notes?|disclaimer|explanation|n\.?b\.?|comments?)\s*\d*\s*[\])*_]*\s*[:：]",
    r"(?:please )?note that (?:this|the|i|some)\b.{0,60}\b(?:translat\w*|summar\w*|original|text|article)\b",
    r"(?:참고|주|주의|역주|역자 ?주|옮긴이 ?주|번역자 ?주|번역 ?노트|설명|비고|해설|참고 ?사항)\s?\d*\s*[\])*_]*\s*[:：]",
    r"참고로,? ?(?:이|위|본|원문)\s?.{0,30}(?:번역|요약|원문)",
];

/// Words of a source that is itself about translations and summaries.
static ABOUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)번역|요약|통역|translat|summar|korean (?:version|text)").ok()
});
/// A label or a note in a source.
static LABELED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?im)^.{0,30}[:：]|\bnotes?\b|\bdisclaimer\b|참고|※|역주|편집자|설명|비고").ok()
});

static FIRST_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(FIRST));
static LABEL_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(LABELS));
static LAST_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(LAST));
static NOTE_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(NOTES));

/// Patterns at the start of a remark, with borders of words in ASCII, which are fast in any text.
fn set(patterns: &[&str]) -> Option<RegexSet> {
    let pattern = |pattern: &&str| {
        format!("{START}(?:{pattern})").replace(r"\b", r"(?-u:\b)").replace(r"\w", "[a-z]")
    };
    RegexSet::new(patterns.iter().map(pattern)).ok()
}

fn matches(set: &LazyLock<Option<RegexSet>>, text: &str) -> bool {
    set.as_ref().is_some_and(|set| set.is_match(text))
}

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let source = pair.source;
    let has = |pattern: &LazyLock<Option<Regex>>| {
        pattern.as_ref().is_some_and(|pattern| pattern.is_match(source))
    };
    let (is_about, is_labeled) = (has(&ABOUT), has(&LABELED));
    let is_first = |part: &str| {
        !is_about && matches(&FIRST_SET, part) || !is_labeled && matches(&LABEL_SET, part)
    };
    let is_last = |part: &str| {
        !is_about && matches(&LAST_SET, part) || !is_labeled && matches(&NOTE_SET, part)
    };
    let (_, result) = pair.kind.words();
    let (_, result_ko) = pair.kind.korean_words();
    let mut findings = Vec::new();
    if let Some(span) = first(pair.output).filter(|span| is_first(&pair.output[span.clone()])) {
        let shown = excerpt(&pair.output[span.clone()]);
        let message = format!("the {result} begins with a remark to the user: '{shown}'");
        let korean = format!("{result_ko} 앞에 모델의 말이 있음: '{shown}'");
        findings.push(CHECK.finding(CHATTER, message, korean).in_output(span));
    }
    let last = last(comparison).into_iter().find(|span| {
        let part = &pair.output[span.clone()];
        is_last(part) && !source.contains(part)
    });
    if let Some(span) = last {
        let shown = excerpt(&pair.output[span.clone()]);
        let message = format!("the {result} ends with a remark to the user: '{shown}'");
        let korean = format!("{result_ko} 끝에 모델의 말이 있음: '{shown}'");
        findings.push(CHECK.finding(CHATTER, message, korean).in_output(span));
    }
    findings
}

/// The first line, as far as a remark may reach.
fn first(text: &str) -> Option<Span> {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next()?.trim_end();
    let mut end = line.len().min(MAX_FIRST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    (end > 0).then_some(start..start + end)
}

/// The last lines and the last sentences, except for the beginning of the text.
fn last(comparison: &Comparison<'_>) -> Vec<Span> {
    let text = comparison.pair.output;
    let lines = with_offsets(text.split_inclusive('\n').collect()).filter_map(|(start, line)| {
        let begin = start + line.len() - line.trim_start().len();
        let end = start + line.trim_end().len();
        (begin < end).then_some(begin..end)
    });
    let lines: Vec<Span> = lines.collect();
    let sentences = comparison.output.sentences();
    let after_first = |parts: &[Span]| {
        let last = parts.len().saturating_sub(MAX_LAST).max(1);
        parts.get(last..).unwrap_or_default().to_vec()
    };
    let mut parts = after_first(sentences);
    parts.extend(after_first(&lines));
    parts.sort_by_key(|span| span.start);
    parts
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for patterns in [FIRST, LABELS, LAST, NOTES] {
            assert!(set(patterns).is_some());
        }
        assert!(ABOUT.is_some() && LABELED.is_some());
    }

    #[test]
    fn remarks_before_a_text_are_found() {
        for remark in [
            "Here is the Korean translation:",
            "Here's a short summary of the article:",
            "Sure! Here is the translation you asked for.",
            "Certainly, I'd be happy to summarize this.",
            "Translated text:",
            "**Translation:**",
            "Korean:",
            "Translation (Korean):",
            "Summary of the article:",
            "Korean translation of the text:",
            "I'm sorry, but I cannot help with that.",
            "As an AI language model, I have no opinion.",
            "Please provide the text you want me to translate.",
            "다음은 위 글의 한국어 번역입니다:",
            "영어를 한국어로 번역한 결과는 다음과 같습니다.",
            "물론입니다! 번역해 드리겠습니다.",
            "위 기사를 요약하면 다음과 같습니다.",
            "제공된 텍스트의 요약:",
            "번역문:",
            "[번역]:",
            "요약:",
            "한국어 번역:",
            "죄송하지만 이 글은 번역할 수 없습니다.",
            "아래는 요약한 내용입니다.",
        ] {
            for output in [format!("{remark}\n그들은 만났다."), format!("{remark} 그들은 만났다.")]
            {
                assert_eq!(run(&CHECK, &translation("They met.", &output)).len(), 1, "{output}");
            }
        }
        assert_eq!(
            messages(run(&CHECK, &summary("x", "Here is a summary of the article:\nThey met."))),
            ["the summary begins with a remark to the user: 'Here is a summary of the article:'"]
        );
    }

    #[test]
    fn remarks_after_a_text_are_found() {
        for remark in [
            "I hope this helps!",
            "Let me know if you need anything else.",
            "Note: the name was kept in English.",
            "(Translator's note: 'port' is a pun.)",
            "Feel free to ask for another version.",
            "This translation preserves the tone of the original.",
            "If you have any questions, feel free to ask.",
            "Would you like me to shorten it?",
            "도움이 되었기를 바랍니다.",
            "추가 질문이 있으시면 말씀해 주세요.",
            "(역자 주: 고유명사는 그대로 두었습니다.)",
            "참고: 고유명사는 원문대로 표기했습니다.",
            "이 번역은 원문의 의미를 살렸습니다.",
            "더 궁금한 점이 있으면 언제든지 알려 주세요.",
        ] {
            for output in
                [format!("그들은 만났다.\n\n{remark}"), format!("그들은 만났다. {remark}")]
            {
                assert_eq!(run(&CHECK, &translation("They met.", &output)).len(), 1, "{output}");
            }
        }
    }

    #[test]
    fn news_about_texts_and_with_labels_is_left_alone() {
        for (source, output) in [
            ("Here is the good news.", "좋은 소식이 있다."),
            ("x", "Sure signs of a thaw have come."),
            ("x", "다음은 서울이다."),
            ("번역: 김해민", "Translation: Kim Haemin"),
            (
                "The translation of the poem was long.",
                "이 시의 번역은 길었다. 이 번역은 2년이 걸렸다고 한다.",
            ),
            ("Okay, the mayor said, let us begin.", "시장은 좋다며 시작하자고 말했다."),
            (
                "\"I'm sorry, I cannot help,\" he said.",
                "\"죄송하지만 도와 드릴 수 없습니다\"라고 그가 말했다.",
            ),
            ("Weather: rain. Note: no ferries run.", "날씨: 비. 참고: 여객선은 다니지 않는다."),
            (
                "He told voters to call if they need help.",
                "그는 유권자들에게 도움이 필요하면 전화하라고 했다.",
            ),
            ("그는 도움이 됐으면 좋겠다고 했다.", "He said he hoped it would help."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }
}
