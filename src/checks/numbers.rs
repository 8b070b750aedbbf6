//! Numbers: what is stated in digits on one side needs a counterpart on the other, in whatever form it is written.
//!
//! "The same digits on both sides" doubts 43 % of what human translators write from Korean; here words, magnitudes, months
//! and clocks count as counterparts, and only digits raise a doubt.

use std::collections::HashSet;

use super::numerals::{Number, Numbers, read};
use super::{Check, Kind, Pair, Task};
use crate::finding::Finding;

const LOST: Kind = Kind::major("number_lost");
const INVENTED: Kind = Kind::major("number_invented");

pub(super) const CHECK: Check = Check {
    name: "numbers",
    describe: "numbers that were lost, changed or invented",
    kinds: &[LOST, INVENTED],
    run,
};

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    let (source, output) = (read(pair.source), read(pair.output));
    let (original, result) = pair.task.words();
    let doubt = |kind: Kind, number: &Number<'_>, has: &str, lacks: &str| {
        let message = format!("\"{}\" is in the {has} but not in the {lacks}", number.text);
        CHECK.doubt(kind, message).value("text", number.text).value("number", number.value)
    };
    let mut doubts = Vec::new();
    if pair.task == Task::Translation {
        let lost = once(without_counterpart(&source, &output));
        doubts.extend(lost.map(|number| doubt(LOST, number, original, result).in_source(number.span())));
    }
    let invented = once(without_counterpart(&output, &source));
    doubts.extend(invented.map(|number| doubt(INVENTED, number, result, original).in_output(number.span())));
    doubts
}

/// Each number the first time it is written.
fn once<'n, 't: 'n>(numbers: impl Iterator<Item = &'n Number<'t>>) -> impl Iterator<Item = &'n Number<'t>> {
    let mut seen = HashSet::new();
    numbers.filter(move |number| seen.insert(number.text))
}

fn without_counterpart<'n, 't>(
    numbers: &'n Numbers<'t>,
    other: &'n Numbers<'_>,
) -> impl Iterator<Item = &'n Number<'t>> {
    // "a year" is "1년" and "per capita" is "1인당": one and nothing are said without a number too often to be doubted.
    numbers.stated.iter().filter(|number| number.value > 1.0 && !other.holds(number))
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, summary, translation};
    use super::*;

    #[test]
    fn one_number_written_two_ways_is_the_same() {
        for (source, output) in [
            ("It cost 1.25 trillion won ($905.3 million).", "1조2천500억원(9억530만 달러)이 들었다."),
            ("Two people came on April 4.", "4월 4일 두 명이 왔다."),
            ("It fell 3.5 percent in the second quarter.", "2분기에 3.5퍼센트 줄었다."),
            ("It was 4:17 p.m. in the 1980s.", "80년대 16시 17분이었다."),
            ("한두 명이 12월에 왔다.", "One or two people came in December."),
            ("제2차 세계대전 때 30만 명이 숨졌다.", "In World War II, 300,000 people died."),
            ("1인당 1만5천원이다.", "It is 15,000 won per person."),
        ] {
            assert!(
                run(&translation(source, output)).is_empty(),
                "{source} {:?}",
                run(&translation(source, output))
            );
        }
    }

    #[test]
    fn a_lost_changed_or_invented_number_is_doubted() {
        assert_eq!(
            messages(run(&translation("It cost 5 billion won.", "5조원이 들었다."))),
            [
                "\"5 billion\" is in the text but not in the translation",
                "\"5조\" is in the translation but not in the text"
            ]
        );
        assert_eq!(run(&translation("It fell 12.4 percent.", "크게 줄었다.")).len(), 1);
    }

    #[test]
    fn a_summary_may_leave_numbers_out_but_not_add_them() {
        let article = "Forty-two people came, 17 of them by bus.";
        assert!(run(&summary(article, "People came by bus.")).is_empty());
        assert!(run(&summary(article, "42 people came.")).is_empty());
        let article = "The vote was 14 to 5. The fund was set up in 2019, after the storms of the 1980s.";
        assert_eq!(
            messages(run(&summary(article, "The vote was 19 to 5; the storms of the 80s led to it in '19."))),
            ["\"19\" is in the summary but not in the article"]
        );
        let article = "Forty-two people came, 17 of them by bus.";
        assert_eq!(
            messages(run(&summary(article, "43 people came."))),
            ["\"43\" is in the summary but not in the article"]
        );
    }
}
