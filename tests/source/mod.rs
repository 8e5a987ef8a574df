//! The project's own text, as the house rules read it: files, and Rust code without its prose.
//!
//! This is no Rust parser. It blanks out comments and literals, cuts out `#[cfg(test)]` items and
//! splits what is left into words, which is all that the checks need. Line breaks are kept, so
//! line numbers and line counts stay true. It decides nothing about what is allowed.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Every file under `folder`, at any depth, sorted; none where there is no such folder.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// What lies directly in `folder`, sorted; nothing where there is no such folder.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

/// `source` with every comment and the inside of every literal replaced by blanks.
pub(crate) fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let inside_word = code.chars().next_back().is_some_and(is_word);
        let prose = comment(rest)
            .or_else(|| raw_string(rest, inside_word))
            .or_else(|| string(rest))
            .or_else(|| character(rest));
        let (taken, left) = rest.split_at(prose.unwrap_or(first.len_utf8()));
        if prose.is_some() {
            code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            code.push_str(taken);
        }
        rest = left;
    }
    code
}

/// The places in `code` of the items under a `#[cfg(test)]`, attribute included.
pub(crate) fn test_items(code: &str) -> Vec<Range<usize>> {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut items: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices(ATTRIBUTE) {
        if items.last().is_some_and(|item| item.contains(&start)) {
            continue;
        }
        let after = start + ATTRIBUTE.len();
        items.push(start..after + item_len(code.get(after..).unwrap_or_default()));
    }
    items
}

/// `code` without its `#[cfg(test)]` items and their lines.
pub(crate) fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut from = 0;
    for item in test_items(code) {
        kept.push_str(code.get(from..item.start).unwrap_or_default());
        from = item.end;
    }
    kept.push_str(code.get(from..).unwrap_or_default());
    kept
}

/// The words of `code`: identifiers and numbers, `::`, and every other character by itself.
pub(crate) fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (word, left) = rest.split_at(len);
        words.push(word);
        rest = left.trim_start();
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How long the item is that `code` starts with: to its closing brace, or to its semicolon.
fn item_len(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if c == '}' && depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The length of the comment that `rest` starts with; block comments nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        let left = rest.get(at..).unwrap_or_default();
        let close = left.find("*/")?;
        match left.find("/*") {
            Some(open) if open < close => (at, depth) = (at + open + 2, depth + 1),
            _ => (at, depth) = (at + close + 2, depth - 1),
        }
    }
    Some(at)
}

/// The length of the raw string that `rest` starts with, prefix and all.
fn raw_string(rest: &str, inside_word: bool) -> Option<usize> {
    if inside_word {
        return None;
    }
    let body = ["r", "br", "cr"].iter().find_map(|prefix| {
        let after = rest.strip_prefix(prefix)?;
        after
            .trim_start_matches('#')
            .starts_with('"')
            .then_some(after)
    })?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let close = format!("\"{}", "#".repeat(hashes));
    let open = rest.len() - body.len() + hashes + 1;
    let inside = rest.get(open..)?.find(&close)?;
    Some(open + inside + close.len())
}

/// The length of the string that `rest` starts with.
fn string(rest: &str) -> Option<usize> {
    quoted(rest, '"')
}

/// The length of the character that `rest` starts with; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.strip_prefix('\'')?.chars();
    let first = inside.next()?;
    (first == '\\' || inside.next() == Some('\'')).then(|| quoted(rest, '\''))?
}

fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let inside = rest.strip_prefix(quote)?;
    for (at, c) in inside.char_indices() {
        if c == quote && !escaped {
            return Some(at + 2 * quote.len_utf8());
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[test]
fn comments_and_literals_become_blanks_and_lines_stay() {
    let source = "a /* b /* c */\n d */ e // f\n\"g\\\" h\n\" i r#\"j\" k\"# l br\"m\" 'n' '\\'' b'o' 'p: &'q r";
    let seen = code(source);
    assert_eq!(words(&seen).join(" "), "a e i l b ' p : & ' q r");
    assert_eq!(seen.lines().count(), source.lines().count());
    assert_eq!(
        words(&code("r#type var\"x\" y")).join(" "),
        "r # type var y"
    );
    assert_eq!(
        words(&code("let c = '\"'; let d = \"'\"; e")).join(" "),
        "let c = ; let d = ; e"
    );
}

#[test]
fn test_items_are_cut_out_whole() {
    let source = "a\n#[cfg(test)]\nmod tests { fn f() { \"}\" } #[cfg(test)] fn g() {} }\nb #[cfg(test)] use c; d";
    assert_eq!(words(&without_tests(&code(source))).join(" "), "a b d");
    assert_eq!(test_items(&code(source)).len(), 2);
    assert_eq!(
        words(&without_tests("#[cfg(test)] #[path = x] mod t; u")).join(" "),
        "u"
    );
}

#[test]
fn words_keep_path_separators_whole() {
    assert_eq!(
        words("use crate::a::{b,c2};").join(" "),
        "use crate :: a :: { b , c2 } ;"
    );
}
