//! Lines of a news page that are not the article and say so: a table of rules, each with its reason and its examples.
//!
//! A rule looks at one line and nothing else. Rules are narrow: a line of the article taken for furniture is a fact lost,
//! furniture taken for the article is a line too many. A line that is a whole sentence is furniture only where its rule says why.

/// One kind of furniture.
struct Rule {
    /// What it is, for the report.
    what: &'static str,
    /// Why such a line can be left out. For whoever reads the table.
    #[cfg_attr(not(test), allow(dead_code, reason = "the table is read by people and by its tests"))]
    reason: &'static str,
    matches: fn(&Line) -> bool,
    /// Lines it must recognise.
    #[cfg_attr(not(test), allow(dead_code, reason = "the table is read by people and by its tests"))]
    drops: &'static [&'static str],
    /// Lines like them that belong to an article.
    #[cfg_attr(not(test), allow(dead_code, reason = "the table is read by people and by its tests"))]
    keeps: &'static [&'static str],
}

/// A line, and what the rules ask about it.
struct Line<'t> {
    /// As it stands, trimmed.
    text: &'t str,
    /// In small letters, without ornaments at its ends, spaces counted once.
    folded: String,
    /// Whether it reads like a sentence of the article.
    sentence: bool,
}

/// What kind of furniture a line is; `None` for everything an article may hold.
pub(super) fn recognise(line: &str) -> Option<&'static str> {
    const LONGEST: usize = 300;
    let text = line.trim();
    if text.is_empty() || text.chars().count() > LONGEST || text.contains('\n') {
        return None;
    }
    let ornament = |c: char| !c.is_alphanumeric() && !matches!(c, '(' | ')' | 'ⓒ' | '©' | '@');
    let folded = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = folded.trim_matches(ornament).to_string();
    let end = text.trim_end_matches(['"', '”', ')', ']', '>']);
    let line = Line { text, folded, sentence: end.ends_with(['.', '?', '!']) || end.ends_with("니다") };
    RULES.iter().find(|rule| (rule.matches)(&line)).map(|rule| rule.what)
}

impl Line<'_> {
    fn is(&self, known: &[&str]) -> bool {
        known.contains(&self.folded.as_str())
    }

    fn starts(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.starts_with(known))
    }

    fn contains(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.contains(known))
    }

    fn is_at_most(&self, chars: usize) -> bool {
        self.text.chars().count() <= chars
    }
}

/// Links to other parts of the page or site.
#[rustfmt::skip]
const NAVIGATION: &[&str] = &[
    "back to top", "go to top", "top", "home", "menu", "skip to content", "skip to main content",
    "go to list", "list", "prev", "next", "previous article", "next article", "search", "sitemap", "맨위로",
    "맨 위로", "위로", "본문 바로가기", "메뉴", "목록", "목록보기", "이전 기사", "다음 기사", "이전기사",
    "다음기사", "검색", "전체메뉴", "홈", "닫기", "메뉴 닫기", "본문 글자 크기 조정", "글자크기", "close",
];

/// Headings over links to other articles.
#[rustfmt::skip]
const OTHER_ARTICLES: &[&str] = &[
    "most popular", "most read", "most viewed", "latest news", "latest", "popular news", "trending",
    "trending now", "top stories", "top news", "related articles", "related news", "related stories",
    "related", "read more", "read also", "see also", "more news", "more stories", "editor's picks",
    "recommended", "recommended for you", "you may also like", "don't miss", "headlines", "많이 본 뉴스",
    "많이 본 기사", "많이본 뉴스", "가장 많이 본 뉴스", "실시간 뉴스", "실시간 인기", "인기 기사",
    "인기기사", "인기 뉴스", "최신 기사", "최신기사", "최신 뉴스", "최신뉴스", "관련 기사", "관련기사",
    "관련 뉴스", "관련뉴스", "주요 뉴스", "주요뉴스", "주요 기사", "이 시각 주요뉴스", "이 시각 헤드라인",
    "이 시각 많이 본 기사", "추천 기사", "추천기사", "추천 뉴스", "핫뉴스", "랭킹뉴스", "랭킹 뉴스",
    "오늘의 뉴스", "더보기", "더 보기", "뉴스 더보기", "함께 본 기사", "함께 보면 좋은 기사",
];

