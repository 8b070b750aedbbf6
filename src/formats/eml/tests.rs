use super::super::{article, detect};
use super::*;

fn mail(headers: &str, body: &[u8]) -> Vec<u8> {
    [headers.replace('\n', "\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

fn item(bytes: &[u8]) -> Item {
    article(bytes, "a.eml").unwrap()
}

fn told(bytes: &[u8]) -> (Option<String>, Vec<String>) {
    let item = item(bytes);
    let title = item.document.title().map(str::to_string);
    let rest = item.document.content().skip(usize::from(title.is_some()));
    (title, rest.map(|block| item.document.block_text(block).to_string()).collect())
}

const HEADERS: &str = "From: Mina Seo <mina@haemin.example>\nTo: desk@haemin.example\nSubject: Re: Harbour plan\nDate: Mon, 5 Jan 2026 10:00:00 +0900\nMessage-ID: <1@haemin.example>\nMIME-Version: 1.0";

#[test]
fn the_subject_is_the_headline_and_the_headers_are_the_items_data() {
    let item = item(&mail(HEADERS, b"The council met on Monday.\r\n\r\nIt agreed.\r\n"));
    assert_eq!(item.document.article(), "Harbour plan\n\nThe council met on Monday.\n\nIt agreed.");
    assert_eq!(item.id.as_deref(), Some("1@haemin.example"));
    assert_eq!(item.published.as_deref(), Some("Mon, 5 Jan 2026 10:00:00 +0900"));
}

#[test]
fn of_alternatives_the_plain_one_is_read_unless_it_is_a_stub() {
    let parts = |plain: &str| {
        let page = "<html><body><h1>Harbour</h1><p>The council met on Monday, and agreed on the plan for the harbour after a debate of three hours.</p></body></html>".repeat(2);
        mail(
            &format!("{HEADERS}\nContent-Type: multipart/alternative; boundary=\"b\""),
            format!("--b\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--b\r\nContent-Type: text/html\r\n\r\n{page}\r\n--b--\r\n").as_bytes(),
        )
    };
    assert_eq!(
        told(&parts("The council met on Monday, and agreed on the plan.")).1,
        ["The council met on Monday, and agreed on the plan."]
    );
    let (_, paragraphs) = told(&parts("See HTML."));
    assert!(paragraphs[0].starts_with("The council met on Monday, and"), "{paragraphs:?}");
}

#[test]
fn korean_is_read_in_every_encoding_of_old_mail() {
    let words = "시장은 월요일에 항구를 열었다.";
    let (euc, ..) = EUC_KR.encode(words);
    // SO and SI around each run of two-byte letters.
    let mut seven = b"\x1B$)C".to_vec();
    let mut shifted = false;
    for byte in euc.iter() {
        if (*byte >= 0x80) != shifted {
            shifted = !shifted;
            seven.push(if shifted { 0x0E } else { 0x0F });
        }
        seven.push(byte & 0x7F);
    }
    let base64 = b"vcPA5cC6IL/5v+TAz7+hIMfXsbi4piC/rb76tNku";
    let of = |kind: &str, body: &[u8]| mail(&format!("{HEADERS}\n{kind}"), body);
    for bytes in [
        of("Content-Type: text/plain; charset=EUC-KR\nContent-Transfer-Encoding: 8bit", &euc),
        of("Content-Type: text/plain; charset=\"ks_c_5601-1987\"", &euc),
        of("Content-Type: text/plain; charset=us-ascii", &euc),
        of(
            "Content-Type: text/plain; charset=ISO-2022-KR\nContent-Transfer-Encoding: 7bit",
            &seven,
        ),
        of("Content-Type: text/plain; charset=UTF-8", words.as_bytes()),
        of("Content-Type: text/plain", words.as_bytes()),
        of("Content-Type: text/plain; charset=utf-8", &euc),
    ] {
        assert_eq!(told(&bytes).1, [words]);
    }
    let read = told(&of(
        "Content-Type: text/plain; charset=euc-kr\nContent-Transfer-Encoding: base64",
        base64,
    ));
    assert!(read.1[0].starts_with("시장은 월요일에"), "{read:?}");
    let quoted = "The quay is =\r\nopen=2E It cost =E2=82=A9412 million.";
    let read = told(&of(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
        quoted.as_bytes(),
    ));
    assert_eq!(read.1, ["The quay is open. It cost ₩412 million."]);
}

#[test]
fn subjects_are_read_in_every_encoding_of_old_mail() {
    let (raw, ..) = EUC_KR.encode("전달: 해민항 정비 계획");
    let subject = |value: &[u8]| {
        let headers: &[&[u8]] = &[b"From: a@b.example\r\nMessage-ID: <1@x>\r\nSubject: ", value];
        told(&[&headers.concat()[..], b"\r\nMIME-Version: 1.0\r\n\r\nThey met.\r\n"].concat()).0
    };
    for value in [
        &b"=?UTF-8?B?7ZW066+87ZWtIOygleu5hCDqs4Ttmo0=?="[..],
        b"=?utf-8?Q?=ED=95=B4=EB=AF=BC=ED=95=AD?= =?utf-8?Q?_=EC=A0=95=EB=B9=84_=EA=B3=84=ED=9A=8D?=",
        b"=?EUC-KR?B?x9i5zsfXIMGkuvEgsOjIuQ==?=",
        b"=?ISO-2022-KR?B?GyQpQw5HWDlOR1cPIA5BJDpxDyAOMGhIOQ8=?=",
        &raw,
    ] {
        assert_eq!(subject(value).as_deref(), Some("해민항 정비 계획"), "{value:?}");
    }
}

#[test]
fn a_saved_web_page_is_read_as_its_page() {
    let bytes = mail(
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://haemin.example/1\nSubject: Harbour opens\nMIME-Version: 1.0\nContent-Type: multipart/related; type=\"text/html\"; boundary=\"--m\"",
        b"----m\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><article><h1 class=3D\"a\">Harbour opens</h1><p>The mayor opened the harbour on Monday, after a wait of two years.</p></article></body></html>\r\n----m\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n----m--\r\n",
    );
    let item = item(&bytes);
    assert_eq!(item.link.as_deref(), Some("https://haemin.example/1"));
    assert_eq!(
        item.document.article(),
        "Harbour opens\n\nThe mayor opened the harbour on Monday, after a wait of two years."
    );
}

#[test]
fn attachments_are_not_read_and_flowed_lines_are_joined() {
    let bytes = mail(
        &format!("{HEADERS}\nContent-Type: multipart/mixed; boundary=b"),
        b"--b\r\nContent-Type: text/plain; format=flowed\r\n\r\nThe council met \r\non Monday.\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nSecret.\r\n--b--\r\n",
    );
    assert_eq!(told(&bytes).1, ["The council met on Monday."]);
}

#[test]
fn what_is_no_single_message_with_text_is_refused_with_a_reason() {
    let error = |bytes: &[u8]| article(bytes, "a.eml").unwrap_err().to_string();
    let picture = mail(&format!("{HEADERS}\nContent-Type: image/png"), b"x");
    assert!(error(&picture).contains("attachments are not read"));
    let mailbox = b"From a Mon Jan 5\nFrom: a@b.example\n\nOne.\n\nFrom a Mon Jan 5\nFrom: a@b.example\n\nTwo.\n";
    assert!(error(mailbox).contains("mailbox of several messages"));
    let sealed =
        mail(&format!("{HEADERS}\nContent-Type: multipart/encrypted; boundary=b"), b"--b--");
    assert!(error(&sealed).contains("encrypted"));
}

#[test]
fn messages_are_recognized_and_memos_are_not() {
    for text in [
        HEADERS,
        "From: Mina Seo <m@haemin.example>\nTo: d@desk.example\nSubject: Harbour\n\nHi",
        "From: <Saved by Blink>\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/related\n",
        "Received: from x by y;\n\tWed, 7 Jan 2026\nMessage-ID: <1@x>\nFrom: a@b.example\n\nHi",
    ] {
        assert_eq!(detect("standard input", text.as_bytes()).name, "eml", "{text}");
    }
    for text in [
        "From: the mayor\nTo: the people\n\nDear people.",
        "Subject: harbour\nFrom: desk\n\nThe story.",
    ] {
        assert_eq!(detect("standard input", text.as_bytes()).name, "plain", "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in "(--b|--|\r\n|Content-Type: multipart/mixed; boundary=b\r\n|Content-Type: message/rfc822|Subject: =\\?iso-2022-kr\\?B\\?|\\?=|[가a =?]|\u{e}|\u{f}){0,40}") {
        let _ = read(body.as_bytes());
        let _ = read(&mail(HEADERS, body.as_bytes()));
    }
}
