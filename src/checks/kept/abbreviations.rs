//! Abbreviations that news spells out in the other language, or keeps.

/// An abbreviation with parts of its other names: Korean ones, and English ones in lower case.
/// Where a text has such a part, the abbreviation is not lost.
pub(super) struct Entry {
    pub code: &'static str,
    pub korean: &'static [&'static str],
    pub english: &'static [&'static str],
    /// True if its loss alone is a finding; other abbreviations may be paraphrased.
    pub is_organization: bool,
}

const fn organization(
    code: &'static str,
    korean: &'static [&'static str],
    english: &'static [&'static str],
) -> Entry {
    Entry { code, korean, english, is_organization: true }
}

const fn word(
    code: &'static str,
    korean: &'static [&'static str],
    english: &'static [&'static str],
) -> Entry {
    Entry { code, korean, english, is_organization: false }
}

/// Korean words for the time of a zone.
const TIMES: &[&str] = &["시간", "서머", "표준시", "현지"];

/// Abbreviations with other names.
#[rustfmt::skip]
pub(super) const TABLE: &[Entry] = &[
    organization("NATO", &["나토", "북대서양"], &["north atlantic", "alliance"]),
    organization("EU", &["유럽연합", "유럽 연합", "유럽"], &["european", "europe", "bloc"]),
    organization("UN", &["유엔", "국제연합", "국제 연합"], &["united nations", "u.n", "security council"]),
    organization("WHO", &["보건기구", "보건 기구"], &["world health", "health agency"]),
    organization("IMF", &["통화기금", "통화 기금"], &["monetary fund"]),
    organization("WTO", &["무역기구", "무역 기구"], &["world trade"]),
    organization("OPEC", &["오펙", "석유수출국", "석유 수출국"], &["petroleum exporting"]),
    organization("ASEAN", &["아세안", "동남아"], &["southeast asia"]),
    organization("IAEA", &["원자력기구", "원자력 기구"], &["atomic energy"]),
    organization("OECD", &["경제협력개발", "경제 협력 개발"], &["economic co"]),
    organization("UNESCO", &["유네스코"], &["united nations", "cultural organi"]),
    organization("UNICEF", &["유니세프", "아동기금"], &["children's fund"]),
    organization("NASA", &["나사", "항공우주국", "항공 우주국"], &["aeronautics", "space agency"]),
    organization("FIFA", &["피파", "축구연맹", "축구 연맹"], &["football federation"]),
    organization("UEFA", &["유에파", "축구연맹", "축구 연맹"], &["european football"]),
    organization("IOC", &["올림픽위원회", "올림픽 위원회"], &["olympic committee"]),
    organization("FBI", &["연방수사국", "연방 수사국", "수사국"], &["federal bureau", "bureau"]),
    organization("CIA", &["중앙정보국", "중앙 정보국", "정보국"], &["central intelligence"]),
    organization("FDA", &["식품의약", "식품 의약", "식약"], &["food and drug"]),
    organization("CDC", &["질병통제", "질병 통제", "질병관리", "질병 관리"], &["centers for disease", "disease control"]),
    organization("ICC", &["형사재판소", "형사 재판소"], &["criminal court"]),
    organization("BBC", &["비비시", "영국방송", "영국 방송"], &["british broadcasting"]),
    organization("CNN", &["시엔엔"], &["cable news"]),
    organization("NHS", &["보건서비스", "보건 서비스", "국민보건", "국가보건", "의료"], &["health service"]),
    word("US", &["미국", "미", "美", "합중국"], &["u.s", "united states", "america", "washington"]),
    word("USA", &["미국", "미", "美"], &["u.s", "united states", "america"]),
    word("UK", &["영국", "영", "英"], &["u.k", "united kingdom", "britain", "british"]),
    word("UAE", &["아랍에미리트", "아랍 에미리트"], &["emirates"]),
    word("COVID", &["코로나"], &["corona"]),
    word("HIV", &["에이즈", "면역결핍", "면역 결핍"], &["immunodeficiency", "aids"]),
    word("AIDS", &["에이즈", "면역결핍", "면역 결핍"], &["hiv", "immun"]),
    word("GDP", &["국내총생산", "총생산"], &["gross domestic"]),
    word("CEO", &["최고경영자", "최고 경영자", "대표", "경영", "회장", "사장"], &["chief executive", "head", "boss"]),
    word("AI", &["인공지능", "인공 지능"], &["artificial"]),
    word("TV", &["텔레비전", "티브이", "티비", "방송"], &["television", "televis", "broadcast"]),
    word("DNA", &["디엔에이", "유전자"], &["genetic"]),
    word("ICBM", &["대륙간", "대륙 간"], &["intercontinental"]),
    word("ISIS", &["이슬람국가", "이슬람 국가", "IS"], &["islamic state"]),
    word("G7", &["7개국"], &["group of seven"]),
    word("G20", &["20개국"], &["group of 20", "group of twenty"]),
    word("GOP", &["공화"], &["republican"]),
    word("MEP", &["의원"], &["parliament"]),
    word("NGO", &["비정부", "민간", "시민", "단체"], &["non-government", "nongovernment", "civic", "group"]),
    word("FTA", &["자유무역", "자유 무역"], &["free trade"]),
    word("DMZ", &["비무장"], &["demilitarized"]),
    word("WMD", &["대량살상", "대량 살상", "살상"], &["weapons of mass"]),
    word("POW", &["포로"], &["prisoner"]),
    word("MIA", &["실종"], &["missing"]),
    word("IPO", &["기업공개", "기업 공개", "상장", "공모"], &["initial public", "list", "public"]),
    word("ETF", &["상장지수", "펀드"], &["exchange-traded", "fund"]),
    word("CPI", &["물가"], &["consumer price", "inflation"]),
    word("VAT", &["부가가치", "부가세"], &["value-added", "value added"]),
    word("SUV", &["스포츠", "차량", "자동차"], &["sport utility", "vehicle", "car"]),
    word("ICU", &["중환자"], &["intensive care"]),
    word("MRI", &["자기공명"], &["magnetic"]),
    word("PCR", &["유전자", "중합효소"], &["polymerase"]),
    word("PTSD", &["외상"], &["traumatic"]),
    word("ADHD", &["주의력"], &["attention"]),
    word("STD", &["성병", "성 매개", "성매개"], &["sexually"]),
    word("LGBT", &["성소수", "성 소수", "동성애"], &["gay", "sexual minorit"]),
    word("MBA", &["경영학", "경영대학"], &["business"]),
    word("BCE", &["기원전"], &["b.c"]),
    word("CCTV", &["폐쇄회로", "카메라", "감시"], &["camera", "surveillance", "closed-circuit"]),
    word("DUI", &["음주", "취중"], &["drunk", "influence"]),
    word("RAF", &["공군"], &["air force"]),
    word("IDF", &["이스라엘", "방위군"], &["israel"]),
    word("PLO", &["팔레스타인"], &["palestin"]),
    word("IRA", &["공화국군", "공화군", "인플레"], &["republican army", "inflation reduction"]),
    word("KGB", &["국가보안", "국가 보안"], &["soviet"]),
    word("USSR", &["소련", "소비에트"], &["soviet"]),
    word("GDR", &["동독"], &["east german"]),
    word("CCP", &["공산당"], &["communist"]),
    word("PLA", &["인민해방군", "중국군"], &["liberation army", "chinese"]),
    word("NYPD", &["뉴욕", "경찰"], &["new york", "police"]),
    word("LAPD", &["로스앤젤레스", "LA", "경찰"], &["los angeles", "police"]),
    word("NYC", &["뉴욕"], &["new york"]),
    word("MLB", &["메이저", "미국프로야구", "야구"], &["major league"]),
    word("NBA", &["농구"], &["basketball"]),
    word("NFL", &["풋볼", "미식축구"], &["football"]),
    word("PGA", &["골프"], &["golf"]),
    word("MMA", &["격투"], &["martial"]),
    word("ECB", &["중앙은행"], &["central bank"]),
    word("BOJ", &["일본은행", "중앙은행"], &["bank of japan"]),
    word("SEC", &["증권"], &["securities"]),
    word("EEZ", &["배타적", "경제수역"], &["exclusive"]),
    word("UFO", &["미확인", "비행접시"], &["unidentified", "saucer"]),
    word("IED", &["폭발물", "폭탄"], &["explosive", "bomb"]),
    word("EST", TIMES, &["time"]),
    word("EDT", TIMES, &["time"]),
    word("PST", TIMES, &["time"]),
    word("PDT", TIMES, &["time"]),
    word("CST", TIMES, &["time"]),
    word("BST", TIMES, &["time"]),
    word("GMT", TIMES, &["time"]),
    word("UTC", TIMES, &["time"]),
    word("CET", TIMES, &["time"]),
    word("KST", TIMES, &["time"]),
    word("JST", TIMES, &["time"]),
];

/// Abbreviations that Korean writes for English words.
#[rustfmt::skip]
pub(super) const CUSTOMARY: &[&str] = &[
    "AD", "AI", "AM", "BC", "CCTV", "CEO", "CFO", "CG", "DB", "DJ", "DM", "ET", "FA", "FC", "GK", "GPS", "ID", "IT", "MC",
    "MOU", "MVP", "OK", "OTT", "PC", "PD", "PM", "QR", "SF", "SNS", "TF", "TV", "USB", "VIP", "VR", "vs",
];