/// Offers to subscribe, sign up or log in.
#[rustfmt::skip]
const SUBSCRIPTION: &[&str] = &[
    "subscribe", "subscribe now", "sign in", "sign up", "log in", "login", "register", "newsletter",
    "newsletters", "follow us", "get the app", "구독", "구독하기", "구독 신청", "구독신청", "기자 구독",
    "로그인", "회원가입", "뉴스레터", "뉴스레터 구독", "알림 받기", "채널 구독", "네이버 구독",
    "언론사 구독",
];

/// Buttons under and over an article.
#[rustfmt::skip]
const SHARING: &[&str] = &[
    "share", "share this", "share this article", "share this story", "share on facebook",
    "share on twitter", "share on x", "print", "print this article", "e-mail", "email",
    "email this article", "facebook", "twitter", "kakaotalk", "telegram", "copy link", "copy url",
    "comments", "comment", "font size", "save", "bookmark", "sns 공유", "sns공유", "공유", "공유하기",
    "기사 공유", "페이스북", "트위터", "카카오톡", "카카오스토리", "네이버 밴드", "링크 복사", "url 복사",
    "인쇄", "인쇄하기", "프린트", "스크랩", "댓글", "댓글 쓰기", "댓글쓰기", "좋아요", "슬퍼요", "화나요",
    "후속요청", "북마크", "글자 크기", "폰트", "이 기사를 공유합니다",
];

/// Marks of an advertisement's place.
#[rustfmt::skip]
const ADVERTISEMENT: &[&str] = &[
    "advertisement", "advertisements", "ad", "ads", "sponsored", "sponsored content",
    "continue reading below", "광고", "ad 광고", "스폰서", "이 광고는", "광고 닫기", "광고닫기",
];

/// Agencies, as pictures are credited to them.
#[rustfmt::skip]
const AGENCIES: &[&str] = &[
    "yonhap", "연합뉴스", "ap", "afp", "reuters", "epa", "ap-yonhap", "afp-yonhap", "epa-yonhap",
    "reuters-yonhap", "xinhua", "kyodo", "newsis", "뉴시스", "ap=연합뉴스", "afp=연합뉴스",
    "로이터=연합뉴스", "epa=연합뉴스", "신화=연합뉴스",
];

/// Words of a credit, with or without brackets around them.
#[rustfmt::skip]
const PHOTO: &[&str] = &[
    "사진=", "사진 =", "사진제공=", "사진 제공", "[사진제공", "photo by", "photo courtesy of",
    "image courtesy of", "courtesy of", "ap photo", "자료사진", "재판매 및 db",
];

