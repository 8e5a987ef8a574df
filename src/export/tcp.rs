//! Captured packets back into TCP's streams: each side's bytes in their order, and what of them is missing.
//!
//! * Streams are numbered as tshark numbers them (`tcp.stream`): by the first packet of each pair of ends, from 0 on; a
//!   SYN with another sequence number begins a new one.
//! * Of bytes that came twice, the first ones count; whether a copy differed is counted, and told.
//! * Nothing is papered over. A gap is a piece of its own, with its place and its length: between segments, before a FIN,
//!   or where the other side acknowledged bytes that no packet here has. Positions are relative, so the sequence numbers
//!   may wrap around.
//! * Which side is the client: who sent the SYN; else the side whose first bytes are a request while the other's are a
//!   response; else the one with the higher port, since services have low ones and clients get theirs from the system.
//!
//! Checksums are not looked at: what is captured where it is sent has none yet. Fragments of IP packets are counted and
//! left out.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};

use super::MessageKind;
use super::capture_file::{CapturedPacket, is_ethernet};
use super::messages::begins;

/// The TCP of a capture.
#[derive(Clone, Debug)]
pub struct TcpStreams {
    /// Its streams, each at its number.
    pub streams: Vec<TcpStream>,
    /// Packets that are no TCP, or nothing that can be read.
    pub other_packets: usize,
    /// Packets that are fragments of one, which are left out.
    pub fragments: usize,
    /// The first link type that is not known here, and how many packets have such a one.
    pub unknown_link: Option<(u32, usize)>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct TcpStream {
    /// Its number, from 0 on.
    pub number: usize,
    /// Who asked.
    pub client: SocketAddr,
    /// Who was asked.
    pub server: SocketAddr,
    /// How it is known who is who.
    pub known_by: KnownBy,
    /// How many packets it has.
    pub packets: usize,
    /// What the client sent.
    pub from_client: TcpHalf,
    /// What the server sent.
    pub from_server: TcpHalf,
}

/// How the client is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// It sent the SYN, or got the answer to one.
    Syn,
    /// It begins with a request, or the other side with a response.
    FirstBytes,
    /// It has the higher port, or sent the first packet from the same one.
    Port,
}

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
pub struct TcpHalf {
    /// Its bytes and its gaps, in order.
    pub pieces: Vec<TcpPiece>,
    /// Whether its beginning was captured.
    pub has_beginning: bool,
    /// How it ended.
    pub end: TcpEnd,
    /// Bytes that came more than once.
    pub repeated: u64,
    /// Bytes among them that were others than the first time.
    pub differing: u64,
}

/// A piece of one direction. Positions count from the first byte, missing ones among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpPiece {
    /// Bytes that follow each other.
    Bytes {
        /// The position of the first one.
        at: u64,
        /// The bytes.
        bytes: Vec<u8>,
        /// Where among them a segment begins, and the number of its packet; the first one is 0.
        segments: Vec<(usize, usize)>,
    },
    /// Bytes that were sent and are not in the capture.
    Missing {
        /// The position of the first one.
        at: u64,
        /// How many.
        length: u64,
        /// The packet that follows them, by its number; `None` at the end.
        before: Option<usize>,
    },
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcpEnd {
    /// Its end is not in the capture.
    #[default]
    Open,
    /// With a FIN.
    Fin,
    /// One of the two sides broke the connection off.
    Reset,
}

