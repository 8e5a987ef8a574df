//! A capture file, pcap or pcapng, back into packets: bytes in, packets out.
//!
//! Reading is total. A file that ends in the middle of a packet gives what stands before, and says where it was cut; so
//! does one that says something impossible. Packets are numbered from 1, as in tshark (`frame.number`). What is no packet
//! (names, statistics, comments) is passed over; times are not read, since the order is the file's.

use std::borrow::Cow;

use pcap_file::pcap::PcapParser;
use pcap_file::pcapng::PcapNgParser;
use pcap_file::{DataLink, Endianness, PcapError};

/// What a capture file holds.
#[derive(Clone, Debug)]
pub struct CaptureFile<'a> {
    /// Its packets, in the file's order.
    pub packets: Vec<CapturedPacket<'a>>,
    /// Whether the file is whole.
    pub end: CaptureEnd,
}

/// One packet.
#[derive(Clone, Debug)]
pub struct CapturedPacket<'a> {
    /// Its number in the file, from 1 on.
    pub number: usize,
    /// What it begins with: the number of its link type (`LINKTYPE_ETHERNET` is 1).
    pub link: u32,
    /// Its bytes, as far as they were captured.
    pub bytes: Cow<'a, [u8]>,
    /// How many it had on the wire.
    pub original: usize,
}

/// How the file ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptureEnd {
    /// Behind a packet.
    Whole,
    /// In the middle of what begins at this offset.
    Cut(usize),
    /// With something that cannot be, at this offset.
    Broken(usize, String),
}

/// Why a file is no capture, as a phrase.
pub type NoCapture = &'static str;

impl<'a> CaptureFile<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it does not begin like a capture.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoCapture> {
        match bytes {
            [] => Err("it is empty"),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Ok(pcapng(bytes)),
            [0xa1, 0xb2, 0xc3, 0xd4, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, ..]
            | [0xd4, 0xc3, 0xb2, 0xa1, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, ..] => Ok(pcap(bytes)),
            [0x1f, 0x8b, ..] => Err("it is compressed: gunzip it first"),
            _ => Err("at byte 0 stands neither pcap's magic number nor pcapng's"),
        }
    }
}

fn pcap(bytes: &[u8]) -> CaptureFile<'_> {
    let mut packets = Vec::new();
    let Ok((mut rest, parser)) = PcapParser::new(bytes) else {
        // Its magic number is right, so what is missing is the rest of its head.
        let end = CaptureEnd::Cut(0);
        return CaptureFile { packets, end };
    };
    let header = parser.header();
    // The upper bits say how long a frame check sequence is.
    let link = u32::from(header.datalink) & 0xffff;
    let most = MOST_PACKET.max(usize::try_from(header.snaplen).unwrap_or(MOST_PACKET));
    let end = loop {
        let at = bytes.len() - rest.len();
        if rest.is_empty() {
            break CaptureEnd::Whole;
        }
        let claimed = rest.get(8..12).and_then(|octets| octets.try_into().ok());
        let claimed = claimed.map_or(0, |octets| number(octets, header.endianness));
        if claimed > most {
            break CaptureEnd::Broken(at, format!("a packet of {claimed} bytes"));
        }
        match parser.next_raw_packet(rest) {
            Ok((after, packet)) => {
                packets.push(CapturedPacket {
                    number: packets.len() + 1,
                    link,
                    bytes: packet.data,
                    original: usize::try_from(packet.orig_len).unwrap_or(usize::MAX),
                });
                rest = after;
            }
            Err(error) => break ending(at, &error),
        }
    };
    CaptureFile { packets, end }
}

