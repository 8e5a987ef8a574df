//! The layers hold: `src/` imports only what the tables of `notes/architecture.md` allow.
//!
//! Three things are compared: the tables, the modules that exist, and the paths that the code
//! names (`crate::...`, `super::...` that climbs to the crate's root, and external crates). Every
//! comparison goes both ways, so a stale row is an error too. Code under `#[cfg(test)]` is free.
//! Paths that macros put together are not seen.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What `notes/architecture.md` promises.
#[derive(Debug, Default)]
struct Map {
    /// Each module and the modules that it may import.
    layers: BTreeMap<String, Imports>,
    /// The modules that have a row in `layers` and no code yet.
    planned: BTreeSet<String>,
    /// Each external crate and the module paths under which it may be imported.
    crates: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, PartialEq)]
enum Imports {
    All,
    Only(BTreeSet<String>),
}

impl Map {
    /// Reads the three tables; each is known by the heading of its columns.
    fn read(document: &str) -> Self {
        let mut map = Self::default();
        for (module, imports) in rows(document, "module", "may import") {
            let imports = match imports.as_str() {
                "all" => Imports::All,
                "nothing of ours" => Imports::Only(BTreeSet::new()),
                _ => Imports::Only(list(&imports)),
            };
            map.layers.insert(module, imports);
        }
        for (module, _) in rows(document, "not built yet", "will be") {
            map.planned.insert(module);
        }
        for (name, places) in rows(document, "crate", "may be imported by") {
            map.crates.insert(name, list(&places));
        }
        map
    }

    /// Everything in which code and map differ, in words; empty when they agree.
    ///
    /// `sources` are paths below `src/` with their text, `manifest` is the text of `Cargo.toml`.
    fn complaints(&self, sources: &[(String, String)], manifest: &str) -> Vec<String> {
        let mut complaints = self.complaints_about_rows(sources, manifest);
        for (path, text) in sources {
            let home = Home::of(path);
            let code = source::without_tests(&source::code(text));
            let words = source::words(&code);
            complaints.extend(self.complaints_about_imports(path, &home, &words));
            complaints.extend(self.complaints_about_crates(path, &home, &words));
        }
        complaints
    }

    fn complaints_about_rows(&self, sources: &[(String, String)], manifest: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        let built: BTreeSet<String> = sources
            .iter()
            .filter_map(|(path, _)| Home::of(path).module().cloned())
            .collect();
        for module in built.difference(&self.layers.keys().cloned().collect()) {
            complaints.push(format!(
                "src/ has the module {module}, the layer table does not"
            ));
        }
        for module in self.layers.keys().filter(|module| !built.contains(*module)) {
            if !self.planned.contains(module) {
                complaints.push(format!("the layer table has {module}, src/ does not"));
            }
        }
        for module in &self.planned {
            if built.contains(module) {
                complaints.push(format!(
                    "{module} is built, but stands under `not built yet`"
                ));
            }
            if !self.layers.contains_key(module) {
                complaints.push(format!(
                    "{module} is planned, but has no row in the layer table"
                ));
            }
        }
        let wanted = dependencies(manifest);
        let known: BTreeSet<String> = self.crates.keys().cloned().collect();
        for name in wanted.difference(&known) {
            complaints.push(format!(
                "Cargo.toml has {name}, the table of crates does not"
            ));
        }
        for name in known.difference(&wanted) {
            complaints.push(format!(
                "the table of crates has {name}, Cargo.toml does not"
            ));
        }
        complaints
    }

    fn complaints_about_imports(&self, path: &str, home: &Home, words: &[&str]) -> Vec<String> {
        let mut complaints = Vec::new();
        for target in imported_modules(home, words) {
            let fine = match home {
                Home::Root => true,
                Home::Main => target == "blankline::cli",
                Home::Below(components) => components.first().is_some_and(|module| {
                    *module == target
                        || match self.layers.get(module) {
                            Some(Imports::All) => self.layers.contains_key(&target),
                            Some(Imports::Only(allowed)) => allowed.contains(&target),
                            // Said once already, as a module without a row.
                            None => true,
                        }
                }),
            };
            if !fine {
                complaints.push(format!(
                    "src/{path} imports {target}, which its row does not allow"
                ));
            }
        }
        complaints
    }

    fn complaints_about_crates(&self, path: &str, home: &Home, words: &[&str]) -> Vec<String> {
        let here = home.path();
        let mut complaints = Vec::new();
        for (name, places) in &self.crates {
            let allowed = places.iter().any(|place| {
                here.strip_prefix(place.as_str())
                    .is_some_and(|below| below.is_empty() || below.starts_with("::"))
            });
            if !allowed && names_crate(words, &name.replace('-', "_")) {
                complaints.push(format!(
                    "src/{path} imports the crate {name}, kept for {places:?}"
                ));
            }
        }
        complaints
    }
}