impl TcpStreams {
    /// The streams of these packets, which are in the order of their file.
    #[must_use]
    pub fn of(packets: &[CapturedPacket<'_>]) -> Self {
        let mut found = Self {
            streams: Vec::new(),
            other_packets: 0,
            fragments: 0,
            unknown_link: None,
        };
        let mut flows: Vec<Flow<'_>> = Vec::new();
        let mut latest: BTreeMap<(SocketAddr, SocketAddr), usize> = BTreeMap::new();
        for packet in packets {
            let segment = match Segment::of(packet) {
                Ok(segment) => segment,
                Err(Skipped::Other) => {
                    found.other_packets += 1;
                    continue;
                }
                Err(Skipped::Fragment) => {
                    found.fragments += 1;
                    continue;
                }
                Err(Skipped::Link) => {
                    let (_, count) = found.unknown_link.get_or_insert((packet.link, 0));
                    *count += 1;
                    continue;
                }
            };
            let (from, to) = (segment.from, segment.to);
            let ends = (from.min(to), from.max(to));
            let known = latest.get(&ends).copied();
            let known = known.filter(|at| {
                let flow = flows.get(*at);
                !flow.is_some_and(|flow| flow.is_over_before(&segment))
            });
            let at = known.unwrap_or(flows.len());
            if known.is_none() {
                latest.insert(ends, at);
                flows.push(Flow::new(from, to));
            }
            if let Some(flow) = flows.get_mut(at) {
                flow.take(&segment);
            }
        }
        found.streams = (0..).zip(flows).map(|(at, flow)| flow.finish(at)).collect();
        found
    }
}

impl TcpHalf {
    /// How many bytes it sent, as far as the capture shows; missing ones count too.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| match piece {
            TcpPiece::Bytes { at, bytes, .. } => at.saturating_add(bytes.len() as u64),
            TcpPiece::Missing { at, length, .. } => at.saturating_add(*length),
        })
    }
}

/// Why a packet is in no stream.
enum Skipped {
    Other,
    Fragment,
    Link,
}

/// What a packet says.
struct Segment<'a> {
    packet: usize,
    from: SocketAddr,
    to: SocketAddr,
    tcp: TcpSlice<'a>,
    payload: &'a [u8],
    /// Bytes behind them that the packet had and the capture has not.
    cut: usize,
}

impl<'a> Segment<'a> {
    fn of(packet: &'a CapturedPacket<'_>) -> Result<Self, Skipped> {
        let sliced = slice(packet.link, &packet.bytes)?;
        let (source, destination, is_fragment, is_cut) = match &sliced.net {
            Some(LaxNetSlice::Ipv4(ip)) => (
                IpAddr::from(ip.header().source_addr()),
                IpAddr::from(ip.header().destination_addr()),
                ip.is_payload_fragmented(),
                ip.payload().incomplete,
            ),
            Some(LaxNetSlice::Ipv6(ip)) => (
                IpAddr::from(ip.header().source_addr()),
                IpAddr::from(ip.header().destination_addr()),
                ip.is_payload_fragmented(),
                ip.payload().incomplete,
            ),
            _ => return Err(Skipped::Other),
        };
        if is_fragment {
            return Err(Skipped::Fragment);
        }
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
            return Err(Skipped::Other);
        };
        Ok(Self {
            packet: packet.number,
            from: SocketAddr::new(source, tcp.source_port()),
            to: SocketAddr::new(destination, tcp.destination_port()),
            payload: tcp.payload(),
            tcp,
            cut: if is_cut {
                packet.original.saturating_sub(packet.bytes.len())
            } else {
                0
            },
        })
    }
}

/// The headers, from the link's on.
fn slice(link: u32, bytes: &[u8]) -> Result<LaxSlicedPacket<'_>, Skipped> {
    let ether = |at: usize, header: usize| {
        let kind: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
        let rest = bytes.get(header..)?;
        Some(LaxSlicedPacket::from_ether_type(
            EtherType(u16::from_be_bytes(kind)),
            rest,
        ))
    };
    let ip = |header: usize| LaxSlicedPacket::from_ip(bytes.get(header..)?).ok();
    let sliced = match link {
        _ if is_ethernet(link) => LaxSlicedPacket::from_ethernet(bytes).ok(),
        // BSD's loopback: four bytes that say which IP it is, as its first half byte does too.
        LINK_NULL | LINK_LOOP => ip(4),
        // 12 and 14 stood for raw IP before 101 did.
        LINK_RAW | 12 | 14 | LINK_IPV4 | LINK_IPV6 => ip(0),
        LINK_LINUX_SLL => ether(14, 16),
        LINK_LINUX_SLL2 => ether(0, 20),
        _ => return Err(Skipped::Link),
    };
    sliced.ok_or(Skipped::Other)
}

