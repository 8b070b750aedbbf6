use std::path::Path;

use rusqlite::{Connection, params};

use super::file::FIRST_SCHEMA;
use super::*;
use crate::batch::hash::spec_hash;
use crate::batch::queue::{Lease, Length, Stats, WorkQueue};
use crate::batch::result::Line;
use crate::document::Document;
use crate::formats::{Form, Item};

const SPEC: &str = "{\"to\":\"ko\"}";

fn item(id: Option<&str>, text: &str) -> Item {
    Item { id: id.map(str::to_string), ..Document::from_lines(text.into()).into() }
}

fn file(text: &str) -> Item {
    Item { form: Form::File("txt".into()), ..item(None, text) }
}

fn open(folder: &Path) -> Journal {
    Journal::open(folder, SPEC).unwrap()
}

/// Completes all pending items with lines that repeat their texts.
fn complete_all(journal: &mut Journal) {
    for lease in journal.claim(1000, Length::Any).unwrap() {
        let line =
            Line::new(&lease, &lease.item, crate::Language::English, crate::Language::Korean);
        let line = Line { spec: spec_hash(SPEC), ..line };
        assert!(journal.complete(&lease, &serde_json::to_string(&line).unwrap()).unwrap());
    }
}

fn shown(journal: &Journal) -> Vec<(String, String)> {
    let parse = |line: &String| serde_json::from_str::<Line>(line).unwrap();
    done(journal).iter().map(parse).map(|line| (line.id, line.source)).collect()
}

/// The lines of items that are done and not removed.
fn done(journal: &Journal) -> Vec<String> {
    let mut lines = Vec::new();
    let mut each = |line: &str, removed: bool| {
        if !removed {
            lines.push(line.to_string());
        }
        Ok(())
    };
    journal.for_each_line("done", &mut each).unwrap();
    lines
}

fn texts(journal: &Journal) -> Vec<String> {
    shown(journal).into_iter().map(|(_, text)| text).collect()
}

/// Changes the file of a closed journal, as a failing disk would.
fn damage(folder: &Path, statement: &str) {
    Connection::open(folder.join("journal.db")).unwrap().execute_batch(statement).unwrap();
}

/// Makes a journal with two finished items and a pending one.
fn make_journal(folder: &Path) {
    let mut journal = open(folder);
    for (id, text) in [("1", "The ferry sailed."), ("2", "The harbour froze.")] {
        journal.upsert("in.jsonl", &item(Some(id), text)).unwrap();
    }
    complete_all(&mut journal);
    journal.upsert("in.jsonl", &item(Some("3"), "Mayor Han Seo-jin spoke.")).unwrap();
}

#[test]
fn a_damaged_row_is_reported_and_processed_again_in_its_place() {
    for column in ["line", "payload", "name", "previous", "content", "base", "key", "input"] {
        let folder = tempfile::tempdir().unwrap();
        make_journal(folder.path());
        let ordinal = if column == "payload" { 3 } else { 1 };
        damage(
            folder.path(),
            &format!(
                "UPDATE item SET {column} = coalesce({column}, '') || '!' WHERE ordinal = {ordinal}"
            ),
        );
        let mut journal = open(folder.path());
        let notes = journal.take_notes();
        assert!(notes.len() == 1 && notes[0].contains("was damaged"), "{column}: {notes:?}");
        assert_eq!(journal.stats().unwrap().dead, 1, "{column}");
        assert!(journal.take_notes().is_empty());
        if matches!(column, "base" | "key" | "input") {
            continue;
        }
        for (id, text) in [
            ("1", "The ferry sailed."),
            ("2", "The harbour froze."),
            ("3", "Mayor Han Seo-jin spoke."),
        ] {
            journal.upsert("in.jsonl", &item(Some(id), text)).unwrap();
        }
        complete_all(&mut journal);
        assert_eq!(
            texts(&journal),
            ["The ferry sailed.", "The harbour froze.", "Mayor Han Seo-jin spoke."],
            "{column}"
        );
        drop(journal);
        assert!(open(folder.path()).take_notes().is_empty(), "{column}: it is repaired");
    }
}

