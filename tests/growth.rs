//! Adversarial texts: the splitter and every check take linear time.

use malmoi::checks::{CHECKS, CheckOptions, OutputKind, Pair};
use malmoi::segment::{sentences, split};
use malmoi::{Glossary, Language, LanguagePair, Term};

use crate::support::clock::grows_linearly;

/// Builds a text of about the given number of bytes.
type Shape = fn(usize) -> String;

/// Shapes of text that are slow for a quadratic algorithm.
const SHAPES: &[(&str, Shape)] = &[
    ("one word", |size| "a".repeat(size)),
    ("words", |size| "The harbour was closed today and reopened. ".repeat(size / 43)),
    ("dots in a quotation", |size| format!("He said \"well {} yes\" and left.", ".".repeat(size))),
    ("questions in a quotation", |size| {
        format!("He said “well {} yes” and left.", "?! ".repeat(size / 3))
    }),
    ("open brackets", |size| format!("A {}a\"b end.", "(".repeat(size))),
    ("brackets closed by others", |size| {
        format!("A {}x{} end.", "(".repeat(size / 2), "]".repeat(size / 2))
    }),
    ("quotation marks closed by others", |size| {
        format!("A {}x{} end.", "“".repeat(size / 6), "」".repeat(size / 6))
    }),
    ("nested brackets", |size| {
        format!("A {}x.{} end.", "(".repeat(size / 2), ")".repeat(size / 2))
    }),
    ("nested quotations", |size| {
        format!("A {}x.{} end.", "“".repeat(size / 6), "”".repeat(size / 6))
    }),
    ("brackets and straight quotes", |size| "( a\"b ".repeat(size / 6)),
    ("closed questions", |size| "”a?” ".repeat(size / 9)),
    ("quotations side by side", |size| "\"a.\" ".repeat(size / 5)),
    ("quotations without spaces", |size| "\"다.\"".repeat(size / 6)),
    ("initials", |size| "A. ".repeat(size / 3)),
    ("a dotted word", |size| "a.b".repeat(size / 3)),
    ("spaces", |size| format!("1.{}1. word", " ".repeat(size))),
    ("lines", |size| "a\n".repeat(size / 2)),
    ("links", |size| "▶(가=나 기자 ".repeat(size / 18)),
    ("numbers", |size| (0..size / 7).map(|n| format!("{n} ")).collect()),
    ("numbers with points", |size| "1.".repeat(size / 2)),
    ("digits", |size| "1".repeat(size)),
    ("magnitudes", |size| "1만 2조 3천 4억 ".repeat(size / 20)),
    ("spelled numbers", |size| "일이삼사오육칠팔구십백천만억조".repeat(size / 45)),
    ("hundreds", |size| "A hundred and twenty thousand million and ".repeat(size / 42)),
    ("ranges", |size| "2-".repeat(size / 2)),
    ("names", |size| (0..size / 12).map(|n| format!("A{n:x} B{n:x} ")).collect()),
    ("addresses", |size| (0..size / 16).map(|n| format!("www.a{n:x}.example ")).collect()),
    ("Hanja", |size| "美".repeat(size / 3)),
    ("quoted parts", |size| {
        format!("\"{}\"", (0..size / 9).map(|n| format!("{n}…")).collect::<String>())
    }),
    ("many quotations", |size| (0..size / 9).map(|n| format!("\"{n}\" ")).collect()),
];

const SIZE: usize = 16 << 10;

fn is_linear(name: &str, work: impl Fn(&str)) {
    for (shape, text) in SHAPES {
        let (small, large) = (text(SIZE), text(4 * SIZE));
        let linear = grows_linearly(|| work(&small), || work(&large));
        assert!(
            linear,
            "{name}: {shape} takes more than eight times as long for four times the text"
        );
    }
}

fn second_half(text: &str) -> &str {
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at));
    &text[middle.unwrap_or(0)..]
}

