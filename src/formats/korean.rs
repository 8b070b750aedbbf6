//! Statistics to tell the old encodings apart: Korean in EUC-KR/CP949 or Johab, or Latin text in
//! Windows-1252.
//!
//! Nearly all byte sequences are valid in each of them ("mayor’s" is also "mayor뭩"), so
//! validity proves little. The decoded characters decide: syllables of KS X 1001, and how many of
//! them are common in Korean.

/// Syllables that make up more than 90 % of Korean running text, most frequent first.
#[rustfmt::skip]
const COMMON: &str = "다이에는의가니을은하지로고한서를습기사있리인수스시도해그어대으들자일아했라것전적부나과장만제위주보국상동정트입었소되원여공게우합비할요와유구세오미경문모진성면관드년며명마중거무화신안람러르행용방조발물계분개간않운바터통당말된프치선포학야역체더때영른식차작생반회교려레두호크파연또종후월달많예음번산출표단내타재함법저약항없결민건금실최히양데천았질카점올속남든열피난언력불름래추매노새직루록알까및강디버코토따현처배태독각업키브험린집능온받티심특목변임군형네격증확필설같너투날초향감광될쪽랜밝북째늘울케외청판준평승억던급돌등혔족됩즈근복페료움였본란권져찰류십접존골메폭론곳립워견편손허박랑졌럽테망침몇순활패첫뉴높길술절객환석베글막별극좋련텔께써럼블왕품백큰섴섬림플협느황총충취탄탈퇴핵효휴";
/// Bytes examined; the beginning of a text is enough.
const EXAMINED_BYTES: usize = 1 << 16;
/// Fewer syllables than this are too few for statistics.
const MIN_SYLLABLES: usize = 6;

/// Number of common syllables and of all syllables in a text.
fn common(text: impl Iterator<Item = char>) -> (usize, usize) {
    let mut table = [false; 11_172];
    let place = |c: char| (c as usize).checked_sub(0xAC00).filter(|at| *at < 11_172);
    COMMON.chars().filter_map(place).for_each(|at| table[at] = true);
    text.filter_map(place)
        .fold((0, 0), |(common, all), at| (common + usize::from(table[at]), all + 1))
}

/// True if bytes valid in CP949 are Korean. `text` is the same bytes decoded.
pub(super) fn reads_as_korean(bytes: &[u8], text: &str) -> bool {
    // Counts of two-byte characters: Korean, Hanja, characters only in CP949, accents inside a
    // Latin word.
    let (mut korean, mut hanja, mut added, mut latin) = (0_usize, 0_usize, 0_usize, 0_usize);
    let bytes = &bytes[..bytes.len().min(EXAMINED_BYTES)];
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at].is_ascii() {
            at += 1;
            continue;
        }
        let in_word = at > 0 && letter(at - 1) && letter(at + 2);
        match (bytes[at], bytes[at + 1]) {
            // Symbols, jamo and units. "¡" or "§" before an accent occurs in no Latin text;
            // "££" may.
            (0xA1..=0xA9, 0xA1..) if bytes[at..at + 2] != [0xA3, 0xA3] => korean += 1,
            (0xB0..=0xFD, 0xA1..) if in_word => latin += 1,
            (0xB0..=0xC8, 0xA1..) => korean += 1,
            (0xCA..=0xFD, 0xA1..) => hanja += 1,
            (0xA3 | 0xAA..=0xAC, 0xA1..) => {}
            _ => added += 1,
        }
        at += 2;
    }
    if korean * 2 + hanja <= added * 2 || latin > korean || (korean == 0 && hanja < 2) {
        return false;
    }
    let (common, all) = common(text.chars().take(EXAMINED_BYTES));
    // Chinese in GBK also decodes to syllables, but rare ones.
    all < MIN_SYLLABLES || common * 3 >= all
}

