//! The assembly from lists of characters, and the reader on files.

use super::super::read;
use super::assemble::{self, Text};
use super::glyph::{Glyph, Page, Rule};
use crate::document::BlockKind;

/// Width of a character in sizes of the font.
fn advance(c: char) -> f32 {
    match c {
        ' ' => 0.28,
        c if c.is_ascii() => 0.5,
        _ => 0.92,
    }
}

/// A page of A4 with lines of text at places: x, y, size.
fn page(lines: &[(f32, f32, f32, &str)]) -> Page {
    let mut glyphs = Vec::new();
    for (x, y, size, text) in lines {
        let mut x = *x;
        for char in text.chars() {
            let width = advance(char) * size;
            glyphs.push(Glyph { char, x, y: *y, width, size: *size, angle: 0, is_artifact: false });
            x += width;
        }
    }
    Page { width: 595.0, height: 842.0, glyphs, ..Page::default() }
}

/// Lines of one size below each other.
fn column<'t>(x: f32, y: f32, lines: &[&'t str]) -> Vec<(f32, f32, f32, &'t str)> {
    lines.iter().enumerate().map(|(at, text)| (x, y + 16.0 * at as f32, 10.0, *text)).collect()
}

fn text(lines: &[(f32, f32, f32, &str)]) -> Text {
    assemble::text(&[page(lines)])
}

const BODY: [&str; 4] = [
    "The ministers of both countries met on Thursday in",
    "the old town hall and agreed to begin the work on a",
    "second breakwater before the typhoons of August are",
    "expected.",
];

#[test]
fn wrapped_lines_are_a_paragraph_and_a_short_line_ends_it() {
    let mut lines = column(60.0, 100.0, &BODY);
    lines.extend(column(60.0, 164.0, &["They left at noon."]));
    let found = text(&lines).paragraphs;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].ends_with("on a second breakwater before the typhoons of August are expected.")
    );
}

#[test]
fn the_largest_letters_are_the_headline_and_a_banner_is_not() {
    let mut lines =
        vec![(60.0, 60.0, 24.0, "보도자료"), (60.0, 95.0, 17.0, "Work on the breakwater begins")];
    lines.extend(column(60.0, 130.0, &BODY));
    let found = text(&lines);
    assert_eq!(found.title.as_deref(), Some("Work on the breakwater begins"));
    assert_eq!(found.paragraphs[0], "보도자료");
}

#[test]
fn columns_are_read_one_after_the_other_below_what_spans_them() {
    let left = [
        "left one is a line of text",
        "left two is a line of text",
        "left three is a line of it",
        "left four is a line of it",
    ];
    let right = left.map(|line| line.replace("left", "right"));
    let right: Vec<&str> = right.iter().map(String::as_str).collect();
    let mut lines = vec![(60.0, 60.0, 18.0, "A headline over both of the columns here")];
    // The second column stands two points lower: no line of it is level with one of the first.
    lines.extend(column(310.0, 102.0, &right));
    lines.extend(column(60.0, 100.0, &left));
    let found = text(&lines);
    let whole = found.paragraphs.join(" ");
    assert!(found.title.is_some());
    let places: Vec<usize> = ["left one", "left four", "right one", "right four"]
        .iter()
        .map(|words| whole.find(words).unwrap_or(usize::MAX))
        .collect();
    assert!(places.is_sorted() && places[3] != usize::MAX, "{whole}");
}

#[test]
fn a_number_in_two_fonts_has_no_space_within_it() {
    // The gap between digits of one font and Hangul of another is wider than between letters.
    let mut page = page(&[(60.0, 100.0, 10.0, "공사비는 ")]);
    let mut x = 105.0;
    for char in "4억1천200만".chars() {
        let width = advance(char) * 10.0;
        page.glyphs.push(Glyph {
            char,
            x,
            y: 100.0,
            width,
            size: 10.0,
            angle: 0,
            is_artifact: false,
        });
        x += width + 1.2;
    }
    assert_eq!(assemble::text(&[page]).paragraphs, ["공사비는 4억1천200만"]);
}

#[test]
fn a_gap_without_a_drawn_space_is_one_where_no_spaces_are_drawn() {
    let mut page = page(&[]);
    let mut x = 60.0;
    for word in ["The", "port", "opens", "in", "May"] {
        for char in word.chars() {
            page.glyphs.push(Glyph {
                char,
                x,
                y: 100.0,
                width: 5.0,
                size: 10.0,
                angle: 0,
                is_artifact: false,
            });
            x += 5.0;
        }
        x += 2.6;
    }
    assert_eq!(assemble::text(&[page]).paragraphs, ["The port opens in May"]);
}

