#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    malmoi::internals::checkpoint::fuzzing::marian(bytes);
});
