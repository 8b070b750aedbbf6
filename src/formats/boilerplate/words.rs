//! Whole lines that are boilerplate, in lower case and without punctuation at either end.

/// Navigation links and buttons.
#[rustfmt::skip]
pub(super) const NAVIGATION: &[&str] = &[
    "back to top", "go to top", "top", "home", "menu", "skip to content", "skip to main content", "skip to navigation",
    "go to list", "list", "prev", "next", "previous", "previous article", "next article", "search", "sitemap", "site map",
    "view all", "see all", "show more", "load more", "see more", "view more", "show all", "back", "back to homepage",
    "more", "loading", "please wait", "play video", "now playing", "video player is loading", "listen to this article",
    "listen to article", "listen", "watch live", "live tv", "continue reading", "read full story", "read the full story",
    "full story", "read full article", "view comments", "close menu", "open menu", "toggle navigation", "expand",
    "my account", "edition", "choose your edition", "translate", "english", "korean", "english version", "mobile version",
    "desktop version", "text size", "맨위로", "맨 위로", "위로", "페이지 상단으로", "상단으로 이동", "본문 바로가기",
    "메뉴 바로가기", "검색 바로가기", "바로가기", "메뉴", "목록", "목록보기", "목록으로", "이전", "다음", "이전 기사",
    "다음 기사", "이전기사", "다음기사", "이전글", "다음글", "검색", "전체메뉴", "전체 메뉴", "전체보기", "전체 보기",
    "홈", "홈으로", "닫기", "메뉴 닫기", "펼치기", "접기", "본문 글자 크기 조정", "글자크기", "글자크기 설정",
    "글자 크기 설정", "글씨 키우기", "글씨 줄이기", "본문 글씨 키우기", "본문 글씨 줄이기", "글자 크게", "글자 작게",
    "가 가", "가가", "가+ 가", "close", "기사 듣기", "기사듣기", "뉴스 듣기", "음성으로 듣기", "본문 듣기", "동영상 재생",
    "영상 재생", "재생하기", "요약봇", "본문 요약봇", "ai 요약", "번역", "번역하기", "원문보기", "원문 보기", "기사 원문",
    "기사원문", "앱에서 보기", "모바일 버전", "pc버전", "pc 버전", "로딩중", "로딩 중", "지면보기", "지면 보기", "사진 확대",
    "이미지 확대", "이미지 크게 보기", "사진 크게보기", "확대보기", "기사 섹션 분류 안내", "기사 섹션 분류 가이드", "도움말",
    "언론사 홈", "언론사홈", "뉴스홈", "뉴스 홈", "본문",
];