#[test]
fn korean_that_is_broken_within_words_is_joined_by_what_the_document_shows() {
    let lines = [
        "해양안전청은 오는 5월 12일 해민항 북쪽 방파제 보강 공사를 시작한다고 밝혔",
        "다. 공사에는 2028년 말까지 모두 4억1천200만 원이 든다. 새로운 북쪽 방파",
        "제는 길이가 320m에서 410m로 늘고, 공사비는 모두 합해 다시 계산하여 4억1천",
        "200만 원이 되었으며 지난해에 시작한 준비는 올해 봄에 모두 끝났다고 하였다.",
    ];
    let found = text(&column(60.0, 100.0, &lines)).paragraphs.join("\n");
    for words in ["밝혔다. 공사에는", "4억1천200만 원이 되었으며"] {
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn a_hyphen_at_the_end_of_a_line_goes_unless_the_word_has_it() {
    let lines = [
        "The governor spoke of a long-term plan for the har-",
        "bor and its walls, which the council wants to dis-",
        "cuss; a long-term loan pays for it, and the long-",
        "term rate is low, as everybody in the room knows.",
    ];
    let found = text(&column(60.0, 100.0, &lines)).paragraphs.join(" ");
    assert!(found.contains("the harbor and") && found.contains("to discuss;"), "{found}");
    assert!(found.contains("the long-term rate"), "{found}");
}

#[test]
fn running_heads_and_page_numbers_are_told_apart_and_paragraphs_go_on() {
    let pages: Vec<Page> = (1..=4)
        .map(|number| {
            let foot = format!("- {number} -");
            let mut lines = vec![(60.0, 40.0, 8.0, "Haemin Bulletin No. 42")];
            lines.extend(column(60.0, 150.0, &BODY[..3]));
            lines.push((290.0, 800.0, 9.0, &foot));
            page(&lines)
        })
        .collect();
    let found = assemble::text(&pages);
    assert_eq!(found.paragraphs.len(), 1, "{:?}", found.paragraphs);
    assert_eq!(
        found.furniture,
        [
            ("running head", "Haemin Bulletin No. 42".to_string()),
            ("page number", "- 1 -, - 2 -, - 3 -, - 4 -".to_string())
        ]
    );
}

#[test]
fn a_number_that_every_page_has_in_its_text_stays() {
    let pages: Vec<Page> = (1..=4)
        .map(|_| page(&column(60.0, 300.0, &["2028", "The year of the opening."])))
        .collect();
    assert_eq!(assemble::text(&pages).paragraphs.iter().filter(|text| *text == "2028").count(), 4);
}

#[test]
fn notes_at_the_foot_are_no_part_of_the_text() {
    let mut lines = column(60.0, 100.0, &BODY);
    lines.push((60.0, 700.0, 7.5, "1) Without value added tax."));
    let found = text(&lines);
    assert_eq!(found.paragraphs.len(), 1);
    assert_eq!(found.furniture, [("footnote", "1) Without value added tax.".to_string())]);
}

#[test]
fn a_raised_digit_does_not_lengthen_a_number() {
    let mut page = page(&[(60.0, 100.0, 10.0, "412")]);
    page.glyphs.push(Glyph {
        char: '1',
        x: 75.2,
        y: 96.5,
        width: 3.0,
        size: 6.0,
        angle: 0,
        is_artifact: false,
    });
    assert_eq!(assemble::text(&[page]).paragraphs, ["412¹"]);
}

#[test]
fn a_ruled_table_is_read_row_by_row_with_the_lines_of_a_cell_together() {
    let mut lines = column(60.0, 60.0, &BODY);
    lines.extend([
        (66.0, 215.0, 10.0, "Item"),
        (206.0, 215.0, 10.0, "2026"),
        (66.0, 235.0, 10.0, "Cost of the"),
        (66.0, 248.0, 10.0, "whole work"),
        (206.0, 241.0, 10.0, "412 million"),
    ]);
    let mut page = page(&lines);
    let level = |y| Rule { x0: 60.0, y0: y, x1: 340.0, y1: y };
    let upright = |x| Rule { x0: x, y0: 200.0, x1: x, y1: 255.0 };
    page.rules = vec![
        level(200.0),
        level(222.0),
        level(255.0),
        upright(60.0),
        upright(200.0),
        upright(340.0),
    ];
    let found = assemble::text(&[page]).paragraphs;
    assert_eq!(found[1..], ["Item\t2026", "Cost of the whole work\t412 million"]);
}

#[test]
fn turned_text_is_read_and_text_across_the_page_is_a_watermark() {
    let mut turned = page(&column(60.0, 100.0, &BODY));
    for (index, char) in "SIDE NOTE HERE".chars().enumerate() {
        turned.glyphs.push(Glyph {
            char,
            x: 570.0,
            y: 300.0 + 6.0 * index as f32,
            width: 5.5,
            size: 10.0,
            angle: 90,
            is_artifact: false,
        });
    }
    for (index, char) in "DRAFT".chars().enumerate() {
        let along = 40.0 * index as f32;
        turned.glyphs.push(Glyph {
            char,
            x: 150.0 + along * 0.7,
            y: 600.0 - along * 0.7,
            width: 38.0,
            size: 60.0,
            angle: 315,
            is_artifact: false,
        });
    }
    let found = assemble::text(&[turned]);
    assert_eq!(found.paragraphs.last().map(String::as_str), Some("SIDE NOTE HERE"));
    assert_eq!(found.furniture, [("watermark", "DRAFT".to_string())]);
}

#[test]
fn a_page_that_is_drawn_turned_is_read_upright() {
    let mut turned = page(&column(60.0, 100.0, &BODY));
    for glyph in &mut turned.glyphs {
        (glyph.x, glyph.y, glyph.angle) = (595.0 - glyph.y, glyph.x, 90);
    }
    assert_eq!(assemble::text(&[turned]), text(&column(60.0, 100.0, &BODY)));
}

#[test]
fn words_that_a_scan_has_below_it_are_read() {
    let mut scan = page(&column(60.0, 100.0, &BODY));
    scan.unseen = std::mem::take(&mut scan.glyphs);
    assert!(assemble::text(std::slice::from_ref(&scan)).paragraphs.is_empty());
    scan.pictures = 0.9;
    assert_eq!(assemble::text(&[scan]).paragraphs.len(), 1);
}

#[test]
fn hostile_places_are_read_in_bounded_time() {
    let odd = [f32::MAX, -f32::MAX, 0.0, 1e-30, 1e9];
    let mut glyphs = Vec::new();
    for at in 0..60_000_usize {
        let place = |shift: usize| odd[(at / 7 + shift) % odd.len()] / (1 + at % 11) as f32;
        glyphs.push(Glyph {
            char: '가',
            x: place(0),
            y: place(1),
            width: place(2),
            size: place(3).abs(),
            angle: (at % 360) as u16,
            is_artifact: false,
        });
    }
    let rules =
        (0..1400).map(|at| Rule { x0: 0.0, y0: at as f32, x1: 500.0, y1: at as f32 }).collect();
    let page = Page { width: 595.0, height: 842.0, glyphs, rules, ..Page::default() };
    assemble::text(&[page]);
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", at + 1).as_bytes());
    }
    let start = file.len();
    file.extend_from_slice(
        format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes(),
    );
    for place in places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    file.extend_from_slice(
        format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    );
    file
}

/// A PDF with a page for each content, in Helvetica.
fn pages_of(contents: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..contents.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_string(),
    ];
    for (at, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R /Resources << /Font << /F 3 0 R >> /XObject << /S {} 0 R >> >> >>",
            5 + 2 * at,
            4 + 2 * contents.len(),
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects.push("<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream".into());
    pdf_of(&objects)
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).unwrap_err()
}

