#![no_main]

use malmoi::internals::bundle::inspect_archive;

// The first byte says whether the archive is packed. What is accepted has names that are safe.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let Ok(manifest) = inspect_archive(bytes, which % 2 == 1) else { return };
    for file in &manifest.files {
        let path = std::path::Path::new(file.path.as_str());
        let is_plain =
            |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        assert!(path.components().all(is_plain), "{path:?}");
    }
    assert!(manifest.bytes().is_some());
});
