//! Files at addresses of their own, packed: stand-ins for both of Mozilla's storages, and folders
//! that were filled by hand. The models are random bytes in a site's own catalogue.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use malmoi::store::{FIREFOX_ATTACHMENTS, FIREFOX_ENDPOINT};

use crate::support::here;

/// The files of the model, with the names of their attachments.
const FILES: [(&str, &str); 3] = [
    ("model.enko.bin", "4041be52.bin"),
    ("lex.enko.s2t.bin", "f8a94a6b.bin"),
    ("vocab.enko.spm", "2143a895.spm"),
];

/// Bytes of a file that neither gzip nor zstd makes much smaller, others for each name.
fn bytes(name: &str) -> Vec<u8> {
    let length = if name.starts_with("model") { 400_000 } else { 9_000 };
    let mut state = name.bytes().map(u64::from).sum::<u64>() | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The file of a path of the storage or of the attachments.
fn name_of(path: &str) -> &'static str {
    let last = path.rsplit('/').next().unwrap();
    let is_it = |(name, attachment): &&(&str, &str)| {
        last == *attachment || last.strip_suffix(".gz") == Some(*name)
    };
    FILES.iter().find(is_it).unwrap_or_else(|| panic!("{path}")).0
}

/// The catalogue of a site, with the model `haemin` at both storages.
fn catalogue() -> String {
    let row = |row: &dyn Fn(&str, &str) -> String| -> String {
        FILES.iter().map(|(name, attachment)| row(name, attachment) + ",\n").collect()
    };
    let files = row(&|name, _| {
        let bytes = bytes(name);
        let sum = sha256(&bytes);
        format!("{{ name = \"{name}\", bytes = {}, sha256 = \"{sum}\" }}", bytes.len())
    });
    let gzip = row(&|name, _| {
        format!("{{ file = \"{name}\", address = \"{FIREFOX_ENDPOINT}/en-ko/{name}.gz\" }}")
    });
    let zstd = row(&|name, attachment| {
        format!("{{ file = \"{name}\", address = \"{FIREFOX_ATTACHMENTS}/at/{attachment}\" }}")
    });
    format!(
        "[[model]]\nname = \"haemin\"\ntitle = \"Haemin\"\nsummarizes = []\n\
         translates = [\"en-ko\"]\nrank = {{ summarize = 0, translate = 1 }}\nfamily = \"marian\"\n\
         architecture = \"marian\"\nruns = true\nverified = false\nlicense = \"MPL-2.0\"\n\
         commercial = true\nparameters = 0.02\ncontext = 512\nnote = \"Random.\"\n\
         files = [\n{files}]\nsources = [\n{{ url = [\n{gzip}] }},\n{{ url = [\n{zstd}] }},\n]\n"
    )
}

/// A desk with the catalogue, and both storages at these addresses.
fn desk(endpoint: &str, attachments: &str) -> Desk {
    let desk = Desk::new("http://127.0.0.1:9")
        .with("MALMOI_FIREFOX_ENDPOINT", endpoint)
        .with("MALMOI_FIREFOX_ATTACHMENTS", attachments)
        .with("HF_TOKEN", "secret");
    write(&desk.home.path().join(".config/malmoi/catalogue.toml"), catalogue());
    desk
}

const NOWHERE: &str = "http://127.0.0.1:9";

/// A storage of packed files.
fn storage(pack: fn(&[u8]) -> Vec<u8>) -> Hub {
    Hub::start(move |asked| Answer::file(&pack(&bytes(name_of(&asked.path))), asked))
}

/// Fails unless the model is whole at the path that was printed.
fn assert_installed(desk: &Desk, ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let folder = PathBuf::from(ran.out.trim());
    for (name, _) in FILES {
        assert_eq!(std::fs::read(folder.join(name)).unwrap(), bytes(name), "{name}");
    }
    let verified = desk.run(&["models", "verify", "haemin"]);
    assert!(verified.code == Some(0), "{}", verified.err);
    assert_eq!(verified.out.matches("  right\n").count(), 3, "{}", verified.out);
    assert!(!leftovers(desk).iter().any(|name| name.ends_with(".incomplete")));
}