/// Headings over links to other articles.
#[rustfmt::skip]
pub(super) const OTHER_ARTICLES: &[&str] = &[
    "most popular", "most read", "most viewed", "most shared", "most commented", "latest news", "latest", "latest stories",
    "latest headlines", "popular news", "popular now", "popular", "trending", "trending now", "trending stories",
    "top stories", "top news", "top headlines", "related articles", "related article", "related news", "related stories",
    "related story", "related topics", "related content", "related coverage", "related", "read more", "read also",
    "also read", "see also", "read next", "what to read next", "up next", "keep reading", "more news", "more stories",
    "more on this story", "more on this topic", "more from this section", "more from this author", "more like this",
    "editor's picks", "editors' picks", "editor’s picks", "recommended", "recommended for you", "recommended stories",
    "recommended reading", "you may also like", "you might also like", "you may be interested in", "don't miss",
    "don’t miss", "headlines", "from around the web", "around the web", "in other news", "breaking news", "must read",
    "must reads", "in pictures", "photo gallery", "photos", "videos", "list of 3 items", "end of list", "많이 본 뉴스",
    "많이 본 기사", "많이본 뉴스", "많이본뉴스", "많이본 기사", "많이본기사", "가장 많이 본 뉴스", "가장 많이 본 기사",
    "가장 많이 읽은 기사", "많이 읽은 뉴스", "많이 읽은 기사", "댓글 많은 뉴스", "댓글 많은 기사", "실시간 뉴스",
    "실시간 인기", "실시간 인기기사", "실시간 인기 기사", "실시간 검색어", "실시간 주요뉴스", "인기 기사", "인기기사",
    "인기 뉴스", "인기뉴스", "최신 기사", "최신기사", "최신 뉴스", "최신뉴스", "최신 영상", "관련 기사", "관련기사",
    "관련 뉴스", "관련뉴스", "관련 영상", "관련 키워드", "연관 기사", "연관기사", "주요 뉴스", "주요뉴스", "주요 기사",
    "주요기사", "이 시각 주요뉴스", "이 시각 주요 뉴스", "이시각 주요뉴스", "이 시각 헤드라인", "이시각 헤드라인",
    "이 시각 많이 본 기사", "이 시각 인기 기사", "추천 기사", "추천기사", "추천 뉴스", "추천뉴스", "추천 영상", "핫뉴스",
    "핫 뉴스", "핫이슈", "핫클릭", "랭킹뉴스", "랭킹 뉴스", "뉴스 랭킹", "오늘의 뉴스", "오늘의 핫뉴스", "오늘의 주요뉴스",
    "오늘의 추천기사", "더보기", "더 보기", "뉴스 더보기", "기사 더보기", "함께 본 기사", "함께 보면 좋은 기사",
    "함께 읽은 기사", "함께 볼만한 기사", "이런 기사 어때요", "이 기사와 함께 본 기사", "다른 기사", "다른 기사 보기",
    "섹션 뉴스", "분야별 주요뉴스", "포토뉴스", "포토 뉴스", "화보", "동영상 뉴스", "속보", "기획·연재", "이슈", "이슈 now",
    "에디터 추천", "편집자 추천", "베스트 클릭", "많이 본 동영상", "top 10", "많이 본 top10", "많이 본 뉴스 top 10",
];

/// Offers to subscribe, sign up or log in.
#[rustfmt::skip]
pub(super) const SUBSCRIPTION: &[&str] = &[
    "subscribe", "subscribe now", "subscribe today", "sign in", "sign up", "sign up now", "log in", "login", "log out",
    "register", "register now", "register for free", "create account", "create a free account", "already a subscriber",
    "newsletter", "newsletters", "follow us", "follow", "following", "get the app", "download our app", "download the app",
    "start your free trial", "become a member", "support us", "donate", "support our journalism", "join now",
    "push notifications", "get alerts", "구독", "구독하기", "구독중", "구독 신청", "구독신청", "구독취소", "기자 구독", "기자구독",
    "로그인", "로그아웃", "회원가입", "뉴스레터", "뉴스레터 구독", "알림 받기", "알림받기", "알림 설정", "채널 구독", "네이버 구독",
    "언론사 구독", "언론사 구독하기", "네이버 채널 구독", "응원하기", "응원", "구독 응원", "기자 응원하기", "후원하기", "후원",
    "정기구독", "정기구독 신청", "신문구독", "신문 구독 신청", "앱 다운로드", "앱 설치", "팔로우", "팔로우하기", "유튜브 구독",
    "카카오 채널 추가", "카톡 채널 추가", "친구 추가",
];

