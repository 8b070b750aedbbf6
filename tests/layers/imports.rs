//! Imports between the files of a crate, read from their sources.
//!
//! The rule: file A imports file B if the code of A, tests and comments aside, names an item that B
//! defines, in a `use` or in a path. A re-exported name is followed to the file that defines it, so
//! that a `mod.rs` of declarations and re-exports imports nothing and is imported by none. Not
//! imports: `mod child;`; `pub use`, unless the file uses the name itself; and the rows of a table
//! (a constant, or a macro call that makes one) that register children of the file. Calls of
//! methods name no file and are not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file of a crate.
pub struct SourceFile {
    /// Path below the crate's root folder: `formats/mod.rs`.
    pub name: String,
    /// The code without comments, literals and tests.
    pub code: String,
    /// Path of its module: `["formats"]`; empty for the root.
    pub module: Vec<String>,
    /// Modules it declares.
    children: BTreeSet<String>,
    /// Names it imports, with the full path of each; `*` for a glob.
    imports: Vec<(String, Vec<String>)>,
    /// Names it re-exports, in the same form.
    pub exports: Vec<(String, Vec<String>)>,
    /// Full paths in its code.
    paths: BTreeSet<Vec<String>>,
    /// Identifiers of its code outside `use`.
    words: BTreeSet<String>,
    /// Names of items it defines.
    items: BTreeSet<String>,
}

/// The files of a crate, tests apart.
pub struct Crate {
    pub files: Vec<SourceFile>,
}

/// Every Rust file of a folder, sorted by name.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

impl Crate {
    /// Reads the files of a folder but those of `except`, a folder in it.
    pub fn read(root: &Path, except: &str) -> Self {
        let mut files = Vec::new();
        let mut tests = BTreeSet::new();
        for path in rust_files(root) {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if !except.is_empty() && name.starts_with(except) {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let (code, modules) = without_tests(&without_literals(&text));
            let folder = module_folder(&name);
            tests.extend(modules.iter().map(|module| format!("{folder}{module}.rs")));
            files.push(SourceFile::read(name, code));
        }
        let is_test = |name: &str| tests.contains(name) || name.ends_with("tests.rs");
        files.retain(|file| !is_test(&file.name));
        Self { files }
    }

    /// For each file the files it imports.
    pub fn imports(&self) -> Vec<BTreeSet<usize>> {
        let mut all = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let mut targets = BTreeSet::new();
            for path in &file.paths {
                targets.extend(self.file_of(path));
            }
            for (name, path) in &file.imports {
                // A glob names no item; its names are followed where they are used.
                if name != "*" {
                    targets.extend(self.file_of(path));
                }
            }
            for (name, path) in &file.exports {
                if file.words.contains(name) {
                    targets.extend(self.file_of(path));
                }
            }
            targets.remove(&index);
            all.push(targets);
        }
        all
    }

    fn file(&self, module: &[String]) -> Option<usize> {
        self.files.iter().position(|file| file.module == module)
    }

    /// The file that defines the item at a path from the root.
    fn file_of(&self, path: &[String]) -> Option<usize> {
        self.definition(path).map(|(file, _)| file)
    }

    /// The file that defines the item at a path from the root, and the item's name there; a module
    /// has no name.
    pub fn definition(&self, path: &[String]) -> Option<(usize, Option<String>)> {
        self.resolve(&[], path, 0)
    }

    fn resolve(
        &self,
        module: &[String],
        path: &[String],
        depth: usize,
    ) -> Option<(usize, Option<String>)> {
        const LONGEST_CHAIN: usize = 8;
        let index = self.file(module)?;
        let file = &self.files[index];
        let Some((first, rest)) = path.split_first() else { return Some((index, None)) };
        let here = Some((index, Some(first.clone())));
        if file.children.contains(first) {
            let mut child = module.to_vec();
            child.push(first.clone());
            if self.file(&child).is_some() {
                return self.resolve(&child, rest, depth);
            }
        }
        if depth > LONGEST_CHAIN || file.items.contains(first) {
            return here;
        }
        let all = || file.exports.iter().chain(&file.imports);
        if let Some((_, target)) = all().find(|(name, _)| name == first) {
            let target: Vec<String> = target.iter().chain(rest).cloned().collect();
            return self.resolve(&[], &target, depth + 1);
        }
        for (_, target) in all().filter(|(name, _)| name == "*") {
            if let Some((found, _)) = self.resolve(&[], target, depth + 1)
                && self.files[found].items.contains(first)
            {
                return Some((found, Some(first.clone())));
            }
        }
        here
    }

