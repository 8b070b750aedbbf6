//! The table of boilerplate rules: kind, reason, lines that must match, similar lines of articles
//! that must not.

use super::line::PageLine;
use super::shapes::{
    has_phone, is_author_credit, is_breadcrumb, is_caption, is_copyright_claim, is_counter,
    is_desk_name, is_invitation, is_link_bar, is_photo_credit, is_publication_time,
    is_reading_time, is_related_link, is_reporter_email, is_share_button, is_tag_list,
};
use super::words::{
    ADVERTISEMENT, CLAIMS, COUNTED, IMPRINT, NAVIGATION, OTHER_ARTICLES, SHARING, SUBSCRIPTION,
};

/// One kind of boilerplate.
pub(super) struct BoilerplateRule {
    /// Kind of boilerplate, for the report.
    pub(super) what: &'static str,
    /// Reason why such a line can be left out, for readers of the table.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    pub(super) reason: &'static str,
    pub(super) matches: fn(&PageLine) -> bool,
    /// Lines that must match.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    pub(super) drops: &'static [&'static str],
    /// Similar lines of articles that must not match.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    pub(super) keeps: &'static [&'static str],
}

pub(super) const RULES: &[BoilerplateRule] = &[
    BoilerplateRule {
        what: "navigation",
        reason: "links to other parts of the page or site, and its buttons",
        matches: |line| {
            line.is(NAVIGATION)
                || is_breadcrumb(line)
                || is_reading_time(line)
                || line.starts(&[
                    "이 기사는 언론사에서",
                    "기사의 섹션 정보는",
                    "기사의 본문 내용은 이 글자크기로",
                    "video player is",
                ])
        },
        drops: &[
            "Back To Top",
            "▲ 맨위로",
            "Home > National > Defense",
            "홈 > 정치 > 국방",
            "[목록]",
            "본문 글씨 키우기",
            "5 min read",
            "이 기사는 언론사에서 사회 섹션으로 분류했습니다.",
            "음성으로 듣기",
        ],
        keeps: &[
            "Home prices fell",
            "Top officials meet",
            "The index rose: 5 > 3.",
            "본문 내용",
            "위로의 말",
            "검색 시장 점유율",
            "5 minutes of fame",
        ],
    },
    BoilerplateRule {
        what: "other articles",
        reason: "the heading over links to other articles, or such a link",
        matches: |line| line.is(OTHER_ARTICLES) || is_related_link(line),
        drops: &[
            "MOST POPULAR",
            "LATEST NEWS",
            "Related articles:",
            "Read more >",
            "■ 많이 본 뉴스",
            "[관련기사]",
            "최신 기사",
            "☞ 관련기사: 항구, 다시 열린다",
            "▶[팩트체크] 여객선 요금 오르나",
            "Related: Mayor opens bridge",
            "READ MORE: Mayor opens bridge",
            "▶ 여객선 시간표 바로가기",
            "▶ Video: Ferry returns to Haemin",
            "• More: Ferry fares to rise",
        ],
        keeps: &[
            "Related work continues",
            "Latest test condemned",
            "최신 기사를 보면 알 수 있다",
            "Read more books, says the minister",
            "▶ 국장 승진",
            "▶ 항만국장 김가온",
            "Related: the two sides, which had met before, agreed to meet again.",
            "관련기사를 쓴 기자",
            "속보 경쟁",
            "Explainer: What the tariff ruling means for Korea",
            "Opinion: Build the breakwater",
            "Video: Ferry returns to Haemin",
            "In pictures: Haemin after the storm",
        ],
    },
    BoilerplateRule {
        what: "tip line",
        reason: "asks readers to send tips",
        matches: |line| {
            const MAX_CHARS: usize = 100;
            let asks = line.contains(&["제보"])
                && line.contains(&[
                    "기다립니다",
                    "뉴스가 됩니다",
                    "기사가 됩니다",
                    "'제보' 검색",
                    "제보 검색",
                    "제보' 검색",
                    "제보해 주세요",
                    "제보해주세요",
                ]);
            let starts = [
                "제보는 ",
                "제보하기",
                "기사제보",
                "기사 제보",
                "뉴스제보",
                "뉴스 제보",
                "카카오톡 제보",
                "제보 전화",
                "제보전화",
                "제보 이메일",
                "독자 제보",
                "시청자 제보",
                "send tips to",
                "email tips to",
                "send us a tip",
            ];
            let way = line.is_at_most(60)
                && line.starts(&[
                    "카카오톡 :",
                    "카카오톡:",
                    "카카오톡]",
                    "전화 :",
                    "전화:",
                    "전화]",
                    "이메일 :",
                    "이메일:",
                    "메일]",
                    "메일 :",
                    "이메일]",
                ])
                && (has_phone(line.text) || line.text.contains(['@', '\'', '‘']));
            line.is_at_most(MAX_CHARS)
                && (asks
                    || line.is(&[
                        "제보",
                        "기사문의 및 제보",
                        "기사 문의 및 제보",
                        "send a tip",
                        "got a tip",
                        "have a tip",
                        "got a news tip",
                        "do you have a tip",
                        "contact our newsroom",
                    ])
                    || !line.sentence
                        && (line.starts(&starts) || way || line.contains(&["okjebo"])))
        },
        drops: &[
            "제보는 카카오톡 okjebo",
            "기사제보 및 보도자료",
            "제보하기",
            "※ '당신의 제보가 뉴스가 됩니다'",
            "▷ 카카오톡 : '해민제보' 검색, 채널 추가",
            "[전화] 02-398-0000",
            "▷ 전화 : 02-781-0000",
            "여러분의 제보를 기다립니다.",
            "Got a tip?",
        ],
        keeps: &[
            "제보는 모두 세 건이었다.",
            "제보자 보호법 통과",
            "전화: 시민의 목소리",
            "경찰은 목격자 제보를 받고 있다.",
        ],
    },
    BoilerplateRule {
        what: "subscription",
        reason: "an offer to subscribe, sign up or log in",
        matches: |line| {
            const MAX_CHARS: usize = 100;
            let asks = || {
                line.starts(&[
                    "subscribe to our",
                    "sign up for our",
                    "sign up to our",
                    "follow us on",
                    "join our whatsapp",
                    "join our telegram",
                    "join our newsletter",
                    "download our app",
                    "get our newsletter",
                    "click here to subscribe",
                    "네이버에서 구독",
                    "네이버 채널 구독",
                    "already a subscriber",
                    "don't have an account",
                ])
            };
            let offers = || {
                is_invitation(line)
                    || line.starts(&[
                        "subscribe to ",
                        "subscribe for ",
                        "get breaking news",
                        "follow @",
                        "start your free ",
                        "become a subscriber",
                    ])
                    || line.ends(&[
                        "채널 구독",
                        "기자 구독",
                        "구독 신청",
                        "친구 추가",
                        "친구추가",
                        "앱 다운로드",
                        "팔로우하기",
                    ])
            };
            let invites = || {
                line.ends(&[
                    "구독하기",
                    "구독하세요",
                    "구독해주세요",
                    "구독해 주세요",
                    "구독과 좋아요",
                    "구독 부탁드립니다",
                ])
            };
            line.is_at_most(MAX_CHARS)
                && (!line.sentence && (line.is(SUBSCRIPTION) || offers())
                    || asks()
                    || invites()
                    || is_counter(
                        line,
                        &["구독", "구독자", "응원", "응원수", "followers", "subscribers"],
                    ))
        },
        drops: &[
            "subscribe",
            "구독하기",
            "[구독]",
            "Sign up for our newsletter",
            "Follow us on Google News",
            "▶해민일보 네이버 채널 구독하기",
            "Subscribe to our newsletter.",
            "구독자 1,234명",
            "유튜브, 네이버에서도 해민뉴스를 구독해주세요!",
            "Get the latest news in your inbox",
            "Sign in to continue",
            "Register to read on",
            "카카오톡 채널 추가",
        ],
        keeps: &[
            "Register to vote by Monday, officials urge",
            "Sign up to fight: Ukraine opens rolls",
            "Get the latest test ready, coach says",
            "KBS, 재난방송 채널 추가",
            "구독 경제 성장",
            "Subscribe rates fall",
            "Sign of thaw",
            "Readers subscribe.",
            "구독료 인상",
            "구독자 100만명 돌파",
        ],
    },
    BoilerplateRule {
        what: "sharing",
        reason: "buttons to share, print or comment, with their counts",
        matches: |line| {
            const MAX_CHARS: usize = 30;
            line.is(SHARING)
                || is_counter(line, COUNTED)
                || (!line.sentence
                    && line.is_at_most(MAX_CHARS)
                    && (line.starts(&["share on ", "share via ", "share to ", "share by "])
                        || line.ends(&["기사보내기", "기사 보내기", "공유하기"])
                        || is_share_button(line)))
        },
        drops: &[
            "Share this article",
            "SNS 공유",
            "공유하기",
            "Facebook",
            "댓글쓰기",
            "댓글 12",
            "좋아요 3",
            "12 comments",
            "카카오톡(으)로 기사보내기",
            "추천 0 반대 0",
            "Share on WhatsApp",
            "댓글 1,204개",
            "페이스북에 공유",
            "카카오톡으로 공유",
            "네이버 밴드에 공유",
        ],
        keeps: &[
            "한미, 미사일 정보 실시간으로 공유",
            "경찰, 용의자 사진 SNS에 공유",
            "Share prices fall",
            "Facebook fined",
            "카카오톡 장애",
            "댓글 조작 수사",
            "추천 인사 3명",
            "Comments on the plan",
            "댓글 12개 삭제",
            "반대 3",
            "추천 12명",
            "찬성 14 반대 5",
        ],
    },
    BoilerplateRule {
        what: "advertisement",
        reason: "marks the place of an advertisement",
        matches: |line| {
            const MAX_CHARS: usize = 60;
            const MAX_CHARS_BY: usize = 24;
            line.is(ADVERTISEMENT)
                || (line.is_at_most(MAX_CHARS_BY) && line.starts(&["ads by "]))
                || (line.is_at_most(MAX_CHARS)
                    && line.starts(&[
                        "article continues after",
                        "article continues below",
                        "story continues below",
                        "story continues after",
                        "advertisement - scroll",
                        "advertisement. scroll",
                        "sponsored by ",
                        "paid for by ",
                        "이 기사는 광고",
                        "이 포스팅은 쿠팡",
                    ])
                    && !line.contains(&[" said", " says"]))
        },
        drops: &[
            "Advertisement",
            "- ADVERTISEMENT -",
            "[광고]",
            "Story continues below advertisement",
            "Article continues after this ad",
            "Ads by Google",
        ],
        keeps: &[
            "광고 시장 위축",
            "Advertisement spending falls",
            "Ad spending falls",
            "협찬 논란",
            "Ad by rival party sparks row",
            "Ads by rival party spark row",
        ],
    },
    BoilerplateRule {
        what: "copyright",
        reason: "the agency's claim to the text",
        matches: |line| {
            const MAX_CHARS: usize = 200;
            let ban = [
                "무단 전재",
                "무단전재",
                "무단 복제",
                "무단복제",
                "무단 배포",
                "무단배포",
                "재배포 금지",
                "재배포금지",
                "학습 이용 금지",
                "학습이용 금지",
                "학습 및 활용 금지",
                "unauthorized reproduction",
            ];
            let law = [
                "all rights reserved",
                "may not be published, broadcast",
                "this material may not be",
            ];
            // English notices end with a full stop ("All rights reserved."), Korean ones rarely do.
            line.is_at_most(MAX_CHARS)
                && (line.starts(CLAIMS)
                    || is_copyright_claim(line)
                    || line.contains(&law)
                    || (line.contains(&ban) && !line.sentence))
        },
        drops: &[
            "무단 전재-재배포 금지",
            "저작권자(c) 연합뉴스",
            "<저작권자(c) 연합뉴스, 무단 전재-재배포, AI 학습 및 활용 금지>",
            "Copyright (c) Hanbit Daily. All rights reserved.",
            "ⓒ 한빛일보, 무단전재 및 재배포 금지",
            "[ⓒ 한빛일보 & hanbit.example]",
            "한빛일보. All rights reserved.",
            "이 기사의 저작권은 한빛일보에 있습니다.",
            "This material may not be published, broadcast, rewritten or redistributed.",
            "(c) 2026 Haemin Times",
            "(C) Haemin Times",
            "Copyrights (c) Haemin Times",
        ],
        keeps: &[
            "법원은 기사 무단 전재를 금지했다.",
            "The copyright law was amended.",
            "저작권법 개정",
            "(c) No person shall be held without charge.",
            "저작권자는 소송을 냈다.",
            "저작권자(원고)는 소송을 냈다.",
            "Copyrights on the songs expired, the court said.",
        ],
    },
    BoilerplateRule {
        what: "end mark",
        reason: "says that the copy ends here, or goes on elsewhere",
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
                    | "# # #"
                    | "-30-"
                    | "- 30 -"
                    | "- end -"
                    | "end"
                    | "[end]"
                    | "<end>"
                    | "-end-"
                    | "(ends)"
                    | "ends"
                    | "-ends-"
                    | "(more)"
                    | "-more-"
                    | "(계속)"
                    | "<계속>"
                    | "/끝/"
                    | "//끝//"
                    | "***"
                    | "(end of article)"
            )
        },
        drops: &["(END)", "(끝)", "<끝>", "###", "(계속)", "(MORE)"],
        keeps: &["끝내 합의 못 해", "The end", "계속 오르는 물가"],
    },
    BoilerplateRule {
        what: "reporter e-mail",
        reason: "who made it and where to write to",
        matches: |line| {
            const MAX_CHARS: usize = 80;
            is_reporter_email(line)
                || is_desk_name(line)
                || (line.is_at_most(MAX_CHARS) && is_author_credit(line))
                || (line.is_at_most(MAX_CHARS)
                    && line.contains(&["기자"])
                    && line.ends(&[
                        "다른 기사",
                        "다른기사",
                        "다른 기사 보기",
                        "다른기사 보기",
                        "기자 구독",
                        "기자 페이지",
                        "기자 프로필",
                        "기사 더보기",
                        "기사 모아보기",
                    ]))
                || line.is(&[
                    "staff writer",
                    "staff reporter",
                    "contributing reporter",
                    "contributing writer",
                    "기자 프로필",
                    "기자 페이지",
                ])
        },
        drops: &[
            "hong@yna.co.kr",
            "홍길동 기자 hong@example.com",
            "By Hong Gil-dong (hong@example.com)",
            "홍길동 기자",
            "한서진·노민아 기자 = hsj@example.com",
            "디지털뉴스팀",
            "글·사진=한서진 기자",
            "영상편집: 노민아",
            "Reporting by Han Seo-jin; Editing by Noh Min-a",
            "한서진 기자의 다른 기사 보기",
            "◎공감언론 해민 hsj@haemin.example",
        ],
        keeps: &[
            "문의는 hong@example.com으로 하면 된다.",
            "홍길동 기자 회견",
            "The address hong@example.com was on every letter that they sent",
            "그는 기자",
            "편집국 개편",
            "그래픽 카드 값 내려",
            "Reporting by drones is banned",
            "신청: kim@haemin.example",
            "문의 help@city.example",
            "Apply: kim@haemin.example",
        ],
    },
    BoilerplateRule {
        what: "photo credit",
        reason: "the caption or source of a picture that is not there",
        matches: |line| is_photo_credit(line) || is_caption(line),
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
            "옛 항구 전경 (사진=해민시)",
            "사진은 이날 오후 해민시 옛 항구에 붙은 안내문. 2026.1.7",
            "Photo: Reuters",
            "해민항 전경 [해민시 제공]",
            "해민항. /사진=게티이미지뱅크",
            "Getty Images",
            "The old harbour of Haemin. (AP Photo/Kim Ga-on)",
        ],
        keeps: &[
            "He left. (Yonhap)",
            "▲ 출연 김가온 ▲ 상영 시간 172분",
            "사진을 공개했다.",
            "Photo shows new missile",
            "(서울=연합뉴스) 한서진 기자 = 정부가 밝혔다.",
            "[단독] 사진 공개",
            "Photos by satellites show new tunnels.",
            "해민시, 방파제 쌓는다 (종합)",
            "자료 제출 요구",
            "Image of the party suffers",
            "참가비 무료 (점심 제공)",
            "▲ 일시 7일 오후 2시 (간식 제공)",
            "기념품을 준다. (중식 제공)",
        ],
    },
    BoilerplateRule {
        what: "time stamp",
        reason: "when the page was published or changed",
        matches: is_publication_time,
        drops: &[
            "송고시간 2026-01-07 10:30",
            "입력 2026.01.07. 오전 10:30",
            "Published : Jan 7, 2016 - 17:22",
            "기사입력 2026-01-07",
            "Updated: 2026-01-07 09:00",
            "입력2026.01.07. 오전 10:30",
            "승인 2026.01.07 10:30",
            "2026-01-07 10:30:00",
            "Last modified on Wed 7 Jan 2026 10.30 GMT",
            "입력 : 2026-01-07 10:30 | 수정 : 2026-01-07 11:00",
            "Jan 7, 2026, 10:30 a.m. KST",
        ],
        keeps: &[
            "수정 예산안 12조원",
            "Published works of 2016 are listed.",
            "입력 장치 3종 공개",
            "Updated plan due in 2027",
            "2026년 1월 7일",
            "등록 차량 2,600,000대",
            "10:30 개회식",
            "2026. 1. 7.(수) 10:30",
        ],
    },
    BoilerplateRule {
        what: "tags",
        reason: "words under which the page is filed",
        matches: is_tag_list,
        drops: &[
            "#해민시 #여객선 #방파제",
            "Tags: harbour, ferry",
            "태그: 항구, 배",
            "키워드 : 해민시",
        ],
        keeps: &["#MeToo movement grows", "태그 경기 결과", "No. 1 port"],
    },
    BoilerplateRule {
        what: "imprint",
        reason: "who runs the site, and its rules",
        matches: |line| {
            const MAX_CHARS: usize = 120;
            let named = [
                "발행인",
                "편집인",
                "발행·편집인",
                "등록번호",
                "사업자등록번호",
                "사업자 등록번호",
                "대표전화",
                "청소년보호책임자",
                "청소년 보호책임자",
                "통신판매업",
                "대표이사",
                "제호",
                "인터넷신문 등록번호",
                "개인정보보호책임자",
                "개인정보관리책임자",
                "신문사업·인터넷신문사업",
            ];
            let figures = line.text.contains([':', '|', 'ㅣ']) || has_phone(line.text);
            // Notices of appointments name these offices too.
            let appointed = line.starts(&["대표이사", "발행인", "편집인"])
                && named.iter().filter(|name| line.folded.contains(**name)).count() < 2
                && !has_phone(line.text);
            line.is(IMPRINT)
                || is_link_bar(line)
                || (!line.sentence
                    && line.is_at_most(MAX_CHARS)
                    && line.starts(&named)
                    && figures
                    && !appointed)
                || (line.is_at_most(MAX_CHARS)
                    && line.starts(&[
                        "we use cookies",
                        "this site uses cookies",
                        "this website uses cookies",
                        "by continuing to use this site",
                        "please enable javascript",
                    ]))
        },
        drops: &[
            "개인정보처리방침",
            "Privacy Policy",
            "발행인 : 홍길동 | 편집인 : 노민아",
            "회사소개 | 이용약관 | 개인정보처리방침",
            "대표전화 02-000-0000",
            "We use cookies to improve your experience.",
            "등록번호 : 서울아00000",
            "대표이사 : 김가온 | 등록번호 : 해민아00000",
            "발행인 : 노민아 (02-000-0000)",
        ],
        keeps: &[
            "이용약관 개정 논란",
            "Privacy law passed",
            "대표이사 교체",
            "발행인 자살 예방",
            "▲ 대표이사 : 김가온",
        ],
    },
];
