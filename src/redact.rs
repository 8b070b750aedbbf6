//! Makes text from servers, addresses and other programs fit for a message: without secrets and
//! control characters.

/// Longest foreign text in a message, in characters.
const MAX_CHARS: usize = 300;

/// Replaces user names, passwords and access keys in a text's addresses.
///
/// ```
/// use malmoi::internals::redact::secrets;
/// let address = "http://han:s3cret@mirror.example/x?token=abc&rev=1";
/// assert_eq!(secrets(address), "http://***@mirror.example/x?token=***&rev=1");
/// assert_eq!(secrets("write to han@haemin.example"), "write to han@haemin.example");
/// ```
pub fn secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_address) {
        let end = word.trim_end_matches(ends_address).len();
        let (word, after) = word.split_at(end);
        out.push_str(&parameters_without_secrets(&users_removed(word)));
        out.push_str(after);
    }
    out
}

/// A foreign text for a message: secrets removed, control and direction characters escaped,
/// shortened.
///
/// ```
/// use malmoi::internals::redact::foreign;
/// assert_eq!(foreign("x\u{1b}[31m\u{202e}y"), "x\\u{1b}[31m\\u{202e}y");
/// ```
pub fn foreign(text: &str) -> String {
    let mut out = String::new();
    // Secrets are removed before the text is cut: half an address hides where its password ends.
    for (count, character) in secrets(text).chars().enumerate() {
        if count == MAX_CHARS {
            out.push('…');
            break;
        }
        if is_hidden(character) {
            out.extend(character.escape_unicode())
        } else {
            out.push(character)
        }
    }
    out
}

/// True for control characters (C0, C1), characters that change the reading direction, and
/// characters without width.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn ends_address(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>')
}

/// Replaces the part before the `@` in every address of a word. An address may be a parameter of
/// another.
fn users_removed(word: &str) -> String {
    const SCHEME_ENDS: &str = "://";
    let mut parts = word.split(SCHEME_ENDS);
    let first = parts.next().unwrap_or_default();
    let mut out = String::new();
    match first.rsplit_once('@') {
        // `user:password@host` without the scheme.
        Some((user, host)) if user.contains(':') && !user.starts_with("mailto:") => {
            out += "***@";
            out += host;
        }
        _ => out += first,
    }
    for part in parts {
        out += SCHEME_ENDS;
        let authority_ends = part.find(['/', '?', '#']).unwrap_or(part.len());
        let (authority, rest) = part.split_at(authority_ends);
        match (authority.rfind('@'), rest.find('@')) {
            (Some(at), _) => {
                out += "***";
                out += &authority[at..];
                out += rest;
            }
            // A password with a slash: clients disagree on its extent, so everything before the `@`
            // is replaced.
            (None, Some(at)) if authority.contains(':') && !is_port(authority) => {
                out += "***";
                out += &rest[at..];
            }
            _ => out += part,
        }
    }
    out
}

/// Replaces the values of secret parameters in queries, fragments and, after a semicolon, paths.
fn parameters_without_secrets(word: &str) -> String {
    const BORDERS: [char; 5] = ['/', '?', '#', '&', ';'];
    let mut out = String::with_capacity(word.len());
    for part in word.split_inclusive(BORDERS) {
        let end = part.trim_end_matches(BORDERS).len();
        let (parameter, after) = part.split_at(end);
        match parameter.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) && !out.is_empty() => {
                out += name;
                out += "=***";
            }
            _ => out += parameter,
        }
        out += after;
    }
    out
}

/// True for `host:8080`.
fn is_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Endings of secret parameter names: `serviceKey`, `access_token`.
#[rustfmt::skip]
const SECRET_ENDINGS: &[&str] = &[
    "key", "token", "secret", "password", "passwd", "passphrase", "pwd", "signature", "credential", "credentials", "jwt",
    "hmac", "auth", "authorization", "session", "sessionid", "sessid",
];
/// Words in secret parameter names: `pw`, `user-sid`.
const SECRET_WORDS: &[&str] = &["pass", "pw", "sig", "sid", "pin", "otp"];

/// True for a secret parameter: `token`, `api_key`, `X-Amz-Signature`.
fn is_secret(name: &str) -> bool {
    let decoded = url::form_urlencoded::parse(name.as_bytes())
        .next()
        .map(|(name, _)| name.to_ascii_lowercase());
    let name = decoded.unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']'));
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || words.any(|word| SECRET_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_from_addresses_only() {
        for (given, shown) in [
            ("https://u:p@h/simple, https://h2/x", "https://***@h/simple, https://h2/x"),
            ("https://tok@h", "https://***@h"),
            ("https://u:p@ss@h/a@b", "https://***@h/a@b"),
            ("https://u:pa/ss@h/x", "https://***@h/x"),
            ("http://h:8080/@scope/name", "http://h:8080/@scope/name"),
            ("'http://u:p@h'", "'http://***@h'"),
            ("git+https://u:p@h/x", "git+https://***@h/x"),
            ("http://h/x?X-Amz-Signature=abc&n=1", "http://h/x?X-Amz-Signature=***&n=1"),
            ("http://h/x?a=1#access_token=abc", "http://h/x?a=1#access_token=***"),
            ("no address: a@b:c", "no address: a@b:c"),
            ("bob:s3cret@host", "***@host"),
            ("bob:s3@cret@host", "***@host"),
            ("mailto:han@haemin.example", "mailto:han@haemin.example"),
            ("http://h/?to=http://u:p@i/x&key=1", "http://h/?to=http://***@i/x&key=***"),
            ("token=1", "token=1"),
            ("http://김:비번@호스트/길", "http://***@호스트/길"),
            ("://", "://"),
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
            assert_eq!(secrets(given), shown, "{given}");
            assert_eq!(secrets(shown), shown, "{shown}");
        }
    }

    #[test]
    fn a_long_text_is_shortened() {
        assert_eq!(foreign(&"가".repeat(1000)).chars().count(), MAX_CHARS + 1);
    }
}