/// SQLite's own checks do not validate UTF-8.
#[test]
fn invalid_utf_8_damages_only_its_row() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    damage(
        folder.path(),
        "UPDATE item SET line = CAST(x'7b80' AS TEXT) WHERE ordinal = 1; \
         UPDATE fact SET value = CAST(x'80' AS TEXT) WHERE name = 'runs'",
    );
    let mut journal = open(folder.path());
    assert_eq!((journal.take_notes().len(), texts(&journal).len()), (2, 1));
    assert!(!folder.path().join("journal.damaged-1").exists());
}

#[test]
fn a_changed_state_is_damage_too() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    damage(folder.path(), "UPDATE item SET state = 'dead' WHERE ordinal = 1");
    assert_eq!(open(folder.path()).take_notes().len(), 1);
}

/// A row with a valid seal whose block ends outside its text, as a bug would write it.
#[test]
fn a_block_outside_its_text_does_not_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    let mut journal = open(folder.path());
    let mut row = journal.row(3).unwrap().unwrap();
    row.payload = row.payload.map(|payload| payload.replace("\"end\":24", "\"end\":9999"));
    assert!(row.payload.as_ref().unwrap().contains("9999"));
    journal.update(&row).unwrap();
    assert!(journal.claim(10, Length::Any).unwrap().is_empty());
    let notes = journal.take_notes();
    assert!(notes[0].contains("outside its text"), "{notes:?}");
    journal.upsert("in.jsonl", &item(Some("3"), "Mayor Han Seo-jin spoke.")).unwrap();
    complete_all(&mut journal);
    assert_eq!(texts(&journal).len(), 3);
}

#[test]
fn damaged_facts_are_reset_and_results_of_other_options_are_not_imported() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    damage(
        folder.path(),
        "UPDATE fact SET value = value || ' ' WHERE name = 'spec'; UPDATE fact SET value = 'x' WHERE name = 'runs'",
    );
    let mut journal = open(folder.path());
    assert_eq!(
        (journal.take_notes().len(), texts(&journal).len()),
        (2, 2),
        "the results are of these options"
    );
    drop(journal);
    damage(folder.path(), "UPDATE fact SET value = value || ' ' WHERE name = 'spec'");
    let journal = Journal::open(folder.path(), "{\"to\":\"en\"}").unwrap();
    assert_eq!(texts(&journal).len(), 0, "the results are of other options");
}

#[test]
fn a_newer_journal_is_refused_and_a_wrong_version_number_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    damage(folder.path(), "PRAGMA user_version = 7");
    let journal = open(folder.path());
    assert!(folder.path().join("journal.damaged-1").exists());
    drop(journal);
    damage(
        folder.path(),
        "PRAGMA user_version = 7; UPDATE fact SET value = '7' WHERE name = 'schema'",
    );
    let error = Journal::open(folder.path(), SPEC).err().unwrap().to_string();
    assert!(error.contains("version 7, made by a newer malmoi"), "{error}");
    assert!(!folder.path().join("journal.damaged-2").exists(), "it is left as it is");
}

#[test]
fn a_journal_of_the_first_version_is_migrated_with_unique_ids() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    let (lines, waiting) = {
        let journal = open(folder.path());
        (done(&journal), journal.row(3).unwrap().unwrap())
    };
    let first = tempfile::tempdir().unwrap();
    {
        let connection = Connection::open(first.path().join("journal.db")).unwrap();
        connection.execute_batch(FIRST_SCHEMA).unwrap();
        let facts =
            "INSERT INTO fact VALUES('spec', ?1), ('runs', '4'), ('mark of in.jsonl', 'v1')";
        connection.execute(facts, [SPEC]).unwrap();
        let add = |ordinal: i64,
                   key: &str,
                   content: &str,
                   state: &str,
                   payload: Option<&str>,
                   line: Option<&str>| {
            connection
                .execute(
                    "INSERT INTO item VALUES(?1, ?2, ?2, ?3, ?4, 1, NULL, 4, 'in.jsonl', ?5, ?6, 0)",
                    params![ordinal, key, content, state, payload, line],
                )
                .unwrap();
        };
        add(1, "in.jsonl 1", "c1", "done", None, Some(&lines[0]));
        add(2, "other.jsonl 1", "c2", "done", None, Some(&lines[0]));
        add(3, "in.jsonl 3", &waiting.content, "pending", waiting.payload.as_deref(), None);
    }
    let mut journal = open(first.path());
    assert_eq!((journal.take_notes().len(), journal.run), (0, 5));
    let ids: Vec<String> = shown(&journal).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["1", "1 (2)"]);
    assert_eq!(journal.validator("in.jsonl").unwrap().as_deref(), Some("v1"));
    assert_eq!(
        journal.upsert("in.jsonl", &item(Some("3"), "Mayor Han Seo-jin spoke.")).unwrap(),
        Upserted::Unchanged
    );
    assert_eq!(journal.stats().unwrap(), Stats { pending: 1, done: 2, ..Stats::default() });
}

