//! What an attacker, a bad disc or a full disk can do to a bundle: it is refused, the fault is
//! named, and nothing visible has changed.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::archive::{write_end, write_header, write_padding};
use super::frames::FrameWriter;
use super::parts::{seal_again, whole};
use super::*;
use crate::store::{Store, StoreSettings};

/// Files below a folder, with their bytes; without the locks.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true if path.ends_with(".locks") => {
                    assert!(!path.join("malmoi-loading").exists(), "what was staged is removed");
                }
                true => folders.push(path),
                false => drop(found.insert(path.clone(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found
}

/// A machine with a store, and a folder for what belongs to no model.
struct Machine {
    folder: tempfile::TempDir,
    store: Store,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings { offline: true, ..StoreSettings::new(folder.path()) };
        Self { store: Store::new(settings), folder }
    }

    fn install(&self, bundle: &Path) -> Result<Installed> {
        let extras = self.folder.path().join("extras");
        let installation = Installation {
            store: &self.store,
            extras: &extras,
            trusted: &[],
            require_signature: false,
        };
        install(bundle, &installation, &mut |_| {})
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        tree(self.folder.path())
    }

    /// The refusal of a bundle, after which nothing visible has changed.
    fn refuses(&self, folder: &Path, bundle: &[u8]) -> String {
        let before = self.files();
        let path = folder.join("hostile.malmoi");
        std::fs::write(&path, bundle).unwrap();
        let error = self.install(&path).expect_err("the bundle is installed").to_string();
        assert_eq!(self.files(), before, "after: {error}");
        error
    }
}

/// A student's folder with these weights.
fn student(folder: &Path, name: &str, weights: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("model.enko.bin"), weights).unwrap();
    std::fs::write(path.join("vocab.enko.spm"), b"the words of Haemin").unwrap();
    std::fs::write(path.join("LICENSE.txt"), b"do as you like").unwrap();
    path
}

fn make(folder: &Path, models: &[PathBuf], split: Option<u64>) -> Created {
    let store = Store::new(StoreSettings::new(folder.join("unused")));
    let cargo: Vec<_> =
        models.iter().map(|path| store.cargo(path.to_str().unwrap()).unwrap()).collect();
    let extras = [Extra::text(Role::Glossary, "terms.csv", "harbour,항구\n")];
    create(&cargo, &extras, &folder.join("kit.malmoi"), split, &mut |_| {}).unwrap()
}

/// Bytes that do not shrink.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(length).collect()
}

/// A small bundle with a model, as bytes.
fn small(folder: &Path) -> Vec<u8> {
    let weights = [noise(600), vec![7; 900]].concat();
    let created = make(folder, &[student(folder, "enko", &weights)], None);
    std::fs::read(&created.files[0]).unwrap()
}

#[test]
fn every_flipped_byte_of_two_thousand_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = small(folder.path());
    let machine = Machine::new();
    let empty = machine.files();
    let mut positions: Vec<usize> = (0..2000).map(|n| n * bundle.len() / 2000).collect();
    positions.extend(bundle.len() - 45..bundle.len());
    for position in positions {
        let mut damaged = bundle.clone();
        damaged[position] ^= 1 << (position % 8);
        let error = machine.refuses(folder.path(), &damaged);
        assert!(error.contains("hostile.malmoi"), "byte {position}: {error}");
    }
    assert_eq!(machine.files(), empty);
    machine.install(&folder.path().join("kit.malmoi")).unwrap();
}

