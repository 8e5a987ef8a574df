//! A file that `curl --trace` or `curl --trace-ascii` wrote, back into messages.
//!
//! `--trace` has every byte in hexadecimal. `--trace-ascii` shows a byte that cannot be printed as a dot and leaves CR LF
//! out, which the offsets betray; so heads come back whole, and in bodies a dot may have been another byte. What TLS
//! sends is passed over.
//!
//! Connections at once (`curl -Z`): `--trace-ids`, of curl 8.2 and later, writes each line's connection before it, and
//! they are told apart by that. Without it only curl's talk says when a connection begins and when it is free again; so
//! where two are busy, nobody can tell whose bytes follow, and from there on nothing is read: two connections are never
//! mixed.

use std::collections::BTreeSet;

use super::MessageKind;

/// What was sent and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurlTrace {
    /// Connections in the order of their first bytes; without `--trace-ids` one that stands for all.
    pub connections: Vec<CurlConnection>,
    /// Whether dots may have been other bytes.
    pub is_lossy: bool,
    /// What is left out, because two connections were busy.
    pub untold: Option<Untold>,
}

/// What passed on one connection, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurlConnection {
    /// curl's number of it, where the trace has it.
    pub id: Option<u64>,
    /// Runs of one direction: a request or several, a response or several.
    pub runs: Vec<(MessageKind, Vec<u8>)>,
}

/// The end of a trace whose bytes may be of one connection or of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The first line of it, from 1 on.
    pub line: usize,
    /// How many bytes it has.
    pub bytes: usize,
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
        let told = blocks.iter().take_while(|block| !block.is_untold).count();
        let mut connections: Vec<CurlConnection> = Vec::new();
        for (block, content) in blocks.iter().zip(contents).take(told) {
            let known = connections
                .iter()
                .position(|one| one.id == block.connection);
            let at = known.unwrap_or(connections.len());
            if known.is_none() {
                connections.push(CurlConnection {
                    id: block.connection,
                    runs: Vec::new(),
                });
            }
            let Some(connection) = connections.get_mut(at) else {
                continue;
            };
            match connection.runs.last_mut() {
                Some((kind, run)) if *kind == block.kind => run.extend(content),
                _ => connection.runs.push((block.kind, content)),
            }
        }
        let left = blocks.get(told..).unwrap_or_default();
        let untold = left.first().map(|first| Untold {
            line: first.line,
            bytes: left.iter().map(|block| block.length).sum(),
        });
        Some(Self {
            connections,
            is_lossy,
            untold,
        })
    }
}

/// `=> Send header, 79 bytes (0x4f)` and the lines below it.
struct Block<'a> {
    kind: MessageKind,
    length: usize,
    /// The heading's line, from 1 on.
    line: usize,
    connection: Option<u64>,
    /// Whether it may be of one connection or of another.
    is_untold: bool,
    /// Each line's offset and what follows it.
    lines: Vec<(usize, &'a str)>,
}

/// What a heading begins.
enum Heading<'a> {
    /// Bytes of a message: so many, on a connection with this number.
    Message(MessageKind, usize, Option<u64>),
    /// Talk; bytes of TLS are no more to us.
    Talk(&'a str),
}

/// A line that is a heading, perhaps with a time before it (`--trace-time`) and numbers (`--trace-ids`).
fn heading(line: &str) -> Option<Heading<'_>> {
    let at = ["== Info: ", "=> Send ", "<= Recv "]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min()?;
    let (before, rest) = line.split_at_checked(at)?;
    let is_stamp = |octet: u8| octet.is_ascii_digit() || b":. []-x".contains(&octet);
    if !before.bytes().all(is_stamp) {
        return None;
    }
    if let Some(talk) = rest.strip_prefix("== Info: ") {
        return Some(Heading::Talk(talk));
    }
    let kind = if rest.starts_with("=>") {
        MessageKind::Request
    } else {
        MessageKind::Response
    };
    let mut words = rest.split(' ').skip(2);
    let (what, length) = (words.next()?, words.next().unwrap_or_default());
    let is_message = matches!(what, "header," | "data,");
    Some(match length.parse() {
        Ok(length) if is_message => Heading::Message(kind, length, connection(before)),
        _ => Heading::Talk(""),
    })
}

/// The connection in `[TRANSFER-CONNECTION]`.
fn connection(stamp: &str) -> Option<u64> {
    let (_, ids) = stamp.split_once('[')?;
    let (ids, _) = ids.split_once(']')?;
    ids.split_once('-')?.1.parse().ok()
}

/// The connections that are busy, as far as curl talks of it.
#[derive(Default)]
struct Busy {
    numbers: BTreeSet<u64>,
    begun: u64,
}

impl Busy {
    fn hear(&mut self, talk: &str) {
        let begins = ["Connected to ", "Established connection to "];
        let resumes = ["Re-using existing", "Reusing existing"];
        let ends = [
            "Closing connection",
            "closing connection",
            "shutting down connection",
        ];
        let is_any = |beginnings: &[&str]| beginnings.iter().any(|one| talk.starts_with(one));
        if is_any(&begins) || is_any(&resumes) {
            let number = number(talk).unwrap_or(self.begun);
            self.begun = self.begun.max(number) + 1;
            self.numbers.insert(number);
        } else if is_any(&ends) || talk.ends_with("left intact") {
            match number(talk) {
                Some(number) => {
                    self.numbers.remove(&number);
                }
                None => {
                    self.numbers.pop_first();
                }
            }
        }
    }
}