/// True if bytes read as Latin text in Windows-1252: accents and quotation marks stand alone among
/// ASCII letters.
pub(super) fn reads_as_latin(bytes: &[u8]) -> bool {
    const LONGEST_RUN: usize = 3;
    let bytes = &bytes[..bytes.len().min(EXAMINED_BYTES)];
    let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
    let (mut alone, mut pairs) = (0_usize, 0_usize);
    for run in bytes.split(u8::is_ascii).filter(|run| !run.is_empty()) {
        if run.len() > LONGEST_RUN {
            return false;
        }
        let pair = run.len() == 2 && run.iter().all(|byte| *byte >= 0xA1);
        if pair { pairs += 1 } else { alone += 1 }
    }
    // Undefined in Windows-1252.
    let defined = !bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D));
    defined && ascii * 2 >= bytes.len() && alone >= pairs
}

/// True if bytes read as Korean in Johab (KS X 1001, annex 3), the encoding of Korean DOS.
pub(super) fn reads_as_johab(bytes: &[u8]) -> bool {
    const ENOUGH: usize = 4;
    let bytes = &bytes[..bytes.len().min(EXAMINED_BYTES)];
    let (mut syllables, mut pairs, mut at) = (Vec::new(), 0_usize, 0);
    while at + 1 < bytes.len() {
        if bytes[at].is_ascii() {
            at += 1;
            continue;
        }
        pairs += 1;
        syllables.extend(johab(bytes[at], bytes[at + 1]));
        at += 2;
    }
    let count = syllables.len();
    let (common, _) = common(syllables.into_iter());
    count >= ENOUGH && count * 10 >= pairs * 8 && common * 2 >= count && pairs * 4 >= bytes.len()
}