#[test]
fn ids_are_unique_even_if_sources_repeat_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    for input in ["a.jsonl", "b.jsonl"] {
        for text in ["One.", "Two.", "Three."] {
            journal.upsert(input, &item(Some("1"), text)).unwrap();
        }
    }
    journal.upsert("c.jsonl", &item(Some("1 (2)"), "Four.")).unwrap();
    complete_all(&mut journal);
    let mut ids: Vec<String> = shown(&journal).into_iter().map(|(id, _)| id).collect();
    assert_eq!((ids.len(), &*ids[0]), (7, "1"));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

#[test]
fn a_file_that_is_edited_moved_or_gone_is_one_item_and_its_history_stays() {
    let folder = tempfile::tempdir().unwrap();
    // The journal looks for inputs on the disk.
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let run = |files: &[(&str, &str)]| {
        let mut journal = open(folder.path());
        let names: Vec<String> = files.iter().map(|(name, _)| path(name)).collect();
        for entry in std::fs::read_dir(place.path()).unwrap().flatten() {
            std::fs::remove_file(entry.path()).unwrap();
        }
        names.iter().for_each(|name| std::fs::write(name, "").unwrap());
        journal.set_inputs(&names, true).unwrap();
        let mut offered = Vec::new();
        for (name, (_, text)) in names.iter().zip(files) {
            offered.push(journal.upsert(name, &file(text)).unwrap());
            journal.finish_input(name, None).unwrap();
        }
        complete_all(&mut journal);
        (offered, texts(&journal))
    };
    use Upserted::*;
    assert_eq!(
        run(&[("a", "One."), ("b", "Two.")]),
        (vec![New, New], vec!["One.".into(), "Two.".into()])
    );
    assert_eq!(
        run(&[("a", "One!"), ("b", "Two.")]),
        (vec![Changed, Unchanged], vec!["One!".into(), "Two.".into()])
    );
    let journal = open(folder.path());
    let old: String =
        journal.connection.query_row("SELECT line FROM version", [], |row| row.get(0)).unwrap();
    let old: Line = serde_json::from_str(&old).unwrap();
    let new: Line = serde_json::from_str(&journal.row(1).unwrap().unwrap().line.unwrap()).unwrap();
    assert_eq!((&*old.source, new.supersedes), ("One.", Some(old.content)), "versions are linked");
    drop(journal);
    // Renamed, and the same text in two files.
    assert_eq!(
        run(&[("c", "Two."), ("d", "Two.")]),
        (vec![Unchanged, Duplicate], vec!["Two.".into()])
    );
    assert_eq!(shown(&open(folder.path()))[0].0, path("c"), "it has the new name");
    // Edited, then renamed: the seal of the earlier version is still valid.
    assert_eq!(run(&[("e", "One!"), ("c", "Two.")]).0, [Unchanged, Unchanged]);
    let mut journal = open(folder.path());
    assert_eq!(journal.take_notes(), [""; 0], "nothing was damaged");
    let versions: i64 =
        journal.connection.query_row("SELECT count(*) FROM version", [], |row| row.get(0)).unwrap();
    assert_eq!(versions, 1);
    drop(journal);
    // Both are back: removed items are not processed again.
    assert_eq!(
        run(&[("a", "One!"), ("c", "Two.")]),
        (vec![Unchanged, Unchanged], vec!["One!".into(), "Two.".into()])
    );
    // Names and texts swapped.
    let (_, mut texts) = run(&[("a", "Two."), ("c", "One!")]);
    texts.sort();
    assert_eq!(texts, ["One!", "Two."]);
}