/// Names of the files in the cache, without locks.
fn leftovers(desk: &Desk) -> Vec<String> {
    let cache = desk.cache();
    if !cache.is_dir() {
        return Vec::new();
    }
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let paths = tree(&cache).into_iter().map(|(path, _)| path);
    paths.filter(|path| !path.starts_with(cache.join(".locks"))).map(|path| name(&path)).collect()
}

#[test]
fn a_packed_model_is_unpacked_verified_and_fetched_once() {
    for (pack, is_first) in [(gzip as fn(&[u8]) -> Vec<u8>, true), (zstd, false)] {
        let storage = storage(pack);
        let (endpoint, attachments) =
            if is_first { (&*storage.endpoint, NOWHERE) } else { (NOWHERE, &*storage.endpoint) };
        let desk = desk(endpoint, attachments);
        let ran = desk.run(&["models", "pull", "haemin"]);
        assert_installed(&desk, &ran);
        assert!(ran.err.contains("haemin: license MPL-2.0"), "{}", ran.err);
        assert!(ran.err.contains("verified and installed"), "{}", ran.err);
        assert!(storage.asked().iter().all(|asked| asked.token.is_none()), "the hub's token");
        let asked = storage.asked().len();
        assert_eq!(desk.run(&["models", "pull", "haemin"]).out, ran.out);
        assert_eq!(storage.asked().len(), asked, "an installed model is not requested again");
        let folder = desk.run(&["models", "verify", ran.out.trim()]);
        assert_eq!(folder.out.matches("  right\n").count(), 3, "{}{}", folder.out, folder.err);
        assert_eq!(desk.run(&["models", "remove", "haemin"]).code, Some(0));
        assert_eq!(leftovers(&desk), Vec::<String>::new());
    }
}

#[test]
fn a_damaged_file_alone_is_fetched_again() {
    let storage = storage(gzip);
    let desk = desk(&storage.endpoint, NOWHERE);
    let ran = desk.run(&["models", "pull", "haemin"]);
    let vocabulary = PathBuf::from(ran.out.trim()).join("vocab.enko.spm");
    write(&vocabulary.canonicalize().unwrap(), "short");
    let verified = desk.run(&["models", "verify", "haemin"]);
    assert!(verified.code == Some(2) && verified.out.contains("vocab.enko.spm  WRONG"));
    let asked = storage.asked().len();
    assert_installed(&desk, &desk.run(&["models", "pull", "haemin"]));
    let paths: Vec<String> = storage.asked()[asked..].iter().map(|a| a.path.clone()).collect();
    assert_eq!(paths, ["/en-ko/vocab.enko.spm.gz"]);
}

#[test]
fn what_is_not_the_pinned_file_is_named_and_never_visible() {
    type Bad = fn(&[u8]) -> Vec<u8>;
    let cases: [(&str, Bad, &str); 6] = [
        ("other bytes", |b| gzip(&b.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()), "has sha256"),
        ("shorter", |b| gzip(&b[1..]), "bytes, expected 9000"),
        ("cut short", |b| gzip(b)[..4_000].to_vec(), "cannot be unpacked"),
        ("damaged", |b| [&zstd(b)[..400], &[0; 5_000]].concat(), "cannot be unpacked"),
        ("a bomb", |_| gzip(&vec![0; 5_000_000]), "longer than the 9000 bytes it may have"),
        ("a page", |_| b"<html>Sign in to the network of Haemin</html>".to_vec(), "expected 9000"),
    ];
    for (what, bad, word) in cases {
        let storage = Hub::start(move |asked| {
            let name = name_of(&asked.path);
            let pack = if name.starts_with("vocab") { bad } else { gzip as Bad };
            Answer::file(&pack(&bytes(name)), asked)
        });
        let desk = desk(&storage.endpoint, NOWHERE);
        let ran = desk.run(&["models", "pull", "haemin"]);
        assert_eq!(ran.code, Some(2), "{what}: {}", ran.err);
        assert!(
            ran.err.contains("vocab.enko.spm") && ran.err.contains(word),
            "{what}: {}",
            ran.err
        );
        assert!(ran.err.contains("models pull haemin --from DIR"), "{what}: {}", ran.err);
        assert!(ran.err.len() < 3_000, "{what}: {}", ran.err);
        assert!(desk.run(&["models", "path", "haemin"]).err.contains("is not installed"));
        let left = leftovers(&desk);
        assert!(left.iter().all(|name| !name.contains(".enko.")), "{what}: {left:?}");
        assert!(left.iter().all(|name| !name.ends_with(".incomplete")), "{what}: {left:?}");
    }
}