fn pcapng(bytes: &[u8]) -> CaptureFile<'_> {
    let mut packets = Vec::new();
    let (mut rest, mut parser) = match PcapNgParser::new(bytes) {
        Ok(parser) => parser,
        Err(error) => {
            let end = ending(0, &error);
            return CaptureFile { packets, end };
        }
    };
    let end = loop {
        let at = bytes.len() - rest.len();
        if rest.is_empty() {
            break CaptureEnd::Whole;
        }
        let (after, block) = match parser.next_raw_block(rest) {
            Ok(next) => next,
            Err(error) => break ending(at, &error),
        };
        rest = after;
        let Cow::Borrowed(body) = block.body else {
            // The parser copies nothing.
            continue;
        };
        let order = parser.section().endianness;
        let packet = match block.type_ {
            ENHANCED_PACKET | OLD_PACKET => enhanced(body, block.type_, order),
            SIMPLE_PACKET => simple(body, order, |interface| snaplen(&parser, interface)),
            _ => continue,
        };
        let link = |interface| parser.interfaces().get(interface);
        let packet = packet.and_then(|packet| Some((link(packet.interface)?.linktype, packet)));
        let Some((link, packet)) = packet else {
            let what = "a packet longer than its block, or of an interface that is not described";
            break CaptureEnd::Broken(at, what.to_owned());
        };
        packets.push(CapturedPacket {
            number: packets.len() + 1,
            link: u32::from(link),
            bytes: Cow::Borrowed(packet.bytes),
            original: packet.original,
        });
    };
    CaptureFile { packets, end }
}

/// A packet's block, taken apart. Its options are nothing to us, so no fault in them loses a packet.
struct Block<'a> {
    interface: usize,
    original: usize,
    bytes: &'a [u8],
}

fn enhanced(body: &[u8], kind: u32, order: Endianness) -> Option<Block<'_>> {
    let word = |at: usize| -> Option<usize> {
        Some(number(body.get(at..at + 4)?.try_into().ok()?, order))
    };
    let interface = if kind == OLD_PACKET {
        // 16 bits, and 16 more for a count of drops.
        let octets: [u8; 2] = body.get(..2)?.try_into().ok()?;
        usize::from(match order {
            Endianness::Big => u16::from_be_bytes(octets),
            Endianness::Little => u16::from_le_bytes(octets),
        })
    } else {
        word(0)?
    };
    let captured = word(12)?;
    Some(Block {
        interface,
        original: word(16)?,
        bytes: body.get(20..20_usize.checked_add(captured)?)?,
    })
}

fn simple(body: &[u8], order: Endianness, snaplen: impl Fn(usize) -> usize) -> Option<Block<'_>> {
    let original = number(body.get(..4)?.try_into().ok()?, order);
    let bytes = body.get(4..)?;
    let captured = original.min(snaplen(0)).min(bytes.len());
    Some(Block {
        interface: 0,
        original,
        bytes: bytes.get(..captured)?,
    })
}

/// How much of a packet an interface captures; zero in the file means all.
fn snaplen(parser: &PcapNgParser, interface: usize) -> usize {
    let interface = parser.interfaces().get(interface);
    let snaplen = interface.and_then(|interface| usize::try_from(interface.snaplen).ok());
    snaplen.filter(|most| *most > 0).unwrap_or(usize::MAX)
}

