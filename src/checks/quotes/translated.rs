//! Quotations of a translation: one for each quotation of the source, in marks of any style.

use super::super::alignment::unshared_words;
use super::super::comparison::{Comparison, Text};
use super::super::lengths;
use super::super::quotations::{Quotation, Quotations, QuoteStyle};
use super::super::spans::{context, excerpt, outside_brackets};
use super::kinds::{CHANGED, LOST, UNPAIRED, finding};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul, is_latin};

/// Fewest characters of a quotation of the source that must be one in the translation.
const MIN_CHARS: usize = 6;
/// Fewest characters of a quotation in Korean.
const MIN_KOREAN_CHARS: usize = 2;
/// Fewest characters of Korean words in single marks, which may be for emphasis only.
const MIN_EMPHASIS_CHARS: usize = 12;
/// Most quotations that are compared by length: the languages order many differently.
const MAX_CHANGED: usize = 2;
/// Fewest characters of the longer of two quotations that are compared.
const MIN_CHANGED: usize = 12;
/// Largest usual deviation of a quotation's length.
const MAX_DEVIATION: f64 = 2.7;
/// Smallest difference of a quotation from its original: words that they do not share, if they
/// share none, and the deviation of the length.
const MIN_DIFFERENCE: f64 = 4.0;
/// Most sentences of a text that begins and ends outside quotations.
const MAX_SENTENCES: usize = 2;
/// Most quotations that are compared.
const MAX_QUOTATIONS: usize = 64;
/// Longest attribution between two parts of a quotation, in characters.
const MAX_ATTRIBUTION: usize = 80;

pub(super) fn findings(comparison: &Comparison<'_>) -> Vec<Finding> {
    unpaired(comparison)
        .or_else(|| lost(comparison))
        .or_else(|| changed(comparison))
        .into_iter()
        .collect()
}

/// A mark without a counterpart, if the source has none like it.
fn unpaired(comparison: &Comparison<'_>) -> Option<Finding> {
    let (source, output) = (comparison.source.quotations(), comparison.output.quotations());
    let text = comparison.pair.output;
    let mark = match &output.undoubled {
        Some(mark) if source.undoubled.is_none() => mark.clone(),
        _ => {
            let is_read = source.undoubled.is_none();
            if !is_read || misleading(&comparison.source).is_some() {
                return None;
            }
            let unclosed = doubles(&output.unclosed).count();
            let is_crossed = unclosed > 0 && unclosed + doubles(&output.unopened).count() > 1;
            // A text may begin or end inside a quotation that the source has no marks for.
            let is_odd = output.double_marks % 2 == 1
                && joined(comparison.pair.source, source.outer().into_iter()).len()
                    >= pieces(text, output);
            if source.closed.is_empty() || (!is_odd && !is_crossed) {
                return None;
            }
            misleading(&comparison.output)?
        }
    };
    let words = excerpt(&text[context(text, mark.clone())]);
    let message = format!("a quotation mark has no counterpart: '{words}'");
    let korean = format!("짝이 없는 따옴표: '{words}'");
    Some(finding(UNPAIRED, message, korean).in_output(mark.clone()))
}

/// Number of quotations, those of one mark among them.
fn pieces(text: &str, quotations: &Quotations) -> usize {
    let outer = quotations.outer().into_iter().cloned();
    let unclosed = doubles(&quotations.unclosed).map(|mark| Quotation {
        style: QuoteStyle::Double,
        words: mark.end..text.len(),
        whole: mark.start..text.len(),
    });
    let unopened = doubles(&quotations.unopened).map(|mark| Quotation {
        style: QuoteStyle::Double,
        words: mark.start..mark.start,
        whole: mark.clone(),
    });
    let mut all: Vec<Quotation> = outer.chain(unclosed).chain(unopened).collect();
    all.sort_by_key(|quotation| quotation.whole.start);
    joined(text, all.iter()).len()
}

