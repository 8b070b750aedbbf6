//! Front matter of prompt files: lines of `key: value` between two lines of `---`.

use std::collections::BTreeMap;

/// The keys of front matter.
const KEYS: &[&str] = &["task", "for", "describe", "stop", "system", "examples"];

/// Splits a prompt file into the keys and raw values of its front matter, and its body.
pub(super) fn front_matter(file: &str) -> Result<(BTreeMap<&str, String>, String), String> {
    let file = file.strip_prefix('\u{FEFF}').unwrap_or(file);
    let mut lines = file.split_inclusive('\n');
    if lines.next().map(str::trim_end) != Some("---") {
        return Err("does not begin with front matter (a line of ---)".into());
    }
    let mut front = BTreeMap::new();
    let mut closed = false;
    for line in lines.by_ref().map(str::trim) {
        if line == "---" {
            closed = true;
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| format!("front matter has `{line}`, not `key: value`"))?;
        let key = key.trim();
        if !KEYS.contains(&key) {
            return Err(format!("unknown key `{key}` in front matter; known: {}", KEYS.join(", ")));
        }
        if front.insert(key, value.trim().to_string()).is_some() {
            return Err(format!("front matter has `{key}` twice"));
        }
    }
    if !closed {
        return Err("its front matter does not end (a second line of ---)".into());
    }
    Ok((front, lines.collect::<String>().replace("\r\n", "\n")))
}

/// Parses a value: bare words, or a JSON string if it needs escapes.
pub(super) fn string(value: &str) -> Result<String, String> {
    if value.starts_with('"') {
        serde_json::from_str(value)
            .map_err(|error| format!("{value} is not a quoted string: {error}"))
    } else {
        Ok(value.to_string())
    }
}

/// Parses a JSON list of strings, or a single value.
pub(super) fn list(value: &str) -> Result<Vec<String>, String> {
    if value.starts_with('[') {
        serde_json::from_str(value)
            .map_err(|error| format!("{value} is not a list of quoted strings: {error}"))
    } else {
        Ok(vec![string(value)?])
    }
}
