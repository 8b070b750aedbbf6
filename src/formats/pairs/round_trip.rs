//! Tests of reading, writing and conversion together: units in the shapes of translation tools.

use proptest::prelude::*;

use super::*;

fn read_all(text: impl Into<Vec<u8>>, name: &str) -> Vec<Unit> {
    let found = units(Cursor::new(text.into()), name, PairLanguages::default()).unwrap();
    found.map(|unit| Unit { place: String::new(), ..unit.unwrap() }).collect()
}

fn written(units: &[Unit], format: &str) -> (String, Written) {
    let mut out = Vec::new();
    let format = ExchangeFormat::named(format).unwrap();
    let told = write(&mut out, format, "en", "ko", units.iter().cloned()).unwrap();
    (String::from_utf8(out).unwrap(), told)
}

fn through(units: &[Unit], format: &str) -> Vec<Unit> {
    read_all(written(units, format).0, &format!("a.{format}"))
}

/// A memory of two units, as the tool writes it.
fn memory(header: &str, units: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tmx SYSTEM \"tmx14.dtd\">\n\
         <tmx version=\"1.4\">\n  <header {header}/>\n  <body>\n{units}  </body>\n</tmx>\n"
    )
}

fn omegat() -> String {
    memory(
        "creationtool=\"OmegaT\" o-tmf=\"OmegaT TMX\" adminlang=\"EN-US\" datatype=\"plaintext\" \
         creationtoolversion=\"6.0.0\" segtype=\"sentence\" srclang=\"EN-US\"",
        "    <tu>\n      <prop type=\"file\">harbor.docx</prop>\n      <prop type=\"prev\">The harbor \
         closed.</prop>\n      <prop type=\"next\"></prop>\n      <tuv xml:lang=\"EN-US\">\n        \
         <seg>The <bpt i=\"0\" x=\"0\">&lt;f0&gt;</bpt>ferry<ept i=\"0\">&lt;/f0&gt;</ept> left\
         <ph x=\"1\">&lt;x1/&gt;</ph>.</seg>\n      </tuv>\n      <tuv xml:lang=\"KO-KR\" \
         changeid=\"Han Seo-jin\" changedate=\"20260301T010203Z\" creationid=\"Han Seo-jin\" \
         creationdate=\"20260228T235959Z\">\n        <seg><bpt i=\"0\" x=\"0\">&lt;f0&gt;</bpt>\
         나룻배<ept i=\"0\">&lt;/f0&gt;</ept>가 떠났다<ph x=\"1\">&lt;x1/&gt;</ph>.</seg>\n      \
         </tuv>\n    </tu>\n",
    )
}

fn trados() -> String {
    memory(
        "creationtool=\"SDL Language Platform\" creationtoolversion=\"8.1\" o-tmf=\"SDL TM8 \
         Format\" datatype=\"xml\" segtype=\"sentence\" adminlang=\"en-US\" srclang=\"en-US\" \
         creationdate=\"20260301T090000Z\" creationid=\"HAEMIN\\han\"",
        "<tu creationdate=\"20260301T090000Z\" creationid=\"HAEMIN\\han\" \
         changedate=\"20260302T090000Z\" changeid=\"HAEMIN\\kim\" lastusagedate=\"20260303T090000Z\" \
         usagecount=\"3\"><prop type=\"x-LastUsedBy\">HAEMIN\\kim</prop><prop \
         type=\"x-Context\">12, 34</prop><prop type=\"x-ContextContent\">Harbor | | | 0 |</prop>\
         <prop type=\"x-Origin\">TM</prop><prop type=\"x-ConfirmationLevel\">ApprovedTranslation\
         </prop><tuv xml:lang=\"en-US\"><seg>The <bpt i=\"1\" type=\"5\" x=\"1\" />mayor\
         <ept i=\"1\" /> spoke.</seg></tuv><tuv xml:lang=\"ko-KR\"><seg><bpt i=\"1\" type=\"5\" \
         x=\"1\" />시장<ept i=\"1\" />이 말했다.</seg></tuv></tu>\n",
    )
}

