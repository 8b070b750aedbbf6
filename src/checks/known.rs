//! Known renderings: how the other language writes a weekday, a month, or a name of the gazetteer.

use super::{calendar, names, numerals};
use crate::language::Language;

/// The usual rendering of a few words in the language `to`; `None` if it is not known.
pub(crate) fn known_rendering(words: &str, to: Language) -> Option<String> {
    let calendar = calendar::read(words, &numerals::read(words, to.other()));
    if let Some(day) = calendar.weekdays.first() {
        return Some(match to {
            Language::Korean => format!("{}요일", calendar::KOREAN_WEEKDAYS[day.index]),
            Language::English => calendar::WEEKDAYS[day.index].to_string(),
        });
    }
    if let Some(month) = calendar.months.first() {
        return Some(match to {
            Language::Korean => format!("{}월", month.index),
            Language::English => calendar::MONTHS[month.index - 1].to_string(),
        });
    }
    names::usual(words, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_places_are_known() {
        for (english, korean) in [("Wednesday", "수요일"), ("June", "6월"), ("Wales", "웨일스")]
        {
            assert_eq!(known_rendering(english, Language::Korean).as_deref(), Some(korean));
            assert_eq!(known_rendering(korean, Language::English).as_deref(), Some(english));
        }
        assert_eq!(known_rendering("United States", Language::Korean).as_deref(), Some("미국"));
        assert_eq!(known_rendering("Han Seo-jin", Language::Korean), None);
        assert_eq!(known_rendering("한서진", Language::English), None);
    }
}
