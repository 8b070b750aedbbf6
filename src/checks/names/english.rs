//! Names in English text: runs of capitalized words, with how sure they are names.

use super::common_words::is_common;
use super::gazetteer;
use crate::document::Span;

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its span in the text, without a possessive ending.
    pub span: Span,
    /// In lower case, without a possessive ending.
    pub folded: String,
    /// True if it is a common word, too: "Ford", "House".
    pub common: bool,
    /// True if its first letter is capital because of its place.
    pub initial: bool,
    /// True for words in capitals: "NATO".
    pub acronym: bool,
}

impl Word {
    /// True if only its place makes it a name; a word in a longer name is judged with the others.
    pub fn initial_only(&self, alone: bool) -> bool {
        self.initial && (self.common || alone)
    }

    /// True if it tells a name from others: titles, nationalities and initials do not.
    pub fn is_telling(&self) -> bool {
        /// Every writer uses some of these for others.
        const ORDINARY: &[&str] = &[
            "american",
            "americans",
            "america",
            "united",
            "states",
            "korean",
            "koreans",
            "korea",
            "south",
            "north",
            "republic",
            "president",
            "minister",
            "prime",
            "u.s",
            "us",
            "uk",
            "un",
            "eu",
            "the",
        ];
        self.folded.chars().nth(1).is_some()
            && !ORDINARY.contains(&self.folded.as_str())
            && !NO_NAMES.contains(&self.folded.as_str())
    }
}

/// A name: capitalized words in a row, with short words between them: "Newport on the Levee".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Its span in the text.
    pub span: Span,
    /// Its capitalized words, at least one.
    pub words: Vec<Word>,
    /// True if an article stands before it.
    pub article: bool,
    /// True if a verb of speech follows.
    pub before_speech: bool,
}

impl Name {
    /// True if a common word stands where a surname does: "President Ford", "Ford said".
    fn is_surname(&self, at: usize) -> bool {
        const SHORTEST: usize = 4;
        let word = &self.words[at];
        let is_inflected = ["s", "ed", "ing"].iter().any(|ending| word.folded.ends_with(ending));
        let place = !word.initial || self.before_speech && !is_inflected;
        let form = word.common && !word.acronym && word.folded.len() >= SHORTEST;
        let plain = !INSTITUTIONS.contains(&word.folded.as_str())
            && !TITLES.contains(&word.folded.as_str())
            && !NO_NAMES.contains(&word.folded.as_str())
            && word.folded.chars().all(char::is_alphabetic);
        place && form && plain && !self.article
    }
}

/// Lower-case words inside names.
const JOINERS: &[&str] = &[
    "of", "the", "for", "and", "on", "de", "la", "le", "da", "do", "dos", "del", "di", "von",
    "van", "der", "den", "bin", "al", "el", "ibn", "du",
];

/// Capitalized words that are no names of persons or places: days, months, titles, pronouns.
#[rustfmt::skip]
const NO_NAMES: &[&str] = &[
    "i", "i'm", "i've", "i'd", "i'll", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "mr", "mrs", "ms", "dr", "jr", "sr", "st", "prof", "gen", "col", "lt",
    "sgt", "capt", "sen", "rep", "gov", "rev", "sept", "oct", "nov", "dec", "jan", "feb", "aug", "am", "pm",
    "ok", "tv", "corp", "inc", "ltd", "co", "plc", "llc", "insp", "pc", "sgt", "ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii", "xx",
];

/// The names of a text in order; `sentences` are the spans of its sentences.
pub(super) fn names(text: &str, sentences: &[Span]) -> Vec<Name> {
    let mut found = Vec::new();
    for sentence in sentences {
        if let Some(part) = text.get(sentence.clone()) {
            names_of_sentence(part, sentence.start, &mut found);
        }
    }
    found
}

