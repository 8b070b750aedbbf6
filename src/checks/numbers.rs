//! Numbers: a number on one side needs a counterpart on the other, in any notation or unit.
//!
//! Words, magnitudes, times of day and conversions count as counterparts. Only numbers in digits
//! and numerals that count need one; zero, one and vague words do not.

use std::collections::{HashMap, HashSet};

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::{Comparison, Text};
use super::numerals::{Number, Numbers};
use crate::finding::Finding;
use crate::language::Language;

const LOST: FindingKind = FindingKind::major("number_lost");
const FEWER: FindingKind = FindingKind::major("number_fewer").up_to_sentences(3);
const INVENTED: FindingKind = FindingKind::major("number_invented");

pub(super) const CHECK: Check = Check {
    name: "numbers",
    describe: "numbers that were lost, changed or invented",
    kinds: &[LOST, FEWER, INVENTED],
    scope: Scope::Support,
    examples: &[
        Example::found(LOST, "The quake hurt 17 people.", "지진으로 사람들이 다쳤다."),
        Example::found(INVENTED, "The quake hurt people.", "지진으로 17명이 다쳤다."),
        Example::fine("It cost 1.25 trillion won.", "1조2천500억원이 들었다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (source, output) = (comparison.source.numbers(), comparison.output.numbers());
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let mut findings = Vec::new();
    if pair.kind == OutputKind::Translation {
        for number in distinct(without_counterpart(&comparison.source, &comparison.output, true)) {
            let finding = unmatched(LOST, number, (original, result), result_ko);
            findings.push(finding.in_source(number.span()).expected(number.text));
        }
    }
    for number in distinct(without_counterpart(&comparison.output, &comparison.source, false)) {
        let finding = unmatched(INVENTED, number, (result, original), original_ko);
        findings.push(finding.in_output(number.span()).found(number.text));
    }
    if findings.is_empty() && pair.kind == OutputKind::Translation {
        for number in distinct(rarer(pair.source, source, output)) {
            let english = format!(
                "'{}' appears more often in the {original} than in the {result}",
                number.text
            );
            let korean = format!("{result_ko}에 덜 나오는 숫자: '{}'", number.text);
            let finding = CHECK.finding(FEWER, english, korean).value("number", number.value);
            findings.push(finding.in_source(number.span()).expected(number.text));
        }
    }
    findings
}

fn unmatched(
    kind: FindingKind,
    number: &Number<'_>,
    (has, lacks): (&str, &str),
    lacks_ko: &str,
) -> Finding {
    let message = format!("'{}' appears in the {has} but not in the {lacks}", number.text);
    let korean = format!("{lacks_ko}에 없는 숫자: '{}'", number.text);
    let finding = CHECK.finding(kind, message, korean);
    finding.value("text", number.text).value("number", number.value)
}

/// Each number once, at its first place.
fn distinct<'n, 't: 'n>(
    numbers: impl Iterator<Item = &'n Number<'t>>,
) -> impl Iterator<Item = &'n Number<'t>> {
    let mut seen = HashSet::new();
    numbers.filter(move |number| seen.insert(number.text))
}

/// The numbers that the other text does not have.
fn without_counterpart<'n, 't>(
    own: &'n Text<'t>,
    other: &'n Text<'_>,
    is_source: bool,
) -> impl Iterator<Item = &'n Number<'t>> {
    // A translation may round; it can be no more precise than its source.
    let is_rounded = move |number: &Number<'_>| match is_source {
        true => other.numbers().has_rounded(number),
        false => other.numbers().has_unrounded(number),
    };
    // Korean news writes the day of the month for "Thursday".
    let has_dates_for_days = own.language == Language::Korean
        && other.language == Language::English
        && other.calendar().weekdays.len() > own.calendar().weekdays.len();
    own.numbers().stated.iter().filter(move |number| {
        let is_weekday = number.is_day && has_dates_for_days;
        let is_known = is_weekday || other.numbers().has_counterpart(number) || is_rounded(number);
        number.needs_counterpart() && !is_known
    })
}

