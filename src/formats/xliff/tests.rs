use super::super::{detect, read};
use super::*;

/// The file with new words for all blocks, and a doubt about those with "doubt" in their source.
fn written(text: &str, words: impl Fn(&str) -> String) -> String {
    let document = read(text.as_bytes(), "a.xlf").unwrap().relabeled("en", "ko");
    let stages: std::collections::HashMap<usize, String> = document
        .stages()
        .into_iter()
        .map(|(at, stage, of)| {
            let is_doubtful =
                |at: &usize| document.block_text(&document.blocks()[*at]).contains("doubt");
            (at, stage.text(of.iter().filter(|at| is_doubtful(at)).map(|_| "'3' & '4' differ")))
        })
        .collect();
    document.rejoin(|index, block| match &block.kind {
        BlockKind::Stage(_) => Some(stages[&index].clone()),
        BlockKind::Paragraph => Some(words(document.block_text(block))),
        _ => None,
    })
}

const FIRST: &str = "<?xml version=\"1.0\"?>\n<xliff version=\"1.2\"><file original=\"a\" source-language=\"en\" target-language=\"ko\"><body>\n  <trans-unit id=\"1\">\n    <source>Open <g id=\"1\">Haemin</g></source>\n  </trans-unit>\n  <trans-unit id=\"2\"><source>A doubt &amp; more</source><target/></trans-unit>\n  <trans-unit id=\"3\"><source>Closed</source><target state=\"final\">닫음</target></trans-unit>\n  <trans-unit id=\"4\" translate=\"no\"><source>Left</source></trans-unit>\n  <trans-unit id=\"5\"><source>New <ph id=\"1\">{0}</ph></source><target state=\"new\">New <ph id=\"1\">{0}</ph></target></trans-unit>\n  <trans-unit id=\"6\" approved=\"yes\"><source>Same</source><target>Same</target></trans-unit>\n  <trans-unit id=\"7\"><source>12</source></trans-unit>\n</body></file></xliff>\n";

#[test]
fn units_of_version_1_without_a_translation_are_filled_and_others_stay() {
    let document = read(FIRST.as_bytes(), "a.xlf").unwrap();
    assert_eq!(document.article(), "Open Haemin\n\nA doubt & more\n\nNew ");
    assert_eq!(document.rejoin(|_, _| None), FIRST);
    let back = written(FIRST, |words| {
        words.replace("Open ", "").replace("Haemin", "Haemin 열기").replace("New", "새")
    });
    let unit = |id: usize| {
        let start = back.find(&format!("id=\"{id}\"")).unwrap();
        back[start..].split("</trans-unit>").next().unwrap().to_string()
    };
    assert!(
        unit(1).ends_with(
            "</source>\n    <target state=\"translated\"><g id=\"1\">Haemin</g> 열기</target>\n  "
        ),
        "{back}"
    );
    assert!(unit(2).contains("<target state=\"needs-review-translation\">A doubt &amp; more</target><note from=\"malmoi\">'3' &amp; '4' differ</note>"), "{back}");
    assert!(
        unit(5).contains("<target state=\"translated\">새 <ph id=\"1\">{0}</ph></target>"),
        "{back}"
    );
    for id in [3, 4, 6, 7] {
        let start = FIRST.find(&format!("id=\"{id}\"")).unwrap();
        assert_eq!(unit(id), FIRST[start..].split("</trans-unit>").next().unwrap());
    }
    assert!(XmlTree::read(&back).is_ok());
}

#[test]
fn segments_of_other_tools_stay_segments() {
    let text = "<xliff version=\"1.2\"><file source-language=\"en\"><body><trans-unit id=\"1\"><source>One. Two.</source><seg-source><mrk mtype=\"seg\" mid=\"1\">One.</mrk> <mrk mtype=\"seg\" mid=\"2\">Two.</mrk></seg-source></trans-unit></body></file></xliff>";
    let back = written(text, |words| words.replace("One", "하나").replace("Two", "둘"));
    assert!(back.contains("</seg-source><target state=\"translated\"><mrk mtype=\"seg\" mid=\"1\">하나.</mrk> <mrk mtype=\"seg\" mid=\"2\">둘.</mrk></target>"), "{back}");
    assert!(back.contains("target-language=\"ko\""), "{back}");
}

