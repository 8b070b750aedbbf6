//! A listing of everything public, `docs/public-api.txt`, so that a change of it is seen in review.
//! `UPDATE=1 cargo test --release --test main public_api` writes it anew.
//!
//! It is read from the sources. cargo-public-api needs a nightly compiler, and the pages of
//! `cargo doc` have names but no signatures, and only of the enabled features. Implementations of
//! traits are not listed, derived ones are.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::layers::imports::Crate;
use crate::layers::library;
use crate::support::here;

/// An item of a file or of an `impl` block.
struct Item<'c> {
    attributes: &'c str,
    /// The text up to the body: `pub fn open(path: &str) -> Result<Self>`.
    head: &'c str,
    /// The text between the braces.
    body: &'c str,
}

impl Item<'_> {
    fn is_public(&self) -> bool {
        self.head.starts_with("pub ") && !self.attributes.contains("doc(hidden)")
    }

    /// The keyword and the name: `("fn", "open")`.
    fn kind(&self) -> (&str, &str) {
        let words = || self.head.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let mut words = words().filter(|word| !word.is_empty() && *word != "pub").peekable();
        while let Some(word) = words.next() {
            let is_prefix = matches!(word, "unsafe" | "async" | "crate" | "super" | "in")
                || (word == "const" && words.peek() == Some(&"fn"));
            if !is_prefix {
                return (word, words.next().unwrap_or_default());
            }
        }
        ("", "")
    }
}

impl<'c> Item<'c> {
    /// The text after the name, without the value of a constant.
    fn signature(&self) -> &'c str {
        let (kind, name) = self.kind();
        let rest = self.head.split_once(name).map_or("", |(_, rest)| rest);
        match kind {
            "const" | "static" => rest.split(" = ").next().unwrap_or_default(),
            _ => rest,
        }
    }
}

/// The items of a text, in order.
fn items(code: &str) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while !rest.is_empty() {
        let mut length = 0;
        while rest[length..].starts_with('#') {
            length += balanced(&rest[length..], &[']']);
            length += rest[length..].len() - rest[length..].trim_start().len();
        }
        let (attributes, item) = rest.split_at(length);
        let probe = Item { attributes, head: item, body: "" };
        let ends = match probe.kind().0 {
            "use" | "const" | "static" | "type" => &[';'][..],
            _ => &[';', '}'],
        };
        let end = balanced(item, ends);
        let text = &item[..end];
        let (head, body) = match text.find('{') {
            Some(open) if text.ends_with('}') => (&text[..open], &text[open + 1..text.len() - 1]),
            _ => (text.trim_end_matches(';'), ""),
        };
        found.push(Item { attributes, head: head.trim(), body });
        rest = item[end..].trim_start();
    }
    found
}

/// Length of a text up to and including the first of some characters outside of brackets.
fn balanced(text: &str, ends: &[char]) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth <= 0 && ends.contains(&c) {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// The parts of a text between commas outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let length = comma(rest);
        found.push(rest[..length].trim());
        rest = rest[length..].trim_start_matches(',').trim_start();
    }
    found
}

fn comma(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !text[..at].ends_with('-') => depth -= 1,
            ',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// One line, without the marks of a layout over several lines.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(").replace(", )", ")").replace(",)", ")").replace(", }", " }")
}

/// A field or variant without its attributes, and those.
fn without_attributes(part: &str) -> (&str, &str) {
    let mut length = 0;
    while part[length..].starts_with('#') {
        length += balanced(&part[length..], &[']']);
        length += part[length..].len() - part[length..].trim_start().len();
    }
    (&part[length..], &part[..length])
}

struct Listing<'c> {
    source: &'c Crate,
    /// Path and line of each item.
    lines: BTreeSet<(String, String)>,
    /// Public paths of the modules that were listed.
    seen: BTreeSet<String>,
}