/// An attacker can seal a bundle again, but then only bits that mean nothing may differ.
#[test]
fn a_flipped_byte_under_a_new_seal_is_refused_or_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = small(folder.path());
    let right = Machine::new();
    right.install(&folder.path().join("kit.malmoi")).unwrap();
    let contents = |machine: &Machine| -> Vec<Vec<u8>> { machine.files().into_values().collect() };
    let right = contents(&right);
    let path = folder.path().join("hostile.malmoi");
    let (mut refused, mut harmless) = (0, 0);
    for position in (0..500).map(|n| n * bundle.len() / 500) {
        let mut damaged = bundle.clone();
        damaged[position] ^= 1 << (position % 8);
        seal_again(&mut damaged);
        std::fs::write(&path, &damaged).unwrap();
        let machine = Machine::new();
        match machine.install(&path) {
            Err(_) => {
                assert!(machine.files().is_empty());
                refused += 1;
            }
            Ok(_) => {
                assert_eq!(contents(&machine), right, "byte {position}");
                harmless += 1;
            }
        }
    }
    assert!(refused > 10 * harmless, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_bundle_that_is_cut_short_or_goes_on_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = small(folder.path());
    let machine = Machine::new();
    for length in [0, 1, 59, 60, 100, bundle.len() / 2, bundle.len() - 1] {
        machine.refuses(folder.path(), &bundle[..length]);
    }
    let error = machine.refuses(folder.path(), &[&bundle[..], b"x"].concat());
    assert!(error.contains("cut short or longer"), "{error}");
    machine.refuses(folder.path(), &[&bundle[..], &bundle[..]].concat());
    let error = machine.refuses(folder.path(), b"PK\x03\x04 and more of a file of another kind, long enough to be a head and a seal of a bundle, too");
    assert!(error.contains("is not a bundle"), "{error}");
}

/// A bundle that an attacker made: any manifest and any archive behind it, with right seals.
fn hostile(manifest: &[u8], archive: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut tar = Vec::new();
    write_header(&mut tar, "manifest.json", manifest.len() as u64).unwrap();
    tar.extend(manifest);
    write_padding(&mut tar, manifest.len() as u64).unwrap();
    archive(&mut tar);
    packed(&Sha256::digest(manifest).into(), &tar)
}

fn packed(id: &[u8; 32], tar: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut writer = FrameWriter::new(|frame| {
        frames.extend(frame);
        Ok(())
    });
    writer.write_all(tar).unwrap();
    writer.finish().unwrap();
    whole(id, &frames)
}

fn entry(tar: &mut Vec<u8>, path: &str, kind: EntryType, bytes: &[u8]) {
    let mut header = Header::new_ustar();
    // As tar programs of attackers do: no check of the name.
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    tar.extend(header.as_bytes());
    tar.extend(bytes);
    write_padding(tar, bytes.len() as u64).unwrap();
}

/// A manifest of one license text, `words`.
fn manifest_of_words() -> Vec<u8> {
    let sha256 = crate::files::to_hex(&Sha256::digest(b"words").into());
    let file = serde_json::json!({
        "path": "licenses/a.txt", "role": "license", "bytes": 5, "sha256": sha256,
    });
    let manifest = serde_json::json!({
        "version": 1, "made_by": "a test", "models": [], "files": [file],
    });
    manifest.to_string().into_bytes()
}

