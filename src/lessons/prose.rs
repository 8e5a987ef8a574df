//! A lesson's Markdown for who can show none: as blocks, as plain text, as one line.
//!
//! The notes need few marks, and whatever else is in them stays as it is: nothing here fails.

use std::net::SocketAddr;

/// A piece of a lesson's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading within the lesson.
    Heading(String),
    /// A paragraph, as one line.
    Prose(String),
    /// A list or a table, line by line.
    Rows(String),
    /// Bytes, commands, what they print: line by line, as they are.
    Code(String),
}

/// The text of a lesson in order, without its title and its steps.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = Vec::new();
    // What stands behind the backticks of the block under way, and its lines.
    let mut fence: Option<(&str, Vec<&str>)> = None;
    for line in markdown.lines().skip(1).chain([""]) {
        if let Some((info, lines)) = &mut fence {
            if !line.starts_with("```") {
                lines.push(line);
                continue;
            }
            if info.split_whitespace().next() != Some("step") {
                blocks.push(Block::Code(lines.join("\n")));
            }
            fence = None;
            continue;
        }
        let heading = line.strip_prefix("##");
        let opens = line.strip_prefix("```");
        if (line.is_empty() || line == "---" || heading.is_some() || opens.is_some())
            && !paragraph.is_empty()
        {
            blocks.extend(text(&std::mem::take(&mut paragraph)));
        }
        match (heading, opens) {
            (Some(heading), _) => blocks.push(Block::Heading(plain(
                heading.trim_start_matches('#').trim(),
            ))),
            (None, Some(info)) => fence = Some((info, Vec::new())),
            (None, None) if line.is_empty() || line == "---" => {}
            (None, None) => paragraph.push(line),
        }
    }
    blocks
}

fn text(lines: &[&str]) -> Option<Block> {
    let is_row = |line: &&str| line.starts_with(['|', '-', '*']) || starts_with_number(line);
    if !lines.first().is_some_and(is_row) {
        return Some(Block::Prose(join(&plain(&lines.join("\n")))));
    }
    let mut rows: Vec<String> = Vec::new();
    for line in lines {
        let is_rule = line.starts_with('|') && line.chars().all(|mark| "|-: ".contains(mark));
        match rows.last_mut() {
            _ if is_rule => {}
            // A row of a list may go on in the next line.
            Some(row) if !is_row(line) => *row = join(&format!("{row}\n{line}")),
            _ => rows.push((*line).to_owned()),
        }
    }
    (!rows.is_empty()).then(|| Block::Rows(plain(&rows.join("\n"))))
}

fn starts_with_number(line: &str) -> bool {
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.len() < line.len() && rest.starts_with(". ")
}

/// Markdown without what only a page can show: emphasis, and where links lead.
#[must_use]
pub fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some(start) = rest.find('[') {
        let (before, link) = rest.split_at(start);
        text.push_str(before);
        let end = link
            .find("](")
            .and_then(|middle| Some((middle, middle + link.get(middle..)?.find(')')?)));
        match end {
            Some((middle, end)) => {
                text.push_str(link.get(1..middle).unwrap_or_default());
                rest = link.get(end + 1..).unwrap_or_default();
            }
            None => {
                text.push('[');
                rest = link.get(1..).unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    text.replace("**", "")
}

/// The lines of a paragraph as one; between two Chinese characters stands no blank.
#[must_use]
pub fn join(paragraph: &str) -> String {
    let mut text = String::new();
    for line in paragraph.lines().map(str::trim) {
        let is_wide = |letter: Option<char>| letter.is_some_and(|letter| letter >= EAST);
        let is_chinese = is_wide(text.chars().next_back()) && is_wide(line.chars().next());
        if !text.is_empty() && !is_chinese {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// From here on come the scripts that are written without blanks, and their marks.
const EAST: char = '\u{2e80}';

/// A text of a lesson with the address at which this site really is.
#[must_use]
pub fn here(text: &str, site: SocketAddr) -> String {
    let (ip, port) = (site.ip(), site.port());
    text.replace("127.0.0.1:8000", &site.to_string())
        .replace("127.0.0.1 8000", &format!("{ip} {port}"))
        .replace("127.0.0.1/8000", &format!("{ip}/{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_its_blocks_without_its_steps() {
        let text = "# 00 · Title ★\n\nOne\n**two**.\n\n## Look\n```sh\na\n\n## b\n```\n- x\n  y\n- z\n\n\
                    ```step go\ndo: x\n```\n| | |\n| --- | --- |\n| a | b |\n\n---\n1. first\n";
        assert_eq!(
            blocks(text),
            [
                Block::Prose("One two.".to_owned()),
                Block::Heading("Look".to_owned()),
                Block::Code("a\n\n## b".to_owned()),
                Block::Rows("- x y\n- z".to_owned()),
                Block::Rows("| a | b |".to_owned()),
                Block::Rows("1. first".to_owned()),
            ]
        );
        assert_eq!(blocks(""), []);
        assert_eq!(blocks("# t\n```sh\nnever ends"), []);
    }

    #[test]
    fn commands_name_the_site_as_it_is() {
        let site = SocketAddr::from(([127, 0, 0, 1], 9));
        assert_eq!(
            here("nc 127.0.0.1 8000; curl http://127.0.0.1:8000/a", site),
            "nc 127.0.0.1 9; curl http://127.0.0.1:9/a"
        );
    }

    #[test]
    fn paragraphs_are_joined_as_their_language_has_it() {
        assert_eq!(join("one\ntwo"), "one two");
        assert_eq!(join("请求是\n文字"), "请求是文字");
        assert_eq!(join("用 curl\n发送"), "用 curl 发送");
    }

    #[test]
    fn markdown_loses_its_marks_and_keeps_its_words() {
        assert_eq!(plain("a **b** [c](d.md#e) [f] `g`"), "a b c [f] `g`");
    }
}
