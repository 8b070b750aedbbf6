//! The stemmer of English that `rouge-score` uses: Porter's (1980), with the extensions of NLTK.
//!
//! Other stemmers of the same name, Snowball's among them, give other stems and so other scores.

/// Words with a stem of their own.
const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// The stem of a word in lower case that consists of ASCII letters and digits.
pub(super) fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return stem.to_string();
    }
    if word.len() <= 2 {
        return word.to_string();
    }
    let mut word = word.to_string();
    for step in [plurals, past, y, double_suffixes, suffixes, last_suffixes, final_e, final_l] {
        word = step(word);
    }
    word
}

/// For each letter, true if it is a consonant: no vowel, and no y after a consonant.
fn consonants(word: &str) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::new();
    for c in word.bytes() {
        flags.push(match c {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => flags.last().is_none_or(|before| !before),
            _ => true,
        });
    }
    flags
}

/// The number of vowels before consonants.
fn measure(word: &str) -> usize {
    consonants(word).windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

fn has_vowel(word: &str) -> bool {
    consonants(word).contains(&false)
}

fn ends_double_consonant(word: &str) -> bool {
    let letters = word.as_bytes();
    let [.., before, last] = letters else { return false };
    before == last && consonants(word).last() == Some(&true)
}

/// Consonant, vowel, consonant at the end, the last not w, x or y; or a word of vowel and
/// consonant.
fn ends_short(word: &str) -> bool {
    match consonants(word).as_slice() {
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        [false, true] => true,
        _ => false,
    }
}

/// Replaces the first suffix of a list that the word has, if its condition holds of the rest.
fn replace(word: String, rules: &[(&str, &str)], holds: impl Fn(&str, &str) -> bool) -> String {
    for (suffix, by) in rules {
        if let Some(rest) = word.strip_suffix(suffix) {
            return if holds(rest, suffix) { format!("{rest}{by}") } else { word };
        }
    }
    word
}

fn plurals(word: String) -> String {
    if word.len() == 4 && word.ends_with("ies") {
        return word[..3].to_string();
    }
    replace(word, &[("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")], |_, _| true)
}

fn past(word: String) -> String {
    if let Some(rest) = word.strip_suffix("ied") {
        return format!("{rest}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(rest) = word.strip_suffix("eed") {
        return if measure(rest) > 0 { format!("{rest}ee") } else { word };
    }
    let rest = ["ed", "ing"].iter().filter_map(|suffix| word.strip_suffix(suffix));
    let Some(rest) = rest.into_iter().find(|rest| has_vowel(rest)).map(str::to_string) else {
        return word;
    };
    if ["at", "bl", "iz"].iter().any(|suffix| rest.ends_with(suffix)) {
        return rest + "e";
    }
    if ends_double_consonant(&rest) {
        let keeps = rest.ends_with(['l', 's', 'z']);
        return if keeps { rest } else { rest[..rest.len() - 1].to_string() };
    }
    if measure(&rest) == 1 && ends_short(&rest) { rest + "e" } else { rest }
}

fn y(word: String) -> String {
    replace(word, &[("y", "i")], |rest, _| rest.len() > 1 && consonants(rest).last() == Some(&true))
}

fn double_suffixes(word: String) -> String {
    if let Some(rest) = word.strip_suffix("alli").filter(|rest| measure(rest) > 0) {
        return double_suffixes(format!("{rest}al"));
    }
    const RULES: &[(&str, &str)] = &[
        ("ational", "ate"),
        ("tional", "tion"),
        ("enci", "ence"),
        ("anci", "ance"),
        ("izer", "ize"),
        ("bli", "ble"),
        ("alli", "al"),
        ("entli", "ent"),
        ("eli", "e"),
        ("ousli", "ous"),
        ("ization", "ize"),
        ("ation", "ate"),
        ("ator", "ate"),
        ("alism", "al"),
        ("iveness", "ive"),
        ("fulness", "ful"),
        ("ousness", "ous"),
        ("aliti", "al"),
        ("iviti", "ive"),
        ("biliti", "ble"),
        ("fulli", "ful"),
        ("logi", "log"),
    ];
    // The l of "logi" belongs to the stem: "geologi" has one measure.
    let measured = |rest: &str, suffix: &str| match suffix {
        "logi" => measure(&format!("{rest}l")) > 0,
        _ => measure(rest) > 0,
    };
    replace(word, RULES, measured)
}

fn suffixes(word: String) -> String {
    const RULES: &[(&str, &str)] = &[
        ("icate", "ic"),
        ("ative", ""),
        ("alize", "al"),
        ("iciti", "ic"),
        ("ical", "ic"),
        ("ful", ""),
        ("ness", ""),
    ];
    replace(word, RULES, |rest, _| measure(rest) > 0)
}

fn last_suffixes(word: String) -> String {
    const RULES: &[(&str, &str)] = &[
        ("al", ""),
        ("ance", ""),
        ("ence", ""),
        ("er", ""),
        ("ic", ""),
        ("able", ""),
        ("ible", ""),
        ("ant", ""),
        ("ement", ""),
        ("ment", ""),
        ("ent", ""),
        ("ion", ""),
        ("ou", ""),
        ("ism", ""),
        ("ate", ""),
        ("iti", ""),
        ("ous", ""),
        ("ive", ""),
        ("ize", ""),
    ];
    replace(word, RULES, |rest, suffix| {
        measure(rest) > 1 && (suffix != "ion" || rest.ends_with(['s', 't']))
    })
}

fn final_e(word: String) -> String {
    replace(word, &[("e", "")], |rest, _| match measure(rest) {
        0 => false,
        1 => !ends_short(rest),
        _ => true,
    })
}

fn final_l(word: String) -> String {
    replace(word, &[("ll", "l")], |rest, _| measure(&format!("{rest}l")) > 1)
}