#[test]
fn entries_that_the_manifest_does_not_announce_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new();
    let manifest = manifest_of_words();
    let words = |tar: &mut Vec<u8>| entry(tar, "licenses/a.txt", EntryType::Regular, b"words");
    let end = |tar: &mut Vec<u8>| write_end(tar).unwrap();
    let right = hostile(&manifest, |tar| {
        words(tar);
        end(tar);
    });
    let path = folder.path().join("right.malmoi");
    std::fs::write(&path, right).unwrap();
    let scratch = Machine::new();
    scratch.install(&path).expect("the same bundle without an attack is installed");

    use EntryType as Kind;
    for (path, kind, said) in [
        ("../../escape", Kind::Regular, "`../../escape`, which would leave its folder"),
        ("/etc/cron.d/x", Kind::Regular, "`/etc/cron.d/x`, which would leave its folder"),
        ("..\\..\\x", Kind::Regular, "which would leave its folder"),
        ("licenses/b.txt", Kind::Regular, "`licenses/b.txt`, which is not in the manifest"),
        ("Licenses/A.txt", Kind::Regular, "which is not in the manifest"),
        ("manifest.json", Kind::Regular, "`manifest.json`, twice or out of order"),
        ("licenses/a.txt", Kind::Symlink, "a link"),
        ("licenses/a.txt", Kind::Link, "a link"),
        ("licenses/a.txt", Kind::Char, "a device"),
        ("licenses/a.txt", Kind::Block, "a device"),
        ("licenses/a.txt", Kind::Fifo, "a pipe"),
        ("licenses", Kind::Directory, "a folder"),
        ("x", Kind::XHeader, "an extension of tar"),
        ("x", Kind::XGlobalHeader, "an extension of tar"),
        ("././@LongLink", Kind::GNULongName, "an extension of tar"),
        ("licenses/a.txt", Kind::GNUSparse, "an entry of another kind"),
        ("x\u{1b}[31m\u{202e}", Kind::Regular, "\\u{1b}[31m\\u{202e}"),
    ] {
        // In place of the announced one, before it and after it.
        let other = |tar: &mut Vec<u8>| entry(tar, path, kind, b"words");
        let first = hostile(&manifest, |tar| {
            other(tar);
            words(tar);
            end(tar);
        });
        let last = hostile(&manifest, |tar| {
            words(tar);
            other(tar);
            end(tar);
        });
        let error = machine.refuses(folder.path(), &first);
        assert!(error.contains(said) && !error.contains('\u{1b}'), "{path}: {error}");
        let error = machine.refuses(folder.path(), &last);
        assert!(error.contains("where `the end` should be"), "{path}: {error}");
    }
    let twice = hostile(&manifest, |tar| {
        words(tar);
        words(tar);
        end(tar);
    });
    machine.refuses(folder.path(), &twice);
    let error = machine.refuses(folder.path(), &hostile(&manifest, end));
    assert!(error.contains("the end of the archive where `licenses/a.txt`"), "{error}");
    let swapped = hostile(&manifest, |tar| {
        entry(tar, "licenses/a.txt", Kind::Regular, b"sword");
        end(tar);
    });
    let error = machine.refuses(folder.path(), &swapped);
    assert!(error.contains("`licenses/a.txt` has sha256"), "{error}");
    let longer = hostile(&manifest, |tar| {
        entry(tar, "licenses/a.txt", Kind::Regular, b"words and words");
        end(tar);
    });
    let error = machine.refuses(folder.path(), &longer);
    assert!(error.contains("with 15 bytes instead of 5"), "{error}");
    let more = hostile(&manifest, |tar| {
        words(tar);
        end(tar);
        tar.extend(b"more");
    });
    let error = machine.refuses(folder.path(), &more);
    assert!(error.contains("more bytes"), "{error}");
    let between = hostile(&manifest, |tar| {
        words(tar);
        *tar.last_mut().unwrap() = 1;
        end(tar);
    });
    let error = machine.refuses(folder.path(), &between);
    assert!(error.contains("between two of its files"), "{error}");
    let mut headed = Vec::new();
    entry(&mut headed, "other.json", Kind::Regular, &manifest);
    machine.refuses(folder.path(), &packed(&Sha256::digest(&manifest).into(), &headed));
    let other_id = {
        let mut tar = Vec::new();
        entry(&mut tar, "manifest.json", Kind::Regular, &manifest);
        packed(&[1; 32], &tar)
    };
    let error = machine.refuses(folder.path(), &other_id);
    assert!(error.contains("`manifest.json` has sha256"), "{error}");
}

