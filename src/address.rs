//! Secrets in addresses, hidden before an address reaches a message, progress line or result.

/// The replacement for a secret.
const HIDDEN: &str = "***";
/// Endings of parameter names that hold secrets: `serviceKey`, `access_token`.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "key", "token", "secret", "password", "passwd", "passphrase", "pwd", "signature", "credential", "credentials", "jwt",
    "hmac", "auth", "authorization", "session", "sessionid", "sessid",
];
/// Words in parameter names that hold secrets: `pw`, `user-sid`.
const NAMES: &[&str] = &["pass", "pw", "sig", "sid", "pin", "otp"];

/// A text with the secrets in its addresses hidden: user names and passwords before a host, and
/// values of parameters named like keys, tokens or signatures.
///
/// ```
/// use malmoi::redacted;
/// assert_eq!(redacted("https://han:sea@haemin.example/rss?key=1&page=2"), "https://***@haemin.example/rss?key=***&page=2");
/// assert_eq!(redacted("inbox/rss.xml"), "inbox/rss.xml");
/// ```
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`');
        let end = after.find(ends).unwrap_or(after.len());
        // One may be the value of another's parameter: it begins anew.
        let (address, behind) = after.split_at(after[..end].find("://").unwrap_or(end));
        out.push_str(&hidden(address));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// An address without its scheme.
fn hidden(address: &str) -> String {
    let host_end = address.find(['/', '?', '#', '\\']).unwrap_or(address.len());
    let (authority, path) = address.split_at(host_end);
    let mut out = String::with_capacity(address.len());
    let mut rest = path;
    match (authority.rfind('@'), authority.split_once(':')) {
        (Some(at), _) => out.push_str(&format!("{HIDDEN}{}", &authority[at..])),
        // "han:se/a@haemin.example": a password with a character that had to be escaped.
        (None, Some((_, port))) if port.contains(|c: char| !c.is_ascii_digit()) && path.contains('@') => {
            let at = path.rfind('@').unwrap_or(0);
            out.push_str(HIDDEN);
            rest = &path[at..];
        }
        _ => out.push_str(authority),
    }
    // Parameters stand in queries, fragments and, after a semicolon, in paths.
    for part in rest.split_inclusive(['/', '?', '&', ';', '#']) {
        let (given, border) = match part.chars().last() {
            Some('/' | '?' | '&' | ';' | '#') => part.split_at(part.len() - 1),
            _ => (part, ""),
        };
        match given.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) => {
                out.push_str(&format!("{name}={HIDDEN}"));
            }
            _ => out.push_str(given),
        }
        out.push_str(border);
    }
    out
}

fn is_secret(name: &str) -> bool {
    let decoded =
        url::form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name.to_ascii_lowercase());
    let name = decoded.unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']'));
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || words.any(|word| NAMES.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_nothing_else_is() {
        for (address, shown) in [
            ("https://a:b@h.example/", "https://***@h.example/"),
            ("https://a@h.example:8443/x", "https://***@h.example:8443/x"),
            ("https://a:p@ss@h.example/", "https://***@h.example/"),
            ("https://a:p/ss@h.example/x", "https://***@h.example/x"),
            ("https://h.example:8080/x@2", "https://h.example:8080/x@2"),
            (
                "https://h.example/r?apiKey=1&x=2&access_token=3#token=4",
                "https://h.example/r?apiKey=***&x=2&access_token=***#token=***",
            ),
            ("https://h.example/r?serviceKey=a%2Fb%3D%3D", "https://h.example/r?serviceKey=***"),
            (
                "https://h.example/r?X-Amz-Signature=1&X-Amz-Date=2",
                "https://h.example/r?X-Amz-Signature=***&X-Amz-Date=2",
            ),
            ("https://h.example/r;jsessionid=1?q=2", "https://h.example/r;jsessionid=***?q=2"),
            ("https://h.example/r?%6bey=1", "https://h.example/r?%6bey=***"),
            ("https://h.example/r?keyword=port&page=2", "https://h.example/r?keyword=port&page=2"),
            (
                "https://h.example/r?url=https://a:b@c.example/?key=1",
                "https://h.example/r?url=https://***@c.example/?key=***",
            ),
            (
                "https://h.example/?key=1 redirects to https://a:b@c.example/, which fails",
                "https://h.example/?key=*** redirects to https://***@c.example/, which fails",
            ),
            ("a@b.example: key=1", "a@b.example: key=1"),
        ] {
            assert_eq!(redacted(address), shown, "{address}");
            assert_eq!(redacted(shown), shown, "{shown}");
        }
    }
}