/// The numbers that a text states more often than the other one may have them. Those that may be
/// converted to another unit are not counted.
fn rarer<'n, 't>(
    text: &str,
    numbers: &'n Numbers<'t>,
    other: &'n Numbers<'_>,
) -> impl Iterator<Item = &'n Number<'t>> {
    // A number in a code may repeat one in words: 주요 7개국(G7).
    let is_in_code =
        |number: &Number<'_>| text[..number.start].ends_with(|c: char| c.is_ascii_alphabetic());
    let is_counted = |number: &Number<'_>| {
        number.needs_counterpart() && !is_in_code(number) && !other.has_converted(number)
    };
    let stated: Vec<_> = numbers.stated.iter().filter(|number| is_counted(number)).collect();
    let mut counts = HashMap::new();
    for number in &stated {
        *counts.entry(number.value.to_bits()).or_insert(0) += 1;
    }
    stated.into_iter().filter(move |number| {
        (1..counts[&number.value.to_bits()]).contains(&other.count(number.value))
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;
    use crate::checks::Pair;

    #[test]
    fn one_number_written_two_ways_is_the_same() {
        for (source, output) in [
            (
                "It cost 1.25 trillion won ($905.3 million).",
                "1조2천500억원(9억530만 달러)이 들었다.",
            ),
            ("Two people came on April 4.", "4월 4일 두 명이 왔다."),
            ("It fell 3.5 percent in the second quarter.", "2분기에 3.5퍼센트 줄었다."),
            ("It was 4:17 p.m. in the 1980s.", "80년대 16시 17분이었다."),
            ("한두 명이 12월에 왔다.", "One or two people came in December."),
            ("제2차 세계대전 때 30만 명이 숨졌다.", "In World War II, 300,000 people died."),
            ("1인당 1만5천원이다.", "It is 15,000 won per person."),
            ("The talks begin on Thursday.", "회담은 4일 시작한다."),
            ("The road is 10 miles long.", "도로의 길이는 16㎞다."),
            ("They met the Six Rivers club.", "그들은 식스 리버스 클럽을 만났다."),
            ("It&#39;s open.", "문을 열었다."),
            ("The duo won.", "2인조가 이겼다."),
            ("Five weeks are left.", "오 주 남았다."),
            ("It lasted two days.", "이틀 걸렸다."),
            ("About 1,950 people came.", "약 2천 명이 왔다."),
            ("It lost 1.96 billion won.", "약 20억원을 잃었다."),
            ("주요 7개국(G7)이 만났다.", "The Group of Seven met."),
        ] {
            assert!(
                run(&CHECK, &translation(source, output)).is_empty(),
                "{source} {:?}",
                run(&CHECK, &translation(source, output))
            );
        }
    }

    /// Findings of a pair, and of the pair in the other direction.
    fn both_ways(korean: &str, english: &str) -> [Vec<Finding>; 2] {
        let (from, to) = (Language::Korean, Language::English);
        let there =
            Pair { source: korean, output: english, from, to, kind: OutputKind::Translation };
        let back = Pair {
            source: english,
            output: korean,
            from: to,
            to: from,
            kind: OutputKind::Translation,
        };
        [run(&CHECK, &there), run(&CHECK, &back)]
    }

    #[test]
    fn two_notations_of_news_are_the_same_number() {
        for (korean, english) in [
            ("회의는 오후 5시에 열렸다.", "The meeting was held at 17:00."),
            ("회의는 오후 5시 30분에 열렸다.", "The meeting began at 5:30 p.m."),
            ("회의는 17시 30분에 열렸다.", "The meeting began at 5:30 p.m."),
            (
                "오후 5시 해민항에서 배가 떠났다.",
                "The ship left Haemin at five o'clock in the afternoon.",
            ),
            ("밤 11시에 끝났다.", "It ended at 23:00."),
            ("오후 2시부터 4시까지 열린다.", "It runs from 14:00 to 16:00."),
            ("오후 2시부터 4시까지 열린다.", "It runs from 2 to 4 p.m."),
            ("낮 12시에 열린다.", "It opens at noon."),
            ("자정에 시작한다.", "It starts at 12 a.m."),
            ("3~5명이 다쳤다.", "Three to five people were hurt."),
            ("3∼5명이 다쳤다.", "3-5 people were hurt."),
            ("선수 3-5명이 뛴다.", "3 to 5 players will run."),
            ("1/7 열린 회의", "The meeting held on Jan. 7"),
            ("1월 7일 열렸다.", "It was held on 1/7."),
            ("2026.1.7 발표했다.", "It was announced on Jan. 7, 2026."),
            ("2026-01-07 발표했다.", "It was announced on Jan. 7, 2026."),
            ("2026. 1. 7. 발표했다.", "It was announced on January 7th, 2026."),
            ("정부는 1만2천명을 뽑는다.", "The government will hire 12,000 people."),
            ("정부는 1만 2천명을 뽑는다.", "The government will hire 12,000 people."),
            ("4억1천200만원을 썼다.", "It spent 412 million won."),
            ("1.2조원을 썼다.", "It spent 1.2 trillion won."),
            ("1조2천억원을 썼다.", "It spent 1.2 trillion won."),
            ("1조 2000억원을 썼다.", "It spent 1.2 trillion won."),
            ("해안에서 32㎞ 떨어진 곳이다.", "It is 32 km off the coast."),
            ("면적은 10㎢다.", "The area is 10 km2."),
            ("무게는 80kg이다.", "It weighs 80 kilograms."),
            ("100m 달리기에서 9초8을 기록했다.", "He ran the 100-meter dash in 9.8 seconds."),
            ("100m 달리기", "The 100m dash"),
            ("제5조는 다음과 같다.", "Article 5 reads as follows."),
            ("헌법 제37조 2항", "Article 37, Clause 2 of the Constitution"),
            ("헌법 37조에 따르면", "According to Article 37 of the Constitution"),
            ("예산 37조를", "A budget of 37 trillion won"),
            ("40대 남성이 숨졌다.", "A man in his 40s died."),
            ("80년대 민주화 운동", "The democracy movement of the 1980s"),
            ("2월 3일", "February 3"),
            ("문의: 02-398-3114", "Inquiries: +82-2-398-3114"),
            ("문의 010-1234-5678", "Call +82 10 1234 5678"),
            ("수십 명이 모였다.", "Dozens gathered."),
            ("10여 명이 모였다.", "About a dozen people gathered."),
            ("20여 명이 모였다.", "Some 20 people gathered."),
            ("50만명이 모였다.", "Half a million people gathered."),
            ("250만명이 봤다.", "Two and a half million people watched it."),
            ("6명이 다쳤다.", "Half a dozen people were hurt."),
            ("4시 반에 열렸다.", "It began at 4:30."),
            ("25%가 반대했다.", "A quarter opposed it."),
            ("4분의 1이 반대했다.", "25 percent opposed it."),
            ("3분의 2가 찬성했다.", "Two-thirds approved."),
            ("6·25 전쟁 참전용사", "A Korean War veteran"),
            ("9·11 테러", "The Sept. 11 attacks"),
            ("코로나19", "COVID-19"),
            ("주요 7개국", "G7"),
            ("제3차 회의", "The third meeting"),
            ("세 번째 회의", "The 3rd meeting"),
            ("2019∼20시즌", "The 2019-20 season"),
            ("1995∼1996년", "From 1995-96"),
            ("3할 타자", "A .300 hitter"),
            ("4개월 만에 30% 늘었다.", "It rose 30 percent in four months."),
            ("10배 늘었다.", "It rose tenfold."),
            ("10명 중 3명", "Three in 10"),
            ("1인당 3만 달러", "30,000 dollars per person"),
            ("3만5000달러", "$35,000"),
            ("3만 5000달러", "$35,000"),
            ("1천 5백명", "1,500 people"),
            ("2천 년 전", "2,000 years ago"),
            ("백만 명이 봤다.", "1,000,000 people saw it."),
            ("일억 이천만 원", "120 million won"),
            ("2조 3천억∼2조 5천억원", "2.3 trillion to 2.5 trillion won"),
            ("300만∼500만원", "3 million to 5 million won"),
            ("300∼500만원", "3 to 5 million won"),
            ("3-4억원", "Between 300 million and 400 million won"),
            ("10만t", "100,000 tons"),
            ("6천만 배럴", "60 million barrels"),
            ("5천억 달러", "$500bn"),
            ("5천억 달러", "US$500 billion"),
            ("12만3456명", "123,456 people"),
            ("2만여 명", "More than 20,000 people"),
            ("0.5%p 올랐다.", "It rose 50 basis points."),
            ("17:00에 시작", "It starts at 5 p.m."),
            ("한국시간 오후 10시(1300 GMT)", "10 p.m. Korean time (13:00 GMT)"),
            ("50km/h", "50 kilometers per hour"),
            ("21세기", "The 21st century"),
            ("100주년", "The centenary"),
            ("3개국", "Three countries"),
            ("1천억원대", "100 billion won"),
            ("그는 2세다.", "He is two."),
            ("2.5배", "2.5 times"),
            ("5월 5일", "May 5"),
            ("타율 3할을 쳤다.", "He batted .300."),
            ("4분의 3이 찬성했다.", "75 percent approved it."),
            ("그는 29경기에서 졌다.", "He lost 29 games."),
            ("나랏빚이 1경 2천조원이다.", "The debt is 12 quadrillion won."),
            ("15경찰서", "15 police stations"),
            ("세 나라 정상", "The leaders of 3 countries"),
            ("한 달 만에 2억명", "200 million in a month"),
            ("인구 5천만", "A population of 50 million"),
            ("3천여명", "Over 3,000 people"),
            ("A/S 24시간", "24-hour service"),
            ("오전 11시∼오후 5시", "11 a.m. to 5 p.m."),
            ("1시간 30분", "An hour and a half"),
            ("서울 영하 10도", "Minus 10 degrees in Seoul"),
            ("제21대 국회", "The 21st National Assembly"),
            ("4대강 사업", "The four-river project"),
            ("2박 3일", "Three days and two nights"),
            ("3남매", "Three siblings"),
            ("100만분의 1", "One millionth"),
            ("5·18 민주화운동", "The May 18 uprising"),
            ("3㎞ 구간", "A 3-kilometer stretch"),
            ("2조5천억원(약 18억 달러)", "2.5 trillion won ($1.8 billion)"),
            ("10만원권", "100,000-won notes"),
            ("8강", "The quarterfinals"),
            ("12.3% 늘었다.", "It rose 12.3 per cent"),
            ("2.5㎝", "2.5cm"),
            ("1㎏당 5천원", "5,000 won per kilogram"),
            ("18일(현지시간)", "on the 18th (local time)"),
            ("3년 2개월", "3 years and 2 months"),
            ("K-9 자주포 200문", "200 K-9 howitzers"),
            ("제2의 도시", "The second city"),
            ("38선", "The 38th parallel"),
            ("30대 0", "30-0"),
            ("20~30대", "In their 20s and 30s"),
            ("20∼30%", "20 to 30 percent"),
            ("1만∼2만명", "10,000-20,000 people"),
            ("5000만 달러", "$50m"),
            ("5000만 유로", "€50 million"),
            ("19세기에 지어졌다.", "It was built in the 1800s."),
            ("1900년대 초에 시작됐다.", "It began in the early 20th century."),
            ("1시간 23분 걸렸다.", "It took 83 minutes."),
            ("1년 6개월 걸렸다.", "It took 18 months."),
            ("남북이 만났다.", "The two Koreas met."),
            ("보름 전에 떠났다.", "He left two weeks ago."),
            ("2주 뒤 닫았다.", "A fortnight later it closed."),
            ("연중무휴 24시간 연다.", "It is open 24/7."),
            ("400m 계주를 뛰었다.", "He ran the 4x100 relay."),
        ] {
            for findings in both_ways(korean, english) {
                assert!(findings.is_empty(), "{korean} {english} {findings:?}");
            }
        }
    }

    #[test]
    fn another_amount_is_found_in_both_directions() {
        for (korean, english) in [
            ("오후 7시에 17명이 왔다.", "At 7 p.m. 19 people came."),
            ("오전 9시에 열린다.", "It opens at 21:00."),
            ("1조2000억원을 썼다.", "It spent 1.2 billion won."),
            ("$5m을 투자했다.", "It invested $5."),
            ("예산 37조원", "A budget of 37 won"),
            ("세계 경제가 컸다.", "3 economies grew."),
            ("만나서 조사했다.", "He met 10,000 people."),
            ("그는 두산에서 뛴다.", "He plays for 2 teams."),
            ("5천억 달러", "$500 million"),
            ("5만명", "5 thousand people"),
            ("1천억원대", "10 billion won"),
            ("3만명", "3 million people"),
            ("5명이 죽었다.", "It may rain."),
            ("12.3% 늘었다.", "It rose 13.2 percent"),
            ("1,234명", "1,324 people"),
            ("F-16 전투기", "F-15 fighters"),
            ("1만~2만명", "1-2 million people"),
            ("5000만 달러", "$50bn"),
            ("약 2천 명이 왔다.", "1,700 people came."),
            ("1시간 23분 걸렸다.", "It took 93 minutes."),
            ("19세기에 지어졌다.", "It was built in the 1900s."),
        ] {
            for findings in both_ways(korean, english) {
                assert!(!findings.is_empty(), "{korean} {english}");
            }
        }
    }

    #[test]
    fn a_translation_may_round_but_not_make_up_digits() {
        let rounded = ["The fund has about 2,000 members.", "회원은 1,950명이다."];
        assert!(!run(&CHECK, &translation(rounded[0], rounded[1])).is_empty());
        assert!(run(&CHECK, &translation(rounded[1], rounded[0])).is_empty());
    }

    #[test]
    fn numerals_that_count_are_compared() {
        for (source, output) in [
            ("Four sailors were saved.", "선원 다섯 명이 구조됐다."),
            ("선원 열두 명이 구조됐다.", "Thirteen sailors were saved."),
            ("The third ship sank.", "네 번째 배가 가라앉았다."),
            ("해민시는 두 차례 거절했다.", "Haemin refused three times."),
            ("Ten million people watched.", "천 명이 봤다."),
            ("대회 1위를 했다.", "He came to the contest."),
            ("사흘 동안 열린다.", "It runs for four days."),
        ] {
            let found = run(&CHECK, &translation(source, output));
            assert!(!found.is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn a_number_said_less_often_is_found_in_a_short_text() {
        let source = "At 2 p.m. two boats left, and nobody saw where they went.";
        let found = run(&CHECK, &translation(source, "오후에 배 두 척이 떠났다."));
        assert_eq!(found[0].kind, "number_fewer");
        let found = run(&CHECK, &translation(source, "오후 2시에 배 두 척이 떠났다."));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_value_changed_beside_its_conversion_is_found() {
        let source = "The island is 645 miles (1,040 km) away.";
        let found = run(&CHECK, &translation(source, "섬은 649마일(1천40㎞) 떨어져 있다."));
        assert_eq!(found.len(), 2, "{found:?}");
        let found = run(&CHECK, &translation(source, "섬은 1천40㎞ 떨어져 있다."));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_lost_changed_or_invented_number_is_found() {
        assert_eq!(
            messages(run(&CHECK, &translation("It cost 5 billion won.", "5조원이 들었다."))),
            [
                "'5 billion' appears in the original but not in the translation",
                "'5조' appears in the translation but not in the original"
            ]
        );
        assert_eq!(run(&CHECK, &translation("It fell 12.4 percent.", "크게 줄었다.")).len(), 1);
    }

    #[test]
    fn a_summary_may_leave_numbers_out_but_not_add_them() {
        let article = "Forty-two people came, 17 of them by bus.";
        assert!(run(&CHECK, &summary(article, "People came by bus.")).is_empty());
        assert!(run(&CHECK, &summary(article, "42 people came.")).is_empty());
        let article =
            "The vote was 14 to 5. The fund was set up in 2019, after the storms of the 1980s.";
        assert_eq!(
            messages(run(
                &CHECK,
                &summary(article, "The vote was 19 to 5; the storms of the 80s led to it in '19.")
            )),
            ["'19' appears in the summary but not in the article"]
        );
        let article = "Forty-two people came, 17 of them by bus.";
        assert_eq!(
            messages(run(&CHECK, &summary(article, "43 people came."))),
            ["'43' appears in the summary but not in the article"]
        );
    }
}