#[test]
fn sentences_are_found_in_linear_time() {
    is_linear("sentences", |text| assert_eq!(sentences(text).concat().len(), text.len()));
}

#[test]
fn segments_are_cut_in_linear_time() {
    let words = |text: &str| text.len().div_ceil(4);
    is_linear("segments", |text| {
        assert!(split(text, 200, &words).iter().all(|one| one.size <= 200))
    });
}

#[test]
fn every_check_takes_linear_time() {
    let (english, korean) = (Language::English, Language::Korean);
    for check in CHECKS {
        is_linear(check.name, |text| {
            let (source, output) = (text, text);
            check.findings(
                &Pair { source, output, from: english, to: korean, kind: OutputKind::Translation },
                &CheckOptions::default(),
            );
            let output = second_half(text);
            check.findings(
                &Pair { source, output, from: english, to: english, kind: OutputKind::Summary },
                &CheckOptions::default(),
            );
        });
    }
}

/// Units of a memory that are slow for a quadratic reader: start, what is repeated, end.
const MEMORIES: &[(&str, &str, &str, &str)] = &[
    (
        "a.tmx",
        "<tmx><header srclang='en'/><body>",
        "<tu><tuv xml:lang='en'><seg>A</seg></tuv><tuv xml:lang='ko'><seg>가</seg></tuv></tu>",
        "</body></tmx>",
    ),
    (
        "a.tmx",
        "<tmx><body><tu><tuv xml:lang='ko'><seg/></tuv><tuv xml:lang='en'><seg>",
        "<bpt i='1'>b</bpt>a<ept i='1'/>",
        "</seg></tuv></tu></body></tmx>",
    ),
    (
        "a.xlf",
        "<xliff version='2.1' srcLang='en' trgLang='ko'><file><unit id='u'>",
        "<notes><note>n</note></notes><originalData><data id='d'>c</data></originalData>\
         <segment><source><ph id='1' dataRef='d'/>a</source><target>가</target></segment>",
        "</unit></file></xliff>",
    ),
];

#[test]
fn translation_memories_are_read_and_written_in_linear_time() {
    use malmoi::formats::pairs::{EXCHANGE_FORMATS, Unit, units, write};
    let work = |name: &str, text: &str| {
        let source = std::io::Cursor::new(text.as_bytes().to_vec());
        let found = units(source, name, malmoi::formats::PairLanguages::default()).unwrap();
        let found: Vec<Unit> = found.map(Result::unwrap).collect();
        for format in EXCHANGE_FORMATS {
            write(std::io::sink(), format, "en", "ko", found.iter().cloned()).unwrap();
        }
    };
    for (name, start, piece, end) in MEMORIES {
        let text = |size: usize| [start, &*piece.repeat(size / piece.len()), end].concat();
        let (small, large) = (text(8 * SIZE), text(32 * SIZE));
        let linear = grows_linearly(|| work(name, &small), || work(name, &large));
        assert!(
            linear,
            "{name}: {piece} takes more than eight times as long for four times as much"
        );
    }
}

