//! Reading time by page size, for page shapes that are hard to read.

use std::time::Instant;

use super::{fragment, read};

type Shape = (&'static str, fn(usize) -> String);

fn times(size: usize, piece: &str) -> String {
    piece.repeat(size / piece.len() + 1)
}

/// Page shapes, each built to about the given number of bytes.
const SHAPES: &[Shape] = &[
    ("paragraphs", |n| times(n, "<p>One two, three.")),
    ("elements in each other", |n| times(n, "<div>") + "Deep."),
    ("the same, ended", |n| format!("{}Deep.{}", "<div>".repeat(n / 11), "</div>".repeat(n / 11))),
    ("unended emphasis", |n| times(n, "<b>") + "Deep."),
    ("emphasis in each other", |n| {
        format!("<p>{}Deep.{}", "<b>".repeat(n / 7), "</b>".repeat(n / 7))
    }),
    ("emphasis", |n| format!("<p>{}</p>", times(n, "<b>a</b>"))),
    ("links and paragraphs", |n| times(n, "<a href=x><p>a ")),
    ("tables in each other", |n| times(n, "<table><tr><td>") + "Deep."),
    ("lists in each other", |n| times(n, "<ul><li>a ")),
    ("attributes", |n| {
        format!("<p {}>x</p>", (0..n / 9).map(|at| format!("a{at}=1 ")).collect::<String>())
    }),
    ("one attribute", |n| format!("<p {}>x</p>", times(n, "class=a "))),
    ("a long class", |n| format!("<p class='{}'>x</p>", times(n, "comment "))),
    ("a long style", |n| format!("<p style='{}'>x</p>", times(n, "color:red;/*"))),
    ("classes", |n| {
        times(n, "<div class='comment articleBody x-y caption'><p>One two, three.</p></div>")
    }),
    ("hidden emphasis", |n| times(n, "<i hidden>a</i> b ")),
    ("unended hidden emphasis", |n| times(n, "<i hidden>a <i>b ")),
    ("comments", |n| times(n, "<!--")),
    ("brackets", |n| times(n, "<")),
    ("tags without ends", |n| times(n, "<p ")),
    ("end tags", |n| "<p>a".to_string() + &times(n, "</div></b></p>")),
    ("entities", |n| "<p>".to_string() + &times(n, "&amp;&x")),
    ("sections", |n| "<p>".to_string() + &times(n, "<![CDATA[")),
    ("line breaks", |n| "<p>".to_string() + &times(n, "word<br>")),
    ("set text", |n| "<pre>".to_string() + &times(n, "word\n")),
    ("drawings", |n| times(n, "<svg>") + "a"),
    ("headings", |n| times(n, "<h2>One</h2><h3>two</h3>")),
    ("captions", |n| times(n, "<figure><figcaption>One two</figcaption></figure>")),
    ("article bodies", |n| times(n, "<div itemprop=articleBody>a") + "Deep."),
    ("one word", |n| "<p>".to_string() + &"a".repeat(n)),
    ("words", |n| "<p>".to_string() + &times(n, "word ")),
];

fn seconds(html: &str) -> f64 {
    let started = Instant::now();
    if let Ok(item) = read(html.to_string()) {
        assert!(!item.document.rejoin(|_, _| Some("그들".to_string())).is_empty());
    }
    let _ = fragment(html);
    started.elapsed().as_secs_f64()
}

#[test]
fn every_page_shape_is_read_in_linear_time() {
    let page = |of: fn(usize) -> String, size| {
        format!(
            "<!doctype html><title>T</title><article><h1>Harbour plan</h1><p>They met on Thursday.</p>{}",
            of(size)
        )
    };
    let mut wrong = Vec::new();
    for (name, of) in SHAPES {
        let time = |size: usize| {
            let html = page(*of, size);
            (0..2).map(|_| seconds(&html)).fold(f64::MAX, f64::min)
        };
        // Short times and a single slow moment of the machine prove nothing.
        let mut measured = Vec::new();
        let grows = (0..4).all(|_| {
            measured.push((time(32 << 10), time(128 << 10)));
            measured.last().is_some_and(|(small, large)| *large > 8.0 * f64::max(*small, 0.004))
        });
        if grows {
            wrong.push(format!("{name}: {measured:.4?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