fn names_of_sentence(sentence: &str, offset: usize, found: &mut Vec<Name>) {
    let words: Vec<Span> = words(sentence).collect();
    let is_capital = |word: &Span| sentence[word.clone()].starts_with(char::is_uppercase);
    let headline = is_headline(sentence, &words);
    // Words that are names stand together: only spaces and the period of an initial between them.
    let adjacent = |at: usize| {
        let between = &sentence[words[at - 1].end..words[at].start];
        between.chars().all(|c| c == ' ' || c == '.')
            && !(between.contains('.') && words[at - 1].len() > 3)
            && !sentence[words[at - 1].end..].starts_with(['\'', '’'])
    };
    let mut at = 0;
    while at < words.len() {
        if !is_capital(&words[at]) {
            at += 1;
            continue;
        }
        let mut name = vec![at];
        let mut next = at + 1;
        while next < words.len() && adjacent(next) {
            if is_capital(&words[next]) {
                name.push(next);
                next += 1;
                continue;
            }
            let joined = (next..words.len().min(next + 3))
                .take_while(|at| adjacent(*at) && JOINERS.contains(&&sentence[words[*at].clone()]))
                .last()
                .map(|last| last + 1)
                .filter(|end| *end < words.len() && adjacent(*end) && is_capital(&words[*end]));
            let Some(end) = joined else { break };
            name.push(end);
            next = end + 1;
        }
        let read = |index: &usize| {
            let word = &words[*index];
            let text = &sentence[word.clone()];
            let folded = text.to_lowercase().replace('’', "'");
            let letters = text.chars().filter(|c| c.is_alphabetic());
            let capitals = letters.clone().filter(|c| c.is_uppercase()).count();
            let initial = is_initial(sentence, word.start);
            Word {
                common: is_no_name(&folded, initial || headline),
                initial: initial || headline,
                acronym: capitals >= 2 && capitals * 2 > letters.count(),
                span: offset + word.start..offset + word.end,
                folded,
            }
        };
        let article = at > 0
            && ["a", "an", "the"]
                .contains(&sentence[words[at - 1].clone()].to_lowercase().as_str());
        let (first, last) = (&words[at], &words[next - 1]);
        let before_speech =
            words.get(next).is_some_and(|word| SPEECH.contains(&&sentence[word.clone()]));
        found.push(Name {
            before_speech,
            span: offset + first.start..offset + last.end,
            words: name.iter().map(read).collect(),
            article,
        });
        at = next;
    }
}

/// Part of a name that is judged alone: a place that the gazetteer has, or words in a row.
#[derive(Debug)]
pub(super) struct Unit {
    pub span: Span,
    /// Korean names; empty if the unit is known by its sound alone.
    pub known: &'static [&'static str],
    pub words: Vec<Word>,
    /// True if it may be an adjective or a common noun: "a Janissary band", "Elizabethan".
    pub doubtful: bool,
}

/// The parts of a name that can be judged.
pub(super) fn units(english: &str, name: &Name) -> Vec<Unit> {
    const LONGEST: usize = 3;
    const SHORTEST: usize = 4;
    let words = &name.words;
    let mut units: Vec<Unit> = Vec::new();
    let mut open = false;
    let mut at = 0;
    while at < words.len() {
        let known = (at + 1..=words.len().min(at + LONGEST)).rev().find_map(|end| {
            let span = words[at].span.start..words[end - 1].span.end;
            let known = gazetteer::korean(&english[span.clone()].to_lowercase());
            let sure = !words[at].common
                || !words[at].initial
                || end > at + 1
                || COUNTRIES.contains(&words[at].folded.as_str());
            let sure = sure && !is_currency(&english[span.end..]);
            (!known.is_empty() && sure).then_some((end, span, known))
        });
        if let Some((end, span, known)) = known {
            let words = words[at..end].to_vec();
            let doubtful = !gazetteer::is_distinct(&english[span.clone()].to_lowercase());
            units.push(Unit { span, known, words, doubtful });
            (open, at) = (false, end);
            continue;
        }
        let word = &words[at];
        let strong = !word.common && !word.acronym && word.folded.chars().count() >= SHORTEST;
        let titled = at > 0 && TITLES.contains(&words[at - 1].folded.as_str());
        let surname = name.is_surname(at) && (words.len() == 1 || titled);
        if strong || surname || (open && !word.common) {
            if open && let Some(unit) = units.last_mut() {
                unit.span.end = word.span.end;
                unit.words.push(word.clone());
            } else {
                const ADJECTIVES: &[&str] =
                    &["an", "ans", "ic", "al", "ese", "ish", "ist", "ists", "ism", "ite", "ites"];
                let doubtful = name.article && at == 0 && words.len() == 1
                    || word.folded.contains('-')
                    || ADJECTIVES.iter().any(|ending| word.folded.ends_with(ending));
                let sure = titled || name.before_speech && !word.folded.ends_with('s');
                let doubtful = doubtful || !strong && !sure;
                let (span, words) = (word.span.clone(), vec![word.clone()]);
                units.push(Unit { span, known: &[], words, doubtful });
            }
            open = true;
        }
        at += 1;
    }
    units
}

