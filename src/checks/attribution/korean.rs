//! Speakers of Korean sentences: "한 장관은 …라고 말했다", "시에 따르면".

use super::statement::Found;
use crate::document::Span;

/// Beginnings of verbs of speech.
#[rustfmt::skip]
const SPEECH: &[&str] = &[
    "말했", "말하", "말한", "밝혔", "밝히", "밝힌", "전했", "전하", "전한", "덧붙", "주장", "강조", "설명", "비판", "반박", "답했", "답하",
    "해명", "경고", "발표", "반발", "촉구", "요구", "지적", "평가", "부인", "했다", "했습", "호소", "당부", "약속", "예고", "단언", "토로",
];
/// Endings of what is said.
const SAID: &[&str] =
    &["다고", "라고", "냐고", "자고", "다며", "라며", "다면서", "라면서", "겠다", "기로"];
/// Endings that close a clause before the speaker.
const CLAUSE: &[&str] = &["고", "며", "면서", "지만", "는데", "으나", "자", "하나"];
/// Forms of verbs and adjectives that look like a topic.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "하는", "되는", "있는", "없는", "않는", "지는", "받는", "오는", "리는", "키는", "받은", "같은", "많은", "높은", "낮은", "않은", "남은",
    "작은", "젊은", "맞은", "얻은", "입은", "맡은", "찾은", "또는", "이는", "에는", "에서는", "으로는", "지난해는", "올해는",
];
const PRONOUNS: &[&str] = &["그는", "그녀는", "그가", "이들은", "그들은", "그", "그녀"];
/// Words for speakers that are not told from others.
const GENERIC: &[&str] = &[
    "관계자",
    "대변인",
    "당국",
    "회사",
    "업체",
    "전문가",
    "이들",
    "측은",
    "측이",
    "측",
    "일각",
    "소식통",
    "매체",
];
/// Most words of a speaker before the one with the particle.
const MAX_BEFORE: usize = 4;
/// Most words between a speaker with 이 or 가 and the verb.
const MAX_BETWEEN: usize = 2;

/// A word that is not quoted, with its span.
struct Token<'t> {
    text: &'t str,
    span: Span,
}

/// The words of a sentence that are not quoted.
fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut is_quoted, mut start) = (false, None);
    let mut push = |start: &mut Option<usize>, end: usize| {
        if let Some(begin) = start.take() {
            found.push(Token { text: &sentence[begin..end], span: begin..end });
        }
    };
    for (at, c) in sentence.char_indices() {
        let is_mark = matches!(c, '"' | '“' | '”');
        if is_mark || c.is_whitespace() {
            push(&mut start, at);
        }
        match c {
            '"' => is_quoted = !is_quoted,
            '“' => is_quoted = true,
            '”' => is_quoted = false,
            _ if !is_quoted && !c.is_whitespace() => start = start.or(Some(at)),
            _ => {}
        }
    }
    push(&mut start, sentence.len());
    found
}

fn bare<'t>(token: &Token<'t>) -> &'t str {
    token.text.trim_matches(|c: char| !c.is_alphanumeric())
}