fn memoq() -> String {
    memory(
        "creationtool=\"MemoQ\" creationtoolversion=\"9.0\" segtype=\"sentence\" \
         adminlang=\"en-us\" creationid=\"han\" srclang=\"en-us\" o-tmf=\"MemoQTM\" \
         datatype=\"unknown\"",
        "<tu changedate=\"20260302T090000Z\" creationdate=\"20260301T090000Z\" creationid=\"han\" \
         changeid=\"kim\"><prop type=\"client\">Haemin Daily</prop><prop \
         type=\"x-document\">harbor.docx</prop><prop type=\"x-context-pre\">&lt;seg&gt;The harbor \
         closed.&lt;/seg&gt;</prop><tuv xml:lang=\"en-us\"><prop type=\"x-context-post\">\
         &lt;seg&gt;It rained.&lt;/seg&gt;</prop><seg>Tickets cost <it pos='begin'>&lt;1&gt;</it>\
         2,000 won.</seg></tuv><tuv xml:lang=\"ko\"><seg>표는 <it pos='begin'>&lt;1&gt;</it>\
         2,000원이다.</seg></tuv></tu>\n",
    )
}

fn okapi() -> String {
    memory(
        "creationtool=\"Okapi\" creationtoolversion=\"1.4\" segtype=\"paragraph\" \
         o-tmf=\"text\" adminlang=\"en\" srclang=\"en\" datatype=\"text\"",
        "<tu tuid=\"tu1_0\" segtype=\"sentence\" datatype=\"html\"><note xml:lang=\"en\">Checked \
         by the desk.</note><prop type=\"Txt::FileName\">harbor.html</prop><tuv \
         xml:lang=\"en\"><seg>See <hi type=\"term\" x=\"2\">the <ph x=\"1\" type=\"image\">&lt;img \
         alt=\"<sub type=\"alt\">a ferry</sub>\"/&gt;</ph></hi>.</seg></tuv><tuv xml:lang=\"fr\"><seg>\
         Voyez.</seg></tuv><tuv xml:lang=\"ko\"><seg>&lt;보라&gt; <ut x=\"3\">{</ut>그림.</seg>\
         </tuv></tu>\n",
    )
}

#[test]
fn memories_of_translation_tools_come_back_with_every_tag_and_property() {
    for (tool, text) in
        [("OmegaT", omegat()), ("Trados", trados()), ("memoQ", memoq()), ("Okapi", okapi())]
    {
        let units = read_all(text, "a.tmx");
        assert_eq!(units.len(), 1, "{tool}");
        assert_eq!(through(&units, "tmx"), units, "{tool}");
    }
}

#[test]
fn history_context_and_stage_are_read_wherever_the_tool_keeps_them() {
    let unit = |text: String| read_all(text, "a.tmx").remove(0);
    let read = unit(omegat());
    assert_eq!((read.author(), read.date()), (Some("Han Seo-jin"), Some("20260301T010203Z")));
    assert_eq!(read.context(), (Some("The harbor closed."), Some("")));
    assert_eq!(read.source.text.placeholders(), "The <1>ferry</1> left<2/>.");
    assert_eq!(read.target.text.placeholders(), "<1>나룻배</1>가 떠났다<2/>.");
    assert_eq!(read.target.text.text(), "나룻배가 떠났다.");
    let read = unit(trados());
    assert_eq!((read.author(), read.status), (Some("HAEMIN\\kim"), Some(Status::Reviewed)));
    assert_eq!(read.details.usage_count, Some(3));
    let read = unit(memoq());
    assert_eq!(read.context().1, Some("<seg>It rained.</seg>"));
    let read = unit(okapi());
    assert_eq!(read.source.text.placeholders(), "See the <1/>.");
    assert_eq!(read.others[0].language, "fr");
}

