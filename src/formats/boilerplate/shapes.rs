//! Boilerplate recognized by the shape of the line instead of its exact words.

use super::line::PageLine;
use super::words::{self, AGENCIES, CREDITS, MAKERS, PHOTO};
use crate::formats::dates::MONTHS;

/// "Home > National > Defense": short names with arrows between them.
pub(super) fn is_breadcrumb(line: &PageLine) -> bool {
    let parts: Vec<&str> = line.text.split(['>', '›', '»']).map(str::trim).collect();
    !line.sentence
        && parts.len() >= 2
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.chars().count() <= 20
                && !part.contains(|c: char| c.is_ascii_digit())
        })
        && matches!(
            parts[0].to_lowercase().as_str(),
            "home" | "홈" | "뉴스" | "news" | "메인" | "main"
        )
}

/// "Contact | Privacy": names of links and buttons separated by bars.
pub(super) fn is_link_bar(line: &PageLine) -> bool {
    const LISTS: &[&[&str]] =
        &[words::IMPRINT, words::NAVIGATION, words::SHARING, words::SUBSCRIPTION];
    let mut parts = line.folded.split(['|', 'ㅣ', '·', '•', '/']).map(str::trim);
    let count = line.folded.matches(['|', 'ㅣ', '·', '•', '/']).count();
    count > 0 && parts.all(|part| part.is_empty() || LISTS.iter().any(|list| list.contains(&part)))
}

/// "댓글 12", "추천 0 반대 0", "12 comments": known words, each next to a number.
pub(super) fn is_counter(line: &PageLine, known: &[&str]) -> bool {
    let is_number = |word: &str| {
        let word = word.trim_end_matches(['개', '건', '명', '회', 'k', 'm', '+', '만', '천']);
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '(' | ')'))
    };
    let words: Vec<&str> = line.folded.split([' ', ':']).filter(|word| !word.is_empty()).collect();
    let numbers = words.iter().filter(|word| is_number(word)).count();
    let names: Vec<&&str> = words.iter().filter(|word| !is_number(word)).collect();
    let joined = names.iter().map(|name| **name).collect::<Vec<_>>().join(" ");
    (1..=3).contains(&numbers)
        && !names.is_empty()
        && (known.contains(&&*joined) || names.iter().all(|name| known.contains(name)))
}

/// "5 min read", "읽는 시간 3분".
pub(super) fn is_reading_time(line: &PageLine) -> bool {
    let rest = line.folded.trim_start_matches(|c: char| c.is_ascii_digit());
    let english = rest.len() < line.folded.len()
        && matches!(
            rest.trim_start_matches('-').trim_start(),
            "min read"
                | "mins read"
                | "minute read"
                | "minutes read"
                | "min. read"
                | "-min read"
                | "-minute read"
                | "분 읽기"
                | "분 소요"
        );
    let korean = || {
        let after =
            line.folded.strip_prefix("읽는 시간").or_else(|| line.folded.strip_prefix("읽는시간"));
        after.is_some_and(|after| after.ends_with('분') || after.ends_with('초'))
    };
    english || korean()
}

/// A link to another article: "☞ …", `▶[팩트체크] …`, "▶ … 바로가기", "Related: …".
pub(super) fn is_related_link(line: &PageLine) -> bool {
    const MAX_CHARS: usize = 120;
    if line.sentence || !line.is_at_most(MAX_CHARS) {
        return false;
    }
    let text = line.text;
    let arrow = text.strip_prefix(['▶', '▷', '►']).map(str::trim_start);
    let labeled = arrow.is_some_and(|rest| {
        rest.starts_with('[') && rest.find(']').is_some_and(|end| end + 1 < rest.len())
    });
    let action = arrow.is_some()
        && line.ends(&[
            "바로가기",
            "바로 가기",
            "보러가기",
            "보러 가기",
            "확인하기",
            "참여하기",
            "신청하기",
            "클릭",
            "다운로드",
            "더보기",
            "기사 보기",
            "자세히 보기",
        ]);
    let named = [
        "관련기사:",
        "관련기사 :",
        "관련 기사:",
        "관련 기사 :",
        "관련기사]",
        "관련 기사]",
        "관련뉴스:",
        "관련 뉴스:",
        "관련뉴스]",
        "관련기사 ☞",
        "관련기사▶",
        "관련기사 ▶",
        "관련기사=",
        "함께 읽기:",
        "함께 보기:",
        "read more:",
        "also read:",
        "read also:",
        "see also:",
        "related:",
        "related article:",
        "related story:",
        "related stories:",
        "more on this:",
        "recommended:",
        "watch:",
        "listen:",
        "don't miss:",
        "read next:",
        "up next:",
        "trending:",
        "most read:",
        "see more:",
        "read full story:",
    ];
    // Without a bullet, the article's own headline may begin like this.
    let bulleted = text.starts_with(|c: char| !c.is_alphanumeric() && !"([<\"'“‘".contains(c))
        && line.starts(&["more:", "video:", "photos:", "in pictures:"]);
    text.starts_with('☞') || labeled || action || bulleted || line.starts(&named)
}