/// The syllable of two bytes of Johab: one flag bit, then initial, vowel and final of five bits
/// each.
fn johab(first: u8, second: u8) -> Option<char> {
    let code = u32::from(first) << 8 | u32::from(second);
    let (initial, vowel, last) = (code >> 10 & 31, code >> 5 & 31, code & 31);
    let initial = initial.checked_sub(2).filter(|initial| *initial < 19)?;
    let vowel = match vowel {
        3..=7 => vowel - 3,
        10..=15 => vowel - 5,
        18..=23 => vowel - 7,
        26..=29 => vowel - 9,
        _ => return None,
    };
    let last = match last {
        1..=17 => last - 1,
        19..=29 => last - 2,
        _ => return None,
    };
    char::from_u32(0xAC00 + (initial * 21 + vowel) * 28 + last)
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use encoding_rs::{EUC_KR, WINDOWS_1252};

    /// English and French in Windows-1252, long and short.
    #[rustfmt::skip]
    const LATIN: &[&str] = &[
        "The mayor’s plan is ready.", "mayor’s", "It’s", "don’t", "‘Go’", "“Yes.”", "“I agree,” he said.",
        "He said “no” and left.", "Haemin – a port town – waits.", "Haemin—a port—waits.", "£66 million", "£5", "café",
        "The work costs £66 million.", "cafés and résumés", "naïve", "Beyoncé’s", "Zürich", "São Paulo", "Åland", "Ångström",
        "Ärzte", "El Niño", "crème brûlée", "créée en été", "20 °C", "½ a cup", "© 2026 Haemin Times", "Haemin® boats",
        "Kim’s and Lee’s boats’ crews’ pay", "the ’90s", "rock ’n’ roll", "wait… what", "…and then", "‘tis’", "François Hollande",
        "Øresund", "Málaga", "Curaçao", "Müller", "piñata", "Gdansk café", "Skarsgård", "Malmö", "Dvorak’s",
        "• item one\n• item two", "“Quote one.” “Quote two.”", "§ 5", "10× faster", "±3 points", "€5 fee", "5 €",
        "l’été à la plage, dit-il", "Noël", "Saint-Exupéry’s “Petit Prince”", "the coöperative", "fiancée", "“É” is a letter",
    ];
    /// Korean in CP949, long and short, with rare syllables, Hanja and symbols.
    #[rustfmt::skip]
    const KOREAN: &[&str] = &[
        "해민시", "배", "가", "쑥갓", "해민시는 7일 배를 띄웠다.", "항구 정비", "Haemin시", "Kim 시장", "UN 사무총장", "7일",
        "“가자”고 했다", "‘항구’", "노민아·한서진 기자", "Kim·Lee", "中 정부", "北 미사일", "大韓民國", "美·中 회담", "△ 항만국장",
        "▲2.1%", "…", "해민시…어민 반발", "코스피 2,600.12 ▲52.10", "똠방각하 펲시콜라를 마셨다. 쀍", "펲시콜라", "뷁 소리가 났다",
        "①번", "㈜해민", "ＡＢＣ 방송", "3㎞", "25℃", "（서울）", "ㅋㅋㅋ", "Q&A 시간", "A씨는 B씨와 만났다.", "AI가 쓴 글",
        "The word 항구 means port.", "kim@haemin.example 한서진 기자", "제목,본문\n하나,둘", "설레었다", "핥았다", "밟았다", "값", "왜",
        "→ 관련 기사", "『항구』", "「바다」", "〈섬〉", "50㎡", "韓國日報", "가-나", "ⓒ 해민일보",
    ];

    #[test]
    fn latin_text_in_windows_1252_is_never_korean() {
        for text in LATIN {
            for text in
                [text.to_string(), format!("{text} The council met."), format!("A report. {text}")]
            {
                let (bytes, _, lossy) = WINDOWS_1252.encode(&text);
                assert!(!lossy, "{text}");
                assert_eq!(decode(&bytes, "a").as_deref().ok(), Some(&*text), "{:x?}", &bytes);
            }
        }
    }

    #[test]
    fn korean_in_cp949_is_never_latin() {
        for text in KOREAN {
            for text in
                [text.to_string(), format!("{text} 시가 밝혔다."), format!("Haemin city. {text}")]
            {
                let (bytes, _, lossy) = EUC_KR.encode(&text);
                assert!(!lossy, "{text}");
                assert_eq!(decode(&bytes, "a").as_deref().ok(), Some(&*text), "{:x?}", &bytes);
            }
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let refused = |bytes: &[u8]| decode(bytes, "a").unwrap_err().to_string();
        // Russian, Chinese and Japanese in their legacy encodings.
        refused(&encoding_rs::WINDOWS_1251.encode("Мэр открыл новый мост в городе.").0);
        refused(
            &encoding_rs::GBK
                .encode("市长周三宣布，海敏市将在旧渔港修建第二道防波堤，工程费用为四亿韩元。")
                .0,
        );
        refused(
            &encoding_rs::SHIFT_JIS
                .encode("市長は水曜日、古い港に二つ目の防波堤を造ると発表した。")
                .0,
        );
        // One stray byte in Korean text.
        let mut bytes = EUC_KR.encode("해민시는 7일 배를 띄웠다.").0.into_owned();
        bytes.insert(3, 0xFF);
        assert!(refused(&bytes).contains("byte"), "{}", refused(&bytes));
    }

    #[test]
    fn johab_is_named() {
        // The inverse of `johab`, for the test only.
        let encode = |text: &str| -> Vec<u8> {
            text.chars()
                .flat_map(|c| match (c as u32).checked_sub(0xAC00) {
                    Some(at) if at < 11_172 => {
                        let (initial, vowel, last) = (at / 588, at / 28 % 21, at % 28);
                        let vowel = vowel
                            + match vowel {
                                0..=4 => 3,
                                5..=10 => 5,
                                11..=16 => 7,
                                _ => 9,
                            };
                        let last = last + if last <= 16 { 1 } else { 2 };
                        let code = 0x8000 | (initial + 2) << 10 | vowel << 5 | last;
                        vec![(code >> 8) as u8, code as u8]
                    }
                    _ => vec![c as u8],
                })
                .collect()
        };
        let bytes = encode("해민시는 옛 항구에 두 번째 방파제를 쌓기로 했다고 7일 밝혔다.");
        let error = decode(&bytes, "a").unwrap_err().to_string();
        assert!(error.contains("Johab"), "{error}");
    }
}
