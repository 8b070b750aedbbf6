#![no_main]

use malmoi::Language;
use malmoi::checks::{self, CheckOptions, OutputKind, Pair, Patterns};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(patterns) = Patterns::read(bytes, "checks.toml") else { return };
    let mut options = CheckOptions::default();
    options.patterns = Some(patterns.into());
    let source = "The ferries left Haemin at 9 a.m., the mayor said.";
    let output = "여객선들이 오전 9시에 해민을 떠났다고 시장이 밝혔다.";
    let (from, to) = (Language::English, Language::Korean);
    for kind in [OutputKind::Translation, OutputKind::Summary] {
        let pair = Pair { source, output, from, to, kind };
        for finding in checks::check(&pair, &options) {
            assert!(finding.source.is_none_or(|place| place.of(source).is_some()));
            assert!(finding.output.is_none_or(|place| place.of(output).is_some()));
        }
    }
});