/// "페이스북에 공유", "카카오톡으로 공유": the name of a service and "share".
pub(super) fn is_share_button(line: &PageLine) -> bool {
    const SERVICES: &[&str] = &[
        "페이스북",
        "트위터",
        "카카오톡",
        "카카오스토리",
        "카톡",
        "밴드",
        "네이버 밴드",
        "엑스",
        "라인",
        "블로그",
        "네이버 블로그",
    ];
    let shared = ["에 공유", "(으)로 공유", "으로 공유", "로 공유"];
    let named = shared.iter().find_map(|end| line.folded.strip_suffix(end));
    named.is_some_and(|named| SERVICES.contains(&named))
}

/// "Sign in to continue", "카카오톡 채널 추가": an invitation with its purpose.
pub(super) fn is_invitation(line: &PageLine) -> bool {
    const OFFERED: &[&str] = &[
        "newsletter",
        "newsletters",
        "account",
        "inbox",
        "free",
        "read",
        "reading",
        "continue",
        "alerts",
        "comment",
    ];
    let invites = line.starts(&[
        "sign up for ",
        "sign up to ",
        "sign in to ",
        "log in to ",
        "register to ",
        "get the latest ",
    ]);
    let mut words = line.folded.split(|c: char| !c.is_alphabetic());
    (invites && words.any(|word| OFFERED.contains(&word)))
        || (line.ends(&["채널 추가"])
            && line.contains(&["카카오", "네이버", "유튜브", "구독", "카톡", "검색"]))
}

/// "저작권자 ⓒ 해민일보", "(c) 2026 Haemin Times": a copyright claim. "(c)" may also
/// number a clause.
pub(super) fn is_copyright_claim(line: &PageLine) -> bool {
    const MAX_NAME: usize = 40;
    let owner = line.folded.strip_prefix("저작권자").map(str::trim_start);
    let claims = owner.is_some_and(|owner| {
        owner.starts_with(['ⓒ', '©', '<'])
            || owner.starts_with("(c)")
            || (owner.starts_with('(') && !line.sentence)
    });
    let marked = line.text.strip_prefix("(c)").or_else(|| line.text.strip_prefix("(C)"));
    let named = marked.map(str::trim_start).is_some_and(|named| {
        let year = named.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let is_name =
            named.starts_with(|c: char| c.is_uppercase() || crate::language::is_hangul(c));
        year.len() == 4 || (is_name && !line.sentence && line.is_at_most(MAX_NAME))
    });
    claims || named
}

/// "#해민시 #여객선", "Tags: harbour".
pub(super) fn is_tag_list(line: &PageLine) -> bool {
    const MAX_CHARS: usize = 150;
    let words = || line.text.split_whitespace();
    let hashes =
        words().count() >= 2 && words().all(|word| word.len() > 1 && word.starts_with('#'));
    let named = [
        "tags:",
        "tag:",
        "topics:",
        "filed under",
        "keywords:",
        "태그:",
        "태그 :",
        "키워드:",
        "키워드 :",
        "관련 태그",
        "관련태그",
        "해시태그:",
    ];
    !line.sentence && line.is_at_most(MAX_CHARS) && (hashes || line.starts(&named))
}

/// "글·사진=한서진 기자", "Reporting by Han Seo-jin; Editing by Noh Min-a": English
/// credits need a name.
pub(super) fn is_author_credit(line: &PageLine) -> bool {
    let Some(mark) = MAKERS.iter().find(|mark| line.folded.starts_with(**mark)) else {
        return false;
    };
    let named =
        || line.text.get(mark.len()..).is_some_and(|rest| rest.starts_with(char::is_uppercase));
    let korean = !mark.is_ascii() && !line.sentence;
    korean
        || (mark.is_ascii()
            && named()
            && (!line.sentence || line.contains(&["editing by", "reporting by"])))
}

/// "디지털뉴스팀": the name of a desk alone.
pub(super) fn is_desk_name(line: &PageLine) -> bool {
    const MAX_CHARS: usize = 16;
    line.is_at_most(MAX_CHARS)
        && line.starts(&["디지털", "온라인", "뉴미디어", "인터넷", "모바일"])
        && line.ends(&[
            "뉴스팀",
            "콘텐츠팀",
            "이슈팀",
            "뉴스부",
            "콘텐츠부",
            "편집부",
            "편집팀",
            "뉴스룸",
            "이슈부",
            "뉴스국",
        ])
}

