use std::collections::BTreeMap;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn record(number: usize) -> Record {
    Record::Result {
        by: "translate".into(),
        key: None,
        task: "translate".into(),
        input_sha256: sha256(format!("source {number}").as_bytes()),
        models: vec![ModelRecord { name: "haemin".into(), sha256: "unknown".into() }],
        options: sha256(b"options"),
        result_sha256: sha256(format!("result {number}").as_bytes()),
        findings: BTreeMap::from([("numbers".into(), number)]),
    }
}

fn log(records: usize) -> Vec<u8> {
    let mut head = Head::empty();
    let mut bytes = Vec::new();
    for number in 0..records {
        let (line, next) =
            chain::line(&head, "2026-12-01T00:00:00Z", &Actor::default(), &record(number)).unwrap();
        bytes.extend(line.into_bytes());
        head = next;
    }
    bytes
}

fn check(bytes: &[u8], head: Option<&str>) -> Verified {
    verify(Cursor::new(bytes), head).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_line_that_is_changed_dropped_inserted_moved_or_cut_is_found_and_named(
        count in 2usize..24,
        kind in 0usize..6,
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let whole = log(count);
        let head = check(&whole, None).head.sha256;
        prop_assert!(check(&whole, Some(&head)).fault.is_none());
        let mut all = lines(&whole);
        let at = one.index(count);
        let expected = match kind {
            // A bit of a line.
            0 => {
                let place = other.index(all[at].len() - 1);
                all[at][place] ^= 1 << bit;
                // A line feed in it makes two lines of one.
                at + 1
            }
            // A line is dropped; without the last one the head is.
            1 => {
                all.remove(at);
                at + 1
            }
            // A line of another log with the same number.
            2 => {
                let (line, _) = chain::line(
                    &Head { seq: at as u64, sha256: chain::ZEROS.into() },
                    "2026-12-01T00:00:00Z",
                    &Actor::default(),
                    &record(900),
                ).unwrap();
                all.insert(at, line.into_bytes());
                // The first line of another log continues nothing, so that it is the next that
                // does not fit.
                if at == 0 { 2 } else { at + 1 }
            }
            // A line twice.
            3 => {
                let copy = all[at].clone();
                all.insert(at, copy);
                at + 2
            }
            // Two lines change places.
            4 => {
                let to = other.index(count);
                prop_assume!(to != at);
                all.swap(at, to);
                at.min(to) + 1
            }
            // The end is cut, within a line or between two.
            _ => {
                let bytes = all.concat();
                let end = other.index(bytes.len());
                let cut = check(&bytes[..end], Some(&head));
                let (line, _) = cut.fault.clone().expect("a cut");
                let whole = bytes[..end].iter().filter(|byte| **byte == b'\n').count() as u64;
                prop_assert_eq!(line, whole + 1, "{:?}", cut);
                return Ok(());
            }
        };
        let found = check(&all.concat(), Some(&head));
        let (line, reason) = found.fault.clone().expect("a fault");
        prop_assert_eq!(line, expected as u64, "{}", reason);
        prop_assert_eq!(found.lines, line - 1);
    }
}

#[test]
fn processes_and_threads_append_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    // Each opens the file on its own, as processes do.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let log = AuditLog::open(&path, Actor::default()).unwrap();
                (0..25).for_each(|number| drop(log.append(&record(number)).unwrap()));
            });
        }
    });
    let found = check(&std::fs::read(&path).unwrap(), None);
    assert_eq!((found.lines, found.fault), (100, None));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_line_that_a_power_failure_tore_is_recorded_wherever_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let whole = log(3);
    let before = log(2).len();
    for cut in [before + 1, before + 40, whole.len() - 2, whole.len() - 1] {
        for tail in [&b""[..], &[0; 512]] {
            let torn = [&whole[..cut], tail].concat();
            std::fs::write(&path, &torn).unwrap();
            assert!(check(&torn, None).fault.is_some());
            AuditLog::open(&path, Actor::default()).unwrap().append(&record(7)).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert!(bytes.starts_with(&torn), "what was there is kept");
            let found = check(&bytes, None);
            let only_the_feed = cut == whole.len() - 1 && tail.is_empty();
            assert_eq!((found.lines, found.fault), (4, None), "cut at {cut}");
            assert_eq!(found.torn, u64::from(!only_the_feed));
        }
    }
}

#[test]
fn a_fragment_in_the_middle_that_no_record_owns_is_a_fault() {
    let mut all = lines(&log(4));
    all.insert(2, b"{\"seq\":3,\"ti\n".to_vec());
    assert_eq!(check(&all.concat(), None).fault.unwrap().0, 3);
}

#[test]
fn a_log_whose_last_line_was_changed_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut bytes = log(2);
    let place = bytes.len() - 100;
    bytes[place] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(AuditLog::open(&path, Actor::default()), Err(AuditError::Changed { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn an_expected_head_may_be_an_earlier_line_and_nothing_else() {
    let bytes = log(5);
    let early = check(&log(3), None).head.sha256;
    let found = check(&bytes, Some(&early));
    assert_eq!((found.expected_at, found.fault), (Some(3), None));
    assert_eq!(check(&bytes, Some(&sha256(b"other"))).fault.unwrap().0, 6);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let failed = AuditLog::open("/dev/full", Actor::default()).unwrap_err().to_string();
    assert!(failed.contains("/dev/full"), "{failed}");
}

#[test]
fn any_bytes_are_verified_without_a_panic() {
    for bytes in [&b""[..], b"\n", b"\n\n\n", &[0; 4096], b"{}\n", &[b'x'; 3 << 20]] {
        let found = check(bytes, None);
        assert_eq!(found.fault.is_none(), bytes.is_empty());
    }
}