#[test]
fn utf16_and_declared_legacy_encodings_are_read() {
    let plain = read_all(trados(), "a.tmx");
    let text = trados().replace("UTF-8", "utf-16");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read_all([&b"\xFF\xFE"[..], &little].concat(), "a.tmx"), plain);
    assert_eq!(read_all([&b"\xFE\xFF"[..], &big].concat(), "a.tmx"), plain);
    assert_eq!(read_all(little, "a.tmx"), plain);
    assert_eq!(read_all(big, "a.tmx"), plain);
    for label in ["EUC-KR", "windows-949", "ks_c_5601-1987"] {
        let text = trados().replace("UTF-8", label);
        let (bytes, ..) = encoding_rs::EUC_KR.encode(&text);
        assert_eq!(read_all(bytes, "a.tmx"), plain, "{label}");
        // A file that was converted, with its old declaration.
        assert_eq!(read_all(text, "a.tmx"), plain, "{label}");
    }
    let johab = trados().replace("UTF-8", "johab");
    let refused = units(Cursor::new(johab), "a.tmx", PairLanguages::default());
    let told = refused.err().unwrap().to_string();
    assert!(told.starts_with("a.tmx is in johab, which is not supported"), "{told}");
}

#[test]
fn language_codes_are_read_in_any_form_and_kept() {
    for (english, korean) in [("EN-US", "ko-kr"), ("eng", "KOR"), ("en_GB", "ko_KR")] {
        let text = memory(
            "srclang=\"en\"",
            &format!(
                "<tu><tuv lang=\"{korean}\"><seg>배</seg></tuv><tuv xml:lang=\"{english}\"><seg>A \
                 ferry</seg></tuv></tu>"
            ),
        );
        let unit = read_all(text, "a.tmx").remove(0);
        assert_eq!((unit.source.language.as_str(), &*unit.target.language), (english, korean));
        for format in ["tmx", "xliff"] {
            assert_eq!(through(std::slice::from_ref(&unit), format)[0].target.language, korean);
        }
    }
}

#[test]
fn declared_entities_are_refused_and_never_expanded() {
    let mut text = "<!DOCTYPE tmx [<!ENTITY a0 \"ha\">".to_string();
    (1..20).for_each(|n| text += &format!("<!ENTITY a{n} \"&a{0};&a{0};&a{0};\">", n - 1));
    text += "]><tmx version=\"1.4\"><body><tu><tuv xml:lang=\"en\"><seg>&a19;</seg></tuv>\
             <tuv xml:lang=\"ko\"><seg>하</seg></tuv></tu></body></tmx>";
    for name in ["a.tmx", "a.xlf"] {
        let source = Cursor::new(text.clone());
        let mut found = units(source, name, PairLanguages::default()).unwrap();
        let told = found.next().unwrap().unwrap_err().reason;
        assert!(told.starts_with("declares the entity `a0`"), "{told}");
        assert!(found.next().is_none());
    }
}

#[test]
fn characters_that_xml_cannot_hold_are_kept_in_texts_and_counted_elsewhere() {
    let mut unit = Unit {
        source: Side::new("en", "A\u{1}b\u{FFFE}\r\nc"),
        target: Side::new("ko", "가\u{b}\u{0}"),
        ..Unit::default()
    };
    for format in ["tmx", "xliff"] {
        let (text, told) = written(std::slice::from_ref(&unit), format);
        assert_eq!((told.units, told.replaced), (1, 0));
        assert!(!text.contains(['\u{1}', '\u{b}', '\0', '\u{FFFE}']));
        let read = through(std::slice::from_ref(&unit), format).remove(0);
        assert_eq!(read.source.text.text(), unit.source.text.text());
        assert_eq!(read.target.text.text(), unit.target.text.text());
    }
    let text = "a\u{1}b".to_string();
    unit.details.notes.push(Note { text, ..Note::default() });
    assert_eq!(written(std::slice::from_ref(&unit), "tmx").1.replaced, 1);
    assert_eq!(through(std::slice::from_ref(&unit), "tmx")[0].details.notes[0].text, "a\u{FFFD}b");
}

