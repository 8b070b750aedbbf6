//! Puts the tags of a text around new words.
//!
//! An element whose words occur in the new text goes around them with all tags inside it. Only
//! elements outside of placed ones are searched for, which takes a few searches for a block,
//! however deep a hostile text nests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::{Inline, Tag, c_escape, element, escape, is_code, name, override_end};
use crate::document::{Counterpart, Span};

/// Upper bound on searched bytes per byte of the old and the new words: enough for a paragraph
/// with a hundred different elements.
const EFFORT: usize = 128;

impl Inline {
    /// The new words with the tags, and the tags of elements that have no place among them. Tags at
    /// the ends stay at the ends; an element inside goes around the same words of the new text.
    pub fn put<'t>(&'t self, words: &str) -> (String, Vec<&'t str>) {
        self.put_at(words, &[])
    }

    /// The same where some places are known: an element around the words of a counterpart goes
    /// around the words that stand for them.
    ///
    /// ```
    /// use malmoi::document::{Counterpart, Inline};
    /// let inline = Inline::read("The <b>ferry</b> left.");
    /// let ferry = Counterpart { source: 4..9, target: 0..9, is_estimate: false };
    /// assert_eq!(inline.put_at("여객선이 떠났다.", &[ferry]).0, "<b>여객선</b>이 떠났다.");
    /// ```
    pub fn put_at<'t>(
        &'t self,
        words: &str,
        counterparts: &[Counterpart],
    ) -> (String, Vec<&'t str>) {
        let start = self.text.len() - self.text.trim_start().len();
        let inside = start..self.text.trim_end().len().max(start);
        let mut put = Put {
            inline: self,
            words,
            partners: partners(&self.tags),
            inside,
            placements: BTreeMap::new(),
            known: self.known(words, counterparts, false),
            estimated: self.known(words, counterparts, true),
            cursors: HashMap::new(),
            effort: EFFORT.saturating_mul(self.text.len() + words.len() + 64),
            lead: String::new(),
            tail: String::new(),
            lost: Vec::new(),
        };
        if self.text[put.inside.clone()] == *words.trim() {
            // The same words: every tag keeps its place.
            let from = words.len() - words.trim_start().len();
            let placement = Placement {
                end: from + words.trim().len(),
                tags: 0..self.tags.len(),
                inside: put.inside.clone(),
                has_own_words: false,
            };
            put.placements.insert((from, true), placement);
        } else {
            put.place();
        }
        put.write()
    }

    /// The counterparts whose spans hold words, by their words in the source. Those that are
    /// estimates end with whole words.
    fn known(
        &self,
        words: &str,
        counterparts: &[Counterpart],
        are_estimates: bool,
    ) -> Counterparts {
        let of_kind = counterparts.iter().filter(|one| one.is_estimate == are_estimates);
        let known = of_kind.filter_map(|Counterpart { source, target, .. }| {
            let (source, target) = (trimmed(&self.text, source)?, trimmed(words, target)?);
            let target = if are_estimates { whole_words(words, target) } else { target };
            Some(((source.start, source.end), target))
        });
        known.collect()
    }

    /// The words of each element with words before or after it, as spans of the words of all.
    pub(crate) fn elements(&self) -> Vec<Span> {
        let inside = self.text.len() - self.text.trim_start().len()..self.text.trim_end().len();
        let partners = partners(&self.tags);
        let elements =
            self.tags.iter().zip(&partners).enumerate().filter_map(|(at, (tag, end))| {
                let end = end.filter(|end| *end > at)?;
                trimmed(&self.text, &(tag.at..self.tags[end].at))
            });
        let mut elements: Vec<Span> = elements.filter(|span| *span != inside).collect();
        elements.dedup();
        elements
    }

    fn escaped(&self, words: &str) -> String {
        if self.escaped { escape(words) } else { words.to_string() }
    }
}

/// An element with a place in the new words.
struct Placement {
    /// Its end in the new words.
    end: usize,
    /// Its tags, from the opening to the closing one.
    tags: Range<usize>,
    /// Its words in the source, trimmed.
    inside: Span,
    /// True if its words in the new text are others, between all its tags.
    has_own_words: bool,
}

/// Spans in the new text by those in the source.
type Counterparts = HashMap<(usize, usize), Span>;

/// A search: the words of an element, and whether a word of the source continues before and after
/// them.
type Search<'t> = (&'t str, bool, bool);

