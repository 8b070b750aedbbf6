//! What is around the pages: the head, with a policy that lets nothing load or run, and the style.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::text::xml;

/// Inputs that a digest can be filtered by. A folder of files has more.
pub(super) const MAX_SOURCES: usize = 24;

/// The style of the digest: the design of the workbench, and a rule for each input.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style =
        concat!(include_str!("../../design.css"), include_str!("digest.css")).to_string();
    for source in 1..=MAX_SOURCES {
        style += &format!(
            "body:has(#source-{source}:checked) [data-source]:not([data-source=\"{source}\"]){{display:none}}\n"
        );
    }
    style
});

/// The policy of pages without a style.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'";

/// The policy of the digest: its own style, by its hash, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("{NOTHING}; style-src 'sha256-{hash}'")
});

/// A page with the style of the digest. `body` is HTML.
pub(super) fn styled(language: &str, title: &str, body: &str) -> String {
    let style = format!("<style>{}</style>\n", *STYLE);
    page(language, title, &POLICY, &style, body)
}

/// A page without a style. `body` is HTML.
pub(super) fn plain(language: &str, title: &str, body: &str) -> String {
    page(language, title, NOTHING, "", body)
}

fn page(language: &str, title: &str, policy: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n{style}</head>\n\
         <body>\n{body}</body>\n</html>\n",
        xml(title)
    )
}
