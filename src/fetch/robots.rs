//! The robots.txt of a host (RFC 9309).

use url::Url;

/// The rules of a host for one user agent.
#[derive(Debug, Default)]
pub(super) struct Robots {
    rules: Vec<RobotsRule>,
}

#[derive(Debug, Clone)]
struct RobotsRule {
    is_allow: bool,
    pattern: String,
}

impl Robots {
    /// Parses the rules for a user agent, or for all if there are none for it.
    pub fn read(text: &str, agent: &str) -> Self {
        let (mut ours, mut all) = (Vec::new(), Vec::new());
        let (mut for_us, mut for_all, mut named, mut in_rules) = (false, false, false, false);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    // The names of a group precede its rules; a name after a rule begins another
                    // group.
                    if std::mem::take(&mut in_rules) {
                        (for_us, for_all) = (false, false);
                    }
                    for_us |= value.eq_ignore_ascii_case(agent);
                    for_all |= value == "*";
                    named |= for_us;
                }
                "allow" | "disallow" => {
                    in_rules = true;
                    let rule = RobotsRule { is_allow: key == "allow", pattern: encoded(value) };
                    // An empty pattern matches nothing.
                    if for_us && !value.is_empty() {
                        ours.push(rule.clone());
                    }
                    if for_all && !value.is_empty() {
                        all.push(rule);
                    }
                }
                _ => {}
            }
        }
        Self { rules: if named { ours } else { all } }
    }

    /// True if a URL may be read. The longest matching rule decides, on ties the one that allows.
    pub fn allow(&self, url: &Url) -> bool {
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_string(),
        };
        let path = encoded(&path);
        self.rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &path))
            .max_by_key(|rule| (rule.pattern.len(), rule.is_allow))
            .is_none_or(|rule| rule.is_allow)
    }
}

/// A path with other than ASCII characters percent-encoded (RFC 9309, 2.2.2).
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let bytes = path.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let in_escape = (at >= 1 && bytes[at - 1] == b'%') || (at >= 2 && bytes[at - 2] == b'%');
        match byte {
            byte if in_escape && byte.is_ascii() => out.push(byte.to_ascii_uppercase() as char),
            byte if byte.is_ascii() => out.push(*byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// True if a pattern matches the beginning of a path; `*` matches anything, `$` the end.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        if last && to_end {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    !to_end || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(text: &str, path: &str) -> bool {
        Robots::read(text, "malmoi")
            .allow(&Url::parse(&format!("https://a.example{path}")).unwrap())
    }

    #[test]
    fn the_longest_rule_decides() {
        let rules = "User-agent: *\nDisallow: /private # not for you\nAllow: /private/news\n";
        assert!(allows(rules, "/"));
        assert!(!allows(rules, "/private/mail"));
        assert!(allows(rules, "/private/news/1"));
        assert!(allows("", "/anything"));
        assert!(allows("User-agent: *\nDisallow:\n", "/anything"));
        assert!(!allows("User-agent: *\nDisallow: /\n", "/"));
    }

    #[test]
    fn a_group_for_this_program_replaces_the_one_for_all() {
        let rules =
            "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Malmoi\nDisallow: /x\n";
        assert!(allows(rules, "/news"));
        assert!(!allows(rules, "/x/1"));
        assert!(!allows("User-agent: other\nAllow: /\nUser-agent: *\nDisallow: /", "/news"));
    }

    #[test]
    fn patterns_have_wildcards_and_ends() {
        let rules = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /search?*q=\n";
        assert!(!allows(rules, "/a/b.pdf"));
        assert!(allows(rules, "/a/b.pdf.html"));
        assert!(!allows(rules, "/search?x=1&q=2"));
        assert!(allows(rules, "/search"));
        assert!(!allows("User-agent: *\nDisallow: /뉴스/", "/뉴스/1"));
        assert!(!allows("User-agent: *\nDisallow: /%eb%89%b4", "/뉴스"));
    }
}