/// Names of the tags of a text with the attributes that pair them and hold codes.
fn tags(text: &TaggedText) -> String {
    fn tell(parts: &[Inline], out: &mut String) {
        for part in parts {
            let Inline::Tag(tag) = part else { continue };
            let own = ["i", "pos", "type"].map(|name| tag.attribute(name).unwrap_or("-"));
            out.push_str(&format!("{} {own:?} ", tag.name));
            match tag.name.as_str() {
                "hi" => tell(&tag.content, out),
                _ => out.push_str(&format!("{} ", tag.code())),
            }
        }
    }
    let mut out = String::new();
    tell(&text.parts, &mut out);
    out
}

#[test]
fn tags_of_tmx_go_through_xliff_and_back() {
    let text = memory(
        "srclang=\"en\"",
        "<tu tuid=\"u 1\" usagecount=\"2\" segtype=\"sentence\"><prop type=\"x-context\">c</prop>\
         <tuv xml:lang=\"en-GB\" changeid=\"kim\"><seg>A <bpt i=\"1\" x=\"1\" type=\"bold\">&lt;b&gt;\
         </bpt>b <bpt i=\"2\" x=\"2\" type=\"x-odd\">&lt;i&gt;</bpt>c<ept i=\"1\">&lt;/b&gt;</ept> d\
         <ept i=\"2\">&lt;/i&gt;</ept> <ph x=\"3\" type=\"lb\">&lt;br/&gt;</ph><it pos=\"end\" \
         x=\"4\">&lt;/u&gt;</it> <hi type=\"term\" x=\"5\">ferry</hi></seg></tuv><tuv \
         xml:lang=\"ko\"><seg>가 <ph x=\"3\" type=\"lb\">&lt;br/&gt;</ph>나</seg></tuv></tu>",
    );
    let units = read_all(text, "a.tmx");
    let (xliff, _) = written(&units, "xliff");
    for part in
        ["<sc id=\"1\" type=\"fmt\" subType=\"xlf:b\"", "<ec startRef=\"1\"", "<mrk id=\"5\""]
    {
        assert!(xliff.contains(part), "{part}: {xliff}");
    }
    let middle = read_all(xliff, "a.xlf");
    let back = through(&middle, "tmx");
    assert_eq!(tags(&back[0].source.text), tags(&units[0].source.text));
    assert_eq!(tags(&back[0].target.text), tags(&units[0].target.text));
    let [own, others] = [&back[0], &units[0]]
        .map(|unit| (unit.id.clone(), unit.details.clone(), unit.source.details.clone()));
    assert_eq!(own, others);
    assert_eq!(back[0].source.text.placeholders(), units[0].source.text.placeholders());
    assert_eq!(back[0].source.language, "en-GB");
}

#[test]
fn units_of_the_first_xliff_become_units_of_the_second() {
    let text = "<xliff version=\"1.2\"><file source-language=\"en\" target-language=\"ko\"><body>\
        <trans-unit id=\"7\" approved=\"yes\" resname=\"lead\"><source>A <g id=\"1\" ctype=\"bold\">b</g>\
        <x id=\"2\" ctype=\"lb\"/> <bx id=\"3\" rid=\"9\"/>c<ex id=\"4\" rid=\"9\"/></source><target \
        state=\"translated\">가 <g id=\"1\" ctype=\"bold\">나</g><x id=\"2\" ctype=\"lb\"/></target>\
        <note from=\"desk\">n</note></trans-unit></body></file></xliff>";
    let units = read_all(text, "a.xlf");
    assert_eq!(units[0].status, Some(Status::Final));
    let (xliff, _) = written(&units, "xliff");
    for part in [
        "<pc id=\"1\" type=\"fmt\" subType=\"xlf:b\">b</pc>",
        "<ph id=\"2\" type=\"fmt\" subType=\"xlf:lb\"/>",
        "<sc id=\"3\"/>c<ec startRef=\"3\"/>",
        "<segment state=\"final\">",
    ] {
        assert!(xliff.contains(part), "{part}: {xliff}");
    }
    let (second, tmx) = (read_all(xliff, "a.xlf"), through(&units, "tmx"));
    assert_eq!(second[0].source.text.placeholders(), units[0].source.text.placeholders());
    assert_eq!(tmx[0].source.text.placeholders(), "A <1>b</1><2/> <3>c</3>");
    assert_eq!(tmx[0].details.attributes, units[0].details.attributes);
}