/// A stream of zeros, packed by RLE blocks: 10 GB in 320 kB.
fn zeros(gigabytes: u64) -> Vec<u8> {
    // One block of 128 KiB of zeros: its header says RLE (1) and not last.
    let block = |is_last: u32| {
        let header = (131_072_u32 << 3) | (1 << 1) | is_last;
        [&header.to_le_bytes()[..3], &[0]].concat()
    };
    // Magic, then no checksum and a window of 1 MiB.
    let mut frame = [&0xFD2F_B528_u32.to_le_bytes()[..], &[0x00, 0x50]].concat();
    let count = gigabytes * 1_000_000_000 / 131_072;
    for _ in 0..count {
        frame.extend(block(0));
    }
    frame.extend(block(1));
    frame
}

#[test]
fn ten_gigabytes_of_zeros_are_refused_whatever_they_claim_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new();
    // As the archive itself: the first header is not that of a manifest.
    let error = machine.refuses(folder.path(), &whole(&[0; 32], &zeros(10)));
    assert!(error.contains("the end of the archive where `manifest.json`"), "{error}");
    // As a file that the manifest announces.
    let manifest = serde_json::json!({
        "version": 1, "made_by": "a test", "models": [], "files": [{
            "path": "licenses/a.txt", "role": "license", "bytes": 10_000_000_000_u64,
            "sha256": "0".repeat(64),
        }],
    });
    let manifest = manifest.to_string().into_bytes();
    let bundle = hostile(&manifest, |tar| {
        write_header(tar, "licenses/a.txt", 10_000_000_000).unwrap();
    });
    let frames = bundle[60..bundle.len() - 41].to_vec();
    let bomb = whole(&Sha256::digest(&manifest).into(), &[frames, zeros(10)].concat());
    let error = machine.refuses(folder.path(), &bomb);
    assert!(error.contains("claims 10000000000 bytes, more than"), "{error}");
    // A frame that asks for a gigabyte of memory.
    let mut window = zeros(1);
    window[5] = 0xa0;
    let error = machine.refuses(folder.path(), &whole(&[0; 32], &window));
    assert!(error.contains("damaged"), "{error}");
    // A manifest without end.
    let mut tar = Vec::new();
    write_header(&mut tar, "manifest.json", 5 << 20).unwrap();
    let error = machine.refuses(folder.path(), &packed(&[0; 32], &tar));
    assert!(error.contains("has 5242880 bytes, more than"), "{error}");
}

#[test]
fn a_full_disk_is_named_before_the_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path());
    let cache = tempfile::tempdir().unwrap();
    let settings = StoreSettings { free_space: Some(1000), ..StoreSettings::new(cache.path()) };
    let machine = Machine { store: Store::new(settings), folder: cache };
    let error = machine.install(&folder.path().join("kit.malmoi")).unwrap_err().to_string();
    assert!(error.contains("0 MB free, 1 MB are needed"), "{error}");
    assert!(machine.files().is_empty());
}