/// Places of the double marks among some.
fn doubles(marks: &[(QuoteStyle, Span)]) -> impl Iterator<Item = &Span> {
    marks.iter().filter(|(style, _)| *style == QuoteStyle::Double).map(|(_, mark)| mark)
}

/// The first double mark without a counterpart. One too many after a sentence is a slip that
/// misleads no reader, and a longer text may begin or end inside a quotation.
fn misleading(text: &Text<'_>) -> Option<Span> {
    let found = text.quotations();
    let marks = || found.closed.iter().map(|quotation| quotation.whole.start);
    let (first, last) = (marks().min().unwrap_or(usize::MAX), marks().max().unwrap_or(0));
    let is_long = text.sentences().len() > MAX_SENTENCES;
    let unclosed = doubles(&found.unclosed).find(|mark| !is_long || mark.start < last);
    let is_slip = |mark: &Span| text.text[..mark.start].ends_with(['.', '?', '!']);
    // A text may begin inside a quotation, as a paragraph cut from a longer one does.
    let is_begun = |mark: &Span| mark.start < first && text.text[..mark.start].ends_with(',');
    let unopened = || {
        let mut unopened =
            doubles(&found.unopened).filter(|mark| !is_slip(mark) && !is_begun(mark));
        unopened.find(|mark| !is_long || mark.start > first)
    };
    unclosed.or_else(unopened).cloned()
}

/// A quotation of the source for which the translation has none.
fn lost(comparison: &Comparison<'_>) -> Option<Finding> {
    if comparison.source.quotations().outer().len() > MAX_QUOTATIONS {
        return None;
    }
    let source = quoted(comparison);
    let output = comparison.output.quotations();
    let count = output.outer().len()
        + output.unclosed.len()
        + output.unopened.len()
        + comparison.pair.output.matches(['《', '〈']).count();
    if source.len() <= count {
        return None;
    }
    let place = nearest_free(&source, comparison)?;
    let words = excerpt(&comparison.pair.source[place.clone()]);
    let message = format!("the quotation '{words}' is no quotation in the translation");
    let korean = format!("번역문에 없는 인용: '{words}'");
    Some(finding(LOST, message, korean).in_source(place))
}

/// The first quotation of the source that is not the nearest to one of the output, by its place
/// in the text.
fn nearest_free(source: &[Span], comparison: &Comparison<'_>) -> Option<Span> {
    let pair = comparison.pair;
    let middle = |span: &Span, text: &str| (span.start + span.end) as f64 / text.len() as f64;
    let mut free: Vec<&Span> = source.iter().collect();
    for quotation in comparison.output.quotations().outer() {
        let wanted = middle(&quotation.words, pair.output);
        let distance = |span: &Span| (middle(span, pair.source) - wanted).abs();
        let nearest =
            (0..free.len()).min_by(|a, b| distance(free[*a]).total_cmp(&distance(free[*b])));
        if let Some(nearest) = nearest {
            free.remove(nearest);
        }
    }
    free.first().map(|span| (*span).clone())
}

/// Quotations of the source that the translation must have: words, not emphasis, the parts of one
/// joined.
fn quoted(comparison: &Comparison<'_>) -> Vec<Span> {
    let text = &comparison.source;
    let output = comparison.pair.output.to_lowercase();
    let counts = |quotation: &&&Quotation| {
        let words = &text.text[quotation.words.clone()];
        if is_name(words) || output.contains(&words.to_lowercase()) {
            return false;
        }
        let fewest = match text.language {
            Language::English => MIN_CHARS,
            Language::Korean if is_speech(text.text, quotation) => MIN_KOREAN_CHARS,
            Language::Korean => MIN_EMPHASIS_CHARS,
        };
        words.chars().nth(fewest - 1).is_some()
    };
    joined(text.text, text.quotations().outer().iter().filter(counts).copied())
}

/// True for a name with its Latin form, which English writes without marks.
fn is_name(words: &str) -> bool {
    words.trim_end().ends_with(')') && words.contains(is_latin) && words.contains(is_hangul)
}