#[test]
fn segments_that_the_first_xliff_marks_are_units() {
    let text = "<xliff version=\"1.2\" xmlns:sdl=\"x\"><file source-language=\"en\" target-language=\"ko\">\
        <body><trans-unit id=\"7\"><source>One. <g id=\"1\">Two.</g></source><seg-source><mrk \
        mtype=\"seg\" mid=\"1\">One.</mrk> <g id=\"1\"><mrk mtype=\"seg\" mid=\"2\">Two.</mrk></g>\
        </seg-source><target><g id=\"1\"><mrk mtype=\"seg\" mid=\"2\">둘.</mrk></g> <mrk mtype=\"seg\" \
        mid=\"1\">하나.</mrk></target><sdl:seg-defs><sdl:seg id=\"1\" conf=\"ApprovedSignOff\"/>\
        <sdl:seg id=\"2\" conf=\"Draft\"/></sdl:seg-defs></trans-unit></body></file></xliff>";
    let told = |unit: &Unit| {
        let (source, target) = (unit.source.text.text(), unit.target.text.text());
        (unit.id.clone().unwrap_or_default(), source, target, unit.status)
    };
    let row = |id: &str, source: &str, target: &str, status| {
        (id.to_string(), source.to_string(), target.to_string(), Some(status))
    };
    let units: Vec<_> = read_all(text, "a.sdlxliff").iter().map(told).collect();
    assert_eq!(
        units,
        [row("7/1", "One.", "하나.", Status::Final), row("7/2", "Two.", "둘.", Status::Initial)]
    );
}

#[test]
fn dates_and_kinds_of_segments_are_those_of_the_standard() {
    let text = memory(
        "srclang=\"en\" segtype=\"sentence\"",
        "<tu changedate=\"2026-03-01T10:02:03+09:00\" creationdate=\"March\" usagecount=\"many\" \
         segtype=\"line\"><tuv xml:lang=\"en\"><seg>a</seg></tuv><tuv xml:lang=\"ko\"><seg>b</seg>\
         </tuv></tu><tu><tuv xml:lang=\"en\"><seg>a</seg></tuv><tuv xml:lang=\"ko\"><seg>b</seg>\
         </tuv></tu>",
    );
    let units = read_all(text, "a.tmx");
    let (tmx, _) = written(&units, "tmx");
    for part in [
        "<tu changedate=\"20260301T010203Z\">\n",
        "<prop type=\"x-attribute-creationdate\">March</prop>",
        "<prop type=\"x-attribute-usagecount\">many</prop>",
        "<prop type=\"x-attribute-segtype\">line</prop>",
        "<tu segtype=\"sentence\">\n",
    ] {
        assert!(tmx.contains(part), "{part}: {tmx}");
    }
    let read = read_all(tmx, "a.tmx");
    assert_eq!(read[0].details.created.as_deref(), Some("March"));
    assert_eq!(read[0].details.attributes.len(), 2);
    assert_eq!(read[1], units[1]);
}

