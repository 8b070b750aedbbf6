//! Rules for notices around the article: copyright, credits, dates, tags, imprint.

use super::BoilerplateRule;
use crate::formats::boilerplate::shapes::{
    has_phone, is_author_credit, is_caption, is_copyright_claim, is_desk_name, is_link_bar,
    is_photo_credit, is_publication_time, is_reporter_email, is_tag_list,
};
use crate::formats::boilerplate::words::{CLAIMS, IMPRINT};

pub(super) const RULES: &[BoilerplateRule] = &[
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