/// True for Korean in double marks, for a clause, and before the particle of speech or the ending
/// of a verb: ‘간다’고, ‘간다’는, ‘가지 않았’으며.
fn is_speech(text: &str, quotation: &Quotation) -> bool {
    #[rustfmt::skip]
    const PARTICLES: &[&str] =
        &["고", "라고", "이라고", "라는", "라며", "이라며", "며", "는", "으며", "하다", "한다", "했다"];
    let after = &text[quotation.whole.end..];
    // What a word means or is called is a term, not speech; ‘…’의 is a title.
    let is_term = ["라는 뜻", "라는 이름", "이라는 뜻", "이라는 이름"];
    let words = text[quotation.words.clone()].trim_end_matches(['.', '!', '?', ',']);
    quotation.style == QuoteStyle::Double
        || !is_term.iter().any(|term| after.starts_with(term))
            && (PARTICLES.iter().any(|particle| after.starts_with(particle))
                || words.ends_with(['다', '까', '자'])
                    && words.contains(' ')
                    && !after.starts_with('의'))
}

/// The words of quotations; parts with an attribution between them are one: "We," he said, "will".
fn joined<'q>(text: &str, quotations: impl Iterator<Item = &'q Quotation>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    let mut end = 0;
    for quotation in quotations {
        let words = quotation.words.clone();
        match joined.last_mut() {
            Some(last) if is_attribution(text, last, end..quotation.whole.start) => {
                last.end = words.end;
            }
            _ => joined.push(words),
        }
        end = quotation.whole.end;
    }
    joined
}

/// True if a text between two quotations names the speaker of both: `," he said, "`.
fn is_attribution(text: &str, before: &Span, between: Span) -> bool {
    let Some(between) = text.get(between) else {
        return false;
    };
    text[..before.end].ends_with(',')
        && between.len() <= MAX_ATTRIBUTION
        && !between.contains(['"', '“'])
        && (between.trim_end().ends_with(',') || between.trim_end().ends_with('.'))
}

/// The way in which a quotation differs from its original.
enum Difference {
    Length,
    Words,
}

/// Characters of a quotation without the words in brackets.
fn outside_brackets_chars(text: &Text<'_>, span: &Span) -> usize {
    let parts = outside_brackets(&text.text[span.clone()]);
    lengths::chars(&parts.into_iter().map(|(_, part)| part).collect::<String>(), text.language)
}

/// A quotation of the translation that is far shorter or longer than usual, or has other words.
fn changed(comparison: &Comparison<'_>) -> Option<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let all_paired = |text: &Text<'_>| {
        text.quotations().unclosed.is_empty() && text.quotations().unopened.is_empty()
    };
    if !all_paired(source) || !all_paired(output) {
        return None;
    }
    let from = joined(source.text, source.quotations().outer().into_iter());
    let to = joined(output.text, output.quotations().outer().into_iter());
    if from.len() != to.len() || from.len() > MAX_CHANGED {
        return None;
    }
    let (at, what) = (0..from.len()).find_map(|at| {
        let chars = outside_brackets_chars;
        let (source_chars, output_chars) = (chars(source, &from[at]), chars(output, &to[at]));
        let deviation = lengths::phrase_deviation(source.language, source_chars, output_chars);
        if source_chars.max(output_chars) >= MIN_CHANGED && deviation > MAX_DEVIATION {
            return Some((at, Difference::Length));
        }
        // The languages may order two quotations differently.
        let has_other_words = to.iter().all(|to| {
            let unshared = unshared_words(source, &from[at], output, to).unwrap_or(0.0);
            unshared > 0.0 && unshared + deviation >= MIN_DIFFERENCE
        });
        has_other_words.then_some((at, Difference::Words))
    })?;
    let (source_at, output_at) = (from[at].clone(), to[at].clone());
    let words = excerpt(&output.text[output_at.clone()]);
    let (message, korean) = match what {
        Difference::Length => (
            format!("the quotation '{words}' differs in length from that of the original"),
            format!("원문과 길이가 크게 다른 인용: '{words}'"),
        ),
        Difference::Words => (
            format!("the quotation '{words}' shares no word with that of the original"),
            format!("원문과 다른 내용의 인용: '{words}'"),
        ),
    };
    let finding = finding(CHANGED, message, korean).expected(&source.text[source_at.clone()]);
    Some(finding.in_source(source_at).in_output(output_at))
}

