//! What both standards need: partners of pairs, ids given once, and lists of attributes. Knows no
//! element.

use std::collections::{HashMap, HashSet};

use crate::formats::pairs::{Inline, Tag};

/// The partners of starts and ends of pairs, found in reading order.
#[derive(Default)]
pub struct Pairs {
    /// For each start or end, in reading order, the number of its pair; `None` without a partner.
    pub numbers: Vec<Option<usize>>,
    /// Positions in `numbers` of the starts without an end so far, by their keys.
    open: HashMap<String, Vec<usize>>,
    /// Number of pairs.
    pub count: usize,
}

impl Pairs {
    pub fn start(&mut self, key: Option<&str>) {
        if let Some(key) = key {
            self.open.entry(key.to_string()).or_default().push(self.numbers.len());
        }
        self.numbers.push(None);
    }

    pub fn end(&mut self, key: Option<&str>) {
        let start = key.and_then(|key| self.open.get_mut(key)?.pop());
        if let Some(start) = start {
            self.numbers[start] = Some(self.count);
        }
        self.numbers.push(start.map(|_| self.count));
        self.count += usize::from(start.is_some());
    }
}

/// Ids that are given once each.
#[derive(Default)]
pub struct Ids {
    pub used: HashSet<String>,
    last: usize,
}

impl Ids {
    /// Marks an id as given; false if it was.
    pub fn take(&mut self, id: &str) -> bool {
        self.used.insert(id.to_string())
    }

    /// An id that was not given, of a prefix and a number.
    pub fn fresh(&mut self, prefix: &str) -> String {
        loop {
            self.last += 1;
            let id = format!("{prefix}{}", self.last);
            if self.take(&id) {
                return id;
            }
        }
    }
}

/// The tag with only those attributes, each once, in the order of the tag.
pub fn kept(tag: &Tag, allowed: impl Fn(&str, &str) -> bool) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in &tag.attributes {
        if allowed(name, value) && kept.iter().all(|(other, _)| other != name) {
            kept.push((name.clone(), value.clone()));
        }
    }
    kept
}

/// Appends a part; texts that meet become one.
pub fn push(out: &mut Vec<Inline>, part: Inline) {
    match (out.last_mut(), part) {
        (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
        (_, Inline::Text(text)) if text.is_empty() => {}
        (_, part) => out.push(part),
    }
}

pub fn set(attributes: &mut Vec<(String, String)>, name: &str, value: impl Into<String>) {
    let value = value.into();
    match attributes.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = value,
        None => attributes.push((name.to_string(), value)),
    }
}

pub fn value<'t>(attributes: &'t [(String, String)], name: &str) -> Option<&'t str> {
    attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}
