//! How this program was built, for `malmoi --version --verbose`.

use malmoi::internals::kernels::Isa;

/// Commit of the source, set by `packaging/build`.
const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");

/// Features of the build, in the order of `Cargo.toml`.
fn features() -> Vec<&'static str> {
    [
        ("fetch", cfg!(feature = "fetch")),
        ("meaning", cfg!(feature = "meaning")),
        ("pdf", cfg!(feature = "pdf")),
        ("serve", cfg!(feature = "serve")),
        ("mcp", cfg!(feature = "mcp")),
        ("cuda", cfg!(feature = "cuda")),
        ("metal", cfg!(feature = "metal")),
    ]
    .into_iter()
    .filter_map(|(name, is_on)| is_on.then_some(name))
    .collect()
}

/// Version, commit, features, system and the instruction set in use, a line each.
pub(crate) fn report() -> String {
    let features = features();
    format!(
        "malmoi {}\ncommit: {}\nfeatures: {}\nsystem: {} {}\nkernels: {}\n",
        env!("CARGO_PKG_VERSION"),
        COMMIT.unwrap_or("unknown"),
        if features.is_empty() { "none".to_string() } else { features.join(", ") },
        std::env::consts::OS,
        std::env::consts::ARCH,
        Isa::detect().name(),
    )
}