/// Buttons under and over an article.
#[rustfmt::skip]
pub(super) const SHARING: &[&str] = &[
    "share", "share this", "share this article", "share this story", "share this page", "share full article", "tap to share",
    "share on facebook", "share on twitter", "share on x", "share on linkedin", "share on whatsapp", "share via email",
    "share by email", "share link", "print", "print this article", "print article", "e-mail", "email", "email this article",
    "facebook", "twitter", "x", "linkedin", "whatsapp", "reddit", "pinterest", "instagram", "youtube", "kakaotalk",
    "telegram", "line", "copy", "copy link", "copy url", "link copied", "comments", "comment", "leave a comment", "add a comment",
    "post a comment", "write a comment", "join the conversation", "load comments", "show comments", "hide comments", "reply",
    "report", "like", "likes", "dislike", "font size", "save", "save article", "save for later", "save this article",
    "gift this article", "bookmark", "republish this article", "sns 공유", "sns공유", "sns 기사보내기", "sns기사보내기",
    "공유", "공유하기", "기사 공유", "기사 공유하기", "기사공유", "기사공유하기", "다른 공유 찾기", "이 기사를 공유합니다",
    "이 기사 공유하기", "페이스북", "트위터", "엑스", "카카오톡", "카카오스토리", "네이버 밴드", "네이버밴드", "밴드", "라인",
    "네이버 블로그", "네이버블로그", "링크 복사", "링크복사", "url 복사", "url복사", "주소 복사", "주소복사", "기사 주소 복사", "인쇄",
    "인쇄하기", "기사 인쇄", "프린트", "스크랩", "스크랩하기", "기사스크랩", "기사스크랩하기", "기사 스크랩", "이메일", "메일",
    "메일보내기", "메일 보내기", "이메일 보내기", "댓글", "댓글 쓰기", "댓글쓰기", "댓글 보기", "댓글보기", "댓글달기",
    "댓글 작성", "댓글 남기기", "전체 댓글", "전체댓글", "답글", "답글쓰기", "공감", "공감순", "최신순", "과거순",
    "신고하기", "좋아요", "싫어요", "훈훈해요", "슬퍼요", "화나요", "감동이에요", "후속기사 원해요", "후속요청", "추천 반대", "추천해요", "비추천", "쏠쏠정보", "흥미진진", "공감백배", "분석탁월", "북마크", "글자 크기", "폰트", "조회",
    "조회수", "기사 추천", "이 기사를 추천합니다", "추천하기", "나도 한마디", "한줄의견", "오류신고", "오류 신고", "기사 오류 신고",
    "기사수정 요청", "기사 수정 요청", "기사 반응", "이 기사에 대해",
];

/// Buttons with counters. Votes ("반대 3") also occur in articles.
#[rustfmt::skip]
pub(super) const COUNTED: &[&str] = &[
    "comment", "comments", "like", "likes", "share", "shares", "view", "views", "reply", "replies", "retweets", "reactions",
    "댓글", "전체댓글", "전체 댓글", "답글", "좋아요", "싫어요", "훈훈해요", "슬퍼요", "화나요", "감동이에요", "공감", "공유", "스크랩", "조회",
    "조회수", "추천 반대", "추천해요", "후속요청", "후속기사 원해요", "쏠쏠정보", "흥미진진", "공감백배", "분석탁월",
];

/// Labels of advertisements.
#[rustfmt::skip]
pub(super) const ADVERTISEMENT: &[&str] = &[
    "advertisement", "advertisements", "advertising", "ad", "ads", "sponsored", "sponsored content", "sponsored links",
    "promoted", "promoted content", "paid content", "partner content", "ad feedback", "skip ad", "skip advertisement",
    "scroll to continue", "continue reading below", "article continues below", "story continues below",
    "광고", "ad 광고", "스폰서", "이 광고는", "광고 닫기", "광고닫기", "광고 건너뛰기", "협찬", "제휴 콘텐츠", "파워링크", "ad choices",
    "google 광고", "추천 광고",
];

/// Agencies in photo credits.
#[rustfmt::skip]
pub(super) const AGENCIES: &[&str] = &[
    "yonhap", "연합뉴스", "연합", "ap", "afp", "reuters", "epa", "ap-yonhap", "afp-yonhap", "epa-yonhap",
    "reuters-yonhap", "xinhua", "kyodo", "newsis", "뉴시스", "뉴스1", "news1", "로이터", "게티이미지", "게티이미지뱅크",
    "게티이미지코리아", "셔터스톡", "클립아트코리아", "픽사베이", "getty images", "afp/getty images", "ap/getty images",
    "shutterstock", "istock", "unsplash", "pixabay", "ap=연합뉴스", "afp=연합뉴스", "로이터=연합뉴스", "epa=연합뉴스",
    "신화=연합뉴스", "ap/뉴시스", "ap=뉴시스", "로이터=뉴스1", "afp=뉴스1", "tass=연합뉴스", "교도=연합뉴스", "연합뉴스tv",
    "자료사진", "자료 사진", "file photo", "file image", "stock photo", "photo",
];