#[test]
fn an_attribute_is_written_once_and_no_name_breaks_the_file() {
    let mut unit = Unit {
        source: Side::new("en", "a"),
        target: Side::new("ko", "b"),
        status: Some(Status::Translated),
        ..Unit::default()
    };
    let list = [("usagecount", "x"), ("usagecount", "3"), ("datatype", "a"), ("datatype", "b")];
    let odd = [("translate", "maybe"), ("type", "odd"), ("subState", "odd"), ("a b=\"<", "c")];
    let all = list.into_iter().chain(odd);
    unit.details.attributes.extend(all.map(|(name, value)| (name.to_string(), value.to_string())));
    unit.details.usage_count = Some(7);
    unit.details.notes.push(Note {
        text: "n".into(),
        attributes: vec![("id".into(), "1".into()), ("priority".into(), "77".into())],
    });
    unit.target.details.notes = unit.details.notes.clone();
    for format in ["tmx", "xliff"] {
        let text = written(std::slice::from_ref(&unit), format).0;
        let read = read_all(text.clone(), &format!("a.{format}")).remove(0);
        assert_eq!(read.details.usage_count, Some(7), "{text}");
        let sorted = |unit: &Unit| {
            let mut list = unit.details.attributes.clone();
            list.sort();
            list
        };
        assert_eq!(sorted(&read), sorted(&unit), "{text}");
        for once in ["id=\"1\"", " datatype=\"a\"", "priority="] {
            assert!(text.matches(once).count() < 2, "{once}: {text}");
        }
    }
}

#[test]
fn a_file_without_units_is_valid_and_codes_of_languages_are_mended() {
    let mut out = Vec::new();
    let none: [Unit; 0] = [];
    write(&mut out, ExchangeFormat::named("xliff").unwrap(), "en_US", "Korean!", none).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("srcLang=\"en-US\" trgLang=\"und\">"), "{text}");
    assert!(text.contains("<group id=\"g1\"/>"), "{text}");
    let text = text.replace("\"und\"", "\"ko\"");
    assert!(read_all(text, "a.xlf").is_empty());
}

#[test]
fn a_segment_with_a_stage_has_a_target() {
    let unit = |status| Unit {
        source: Side::new("en", "a"),
        target: Side::new("ko", ""),
        status,
        ..Unit::default()
    };
    let text = |status| written(&[unit(status)], "xliff").0;
    assert!(text(Some(Status::Translated)).contains("<target></target>"));
    assert!(!text(Some(Status::Initial)).contains("<target"));
    assert!(!text(None).contains("<target"));
}

#[test]
fn units_of_a_document_are_in_one_part_of_the_file() {
    let unit = |document: Option<&str>| Unit {
        source: Side::new("en", "a"),
        target: Side::new("ko", "b"),
        id: Some("x 1".into()),
        document: document.map(str::to_string),
        ..Unit::default()
    };
    let units =
        [unit(None), unit(Some("a.docx")), unit(Some("a.docx")), unit(None), unit(Some(""))];
    let text = written(&units, "xliff").0;
    assert_eq!(text.matches("<file ").count(), 4, "{text}");
    for format in ["tmx", "xliff"] {
        let read = through(&units, format);
        let documents = read.iter().map(|unit| unit.document.as_deref()).collect::<Vec<_>>();
        assert_eq!(documents, [None, Some("a.docx"), Some("a.docx"), None, Some("")], "{format}");
    }
}

#[test]
fn units_in_the_other_direction_are_left_out_of_xliff_and_counted() {
    let unit = |from: &str, to: &str| Unit {
        source: Side::new(from, "a"),
        target: Side::new(to, "b"),
        ..Unit::default()
    };
    let units = [unit("en-US", "ko"), unit("ko", "en"), unit("", "")];
    let told = written(&units, "xliff").1;
    assert_eq!((told.units, told.left_out), (2, 1));
    assert_eq!(written(&units, "tmx").1.units, 3);
    assert_eq!(through(&units[1..2], "tmx"), units[1..2]);
}

#[test]
fn a_unit_that_any_of_its_texts_may_be_the_source_of_keeps_its_direction() {
    let unit = "<tu srclang=\"*all*\"><tuv xml:lang=\"ko\"><seg>비</seg></tuv>\
                <tuv xml:lang=\"en\"><seg>Rain</seg></tuv></tu>";
    // The header names no language, so that the first text is the source.
    let units = read_all(memory("srclang=\"*all*\"", unit), "a.tmx");
    assert_eq!(units[0].source.text.text(), "비");
    let again = through(&units, "tmx");
    assert_eq!(again[0].source.text.text(), "비");
    assert_eq!(written(&again, "tmx").0, written(&units, "tmx").0);
}