#[test]
fn a_storage_that_has_moved_is_said_and_the_next_one_asked() {
    for status in [403, 404, 410] {
        let moved = Hub::start(move |_| Answer::status(status));
        let attachments = storage(zstd);
        let both = desk(&moved.endpoint, &attachments.endpoint);
        let ran = both.run(&["models", "pull", "haemin"]);
        assert_installed(&both, &ran);
        let gone =
            format!("does not have model.enko.bin ({}/en-ko/model.enko.bin.gz)", moved.endpoint);
        assert!(ran.err.contains(&gone) && ran.err.contains("it may have moved"), "{}", ran.err);

        let neither = desk(&moved.endpoint, &moved.endpoint);
        let ran = neither.run(&["models", "pull", "haemin"]);
        assert_eq!(ran.code, Some(2));
        let last = ran.err.lines().rev().find(|line| line.starts_with("error")).unwrap();
        assert!(last.contains("/en-ko/model") && last.contains("/at/4041be52.bin"), "{}", ran.err);
    }
}

#[test]
fn a_redirect_to_another_host_is_followed() {
    let storage = storage(gzip);
    let to = storage.endpoint.clone();
    let moved = Hub::start(move |asked| Answer::redirect(&format!("{to}{}", asked.path)));
    let desk = desk(&moved.endpoint, NOWHERE);
    assert_installed(&desk, &desk.run(&["models", "pull", "haemin"]));
    assert!(storage.asked().iter().chain(&moved.asked()).all(|asked| asked.token.is_none()));
}

#[test]
fn an_interrupted_download_is_resumed_and_nothing_half_is_visible() {
    let times = AtomicUsize::new(0);
    let storage = Hub::start(move |asked| {
        let packed = gzip(&bytes(name_of(&asked.path)));
        match (name_of(&asked.path), times.fetch_add(1, Ordering::SeqCst)) {
            // Cut twice: the second time the pull is given up, as the server asks for an hour.
            ("model.enko.bin", 0) => Answer { cut: Some(150_000), ..Answer::file(&packed, asked) },
            ("model.enko.bin", 1) => Answer { cut: Some(150_000), ..Answer::file(&packed, asked) },
            ("model.enko.bin", 2) => {
                Answer { headers: vec![("retry-after", "3600".into())], ..Answer::status(503) }
            }
            _ => Answer::file(&packed, asked),
        }
    });
    let desk = desk(&storage.endpoint, NOWHERE);
    let ran = desk.run(&["models", "pull", "haemin"]);
    assert!(ran.code == Some(2) && ran.err.contains("answered 503"), "{}", ran.err);
    assert!(desk.run(&["models", "path", "haemin"]).err.contains("is not installed"));
    assert_eq!(
        leftovers(&desk).iter().filter(|name| name.ends_with(".packed.incomplete")).count(),
        1
    );
    assert_installed(&desk, &desk.run(&["models", "pull", "haemin"]));
    let model = storage.asked().into_iter().filter(|asked| asked.path.contains("model"));
    let ranges: Vec<Option<u64>> = model.map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some(150_000), Some(300_000), Some(300_000)]);

    // What an interrupted pull leaves is removed with its model.
    desk.run(&["models", "remove", "haemin"]);
    let blob = desk.cache().join("models--url--haemin/blobs").join(sha256(b"x"));
    write(&blob.with_extension("packed.incomplete"), "xx");
    assert_eq!(desk.run(&["models", "remove", "haemin"]).code, Some(0));
    assert_eq!(leftovers(&desk), Vec::<String>::new());
}

#[test]
fn offline_names_the_way_without_a_network() {
    let storage = storage(gzip);
    let desk = desk(&storage.endpoint, &storage.endpoint);
    let ran = desk.run(&["models", "pull", "haemin", "--offline"]);
    assert!(ran.code == Some(2) && ran.err.contains("downloads are off"), "{}", ran.err);
    assert!(ran.err.contains("malmoi models pull haemin --from DIR"), "{}", ran.err);
    assert!(storage.asked().is_empty());
}