/// An e-mail address with a name, or a name with "기자" alone.
pub(super) fn is_reporter_email(line: &PageLine) -> bool {
    const MAX_NAME: usize = 30;
    let (addresses, rest): (Vec<&str>, Vec<&str>) =
        line.text.split_whitespace().partition(|word| is_address(word));
    let rest = rest.join(" ");
    if !addresses.is_empty() {
        return !line.sentence && rest.chars().count() <= MAX_NAME && !is_contact(&rest);
    }
    // "홍길동 기자", "한서진·노민아 기자": Korean names have two to four syllables.
    let names = rest.strip_suffix(" 기자").or_else(|| rest.strip_suffix(" 특파원"));
    names.is_some_and(|names| {
        names.split(['·', ',', ' ']).all(|name| {
            (2..=4).contains(&name.chars().count())
                && name.chars().all(crate::language::is_hangul)
                && name != "그는"
        })
    })
}

/// "신청:", "문의", "Apply:": the purpose of an address that readers write to.
fn is_contact(label: &str) -> bool {
    const KOREAN: &[&str] = &["신청", "문의", "접수", "예약", "응모", "참가", "지원", "제출"];
    const ENGLISH: &[&str] =
        &["apply", "register", "registration", "rsvp", "inquiries", "enquiries", "submit"];
    let label = label.to_lowercase();
    let mut words = label.split(|c: char| !c.is_alphabetic());
    words.any(|word| ENGLISH.contains(&word) || KOREAN.iter().any(|known| word.starts_with(known)))
        && !["제보", "기사", "기자", "광고"].iter().any(|own| label.contains(own))
}

/// "hong@yna.co.kr", "(hong@example.com)", but not "hong@example.com으로".
fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let Some((user, domain)) = word.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    };
    plain(user) && plain(domain) && domain.contains('.') && word.is_ascii()
}

/// A photo credit, with or without the caption before it.
pub(super) fn is_photo_credit(line: &PageLine) -> bool {
    const MAX_CAPTION: usize = 120;
    let text = line.text;
    let bracketed =
        text.starts_with(['(', '[', '<', '【']) && text.ends_with([')', ']', '>', '】']);
    let inner = line.folded.trim_matches(|c: char| matches!(c, '(' | ')'));
    (AGENCIES.contains(&inner) && (bracketed || inner.len() > "reuters".len() || text.starts_with('/')))
        || (bracketed && line.is_at_most(60) && PHOTO.iter().any(|credit| inner.contains(credit)))
        || text.starts_with("[사진]")
        || (text.starts_with('▲') && line.contains(&["사진=", "(사진", "[사진", "자료사진"]))
        || (!line.sentence && line.is_at_most(80) && line.starts(CREDITS))
        || (line.is_at_most(MAX_CAPTION) && ends_in_credit(text))
        // The photo desk's line under a picture story.
        || (text.ends_with(") 사진부") && text.starts_with('('))
}

/// "… (사진=해민시)", "… [해민시 제공]", "… /사진=해민시", "… (AP
/// Photo/Kim)". An agency's name alone is not enough: articles end with one too.
fn ends_in_credit(text: &str) -> bool {
    if let Some((_, credit)) = text.rsplit_once('/').filter(|(before, _)| !before.is_empty()) {
        let credit = credit.trim();
        if ["사진=", "사진 =", "사진:", "사진제공", "사진 제공", "사진출처"]
            .iter()
            .any(|known| credit.starts_with(known))
        {
            return !credit.ends_with('.');
        }
    }
    let Some(open) = text.rfind(['(', '[', '【', '<']).filter(|at| *at > 0) else { return false };
    if !text.ends_with([')', ']', '】', '>']) {
        return false;
    }
    let inner =
        text[open..].trim_matches(['(', ')', '[', ']', '【', '】', '<', '>']).trim().to_lowercase();
    PHOTO.iter().any(|credit| inner.starts_with(credit))
        || (inner.strip_suffix(" 제공").is_some_and(|giver| !is_gift(giver))
            && text.starts_with(|c| c != '"')
            && !text[..open].trim_end().ends_with('다'))
        || inner.ends_with("자료사진")
        || inner.starts_with("ap photo")
        || inner.starts_with("file photo")
}

/// "점심", "기념품": gifts to visitors, not the provider of a photo.
fn is_gift(words: &str) -> bool {
    const GIFTS: &[&str] = &[
        "식사",
        "아침",
        "조식",
        "점심",
        "중식",
        "저녁",
        "석식",
        "간식",
        "다과",
        "음료",
        "생수",
        "커피",
        "도시락",
        "숙식",
        "숙소",
        "숙박",
        "기념품",
        "경품",
        "선물",
        "상품권",
        "교재",
        "자료집",
        "주차권",
        "주차",
        "셔틀버스",
        "통역",
        "수료증",
        "무료",
    ];
    words.split(|c: char| !c.is_alphabetic()).any(|word| GIFTS.contains(&word))
}