const LINK_NULL: u32 = 0;
const LINK_RAW: u32 = 101;
const LINK_LOOP: u32 = 108;
const LINK_LINUX_SLL: u32 = 113;
const LINK_IPV4: u32 = 228;
const LINK_IPV6: u32 = 229;
const LINK_LINUX_SLL2: u32 = 276;

/// A connection in the making.
struct Flow<'a> {
    /// Who sent the first packet, and what.
    first: (SocketAddr, Half<'a>),
    second: (SocketAddr, Half<'a>),
    packets: usize,
    /// Whether the first one is the client, once a SYN has told.
    first_asks: Option<bool>,
    is_reset: bool,
}

impl<'a> Flow<'a> {
    fn new(first: SocketAddr, second: SocketAddr) -> Self {
        Self {
            first: (first, Half::default()),
            second: (second, Half::default()),
            packets: 0,
            first_asks: None,
            is_reset: false,
        }
    }

    /// Whether this segment begins another connection between the same ends.
    fn is_over_before(&self, segment: &Segment<'_>) -> bool {
        let half = if segment.from == self.first.0 {
            &self.first.1
        } else {
            &self.second.1
        };
        let begin = segment.tcp.sequence_number().wrapping_add(1);
        segment.tcp.syn() && !segment.tcp.ack() && half.base.is_some_and(|base| base != begin)
    }

    fn take(&mut self, segment: &Segment<'a>) {
        self.packets += 1;
        let is_first = segment.from == self.first.0;
        let (sender, receiver) = if is_first {
            (&mut self.first.1, &mut self.second.1)
        } else {
            (&mut self.second.1, &mut self.first.1)
        };
        let tcp = &segment.tcp;
        if tcp.syn() {
            self.first_asks = Some(is_first != tcp.ack());
        }
        self.is_reset |= tcp.rst();
        sender.take(segment);
        // What a RST acknowledges is not always true.
        if tcp.ack() && !tcp.rst() {
            receiver.acknowledged(tcp.acknowledgment_number(), tcp.syn());
        }
    }

    fn finish(self, number: usize) -> TcpStream {
        let (first_asks, known_by) = match self.first_asks {
            Some(first_asks) => (first_asks, KnownBy::Syn),
            None => self.asks_without_syn(),
        };
        let (client, server) = if first_asks {
            (self.first, self.second)
        } else {
            (self.second, self.first)
        };
        TcpStream {
            number,
            client: client.0,
            server: server.0,
            known_by,
            packets: self.packets,
            from_client: client.1.finish(self.is_reset),
            from_server: server.1.finish(self.is_reset),
        }
    }

    fn asks_without_syn(&self) -> (bool, KnownBy) {
        let (first, second) = (&self.first, &self.second);
        let begins = |half: &Half<'_>, kind| {
            let piece = half.pieces.first_key_value();
            piece.is_some_and(|(_, (bytes, _))| begins(bytes, kind))
        };
        let asks = |client, server| {
            begins(client, MessageKind::Request) || begins(server, MessageKind::Response)
        };
        if asks(&first.1, &second.1) {
            (true, KnownBy::FirstBytes)
        } else if asks(&second.1, &first.1) {
            (false, KnownBy::FirstBytes)
        } else {
            (first.0.port() >= second.0.port(), KnownBy::Port)
        }
    }
}

/// One direction in the making. Positions are relative to `base`; without a SYN they may lie before it.
#[derive(Default)]
struct Half<'a> {
    /// The sequence number of position 0.
    base: Option<u32>,
    /// Whether that is the first byte of all.
    has_beginning: bool,
    /// The highest position that was seen, against which the next sequence number is measured.
    highest: i64,
    /// Pieces that do not overlap: position, bytes, number of the packet.
    pieces: BTreeMap<i64, (&'a [u8], usize)>,
    fin: Option<i64>,
    /// How far the other side says that it has all.
    acknowledged: i64,
    /// The end of the longest segment of which the capture has only a part.
    cut: i64,
    repeated: u64,
    differing: u64,
}