const RULES: &[Rule] = &[
    Rule {
        what: "navigation",
        reason: "links to other parts of the page or site",
        matches: |line| line.is(NAVIGATION) || is_breadcrumb(line),
        drops: &["Back To Top", "▲ 맨위로", "Home > National > Defense", "홈 > 정치 > 국방", "[목록]"],
        keeps: &[
            "Home prices fell",
            "Top officials meet",
            "The index rose: 5 > 3.",
            "본문 내용",
            "위로의 말",
        ],
    },
    Rule {
        what: "other articles",
        reason: "the heading over links to other articles",
        matches: |line| line.is(OTHER_ARTICLES),
        drops: &[
            "MOST POPULAR",
            "LATEST NEWS",
            "Related articles:",
            "Read more >",
            "■ 많이 본 뉴스",
            "[관련기사]",
            "최신 기사",
        ],
        keeps: &[
            "Related work continues",
            "Latest test condemned",
            "최신 기사를 보면 알 수 있다",
            "Read more books, says the minister",
        ],
    },
    Rule {
        what: "subscription",
        reason: "an offer to subscribe, sign up or log in",
        matches: |line| {
            !line.sentence
                && (line.is(SUBSCRIPTION)
                    || line.starts(&[
                        "subscribe to our",
                        "sign up for our",
                        "follow us on",
                        "네이버에서 구독",
                        "네이버 채널 구독",
                    ]))
        },
        drops: &["subscribe", "구독하기", "[구독]", "Sign up for our newsletter", "Follow us on Google News"],
        keeps: &["구독 경제 성장", "Subscribe rates fall", "Sign of thaw", "Readers subscribe."],
    },
    Rule {
        what: "sharing",
        reason: "buttons to share, print or comment",
        matches: |line| line.is(SHARING),
        drops: &["Share this article", "SNS 공유", "공유하기", "Facebook", "댓글쓰기"],
        keeps: &["Share prices fall", "Facebook fined", "카카오톡 장애", "댓글 조작 수사"],
    },
    Rule {
        what: "advertisement",
        reason: "marks the place of an advertisement",
        matches: |line| line.is(ADVERTISEMENT),
        drops: &["Advertisement", "- ADVERTISEMENT -", "[광고]"],
        keeps: &["광고 시장 위축", "Advertisement spending falls"],
    },
    Rule {
        what: "copyright",
        reason: "the agency's claim to the text",
        matches: |line| {
            let claim = ["저작권자", "ⓒ", "©", "(c)", "copyright", "all rights reserved"];
            let ban = [
                "무단 전재",
                "무단전재",
                "무단 복제",
                "무단복제",
                "재배포 금지",
                "재배포금지",
                "unauthorized reproduction",
            ];
            // English claims end in a full stop ("All rights reserved."), Korean ones never end like a sentence.
            line.is_at_most(160) && (line.starts(&claim) || (line.contains(&ban) && !line.sentence))
        },
        drops: &[
            "무단 전재-재배포 금지",
            "저작권자(c) 연합뉴스",
            "<저작권자(c) 연합뉴스, 무단 전재-재배포, AI 학습 및 활용 금지>",
            "Copyright (c) Hanbit Daily. All rights reserved.",
            "ⓒ 한빛일보, 무단전재 및 재배포 금지",
        ],
        keeps: &["법원은 기사 무단 전재를 금지했다.", "The copyright law was amended."],
    },
    Rule {
        what: "end mark",
        reason: "says that the copy ends here",
        matches: |line| {
            matches!(
                line.text.to_lowercase().as_str(),
                "(end)"
                    | "(끝)"
                    | "<끝>"
                    | "[끝]"
                    | "끝"
                    | "끝."
                    | "-끝-"
                    | "- 끝 -"
                    | "###"
                    | "-30-"
                    | "- end -"
                    | "end"
            )
        },
        drops: &["(END)", "(끝)", "<끝>", "###"],
        keeps: &["끝내 합의 못 해", "The end"],
    },
    Rule {
        what: "reporter e-mail",
        reason: "who wrote it and where to write to",
        matches: is_reporter,
        drops: &[
            "hong@yna.co.kr",
            "홍길동 기자 hong@example.com",
            "By Hong Gil-dong (hong@example.com)",
            "홍길동 기자",
            "한서진·노민아 기자 = hsj@example.com",
        ],
        keeps: &[
            "문의는 hong@example.com으로 하면 된다.",
            "홍길동 기자 회견",
            "The address hong@example.com was on every letter that they sent",
            "그는 기자",
        ],
    },
    Rule {
        what: "photo credit",
        reason: "the caption or source of a picture that is not there",
        matches: is_photo,
        drops: &[
            "(Yonhap)",
            "[연합뉴스]",
            "[사진] 악수하는 두 장관",
            "▲ 두 장관이 악수하고 있다. (사진=국방부)",
            "Photo courtesy of the ministry",
            "(서울=연합뉴스) 사진부",
            "[연합뉴스 자료사진]",
            "(Photo by Hong Gil-dong)",
            "사진=연합뉴스",
            "[국방부 제공. 재판매 및 DB 금지]",
            "(AP-Yonhap)",
        ],
        keeps: &[
            "He left. (Yonhap)",
            "▲ 출연 김가온 ▲ 상영 시간 172분",
            "사진을 공개했다.",
            "Photo shows new missile",
            "(서울=연합뉴스) 한서진 기자 = 정부가 밝혔다.",
            "[단독] 사진 공개",
            "Photos by satellites show new tunnels.",
        ],
    },
    Rule {
        what: "tip line",
        reason: "asks readers to send tips",
        matches: |line| {
            !line.sentence
                && line.is_at_most(80)
                && (line.starts(&[
                    "제보는 ",
                    "제보하기",
                    "기사제보",
                    "기사 제보",
                    "뉴스제보",
                    "뉴스 제보",
                    "카카오톡 제보",
                ]) || line.contains(&["okjebo"])
                    || line.is(&["제보", "기사문의 및 제보", "기사 문의 및 제보", "send a tip", "got a tip"]))
        },
        drops: &["제보는 카카오톡 okjebo", "기사제보 및 보도자료", "제보하기"],
        keeps: &["제보는 모두 세 건이었다.", "제보자 보호법 통과"],
    },
    Rule {
        what: "time stamp",
        reason: "when the page was published or changed",
        matches: |line| {
            let marks = [
                "송고시간",
                "송고 ",
                "입력 ",
                "입력:",
                "입력일",
                "기사입력",
                "등록 ",
                "등록:",
                "수정 ",
                "수정:",
                "최종수정",
                "최종 수정",
                "업데이트",
                "published",
                "updated",
                "last updated",
                "posted",
                "발행일",
                "승인 ",
            ];
            !line.sentence && line.is_at_most(80) && line.starts(&marks) && has_date(line.text)
        },
        drops: &[
            "송고시간 2026-01-07 10:30",
            "입력 2026.01.07. 오전 10:30",
            "Published : Jan 7, 2016 - 17:22",
            "기사입력 2026-01-07",
            "Updated: 2026-01-07 09:00",
        ],
        keeps: &[
            "수정 예산안 12조원",
            "Published works of 2016 are listed.",
            "입력 장치 3종 공개",
            "Updated plan due in 2027",
        ],
    },
];