struct Put<'t, 'w> {
    inline: &'t Inline,
    words: &'w str,
    partners: Vec<Option<usize>>,
    /// The trimmed words of the source.
    inside: Span,
    /// Placed elements by their start in the new words, without overlap. An anchor, which is false
    /// here, stands before an element at its place.
    placements: BTreeMap<(usize, bool), Placement>,
    /// Where words of the source stand in the new text.
    known: Counterparts,
    /// Where they probably stand.
    estimated: Counterparts,
    /// For each search the position where the next one begins.
    cursors: HashMap<Search<'t>, usize>,
    /// Bytes that may still be searched.
    effort: usize,
    lead: String,
    tail: String,
    lost: Vec<&'t str>,
}

impl<'t> Put<'t, '_> {
    /// Finds a place for each tag. They are searched one by one, as English and Korean differ in
    /// word order.
    fn place(&mut self) {
        let tags = &self.inline.tags;
        let mut pictures = vec![0_usize];
        pictures.extend(tags.iter().scan(0, |count, tag| {
            *count += usize::from(self.inline.is_picture(&tag.raw));
            Some(*count)
        }));
        // The tags of the last placed element.
        let mut done = 0..0;
        // The ends of elements that were moved to the end without their words.
        let mut moved = HashSet::new();
        for (at, tag) in tags.iter().enumerate() {
            let partner = self.partners[at];
            if done.contains(&at) && partner.is_none_or(|partner| done.contains(&partner)) {
                continue;
            }
            let Some(partner) = partner else {
                self.lone(at);
                continue;
            };
            let (open, close) = (&tags[at.min(partner)], &tags[at.max(partner)]);
            let has_words = !self.inside.is_empty();
            if has_words && close.at <= self.inside.start {
                self.lead.push_str(&tag.raw);
            } else if open.at >= self.inside.end {
                self.tail.push_str(&tag.raw);
            } else if open.at <= self.inside.start && close.at >= self.inside.end {
                if at < partner { &mut self.lead } else { &mut self.tail }.push_str(&tag.raw);
            } else if at < partner {
                // An element that begins inside a placed one and ends beyond it has no place.
                let element = at..partner + 1;
                if done.contains(&at) {
                    self.lose(at, Some(partner));
                } else if self.find(element.clone()) {
                    done = element;
                } else if self.is_empty(&element) && pictures[partner + 1] > pictures[at] {
                    // A picture in a link moves to the end of the words.
                    let inside = open.at..open.at;
                    let mut tail = std::mem::take(&mut self.tail);
                    self.write_placement(
                        &mut tail,
                        0,
                        &Placement { end: 0, tags: element.clone(), inside, has_own_words: false },
                    );
                    self.tail = tail;
                    done = element;
                } else if self.inline.is_anchor(&tag.raw) {
                    if !is_code(name(&tag.raw)) {
                        self.lost.push(&tag.raw);
                    }
                    moved.insert(partner);
                    self.tail.push_str(&tag.raw);
                } else {
                    self.lose(at, Some(partner));
                }
            } else if moved.contains(&at) {
                self.tail.push_str(&tag.raw);
            }
        }
    }

    /// Notes a tag that has no place. Where tags must not be left out, its element goes to the end
    /// of the words.
    fn lose(&mut self, at: usize, partner: Option<usize>) {
        let tags = &self.inline.tags;
        self.lost.push(&tags[at].raw);
        if self.inline.keeps_tags {
            self.tail.push_str(&tags[at].raw);
            self.tail.push_str(partner.map_or("", |partner| &tags[partner].raw));
        }
    }

    /// Places a tag without a partner. An anchor stays behind its word or its sentence. Where the
    /// place among the new words is unknown, a picture moves to their end; a line break is lost.
    fn lone(&mut self, at: usize) {
        let tag = &self.inline.tags[at];
        if tag.at <= self.inside.start && !self.inside.is_empty() {
            self.lead.push_str(&tag.raw);
        } else if tag.at >= self.inside.end {
            self.tail.push_str(&tag.raw);
        } else if self.inline.is_anchor(&tag.raw) && self.find_anchor(at, tag) {
            // Placed.
        } else if self.inline.is_picture(&tag.raw) {
            self.tail.push_str(&tag.raw);
        } else {
            self.lose(at, None);
        }
    }

    /// Places an anchor behind the word that it follows, if that occurs once in the new text, or
    /// behind its sentence, if both texts have as many.
    fn find_anchor(&mut self, at: usize, tag: &Tag) -> bool {
        let text = &self.inline.text;
        if !self.spend(text.len() + self.words.len()) {
            return false;
        }
        let before = text[..tag.at].trim_end();
        let ends = sentence_ends(text);
        let sentence = ends.iter().position(|end| *end == before.len());
        let new_ends = sentence_ends(self.words);
        let place = match sentence.filter(|_| ends.len() == new_ends.len()) {
            Some(number) => Some(new_ends[number]),
            None => {
                let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
                let word = word.trim_matches(|c: char| !c.is_alphanumeric());
                let mut hits = self.words.match_indices(word).map(|(hit, _)| hit + word.len());
                let only = hits.next().filter(|_| word.chars().count() > 1);
                only.filter(|_| hits.next().is_none())
            }
        };
        let Some(place) = place else { return false };
        let last = self.placements.range(..(place, false)).next_back();
        let is_taken = last.is_some_and(|(_, placement)| placement.end > place);
        if is_taken || self.placements.contains_key(&(place, false)) {
            return false;
        }
        let inside = tag.at..tag.at;
        let placement = Placement { end: place, tags: at..at + 1, inside, has_own_words: false };
        self.placements.insert((place, false), placement);
        true
    }

    /// True if an element has no words.
    fn is_empty(&self, element: &Range<usize>) -> bool {
        let (open, close) = (&self.inline.tags[element.start], &self.inline.tags[element.end - 1]);
        // Longer white space does not occur; it would be scanned for each element.
        close.at - open.at <= 1 && self.inline.text[open.at..close.at].trim().is_empty()
    }

    /// Finds the words of an element in the new text, outside of placed elements.
    fn find(&mut self, element: Range<usize>) -> bool {
        let text = &self.inline.text;
        let (open, close) = (&self.inline.tags[element.start], &self.inline.tags[element.end - 1]);
        if !self.spend(close.at - open.at) {
            return false;
        }
        let inside = text[open.at..close.at].trim();
        if inside.is_empty() {
            return false;
        }
        let start = open.at + (close.at - open.at - text[open.at..close.at].trim_start().len());
        let source = start..start + inside.len();
        if self.place_at(&element, &source, self.known.get(&(source.start, source.end)).cloned()) {
            return true;
        }
        let search = (inside, continues_before(text, &source), continues_after(text, &source));
        let mut from = self.cursors.get(&search).copied().unwrap_or(0);
        let found = loop {
            let Some(hit) = self.words[from..].find(inside) else {
                self.spend(self.words.len() - from);
                from = self.words.len();
                break None;
            };
            let span = from + hit..from + hit + inside.len();
            if !self.spend(hit + inside.len() + 16) {
                break None;
            }
            let before = self.placements.range(..(span.end, false)).next_back();
            if let Some((_, taken)) = before.filter(|(_, placement)| placement.end > span.start) {
                from = taken.end;
            } else if (!search.1 && continues_before(self.words, &span))
                || (!search.2 && continues_after(self.words, &span))
            {
                from = span.start + inside.chars().next().map_or(1, char::len_utf8);
            } else {
                from = span.end;
                break Some(span);
            }
        };
        self.cursors.insert(search, from);
        let Some(span) = found else {
            let estimate = self.estimated.get(&(source.start, source.end)).cloned();
            return self.place_at(&element, &source, estimate);
        };
        let placement =
            Placement { end: span.end, tags: element, inside: source, has_own_words: false };
        self.placements.insert((span.start, true), placement);
        true
    }

    /// Places an element around the counterpart of its words, if there is one and it is free. Tags
    /// among its words have no place there.
    fn place_at(&mut self, element: &Range<usize>, source: &Span, span: Option<Span>) -> bool {
        let Some(span) = span else { return false };
        if !self.spend(element.len()) {
            return false;
        }
        let before = self.placements.range(..(span.end, false)).next_back();
        let is_taken = before.is_some_and(|(_, placement)| placement.end > span.start);
        let tags = &self.inline.tags[element.clone()];
        if is_taken || tags.iter().any(|tag| source.start < tag.at && tag.at < source.end) {
            return false;
        }
        let (tags, inside) = (element.clone(), source.clone());
        let placement = Placement { end: span.end, tags, inside, has_own_words: true };
        self.placements.insert((span.start, true), placement);
        true
    }

    /// Spends search effort; false if it is used up.
    fn spend(&mut self, bytes: usize) -> bool {
        self.effort = self.effort.saturating_sub(bytes + 1);
        self.effort > 0
    }

    fn write(mut self) -> (String, Vec<&'t str>) {
        let mut raw = std::mem::take(&mut self.lead);
        let mut from = 0;
        for ((start, _), placement) in &self.placements {
            raw.push_str(&self.inline.escaped(&self.words[from..*start]));
            self.write_placement(&mut raw, *start, placement);
            from = placement.end;
        }
        raw.push_str(&self.inline.escaped(&self.words[from..]));
        raw.push_str(&self.tail);
        (if self.inline.quoted { c_escape(&raw) } else { raw }, self.lost)
    }

    /// Appends an element that is placed at `start`, its tags at the same letters as in the source.
    fn write_placement(&self, raw: &mut String, start: usize, placement: &Placement) {
        let mut from = placement.inside.start;
        let words = |span: Span| match placement.has_own_words {
            // All letters come after the tags at their start.
            true if span.is_empty() => String::new(),
            true => self.inline.escaped(&self.words[start..placement.end]),
            false => self.inline.escaped(&self.inline.text[span]),
        };
        for at in placement.tags.clone() {
            if self.partners[at].is_some_and(|partner| !placement.tags.contains(&partner)) {
                continue;
            }
            let tag = &self.inline.tags[at];
            let to = tag.at.clamp(from, placement.inside.end);
            raw.push_str(&words(from..to));
            raw.push_str(&tag.raw);
            from = to;
        }
        raw.push_str(&words(from..placement.inside.end));
    }
}

