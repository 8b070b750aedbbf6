//! The reader of requests: the same fields in whichever way they are sent, and any bytes refused
//! or read.

use proptest::prelude::*;

use super::*;

fn read(kind: &str, query: Option<&str>, content: &[u8]) -> Result<Read, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let kind = HeaderValue::from_str(kind).unwrap();
    let content = Bytes::copy_from_slice(content);
    runtime.block_on(Read::of(Some(&kind), query, &content, false))
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=border";

fn form(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn multipart(fields: &[(String, String)]) -> String {
    let part = |(name, value): &(String, String)| {
        let head = format!("content-disposition: form-data; name=\"{name}\"");
        format!("--border\r\n{head}\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}--border--\r\n")
}

#[test]
fn json_that_curl_sends_as_a_form_is_json() {
    let fields = read(FORM, None, br#" {"text": "a=b&c", "to": "ko"}"#).unwrap().fields;
    assert_eq!((&fields["text"], &fields["to"]), (&"a=b&c".into(), &"ko".into()));
    assert_eq!(read(FORM, None, b"{=1").unwrap().fields["{"], "1");
}

#[test]
fn a_mark_of_utf_8_is_skipped_and_other_charsets_are_refused() {
    let json = b"\xEF\xBB\xBF{\"q\": 1}";
    assert_eq!(read("application/json; charset=UTF-8", None, json).unwrap().fields["q"], 1);
    for kind in ["application/json;charset=\"euc-kr\"", "text/plain; charset=utf-16"] {
        assert!(matches!(read(kind, None, b"{}"), Err(Failure::Invalid(_))), "{kind}");
    }
}

#[test]
fn a_field_that_is_given_again_is_a_list() {
    let read = read(FORM, Some("q=1&q=2"), b"q=3&to=ko").unwrap();
    assert_eq!(read.fields["q"], serde_json::json!(["1", "2", "3"]));
    assert_eq!(read.fields["to"], "ko");
}

#[test]
fn bodies_of_very_many_fields_or_values_and_of_deep_nesting_are_refused() {
    let many = MAX_FIELDS + 1;
    let field = ("q".to_string(), String::new());
    let fields = vec![field; many];
    let lists = format!("{{\"q\": [{}0]}}", "[],".repeat(MAX_VALUES));
    let deep = format!("{{\"q\": {}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for (kind, body) in
        [(FORM, form(&fields)), (MULTIPART, multipart(&fields)), ("application/json", lists)]
    {
        assert!(matches!(read(kind, None, body.as_bytes()), Err(Failure::TooLarge(_))), "{kind}");
    }
    let refused = read("application/json", None, deep.as_bytes());
    assert!(matches!(refused, Err(Failure::Invalid(_))));
    // What is within a string is no value.
    let text = format!("{{\"q\": \"{}\\\"{}\"}}", "[,{".repeat(MAX_VALUES), "[,".repeat(9));
    assert!(read("application/json", None, text.as_bytes()).is_ok());
}

#[test]
fn a_file_has_the_last_part_of_its_path_as_its_name() {
    let body = "--border\r\ncontent-disposition: form-data; name=\"file\"; \
                filename=\"..\\..\\a/../b.txt\"\r\n\r\nx\r\n--border--\r\n";
    assert_eq!(read(MULTIPART, None, body.as_bytes()).unwrap().files[0].name, "b.txt");
}

#[test]
fn a_file_in_a_form_may_be_as_large_as_a_body() {
    let head = "--border\r\ncontent-disposition: form-data; name=\"file\"; \
                filename=\"a.txt\"\r\n\r\n";
    let body = format!("{head}{}\r\n--border--\r\n", "a".repeat(3 << 20));
    assert_eq!(read(MULTIPART, None, body.as_bytes()).unwrap().files[0].bytes.len(), 3 << 20);
}

proptest! {
    #[test]
    fn any_bytes_of_any_kind_are_refused_or_read(
        kind in prop_oneof![
            Just(FORM), Just(MULTIPART), Just("application/json"), Just(""),
            Just("multipart/form-data"), Just("text/plain; charset=\""),
        ],
        query in proptest::option::of("[ -~]{0,40}"),
        content in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(--border|\r\n|content-disposition: form-data; name=|\"q\"|[a-c=&%;]){0,12}"
                .prop_map(String::into_bytes),
            "[\\[\\]{}\",:0-9a-c\\\\ ]{0,60}".prop_map(String::into_bytes),
        ],
    ) {
        let _ = read(kind, query.as_deref(), &content);
    }

    #[test]
    fn fields_are_the_same_in_whichever_way_they_are_sent(
        fields in proptest::collection::btree_map("[a-z]{1,8}", "[ -~가-힣]{0,20}", 0..6),
    ) {
        let fields: Vec<(String, String)> = fields.into_iter().collect();
        let json = Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect(),
        );
        let form = form(&fields);
        for read in [
            read("application/json", None, json.to_string().as_bytes()),
            read(FORM, None, form.as_bytes()),
            read("", Some(&form), b""),
            read(MULTIPART, None, multipart(&fields).as_bytes()),
        ] {
            prop_assert_eq!(&Value::Object(read.unwrap().fields), &json);
        }
    }
}
