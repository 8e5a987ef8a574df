//! A file that `curl --trace` or `curl --trace-ascii` wrote, back into messages.
//!
//! `--trace` has every byte in hexadecimal. `--trace-ascii` shows a byte that cannot be printed as a dot and leaves CR LF
//! out, which the offsets betray; so heads come back whole, and in bodies a dot may have been another byte. What TLS
//! sends is passed over, and connections that were traced at once are not told apart.

use super::MessageKind;

/// What was sent and received, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurlTrace {
    /// Runs of one direction: a request or several, a response or several.
    pub runs: Vec<(MessageKind, Vec<u8>)>,
    /// Whether dots may have been other bytes.
    pub is_lossy: bool,
}

impl CurlTrace {
    /// Reads a trace; `None` for a file that is none, or one that breaks off in the middle of a line.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        heading(text.lines().next()?)?;
        let blocks = blocks(text)?;
        let hex: Option<Vec<_>> = blocks.iter().map(Block::hex).collect();
        let is_lossy = hex.is_none();
        let contents = match hex {
            Some(contents) => contents,
            None => blocks.iter().map(Block::ascii).collect::<Option<_>>()?,
        };
        let mut runs: Vec<(MessageKind, Vec<u8>)> = Vec::new();
        for (block, content) in blocks.iter().zip(contents) {
            match runs.last_mut() {
                Some((kind, run)) if *kind == block.kind => run.extend(content),
                _ => runs.push((block.kind, content)),
            }
        }
        Some(Self { runs, is_lossy })
    }
}

/// `=> Send header, 79 bytes (0x4f)` and the lines below it.
struct Block<'a> {
    kind: MessageKind,
    length: usize,
    /// Each line's offset and what follows it.
    lines: Vec<(usize, &'a str)>,
}

/// What a heading begins: `None` is talk, or bytes of TLS.
type Heading = Option<(MessageKind, usize)>;

/// A line that is a heading, perhaps with a time before it (`--trace-time`) and numbers (`--trace-ids`).
fn heading(line: &str) -> Option<Heading> {
    let at = ["== Info: ", "=> Send ", "<= Recv "]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min()?;
    let (before, rest) = line.split_at_checked(at)?;
    let is_stamp = |octet: u8| octet.is_ascii_digit() || b":. []-x".contains(&octet);
    if !before.bytes().all(is_stamp) {
        return None;
    }
    let kind = if rest.starts_with("=>") {
        MessageKind::Request
    } else {
        MessageKind::Response
    };
    let mut words = rest.split(' ').skip(2);
    let (what, length) = (words.next()?, words.next().unwrap_or_default());
    let is_message = !rest.starts_with("==") && matches!(what, "header," | "data,");
    Some(match length.parse() {
        Ok(length) if is_message => Some((kind, length)),
        _ => None,
    })
}

fn blocks(text: &str) -> Option<Vec<Block<'_>>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_talk = false;
    for line in text.lines() {
        // A line of content begins with its offset, which no heading has.
        let content = line.split_once(": ").and_then(|(offset, rest)| {
            let is_offset =
                offset.len() >= 4 && offset.bytes().all(|octet| octet.is_ascii_hexdigit());
            let offset = usize::from_str_radix(offset, 16).ok()?;
            is_offset.then_some((offset, rest))
        });
        match (content, blocks.last_mut()) {
            (Some(line), Some(block)) if !is_talk => block.lines.push(line),
            (Some(_), _) => {}
            (None, _) => match heading(line) {
                Some(Some((kind, length))) => {
                    is_talk = false;
                    blocks.push(Block {
                        kind,
                        length,
                        lines: Vec::new(),
                    });
                }
                // What stands below talk is talk too: a certificate has many lines.
                Some(None) => is_talk = true,
                None if is_talk => {}
                None => return None,
            },
        }
    }
    Some(blocks)
}

impl Block<'_> {
    /// The bytes, when each line is 16 of them (the last one fewer) in hexadecimal.
    fn hex(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for (offset, line) in &self.lines {
            let count = self.length.checked_sub(*offset)?.min(16);
            if *offset != bytes.len() {
                return None;
            }
            for at in 0..count {
                let pair = line.get(3 * at..3 * at + 2)?;
                bytes.push(u8::from_str_radix(pair, 16).ok()?);
            }
        }
        (bytes.len() == self.length).then_some(bytes)
    }

    /// The bytes, when each line is text, and the offsets say where CR LF was left out.
    fn ascii(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let ends = self.lines.iter().skip(1).map(|(offset, _)| *offset);
        for ((offset, line), end) in self.lines.iter().zip(ends.chain([self.length])) {
            bytes.extend_from_slice(line.as_bytes());
            match end.checked_sub(*offset)?.checked_sub(line.len())? {
                0 => {}
                2 => bytes.extend_from_slice(b"\r\n"),
                _ => return None,
            }
        }
        (bytes.len() == self.length).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "03:54:11.071906 == Info:   Trying 127.0.0.1:44881...
03:54:11.080329 => Send header, 18 bytes (0x12)
0000: 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 30 0d 0a GET / HTTP/1.0..
0010: 0d 0a                                           ..
03:54:11.082974 == Info: HTTP 1.0, assume close after body
03:54:11.082994 <= Recv header, 17 bytes (0x11)
0000: 48 54 54 50 2f 31 2e 30 20 32 30 30 20 4f 4b 0d HTTP/1.0 200 OK.
0010: 0a                                              .
03:54:11.083056 <= Recv header, 2 bytes (0x2)
0000: 0d 0a                                           ..
03:54:11.083057 <= Recv data, 1 bytes (0x1)
0000: ff                                              .
";

    const ASCII: &str = "=> Send header, 18 bytes (0x12)
0000: GET / HTTP/1.0
0010:\x20
<= Recv SSL data, 5 bytes (0x5)
0000: .....
<= Recv header, 17 bytes (0x11)
0000: HTTP/1.0 200 OK
<= Recv header, 2 bytes (0x2)
0000:\x20
<= Recv data, 67 bytes (0x43)
0000: 0123456789012345678901234567890123456789012345678901234567890123
0040: ab.
";

    #[test]
    fn each_kind_of_trace_gives_its_bytes_back() {
        let hex = CurlTrace::parse(HEX.as_bytes()).unwrap();
        assert!(!hex.is_lossy);
        let request = (MessageKind::Request, b"GET / HTTP/1.0\r\n\r\n".to_vec());
        let response = b"HTTP/1.0 200 OK\r\n\r\n\xff".to_vec();
        assert_eq!(
            hex.runs,
            [request.clone(), (MessageKind::Response, response)]
        );
        let ascii = CurlTrace::parse(ASCII.as_bytes()).unwrap();
        assert!(ascii.is_lossy);
        assert_eq!(ascii.runs[0], request);
        assert!(ascii.runs[1].1.starts_with(b"HTTP/1.0 200 OK\r\n\r\n0123"));
        assert!(ascii.runs[1].1.ends_with(b"0123ab."));
    }

    #[test]
    fn what_is_no_trace_or_is_cut_short_is_none() {
        let cut = |text: &str, at: usize| CurlTrace::parse(&text.as_bytes()[..at]);
        assert_eq!(cut(HEX, HEX.rfind("0000: ff").unwrap()), None);
        assert_eq!(cut(ASCII, ASCII.len() - 10), None);
        for text in [
            "",
            "GET / HTTP/1.0\r\n\r\n",
            "GET /=> Send header, 1 bytes\n0000: a",
        ] {
            assert_eq!(CurlTrace::parse(text.as_bytes()), None, "{text}");
        }
    }
}