fn words() -> impl Strategy<Value = String> {
    "[a-z가-힣 <>&\"'\r\n\t\u{1}😀]{1,12}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9가\\\\ .&\"]{1,8}"
}

/// Inline tags of TMX (`true`) or XLIFF 2, with text between them.
fn tagged(is_tmx: bool) -> impl Strategy<Value = TaggedText> {
    let tag = |name: &str, attributes: &[(&str, String)], content: Vec<Inline>| {
        let attributes = attributes.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
        Inline::Tag(Tag { name: name.to_string(), attributes, content })
    };
    let piece = (words(), 0..5usize, "[a-z<>/&]{1,6}");
    proptest::collection::vec(piece, 0..6).prop_map(move |pieces| {
        let mut text = TaggedText::default();
        if !is_tmx {
            text.markup = InlineMarkup::Xliff2;
        }
        for (number, (words, kind, code)) in pieces.into_iter().enumerate() {
            let id = format!("{number}");
            let inner = vec![Inline::Text(code.clone())];
            // Source and target share the codes of their unit.
            let data: String = code.bytes().map(|byte| format!("d{byte}")).collect();
            let has_data = !is_tmx && matches!(kind, 1 | 3);
            // Equal ids of source and target are the same kind of tag.
            let id = if is_tmx { id } else { format!("{kind}-{number}") };
            let end = match (is_tmx, kind) {
                (true, 0) => Some(tag("ept", &[("i", id.clone())], inner.clone())),
                (false, 3) => Some(tag("ec", &[("startRef", id.clone())], Vec::new())),
                _ => None,
            };
            text.parts.push(match (is_tmx, kind) {
                (true, 0) => tag("bpt", &[("i", id.clone()), ("x", id)], inner),
                (true, 1) => tag("ut", &[("x", id)], inner),
                (true, 2) => tag("hi", &[("type", code.clone())], inner),
                (true, 3) => tag("ph", &[("x", id), ("type", code.clone())], inner),
                (true, _) => tag("it", &[("pos", "end".to_string())], inner),
                (false, 0) => tag("pc", &[("id", id)], inner),
                (false, 1) => tag("ph", &[("id", id), ("dataRef", data.clone())], Vec::new()),
                (false, 2) => tag("mrk", &[("id", id), ("type", "term".to_string())], inner),
                (false, 3) => tag("sc", &[("id", id), ("dataRef", data.clone())], Vec::new()),
                (false, _) => tag("ec", &[("id", id), ("isolated", "yes".to_string())], Vec::new()),
            });
            if has_data && text.data.iter().all(|(id, _)| *id != data) {
                text.data.push((data, code));
            }
            text.parts.push(Inline::Text(words));
            text.parts.extend(end);
        }
        text
    })
}

fn details(is_tmx: bool) -> impl Strategy<Value = Details> {
    let optional = || proptest::option::of(name());
    let named = proptest::collection::vec((name(), name()), 0..3);
    (optional(), optional(), proptest::option::of(any::<u64>()), named, optional()).prop_map(
        move |(created, changed_by, usage_count, named, segtype)| Details {
            created,
            changed_by,
            usage_count,
            notes: named
                .iter()
                .map(|(_, text)| Note { text: text.clone(), attributes: Vec::new() })
                .collect(),
            props: named
                .iter()
                .map(|(name, value)| Prop {
                    name: format!("x-{name}"),
                    value: value.clone(),
                    attributes: Vec::new(),
                })
                .collect(),
            attributes: segtype
                .into_iter()
                .map(|value| (if is_tmx { "datatype" } else { "odd" }.to_string(), value))
                .collect(),
            ..Details::default()
        },
    )
}

