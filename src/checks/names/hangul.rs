//! Names in Korean text: names with a gloss in Latin letters, names of the gazetteer, and words
//! that are built like foreign names. Korean has no capitals, so other names are not seen.

use super::gazetteer;
use super::sounds::particle_length;
use crate::document::Span;

/// The evidence that a word is a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// Its name in Latin letters stands in brackets behind it.
    Gloss(Span),
    /// The gazetteer has it, with these English names.
    Known(&'static [String]),
    /// Its syllables are those of foreign names.
    Foreign,
}

/// A name in a Korean text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Its span, without a particle.
    pub span: Span,
    /// The span of the whole word: a particle may be part of the name.
    pub word: Span,
    pub sign: Sign,
}

/// Loanwords that are no names; texts use them for other English words, too.
#[rustfmt::skip]
const LOANWORDS: &[&str] = &[
    "아파트", "핸드폰", "스마트폰", "컴퓨터", "텔레비전", "인터뷰", "프로그램", "프로젝트", "스포츠", "게임", "그룹",
    "시스템", "서비스", "스트레스", "아르바이트", "메시지", "메일", "이메일", "사이트", "웹사이트", "네트워크", "데이터",
    "소프트웨어", "하드웨어", "스타일", "디자인", "패션", "브랜드", "마케팅", "콘서트", "페스티벌", "이벤트", "캠페인",
    "카메라", "비디오", "오디오", "라디오", "뉴스", "미디어", "블로그", "플랫폼", "콘텐츠", "호텔", "레스토랑",
    "카페", "커피", "버스", "택시", "트럭", "트레일러", "오토바이", "엔진", "에너지", "가스", "플라스틱", "알루미늄",
    "바이러스", "백신", "테스트", "센터", "클럽", "리그", "토너먼트", "챔피언", "챔피언십", "트로피", "메달", "스코어",
    "골프", "테니스", "크리켓", "럭비", "하키", "스키", "스케이트", "마라톤", "코치", "트레이너", "팬", "스타",
    "테러", "테러리스트", "쿠데타", "스캔들", "로켓", "미사일", "탱크", "헬리콥터", "드론", "레이더", "카드", "티켓",
    "퍼센트", "퍼센트포인트", "킬로미터", "미터", "센티미터", "킬로그램", "그램", "리터", "달러", "센트", "파운드", "유로",
    "리더", "리더십", "멤버", "파트너", "파트너십", "매니저", "디렉터", "프로듀서", "디자이너", "모델", "아티스트", "래퍼",
    "트윗", "트위트", "포스트", "페이지", "링크", "코드", "프로토콜", "알고리즘", "로봇", "디지털", "온라인", "오프라인",
    "쇼핑", "쇼핑몰", "슈퍼마켓", "마켓", "스토어", "브로커", "펀드", "인플레이션", "포트폴리오", "프리미엄", "프로필",
    "프레임", "프레임워크", "프로세스", "시나리오", "시리즈", "에피소드", "드라마", "코미디", "코미디언", "뮤지컬", "오페라",
    "오케스트라", "기타", "피아노", "드럼", "밴드", "앨범", "싱글", "트랙", "레코드", "스튜디오", "스크린", "스피커",
    "케이크", "초콜릿", "치즈", "버터", "샐러드", "샌드위치", "햄버거", "피자", "파스타", "와인", "맥주", "칵테일",
    "티셔츠", "스커트", "드레스", "재킷", "코트", "스웨터", "부츠", "벨트", "헬멧", "마스크", "크림", "샴푸",
    "테이블", "소파", "침대", "커튼", "카펫", "램프", "에어컨", "엘리베이터", "에스컬레이터", "터널", "플랫폼",
    "허리케인", "토네이도", "쓰나미", "사이클론", "태풍", "캠프", "텐트", "트레킹", "하이킹", "서핑", "다이빙", "패러글라이딩",
    "세미나", "포럼", "컨퍼런스", "워크숍", "프레젠테이션", "리포트", "에세이", "텍스트", "테마", "이슈", "이미지",
    "페미니즘", "페미니스트", "포퓰리즘", "파시즘", "파시스트", "민주주의", "이데올로기", "카리스마", "쇼크", "트라우마",
    "스테이크", "스파이", "스폰서", "슬로건", "심포지엄", "아이디어", "아이템", "아마추어", "프로", "악센트", "알레르기",
    "알코올", "애니메이션", "액션", "어젠다", "에티켓", "엔터테인먼트", "엔지니어", "오리엔테이션", "오염", "유니폼",
    "유머", "인센티브", "인프라", "일러스트", "제스처", "젤리", "조깅", "체크", "카운터", "카테고리", "캐릭터", "캐비닛",
    "캠퍼스", "컨설팅", "컨설턴트", "컨테이너", "컬러", "컬렉션", "케이블", "케이스", "코너", "코스", "쿠폰", "크기", "클래스",
    "클래식", "클릭", "키스", "타이틀", "타입", "탤런트", "터미널", "테크닉", "테크놀로지", "토론", "트렌드", "티타늄",
    "파일", "파티", "패널", "패키지", "패턴", "퍼레이드", "퍼즐", "페널티", "펜", "포스터", "포인트", "포즈", "프랜차이즈",
    "프린터", "플래시", "플레이", "플레이어", "피크", "핸들", "허브", "헤드라인", "힌트", "히트", "크루즈", "리조트", "게스트",
    "리스트", "리스크", "레벨", "레이스", "렌즈", "로고", "로비", "로비스트", "루머", "루트", "르네상스", "리듬", "리모컨",
    "브리핑", "블록", "비자", "비즈니스", "비타민", "빌딩", "사이렌", "사이즈", "샘플", "샤워", "세트", "섹스", "센서",
    "스위치", "스캔", "스케일", "스케줄", "스쿠터", "스쿨", "스태프", "스탬프", "스턴트", "스테이지", "스트리밍", "스틱",
    "하이라이트", "하이테크", "하우스", "홈페이지", "휴머니즘", "트라이", "트리", "드라이버", "드라이브", "디스크", "디스플레이",
    "펌프", "컨디션", "호스텔", "캐스터", "러브", "프렌들리", "줌렌즈", "스스로", "스스", "크고", "키우", "터지", "퍼지", "퍼뜨",
    "라고", "라는", "증상", "오랜", "증거", "요즘", "즈음", "팀의", "팀이", "팀은", "팀을", "리는", "뷰티", "시즌", "티켓", "골키퍼",
    "커플", "미팅", "박스", "포지션", "하프타임", "리더들", "커머셜", "타겟", "하이픈", "잉크젯", "보증금", "핑계", "쇼핑", "급증", "증언",
    "증가", "법원", "주택", "투표", "폭풍", "어시스트", "리서치", "커뮤니티", "테두리", "평원", "밸브", "오픈", "인플루언서", "셀러브리티",
    "리어", "러시", "르포", "레저", "렌터카", "로열티", "로맨스", "로컬", "룸", "르", "리뷰", "리포터", "링", "라이벌", "라이브", "라인",
    "라이선스", "라운드", "랭킹", "러닝", "레시피", "레스토랑", "레이블", "렌트", "로드맵", "로밍", "로션", "루키", "리허설", "릴레이",
    "쓰레기", "트이", "트레이", "크리스마스", "테이프", "케이팝", "팝스타", "슈퍼스타", "리얼리티", "버전", "슬픔", "베개",
];

