//! Web addresses in feeds, absolute or relative.

use url::Url;

/// The base of links: `given`, resolved against the enclosing base.
pub(super) fn base(given: Option<&str>, around: Option<&Url>) -> Option<Url> {
    let Some(given) = given else { return around.cloned() };
    let address = resolve(given, around).and_then(|address| Url::parse(&address).ok());
    address.or_else(|| around.cloned())
}

/// True for an absolute http or https address.
pub(super) fn is_web(address: &str) -> bool {
    let begins = |scheme: &str| {
        address
            .trim_start()
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

/// An absolute web address as written, or a relative one joined to the base. `None` for other
/// schemes and for a relative address without a base.
pub(super) fn resolve(given: &str, base: Option<&Url>) -> Option<String> {
    // Some software wraps addresses, or escapes them twice.
    let address: String = given.lines().map(str::trim).collect();
    let address = address.replace("&amp;", "&").replace(' ', "%20").replace('\t', "");
    let address = match address.as_str() {
        "" => return None,
        rest if rest.starts_with("//") => format!("{}:{rest}", base.map_or("https", Url::scheme)),
        rest if rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) => {
            format!("{}://{rest}", base.map_or("https", Url::scheme))
        }
        _ => address,
    };
    match Url::parse(&address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(address),
        Ok(_) => None,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let joined = base?.join(&address).ok()?;
            matches!(joined.scheme(), "http" | "https").then(|| joined.to_string())
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_links_are_kept_and_relative_ones_resolved() {
        let site = Url::parse("https://haemin.example/news/").ok();
        for (given, link) in [
            (" https://haemin.example/a \n", Some("https://haemin.example/a")),
            ("HTTP://haemin.example/뉴스?a=1&amp;b=2", Some("HTTP://haemin.example/뉴스?a=1&b=2")),
            ("https://haemin.example/\n      long/path", Some("https://haemin.example/long/path")),
            ("https://haemin.example/a b", Some("https://haemin.example/a%20b")),
            ("/1", Some("https://haemin.example/1")),
            ("2?x#y", Some("https://haemin.example/news/2?x#y")),
            ("../3", Some("https://haemin.example/3")),
            ("//cdn.example/4", Some("https://cdn.example/4")),
            ("www.haemin.example/5", Some("https://www.haemin.example/5")),
            ("javascript:alert(1)", None),
            ("mailto:han@haemin.example", None),
            ("tag:haemin.example,2026:1", None),
            ("http://", None),
            ("", None),
        ] {
            assert_eq!(resolve(given, site.as_ref()).as_deref(), link, "{given}");
        }
        assert_eq!(resolve("/1", None), None);
        assert_eq!(
            resolve("//haemin.example/1", None).as_deref(),
            Some("https://haemin.example/1")
        );
    }

    #[test]
    fn nested_bases_are_resolved() {
        let site = Url::parse("https://haemin.example/").ok();
        let joined = |given| base(given, site.as_ref()).map(String::from);
        assert_eq!(joined(Some("news/")).as_deref(), Some("https://haemin.example/news/"));
        assert_eq!(joined(Some("https://b.example/")).as_deref(), Some("https://b.example/"));
        assert_eq!(joined(Some("javascript:")).as_deref(), Some("https://haemin.example/"));
        assert_eq!(joined(None).as_deref(), Some("https://haemin.example/"));
    }
}
