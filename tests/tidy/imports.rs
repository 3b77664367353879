//! Who imports whom: every `crate::` path of `src` is followed through `pub use` to the file that defines its target.
//!
//! ```text
//! modules   file → module path; its `pub use` lines: name → path
//! edges     for each `crate::` path outside tests: walk modules; at a name that a module re-exports go on at its
//!           target; the file where the walk ends is imported
//! circles   strongly connected components of that graph (Tarjan)
//! ```
//!
//! A `mod.rs`'s `mod` and `pub use` lines are its façade, not imports. Test modules may import what they like.

use std::collections::{BTreeMap, BTreeSet};

/// A file of `src` with the paths that it imports.
struct Module {
    /// Relative to `src`.
    file: String,
    exports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Absolute paths, without `crate`.
    uses: BTreeSet<Vec<String>>,
}

/// The imports between the files of `src`.
pub struct Imports {
    pub edges: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// Reads the imports of these files: path relative to `src`, and text.
    pub fn of<'a>(sources: impl Iterator<Item = (String, &'a str)>) -> Imports {
        let modules: BTreeMap<Vec<String>, Module> = sources
            .filter(|(file, _)| !is_test(file))
            .map(|(file, text)| (module_path(&file), module(file, text)))
            .collect();
        let mut edges = BTreeMap::new();
        for module in modules.values() {
            let targets: BTreeSet<String> = module
                .uses
                .iter()
                .filter_map(|path| resolve(&modules, path, 0))
                .filter(|target| *target != module.file)
                .collect();
            edges.insert(module.file.clone(), targets);
        }
        Imports { edges }
    }

    /// Imports inside `room` against the order of its inner rooms, as `from → to`.
    pub fn upward(&self, room: &str, order: &[&str]) -> Vec<String> {
        let rank = |file: &str| {
            let inner = file.strip_prefix(room)?.strip_prefix('/')?.split('/').next()?;
            order.iter().position(|name| *name == inner.trim_end_matches(".rs"))
        };
        let mut found = Vec::new();
        for (from, targets) in &self.edges {
            for to in targets {
                if rank(from).zip(rank(to)).is_some_and(|(from, to)| to > from) {
                    found.push(format!("{from} → {to}"));
                }
            }
        }
        found
    }

    /// Groups of files that reach one another by imports, the largest first; a file alone is none.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let mut search = Tarjan {
            edges: &self.edges,
            index: BTreeMap::new(),
            low: BTreeMap::new(),
            stack: Vec::new(),
            found: Vec::new(),
        };
        for file in self.edges.keys() {
            if !search.index.contains_key(file.as_str()) {
                search.visit(file);
            }
        }
        let mut circles = search.found;
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// `store/mod.rs` → `[store]`, `store/cases/open.rs` → `[store, cases, open]`, `lib.rs` → `[]`.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(String::from).collect() }
}

fn module(file: String, text: &str) -> Module {
    let own = module_path(&file);
    let code = code(text);
    let (mut exports, mut globs, mut uses) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    let mut facade = BTreeSet::new();
    let public = |at: &usize| {
        let before = code[..*at].trim_end();
        before.ends_with("pub") || before.ends_with(')') && before.contains("pub(")
    };
    let reexports = code.match_indices("use ").map(|(at, _)| at).filter(public);
    for at in reexports.map(|at| at + "use ".len()) {
        for (path, name) in tree(&code[at..]) {
            let path = absolute(&own, path);
            if name == "*" {
                globs.push(path);
            } else {
                exports.insert(name, path);
            }
        }
        facade.insert(at);
    }
    let starts = code.match_indices("crate::").map(|(at, _)| at);
    let starts = starts
        .filter(|&at| !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_$".contains(c)));
    for at in starts.filter(|at| !facade.contains(at)) {
        let is_use = code[..at].ends_with("use ");
        for (path, name) in tree(&code[at..]) {
            let path = absolute(&own, path);
            let through = if is_use { qualified(&code, &name, &path) } else { Vec::new() };
            if through.is_empty() {
                uses.insert(path);
            }
            uses.extend(through);
        }
    }
    Module { file, exports, globs, uses }
}

/// Paths that code writes through an imported name: `outbox::emit` after `use crate::store::webhooks::outbox`.
fn qualified(code: &str, name: &str, path: &[String]) -> Vec<Vec<String>> {
    let written = format!("{name}::");
    let starts = code.match_indices(&written).map(|(at, _)| at);
    let apart =
        |at: &usize| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
    starts
        .filter(apart)
        .flat_map(|at| tree(&code[at + written.len()..]))
        .map(|(rest, _)| path.iter().cloned().chain(rest).collect())
        .collect()
}

/// The text without comments and without its test modules, which stand last.
fn code(text: &str) -> String {
    let text = text.split_once("#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code);
    let cut = |line: &str| line[..line.find("//").unwrap_or(line.len())].trim().to_string();
    text.lines().map(cut).collect::<Vec<_>>().join(" ")
}

/// The paths of a tree such as `a::{self, b::C, d as e}`, each with the name that it gets.
fn tree(text: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    branch(text, &mut Vec::new(), &mut found);
    found
}

/// Reads one branch of a tree and returns what follows it.
fn branch<'a>(
    mut text: &'a str,
    path: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, String)>,
) -> &'a str {
    let depth = path.len();
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('{') {
            text = rest;
            while !text.trim_start().starts_with('}') && !text.is_empty() {
                text = branch(text, path, found).trim_start();
                text = text.strip_prefix(',').unwrap_or(text);
            }
            text = text.trim_start().strip_prefix('}').unwrap_or("");
            break;
        }
        if let Some(rest) = text.strip_prefix('*') {
            found.push((path.clone(), "*".into()));
            text = rest;
            break;
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if word.is_empty() {
            // Not a tree after all: `<`, a macro's `$`. The bound keeps the caller's loop going.
            return text.get(1..).unwrap_or("");
        }
        if word != "self" || path.is_empty() {
            path.push(word.into());
        }
        if let Some(rest) = rest.strip_prefix("::") {
            text = rest;
            continue;
        }
        let renamed = rest.trim_start().strip_prefix("as ").map(str::trim_start);
        let name = renamed.map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest.split_at(end)
        });
        text = name.map_or(rest, |(_, rest)| rest);
        let own = path.last().cloned().unwrap_or_default();
        found.push((path.clone(), name.map_or(own, |(name, _)| name.into())));
        break;
    }
    path.truncate(depth);
    text
}