/// Places whose names are common words, too, but seldom stand first in a sentence as those.
const COUNTRIES: &[&str] = &["china", "japan", "turkey"];

/// Titles before surnames.
const TITLES: &[&str] = &[
    "president",
    "minister",
    "secretary",
    "chancellor",
    "judge",
    "justice",
    "senator",
    "mayor",
    "governor",
    "king",
    "queen",
    "prince",
    "princess",
    "sir",
    "general",
    "captain",
    "colonel",
    "professor",
    "coach",
    "mr",
    "mrs",
    "ms",
    "dr",
    "miss",
    "chairman",
    "director",
];

/// Common words that are capitalized without being the name of a person or a company.
#[rustfmt::skip]
const INSTITUTIONS: &[&str] = &[
    "academy", "act", "administration", "agency", "allies", "ambassador", "amendment", "archbishop", "arena", "army",
    "assembly", "association", "attorney", "authority", "bank", "bay", "bill", "bishop", "board", "bureau",
    "cabinet", "captain", "cardinal", "cathedral", "center", "central", "centre", "chairman", "chancellor",
    "chapel", "charter", "chief", "church", "city", "coast", "college", "colonel", "commerce", "commission", "commissioner",
    "committee", "commonwealth", "communism", "communist", "community", "company", "conference", "confederation", "conservative",
    "conservatives", "constitution", "convention", "corps", "council", "councillor", "county", "court", "crown", "cup", "defense",
    "defence", "democrat", "democratic", "department", "deputy", "director", "district", "duke", "earl", "earth", "east",
    "eastern", "education", "election", "embassy", "emperor", "empire", "euro", "executive", "exchange", "far",
    "father", "federal", "federation", "fire", "force", "foreign", "forum", "foundation", "games", "general",
    "gospel", "government", "governor", "grand", "green", "greens", "guard", "gulf", "health", "heaven", "high",
    "his", "hall", "her", "highway", "holocaust", "holy", "home", "honor", "hospital", "hotel", "house", "human", "independence",
    "industry", "inquiry", "inspector", "institute", "intelligence", "interior", "international", "internet",
    "island", "islands", "its", "judge", "justice", "king", "kingdom", "labor", "lady", "lake", "law", "league",
    "left", "liberal", "liberals", "library", "lord", "lords", "madam", "majesty", "marine", "marines", "mayor", "media", "medieval",
    "metropolitan", "mid", "middle", "military", "minister", "ministry", "mission", "monarchy", "moon", "mother", "mount", "mountain", "mountains",
    "museum", "my", "nation", "national", "nations", "native", "navy", "new", "north", "northern", "northwest", "northeast", "ocean", "office", "officer", "official",
    "old", "operation", "opposition", "order", "organization", "our", "palace", "park", "parliament", "parliamentary", "party", "peninsula", "people",
    "pm", "police", "pope", "port", "premier", "president", "presidency", "press", "priest", "prime", "prince", "princess", "professor",
    "project", "prosecutor", "protocol", "province", "provincial", "public", "queen", "railway", "red", "reformation", "region", "regional", "renaissance",
    "report", "representative", "representatives", "republic", "research", "reserve", "resistance", "revolution", "right", "river", "road", "round", "royal", "saint", "school", "sea",
    "secretary", "security", "senate", "senator", "senior", "service", "services", "sir", "sister", "social", "socialist", "society", "south",
    "southern", "southeast", "southwest", "speaker", "square", "stadium", "standard", "state", "states", "station", "stock", "street", "summit",
    "sun", "superintendent", "supreme", "team", "television", "territory", "the", "their", "this", "tower", "town", "trade", "treasury", "treaty",
    "tribunal", "tropical", "typhoon", "hurricane", "storm", "union", "united", "university", "upper", "valley", "vice", "village", "war", "we", "web", "west", "western", "white",
    "women", "world", "you", "your", "youth", "god", "gods", "bible", "scripture", "trinity", "zodiac", "renaissance", "pact", "accord", "pole",
    "universe", "galaxy", "solar", "orbit", "sphinx", "pyramid", "pyramids", "titan", "classical", "baroque", "gothic", "cold", "ice", "stone", "bronze", "iron", "dark", "ages", "age",
    "they", "both", "some", "many", "most", "all", "those", "these", "that", "who", "everyone", "someone", "people", "police",
    "midwest", "capitol", "chamber", "congress", "congressional", "republican", "republicans", "democrats", "labour", "tory", "brexit", "parliamentarian", "santa", "halloween",
];