const SCAN: &str = "q 595 0 0 842 0 0 cm /S Do Q";

fn shows(text: &str) -> String {
    format!("BT /F 12 Tf 60 700 Td ({text}) Tj ET")
}

#[test]
fn a_page_of_pictures_is_noted_and_a_document_of_them_is_refused_as_a_scan() {
    let item = read(&pages_of(&[&shows("They met on Thursday."), SCAN])).unwrap();
    assert_eq!(item.document.article(), "They met on Thursday.");
    assert_eq!(item.notes, ["page 2 has pictures and no text"]);
    assert!(refused(&pages_of(&[SCAN, SCAN])).starts_with("is a scan"));
    assert_eq!(refused(&pages_of(&["", ""])), "has no text");
}

#[test]
fn text_that_does_not_show_is_not_read() {
    let hidden = [
        format!("3 Tr {}", shows("invisible")),
        format!("1 g {}", shows("white")),
        "BT /F 12 Tf 60 -700 Td (below the page) Tj ET".to_string(),
        format!("q 0 0 10 10 re W n {} Q", shows("clipped")),
    ];
    for part in &hidden {
        let content =
            format!("{part} 0 Tr 0 g BT /F 12 Tf 60 500 Td (They met on Thursday.) Tj ET");
        let content = content.replace("3 Tr BT", "BT 3 Tr");
        let found = read(&pages_of(&[&content])).unwrap().document.article();
        assert_eq!(found, "They met on Thursday.", "{part}");
    }
    let dark = format!("0 0 0.4 rg 50 690 400 30 re f 1 g {}", shows("White on blue."));
    assert_eq!(read(&pages_of(&[&dark])).unwrap().document.article(), "White on blue.");
}