impl<'a> Half<'a> {
    fn take(&mut self, segment: &Segment<'a>) {
        let tcp = &segment.tcp;
        // A SYN counts as one; what it carries follows it.
        let sequence = tcp.sequence_number().wrapping_add(u32::from(tcp.syn()));
        if tcp.syn() {
            self.begins_at(sequence);
        }
        if tcp.rst() {
            // Its bytes, if it has any, are a reason for people and not of the stream (RFC 9293 3.5.3).
            return;
        }
        let at = self.position(sequence);
        self.add(at, segment.payload, segment.packet);
        let end = at.saturating_add(length(segment.payload));
        let whole = end.saturating_add(i64::try_from(segment.cut).unwrap_or_default());
        self.highest = self.highest.max(whole);
        if segment.cut > 0 {
            self.cut = self.cut.max(whole);
        }
        if tcp.fin() {
            self.fin.get_or_insert(whole);
        }
    }

    fn acknowledged(&mut self, number: u32, is_handshake: bool) {
        if is_handshake {
            // The answer to a SYN says where its sender's bytes begin, also where the SYN is not here.
            self.begins_at(number);
        }
        let at = self.position(number);
        self.acknowledged = self.acknowledged.max(at);
    }

    fn begins_at(&mut self, sequence: u32) {
        let base = *self.base.get_or_insert(sequence);
        self.has_beginning |= base == sequence;
    }

    /// The position of a sequence number: the one that is nearest to what was seen, as numbers wrap around.
    fn position(&mut self, sequence: u32) -> i64 {
        let base = *self.base.get_or_insert(sequence);
        let expected = base.wrapping_add(u32::try_from(self.highest & 0xffff_ffff).unwrap_or(0));
        let distance = sequence.wrapping_sub(expected).cast_signed();
        self.highest.saturating_add(i64::from(distance))
    }

