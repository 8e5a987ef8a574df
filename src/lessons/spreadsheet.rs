//! Cells of a table that a spreadsheet may open (RFC 4180), though strangers wrote them.

/// A cell: in quotes, and never a formula.
///
/// A spreadsheet takes what begins like a formula for one, in quotes too; an apostrophe before it makes it text.
#[must_use]
pub fn cell(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// How a formula begins, also from a Chinese keyboard; a tab or a CR is passed over before it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (text, wanted) in [
            ("ann", "\"ann\""),
            ("=cmd", "\"'=cmd\""),
            ("\t=cmd", "\"'\t=cmd\""),
            ("＝cmd", "\"'＝cmd\""),
            ("a\",=1", "\"a\"\",=1\""),
            ("小明", "\"小明\""),
        ] {
            assert_eq!(cell(text), wanted);
        }
    }
}