/// The number in `(#0)`, in `#0` or at the end.
fn number(talk: &str) -> Option<u64> {
    let digits = match talk.split_once('#') {
        Some((_, rest)) => rest,
        None => talk.rsplit(' ').next()?,
    };
    let end = digits.find(|octet: char| !octet.is_ascii_digit());
    let is_port = !talk.contains('#') && talk.contains(" port ");
    let digits = digits.get(..end.unwrap_or(digits.len()))?;
    digits.parse().ok().filter(|_| !is_port)
}

fn blocks(text: &str) -> Option<Vec<Block<'_>>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_talk = false;
    let mut busy = Busy::default();
    for (number, line) in (1..).zip(text.lines()) {
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
                Some(Heading::Message(kind, length, connection)) => {
                    is_talk = false;
                    blocks.push(Block {
                        kind,
                        length,
                        line: number,
                        connection,
                        is_untold: connection.is_none() && busy.numbers.len() > 1,
                        lines: Vec::new(),
                    });
                }
                // What stands below talk is talk too: a certificate has many lines.
                Some(Heading::Talk(talk)) => {
                    is_talk = true;
                    busy.hear(talk);
                }
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
        assert_eq!((hex.connections.len(), hex.untold), (1, None));
        assert_eq!(
            hex.connections[0].runs,
            [request.clone(), (MessageKind::Response, response)]
        );
        let ascii = CurlTrace::parse(ASCII.as_bytes()).unwrap();
        assert!(ascii.is_lossy);
        let runs = &ascii.connections[0].runs;
        assert_eq!(runs[0], request);
        assert!(runs[1].1.starts_with(b"HTTP/1.0 200 OK\r\n\r\n0123"));
        assert!(runs[1].1.ends_with(b"0123ab."));
    }

    /// A trace of these lines: talk, or who sent what, each with a stamp before it.
    fn trace(lines: &[(&str, &str, &str)]) -> CurlTrace {
        let mut text = String::new();
        for (stamp, mark, content) in lines {
            if *mark == "==" {
                text += &format!("{stamp}== Info: {content}\n");
                continue;
            }
            let what = if *mark == "=>" { "Send" } else { "Recv" };
            let length = content.len();
            text += &format!(
                "{stamp}{mark} {what} data, {length} bytes (0x{length:x})\n0000: {content}\n"
            );
        }
        CurlTrace::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn connections_at_once_are_told_apart_by_their_numbers() {
        let traced = trace(&[
            ("12:00:00.000000 [0-x] ", "==", "  Trying 127.0.0.1:80..."),
            (
                "12:00:00.000000 [0-0] ",
                "==",
                "Connected to a (127.0.0.1) port 80",
            ),
            (
                "12:00:00.000000 [1-1] ",
                "==",
                "Connected to b (127.0.0.1) port 80",
            ),
            ("12:00:00.000000 [0-0] ", "=>", "ask a"),
            ("12:00:00.000000 [1-1] ", "=>", "ask b"),
            ("12:00:00.000000 [1-1] ", "<=", "from b"),
            ("12:00:00.000000 [0-0] ", "<=", "from a"),
            ("12:00:00.000000 [2-0] ", "=>", "again a"),
        ]);
        assert_eq!(traced.untold, None);
        let seen: Vec<(Option<u64>, String)> = traced
            .connections
            .iter()
            .map(|one| {
                let runs = one.runs.iter().map(|(_, run)| String::from_utf8_lossy(run));
                (one.id, runs.collect::<Vec<_>>().join("|"))
            })
            .collect();
        let wanted = [(Some(0), "ask a|from a|again a"), (Some(1), "ask b|from b")];
        assert_eq!(seen, wanted.map(|(id, text)| (id, text.to_owned())));
    }

    #[test]
    fn connections_at_once_without_numbers_are_never_mixed() {
        for (one, two, free) in [
            // curl 7.88's words, and those of curl 8.5.
            (
                "Connected to a (::1) port 80 (#0)",
                "Connected to b (::1) port 80 (#1)",
                "Connection #0 to host a left intact",
            ),
            (
                "Connected to a (::1) port 80",
                "Connected to b (::1) port 80",
                "Connection #0 to host a left intact",
            ),
        ] {
            let mixed = trace(&[
                ("", "==", one),
                ("", "=>", "ask a"),
                ("", "==", two),
                ("", "=>", "ask b"),
                ("", "<=", "whose?"),
            ]);
            assert_eq!(mixed.connections.len(), 1);
            assert_eq!(mixed.connections[0].runs.len(), 1);
            assert_eq!(mixed.untold, Some(Untold { line: 5, bytes: 11 }));
            // One after the other is another matter.
            let in_turn = trace(&[
                ("", "==", one),
                ("", "=>", "ask a"),
                ("", "<=", "from a"),
                ("", "==", free),
                ("", "==", two),
                ("", "=>", "ask b"),
                ("", "<=", "from b"),
                ("", "==", "Closing connection 1"),
                ("", "==", "Re-using existing connection #0 with host a"),
                ("", "=>", "again a"),
            ]);
            assert_eq!(in_turn.untold, None);
            assert_eq!(in_turn.connections[0].runs.len(), 5);
        }
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