#[test]
fn a_letter_that_the_edge_of_the_page_cuts_is_read() {
    // Four fifths of the second digit are cut, and the third one is off the page.
    let content = "BT /F 12 Tf 561.6 700 Td (won 901) Tj ET";
    assert_eq!(read(&pages_of(&[content])).unwrap().document.article(), "won 90");
}

#[test]
fn recognized_text_below_a_scan_is_read() {
    let content = format!("{SCAN} BT 3 Tr /F 12 Tf 60 700 Td (They met on Thursday.) Tj ET");
    assert_eq!(read(&pages_of(&[&content])).unwrap().document.article(), "They met on Thursday.");
}

#[test]
fn running_heads_are_boilerplate_of_the_document() {
    let pages: Vec<String> = (1..=3)
        .map(|at| {
            format!(
                "BT /F 8 Tf 60 810 Td (Haemin Bulletin) Tj ET {}",
                shows(&format!("They met on day {at}."))
            )
        })
        .collect();
    let document =
        read(&pages_of(&pages.iter().map(String::as_str).collect::<Vec<_>>())).unwrap().document;
    assert_eq!(document.boilerplate().collect::<Vec<_>>(), [("running head", "Haemin Bulletin")]);
    assert_eq!(document.content().filter(|block| block.kind == BlockKind::Paragraph).count(), 3);
}

#[test]
fn damaged_and_hostile_files_are_refused_with_a_reason() {
    let loops = pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000000 >>".into(),
    ]);
    assert!(!refused(&loops).is_empty());
    let own_form = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /S 6 0 R >> >> /Length 16 >>\nstream\n/S Do /S Do /S Do\nendstream";
    let bytes = pages_of(&["/S Do /S Do"]);
    let text = String::from_utf8_lossy(&bytes).replace("/Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream", &own_form[23..]);
    assert!(!refused(text.as_bytes()).is_empty());
    let widths = pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [] /Count 0 >>".into(),
        "<< /Type /Font /Subtype /CIDFontType2 /W [0 4294967295 500] >>".into(),
    ]);
    assert!(refused(&widths).contains("widths"));
    assert!(refused(b"%PDF-1.7\n%%EOF").contains("damaged"));
    assert!(refused(b"plain").contains("not a PDF"));
    let deep = pdf_of(&["[".repeat(100_000), "<< /Type /Pages >>".into()]);
    assert!(!refused(&deep).is_empty());
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A file with one stream.
fn stream_of(filter: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("%PDF-1.7\n1 0 obj << /Filter {filter} /Length {length} >>\nstream\n");
    [head.as_bytes(), content, b"\nendstream endobj"].concat()
}

#[test]
fn a_stream_that_unpacks_without_end_is_refused() {
    let once = packed(&vec![b' '; 300 << 20]);
    assert!(once.len() < 1 << 20);
    assert!(refused(&stream_of("/Fl", &once)).contains("256 MB"));
    let twice = packed(&once);
    assert!(twice.len() < 1 << 16);
    assert!(refused(&stream_of("[/FlateDecode /FlateDecode]", &twice)).contains("256 MB"));
    let often = "/FlateDecode ".repeat(5);
    assert!(refused(&stream_of(&format!("[{often}]"), &twice)).contains("again and again"));
    assert!(refused(&stream_of("/LZWDecode", &vec![0; 1 << 20])).contains("256 MB"));
}

#[test]
fn a_press_release_has_exactly_its_paragraphs() {
    let release = include_str!("../../../../tests/fixtures/press/release.txt").trim();
    let bytes = include_bytes!("../../../../tests/fixtures/press/release.pdf");
    let item = read(bytes).unwrap();
    assert_eq!(item.document.article(), release);
    assert_eq!(item.document.title(), release.lines().next());
    assert!(item.notes.is_empty() && item.published.is_some());
}