impl Listing<'_> {
    /// Adds a line: keyword, public path and the rest of the item's head.
    fn add(&mut self, kind: &str, path: String, rest: &str) {
        let line = one_line(&format!("{kind} {path}{rest}"));
        let line = line.replace("#[from] ", "").replace("#[source] ", "");
        self.lines.insert((path, line));
    }

    /// Lists a module of a file.
    fn module(&mut self, path: &str, module: &[String]) {
        if !self.seen.insert(path.to_string()) {
            return;
        }
        let (index, _) = self.source.definition(module).expect("the module has a file");
        let code = self.source.files[index].code.clone();
        for item in &items(&code) {
            match item.kind() {
                // Tables that a macro makes: `checks::CHECKS`.
                ("macro_rules", _) => self.constants(path, item.body),
                _ if !item.is_public() => {}
                ("mod", name) => {
                    self.add("mod", format!("{path}::{name}"), "");
                    let child: Vec<String> =
                        module.iter().cloned().chain([name.to_string()]).collect();
                    self.module(&format!("{path}::{name}"), &child);
                }
                ("use", _) => {}
                _ => self.item(path, item, None),
            }
        }
        for (name, target) in self.source.files[index].exports.clone() {
            let Some((file, item)) = self.source.definition(&target) else { continue };
            match item {
                None => self.module(&format!("{path}::{name}"), &target),
                Some(defined) => {
                    let code = self.source.files[file].code.clone();
                    let found = items(&code);
                    let Some(item) = found.iter().find(|item| item.kind().1 == defined) else {
                        // A table that a macro makes: `formats::PAIR_FORMATS`.
                        let constant = format!("pub const {defined}:");
                        let macros = found.iter().map(|item| item.body);
                        let table = macros.into_iter().find(|body| body.contains(&constant));
                        let table =
                            table.unwrap_or_else(|| panic!("{path}::{name} has no definition"));
                        self.constants(path, table);
                        continue;
                    };
                    if item.is_public() {
                        self.item(path, item, Some(&name));
                    }
                }
            }
        }
    }

    /// Lists the constants in the body of a macro.
    fn constants(&mut self, path: &str, body: &str) {
        for constant in body.split("pub const ").skip(1) {
            let head = constant.split(" = ").next().unwrap_or_default();
            self.member("const", path, head);
        }
    }

    /// Lists an item by its public name.
    fn item(&mut self, path: &str, item: &Item<'_>, name: Option<&str>) {
        let (kind, defined) = item.kind();
        let name = name.unwrap_or(defined);
        let full = format!("{path}::{name}");
        if matches!(kind, "struct" | "enum" | "trait") {
            let derived = derived(item.attributes);
            self.add(kind, full.clone(), &derived);
            self.members(&full, kind, item);
            self.methods(&full, defined);
            return;
        }
        self.add(kind, full, item.signature());
    }

    /// Lists fields, variants and the methods of a trait.
    fn members(&mut self, full: &str, kind: &str, item: &Item<'_>) {
        if kind == "trait" {
            for method in items(item.body) {
                self.add("fn", format!("{full}::{}", method.kind().1), method.signature());
            }
            return;
        }
        for part in parts(item.body) {
            let (member, _) = without_attributes(part);
            if kind == "enum" {
                // Attributes of fields are no part of a variant's shape.
                let is_shape = |line: &&str| !line.trim_start().starts_with('#');
                let shape: Vec<&str> = member.lines().filter(is_shape).collect();
                self.member("variant", full, &shape.join("\n"));
            } else if let Some(field) = member.strip_prefix("pub ") {
                self.member("field", full, field);
            }
        }
    }

    /// Adds a line for a field or variant, which begins with its name.
    fn member(&mut self, kind: &str, full: &str, text: &str) {
        let length = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(length);
        self.add(kind, format!("{full}::{name}"), rest);
    }

    /// Lists the public methods of a type, from every `impl` block of the crate.
    fn methods(&mut self, full: &str, name: &str) {
        for file in &self.source.files {
            for block in items(&file.code) {
                let Some(rest) = block.head.strip_prefix("impl") else { continue };
                let is_of_type = !rest.contains(" for ") && implemented(rest) == name;
                for method in items(if is_of_type { block.body } else { "" }) {
                    if method.is_public() {
                        let (kind, name) = method.kind();
                        self.add(kind, format!("{full}::{name}"), method.signature());
                    }
                }
            }
        }
    }
}

/// The name of the type of an `impl` block, given the text after `impl`.
fn implemented(rest: &str) -> &str {
    let rest = rest.trim_start();
    let rest = if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        rest[end.map_or(0, |end| end + 1)..].trim_start()
    } else {
        rest
    };
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
}

/// Derived traits and `non_exhaustive`, for the line of a type.
fn derived(attributes: &str) -> String {
    let mut names = Vec::new();
    for attribute in attributes.split("#[").skip(1) {
        if let Some(list) = attribute.strip_prefix("derive(") {
            names.extend(parts(list.split(')').next().unwrap_or_default()));
        } else if attribute.starts_with("non_exhaustive") {
            names.push("non_exhaustive");
        }
    }
    names.sort_unstable();
    if names.is_empty() { String::new() } else { format!(" [{}]", names.join(", ")) }
}

fn listing() -> String {
    let source = library();
    let mut listing = Listing { source: &source, lines: BTreeSet::new(), seen: BTreeSet::new() };
    listing.module("malmoi", &[]);
    let lines: Vec<String> = listing.lines.into_iter().map(|(_, line)| line).collect();
    lines.join("\n") + "\n"
}

#[test]
fn the_listing_of_the_public_api_is_up_to_date() {
    let path: PathBuf = here("../docs/public-api.txt");
    let now = listing();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, now).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_string).collect() };
    let (old, new) = (lines(&committed), lines(&now));
    let removed: Vec<_> = old.difference(&new).collect();
    let added: Vec<_> = new.difference(&old).collect();
    assert!(
        removed.is_empty() && added.is_empty(),
        "removed: {removed:#?}\nadded: {added:#?}\nUPDATE=1 writes docs/public-api.txt anew"
    );
}
