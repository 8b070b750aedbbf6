//! English abbreviations: tables of words after which a period need not end a sentence.

/// The meaning of the period after a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// An ordinary word: the period ends the sentence.
    Ends,
    /// The word belongs to the next one ("Gen. Scaparrotti"): the period never ends a sentence.
    Leads,
    /// The word belongs to a number ("No. 5"), and is an ordinary word without one.
    LeadsNumber,
    /// The word may be the last of its sentence ("in the U.S. The"): the next word decides.
    Open,
}

/// Titles and words that a name always follows.
#[rustfmt::skip]
const LEADING: &[&str] = &[
    "adm", "amb", "asst", "atty", "brig", "capt", "cdr", "cmdr", "col", "comdr", "comr", "cpl", "cpt",
    "dep", "det", "dir", "dr", "drs", "ens", "fr", "gen", "gens", "gov", "govs", "hon", "insp", "lt", "ltc",
    "maj", "messrs", "mlle", "mme", "mr", "mrs", "ms", "msgr", "mt", "v", "pfc", "pres", "prof", "profs",
    "pvt", "rep", "reps", "rev", "sen", "sens", "sgt", "spc", "st", "supt", "vs", "viz", "cf", "e.g", "i.e",
    "eg", "ie", "al", "ft",
];

/// Words that belong to a number.
#[rustfmt::skip]
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "art", "ch", "fig", "figs", "p", "pp", "para", "sec", "vol", "vols", "nr", "ver",
];

/// Words that may be the last of a sentence: companies, places, months, days.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "inc", "co", "corp", "ltd", "llc", "bros", "cos", "plc", "intl", "assn", "univ", "dept", "est", "jr",
    "sr", "esq", "etc", "ave", "blvd", "rd", "hwy", "bldg", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "calif",
    "fla", "conn", "mass", "pa", "va", "md", "mich", "minn", "tenn", "wash", "ariz", "colo", "ill", "ind",
    "ga", "approx", "incl", "min", "max", "ph.d", "sq", "oz", "lbs", "lb", "kg", "km", "op",
];

/// Words that begin a sentence much more often than they continue one after an abbreviation:
/// "U.S. The", but not "U.S. Defense".
#[rustfmt::skip]
const STARTERS: &[&str] = &[
    "The", "A", "An", "This", "That", "These", "Those", "He", "She", "It", "They", "We", "You", "I", "His",
    "Her", "Its", "Their", "Our", "In", "On", "At", "By", "For", "From", "With", "After", "Before",
    "During", "Since", "While", "When", "Where", "If", "As", "But", "And", "Or", "So", "Yet", "However",
    "Meanwhile", "Although", "Though", "Some", "Many", "Most", "Both", "Each", "Another", "Other", "Others",
    "There", "Here", "What", "Who", "How", "Why", "Last", "Under", "Earlier", "Later", "Also", "Still",
    "Then", "Now", "Only", "Not", "No", "Such", "According", "Officials", "Police", "Asked", "Despite",
    "Because", "Once", "To", "Of",
];

/// Verbs after a quotation: `"Are you ready?" Kim asked.`
#[rustfmt::skip]
const SPEECH: &[&str] = &[
    "said", "says", "asked", "asks", "told", "added", "wrote", "shouted", "cried", "replied", "answered",
    "tweeted", "wondered", "exclaimed", "noted", "stressed", "recalled",
];

/// The meaning of the period after `word`, which is given without it.
pub(super) fn stop_after(word: &str) -> Stop {
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    let mut chars = word.chars();
    let single = chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none();
    if single && word.chars().all(char::is_uppercase) && word.is_ascii() {
        // An initial; only "p." in lower case means "page".
        Stop::Open
    } else if LEADING.contains(&lower) {
        Stop::Leads
    } else if BEFORE_NUMBERS.contains(&lower) {
        Stop::LeadsNumber
    } else if (single && word.is_ascii()) || is_dotted(lower) || OPEN.contains(&lower) {
        Stop::Open
    } else {
        Stop::Ends
    }
}

/// True for letters with periods between them: "U.S", "a.m", "Ph.D".
fn is_dotted(word: &str) -> bool {
    word.contains('.')
        && word
            .split('.')
            .all(|part| matches!(part.len(), 1 | 2) && part.chars().all(char::is_alphabetic))
}

/// True if this word probably begins a sentence, even after an abbreviation.
pub(super) fn is_starter(word: &str) -> bool {
    STARTERS.contains(&word)
}

/// True for a verb that attributes the quotation before it.
pub(super) fn is_speech(word: &str) -> bool {
    SPEECH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_after_each_kind_of_word_has_its_meaning() {
        let table = [
            ("Gen", Stop::Leads),
            ("Lt", Stop::Leads),
            ("No", Stop::LeadsNumber),
            ("U.S", Stop::Open),
            ("a.m", Stop::Open),
            ("J", Stop::Open),
            ("P", Stop::Open),
            ("p", Stop::LeadsNumber),
            ("Ltd", Stop::Open),
            ("Jan", Stop::Open),
            ("Korea", Stop::Ends),
            ("example.com", Stop::Ends),
            ("갑", Stop::Ends),
        ];
        for (word, stop) in table {
            assert_eq!(stop_after(word), stop, "{word}");
        }
    }
}