/// Words of a photo credit, with or without brackets.
#[rustfmt::skip]
pub(super) const PHOTO: &[&str] = &[
    "사진=", "사진 =", "사진:", "사진 :", "사진제공", "사진 제공", "사진출처", "사진 출처", "이미지=", "이미지 출처", "이미지출처",
    "출처=", "출처:", "출처 :", "자료=", "자료:", "자료제공", "자료 제공", "그래픽=", "그래픽 =", "[사진제공", "photo by",
    "photos by", "photo:", "photo credit", "photo courtesy", "image:", "image credit", "picture:", "photo courtesy of",
    "image courtesy of", "courtesy of", "ap photo", "via ap", "via reuters", "getty images", "자료사진", "재판매 및 db",
];

/// Beginnings of a line that is only a photo credit.
#[rustfmt::skip]
pub(super) const CREDITS: &[&str] = &[
    "photo courtesy of", "photo by ", "photos by ", "photo: ", "photos: ", "photo credit", "photograph: ", "photographs: ",
    "image courtesy of", "image: ", "image credit", "picture: ", "pictures: ", "illustration: ", "graphic: ",
    "file photo", "credit: ", "ap photo", "사진=", "사진 =", "사진:", "사진 :", "사진제공", "사진 제공", "사진출처",
    "사진 출처", "이미지=", "이미지출처", "이미지 출처", "출처=", "출처 =", "출처:", "출처 :", "자료=", "자료:", "자료 :", "자료제공",
    "자료 제공", "그래픽=", "그래픽 =", "삽화=", "일러스트=",
];

/// Beginnings of a line that credits the authors of the article.
#[rustfmt::skip]
pub(super) const MAKERS: &[&str] = &[
    "글=", "글 =", "글·사진=", "글·사진 =", "글/사진=", "글, 사진=", "사진·글=", "취재=", "취재 =", "취재:", "취재 :", "취재·",
    "영상취재", "영상 취재", "영상편집", "영상 편집", "촬영기자", "촬영:", "촬영 :", "촬영=", "편집=", "편집:", "편집 :", "정리=",
    "정리 =", "기획=", "구성=", "자막:", "자막 :", "그래픽:", "그래픽 :", "cg:", "cg :", "번역=", "reporting by ", "additional reporting by ",
    "writing by ", "editing by ", "edited by ", "compiled by ", "written by ", "translated by ", "produced by ",
];

/// Beginnings of a copyright claim.
#[rustfmt::skip]
pub(super) const CLAIMS: &[&str] = &[
    "ⓒ", "©", "copyright (c)", "copyright(c)", "copyright ⓒ", "copyrightⓒ", "copyright ©", "copyright©", "copyright 2",
    "copyright by", "copyrights (c)", "copyrights ⓒ", "copyrights ©", "copyrights 2", "copyrights by",
    "all rights reserved", "이 기사의 저작권", "본 기사의 저작권", "기사 저작권", "본 저작물은", "이 콘텐츠의 저작권",
];

/// Links in a site's footer.
#[rustfmt::skip]
pub(super) const IMPRINT: &[&str] = &[
    "privacy policy", "privacy", "privacy notice", "terms of service", "terms of use", "terms and conditions", "terms & conditions",
    "terms", "cookie policy", "cookies", "cookie settings", "manage cookies", "accept all cookies", "accept cookies", "accept all",
    "reject all", "contact us", "contact", "about us", "about", "advertise with us", "advertise", "careers", "jobs",
    "accessibility", "accessibility statement", "do not sell my personal information", "your privacy choices", "help",
    "help center", "faq", "faqs", "rss", "rss feed", "feedback", "corrections", "masthead", "press", "editorial policy",
    "code of ethics", "개인정보처리방침", "개인정보 처리방침", "개인정보취급방침", "이용약관", "청소년보호정책", "청소년 보호정책",
    "회사소개", "회사 소개", "광고문의", "광고 문의", "광고안내", "광고 안내", "제휴문의", "제휴 문의", "제휴안내", "고충처리인", "고충처리",
    "저작권보호정책", "저작권정책", "저작권 정책", "저작권규약", "이메일무단수집거부", "이메일 무단수집 거부", "독자투고", "독자 투고",
    "독자권익위원회", "편집규약", "윤리강령", "정정보도", "정정·반론보도", "기사제보", "기사 제보", "구독신청", "채용", "채용안내",
    "찾아오시는 길", "오시는 길", "고객센터", "공지사항", "사이트맵", "신문윤리강령", "인재채용", "보도자료 보내기",
];