/// The speaker of a sentence.
pub(super) fn speaker(sentence: &str, start: usize) -> Option<Found> {
    let tokens = tokens(sentence);
    let has =
        |token: &Token<'_>, words: &[&str]| words.iter().any(|word| bare(token).starts_with(word));
    let is_source = |token: &&Token<'_>| has(token, &["따르면", "의하면"]);
    let found = if let Some(at) = tokens.iter().position(|token| is_source(&token)) {
        let name = at.checked_sub(1).filter(|at| bare(&tokens[*at]).ends_with('에'))?;
        phrase(&tokens, name, "에".len())
    } else {
        let is_said = |token: &Token<'_>| SAID.iter().any(|end| bare(token).ends_with(end));
        let is_open =
            |token: &Token<'_>| matches!(bare(token), "고" | "며" | "라고" | "라며" | "면서");
        let said = tokens.iter().rposition(|token| is_said(token) || is_open(token))?;
        let verb = tokens.iter().rposition(|token| has(token, SPEECH))?;
        // "…다고 시가 밝혔다": the subject may stand between what is said and the verb.
        let between = (said + 1..verb).rev().take(MAX_BETWEEN + 1);
        let mut subject = between.map(|at| (at, bare(&tokens[at])));
        let near = subject.find(|(_, word)| ends_with(word, &["이", "가", "께서"]));
        let topic = || {
            let is_topic = |token: &&Token<'_>| {
                let word = bare(token);
                ends_with(word, &["은", "는"]) && !VERBS.iter().any(|verb| word.ends_with(verb))
            };
            let at = tokens[..verb].iter().position(|token| is_topic(&token))?;
            Some((at, bare(&tokens[at])))
        };
        let (at, word) = near.or_else(topic)?;
        let particle = if word.ends_with("께서") { "께서".len() } else { "은".len() };
        phrase(&tokens, at, particle)
    };
    let words = &sentence[found.clone()];
    let is_pronoun = PRONOUNS.contains(&words) || words.starts_with("그 ");
    Some(Found { speaker: start + found.start..start + found.end, is_pronoun })
}

/// True for a word of two or more syllables before one of some particles.
fn ends_with(word: &str, particles: &[&str]) -> bool {
    let stem = particles.iter().find_map(|particle| word.strip_suffix(particle));
    stem.is_some_and(|stem| !stem.is_empty())
}

/// The words that name a speaker, up to the one at `at`, without its particle.
fn phrase(tokens: &[Token<'_>], at: usize, particle: usize) -> Span {
    let mut begin = at;
    while begin > 0 && at - begin < MAX_BEFORE {
        let before = &tokens[begin - 1];
        let is_joined = tokens[begin].span.start == before.span.end + 1;
        let is_clause = CLAUSE.iter().any(|end| before.text.ends_with(end));
        let is_topic = ends_with(bare(before), &["은", "는"]);
        if !is_joined || is_clause || is_topic || before.text.ends_with([',', '.', '?', '!', ')']) {
            break;
        }
        begin -= 1;
    }
    let last = &tokens[at];
    let word = bare(last);
    let end = last.span.start + last.text.find(word).unwrap_or(0) + word.len() - particle;
    tokens[begin].span.start..end
}

/// The words that tell a speaker from others; `None` for one that is not told from others.
pub(super) fn telling(speaker: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = speaker
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            word.chars().nth(1).is_some() && !PRONOUNS.contains(word) && !word.ends_with("요일")
        })
        .collect();
    let is_generic = |word: &&str| GENERIC.iter().any(|generic| word.ends_with(generic));
    if words.iter().any(is_generic) || speaker.split_whitespace().any(|word| word == "측") {
        return None;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_are_found_by_their_particles() {
        for (sentence, found) in [
            ("한서진 해민시장은 \"비가 온다\"고 말했다.", "한서진 해민시장"),
            ("수출이 늘었다고 통상부가 1일 밝혔다.", "통상부"),
            ("해민시에 따르면 비가 왔다.", "해민시"),
            ("해민시는 예산이 없다고 답했다.", "해민시"),
            ("학부모회는 교사를 더 배치해 달라고 요구했다.", "학부모회"),
            ("\"섬도 없다\"며 주민 대표 고영달 씨가 반박했다.", "주민 대표 고영달 씨"),
        ] {
            let speaker = speaker(sentence, 0).map(|found| &sentence[found.speaker]);
            assert_eq!(speaker, Some(found), "{sentence}");
        }
        assert!(speaker("비가 많이 왔다.", 0).is_none());
        assert!(speaker("그는 \"비가 온다\"고 말했다.", 0).is_some_and(|found| found.is_pronoun));
    }

    #[test]
    fn sources_without_a_name_are_not_told_apart() {
        assert_eq!(telling("회사 관계자"), None);
        assert_eq!(telling("오 해민시장"), Some(vec!["해민시장"]));
    }
}