#[test]
fn items_missing_from_a_stream_stay_and_items_missing_from_a_file_do_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("in.jsonl").display().to_string();
    std::fs::write(&real, "").unwrap();
    for (input, left) in [("https://baram.example/rss", 2), ("standard input", 2), (&*real, 1)] {
        let folder = tempfile::tempdir().unwrap();
        for ids in [&["1", "2"][..], &["2"]] {
            let mut journal = open(folder.path());
            journal.set_inputs(&[input.to_string()], true).unwrap();
            for id in ids {
                journal.upsert(input, &item(Some(id), "The ferry sailed.")).unwrap();
            }
            journal.finish_input(input, None).unwrap();
        }
        let mut journal = open(folder.path());
        assert_eq!(journal.claim(10, Length::Any).unwrap().len(), left, "{input}");
    }
}

#[test]
fn links_in_the_journals_place_are_refused() {
    #[cfg(unix)]
    for name in ["journal.db", "journal.lock", "journal.db-wal"] {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("letter");
        std::fs::write(&target, "Dear Mayor").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join(name)).unwrap();
        let error = Journal::open(folder.path(), SPEC).err().unwrap().to_string();
        assert!(error.contains("a link"), "{name}: {error}");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "Dear Mayor");
    }
}

#[test]
fn short_items_are_claimed_beside_long_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    for n in 0..20 {
        let text = if n < 10 {
            "The harbour was closed. ".repeat(4000)
        } else {
            "The ferry sailed.".into()
        };
        journal.upsert("in.jsonl", &item(Some(&n.to_string()), &format!("{n} {text}"))).unwrap();
    }
    let ordinals = |leases: &[Lease]| leases.iter().map(|lease| lease.ordinal).collect::<Vec<_>>();
    assert_eq!(ordinals(&journal.claim(2, Length::Long).unwrap()), [1, 2]);
    assert_eq!(ordinals(&journal.claim(3, Length::Short).unwrap()), [11, 12, 13]);
    assert_eq!(ordinals(&journal.claim(2, Length::Any).unwrap()), [3, 4]);
}

/// All items have the same id, and each needs a unique name: four times the items take at most
/// eight times as long.
#[test]
fn many_items_with_the_same_id_are_inserted_in_linear_time() {
    let time = |count: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path());
        let began = std::time::Instant::now();
        journal
            .transaction(|journal| {
                (0..count).try_for_each(|n| {
                    journal
                        .upsert("in.jsonl", &item(Some("1"), &format!("Ferry {n} sailed.")))
                        .map(drop)
                })
            })
            .unwrap();
        began.elapsed()
    };
    time(500);
    // A single slow measurement is ignored.
    let measured: Vec<_> = (0..4).map(|_| (time(1000), time(4000))).collect();
    assert!(measured.iter().any(|(few, many)| *many < *few * 8), "{measured:?} for 1000 and 4000");
}

#[test]
fn a_refused_run_changes_nothing_and_a_killed_run_rebuilds_again() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path());
    // The results of a deleted journal, in a folder where a line cannot be read.
    let journal = open(folder.path());
    let lines: String = done(&journal).iter().map(|line| format!("{line}\n")).collect();
    drop(journal);
    let list = folder.path().join("items.jsonl");
    std::fs::remove_file(folder.path().join("journal.db")).unwrap();
    std::fs::write(&list, [lines.as_bytes(), b"\xff\n"].concat()).unwrap();
    let journal = open(folder.path());
    assert_eq!(texts(&journal).len(), 2);
    assert!(
        folder.path().join("items.before-1.jsonl").is_file(),
        "lines that are not imported are kept"
    );
    drop(journal);
    assert!(Journal::open(folder.path(), "{\"to\":\"en\"}").is_err());
    assert_eq!(texts(&open(folder.path())).len(), 2);
}