fn any_unit(is_tmx: bool) -> impl Strategy<Value = Unit> {
    let side = || (tagged(is_tmx), details(is_tmx));
    let status = prop_oneof![
        Just(None),
        Just(Some(Status::Initial)),
        Just(Some(Status::Translated)),
        Just(Some(Status::Final))
    ];
    let ids = (proptest::option::of(name()), proptest::option::of(name()));
    let codes = prop_oneof![Just(("en", "ko")), Just(("EN-us", "ko-KR"))];
    (ids, side(), side(), status, details(is_tmx), codes).prop_map(
        |((id, model), source, target, status, details, (from, to))| {
            let side = |language: &str, (text, details): (TaggedText, Details)| Side {
                language: language.to_string(),
                text,
                details,
            };
            let (source, target) = (side(from, source), side(to, target));
            Unit { id, model, source, target, status, details, ..Unit::default() }
        },
    )
}

/// Any characters, often those that XML or its readers treat in their own way.
fn any_text() -> impl Strategy<Value = String> {
    let special =
        "\0\u{1}\u{b}\r\n\t \u{7f}\u{85}\u{2028}\u{200f}\u{202e}\u{fffd}\u{fffe}\u{ffff}<>&]'\"";
    let special: Vec<char> = special.chars().collect();
    let one = prop_oneof![any::<char>(), proptest::sample::select(special)];
    proptest::collection::vec(one, 0..16).prop_map(String::from_iter)
}

/// A text as XML can hold it.
fn held(text: &str) -> String {
    text.chars().map(|c| if escape::is_allowed(c) { c } else { '\u{FFFD}' }).collect()
}

proptest! {
    #[test]
    fn any_characters_come_back_or_are_replaced_where_xml_cannot_hold_them(
        texts in [any_text(), any_text(), any_text(), any_text(), any_text(), any_text()],
    ) {
        let [source, target, note, value, id, document] = texts;
        let mut unit = Unit {
            source: Side::new("en", source),
            target: Side::new("ko", target),
            id: Some(id),
            document: Some(document.clone()),
            model: Some(document),
            ..Unit::default()
        };
        unit.details.notes.push(Note { text: note.clone(), ..Note::default() });
        unit.details.props.push(Prop { name: "x-a".into(), value: value.clone(), ..Prop::default() });
        let of_unit = [&note, &value, unit.id.as_ref().unwrap()].map(|text| held(text));
        let document = unit.document.as_deref().map(held);
        for format in EXCHANGE_FORMATS {
            let text = written(std::slice::from_ref(&unit), format.name).0;
            prop_assert!(text.chars().all(escape::is_allowed), "{text}");
            let read = read_all(text, &format!("a.{}", format.name)).remove(0);
            prop_assert_eq!(read.source.text.text(), unit.source.text.text());
            prop_assert_eq!(read.target.text.text(), unit.target.text.text());
            let told = [&read.details.notes[0].text, &read.details.props[0].value];
            prop_assert_eq!(told, [&of_unit[0], &of_unit[1]]);
            prop_assert_eq!(read.id.as_ref(), Some(&of_unit[2]));
            prop_assert_eq!(&read.document, &document);
            prop_assert_eq!(&read.model, &document);
        }
    }

    #[test]
    fn any_unit_comes_back_from_tmx(units in proptest::collection::vec(any_unit(true), 0..3)) {
        prop_assert_eq!(through(&units, "tmx"), units);
    }

    #[test]
    fn any_unit_comes_back_from_xliff(units in proptest::collection::vec(any_unit(false), 0..3)) {
        let mut units = units;
        // A unit of XLIFF has an id.
        units.iter_mut().for_each(|unit| unit.id = unit.id.take().or(Some("x 1".into())));
        prop_assert_eq!(through(&units, "xliff"), units);
    }

    #[test]
    fn words_survive_every_conversion(unit in any_unit(true), other in any_unit(false)) {
        for unit in [unit, other] {
            let back = through(&through(std::slice::from_ref(&unit), "xliff"), "tmx");
            prop_assert_eq!(back[0].source.text.text(), unit.source.text.text());
            prop_assert_eq!(back[0].target.text.text(), unit.target.text.text());
        }
    }
}
