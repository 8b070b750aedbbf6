use serde_json::json;

use super::*;

/// A finished job of a key: `day/3` ended before `day/4`, and has some bytes.
pub(super) fn finished(jobs: &Jobs, key: &str, number: u32, bytes: u64) -> Arc<Job> {
    let id = format!("{key}/{number}");
    let record: Record = serde_json::from_value(json!({
        "id": id, "owner": key, "title": id, "state": "done",
        "created": "2026-11-30T07:00:00Z", "started": null,
        "finished": format!("2026-11-30T07:00:{number:02}Z"),
        "task": "translate", "from": null, "to": "ko", "likely": "en", "wishes": {},
        "inputs": [], "items": 1, "error": null, "bytes": bytes,
        "tally": {"done": 1, "doubtful": 0, "failed": 0, "findings": {}},
    }))
    .unwrap();
    let folder = jobs.folder.join(id.replace('/', "-"));
    make_private(&folder.join(RESULTS)).unwrap();
    record.save(&folder).unwrap();
    let job = Arc::new(Job::new(folder, record, Tally::default()));
    jobs.all().push(job.clone());
    job
}

pub(super) fn jobs(folder: &tempfile::TempDir, count: usize, bytes: u64) -> Jobs {
    // Of any age.
    let limits = JobLimits { age: Duration::from_secs(u64::MAX / 1_000), count, bytes };
    let log = Arc::new(Log::off());
    Jobs::open(folder.path().to_path_buf(), limits, Arc::new(Metrics::new()), log).unwrap()
}

fn ids(jobs: &Jobs) -> Vec<String> {
    jobs.all().iter().map(|job| job.state().record.id.clone()).collect()
}

#[test]
fn as_many_jobs_and_bytes_are_kept_as_the_limits_say() {
    let folder = tempfile::tempdir().unwrap();
    let kept = jobs(&folder, 2, 100);
    finished(&kept, "day", 1, 50);
    finished(&kept, "day", 2, 50);
    kept.purge();
    assert_eq!(ids(&kept), ["day/1", "day/2"]);
    kept.make_room();
    assert_eq!(ids(&kept), ["day/2"]);
    // A job that is larger than all that is kept stays until another one is sent.
    finished(&kept, "day", 3, 200);
    kept.purge();
    assert_eq!(ids(&kept), ["day/3"]);
    kept.make_room();
    assert!(ids(&kept).is_empty());
}

#[test]
fn the_key_that_has_most_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let kept = jobs(&folder, 4, 100);
    finished(&kept, "night", 1, 1);
    for number in 2..9 {
        kept.make_room();
        finished(&kept, "day", number, 1);
    }
    assert_eq!(ids(&kept), ["night/1", "day/6", "day/7", "day/8"]);
    let folder = tempfile::tempdir().unwrap();
    let kept = jobs(&folder, 100, 100);
    for number in 1..4 {
        finished(&kept, "night", number, 1);
    }
    for number in 4..9 {
        kept.make_room();
        finished(&kept, "day", number, 40);
    }
    kept.purge();
    assert_eq!(ids(&kept), ["night/1", "night/2", "night/3", "day/7", "day/8"]);
}

#[test]
fn two_archives_are_packed_or_sent_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let kept = jobs(&folder, 2, 100);
    let job = finished(&kept, "day", 1, 1);
    let first = kept.archive(&job).unwrap();
    let _second = kept.archive(&job).unwrap();
    assert!(matches!(kept.archive(&job), Err(Failure::Busy { .. })));
    drop(first);
    assert!(kept.archive(&job).is_ok());
}

#[test]
fn a_job_is_removed_by_one_request_alone() {
    let folder = tempfile::tempdir().unwrap();
    let kept = jobs(&folder, 2, 100);
    let job = finished(&kept, "day", 1, 1);
    assert!(kept.take_out(&job).is_ok());
    // Another request that has found it before.
    assert!(matches!(kept.take_out(&job), Err(Failure::NotFound(_))));
}
