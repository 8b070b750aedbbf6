#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    malmoi::checkpoint::fuzzing::pickle(bytes);
});