/// Verbs after which and before which a person is named.
const SPEECH: &[&str] = &[
    "said",
    "says",
    "told",
    "added",
    "argued",
    "argues",
    "claimed",
    "announced",
    "insisted",
    "replied",
    "wrote",
    "tweeted",
    "asked",
    "denied",
    "warned",
    "declared",
    "testified",
    "noted",
    "explained",
    "stated",
    "recalled",
    "suggested",
    "admitted",
    "pledged",
    "vowed",
];

/// True if the text after "US" makes it a currency: "US$5", "US dollars".
fn is_currency(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '-', '.']);
    after.starts_with('$') || after.starts_with("dollar") || after.starts_with("cent")
}

/// True if a word may be no name: a common word or a compound of them.
fn is_no_name(word: &str, initial: bool) -> bool {
    const SHORTEST_PART: usize = 4;
    /// Endings of learned words that no list of common words has all of.
    const LEARNED: &[&str] = &[
        "ological", "ologist", "ologists", "icist", "icists", "graphic", "ation", "ations", "ism",
    ];
    let base = word.split(['\'', '’']).next().filter(|base| !base.is_empty()).unwrap_or(word);
    const CONTRACTIONS: &[&str] = &["'ve", "'re", "'ll", "'d", "'m", "n't", "'s"];
    let folded = word.replace('’', "'");
    let contraction = CONTRACTIONS.iter().any(|ending| folded.ends_with(ending));
    let compound = |word: &str| {
        (SHORTEST_PART..=word.len().saturating_sub(SHORTEST_PART))
            .any(|at| word.is_char_boundary(at) && is_common(&word[..at]) && is_common(&word[at..]))
    };
    is_common(word)
        || NO_NAMES.contains(&word)
        || contraction && (base.len() <= 4 || is_common(base) || NO_NAMES.contains(&base))
        || word.chars().any(|c| c.is_numeric() || c == '.')
        || word.contains('-') && word.split('-').any(|part| part.len() > 2 && is_common(part))
        || LEARNED.iter().any(|ending| word.ends_with(ending))
        || (initial || word.ends_with('s')) && compound(word)
}

/// True if most words are capitalized, as in a headline.
fn is_headline(sentence: &str, words: &[Span]) -> bool {
    const LONG: usize = 4;
    let long = words.iter().filter(|word| word.len() >= LONG);
    let capital =
        long.clone().filter(|word| sentence[(*word).clone()].starts_with(char::is_uppercase));
    let (capital, long) = (capital.count(), long.count());
    let ends =
        sentence.trim_end_matches(['"', '”', '\'', '’', ')', ' ']).ends_with(['.', '?', '!']);
    !ends && long >= 3 && capital * 3 >= long * 2
}

/// True at the first word of a sentence, a quotation, a line or what follows a colon.
fn is_initial(sentence: &str, at: usize) -> bool {
    let before = sentence[..at].trim_end_matches([' ', '(', '[']);
    before.is_empty()
        || before.ends_with([
            '"', '“', '”', '‘', '\'', ':', ';', '.', '!', '?', '…', '\n', '-', '–', '—', '•', '*',
            '/',
        ])
}

/// Spans of words with their inner hyphens, apostrophes and periods: "Min-koo", "O'Brien", "U.S".
/// A possessive ending is not part of a word.
pub(super) fn words(text: &str) -> impl Iterator<Item = Span> + '_ {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '’' | '\'');
    let mut at = 0;
    text.split(move |c| !inside(c)).filter_map(move |part| {
        let start = at + part.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
        let word = part.trim_matches(|c: char| !c.is_alphanumeric());
        // The separator is one character of any length.
        at += part.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        let word = word.strip_suffix("'s").or(word.strip_suffix("’s")).unwrap_or(word);
        (!word.is_empty()).then(|| start..start + word.len())
    })
}
