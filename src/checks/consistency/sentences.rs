//! Sentences of a source that stand in it twice, with two translations.

use std::collections::HashMap;

use super::super::comparison::Comparison;
use super::super::spans::InPart;

/// A sentence of the source and its second translation.
pub(super) struct SecondWay {
    pub source: InPart,
    pub first: InPart,
    pub second: InPart,
}

/// Fewest words of a sentence: shorter ones are translated as their neighbors ask.
const MIN_WORDS: usize = 4;

/// The sentences with a second translation, in the order of the parts.
pub(super) fn two_ways(parts: &[Comparison<'_>]) -> Vec<SecondWay> {
    let mut seen: HashMap<String, (String, InPart)> = HashMap::new();
    let mut found = Vec::new();
    for (part, comparison) in parts.iter().enumerate() {
        let (source, output) = (comparison.source.sentences(), comparison.output.sentences());
        if parts.len() == 1 && source.len() < 2 {
            return found;
        }
        for group in &comparison.alignment().groups {
            let is_single = group.source.len() == 1 && group.output.len() == 1;
            let (Some(from), Some(to)) =
                (source.get(group.source.start), output.get(group.output.start))
            else {
                continue;
            };
            let words = plain(&comparison.pair.source[from.clone()]);
            if !is_single || words.split(' ').nth(MIN_WORDS - 1).is_none() {
                continue;
            }
            let translation = plain(&comparison.pair.output[to.clone()]);
            let second = InPart { part, span: to.clone() };
            match seen.get(&words) {
                None => {
                    seen.insert(words, (translation, second));
                }
                Some((other, first)) if *other != translation => found.push(SecondWay {
                    source: InPart { part, span: from.clone() },
                    first: first.clone(),
                    second,
                }),
                Some(_) => {}
            }
        }
    }
    found
}

/// The words of a sentence in lower case, without marks, with single spaces.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