/// Where a file stands in the crate.
enum Home {
    /// `lib.rs`: it declares the modules and may name them all.
    Root,
    /// `main.rs`: a crate of its own, which sees this one from outside.
    Main,
    /// The components of the file's module path; never empty.
    Below(Vec<String>),
}

impl Home {
    fn of(path: &str) -> Self {
        match path {
            "lib.rs" => Self::Root,
            "main.rs" => Self::Main,
            _ => Self::Below(
                path.trim_end_matches(".rs")
                    .trim_end_matches("/mod")
                    .split('/')
                    .map(str::to_owned)
                    .collect(),
            ),
        }
    }

    fn module(&self) -> Option<&String> {
        match self {
            Self::Below(components) => components.first(),
            Self::Root | Self::Main => None,
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Root => "lib".to_owned(),
            Self::Main => "main".to_owned(),
            Self::Below(components) => components.join("::"),
        }
    }

    /// How many `super::` lead from the file to the crate's root.
    fn depth(&self) -> usize {
        match self {
            Self::Below(components) => components.len(),
            Self::Root | Self::Main => 0,
        }
    }
}

/// The rows of every table whose two columns are headed `left` and `right`, backticks taken away.
/// A left cell may name several things, with commas between.
fn rows(document: &str, left: &str, right: &str) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let cells: Vec<String> = line
            .trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.replace('`', "").trim().to_owned())
            .collect();
        let [first, second] = cells.as_slice() else {
            inside = false;
            continue;
        };
        if first == left && second == right {
            inside = true;
        } else if inside && !first.starts_with("---") {
            rows.extend(list(first).into_iter().map(|name| (name, second.clone())));
        }
    }
    rows
}

