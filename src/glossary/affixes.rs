//! What may stand before and after a Korean noun within one word: particles, endings, and the parts
//! of compounds. Knows short lists, no dictionary: a longer word that they do not explain is in
//! doubt.

use crate::language::is_hangul;

/// A longer run of Hangul after a noun is another word, in bytes.
const MAX_BYTES: usize = 24;

/// Particles, forms of the copula and the like; several may follow each other.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "에게서", "께", "께서", "한테", "와", "과", "로",
    "으로", "로서", "으로서", "로써", "으로써", "도", "만", "까지", "부터", "보다", "처럼", "만큼", "대로", "라", "이라", "나",
    "이나", "며", "이며", "고", "이고", "란", "이란", "인", "들", "다", "이다", "입니다", "였다", "이었다", "였던", "이었던",
    "뿐", "마다", "조차", "밖에", "랑", "이랑", "하고", "라는", "라고", "이라는", "이라고", "라며", "이라며", "라면", "이라면",
    "이자", "이지만", "이므로", "등", "측", "씨", "님", "라도", "이라도", "든", "이든", "야말로", "이야말로", "에선", "에겐",
    "엔", "론", "으론",
];

/// Beginnings of what makes a verb or an adjective of a noun, or a longer form of the copula; any
/// ending follows them.
#[rustfmt::skip]
const STEMS: &[&str] = &[
    "하", "한", "할", "함", "합", "해", "했", "되", "된", "될", "됨", "됩", "돼", "됐", "시키", "시킨", "시킬", "시켰",
    "시킵", "당하", "당한", "당할", "당했", "받", "스러", "스럽", "로운", "롭", "다운", "답", "이었", "였", "이기", "이던",
    "이어", "이에", "이여", "인데", "인지", "입니", "여야", "때문", "짜리", "같",
];

/// Sino-Korean suffixes of one syllable, as in 항만청, 항만법, 항만별.
const SUFFIXES: &str = "자적객어상사대관소군력지율률장부별계원국성중문당형회증쪽민법수팀화책점권주왕식담터물세차막청량체업\
    급실처과령안비료제용내외간발산전후시도구면동읍리항역로길교강호섬판선망표병범액금론심족편철서몰";

/// Second nouns of compounds that are frequent in news, as in 항만공사.
#[rustfmt::skip]
const NOUNS: &[&str] = &[
    "가격", "감독", "개발", "건물", "건설", "경보", "경찰", "계획", "공단", "공사", "공원", "공장", "공화국", "관계자", "관리",
    "광장", "교수", "교육", "구청", "군수", "군청", "규모", "규정", "기관", "기구", "기금", "기업", "기준", "노동자", "단지",
    "단체", "담당자", "당국", "당사자", "당원", "대변인", "대책", "대표", "대학", "대학교", "대회", "문제", "반도", "발생", "방송", "방식",
    "방안", "번호", "병력", "병원", "본부", "비용", "사건", "사고", "사무소", "사업", "사장", "사태", "산업", "생산", "선거",
    "선수", "성명", "센터", "수사", "수입", "수출", "시대", "시민", "시설", "시장", "시청", "신문", "신청", "업체", "연합",
    "예보", "예산", "오전", "오후", "운동", "운영", "원장", "위원", "위원장", "위원회", "은행", "의원", "의장", "이용", "자금",
    "자료", "장관", "재단", "재판", "전문가", "전쟁", "접종", "정부", "정상", "정책", "제도", "제품", "조사", "주민", "주의보",
    "지방", "지사", "지수", "지역", "지원", "직원", "차관", "청장", "총리", "총장", "총재", "투자", "투표", "판매", "판사",
    "피해", "학교", "학생", "합의", "행사", "현장", "협정", "협회", "호텔", "확장", "환자", "활동", "회사", "회의", "후보",
];

/// Prefixes of one syllable, as in 신항만. Others (전시장, 여행사) rather belong to another
/// noun.
const PREFIXES: &str = "신구총대소초남북동서재부준뉴";

/// True if a run of Hangul is a chain of particles.
pub(super) fn is_particles(rest: &str) -> bool {
    follows(rest, |_| false)
}

/// True if a run of Hangul after a noun leaves it the noun that it is: particles, endings of a verb
/// made of it, or a second part of a compound with particles.
pub(super) fn may_follow(rest: &str) -> bool {
    let is_suffix = |c: char| SUFFIXES.contains(c);
    let after_suffix = || rest.strip_prefix(is_suffix).is_some_and(is_particles);
    let after_noun = || NOUNS.iter().filter_map(|noun| rest.strip_prefix(noun)).any(is_particles);
    let is_form = |rest: &str| STEMS.iter().any(|stem| rest.starts_with(stem));
    follows(rest, is_form) || after_suffix() || after_noun()
}

/// True if a run of Hangul before a noun makes it the head of a compound: a noun of two syllables
/// or more (해민시의회), or a prefix.
pub(super) fn may_precede(before: &str) -> bool {
    let mut letters = before.chars();
    match (letters.next(), letters.next()) {
        (None, _) => true,
        (Some(only), None) => PREFIXES.contains(only),
        _ => before.len() <= MAX_BYTES,
    }
}

/// True if a noun is surely the head of the compound that a run of Hangul before it makes. Of a
/// source less is taken for a term than of a translation: both have two syllables or more, and the
/// noun is not one syllable with particles, as 회의 in 위원회의 is.
pub(super) fn is_head(before: &str, noun: &str) -> bool {
    let mut letters = noun.chars();
    let is_noun = letters.next().is_some_and(is_hangul)
        && letters.next().is_some_and(is_hangul)
        && !noun.chars().next().is_some_and(|first| is_particles(&noun[first.len_utf8()..]));
    is_noun && before.chars().nth(1).is_some() && may_precede(before)
}

/// True if a run is a chain of particles, or one up to a rest for which `ends` is true.
fn follows(run: &str, ends: impl Fn(&str) -> bool) -> bool {
    let mut starts = vec![0];
    let mut seen = vec![0];
    if run.len() > MAX_BYTES {
        return false;
    }
    while let Some(start) = starts.pop() {
        let rest = &run[start..];
        if rest.is_empty() || ends(rest) {
            return true;
        }
        for particle in PARTICLES.iter().filter(|particle| rest.starts_with(**particle)) {
            let next = start + particle.len();
            if !seen.contains(&next) {
                seen.push(next);
                starts.push(next);
            }
        }
    }
    false
}