#[test]
fn what_the_segments_of_a_unit_share_costs_each_of_them_little() {
    use malmoi::formats::pairs::{EXCHANGE_FORMATS, units, write};
    let unit = |id: &str, shared: &str, segments: &str| {
        format!(
            "<xliff version='2.1' srcLang='en' trgLang='ko'><file id='f'><unit id='{id}'>{shared}\
             {segments}</unit></file></xliff>"
        )
    };
    let segment = |text: &str| format!("<segment><source>a{text}</source></segment>");
    let numbered =
        |count: usize, tag: &dyn Fn(usize) -> String| (0..count).map(tag).collect::<String>();
    let shapes: [(&str, &dyn Fn(usize) -> String); 5] = [
        ("notes", &|count| {
            let notes = format!("<notes>{}</notes>", "<note/>".repeat(count));
            unit("u", &notes, &segment("").repeat(count))
        }),
        ("a long id", &|count| unit(&"i".repeat(count * 40), "", &segment("").repeat(count))),
        ("a long code", &|count| {
            let code = "c".repeat(count * 40);
            let data = format!("<originalData><data id='d'>{code}</data></originalData>");
            unit("u", &data, &segment("<ph id='1' dataRef='d'/>").repeat(count))
        }),
        ("ids that are numbers, then names", &|count| {
            let numbers = numbered(count, &|n| format!("<ph id='{}'/>", count + n));
            let names = numbered(count, &|n| format!("<ph id='n{n}'/>"));
            unit("u", "", &segment(&(numbers + &names)))
        }),
        ("marked segments", &|count| {
            let (notes, text) = ("<note>n</note>".repeat(count), "<mrk mtype='seg'>a</mrk>");
            format!(
                "<xliff version='1.2'><file source-language='en' target-language='ko'><body>\
                 <trans-unit id='u'><source>a</source><seg-source>{}</seg-source>{notes}\
                 </trans-unit></body></file></xliff>",
                text.repeat(count)
            )
        }),
    ];
    for (name, shape) in shapes {
        let work = |text: &str| {
            let source = std::io::Cursor::new(text.as_bytes().to_vec());
            let languages = malmoi::formats::PairLanguages::default();
            for unit in units(source, "a.xlf", languages).unwrap() {
                for format in EXCHANGE_FORMATS {
                    write(std::io::sink(), format, "en", "ko", [unit.as_ref().unwrap().clone()])
                        .unwrap();
                }
            }
        };
        let (small, large) = (shape(3_000), shape(12_000));
        let linear = grows_linearly(|| work(&small), || work(&large));
        assert!(linear, "{name} take more than eight times as long for four times as many");
    }
}

/// Words of letters that count through the alphabet, so that terms differ in their beginnings.
fn word(mut number: usize) -> String {
    let letter = |digit: usize| char::from(b'a' + (digit % 26) as u8);
    let mut word = String::from("w");
    loop {
        word.push(letter(number));
        number /= 26;
        if number == 0 {
            return word;
        }
    }
}

/// Terms of one, two and three words, some of them parts of others, and the words of the texts.
fn many_terms(count: usize) -> Glossary {
    let term = |at: usize| match at % 4 {
        0 => Term::new(word(at), format!("가{at}나")),
        1 => Term::new(format!("{} {}", word(at - 1), word(at)), format!("다{at}라")),
        2 => Term::new(format!("{} the {}", word(at), word(at / 2)), format!("마{at}바")),
        _ => Term::new(format!("harbour {}", word(at)), format!("사{at}아")),
    };
    let shared = ["harbour", "harbour was closed", "A", "a", "1", "일이삼사", "B1", "1만"];
    let shared = shared.iter().map(|word| Term::new(*word, format!("{word} 항")));
    (0..count).map(term).chain(shared).collect::<Vec<_>>().into()
}

#[test]
fn ten_thousand_terms_are_found_in_linear_time() {
    let languages = LanguagePair { from: Language::English, to: Language::Korean };
    let glossary = many_terms(10_000);
    let found = glossary.occurring("The harbour wa was closed.", languages);
    assert_eq!(found.len(), 2, "{found:?}");
    for from in [Language::English, Language::Korean] {
        let languages = LanguagePair { from, to: from.other() };
        is_linear("terms", |text| drop(glossary.occurring(text, languages)));
    }
    let text: String = (0..4_000).map(|at| word(at * 2) + " ").collect();
    let index = |count| move |text: &str| drop(many_terms(count).occurring(text, languages));
    let (few, many) = (index(2_500), index(10_000));
    assert!(
        grows_linearly(|| few(&text), || many(&text)),
        "four times the terms take more than eight times as long"
    );
}

/// A text in which every second word is another term, and a translation that has some as
/// prescribed, some inside longer words, some with the wrong particle and some forbidden.
fn pair_with_terms(count: usize) -> (String, String) {
    let source = (0..count).map(|at| word(at) + " closed ").collect();
    let output = |at: usize| match at % 4 {
        0 => format!("가{at}나를 닫았다. "),
        1 => format!("가{at}나스키 닫았다. "),
        2 => format!("가{at}나을 닫았다. "),
        _ => format!("{at}금지를 닫았다. "),
    };
    (source, (0..count).map(output).collect())
}

