//! YAML files of keys with a value or a list each, as trainers write their options. Nested
//! mappings, anchors and texts over several lines are not read: no such file has them.

use std::collections::HashMap;

/// The values of a file by their keys.
#[derive(Debug, Default)]
pub(crate) struct FlatYaml(HashMap<String, Vec<String>>);

impl FlatYaml {
    pub fn parse(text: &str) -> Self {
        Self(values(text))
    }

    /// The only value of a key, which may be empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        let [value] = self.list(key)? else { return None };
        Some(value)
    }

    /// All values of a key.
    pub fn list(&self, key: &str) -> Option<&[String]> {
        self.0.get(key).map(Vec::as_slice)
    }
}

fn values(text: &str) -> HashMap<String, Vec<String>> {
    let mut values: HashMap<String, Vec<String>> = HashMap::new();
    let mut last: Option<&str> = None;
    for line in text.lines().map(without_comment) {
        let item = line.trim_start().strip_prefix('-').filter(|_| !line.starts_with("---"));
        match (item, line.split_once(':')) {
            (Some(item), _) => {
                if let Some(list) = last.and_then(|key| values.get_mut(key)) {
                    // The key of a list has no value of its own.
                    list.retain(|value| !value.is_empty());
                    list.push(plain(item));
                }
            }
            (None, Some((key, value))) if !key.starts_with(char::is_whitespace) => {
                last = Some(key);
                let flow = value.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
                let list = match flow {
                    Some(list) => list.split(',').map(plain).collect(),
                    None => vec![plain(value)],
                };
                values.insert(key.to_string(), list);
            }
            _ => {}
        }
    }
    values
}

fn without_comment(line: &str) -> &str {
    match line.find(" #") {
        Some(at) => &line[..at],
        None if line.starts_with('#') => "",
        None => line,
    }
}

/// A scalar without space and quotation marks around it.
fn plain(value: &str) -> String {
    let value = value.trim();
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote).and_then(|value| value.strip_suffix(*quote)));
    quoted.unwrap_or(value).to_string()
}