#[test]
fn a_model_is_installed_from_a_folder_without_a_network() {
    type Packed = (&'static str, fn(&str, &str) -> String, fn(&[u8]) -> Vec<u8>);
    let cases: [Packed; 5] = [
        ("as it is", |name, _| name.to_string(), |bytes| bytes.to_vec()),
        ("gzip", |name, _| format!("{name}.gz"), gzip),
        ("zstd", |name, _| format!("{name}.zst"), zstd),
        ("attachments", |_, attachment| attachment.to_string(), zstd),
        ("names of another program", |name, _| format!("cached-{}", &name[..3]), |b| b.to_vec()),
    ];
    for (what, called, pack) in cases {
        let desk = desk(NOWHERE, NOWHERE);
        let folder = desk.home.path().join("usb");
        for (name, attachment) in FILES {
            write(&folder.join(called(name, attachment)), pack(&bytes(name)));
        }
        write(&folder.join("README.txt"), "Carried across on Monday.");
        let before = tree(&folder);
        if what != "names of another program" {
            let verified = desk.run(&["models", "verify", "usb"]);
            assert_eq!(verified.out.matches("  right\n").count(), 3, "{what}: {}", verified.out);
        }
        let ran = desk.run(&["models", "pull", "haemin", "--from", "usb", "--offline"]);
        assert_installed(&desk, &ran);
        assert!(!ran.err.contains("asking web"), "{what}: {}", ran.err);
        assert_eq!(tree(&folder), before, "{what}: the folder is not changed");
    }
}

#[test]
fn a_folder_without_the_files_of_a_model_is_refused_by_name() {
    let desk = desk(NOWHERE, NOWHERE);
    let folder = desk.home.path().join("usb");
    write(&folder.join("model.enko.bin"), bytes("model.enko.bin"));
    let pull = ["models", "pull", "haemin", "--from", "usb"];
    let ran = desk.run(&pull);
    let missing = "usb does not have lex.enko.s2t.bin, vocab.enko.spm of `haemin`";
    assert!(ran.code == Some(2) && ran.err.contains(missing), "{}", ran.err);
    write(&folder.join("lex.enko.s2t.bin"), bytes("lex.enko.s2t.bin"));
    for (wrong, word) in [
        (vec![0; 9_000], "has sha256"),
        (gzip(&vec![0; 50_000_000]), "longer than the 9000 bytes"),
        (gzip(&bytes("vocab.enko.spm"))[..500].to_vec(), "cannot be unpacked"),
    ] {
        write(&folder.join("vocab.enko.spm"), wrong);
        let verified = desk.run(&["models", "verify", "usb"]);
        assert!(verified.out.contains("vocab.enko.spm  WRONG"), "{}", verified.out);
        assert_eq!(verified.code, Some(2));
        let ran = desk.run(&pull);
        assert!(ran.code == Some(2) && ran.err.contains(word), "{}", ran.err);
        assert!(ran.err.contains("vocab.enko.spm"), "{}", ran.err);
        assert!(desk.run(&["models", "path", "haemin"]).err.contains("is not installed"));
    }
    let ran = desk.run(&["models", "pull", "mbart-50-many-to-many", "--from", "usb"]);
    assert!(ran.err.contains("no checksums of `mbart-50-many-to-many`"), "{}", ran.err);
    let ran = desk.run(&["models", "pull", "haemin", "--from", "no-such-folder"]);
    assert!(ran.code == Some(2) && ran.err.contains("no-such-folder"), "{}", ran.err);
}

#[test]
fn a_catalogue_of_a_site_with_a_fault_is_named_with_its_line() {
    let desk = desk(NOWHERE, NOWHERE);
    let listed = desk.run(&["models", "list"]);
    assert!(listed.out.contains("haemin ") && listed.out.contains("smollm2-135m "));
    let path = desk.home.path().join(".config/malmoi/catalogue.toml");
    for (from, to, fault) in [
        ("runs = true", "runs = maybe", "line 9: "),
        ("note = \"Random.\"", "note = \"\"", "haemin: it has no note"),
        ("file = \"lex", "file = \"lax", "haemin: lax.enko.s2t.bin is not among its files"),
    ] {
        write(&path, catalogue().replacen(from, to, 1));
        let ran = desk.run(&["models", "list"]);
        let wanted = format!("{}: {fault}", path.display());
        assert!(ran.code == Some(2) && ran.err.contains(&wanted), "{}", ran.err);
        assert!(desk.run(&["doctor"]).out.contains(fault));
    }
    let ran = desk.with("MALMOI_CATALOGUE", "nowhere.toml").run(&["models", "list"]);
    assert!(ran.code == Some(2) && ran.err.contains("nowhere.toml: cannot be read"), "{}", ran.err);
}

#[test]
fn recommended_models_and_their_quality_are_listed() {
    let listed = desk(NOWHERE, NOWHERE).run(&["models", "list"]).out;
    let line = |begins: &str| {
        let mut lines = listed.lines();
        lines.find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{listed}"))
    };
    assert!(line("translate    0.5 GB").ends_with("firefox-en-ko, firefox-ko-en"), "{listed}");
    assert!(line("translate    4 GB").ends_with("hy-mt2-1.8b"), "{listed}");
    assert!(line("firefox-ko-en            ko-en").contains("57.4"), "{listed}");
}

/// The catalogue of a site that has a random student in place of Firefox's, at the storage.
fn catalogue_of_a_student(folder: &Path) -> String {
    let names = ["model.enko.intgemm.alphas.bin", "srcvocab.enko.spm", "trgvocab.enko.spm"];
    let row = |row: &dyn Fn(&str) -> String| -> String {
        names.iter().map(|name| row(name) + ",\n").collect()
    };
    let files = row(&|name| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let sum = sha256(&bytes);
        format!("{{ name = \"{name}\", bytes = {}, sha256 = \"{sum}\" }}", bytes.len())
    });
    let urls = row(&|name| {
        format!("{{ file = \"{name}\", address = \"{FIREFOX_ENDPOINT}/en-ko/{name}.gz\" }}")
    });
    format!(
        "[[model]]\nname = \"firefox-en-ko\"\ntitle = \"Random\"\nsummarizes = []\n\
         translates = [\"en-ko\"]\nrank = {{ summarize = 0, translate = 62 }}\n\
         family = \"marian\"\narchitecture = \"marian-student\"\nruns = true\nverified = false\n\
         license = \"MPL-2.0\"\ncommercial = true\nparameters = 0.05\ncontext = 512\n\
         note = \"Random.\"\nfiles = [\n{files}]\nsources = [{{ url = [\n{urls}] }}]\n"
    )
}