const SECOND: &str = "<xliff xmlns=\"urn:oasis:names:tc:xliff:document:2.0\" version=\"2.1\" srcLang=\"en\" trgLang=\"ko\"><file id=\"f\"><unit id=\"1\"><segment id=\"a\"><source>Open <pc id=\"1\">Haemin</pc></source></segment><ignorable><source> </source></ignorable><segment id=\"b\" state=\"initial\" subState=\"x:y\"><source>A doubt</source><target/></segment><segment id=\"c\" state=\"final\"><source>Closed</source><target>닫음</target></segment></unit><unit id=\"2\" translate=\"no\"><segment><source>Left</source></segment></unit></file></xliff>";

#[test]
fn segments_of_version_2_are_filled_one_by_one() {
    let document = read(SECOND.as_bytes(), "a.xlf").unwrap();
    assert_eq!(document.rejoin(|_, _| None), SECOND);
    let back = written(SECOND, |words| words.replace("Open ", ""));
    assert!(back.contains("<segment id=\"a\" state=\"translated\"><source>Open <pc id=\"1\">Haemin</pc></source><target><pc id=\"1\">Haemin</pc></target></segment>"), "{back}");
    assert!(back.contains("<segment id=\"b\" state=\"translated\" subState=\"malmoi:review\"><source>A doubt</source><target>A doubt</target></segment>"), "{back}");
    assert!(back.contains("<unit id=\"1\"><notes><note category=\"malmoi\" appliesTo=\"target\">'3' &amp; '4' differ</note></notes><segment"), "{back}");
    assert!(back.contains("<segment id=\"c\" state=\"final\"><source>Closed</source><target>닫음</target></segment>"), "{back}");
    assert!(XmlTree::read(&back).is_ok());
}

#[test]
fn other_languages_and_finished_files_are_refused_with_a_reason() {
    let refused = |text: &str| read(text.as_bytes(), "a.xlf").unwrap_err().to_string();
    assert!(
        refused(&FIRST.replace("source-language=\"en\"", "source-language=\"fr-FR\""))
            .contains("fr")
    );
    assert!(
        refused("<xliff version=\"1.2\"><file source-language=\"en\"><body/></file></xliff>")
            .contains("no segment left")
    );
    assert!(refused("<tmx/>").contains("<tmx>"));
    assert_eq!(detect("standard input", SECOND.as_bytes()).name, "xliff");
}

proptest::proptest! {
    #[test]
    fn any_file_is_written_back(inside in "(<trans-unit>|</trans-unit>|<source>|</source>|<target>|</target>|<target/>|<seg-source>|</seg-source>|<mrk mtype=\"seg\">|</mrk>|<ph>|</ph>|<g>|</g>|[가a &;]){0,30}") {
        let text = format!("<xliff version=\"1.2\"><file target-language=\"ko\">{inside}</file></xliff>");
        if let Ok(document) = read(text.as_bytes(), "a.xlf") {
            proptest::prop_assert_eq!(document.rejoin(|_, _| None), text);
        }
    }

    #[test]
    fn any_file_of_version_2_is_written_back(inside in "(<unit>|</unit>|<segment>|<segment state=\"initial\" subState=\"a:b\">|</segment>|<source>|</source>|<target>|</target>|<target/>|<notes>|</notes>|<pc>|</pc>|[가a]){0,30}") {
        let text = format!("<xliff version=\"2.0\" trgLang=\"ko\">{inside}</xliff>");
        if let Ok(document) = read(text.as_bytes(), "a.xlf") {
            proptest::prop_assert_eq!(document.rejoin(|_, _| None), text);
        }
    }
}