/// 10,000 terms and translations of up to 100,000 letters: twice the text, twice the time.
#[test]
fn terms_are_checked_in_linear_time() {
    let term = |at: usize| Term {
        forbid: vec![format!("{at}금지")],
        ..Term::new(word(at), format!("가{at}나"))
    };
    let glossary: Glossary = (0..10_000).map(term).collect::<Vec<_>>().into();
    let mut options = CheckOptions::default();
    options.glossary = glossary;
    let check = CHECKS.iter().find(|check| check.name == "glossary").unwrap();
    let (from, to, kind) = (Language::English, Language::Korean, OutputKind::Translation);
    let findings = |(source, output): &(String, String), options: &CheckOptions| {
        check.findings(&Pair { source, output, from, to, kind }, options).len()
    };
    let (small, large) = (pair_with_terms(2_000), pair_with_terms(8_000));
    assert!((80_000..120_000).contains(&large.1.chars().count()), "{}", large.1.chars().count());
    let linear = grows_linearly(
        || assert!(findings(&small, &options) > 1_000),
        || assert!(findings(&large, &options) > 5_000),
    );
    assert!(linear, "four times the text takes more than eight times as long");
    // Letters that are a term at each place.
    let terms = ["가", "가가", "가 가", "나"].map(|target| Term::new("a", target)).to_vec();
    options.glossary = terms.into();
    for letters in ["가", "가 ", "가가나", "나은"] {
        let work = |size: usize| {
            let output = letters.repeat(size / letters.len());
            findings(&("a a".into(), output), &options);
        };
        let linear = grows_linearly(|| work(4 * SIZE), || work(16 * SIZE));
        assert!(linear, "{letters}: four times the text takes more than eight times as long");
    }
}

#[test]
fn candidates_of_terms_are_found_in_linear_time() {
    let sentence = |at: usize| {
        let (name, word) = (word(at % 97).to_uppercase(), word(at / 3));
        (
            format!("The {name} Council saw the {word} of Haemin."),
            format!("해민의 {at}가나{word} {name} 협의회"),
        )
    };
    let work = |count: usize| {
        let pairs: Vec<(String, String)> = (0..count).map(sentence).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
        drop(malmoi::extraction::candidates(&pairs));
    };
    assert!(grows_linearly(|| work(500), || work(2_000)));
}

#[test]
fn similar_units_are_found_in_linear_time() {
    use malmoi::desk::{Desk, Origin, Unit};
    let languages = LanguagePair { from: Language::English, to: Language::Korean };
    let folder = tempfile::tempdir().unwrap();
    let desk = |name: &str, count: usize| {
        let desk = Desk::open(folder.path().join(name)).unwrap();
        let shapes = SHAPES.iter().map(|(_, text)| text(900));
        let sentence = |at: usize| format!("The harbour {} was closed today at {at}.", word(at));
        let sources = shapes.chain((0..count).map(sentence));
        let unit = |source: String| Unit::new(languages, source, "가", Origin::Imported).into();
        desk.keep(sources.map(unit)).unwrap();
        desk
    };
    let (small, large) = (desk("small.db", 1_000), desk("large.db", 4_000));
    for least in [0, 70] {
        let find = |desk: &Desk, text: &str| {
            desk.similar(languages, text, Origin::Imported, least, 3).unwrap()
        };
        is_linear("similar units", |text| drop(find(&small, text)));
        let asked = "The harbour of Haemin was closed today at noon.";
        assert_eq!(find(&large, asked).len(), 3);
        let work = |desk: &Desk| (0..10).for_each(|_| drop(find(desk, asked)));
        assert!(grows_linearly(|| work(&small), || work(&large)), "four times the units");
    }
}