/// A random network of the shape of Korean ones writes nonsense, but in the right places.
#[test]
fn a_student_is_fetched_for_the_first_translation_and_translates() {
    let folder = here("fixtures/marian/base-memory");
    let files = folder.clone();
    let storage = Hub::start(move |asked| {
        let name = asked.path.rsplit('/').next().unwrap().strip_suffix(".gz").unwrap();
        Answer::file(&gzip(&std::fs::read(files.join(name)).unwrap()), asked)
    });
    let desk = desk(&storage.endpoint, NOWHERE);
    write(&desk.home.path().join(".config/malmoi/catalogue.toml"), catalogue_of_a_student(&folder));
    let article = here("../examples/articles/harbour.txt");
    let article = article.to_str().unwrap();
    let ran = desk.run(&["translate", article, "--to", "ko", "--repair", "off"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(storage.asked().len(), 3, "{}", ran.err);
    assert!(ran.err.contains("firefox-en-ko: read all"), "{}", ran.err);
    let lines = |text: &str| text.lines().map(|line| line.trim().is_empty()).collect::<Vec<_>>();
    let source = std::fs::read_to_string(article).unwrap();
    assert_eq!(lines(&ran.out), lines(&source), "{}", ran.out);
    let again = desk.run(&["translate", article, "--to", "ko", "--repair", "off"]);
    assert_eq!((again.out, storage.asked().len()), (ran.out, 3), "nothing is fetched twice");
}
