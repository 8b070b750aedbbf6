//! Tests of the store: what is kept, found, merged and purged, and that killed writers lose
//! nothing.

use super::*;
use crate::error::Error;
use crate::likeness;

const EN_KO: LanguagePair = LanguagePair { from: Language::English, to: Language::Korean };
const KO_EN: LanguagePair = LanguagePair { from: Language::Korean, to: Language::English };

fn desk() -> (tempfile::TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path().join("new/desk.db")).unwrap();
    (folder, desk)
}

fn imported(source: &str, target: &str) -> Written {
    Unit::new(EN_KO, source, target, Origin::Imported).into()
}

fn machine(key: &[u8], source: &str, target: &str) -> Written {
    let unit = Unit::new(EN_KO, source, target, Origin::Machine);
    Written { key: Some(SegmentKey::of(&[key])), outcome: Some("{}".into()), unit }
}

#[test]
fn equal_units_are_kept_once_and_the_stronger_origin_stays() {
    let (_folder, desk) = desk();
    let unit = imported("The port reopened.", "항구가 다시 열렸다.");
    let counts = |kept: Kept| (kept.added, kept.changed, kept.same);
    assert_eq!(counts(desk.keep([unit.clone(), unit.clone()]).unwrap()), (1, 0, 1));
    let mut confirmed = unit.clone();
    confirmed.unit.origin = Origin::Confirmed;
    confirmed.unit.source = " The  port reopened.".into();
    assert_eq!(counts(desk.keep([confirmed]).unwrap()), (0, 1, 0));
    assert_eq!(counts(desk.keep([unit]).unwrap()), (0, 0, 1));
    let found = desk.exact(EN_KO, "The port\nreopened. ").unwrap().unwrap();
    assert_eq!((found.origin, &*found.target), (Origin::Confirmed, "항구가 다시 열렸다."));
    assert_eq!(desk.exact(KO_EN, "항구가 다시 열렸다.").unwrap(), None);
}

#[test]
fn a_confirmed_translation_comes_before_an_imported_one_and_both_before_a_machine_s() {
    let (_folder, desk) = desk();
    let mut confirmed = Unit::new(EN_KO, "Ports", "항구들", Origin::Confirmed);
    confirmed.changed = 5;
    desk.keep([imported("Ports", "항만"), confirmed.into(), machine(b"k", "Ports", "포트")])
        .unwrap();
    assert_eq!(desk.exact(EN_KO, "Ports").unwrap().unwrap().target, "항구들");
    let recalled = desk.recall(SegmentKey::of(&[b"k"])).unwrap().unwrap();
    assert_eq!((&*recalled.unit.target, recalled.outcome.as_deref()), ("포트", Some("{}")));
    assert_eq!(desk.recall(SegmentKey::of(&[b"other"])).unwrap(), None);
}

#[test]
fn similar_units_are_found_in_both_directions_and_the_most_alike_comes_first() {
    let (_folder, desk) = desk();
    desk.keep([
        imported(
            "The council of Haemin approved the budget on 3 May.",
            "해민시의회는 5월 3일 예산안을 의결했다.",
        ),
        imported(
            "The council of Haemin approved the harbour budget on 4 May.",
            "해민시의회는 5월 4일 항만 예산안을 의결했다.",
        ),
        imported("Ferries stayed in port.", "여객선은 출항하지 않았다."),
        machine(b"m", "The council of Haemin approved the budget on 5 May.", "기계 번역"),
    ])
    .unwrap();
    let asked = "The council of Haemin approved the budget on 6 May.";
    let found = desk.similar(EN_KO, asked, Origin::Imported, 70, 5).unwrap();
    let told: Vec<_> = found.iter().map(|m| (m.percent, m.reversed, &*m.unit.target)).collect();
    assert_eq!(
        told,
        [
            (98, false, "해민시의회는 5월 3일 예산안을 의결했다."),
            (84, false, "해민시의회는 5월 4일 항만 예산안을 의결했다."),
        ]
    );
    assert_eq!(desk.similar(EN_KO, asked, Origin::Machine, 70, 9).unwrap().len(), 3);
    let asked = "해민시의회는 5월 9일 예산안을 의결했다.";
    let found = desk.similar(KO_EN, asked, Origin::Machine, 80, 1).unwrap();
    assert!(found[0].reversed && found[0].unit.target.ends_with("budget on 3 May."), "{found:?}");
    assert_eq!(desk.similar(EN_KO, "", Origin::Machine, 70, 5).unwrap(), []);
    assert_eq!(desk.similar(EN_KO, "\"* OR ' NEAR(", Origin::Machine, 70, 5).unwrap(), []);
}