fn number(octets: [u8; 4], order: Endianness) -> usize {
    let number = match order {
        Endianness::Big => u32::from_be_bytes(octets),
        Endianness::Little => u32::from_le_bytes(octets),
    };
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn ending(at: usize, error: &PcapError) -> CaptureEnd {
    match error {
        PcapError::IncompleteBuffer => CaptureEnd::Cut(at),
        error => CaptureEnd::Broken(at, error.to_string()),
    }
}

/// What the packets of an Ethernet begin with.
pub(super) fn is_ethernet(link: u32) -> bool {
    link == u32::from(DataLink::ETHERNET)
}

/// 256 KiB, the most that libpcap captures of a packet (its MAXIMUM_SNAPLEN).
const MOST_PACKET: usize = 256 * 1024;

const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// A pcap of these packets, little-endian, cut by the snaplen.
    fn pcap_of(snaplen: u32, packets: &[&[u8]]) -> Vec<u8> {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        file.extend([0; 8]);
        file.extend(snaplen.to_le_bytes());
        file.extend(101_u32.to_le_bytes());
        for packet in packets {
            let original = u32::try_from(packet.len()).unwrap();
            let captured = original.min(snaplen);
            file.extend([0; 8]);
            file.extend(captured.to_le_bytes());
            file.extend(original.to_le_bytes());
            file.extend(&packet[..usize::try_from(captured).unwrap()]);
        }
        file
    }

    /// Blocks of pcapng, big-endian: a section, an interface without options, and packets of all three kinds.
    fn pcapng_of_three() -> Vec<u8> {
        let mut file = Vec::new();
        let mut block = |kind: u32, body: &[u8]| {
            let length = u32::try_from(body.len() + 12).unwrap();
            file.extend(kind.to_be_bytes());
            file.extend(length.to_be_bytes());
            file.extend(body);
            file.extend(length.to_be_bytes());
        };
        let section = [0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0];
        block(0x0a0d_0d0a, &[&section[..], &[0xff; 8]].concat());
        block(1, &[0, 101, 0, 0, 0, 0, 0, 6]);
        let lengths = [0, 0, 0, 3, 0, 0, 0, 9];
        block(6, &[&[0; 12][..], &lengths, b"one\0"].concat());
        block(0xbad, b"else");
        block(3, b"\0\0\0\x02two!");
        block(2, &[&[0; 12][..], &lengths, b"six\0"].concat());
        file
    }

    #[test]
    fn each_kind_of_file_gives_its_packets() {
        let file = pcap_of(4, &[b"abc", b"abcdef", b""]);
        let read = CaptureFile::parse(&file).unwrap();
        let seen: Vec<_> = read
            .packets
            .iter()
            .map(|packet| (packet.number, packet.bytes.as_ref(), packet.original))
            .collect();
        assert_eq!(seen, [(1, &b"abc"[..], 3), (2, b"abcd", 6), (3, b"", 0)]);
        assert_eq!(read.end, CaptureEnd::Whole);
        let file = pcapng_of_three();
        let read = CaptureFile::parse(&file).unwrap();
        assert_eq!(read.end, CaptureEnd::Whole);
        let seen: Vec<_> = read
            .packets
            .iter()
            .map(|packet| (packet.link, packet.bytes.as_ref(), packet.original))
            .collect();
        let wanted = [(101, &b"one"[..], 9), (101, b"tw", 2), (101, b"six", 9)];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn a_file_that_is_cut_gives_what_stands_before() {
        for file in [pcap_of(9, &[b"abc", b"def"]), pcapng_of_three()] {
            let whole = CaptureFile::parse(&file).unwrap().packets.len();
            let mut most = 0;
            for end in 4..file.len() {
                let read = CaptureFile::parse(&file[..end]).unwrap();
                assert!(read.packets.len() >= most, "{end}");
                most = read.packets.len();
                let is_cut = matches!(read.end, CaptureEnd::Cut(at) if at < end);
                assert!(is_cut || read.end == CaptureEnd::Whole, "{end}: {read:?}");
            }
            assert!(most + 1 == whole);
        }
    }

    #[test]
    fn what_cannot_be_is_told_with_its_place() {
        let mut file = pcap_of(9, &[b"abc", b"def"]);
        let second = 24 + 16 + 3;
        file[second + 11] = 0x7f;
        let read = CaptureFile::parse(&file).unwrap();
        assert_eq!(read.packets.len(), 1);
        assert!(matches!(read.end, CaptureEnd::Broken(at, _) if at == second));
        let mut file = pcapng_of_three();
        // The enhanced packet's interface.
        file[28 + 20 + 8 + 3] = 1;
        let read = CaptureFile::parse(&file).unwrap();
        assert!(
            matches!(read.end, CaptureEnd::Broken(48, _)),
            "{:?}",
            read.end
        );
        for (file, word) in [
            (&b""[..], "empty"),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"GET / HTTP/1.0\r\n\r\n", "byte 0"),
        ] {
            assert!(CaptureFile::parse(file).unwrap_err().contains(word));
        }
    }

    #[test]
    fn no_byte_of_a_file_makes_it_panic() {
        for file in [pcap_of(9, &[b"abc", b"def"]), pcapng_of_three()] {
            for at in 4..file.len() {
                for octet in [0, 1, 3, 0x7f, 0xff] {
                    let mut file = file.clone();
                    file[at] = octet;
                    let _read = CaptureFile::parse(&file);
                }
            }
        }
    }
}