#[cfg(test)]
mod tests {
    use super::super::super::pairs::{messages, run, translation};
    use super::super::CHECK;
    use super::*;

    const ENGLISH: &str = "\"The port stays closed until Monday,\" Mayor Han said in Haemin.";

    #[test]
    fn quotations_may_have_other_marks_and_another_order() {
        for good in [
            "한 시장은 해민에서 \"항구를 월요일까지 닫는다\"고 말했다.",
            "‘항구를 월요일까지 닫는다.’ 한 시장이 해민에서 말했다.",
            "한 시장은 해민에서 「항구를 월요일까지 닫는다」라고 말했다.",
        ] {
            assert_eq!(run(&CHECK, &translation(ENGLISH, good)), [], "{good}");
            assert_eq!(run(&CHECK, &translation(good, ENGLISH)), [], "{good}");
        }
    }

    #[test]
    fn a_lost_quotation_is_named() {
        let english = format!("{ENGLISH} Lee replied: \"Ships wait.\"");
        let korean = "한 시장은 해민에서 \"항구를 월요일까지 닫는다\"고 말했다. 이 씨도 말했다.";
        let message = "the quotation 'Ships wait.' is no quotation in the translation";
        assert_eq!(messages(run(&CHECK, &translation(&english, korean))), [message]);
        let back = "Mayor Han said in Haemin that the port stays closed until Monday.";
        assert_eq!(run(&CHECK, &translation(korean, back)).len(), 1);
    }

    #[test]
    fn words_in_single_marks_may_be_mere_emphasis() {
        for (korean, english) in [
            ("해민시가 '안전 항구' 사업을 시작했다.", "Haemin began its safe port project."),
            ("그는 ‘배가 떠난다’의 주연이다.", "He stars in The Ship Leaves."),
            ("'등대의 빛'이라는 뜻의 이름이다.", "The name means light of the tower."),
            ("\"해민 크루즈(Haemin Cruise)\"가 떠났다.", "The Haemin Cruise left."),
        ] {
            assert_eq!(run(&CHECK, &translation(korean, english)), [], "{korean}");
        }
    }

    #[test]
    fn a_mark_without_its_counterpart_is_found_unless_the_source_lacks_it_too() {
        let korean = "한 시장은 \"항구를 월요일까지 닫는다고 말했다.";
        let found = run(&CHECK, &translation(ENGLISH, korean));
        assert_eq!(
            messages(found),
            ["a quotation mark has no counterpart: '시장은 \"항구를 월요일까지'"]
        );
        let cut = ENGLISH.replacen('"', "", 1);
        assert_eq!(run(&CHECK, &translation(&cut, korean)), []);
        let end = "한 시장은 해민에서 ‘항구를 월요일까지 닫는다’고 말했다.\"";
        assert_eq!(run(&CHECK, &translation(ENGLISH, end)), []);
    }

    #[test]
    fn a_quotation_of_usual_length_may_have_other_words() {
        let korean = "한 시장은 해민에서 \"경찰이 용의자를 체포했고 조사했다\"고 말했다.";
        let found = run(&CHECK, &translation(ENGLISH, korean));
        assert_eq!(found.first().map(|one| one.kind.as_str()), Some(CHANGED.name), "{found:?}");
    }

    #[test]
    fn a_quotation_of_another_length_has_other_words() {
        let korean = "한 시장은 해민에서 \"앞으로 항구를 어떻게 할지는 태풍이 지나간 뒤 시민들과 함께 천천히 정하겠다\"고 말했다.";
        assert_eq!(run(&CHECK, &translation(ENGLISH, korean))[0].kind, CHANGED.name);
    }
}