#[test]
fn parts_are_read_in_order_and_a_missing_damaged_or_swapped_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let one = student(folder.path(), "enko", &noise(14_000_000));
    let single = make(folder.path(), std::slice::from_ref(&one), None);
    let single = std::fs::read(&single.files[0]).unwrap();
    std::fs::remove_file(folder.path().join("kit.malmoi")).unwrap();
    let parts = make(folder.path(), std::slice::from_ref(&one), Some(LEAST_PART)).files;
    assert!(parts.len() >= 3 && parts[1].ends_with("kit.malmoi.002"), "{parts:?}");
    let sizes = parts.iter().map(|part| std::fs::metadata(part).unwrap().len());
    assert!(sizes.clone().all(|size| size <= LEAST_PART), "{:?}", sizes.collect::<Vec<_>>());

    let joined = folder.path().join("joined");
    join(&parts[0], &joined).unwrap();
    assert_eq!(std::fs::read(&joined).unwrap(), single, "as if it was never split");
    let machine = Machine::new();
    let installed = machine.install(&parts[0]).unwrap();
    assert_eq!(installed.models[0].0, "local/enko");
    let machine = Machine::new();
    machine.install(&folder.path().join("kit.malmoi")).expect("its name without a number");

    let empty = Machine::new();
    let refusal = || {
        let error = empty.install(&parts[0]).unwrap_err().to_string();
        assert!(empty.files().is_empty());
        let output = folder.path().join("joined-again");
        assert_eq!(join(&parts[0], &output).unwrap_err().to_string(), error);
        assert!(!output.exists());
        error
    };
    let second = std::fs::read(&parts[1]).unwrap();
    std::fs::remove_file(&parts[1]).unwrap();
    let error = refusal();
    assert!(error.contains("part 2") && error.contains("kit.malmoi.002"), "{error}");
    std::fs::copy(&parts[2], &parts[1]).unwrap();
    let error = refusal();
    assert!(error.contains("kit.malmoi.002 is not part 2 of this bundle: it is part 3"), "{error}");
    let mut damaged = second.clone();
    damaged[3_000_000] ^= 1;
    std::fs::write(&parts[1], &damaged).unwrap();
    let error = refusal();
    assert!(error.contains("kit.malmoi.002 is damaged"), "{error}");
    std::fs::write(&parts[1], &second[..2_000_000]).unwrap();
    assert!(refusal().contains("kit.malmoi.002 is damaged"));
    std::fs::write(&parts[1], &second).unwrap();

    let other = tempfile::tempdir().unwrap();
    let two = student(other.path(), "enko", &noise(14_000_008));
    let others = make(other.path(), &[two], Some(LEAST_PART)).files;
    std::fs::copy(&others[1], &parts[1]).unwrap();
    let error = refusal();
    assert!(error.contains("kit.malmoi.002") && error.contains("of another bundle"), "{error}");
    let error = empty.install(&others[1]).unwrap_err().to_string();
    assert!(error.contains("is not part 1"), "{error}");
}

#[test]
fn another_model_cannot_take_the_place_of_an_installed_one() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path());
    let machine = Machine::new();
    let kit = folder.path().join("kit.malmoi");
    let installed = machine.install(&kit).unwrap();
    let before = machine.files();
    machine.install(&kit).expect("the same bundle again");
    assert_eq!(machine.files(), before);

    // The same place and commit, other weights: as a bundle that was changed on its way.
    let store = Store::new(StoreSettings::new(folder.path().join("unused")));
    let weights = student(folder.path(), "enko", b"weights of somebody else");
    let mut cargo = store.cargo(weights.to_str().unwrap()).unwrap();
    cargo.model.commit = crate::store::Commit::parse(&installed.manifest.models[0].commit).unwrap();
    let other = folder.path().join("other.malmoi");
    create(&[cargo], &[], &other, None, &mut |_| {}).unwrap();
    let error = machine.install(&other).unwrap_err().to_string();
    assert!(error.contains("`local/enko`") && error.contains("has sha256"), "{error}");
    assert_eq!(machine.files(), before);

    // A damaged file is replaced by what it should be.
    let path = installed.models[0].1.join("model.enko.bin");
    std::fs::write(&path, "gone").unwrap();
    assert!(machine.store.cargo("local/enko").is_err());
    machine.install(&kit).unwrap();
    assert_eq!(machine.files(), before);
}