    /// Groups of files that import each other in a circle, by name.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let imports = self.imports();
        let reach: Vec<BTreeSet<usize>> =
            (0..self.files.len()).map(|start| reachable(&imports, start)).collect();
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for start in 0..self.files.len() {
            if seen.contains(&start) || !reach[start].contains(&start) {
                continue;
            }
            let members: Vec<usize> = reach[start]
                .iter()
                .copied()
                .filter(|other| reach[*other].contains(&start))
                .collect();
            seen.extend(members.iter().copied());
            circles.push(members.iter().map(|member| &*self.files[*member].name).collect());
        }
        circles
    }

    /// For each group of files the groups it imports. Files without a group are left out.
    pub fn groups(
        &self,
        group: impl Fn(&str) -> Option<String>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, imports) in self.files.iter().zip(self.imports()) {
            let Some(from) = group(&file.name) else { continue };
            let targets = all.entry(from.clone()).or_default();
            for to in imports.iter().filter_map(|target| group(&self.files[*target].name)) {
                if to != from {
                    targets.insert(to);
                }
            }
        }
        all
    }

    /// The files that import `to` among those that `from` holds for.
    pub fn who_imports(
        &self,
        from: &dyn Fn(&str) -> bool,
        to: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for (file, imports) in self.files.iter().zip(self.imports()) {
            for target in imports.iter().map(|target| &self.files[*target].name) {
                if from(&file.name) && to(target) {
                    found.push(format!("{} imports {target}", file.name));
                }
            }
        }
        found
    }
}

fn reachable(imports: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<usize> = imports[start].iter().copied().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(&imports[next]);
        }
    }
    reached
}

/// The folder of a file's child modules, with a slash: `formats/` for `formats/mod.rs`.
fn module_folder(name: &str) -> String {
    match name {
        "lib.rs" | "main.rs" => String::new(),
        _ => match name.strip_suffix("mod.rs") {
            Some(folder) => folder.to_string(),
            None => format!("{}/", name.trim_end_matches(".rs")),
        },
    }
}

impl SourceFile {
    fn read(name: String, code: String) -> Self {
        let folder = module_folder(&name);
        let module: Vec<String> =
            folder.split('/').filter(|part| !part.is_empty()).map(str::to_string).collect();
        let mut file = Self {
            name,
            code: String::new(),
            module,
            children: BTreeSet::new(),
            imports: Vec::new(),
            exports: Vec::new(),
            paths: BTreeSet::new(),
            words: BTreeSet::new(),
            items: BTreeSet::new(),
        };
        // The first declaration of a file has a token before it, too.
        let tokens: Vec<&str> = [";"].into_iter().chain(tokens(&code)).collect();
        for window in tokens.windows(4) {
            let [before, word, name, after] = *window else { continue };
            // A table of members declares them: `mod qwen: "qwen2" => qwen2;`.
            if word == "mod" && matches!(after, ";" | ":") {
                file.children.insert(name.to_string());
            }
            // The word of `'static` defines nothing.
            if before != "'" && DEFINING.contains(&word) && is_name(name) {
                file.items.insert(name.to_string());
            }
        }
        file.walk(&tokens);
        file.code = code;
        file
    }