/// A caption with the date of its photo: "안내문. 2026.1.7", "…. 2026.1.7 hsj@haemin.example".
pub(super) fn is_caption(line: &PageLine) -> bool {
    let words = line.text.split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>();
    let Some((last, before)) = words.split_last() else { return false };
    let mut parts = last.trim_end_matches('.').split('.');
    let mut number = |least: usize, most: usize| {
        parts.next().is_some_and(|part| {
            (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let day = number(4, 4) && number(1, 2) && number(1, 2) && parts.next().is_none();
    day && before.last().is_some_and(|word| word.ends_with('.'))
}

/// A publication time: "입력2026.01.07. 오전 10:30", "Updated: …", or a date with a time of
/// day alone.
pub(super) fn is_publication_time(line: &PageLine) -> bool {
    const MAX_CHARS: usize = 100;
    #[rustfmt::skip]
    const MARKS: &[&str] = &[
        "기사입력", "기사 입력", "최초입력", "최초 입력", "입력시간", "입력일시", "입력일", "입력", "송고시간", "송고", "등록일시", "등록일", "등록",
        "기사수정", "최종수정", "최종 수정", "수정시간", "수정일시", "수정일", "수정", "최종업데이트", "업데이트", "승인", "발행일시", "발행일", "발행",
        "게시일", "게시", "게재일", "작성일", "작성", "보도시간", "방송일", "first published on", "first published", "published on", "published at",
        "published", "last updated on", "last updated at", "last updated", "updated on", "updated at", "updated",
        "last modified on", "last modified", "modified", "posted on", "posted at", "posted", "created",
    ];
    if line.sentence || !line.is_at_most(MAX_CHARS) || !has_date(line.text) {
        return false;
    }
    let begins = |text: &str| {
        let text = text.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '.' | '|' | '·' | '-' | '•' | '=' | '(' | ']')
        });
        text.starts_with(|c: char| c.is_ascii_digit())
            || text
                .split(|c: char| !c.is_ascii_alphabetic())
                .next()
                .is_some_and(is_month_or_weekday)
    };
    let marked = MARKS.iter().any(|mark| line.folded.strip_prefix(mark).is_some_and(begins))
        && is_time_only(line);
    marked || (is_time_only(line) && line.text.contains(':') && is_web_time(line))
}

/// "2026-01-07 10:30", "Jan 7, 2026, 10:30 a.m.": times as software writes them. "2026. 1. 7.(수)
/// 10:30" announces an event.
fn is_web_time(line: &PageLine) -> bool {
    let first = line.folded.split([' ', 't']).next().unwrap_or_default();
    let parts: Vec<&str> = first.split(['-', '.', '/']).collect();
    let compact = parts.len() == 3
        && parts.iter().zip([4, 2, 2]).all(|(part, length)| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    let year = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let english = line.folded.split(|c: char| !c.is_ascii_alphabetic()).any(is_month_or_weekday)
        && line.folded.split(|c: char| !c.is_ascii_digit()).any(year);
    (compact && !line.text.contains('(')) || english
}

/// True if a line holds only a time, labels and separators.
fn is_time_only(line: &PageLine) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "오전", "오후", "년", "월", "일", "시", "분", "초", "요일", "화", "수", "목", "금", "토", "입력", "기사입력", "기사", "최초입력", "최초",
        "수정", "최종수정", "최종", "송고", "송고시간", "등록", "등록일", "업데이트", "승인", "발행", "발행일", "게시", "게시일", "게재일", "작성일",
        "작성", "입력일", "수정일", "입력시간", "수정시간", "입력일시", "수정일시", "등록일시", "보도시간", "방송일", "최종업데이트", "기사수정", "지면",
        "kst", "am", "pm", "a", "p", "m", "et", "est", "edt", "gmt", "utc", "bst", "at", "on", "t", "z", "th", "st", "nd", "rd", "of",
        "published", "updated", "last", "first", "modified", "posted", "created", "면",
    ];
    let words = line.folded.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut words = words.peekable();
    words.all(|word| WORDS.contains(&word) || is_month_or_weekday(word))
}

/// Name of a month or weekday, in full or abbreviated.
fn is_month_or_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.to_ascii_lowercase();
    let mut names = MONTHS.iter().chain(&DAYS);
    word.len() >= 3
        && names.any(|name| *name == word || (word.len() <= 5 && name.starts_with(&*word)))
}

/// A year with a month, in figures or words.
fn has_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 5
        && (text.contains([':', '-', '.', '/', '년', ','])
            || text.split_whitespace().any(is_month_or_weekday))
}

/// "02-398-0000".
pub(super) fn has_phone(text: &str) -> bool {
    let mut run = text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | ')' | '.')));
    run.any(|part| part.bytes().filter(u8::is_ascii_digit).count() >= 7 && part.contains('-'))
}