fn list(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The names under `[dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
}

/// The modules at the crate's root that `words` name, by `crate::`, by enough `super::`, or (in
/// `main.rs`) by `blankline::`, which the answer then keeps.
fn imported_modules(home: &Home, words: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut supers = 0;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let after = words.get(at + 2..).unwrap_or_default();
        match *word {
            "crate" if next == "::" => found.extend(heads(after)),
            // `pub(crate)` names no module; `use crate as x` would hide every one.
            "crate" if next == "as" => {
                found.insert("crate".to_owned());
            }
            "blankline" if next == "::" => {
                found.extend(heads(after).iter().map(|head| format!("blankline::{head}")));
            }
            "super" if next == "::" => {
                supers += 1;
                if supers == home.depth() {
                    found.extend(heads(after));
                }
            }
            _ => {}
        }
        if *word != "super" && *word != "::" {
            supers = 0;
        }
    }
    found
}

/// The first component of each path that follows a `::`: one, or those of a `{...}` group.
fn heads(words: &[&str]) -> BTreeSet<String> {
    let Some((first, group)) = words.split_first() else {
        return BTreeSet::new();
    };
    if *first != "{" {
        return BTreeSet::from([(*first).to_owned()]);
    }
    let mut heads = BTreeSet::new();
    let (mut depth, mut fresh) = (1_usize, true);
    for word in group {
        match *word {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => fresh = true,
            name if depth == 1 && fresh => {
                heads.insert(name.to_owned());
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Whether `words` name the external crate `name`: at the start of a path, or whole in a `use`.
fn names_crate(words: &[&str], name: &str) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at)).copied();
        let starts_path = before(1) != Some("::")
            || !before(2)
                .is_some_and(|word| word == ">" || word.starts_with(|c: char| c.is_alphabetic()));
        let follows = words.get(at + 1).copied();
        *word == name
            && starts_path
            && (follows == Some("::") || matches!(before(1), Some("use" | "crate")))
    })
}

#[test]
fn the_code_keeps_to_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("notes/architecture.md")).unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let src = root.join("src");
    let sources: Vec<(String, String)> = source::files(&src)
        .unwrap()
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let below = path
                .strip_prefix(&src)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (below, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let map = Map::read(&document);
    assert!(
        map.layers.contains_key("wire"),
        "no layer table in notes/architecture.md"
    );
    assert!(
        map.crates.contains_key("mio"),
        "no table of crates in notes/architecture.md"
    );
    let complaints = map.complaints(&sources, &manifest);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

const DOCUMENT: &str = "
| module | may import |
| --- | --- |
| `wire`, `clock` | nothing of ours |
| `engine` | `wire`, `clock` |
| `golden` | `wire` |
| `cli` | all |

| not built yet | will be |
| --- | --- |
| `golden` | cases on disk |

| crate | may be imported by |
| --- | --- |
| `mio` | `engine` |
| `percent-encoding` | `wire::target`, `cli` |
";

const MANIFEST: &str = "[package]\nname = \"x\"\n\n[dependencies]\nmio = \"1\"\npercent-encoding = { version = \"2\" }\n\n[lints.rust]\nunsafe_code = \"forbid\"\n";

/// The complaints about a small crate in which `path` holds `text`, under `DOCUMENT`.
fn complaints_with(path: &str, text: &str) -> Vec<String> {
    let mut sources: Vec<(String, String)> = [
        "lib.rs",
        "main.rs",
        "wire/mod.rs",
        "wire/target.rs",
        "clock.rs",
        "engine/mod.rs",
        "cli/mod.rs",
    ]
    .iter()
    .map(|path| ((*path).to_owned(), String::new()))
    .collect();
    sources.retain(|(known, _)| known != path);
    sources.push((path.to_owned(), text.to_owned()));
    Map::read(DOCUMENT).complaints(&sources, MANIFEST)
}

#[test]
fn what_the_tables_allow_passes() {
    for (path, text) in [
        ("lib.rs", "pub mod wire; pub use crate::wire::Span;"),
        (
            "main.rs",
            "use blankline::cli; fn main() { blankline::cli::run() }",
        ),
        (
            "engine/mod.rs",
            "use crate::{wire::{Span, Fault}, clock}; use mio::Poll;",
        ),
        (
            "engine/peer.rs",
            "use super::turn; use crate::engine::Turn; use super::super::wire::Span;",
        ),
        ("wire/target.rs", "use percent_encoding::percent_decode;"),
        (
            "wire/mod.rs",
            "pub(crate) mod a; // crate::engine and mio::Poll\nconst A: &str = \"crate::cli\";",
        ),
        (
            "wire/mod.rs",
            "#[cfg(test)]\nmod tests { use crate::engine::Loop; use mio::Poll; }",
        ),
        ("wire/mod.rs", "use self::mio::Poll; use super_::engine::x;"),
        (
            "cli/serve.rs",
            "use crate::engine::Loop; use percent_encoding::AsciiSet;",
        ),
    ] {
        assert_eq!(complaints_with(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn what_the_tables_lack_fails() {
    for (path, text, complaint) in [
        ("wire/mod.rs", "use crate::engine::Loop;", "imports engine"),
        (
            "wire/mod.rs",
            "use crate::{clock, cli::{run, wire}};",
            "imports cli",
        ),
        (
            "wire/mod.rs",
            "fn f() { crate :: clock\n:: now() }",
            "imports clock",
        ),
        ("wire/mod.rs", "use super::engine::Loop;", "imports engine"),
        (
            "wire/target.rs",
            "use super::super::{engine as e};",
            "imports engine",
        ),
        ("clock.rs", "use super::{Span, wire};", "imports wire"),
        ("engine/mod.rs", "use crate::cli;", "imports cli"),
        ("engine/mod.rs", "use crate::*;", "imports *"),
        ("engine/mod.rs", "use crate as all;", "imports crate"),
        ("cli/mod.rs", "use crate::Span;", "imports Span"),
        (
            "main.rs",
            "use blankline::{cli, wire};",
            "imports blankline::wire",
        ),
        (
            "wire/mod.rs",
            "fn f<'a>(x: &'a str) { crate::clock::now() }",
            "imports clock",
        ),
        (
            "wire/mod.rs",
            "#[cfg(test)] mod tests { } use crate::clock;",
            "imports clock",
        ),
        ("inspector.rs", "", "src/ has the module inspector"),
        ("golden/mod.rs", "", "golden is built"),
        ("wire/mod.rs", "use mio::Poll;", "the crate mio"),
        (
            "cli/mod.rs",
            "use {std::io, mio};\nfn f(p: ::mio::Poll) {}",
            "the crate mio",
        ),
        ("main.rs", "extern crate mio;", "the crate mio"),
        (
            "wire/form.rs",
            "use percent_encoding as p;",
            "the crate percent-encoding",
        ),
        (
            "wire/target_more.rs",
            "use percent_encoding::x;",
            "the crate percent-encoding",
        ),
    ] {
        let complaints = complaints_with(path, text);
        assert!(
            complaints.iter().any(|line| line.contains(complaint)),
            "{path}: {text}: {complaints:?}"
        );
    }
}

#[test]
fn rows_without_code_fail() {
    let sources = [("wire/mod.rs".to_owned(), String::new())];
    let document = "| module | may import |\n| --- | --- |\n| `wire`, `ghost` | nothing of ours |\n\n\
                    | not built yet | will be |\n| --- | --- |\n| `nobody` | nothing |\n\n\
                    | crate | may be imported by |\n| --- | --- |\n| `mio` | `wire` |\n";
    let manifest = "[dependencies]\nmemchr = \"2\"\n";
    assert_eq!(
        Map::read(document).complaints(&sources, manifest),
        [
            "the layer table has ghost, src/ does not",
            "nobody is planned, but has no row in the layer table",
            "Cargo.toml has memchr, the table of crates does not",
            "the table of crates has mio, Cargo.toml does not",
        ]
    );
}