/// The ends of a text's sentences, by their full stops alone.
fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    for (at, stop) in text.match_indices(['.', '!', '?', '。']) {
        let end = at + stop.len();
        if text[end..].chars().next().is_none_or(char::is_whitespace) {
            ends.push(end);
        }
    }
    ends
}

/// A span without white space at its ends; `None` without words, or if it is none of the text.
fn trimmed(text: &str, span: &Span) -> Option<Span> {
    let words = text.get(span.clone())?;
    let start = span.start + words.len() - words.trim_start().len();
    let length = words.trim().len();
    (length > 0).then_some(start..start + length)
}

/// A span with the rest of the Latin words and numbers at its ends.
fn whole_words(text: &str, mut span: Span) -> Span {
    while continues_before(text, &span) {
        span.start = text.floor_char_boundary(span.start - 1);
    }
    while continues_after(text, &span) {
        span.end = text.ceil_char_boundary(span.end + 1);
    }
    span
}

/// For each tag the index of the tag that closes or opens the same element.
fn partners(tags: &[Tag]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tags.len()];
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, tag) in tags.iter().enumerate() {
        if let Some(name) = element(&tag.raw) {
            open.entry(name.to_ascii_lowercase()).or_default().push(at);
        } else if let Some(name) =
            tag.raw.strip_prefix("</").map(name).or_else(|| override_end(&tag.raw))
            && let Some(begin) = open.get_mut(&name.to_ascii_lowercase()).and_then(Vec::pop)
        {
            (partners[begin], partners[at]) = (Some(at), Some(begin));
        }
    }
    partners
}

