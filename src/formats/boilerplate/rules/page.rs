//! Rules for parts of the page: menus, links, offers, buttons, advertisements.

use super::BoilerplateRule;
use crate::formats::boilerplate::shapes::{
    has_phone, is_breadcrumb, is_counter, is_invitation, is_reading_time, is_related_link,
    is_share_button,
};
use crate::formats::boilerplate::words::{
    ADVERTISEMENT, COUNTED, NAVIGATION, OTHER_ARTICLES, SHARING, SUBSCRIPTION,
};

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
];