#[test]
fn the_nearest_units_are_found_however_far() {
    let (_folder, desk) = desk();
    desk.keep([
        imported("On Monday the ferries left the port of Haemin.", "같은 말"),
        imported("The cherries of Haesan fell in gold on a sunny day.", "비슷한 글자"),
        imported("Prices rose by three percent.", "물가가 3% 올랐다."),
        imported("The ferries of Haemin left their port late on Monday night.", "월요일 밤"),
    ])
    .unwrap();
    let asked = "The ferries of Haemin left the port on Monday.";
    assert_eq!(desk.similar(EN_KO, asked, Origin::Imported, 80, 5).unwrap(), []);
    let found = desk.similar(EN_KO, asked, Origin::Imported, 0, 3).unwrap();
    let told: Vec<_> = found.iter().map(|m| (m.percent, &*m.unit.target)).collect();
    assert_eq!(told, [(77, "월요일 밤"), (43, "같은 말"), (60, "비슷한 글자")]);
    // Between the bounds: at least so much alike, ranked as the far ones are.
    let found = desk.similar(EN_KO, asked, Origin::Imported, 50, 3).unwrap();
    assert_eq!(found.iter().map(|m| m.percent).collect::<Vec<_>>(), [77, 60]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn matches_and_their_order_do_not_depend_on_the_order_of_writing(
        sources in proptest::collection::vec("(ferry|port|storm|sea|항구|바다)( (ferry|port|late|비)){0,5}", 1..12),
        asked in "(ferry|port|storm|바다)( (ferry|port|late|비)){0,5}",
        turns in 0usize..12, least in proptest::sample::select(vec![0u8, 40, 70, 85]),
    ) {
        let mut units: Vec<Written> = sources.iter().enumerate().map(|(number, source)| {
            let mut unit = Unit::new(EN_KO, source, format!("{number}"), Origin::Imported);
            unit.changed = number as i64 + 1;
            unit.into()
        }).collect();
        let mut found = Vec::new();
        for _ in 0..2 {
            let (_folder, desk) = desk();
            desk.keep(units.clone()).unwrap();
            found.push(desk.similar(EN_KO, &asked, Origin::Imported, least, 6).unwrap());
            let length = units.len();
            units.rotate_left(turns % length);
            units.reverse();
        }
        proptest::prop_assert_eq!(&found[0], &found[1]);
        for one in &found[0] {
            let [source, asked] = [&one.unit.source, &asked].map(|text| likeness::normalized(text));
            proptest::prop_assert_eq!(likeness::percent(&source, &asked, least), Some(one.percent));
        }
        let near = |one: &&Match| one.percent >= LEAST_LIKENESS;
        let percents: Vec<u8> = found[0].iter().filter(near).map(|one| one.percent).collect();
        proptest::prop_assert!(percents.is_sorted_by(|a, b| a >= b), "{:?}", percents);
        proptest::prop_assert!(found[0].is_sorted_by_key(|one| !near(&one)));
    }
}

#[test]
fn a_choice_is_searched_exported_and_purged() {
    let (_folder, desk) = desk();
    let mut old = Unit::new(EN_KO, "100% sure", "100% 확실", Origin::Confirmed);
    (old.changed, old.by) = (10, Some("Han".into()));
    desk.keep([imported("The port", "항구"), old.into(), machine(b"k", "A boat", "배")]).unwrap();
    let sources = |filter: &Filter| {
        let found = desk.search(filter, 10).unwrap();
        found.into_iter().map(|unit| unit.source).collect::<Vec<_>>()
    };
    let words = |words: &str| Filter { words: Some(words.into()), ..Filter::default() };
    assert_eq!(sources(&words("항")), ["The port"]);
    assert_eq!(sources(&words("0% s")), ["100% sure"]);
    assert_eq!(sources(&words("_")), <[&str; 0]>::default());
    let old = Filter { changed_before: Some(11), ..Filter::default() };
    assert_eq!(sources(&old), ["100% sure"]);
    assert_eq!(sources(&Filter { languages: Some(KO_EN), ..Filter::default() }).len(), 0);
    let machines = Filter { origin: Some(Origin::Machine), ..Filter::default() };
    assert_eq!(desk.purge(&machines).unwrap(), 1);
    assert_eq!(desk.similar(EN_KO, "A boat", Origin::Machine, 70, 5).unwrap(), []);
    let mut all = Vec::new();
    desk.for_each(&Filter::default(), &mut |unit| {
        all.push(unit.source);
        Ok(())
    })
    .unwrap();
    assert_eq!(all, ["The port", "100% sure"]);
}

#[test]
fn purged_words_are_no_longer_in_the_file() {
    let (_folder, desk) = desk();
    desk.keep([imported("secretharbour opens", "비밀항구 개장"), imported("Ferries", "여객선")])
        .unwrap();
    desk.purge(&Filter { words: Some("secret".into()), ..Filter::default() }).unwrap();
    let path = desk.path().to_path_buf();
    drop(desk);
    for name in ["desk.db", "desk.db-wal"] {
        let bytes = std::fs::read(path.with_file_name(name)).unwrap_or_default();
        let holds =
            |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
        assert!(!holds("secretharbour") && !holds("비밀"), "{name}");
    }
}

#[test]
fn merging_adds_what_is_new_and_keeps_keys() {
    let (folder, desk) = desk();
    let other = Desk::open(folder.path().join("other.db")).unwrap();
    desk.keep([imported("Ports", "항만")]).unwrap();
    other.keep([imported("Ports", "항만"), machine(b"k", "A boat", "배")]).unwrap();
    let kept = desk.merge(other.path()).unwrap();
    assert_eq!((kept.added, kept.same), (1, 1));
    assert_eq!(desk.recall(SegmentKey::of(&[b"k"])).unwrap().unwrap().unit.target, "배");
    assert!(matches!(desk.merge(&folder.path().join("none.db")), Err(Error::NotFound { .. })));
}

/// `desk-v1.db` was made by the program before version 2: `malmoi memory add` and `glossary add`.
#[test]
fn a_file_of_the_first_version_is_brought_up_to_date_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/desk-v1.db");
    std::fs::copy(fixture, &path).unwrap();
    let version = || {
        let connection = Connection::open(&path).unwrap();
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(version(), 1);
    for _ in 0..2 {
        let desk = Desk::open(&path).unwrap();
        let unit = desk.exact(EN_KO, "The port reopened.").unwrap().unwrap();
        assert_eq!((&*unit.target, unit.origin), ("항구가 다시 열렸다.", Origin::Confirmed));
        assert_eq!(desk.terms().unwrap().len(), 1);
        desk.index("test", &mut |_, texts| Ok(texts.iter().map(|_| vec![1.0]).collect())).unwrap();
        assert_eq!(desk.indexed("test").unwrap(), 2);
        drop(desk);
        assert_eq!(version(), 2);
    }
}

#[test]
fn a_file_that_is_no_memory_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    std::fs::write(&path, "notes of the desk, longer than a header of SQLite would be").unwrap();
    let error = Desk::open(&path).unwrap_err().to_string();
    assert!(error.contains("notes.db is not a memory of malmoi"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("notes of the desk"));
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE x(y)").unwrap();
    let error = Desk::open(&foreign).unwrap_err().to_string();
    assert!(error.contains("another program's"), "{error}");
    let newer = folder.path().join("newer.db");
    drop(Desk::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(Desk::open(&newer), Err(Error::Desk(DeskError::Newer { found: 9, .. }))));
}

#[test]
fn many_may_open_a_new_file_at_once() {
    for _ in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Desk::open(&path).unwrap());
            }
        });
    }
}