    /// Reads `use` declarations and paths. `super` in an inline module is counted from there.
    fn walk(&mut self, tokens: &[&str]) {
        let (mut at, mut depth) = (0, 0);
        // Depths of braces at which inline modules end.
        let mut inline: Vec<usize> = Vec::new();
        let mut table_end = 0;
        while at < tokens.len() {
            if is_table(&tokens[at..]) && at >= table_end {
                table_end = at + statement_length(&tokens[at..]);
            }
            match tokens[at] {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    inline.retain(|end| *end <= depth);
                }
                "mod" if tokens.get(at + 2) == Some(&"{") => inline.push(depth + 1),
                "use" => {
                    let end = at + tokens[at..].iter().position(|token| *token == ";").unwrap();
                    let is_export = at > 0 && matches!(tokens[at - 1], "pub" | ")");
                    let mut leaves = Vec::new();
                    use_tree(&tokens[at + 1..end], &[], &mut leaves);
                    for (name, path) in leaves {
                        if let Some(path) = self.full_path(&path, inline.len()) {
                            if is_export { &mut self.exports } else { &mut self.imports }
                                .push((name, path));
                        }
                    }
                    at = end;
                }
                token if is_name(token) => {
                    let is_start = at == 0 || !matches!(tokens[at - 1], "::" | "." | "mod");
                    let mut path = vec![token.to_string()];
                    let mut next = at + 1;
                    while is_start
                        && tokens.get(next) == Some(&"::")
                        && tokens.get(next + 1).is_some_and(|token| is_name(token))
                    {
                        path.push(tokens[next + 1].to_string());
                        next += 2;
                    }
                    let registers = at < table_end && self.children.contains(&path[0]);
                    let is_visibility = at > 0 && tokens[at - 1] == "in";
                    if path.len() > 1
                        && !registers
                        && !is_visibility
                        && let Some(path) = self.full_path(&path, inline.len())
                    {
                        self.paths.insert(path);
                    }
                    self.words.extend(path);
                    at = next - 1;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// A path from the crate's root; `None` for one into another crate.
    fn full_path(&self, path: &[String], inline: usize) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut full = match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" | "super" => self.module.clone(),
            child if self.children.contains(child) => {
                return Some(self.module.iter().chain(path).cloned().collect());
            }
            _ => return None,
        };
        let supers = path.iter().take_while(|part| *part == "super").count();
        full.truncate(full.len().saturating_sub(supers.saturating_sub(inline)));
        let rest = path.iter().skip_while(|part| matches!(part.as_str(), "super" | "self"));
        Some(full.into_iter().chain(rest.cloned()).collect())
    }
}

/// Words that an item's name follows.
const DEFINING: &[&str] =
    &["fn", "struct", "enum", "trait", "const", "static", "type", "union", "macro_rules"];

/// True if a constant, a static or a macro call with braces begins here.
fn is_table(tokens: &[&str]) -> bool {
    let is_constant = matches!(tokens, ["const" | "static", name, ":", ..] if is_name(name));
    is_constant || matches!(tokens, [name, "!", "{", ..] if is_name(name) && *name != "macro_rules")
}

/// Tokens up to the semicolon or the closing brace that ends a statement.
fn statement_length(tokens: &[&str]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        let is_macro_end = *token == "}" && tokens[1] == "!";
        if depth == 0 && (*token == ";" || is_macro_end) {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "as"
}

/// The leaves of a `use` tree: local name and path.
fn use_tree(tokens: &[&str], prefix: &[String], leaves: &mut Vec<(String, Vec<String>)>) {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at] {
            "::" => {}
            "*" => {
                leaves.push(("*".to_string(), path.clone()));
                return;
            }
            "as" => {
                leaves.push((tokens[at + 1].to_string(), path));
                return;
            }
            "{" => {
                let (mut depth, mut start) = (0, at + 1);
                for end in at..tokens.len() {
                    match tokens[end] {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 || (depth == 1 && tokens[end] == ",") {
                        use_tree(&tokens[start..end], &path, leaves);
                        start = end + 1;
                    }
                    if depth == 0 {
                        return;
                    }
                }
            }
            "self" if !path.is_empty() => {}
            token => path.push(token.to_string()),
        }
        at += 1;
    }
    if path.len() > prefix.len() || tokens.contains(&"self") {
        leaves.push((path.last().unwrap().clone(), path));
    }
}

/// Identifiers, `::` and single characters.
fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

/// The text without comments, and with nothing in its string and character literals.
pub fn without_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = string_length(rest, code.chars().next_back()) {
            code.push_str("\"\"");
            length
        } else if c == '\''
            && let Some(length) = char_length(rest)
        {
            code.push_str("' '");
            length
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    code
}

/// Length of the string literal a text begins with.
fn string_length(text: &str, before: Option<char>) -> Option<usize> {
    if let Some(inner) = text.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                '"' if !escaped => return Some(at + 2),
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
        return Some(text.len());
    }
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let marks = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let count = marks.len() - marks.trim_start_matches('#').len();
    let inner = marks[count..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(count));
    Some(text.len() - inner.len() + inner.find(&end)? + end.len())
}

/// Length of the character literal a text begins with; `None` for a lifetime.
fn char_length(text: &str) -> Option<usize> {
    let inner = &text[1..];
    if let Some(escape) = inner.strip_prefix('\\') {
        let skipped = escape.chars().next()?.len_utf8();
        return Some(2 + skipped + escape[skipped..].find('\'')? + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(first + 2)
}

/// The code without items for tests, and the modules for tests that it declares.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let mut kept = String::new();
    let mut modules = Vec::new();
    let mut rest = code;
    while let Some(at) =
        ["#[cfg(test)]", "#[cfg(doctest)]"].iter().filter_map(|mark| rest.find(mark)).min()
    {
        kept.push_str(&rest[..at]);
        let item = &rest[at..];
        // The attributes of the item end where a line begins without one.
        let end = item_end(item);
        if let Some((_, declared)) = item[..end].rsplit_once("mod ")
            && let Some(module) = declared.trim().strip_suffix(';')
        {
            modules.push(module.to_string());
        }
        rest = &item[end..];
    }
    kept.push_str(rest);
    (kept, modules)
}

/// Where the first item of a text ends: at a semicolon or at the end of its braces.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 && c == '}' {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}