    /// Adds what is new of these bytes, and compares what is not.
    fn add(&mut self, mut at: i64, mut bytes: &'a [u8], packet: usize) {
        if self.has_beginning && at < 0 {
            // A probe from before the beginning.
            let before = usize::try_from(-at).unwrap_or(usize::MAX);
            bytes = bytes.get(before..).unwrap_or_default();
            at = 0;
        }
        while !bytes.is_empty() {
            let covering = self.pieces.range(..=at).next_back();
            let covered = covering.and_then(|(start, (piece, _))| {
                let skipped = usize::try_from(at - start).ok()?;
                piece.get(skipped..).filter(|rest| !rest.is_empty())
            });
            let count = match covered {
                Some(there) => {
                    let count = there.len().min(bytes.len());
                    let differing = there.iter().zip(bytes).filter(|(a, b)| a != b).count();
                    self.repeated = self.repeated.saturating_add(count as u64);
                    self.differing = self.differing.saturating_add(differing as u64);
                    count
                }
                None => {
                    let next = self.pieces.range(at..).next().map(|(start, _)| *start);
                    let room = next.and_then(|next| usize::try_from(next - at).ok());
                    let count = room.map_or(bytes.len(), |room| room.min(bytes.len()));
                    let new = bytes.get(..count).unwrap_or_default();
                    self.pieces.insert(at, (new, packet));
                    count
                }
            };
            bytes = bytes.get(count..).unwrap_or_default();
            at = at.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    fn finish(self, is_reset: bool) -> TcpHalf {
        let first = self.pieces.first_key_value().map(|(at, _)| *at);
        let origin = first.unwrap_or(0).min(0);
        let place = |at: i64| u64::try_from(at.saturating_sub(origin)).unwrap_or_default();
        let mut pieces: Vec<TcpPiece> = Vec::new();
        let mut end = origin;
        for (at, (new, packet)) in self.pieces {
            if at > end {
                pieces.push(TcpPiece::Missing {
                    at: place(end),
                    length: place(at) - place(end),
                    before: Some(packet),
                });
            }
            end = at.saturating_add(length(new));
            if let Some(TcpPiece::Bytes {
                bytes, segments, ..
            }) = pieces.last_mut()
            {
                segments.push((bytes.len(), packet));
                bytes.extend_from_slice(new);
            } else {
                pieces.push(TcpPiece::Bytes {
                    at: place(at),
                    bytes: new.to_vec(),
                    segments: vec![(0, packet)],
                });
            }
        }
        // A FIN counts as one byte, and the last acknowledgement may mean one that is not here.
        let acknowledged = match self.fin {
            Some(fin) => self.acknowledged.min(fin),
            None if self.acknowledged == end.saturating_add(1) => end,
            None => self.acknowledged,
        };
        let sent = acknowledged.max(self.cut).max(self.fin.unwrap_or(end));
        if sent > end {
            pieces.push(TcpPiece::Missing {
                at: place(end),
                length: place(sent) - place(end),
                before: None,
            });
        }
        TcpHalf {
            pieces,
            has_beginning: self.has_beginning || self.base.is_none(),
            end: match self.fin {
                Some(_) => TcpEnd::Fin,
                None if is_reset => TcpEnd::Reset,
                None => TcpEnd::Open,
            },
            repeated: self.repeated,
            differing: self.differing,
        }
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use etherparse::{LinuxSllPacketType, PacketBuilder, PacketBuilderStep, TcpHeader};

    use super::*;

    const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 50_000);
    const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);

    /// A segment of a hand-made capture.
    #[derive(Clone, Default)]
    struct Made {
        from_server: bool,
        sequence: u32,
        acknowledges: Option<u32>,
        /// Letters of S, F and R.
        flags: &'static str,
        payload: Vec<u8>,
        /// Bytes at its end that were not captured.
        cut: usize,
    }

    fn client(sequence: u32, flags: &'static str, payload: &[u8]) -> Made {
        Made {
            sequence,
            flags,
            payload: payload.to_vec(),
            ..Made::default()
        }
    }

    fn server(sequence: u32, flags: &'static str, payload: &[u8]) -> Made {
        Made {
            from_server: true,
            ..client(sequence, flags, payload)
        }
    }

    impl Made {
        fn acknowledging(mut self, number: u32) -> Self {
            self.acknowledges = Some(number);
            self
        }

        fn header(&self) -> TcpHeader {
            let (from, to) = if self.from_server {
                (SERVER, CLIENT)
            } else {
                (CLIENT, SERVER)
            };
            let mut tcp = TcpHeader::new(from.1, to.1, self.sequence, 1000);
            tcp.syn = self.flags.contains('S');
            tcp.fin = self.flags.contains('F');
            tcp.rst = self.flags.contains('R');
            tcp.ack = self.acknowledges.is_some();
            tcp.acknowledgment_number = self.acknowledges.unwrap_or_default();
            tcp
        }

        fn raw(&self) -> Vec<u8> {
            let (from, to) = if self.from_server {
                (SERVER, CLIENT)
            } else {
                (CLIENT, SERVER)
            };
            self.build(PacketBuilder::ipv4(from.0, to.0, 64))
        }

        fn build(&self, builder: PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8> {
            let mut bytes = Vec::new();
            let step = builder.tcp_header(self.header());
            step.write(&mut bytes, &self.payload).unwrap();
            bytes
        }
    }

    fn packet(number: usize, link: u32, bytes: Vec<u8>, cut: usize) -> CapturedPacket<'static> {
        let original = bytes.len();
        let kept = bytes[..original - cut].to_vec();
        CapturedPacket {
            number,
            link,
            bytes: kept.into(),
            original,
        }
    }

    fn streams(made: &[Made]) -> Vec<TcpStream> {
        let packets: Vec<_> = (1..)
            .zip(made)
            .map(|(number, made)| packet(number, LINK_RAW, made.raw(), made.cut))
            .collect();
        let found = TcpStreams::of(&packets);
        assert_eq!((found.other_packets, found.fragments), (0, 0));
        found.streams
    }

    fn bytes(at: u64, text: &[u8], segments: &[(usize, usize)]) -> TcpPiece {
        TcpPiece::Bytes {
            at,
            bytes: text.to_vec(),
            segments: segments.to_vec(),
        }
    }

    fn missing(at: u64, length: u64, before: Option<usize>) -> TcpPiece {
        TcpPiece::Missing { at, length, before }
    }

    #[test]
    fn segments_are_put_in_order_whatever_came_when_and_twice() {
        // The sequence numbers wrap around.
        let isn = u32::MAX - 3;
        let at = |position: u32| isn.wrapping_add(1 + position);
        let made = [
            client(isn, "S", b""),
            server(7, "S", b"").acknowledging(at(0)),
            client(at(4), "", b"efgh").acknowledging(8),
            client(at(0), "", b"abcd").acknowledging(8),
            // Again, with more; and once more with another byte.
            client(at(2), "", b"cdefghij").acknowledging(8),
            client(at(0), "", b"aXcd").acknowledging(8),
            client(at(10), "F", b"").acknowledging(8),
            server(8, "F", b"").acknowledging(at(11)),
        ];
        let streams = streams(&made);
        let [stream] = &streams[..] else {
            panic!("{streams:?}")
        };
        assert_eq!((stream.packets, stream.known_by), (8, KnownBy::Syn));
        assert_eq!(stream.client, SocketAddr::from(CLIENT));
        let half = &stream.from_client;
        let segments = [(0, 4), (4, 3), (8, 5)];
        assert_eq!(half.pieces, [bytes(0, b"abcdefghij", &segments)]);
        assert_eq!((half.repeated, half.differing), (10, 1));
        assert_eq!((half.end, half.has_beginning), (TcpEnd::Fin, true));
        assert_eq!(stream.from_server.pieces, []);
        assert_eq!(stream.from_server.end, TcpEnd::Fin);
    }

    #[test]
    fn what_is_missing_has_its_place_and_its_count() {
        let made = [
            client(0, "S", b""),
            server(100, "S", b"").acknowledging(1),
            client(4, "", b"def").acknowledging(101),
            client(9, "", b"i").acknowledging(101),
            // Three bytes before the FIN, of which only the FIN is here.
            client(13, "F", b"").acknowledging(101),
            // The server says that it has all; what it sent itself is only acknowledged.
            server(101, "", b"").acknowledging(14),
            client(14, "", b"").acknowledging(121),
        ];
        let stream = streams(&made).remove(0);
        let wanted = [
            missing(0, 3, Some(3)),
            bytes(3, b"def", &[(0, 3)]),
            missing(6, 2, Some(4)),
            bytes(8, b"i", &[(0, 4)]),
            missing(9, 3, None),
        ];
        assert_eq!(stream.from_client.pieces, wanted);
        assert_eq!(stream.from_server.pieces, [missing(0, 20, None)]);
        assert_eq!(stream.from_server.end, TcpEnd::Open);
    }

    #[test]
    fn packets_that_were_cut_leave_a_gap() {
        let mut cut = client(1, "", b"abcdef").acknowledging(9);
        cut.cut = 4;
        let made = [client(0, "S", b""), cut, client(7, "", b"gh")];
        let stream = streams(&made).remove(0);
        let wanted = [
            bytes(0, b"ab", &[(0, 2)]),
            missing(2, 4, Some(3)),
            bytes(6, b"gh", &[(0, 3)]),
        ];
        assert_eq!(stream.from_client.pieces, wanted);
        let stream = streams(&made[..2]).remove(0);
        let wanted = [bytes(0, b"ab", &[(0, 2)]), missing(2, 4, None)];
        assert_eq!(stream.from_client.pieces, wanted);
    }

    #[test]
    fn a_capture_may_begin_in_the_middle() {
        let made = [
            server(900, "", b"HTTP/1.0 200 OK\r\n").acknowledging(70),
            // Came late: it stands before what was seen first.
            server(890, "", b"0123456789").acknowledging(70),
            client(70, "", b"x").acknowledging(917),
        ];
        let stream = streams(&made).remove(0);
        assert_eq!(stream.client, SocketAddr::from(CLIENT));
        assert_eq!(stream.known_by, KnownBy::Port);
        let half = &stream.from_server;
        assert!(!half.has_beginning);
        let text = b"0123456789HTTP/1.0 200 OK\r\n";
        assert_eq!(half.pieces, [bytes(0, text, &[(0, 2), (10, 1)])]);
        let stream = streams(&made[..1]).remove(0);
        assert_eq!(stream.known_by, KnownBy::FirstBytes);
        assert_eq!(stream.client, SocketAddr::from(CLIENT));
        // By its first bytes the lower port may ask.
        let odd = [server(5, "", b"GET / HTTP/1.0\r\n\r\n").acknowledging(1)];
        assert_eq!(streams(&odd)[0].client, SocketAddr::from(SERVER));
        // With the handshake's answer alone, both beginnings are known.
        let made = [
            server(7, "S", b"").acknowledging(51),
            client(53, "", b"c").acknowledging(8),
        ];
        let stream = streams(&made).remove(0);
        assert_eq!(
            (stream.known_by, stream.client.port()),
            (KnownBy::Syn, 50_000)
        );
        let wanted = [missing(0, 2, Some(2)), bytes(2, b"c", &[(0, 2)])];
        assert!(stream.from_client.has_beginning && stream.from_server.has_beginning);
        assert_eq!(stream.from_client.pieces, wanted);
    }

    #[test]
    fn ports_that_are_used_again_begin_a_new_stream() {
        let made = [
            client(0, "S", b""),
            client(0, "S", b""),
            client(1, "F", b"one"),
            client(5000, "S", b""),
            client(5001, "R", b"why"),
        ];
        let streams = streams(&made);
        let packets: Vec<_> = streams.iter().map(|stream| stream.packets).collect();
        assert_eq!(packets, [3, 2]);
        assert_eq!(streams[1].number, 1);
        assert_eq!(streams[1].from_client.end, TcpEnd::Reset);
        assert_eq!(streams[1].from_client.pieces, []);
    }

    #[test]
    fn every_link_type_leads_to_the_same_bytes() {
        let made = client(1, "", b"GET / HTTP/1.0\r\n\r\n");
        let raw = made.raw();
        let [a, b] = [CLIENT.0, SERVER.0];
        let mac = [1; 6];
        let ethernet = made.build(PacketBuilder::ethernet2(mac, mac).ipv4(a, b, 9));
        let vlan = PacketBuilder::ethernet2(mac, mac).single_vlan(7.try_into().unwrap());
        let vlan = made.build(vlan.ipv4(a, b, 9));
        let sll = PacketBuilder::linux_sll(LinuxSllPacketType::OUTGOING, 6, mac_of_sll());
        let sll = made.build(sll.ipv4(a, b, 9));
        let sll2 = [&[8, 0][..], &[0; 18], &raw].concat();
        let null = [&[2, 0, 0, 0][..], &raw].concat();
        let v6 = made.build(PacketBuilder::ipv6([1; 16], [2; 16], 9));
        let mut padded = ethernet.clone();
        padded.extend([0; 9]);
        for (link, bytes) in [
            (1, ethernet),
            (1, vlan),
            (1, padded),
            (LINK_LINUX_SLL, sll),
            (LINK_LINUX_SLL2, sll2),
            (LINK_NULL, null.clone()),
            (LINK_LOOP, null),
            (LINK_RAW, raw.clone()),
            (12, raw.clone()),
            (LINK_IPV4, raw),
            (LINK_IPV6, v6.clone()),
            (LINK_RAW, v6),
        ] {
            let found = TcpStreams::of(&[packet(1, link, bytes, 0)]);
            let pieces = &found.streams[0].from_client.pieces;
            assert_eq!(
                pieces[..],
                [self::bytes(0, &made.payload, &[(0, 1)])],
                "{link}"
            );
        }
    }

    const fn mac_of_sll() -> [u8; 8] {
        [1; 8]
    }

    #[test]
    fn what_is_no_tcp_is_counted_and_nothing_panics() {
        let udp = PacketBuilder::ipv4([1; 4], [2; 4], 9).udp(53, 53);
        let mut bytes = Vec::new();
        udp.write(&mut bytes, b"name?").unwrap();
        let mut fragment = client(1, "", b"half").raw();
        // More fragments follow.
        fragment[6] = 0x20;
        let found = TcpStreams::of(&[
            packet(1, LINK_RAW, bytes, 0),
            packet(2, LINK_RAW, fragment, 0),
            packet(3, 147, vec![0; 60], 0),
            packet(4, LINK_RAW, Vec::new(), 0),
        ]);
        assert_eq!((found.other_packets, found.fragments), (2, 1));
        assert_eq!(found.unknown_link, Some((147, 1)));
        assert!(found.streams.is_empty());
        let made = client(1, "", b"GET / HTTP/1.0\r\n\r\n").raw();
        for at in 0..made.len() {
            for octet in [0, 0x0f, 0x5f, 0xff] {
                let mut bytes = made.clone();
                bytes[at] = octet;
                let _found = TcpStreams::of(&[
                    packet(1, LINK_RAW, bytes.clone(), 0),
                    packet(2, LINK_LINUX_SLL2, bytes, at % 40),
                ]);
            }
        }
    }

    /// Numbers that are the same each time (Steele, Lea and Flood's splitmix64).
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 1945_u64;
        move |below| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
        }
    }

    #[test]
    fn whatever_is_lost_repeated_or_moved_each_byte_is_in_its_place_or_missing() {
        let mut number = numbers();
        for _ in 0..500 {
            let text: Vec<u8> = (0..number(200) + 1).map(|_| b"abcdef"[number(6)]).collect();
            let isn = u32::MAX - u32::try_from(number(300)).unwrap();
            let mut made = Vec::new();
            for _ in 0..number(30) {
                let start = number(text.len());
                let end = start + 1 + number(text.len() - start);
                let sequence = isn.wrapping_add(1 + u32::try_from(start).unwrap());
                made.push(client(sequence, "", &text[start..end]));
            }
            let mut here = vec![false; text.len()];
            for one in &made {
                let start = one.sequence.wrapping_sub(isn).wrapping_sub(1);
                let start = usize::try_from(start).unwrap();
                here[start..start + one.payload.len()].fill(true);
            }
            made.insert(0, client(isn, "S", b""));
            let fin = isn.wrapping_add(1 + u32::try_from(text.len()).unwrap());
            made.push(client(fin, "F", b""));
            let half = streams(&made).remove(0).from_client;
            let mut end = 0;
            for piece in &half.pieces {
                let (at, length) = match piece {
                    TcpPiece::Bytes { at, bytes, .. } => {
                        let start = usize::try_from(*at).unwrap();
                        assert_eq!(bytes[..], text[start..start + bytes.len()]);
                        (start, bytes.len())
                    }
                    TcpPiece::Missing { at, length, .. } => {
                        let start = usize::try_from(*at).unwrap();
                        (start, usize::try_from(*length).unwrap())
                    }
                };
                assert_eq!(at, end, "{half:?}");
                assert!(length > 0);
                let is_here = matches!(piece, TcpPiece::Bytes { .. });
                assert!(here[at..at + length].iter().all(|one| *one == is_here));
                end = at + length;
            }
            assert_eq!(end, text.len());
            assert_eq!((half.end, half.differing), (TcpEnd::Fin, 0));
        }
    }
}