/// True if a Latin word or a number continues before a span: "1" in "21" and in "4.1".
fn continues_before(text: &str, span: &Span) -> bool {
    let mut before = text[..span.start].chars().rev();
    continues(text[span.clone()].chars().next(), before.next(), before.next())
}

/// True if a Latin word or a number continues after a span: "1" in "12" and in "1,200".
fn continues_after(text: &str, span: &Span) -> bool {
    let mut after = text[span.end..].chars();
    continues(text[span.clone()].chars().next_back(), after.next(), after.next())
}

/// True if characters at a border belong to one word or number, by the two beyond the border.
fn continues(inner: Option<char>, next: Option<char>, beyond: Option<char>) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    (letter(inner) && letter(next))
        || (digit(inner) && (digit(next) || (matches!(next, Some('.' | ',')) && digit(beyond))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(raw: &str, words: &str) -> (String, Vec<String>) {
        let inline = Inline::read(raw);
        let (raw, lost) = inline.put(words);
        (raw, lost.into_iter().map(ToString::to_string).collect())
    }

    fn nothing_lost(raw: &str, words: &str) -> String {
        let (written, lost) = put(raw, words);
        assert_eq!(lost, [""; 0], "{written}");
        written
    }

    #[test]
    fn the_same_words_get_every_tag_where_it_was() {
        for raw in [
            "The city of <b><a href=\"x\">Haemin</a></b> said <a href=y><em>Noh Min-a</em></a> on Wednesday.",
            "The work<sup><a href=\"#1\">1</a></sup> costs 412<sup>2</sup> million<br> won.",
            "<a href=\"#\"><em><span>The plan of</span></em> <em><span>the harbour</span></em></a>",
            "ABC, A<b>B</b>C and <i>B</i> and <u>B</u> <img src=a>here",
            "<b>One <i>two</b> three</i> four",
            "Read <a>more</a>, <a>more</a> &amp; <a>more</a>",
        ] {
            assert_eq!(nothing_lost(raw, Inline::read(raw).text()), raw);
        }
    }

    #[test]
    fn elements_within_elements_are_placed_with_them() {
        assert_eq!(
            nothing_lost("In <b><a href=x>Haemin</a></b> it rained.", "비는 Haemin에 왔다."),
            "비는 <b><a href=x>Haemin</a></b>에 왔다."
        );
        assert_eq!(
            nothing_lost("The <b> <i>Han</i>bit<br>Co. <img src=a></b> rose.", "올랐다 Hanbit Co."),
            "올랐다 <b><i>Han</i>bit<br> Co.<img src=a></b>"
        );
        // Where the outer words do not come back, the inner ones may.
        assert_eq!(
            put("It is <b>Mayor <a href=x>Han</a></b> who spoke.", "Han 시장이 말했다."),
            ("<a href=x>Han</a> 시장이 말했다.".into(), vec!["<b>".into()])
        );
        assert_eq!(
            put("It is <b>Mayor <a href=x>Han</a></b> who spoke.", "시장이 말했다."),
            ("시장이 말했다.".into(), vec!["<b>".into(), "<a href=x>".into()])
        );
    }

    #[test]
    fn an_anchor_and_an_element_behind_it_have_the_same_place() {
        let raw = "<a href=x>ab</a><bookmark 1/><b>가</b> left.";
        let expected = "새 <a href=x>ab</a><bookmark 1/><b>가</b>.";
        assert_eq!(nothing_lost(raw, "새 ab가."), expected);
        let raw = "해민<bookmark 1/> 옆 <b>한빛</b>.";
        assert_eq!(nothing_lost(raw, "해민한빛."), "해민<bookmark 1/><b>한빛</b>.");
    }

    #[test]
    fn elements_that_cross_each_other_are_placed_or_named() {
        assert_eq!(
            put("A <b>Han <i>Seo</b> Jin</i> spoke.", "말했다 Han Seo."),
            ("말했다 <b>Han Seo</b>.".into(), vec!["<i>".into()])
        );
        assert_eq!(
            put("A <b>Han <i>Seo</b> Jin</i> spoke.", "말했다 Seo Jin."),
            ("말했다 <i>Seo Jin</i>.".into(), vec!["<b>".into()])
        );
        assert_eq!(nothing_lost("<b>One <i>two</b></i>", "둘 two"), "<b>둘 <i>two</i></b>");
    }

    #[test]
    fn an_element_goes_around_the_known_counterpart_of_its_words() {
        let at = |raw: &str, words: &str, known: &[(Span, &str)]| {
            let target = |part: &str| {
                let start = words.find(part).unwrap();
                start..start + part.len()
            };
            let known = known
                .iter()
                .map(|(source, part)| (source.clone(), target(part)))
                .map(|(source, target)| Counterpart { source, target, is_estimate: false });
            let inline = Inline::read(raw);
            let (written, lost) = inline.put_at(words, &known.collect::<Vec<_>>());
            (written, lost.len())
        };
        let (raw, words) = ("The <b>ferry</b> left <i>Haemin</i>.", "Haemin을 여객선이 떠났다.");
        let expected = "<i>Haemin</i>을 <b>여객선</b>이 떠났다.";
        assert_eq!(at(raw, words, &[(4..9, "여객선")]), (expected.into(), 0));
        // Elements around the same words stay within each other, and spaces outside.
        assert_eq!(
            at("The <b> <a href=x>ferry </a></b>left.", "그 <배>가 떠났다.", &[(4..10, "<배>")]),
            ("그 <b><a href=x>&lt;배&gt;</a></b>가 떠났다.".into(), 0)
        );
        // What crosses another place, has tags among its words or no span is searched for.
        assert_eq!(
            at("A <b>big</b> <i>ferry</i>", "큰 배", &[(2..5, "큰 배"), (6..11, "배")]),
            ("<b>큰 배</b>".into(), 1)
        );
        assert_eq!(at("A <b>big<br>old</b> ferry", "큰 배", &[(2..9, "큰")]).1, 2);
        let inline = Inline::read("A <b>big</b> ferry");
        let off = Counterpart { source: 2..5, target: 1..900, is_estimate: false };
        assert_eq!(inline.put_at("큰 배", &[off]).0, "큰 배");
    }

    #[test]
    fn no_element_goes_into_a_number_or_a_word() {
        assert_eq!(
            nothing_lost("Work<sup>1</sup> costs 412 won.", "412원, 1,100원, 4.1원에 Work1"),
            "412원, 1,100원, 4.1원에 Work<sup>1</sup>"
        );
        let (written, lost) = put("A <b>won</b> fell.", "The wonder fell to 5won.");
        assert_eq!((written.as_str(), lost.len()), ("The wonder fell to 5<b>won</b>.", 0));
        assert_eq!(put("Page <b>1</b> fell.", "12 fell.").1, ["<b>"]);
    }

    #[test]
    fn elements_without_words_stay_at_the_ends_and_pictures_in_links_stay_whole() {
        assert_eq!(
            nothing_lost("<a name=x></a>One <b>two</b>", "two 하나"),
            "<a name=x></a><b>two</b> 하나"
        );
        assert_eq!(
            put("One <a href=x><img src=a></a> two <i></i> three", "하나"),
            ("하나<a href=x><img src=a></a>".into(), vec!["<i>".into()])
        );
    }

    /// Seconds for a shape of a size; each is read and put once.
    fn seconds(raw: &str, words: &str) -> f64 {
        let started = std::time::Instant::now();
        let inline = Inline::read(raw);
        let (written, lost) = inline.put(words);
        assert!(written.len() + lost.len() > 0);
        started.elapsed().as_secs_f64()
    }

    #[test]
    fn four_times_the_tags_take_no_more_than_eight_times_as_long() {
        type Shape = fn(usize) -> (String, String);
        let shapes: [(&str, Shape); 9] = [
            ("equal", |n| ("<em>a</em>".repeat(n), "a b ".repeat(n))),
            ("equal, gone", |n| (format!("x {}", "<em>a</em>".repeat(n)), "b ".repeat(n))),
            ("empty", |n| (format!("x {} y", "<em></em>".repeat(n)), "a".repeat(n))),
            ("different", |n| {
                let word = |at: usize| format!("<b>w{at}</b> ");
                ((0..n).map(word).collect(), (0..n).rev().map(|at| format!("w{at}, ")).collect())
            }),
            ("nested", |n| (format!("x {}y{} z", "<b>".repeat(n), "</b>".repeat(n)), "y y".into())),
            ("nested, gone", |n| {
                (format!("x {}{} z", "<b>y ".repeat(n), "</b>".repeat(n)), "y q".repeat(n))
            }),
            ("crossing", |n| {
                let name = |at: usize| ["b", "i", "u"][at % 3];
                let open: String = (0..n).map(|at| format!("<{}>a ", name(at))).collect();
                let close: String = (0..n).map(|at| format!("b </{}>", name(at))).collect();
                (format!("x {open}{close} z"), "a b ".repeat(n))
            }),
            ("one letter", |n| {
                (
                    format!("x {} <i>{}</i> z", "<b>aa</b>".repeat(n), "a".repeat(n)),
                    "a".repeat(4 * n),
                )
            }),
            ("pictures", |n| (format!("x {} y", "<a><img></a>".repeat(n)), "a".repeat(n))),
        ];
        for (shape, of) in shapes {
            let time = |n: usize| {
                let (raw, words) = of(n);
                (0..2).map(|_| seconds(&raw, &words)).fold(f64::MAX, f64::min)
            };
            // Milliseconds say nothing about growth, and neither does one slow moment of a machine.
            let mut measured = Vec::new();
            let grows = (0..4).all(|_| {
                measured.push((time(2_000), time(8_000)));
                measured.last().is_some_and(|(small, large)| *large > 8.0 * f64::max(*small, 0.004))
            });
            assert!(!grows, "{shape}: {measured:.4?}");
        }
    }
}