/// The names of a text in order.
pub(super) fn names(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split(|c: char| !is_hangul(c)) {
        let start = at;
        at += word.len();
        let after = &text[at..];
        at += after.chars().next().map_or(0, char::len_utf8);
        if word.is_empty() {
            continue;
        }
        let span = start..start + word.len();
        if let Some(gloss) = gloss(after) {
            let gloss = start + word.len() + gloss.start..start + word.len() + gloss.end;
            found.push(Name { span: span.clone(), word: span, sign: Sign::Gloss(gloss) });
        } else if let Some((length, names)) = known(word) {
            found.push(Name { span: start..start + length, word: span, sign: Sign::Known(names) });
        } else {
            let bare = &word[..word.len() - particle_length(word)];
            if is_foreign(bare) {
                found.push(Name {
                    span: start..start + bare.len(),
                    word: span,
                    sign: Sign::Foreign,
                });
            }
        }
    }
    found
}

fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// The span of a gloss at the start of a text: "(Kanye West)".
fn gloss(after: &str) -> Option<Span> {
    const LONGEST: usize = 60;
    let inside = after.trim_start_matches(' ').strip_prefix(['(', '（'])?;
    let start = after.len() - inside.len();
    let length = inside.find([')', '）', ',', ';'])?;
    let words = &inside[..length];
    (length <= LONGEST
        && words.starts_with(|c: char| c.is_uppercase())
        && !words.chars().any(|c| is_hangul(c) || c.is_numeric()))
    .then(|| start..start + length)
}

