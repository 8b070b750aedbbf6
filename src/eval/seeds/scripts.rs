//! Characters that have no business in the output: other scripts, single jamo, damaged bytes.

use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots, words};
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("hanja_leak", chinese),
    Seed::line("kana_leak", |case, dice| leaked(case, dice, KANA)),
    Seed::line("other_script_leak", |case, dice| leaked(case, dice, OTHERS)),
    Seed::line("jamo_fragment", |case, dice| fragment(case, dice, &["ㅇ", "ㄴ", "ㅂ", "ㅏ", "ᄒ"])),
    Seed::line("replacement_character", |case, dice| fragment(case, dice, &["\u{FFFD}"])),
];

#[rustfmt::skip]
const CHINESE: &[(&str, &str)] = &[
    ("경제", "经济"), ("미국", "美国"), ("정부", "政府"), ("사람", "人们"), ("그리고", "和"), ("중국", "中国"),
    ("문제", "问题"), ("국가", "国家"), ("세계", "世界"), ("시간", "时间"), ("사회", "社会"), ("정치", "政治"),
    ("회사", "公司"), ("학생", "学生"), ("여성", "女性"), ("경찰", "警察"), ("선거", "选举"), ("지역", "地区"),
    ("전쟁", "战争"), ("도시", "城市"), ("역사", "历史"), ("발견", "发现"), ("연구", "研究"), ("영국", "英国"),
    ("일본", "日本"), ("우리", "我们"), ("많은", "很多"), ("하지만", "但是"), ("항구", "港口"), ("주민", "居民"),
    ("의회", "议会"), ("병원", "医院"), ("환자", "患者"), ("장관", "部长"), ("시장", "市场"), ("기업", "企业"),
];
const KANA: &[&str] =
    &["は", "です", "それは", "システム", "について", "と", "の", "アメリカ", "ニュース"];
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "также", "который", "года", "และ", "การ", "على", "في", "और", "người", "được", "são", "économie",
];

static LATIN_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b([a-z]{4,})\b"));
static SYLLABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"([가-힣])"));

fn chinese(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to == Language::Korean {
        return dice.replaced(case.output, &words(case.output, CHINESE)).map(Changed::from);
    }
    let span = dice.pick(&spots(case.output, &LATIN_WORD))?;
    let (_, word) = dice.pick(CHINESE)?;
    Some(replaced(case.output, span, word).into())
}

/// A word in the middle of the output is one of these instead.
fn leaked(case: &Case<'_>, dice: &mut Dice, foreign: &[&str]) -> Option<Changed> {
    let mut output: Vec<&str> = case.output.split_whitespace().collect();
    if output.len() < 4 {
        return None;
    }
    let at = 1 + dice.below(output.len() - 2);
    output[at] = dice.pick(foreign)?;
    Some(output.join(" ").into())
}

/// A syllable of Korean output is one of these instead.
fn fragment(case: &Case<'_>, dice: &mut Dice, fragments: &[&str]) -> Option<Changed> {
    if case.to != Language::Korean {
        return None;
    }
    let span = dice.pick(&spots(case.output, &SYLLABLE))?;
    Some(replaced(case.output, span, dice.pick(fragments)?).into())
}
