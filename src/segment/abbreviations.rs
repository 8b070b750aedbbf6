//! English words that carry a full stop without ending a sentence: tables, and the one question
//! asked of them.

/// What the full stop after a word says about the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// An ordinary word: the stop ends the sentence.
    Ends,
    /// The word needs what follows it ("Gen. Scaparrotti"): the stop never ends a sentence.
    Leads,
    /// The word leads a number ("No. 5") and is an ordinary word otherwise.
    LeadsNumber,
    /// The word may stand last in its sentence ("in the U.S. The"): what follows decides.
    Open,
}

/// Titles and words that are always followed by the name they belong to.
#[rustfmt::skip]
const LEADING: &[&str] = &[
    "adm", "amb", "asst", "atty", "brig", "capt", "cdr", "cmdr", "col", "comdr", "comr", "cpl", "cpt",
    "dep", "det", "dir", "dr", "drs", "ens", "fr", "gen", "gens", "gov", "govs", "hon", "insp", "lt", "ltc",
    "maj", "messrs", "mlle", "mme", "mr", "mrs", "ms", "msgr", "mt", "v", "pfc", "pres", "prof", "profs",
    "pvt", "rep", "reps", "rev", "sen", "sens", "sgt", "spc", "st", "supt", "vs", "viz", "cf", "e.g", "i.e",
    "eg", "ie", "al", "ft",
];

/// Words that lead a number.
#[rustfmt::skip]
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "art", "ch", "fig", "figs", "p", "pp", "para", "sec", "vol", "vols", "nr", "ver",
];

/// Words that may stand anywhere: companies, places, months, days.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "inc", "co", "corp", "ltd", "llc", "bros", "cos", "plc", "intl", "assn", "univ", "dept", "est", "jr",
    "sr", "esq", "etc", "ave", "blvd", "rd", "hwy", "bldg", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "calif",
    "fla", "conn", "mass", "pa", "va", "md", "mich", "minn", "tenn", "wash", "ariz", "colo", "ill", "ind",
    "ga", "approx", "incl", "min", "max", "ph.d", "sq", "oz", "lbs", "lb", "kg", "km", "op",
];

/// Words that begin a sentence far more often than they continue one after an abbreviation. "U.S. Defense" goes on,
/// "U.S. The" does not.
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

/// Verbs that follow a quotation: `"Are you ready?" Kim asked.`
#[rustfmt::skip]
const SPEECH: &[&str] = &[
    "said", "says", "asked", "asks", "told", "added", "wrote", "shouted", "cried", "replied", "answered",
    "tweeted", "wondered", "exclaimed", "noted", "stressed", "recalled",
];

/// What a full stop after `word` (given without that stop) means.
pub(super) fn stop_after(word: &str) -> Stop {
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    let mut chars = word.chars();
    let single = chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none();
    if single && word.chars().all(char::is_uppercase) && word.is_ascii() {
        // An initial, before "p." for "page" is thought of.
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

/// Letters with stops between them: "U.S", "a.m", "Ph.D", "U.N".
fn is_dotted(word: &str) -> bool {
    word.contains('.')
        && word
            .split('.')
            .all(|part| matches!(part.len(), 1 | 2) && part.chars().all(char::is_alphabetic))
}

/// Whether a sentence is likely to begin with this word even after an abbreviation.
pub(super) fn is_starter(word: &str) -> bool {
    STARTERS.contains(&word)
}

/// Whether this is a verb that attributes the quotation before it.
pub(super) fn is_speech(word: &str) -> bool {
    SPEECH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_word_is_known_for_what_its_stop_means() {
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