/// A path as written in module `own`, from the root of the crate.
fn absolute(own: &[String], path: Vec<String>) -> Vec<String> {
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        Some("self") => own.iter().cloned().chain(path[1..].iter().cloned()).collect(),
        Some("super") => {
            own[..own.len() - 1].iter().cloned().chain(path[1..].iter().cloned()).collect()
        }
        _ => own.iter().cloned().chain(path).collect(),
    }
}

/// The file that defines what an absolute path names.
fn resolve(
    modules: &BTreeMap<Vec<String>, Module>,
    path: &[String],
    depth: usize,
) -> Option<String> {
    if depth > 8 {
        return None;
    }
    let known = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length]))?;
    let module = &modules[&path[..known]];
    let Some((name, rest)) = path[known..].split_first() else { return Some(module.file.clone()) };
    if let Some(target) = module.exports.get(name) {
        let whole: Vec<String> = target.iter().chain(rest).cloned().collect();
        return resolve(modules, &whole, depth + 1);
    }
    let through = module.globs.iter().find_map(|glob| {
        let at = modules.get(glob)?;
        at.exports.contains_key(name).then(|| [glob, &path[known..]].concat())
    });
    match through {
        Some(whole) => resolve(modules, &whole, depth + 1),
        None => Some(module.file.clone()),
    }
}

/// Tarjan's search for strongly connected components.
struct Tarjan<'a> {
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    index: BTreeMap<&'a str, usize>,
    low: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Tarjan<'a> {
    fn visit(&mut self, file: &'a str) {
        let number = self.index.len();
        self.index.insert(file, number);
        self.low.insert(file, number);
        self.stack.push(file);
        for next in self.edges.get(file).into_iter().flatten() {
            if !self.index.contains_key(next.as_str()) {
                self.visit(next);
                self.low.insert(file, self.low[file].min(self.low[next.as_str()]));
            } else if self.stack.contains(&next.as_str()) {
                self.low.insert(file, self.low[file].min(self.index[next.as_str()]));
            }
        }
        if self.low[file] == number {
            let at = self.stack.iter().position(|one| *one == file).unwrap_or(0);
            let circle: Vec<String> = self.stack.drain(at..).map(String::from).collect();
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
    }
}

#[test]
fn imports_are_followed_to_the_defining_file() {
    let sources = [
        ("lib.rs", "pub mod a;\npub mod b;"),
        ("a/mod.rs", "mod x;\nmod y;\npub use x::{X, Other as Renamed};"),
        ("a/x.rs", "use crate::a::y::{self, Y};\nfn f() { y::g(); }"),
        ("a/y.rs", "use crate::a::Renamed;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}"),
        (
            "b.rs",
            "// use crate::nothing;\nuse crate::a;\nuse crate::a::{X,\n    y::Y};\nfn f(_: a::Renamed) {}",
        ),
    ];
    let imports = Imports::of(sources.iter().map(|(file, text)| ((*file).to_string(), *text)));
    let of = |file: &str| imports.edges[file].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("a/x.rs"), ["a/y.rs"]);
    assert_eq!(of("a/y.rs"), ["a/x.rs"], "a test's import does not count");
    assert_eq!(of("b.rs"), ["a/x.rs", "a/y.rs"]);
    assert_eq!(of("a/mod.rs"), [""; 0], "the façade is no import");
    assert_eq!(imports.upward("a", &["x", "y"]), ["a/x.rs → a/y.rs"]);
    assert_eq!(imports.circles(), [["a/x.rs", "a/y.rs"]]);
}
