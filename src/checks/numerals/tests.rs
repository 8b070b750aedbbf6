use super::*;

/// Reads a text in its own language.
fn read(text: &str) -> Numbers<'_> {
    let korean = text.contains(crate::language::is_hangul);
    super::read(text, if korean { Language::Korean } else { Language::English })
}

fn values(text: &str) -> Vec<f64> {
    read(text).stated.iter().map(|number| number.value).collect()
}

#[test]
fn digits_are_read_with_their_magnitudes() {
    assert_eq!(
        values("1,250 of 1.25 trillion, 50k, $3bn, 1.2 quadrillion, 3-1, 2016,"),
        [1250.0, 1.25e12, 5e4, 3e9, 1.2e15, 3.0, 1.0, 2016.0]
    );
    assert_eq!(
        values("1조2천500억원, 3만5천명, 7만1천300원, 1억 2천만 달러, 500만 2명"),
        [1.25e12, 35_000.0, 71_300.0, 1.2e8, 5e6, 2.0]
    );
    assert_eq!(
        values("1천240개, 2천, 9억530만, 1,240만, 12.4%, 1천 5백명, 1만 2천"),
        [1240.0, 2000.0, 905_300_000.0, 12_400_000.0, 12.4, 1500.0, 12_000.0]
    );
    assert_eq!(
        values("1억 2,345만 6,789원, 4억1천200만, 1.2조원, 1,200조원, 3경 원"),
        [123_456_789.0, 4.12e8, 1.2e12, 1.2e15, 3e16]
    );
    assert_eq!(
        values("２０２６년 １월 ７일, 2026.01.07. 2026. 1. 7."),
        [2026.0, 1.0, 7.0].repeat(3)
    );
}

#[test]
fn words_may_stand_for_numbers() {
    for (text, value) in [
        ("two hundred and fifty thousand", 250_000.0),
        ("twenty-five", 25.0),
        ("World War II", 2.0),
        ("in July", 7.0),
        ("over two decades", 20.0),
        ("two-dozen", 24.0),
        ("half a million", 5e5),
        ("two and a half million", 2.5e6),
        ("half a dozen", 6.0),
        ("a tenfold rise", 10.0),
        ("돼지 열 다섯 마리", 15.0),
        ("두 명", 2.0),
        ("열두 번째", 12.0),
        ("스물다섯", 25.0),
        ("수백만", 1e6),
        ("이십오", 25.0),
        ("일억 이천만 원", 1.2e8),
        ("팔순 잔치", 80.0),
        ("석 달", 3.0),
        ("양국", 2.0),
    ] {
        assert!(contains(&read(text).values, value), "{text}: {:?}", read(text).values);
    }
}

#[test]
fn words_that_only_begin_like_numbers_are_not_read() {
    for (text, value) in [
        ("세계", 3.0),
        ("두산", 2.0),
        ("네이버", 4.0),
        ("석유", 3.0),
        ("만나", 1e4),
        ("조사", 1e12),
        ("백악관", 100.0),
        ("천안", 1000.0),
        ("3만명", 1e4),
        ("3 million", 1e6),
        ("it may rain", 5.0),
    ] {
        assert!(!contains(&read(text).values, value), "{text}: {:?}", read(text).values);
    }
}

#[test]
fn only_a_number_of_the_same_value_is_a_counterpart() {
    let number = |text| read(text).stated[0].clone();
    assert!(!read("5 billion won").has_counterpart(&number("5조원")));
    assert!(!read("5 won").has_counterpart(&number("5조원")));
    assert!(!read("$1.2").has_counterpart(&number("$1.2m")));
    assert!(read("Article 5").has_counterpart(&number("제5조")));
    assert!(read("제5조").has_counterpart(&number("Article 5")));
    assert!(read("100 metres").has_counterpart(&number("100m 달리기")));
}

#[test]
fn only_an_hour_has_a_second_notation_in_the_afternoon() {
    let number = |text: &'static str, at: usize| read(text).stated[at].clone();
    assert!(read("at 17:00").has_counterpart(&number("오후 5시", 0)));
    assert!(read("오후 5시").has_counterpart(&number("at 17:00", 0)));
    assert!(read("17시 30분").has_counterpart(&number("5:30 in the afternoon", 0)));
    assert!(!read("killed 17 at 3 p.m.").has_counterpart(&number("오후 3시 5명", 1)));
    assert!(!read("17 people at 3 p.m.").has_counterpart(&number("오후 5시", 0)));
    assert!(!read("17:00").has_counterpart(&number("at 5 a.m. and 3 p.m.", 0)));
    assert!(!read("17:00").has_counterpart(&number("오전 5시, 오후 3시", 0)));
    assert!(!read("17:00").has_counterpart(&number("새벽 5시와 오후", 0)));
    assert!(read("17:00").has_counterpart(&number("at 5, that night", 0)));
    for text in ["development", "equipment", "knight", "낮은 값", "밤나무", "낮추다"] {
        assert!(!context::has_afternoon(text), "{text}");
    }
    for text in ["5pm", "5 p.m.", "tonight", "밤", "밤에", "한낮", "7일 오후에는", "저녁"]
    {
        assert!(context::has_afternoon(text), "{text}");
    }
}

#[test]
fn wide_digits_are_counted_like_narrow_ones() {
    assert!(read("2019").has_counterpart(&read("’１９").stated[0]));
    assert!(read("10").has_counterpart(&read("１０００ GMT").stated[0]));
    assert_eq!(values("hit .３００"), [0.3]);
}

#[test]
fn a_number_has_its_unit_and_its_span() {
    for (text, unit, quantity) in [
        ("It took 14 weeks.", Unit::Week, "14 weeks"),
        ("a two-hour trip", Unit::Hour, "two-hour"),
        ("14개월 동안", Unit::Month, "14개월"),
        ("1억2천만 달러", Unit::Dollar, "1억2천만 달러"),
        ("US$1.5 million", Unit::Dollar, "1.5 million"),
        ("0.5%p 올랐다", Unit::PercentagePoint, "0.5%p"),
        ("5 percentage points", Unit::PercentagePoint, "5 percentage points"),
        ("섭씨 32도", Unit::Celsius, "32도"),
        ("2 km2 of land", Unit::SquareKilometer, "2 km2"),
        ("면적 10㎢", Unit::SquareKilometer, "10㎢"),
        ("두 시간", Unit::Hour, "두 시간"),
        ("5 m away", Unit::Meter, "5 m"),
        ("5m 앞", Unit::Meter, "5m"),
        ("이틀", Unit::Day, "이틀"),
    ] {
        let numbers = read(text);
        let number = &numbers.stated[0];
        assert_eq!((number.unit, &text[number.quantity()]), (Some(unit), quantity), "{text}");
    }
    for text in ["2026년", "3분기", "5월", "오후 5시 30분", "2세기", "90년대", "76 has", "$"]
    {
        assert!(read(text).stated.iter().all(|number| number.unit.is_none()), "{text}");
    }
}

#[test]
fn a_value_with_another_unit_is_told_apart() {
    let other = |own: &str, text: &str| read(text).other_unit(&read(own).stated[0]);
    assert_eq!(other("14개월", "14 years and 3 months"), Some(Unit::Year));
    assert_eq!(other("5 dollars", "5유로"), Some(Unit::Euro));
    assert_eq!(other("14개월", "14 ships"), None);
    assert_eq!(other("14개월", "14-month"), None);
    assert_eq!(other("32도", "32 degrees Celsius"), None);
    assert_eq!(other("16㎞", "10 miles and 16 tons"), None);
}