/// "Home > National > Defense": short names with arrows between them.
fn is_breadcrumb(line: &Line) -> bool {
    let parts: Vec<&str> = line.text.split(['>', '›', '»']).map(str::trim).collect();
    !line.sentence
        && parts.len() >= 2
        && parts.iter().all(|part| {
            !part.is_empty() && part.chars().count() <= 20 && !part.contains(|c: char| c.is_ascii_digit())
        })
        && matches!(parts[0].to_lowercase().as_str(), "home" | "홈" | "뉴스" | "news" | "메인" | "main")
}

/// An address with a name, or a name with "기자" and nothing else.
fn is_reporter(line: &Line) -> bool {
    const LONGEST_NAME: usize = 30;
    let (addresses, rest): (Vec<&str>, Vec<&str>) =
        line.text.split_whitespace().partition(|word| is_address(word));
    let rest = rest.join(" ");
    if !addresses.is_empty() {
        return !line.sentence && rest.chars().count() <= LONGEST_NAME;
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

/// "hong@yna.co.kr", "(hong@example.com)", but not "hong@example.com으로".
fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let Some((user, domain)) = word.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    };
    plain(user) && plain(domain) && domain.contains('.') && word.is_ascii()
}

fn is_photo(line: &Line) -> bool {
    let bracketed =
        line.text.starts_with(['(', '[', '<', '【']) && line.text.ends_with([')', ']', '>', '】']);
    let inner = line.folded.trim_matches(|c: char| matches!(c, '(' | ')'));
    (bracketed && AGENCIES.contains(&inner))
        || (bracketed && line.is_at_most(60) && PHOTO.iter().any(|credit| inner.contains(credit)))
        || line.text.starts_with("[사진]")
        || (line.text.starts_with('▲') && line.contains(&["사진=", "(사진", "[사진", "자료사진"]))
        || (!line.sentence && line.is_at_most(80) && line.starts(&["photo courtesy of", "photo by ", "image courtesy of", "사진=", "사진제공=", "사진 제공="]))
        // The photo desk's own line under a picture story.
        || (line.text.ends_with(") 사진부") && line.text.starts_with('('))
}

/// A year with a month, in figures or words.
fn has_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 5 && (text.contains([':', '-', '.', '/', '년']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_drops_its_examples_and_no_rule_drops_what_another_keeps() {
        for rule in RULES {
            assert!(
                !rule.reason.is_empty() && !rule.drops.is_empty() && !rule.keeps.is_empty(),
                "{}",
                rule.what
            );
            for line in rule.drops {
                assert_eq!(recognise(line), Some(rule.what), "{line}");
            }
            for line in rule.keeps {
                assert_eq!(recognise(line), None, "{line}");
            }
        }
    }

    #[test]
    fn agency_conventions_are_content() {
        for line in [
            "(LEAD) Ministers meet",
            "(2nd LD) 정부, 임금 인상",
            "(News Focus) What next?",
            "SEOUL, Jan. 7 (Yonhap) -- He left.",
            "[속보] 지진 발생",
            "◇ 전망",
        ] {
            assert_eq!(recognise(line), None, "{line}");
        }
    }
}