/// The length of the known name that a word begins with, and its English names.
fn known(word: &str) -> Option<(usize, &'static [String])> {
    const SHORTEST: usize = 2;
    const LONGEST: usize = 9;
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).take(LONGEST);
    let ends: Vec<usize> = ends.skip(SHORTEST - 1).collect();
    ends.into_iter().rev().find_map(|end| {
        let names = gazetteer::english(&word[..end]);
        let rest = &word[end..];
        let whole = rest.is_empty() || rest.len() == particle_length(rest);
        (!names.is_empty() && whole).then_some((end, names))
    })
}

/// True for a word that is built of syllables that Korean words seldom have.
fn is_foreign(word: &str) -> bool {
    looks_foreign(word, 10, 4)
}

/// True for a word that can hardly be a Korean word.
pub(super) fn is_very_foreign(word: &str) -> bool {
    const SHORTEST: usize = 9;
    word.len() >= SHORTEST && looks_foreign(word, 14, 5)
}

/// True if the syllables of a word are strange enough, in total and on average.
fn looks_foreign(word: &str, enough: u32, average: u32) -> bool {
    let mut total = 0;
    let mut count = 0;
    for (at, c) in word.chars().enumerate() {
        total += strangeness(c, at == 0);
        count += 1;
    }
    (2..=9).contains(&count)
        && total >= enough
        && total >= average * count
        && !LOANWORDS.iter().any(|loan| is_loan(word, loan))
}

/// True if a word is a loanword or begins with a long one.
fn is_loan(word: &str, loan: &str) -> bool {
    const LONG: usize = 9;
    word == loan || (loan.len() >= LONG && word.starts_with(loan))
}

/// How seldom a syllable is in Korean words and frequent in foreign names: 0 to 10.
fn strangeness(syllable: char, first: bool) -> u32 {
    let index = (syllable as usize).wrapping_sub('가' as usize);
    let initials: Vec<char> = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ".chars().collect();
    let vowels: Vec<char> = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ".chars().collect();
    let (Some(initial), Some(vowel)) = (initials.get(index / 588), vowels.get(index % 588 / 28))
    else {
        return 0;
    };
    let closed = !index.is_multiple_of(28);
    match (initial, vowel) {
        _ if "특측습즉층승패쾌퇴".contains(syllable) => 0,
        _ if "크큰키커켜코칼켰컸틀틈터필피슬즐느".contains(syllable) => 4,
        // South Korean words do not begin with ㄹ.
        ('ㄹ', _) if first => 10,
        ('ㅋ', _) => 10,
        ('ㅌ', 'ㅓ' | 'ㅔ' | 'ㅡ' | 'ㅣ' | 'ㅠ' | 'ㅛ' | 'ㅟ') => 9,
        ('ㅍ', 'ㅓ' | 'ㅔ' | 'ㅡ' | 'ㅠ' | 'ㅟ' | 'ㅣ') => 9,
        ('ㅌ' | 'ㅍ', 'ㅐ') if closed => 8,
        ('ㅌ' | 'ㅍ', _) => 4,
        ('ㅅ', 'ㅡ' | 'ㅠ' | 'ㅛ' | 'ㅕ' | 'ㅟ') => 8,
        ('ㅈ' | 'ㅊ', 'ㅡ') => 9,
        ('ㅈ' | 'ㅊ' | 'ㄷ' | 'ㅁ' | 'ㄴ' | 'ㅂ' | 'ㅎ' | 'ㄹ' | 'ㅅ' | 'ㄱ', 'ㅔ') if closed => {
            8
        }
        ('ㅂ', 'ㅡ') => 9,
        ('ㄹ', 'ㅐ' | 'ㅓ') if closed => 8,
        ('ㅂ' | 'ㅎ' | 'ㅁ' | 'ㄹ', 'ㅔ') => 6,
        ('ㄷ', 'ㅡ') if !closed => 7,
        ('ㄹ', 'ㅡ') if !closed => 7,
        ('ㄴ', 'ㅠ') => 8,
        ('ㅇ', 'ㅔ' | 'ㅐ') if closed => 6,
        ('ㅇ', 'ㅞ' | 'ㅝ') => 6,
        ('ㅂ' | 'ㄹ' | 'ㅎ', 'ㅓ') => 4,
        ('ㄹ' | 'ㄴ', 'ㅣ' | 'ㅏ' | 'ㅗ' | 'ㅜ') => 3,
        ('ㅊ', 'ㅏ' | 'ㅣ' | 'ㅗ' | 'ㅐ') => 3,
        ('ㅇ' | 'ㅁ' | 'ㅂ', 'ㅏ' | 'ㅗ' | 'ㅣ') => 2,
        _ => 1,
    }
}