#[test]
fn a_row_of_a_bundle_cannot_take_the_place_of_an_installed_model() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path());
    let machine = Machine::new();
    let installed = machine.install(&folder.path().join("kit.malmoi")).unwrap();
    let before = machine.files();
    let store = Store::new(StoreSettings::new(folder.path().join("unused")));
    let weights = student(folder.path(), "enko", b"weights of somebody else");
    let mut cargo = store.cargo(weights.to_str().unwrap()).unwrap();
    let row = serde_json::json!({
        "name": "new-editor", "title": "New", "summarizes": [], "translates": ["en-ko"],
        "rank": { "summarize": 0, "translate": 99 }, "family": "marian", "runs": true,
        "architecture": "marian-student", "verified": true, "license": "own",
        "commercial": true, "parameters": 0.03, "context": 512, "note": "Better.",
        "files": cargo.model.files, "sources": [{ "hf": "local/enko" }],
    });
    cargo.model.name = "new-editor".to_string();
    cargo.model.entry = Some(crate::store::catalogue::row(row).unwrap());
    let own_commit = cargo.model.commit.clone();
    let bundle = folder.path().join("row.malmoi");
    cargo.model.commit = crate::store::Commit::parse(&installed.manifest.models[0].commit).unwrap();
    let make = |cargo| create(&[cargo], &[], &bundle, None, &mut |_| {}).unwrap();
    let again = store.cargo(weights.to_str().unwrap()).unwrap().paths;
    let model = cargo.model.clone();
    make(cargo);
    let error = machine.install(&bundle).unwrap_err().to_string();
    assert!(error.contains("`new-editor`") && error.contains("has sha256"), "{error}");
    assert_eq!(machine.files(), before);
    // Beside the other one, it may be installed.
    let model = crate::store::CarriedModel { commit: own_commit, ..model };
    make(crate::store::Cargo { model, paths: again });
    let added = machine.install(&bundle).unwrap();
    assert!(added.extras.join("catalogue.toml").is_file());
    let weights = installed.models[0].1.join("model.enko.bin");
    assert_eq!(std::fs::read(&weights).unwrap(), before[&weights]);
}

#[test]
fn a_pinned_model_of_other_bytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(StoreSettings::new(folder.path().join("unused")));
    let own = student(folder.path(), "enko", b"not what the catalogue pins");
    let mut cargo = store.cargo(own.to_str().unwrap()).unwrap();
    cargo.model.name = "smollm2-135m".to_string();
    let bundle = folder.path().join("false.malmoi");
    create(&[cargo], &[], &bundle, None, &mut |_| {}).unwrap();
    let error = Machine::new().install(&bundle).unwrap_err().to_string();
    assert!(error.contains("`smollm2-135m` may not be installed"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_goes_in_comes_out(
        weights in proptest::collection::vec(any::<u8>(), 0..3000),
        repeats in 1_usize..3000,
        others in proptest::collection::vec("[a-z가-힣 ./-]{1,12}", 0..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let weights = weights.repeat(repeats);
        let weights = &weights[..weights.len().min(9_000_000)];
        let path = student(folder.path(), "koen", weights);
        let store = Store::new(StoreSettings::new(folder.path().join("unused")));
        let cargo = [store.cargo(path.to_str().unwrap()).unwrap()];
        let extras: Vec<Extra> =
            others.iter().map(|name| Extra::text(Role::Glossary, name, name.as_str())).collect();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        create(&cargo, &extras, &one, None, &mut |_| {}).unwrap();
        create(&cargo, &extras, &two, None, &mut |_| {}).unwrap();
        prop_assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        let machine = Machine::new();
        let installed = machine.install(&one).unwrap();
        let (name, model) = &installed.models[0];
        prop_assert_eq!(name, "local/koen");
        prop_assert_eq!(std::fs::read(model.join("model.enko.bin")).unwrap(), weights);
        prop_assert_eq!(std::fs::read(model.join("vocab.enko.spm")).unwrap(), b"the words of Haemin");
        let glossaries = tree(&installed.extras.join("glossaries"));
        let mut found: Vec<String> =
            glossaries.into_values().map(|text| String::from_utf8(text).unwrap()).collect();
        let mut expected = others.clone();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
        for (_, verdict) in machine.store.verify("local/koen").unwrap() {
            prop_assert_eq!(verdict, crate::store::Verdict::Unchanged);
        }
        let again = machine.store.cargo("local/koen").unwrap();
        prop_assert_eq!(again.model.checksum(), cargo[0].model.checksum());
    }
}
