//! Records as a capture that `tshark` and Wireshark read: a pcapng file of the packets that TCP made of them,
//! or could have made.
//!
//! A server sees reads and writes, not packets, so some of this is real and some is made:
//!
//! * Real: addresses and ports, every byte, where a read or a write began and ended, the order of things,
//!   their times, and who closed first.
//! * Made: sequence numbers (each connection begins at its own, so that a port that is used again begins a new
//!   stream), TTL, window and options; one ACK after each read and each write; the handshake's three packets
//!   at the moment of the accept. A client's FIN that came after our close is not there, since no read told us.
//!
//! Rules: a read or a write that does not fit into one IP packet is cut into the largest that do. A time is
//! the wall time of the accept and what has passed since, so it never goes back within a connection, whatever
//! a frozen clock says. A fault is a comment (opt_comment) on the packet that has its byte; where that packet
//! is out already, on the next one of its connection. A connection whose beginning was not told is left out.
//!
//! It does no input or output and asks for no time: the same records give the same bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpHeader, TcpOptionElement};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use crate::record::{Exchange, Happening, Moment, Record};
use crate::wire::{Fault, Lang, RequestHead};

/// A whole pcapng file of these records, in the order of one loop. Comments are in `lang`.
#[must_use]
pub fn pcapng<'r>(records: impl IntoIterator<Item = &'r Record>, lang: Lang) -> Vec<u8> {
    let mut file = Pcapng::new(lang);
    for record in records {
        file.take(record);
    }
    file.bytes()
}

/// A pcapng file in the making: records go in, and the file's next bytes come out.
pub struct Pcapng {
    lang: Lang,
    open: BTreeMap<u64, Flow>,
    /// Packets that are not among the bytes yet, so that a comment can still be put on them.
    packets: Vec<Packet>,
    blocks: PcapNgWriter<Vec<u8>>,
}

impl Pcapng {
    /// A file without packets. Comments are in `lang`.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            open: BTreeMap::new(),
            packets: Vec::new(),
            blocks: head(),
        }
    }

    /// Takes the next record. Those of one connection must come in their order.
    pub fn take(&mut self, record: &Record) {
        match record {
            Record::Moment(moment) => self.moment(moment),
            Record::Exchange(exchange) => self.exchange(exchange),
            Record::Hint(hint) => {
                let mut flows = self.open.iter_mut();
                if let Some((_, flow)) = flows.find(|(_, flow)| flow.client.address == hint.peer) {
                    flow.carried.push(comment(&hint.fault, self.lang));
                }
            }
        }
    }

    /// Ends a connection here, with a comment that says why: some of its records are lost, and a gap must
    /// not look like silence. What comes of it later is passed over.
    pub fn cut(&mut self, connection: u64) {
        if let Some(mut flow) = self.open.remove(&connection) {
            flow.carried.push(cut_short(self.lang).to_owned());
            self.packets.push(flow.packet(Side::Server, Flags::RST));
        }
    }

    /// The bytes since the last call, whole blocks only; the first ones are the file's head. A comment
    /// that a later record would have put on one of these packets will be on a later packet.
    pub fn bytes(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        for packet in self.packets.drain(..) {
            octets.clear();
            packet.write(&mut octets);
            let block = EnhancedPacketBlock {
                interface_id: 0,
                timestamp: packet.time,
                original_len: u32::try_from(octets.len()).unwrap_or(u32::MAX),
                data: Cow::Borrowed(&octets),
                options: packet
                    .comments
                    .into_iter()
                    .map(|comment| EnhancedPacketOption::Comment(comment.into()))
                    .collect(),
            };
            // Writing to memory cannot fail, and interface 0 is in the head.
            let _cannot_fail = self.blocks.write_pcapng_block(block);
        }
        std::mem::take(self.blocks.get_mut())
    }

    fn moment(&mut self, moment: &Arc<Moment>) {
        if let Happening::Opened { client, server } = moment.what {
            let flow = Flow::new(moment.connection, moment.at, client, server);
            self.open.insert(moment.connection, flow);
        }
        let Some(flow) = self.open.get_mut(&moment.connection) else {
            return;
        };
        flow.time = flow.opened.saturating_add(moment.after);
        let out = &mut self.packets;
        match &moment.what {
            Happening::Opened { .. } => {
                out.push(flow.packet(Side::Client, Flags::SYN));
                out.push(flow.packet(Side::Server, Flags::SYN_ACK));
                out.push(flow.packet(Side::Client, Flags::ACK));
            }
            Happening::Received(bytes) => flow.segments(Side::Client, moment, bytes, out),
            Happening::Sent(bytes) => flow.segments(Side::Server, moment, bytes, out),
            Happening::ReceivedEnd => flow.end(Side::Client, out),
            Happening::SentEnd | Happening::Closed => flow.end(Side::Server, out),
            Happening::Reset => out.push(flow.packet(Side::Client, Flags::RST)),
            Happening::States { .. } | Happening::Unwatched => {}
        }
        if matches!(moment.what, Happening::Closed | Happening::Reset) {
            self.open.remove(&moment.connection);
        }
    }

    /// Puts an exchange's faults where they belong.
    fn exchange(&mut self, exchange: &Exchange) {
        let Some(flow) = self.open.get_mut(&exchange.connection) else {
            return;
        };
        let head = exchange.head.as_deref();
        let of_head = head.map_or(&[][..], RequestHead::faults);
        for fault in of_head.iter().chain(&exchange.faults) {
            let comment = comment(fault, self.lang);
            let at = flow.request_at.saturating_add(fault.at.start as u64);
            let mut packets = self.packets.iter_mut().rev();
            // The last one that begins at its byte or before: an end of the message is nobody's byte.
            let has_byte = |packet: &&mut Packet| {
                packet.connection == exchange.connection
                    && packet.stream_at.is_some_and(|first| first <= at)
            };
            if let Some(packet) = packets.find(has_byte) {
                packet.comments.push(comment);
                continue;
            }
            let mut packets = self.packets.iter_mut();
            match packets.find(|packet| packet.connection == exchange.connection) {
                Some(packet) => packet.comments.push(comment),
                None => flow.carried.push(comment),
            }
        }
        flow.request_at = flow.request_at.saturating_add(exchange.request_bytes);
    }
}

/// A connection, as TCP counts it.
#[derive(Debug)]
struct Flow {
    connection: u64,
    /// Wall time of the accept, since 1970.
    opened: Duration,
    /// The time of its latest moment.
    time: Duration,
    client: End,
    server: End,
    /// Bytes that came from the client.
    received: u64,
    /// How many of them came before the request under way.
    request_at: u64,
    /// Comments for its next packet.
    carried: Vec<String>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
struct End {
    address: SocketAddr,
    /// The sequence number of what it sends next.
    next: u32,
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Flow {
    fn new(connection: u64, at: SystemTime, client: SocketAddr, server: SocketAddr) -> Self {
        let end = |address, number| End {
            address,
            next: initial_sequence_number(number),
            has_ended: false,
        };
        let opened = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = connection.wrapping_mul(2);
        Self {
            connection,
            opened,
            time: opened,
            client: end(client, number),
            server: end(server, number.wrapping_add(1)),
            received: 0,
            request_at: 0,
            carried: Vec::new(),
        }
    }

    /// The sender's end, and the other one.
    const fn ends(&mut self, from: Side) -> (&mut End, &mut End) {
        match from {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    /// A packet without data.
    fn packet(&mut self, from: Side, flags: Flags) -> Packet {
        let comments = std::mem::take(&mut self.carried);
        let (connection, time) = (self.connection, self.time);
        let (from, to) = self.ends(from);
        let packet = Packet {
            connection,
            time: time.min(LATEST),
            source: from.address,
            destination: to.address,
            sequence: from.next,
            acknowledgment: if flags.ack { to.next } else { 0 },
            flags,
            stream_at: None,
            data: None,
            comments,
        };
        from.next = from.next.wrapping_add(u32::from(flags.syn || flags.fin));
        packet
    }

    /// The bytes of one read or one write, and the other end's word that they came.
    fn segments(&mut self, from: Side, moment: &Arc<Moment>, bytes: &[u8], out: &mut Vec<Packet>) {
        let most = usize::from(segment_size(self.client.address));
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes.len().min(start + most);
            let flags = if end == bytes.len() {
                Flags::PSH_ACK
            } else {
                Flags::ACK
            };
            let mut packet = self.packet(from, flags);
            packet.data = Some((Arc::clone(moment), start..end));
            if from == Side::Client {
                packet.stream_at = Some(self.received);
                self.received = self.received.saturating_add((end - start) as u64);
            }
            let (sender, _) = self.ends(from);
            // A segment is shorter than 64 KiB.
            let count = u32::try_from(end - start).unwrap_or_default();
            sender.next = sender.next.wrapping_add(count);
            out.push(packet);
            start = end;
        }
        out.push(self.packet(from.other(), Flags::ACK));
    }

    /// A FIN, and the other end's word that it came; nothing when there was one before.
    fn end(&mut self, from: Side, out: &mut Vec<Packet>) {
        let (sender, _) = self.ends(from);
        if !std::mem::replace(&mut sender.has_ended, true) {
            out.push(self.packet(from, Flags::FIN_ACK));
            out.push(self.packet(from.other(), Flags::ACK));
        }
    }
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A packet that is not written yet.
#[derive(Debug)]
struct Packet {
    connection: u64,
    /// Since 1970.
    time: Duration,
    source: SocketAddr,
    destination: SocketAddr,
    sequence: u32,
    acknowledgment: u32,
    flags: Flags,
    /// For data from the client: which byte of all that it sent is the first one here.
    stream_at: Option<u64>,
    /// The moment that has the bytes, and which of them.
    data: Option<(Arc<Moment>, Range<usize>)>,
    comments: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
    rst: bool,
}

impl Flags {
    const NONE: Self = Self {
        syn: false,
        ack: false,
        psh: false,
        fin: false,
        rst: false,
    };
    const SYN: Self = Self {
        syn: true,
        ..Self::NONE
    };
    const ACK: Self = Self {
        ack: true,
        ..Self::NONE
    };
    const SYN_ACK: Self = Self {
        syn: true,
        ..Self::ACK
    };
    const PSH_ACK: Self = Self {
        psh: true,
        ..Self::ACK
    };
    const FIN_ACK: Self = Self {
        fin: true,
        ..Self::ACK
    };
    const RST: Self = Self {
        rst: true,
        ..Self::ACK
    };
}

impl Packet {
    /// Adds it to `out`: the IP header, the TCP header, the data.
    fn write(&self, out: &mut Vec<u8>) {
        let data = self.data();
        let mut tcp = TcpHeader::new(
            self.source.port(),
            self.destination.port(),
            self.sequence,
            WINDOW,
        );
        tcp.acknowledgment_number = self.acknowledgment;
        (tcp.syn, tcp.ack, tcp.psh) = (self.flags.syn, self.flags.ack, self.flags.psh);
        (tcp.fin, tcp.rst) = (self.flags.fin, self.flags.rst);
        if self.flags.syn {
            // These fill 8 of the 40 bytes that there are.
            let _fits = tcp.set_options(&[
                TcpOptionElement::MaximumSegmentSize(segment_size(self.source)),
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(WINDOW_SCALE),
            ]);
        }
        // A segment's size leaves room for the headers, so none of the four below is too long.
        let length = u16::try_from(tcp.header_len() + data.len()).unwrap_or(u16::MAX);
        match addresses(self.source, self.destination) {
            Addresses::V4(source, destination) => {
                let checksum = tcp.calc_checksum_ipv4_raw(source, destination, data);
                tcp.checksum = checksum.unwrap_or_default();
                let ip = Ipv4Header::new(length, TTL, IpNumber::TCP, source, destination);
                if let Ok(mut ip) = ip {
                    ip.header_checksum = ip.calc_header_checksum();
                    out.extend_from_slice(&ip.to_bytes());
                }
            }
            Addresses::V6(source, destination) => {
                let checksum = tcp.calc_checksum_ipv6_raw(source, destination, data);
                tcp.checksum = checksum.unwrap_or_default();
                let ip = Ipv6Header {
                    payload_length: length,
                    next_header: IpNumber::TCP,
                    hop_limit: TTL,
                    source,
                    destination,
                    ..Ipv6Header::default()
                };
                out.extend_from_slice(&ip.to_bytes());
            }
        }
        out.extend_from_slice(&tcp.to_bytes());
        out.extend_from_slice(data);
    }

    fn data(&self) -> &[u8] {
        let Some((moment, range)) = &self.data else {
            return &[];
        };
        match &moment.what {
            Happening::Received(bytes) | Happening::Sent(bytes) => {
                bytes.get(range.clone()).unwrap_or_default()
            }
            _ => &[],
        }
    }
}

/// Two addresses of one kind.
enum Addresses {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

/// An IPv4 client of a listener for both kinds sent IPv4 packets.
fn addresses(source: SocketAddr, destination: SocketAddr) -> Addresses {
    match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Addresses::V4(source.octets(), destination.octets())
        }
        (source, destination) => Addresses::V6(v6(source).octets(), v6(destination).octets()),
    }
}

const fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// Bytes of data that fit into one IP packet beside the headers: what loopback takes too.
const fn segment_size(address: SocketAddr) -> u16 {
    match address.ip().to_canonical() {
        IpAddr::V4(_) => u16::MAX - 20 - 20,
        IpAddr::V6(_) => u16::MAX - 40 - 20,
    }
}

/// Where a side's sequence numbers begin: far from those of any other connection, and the same each time.
/// (Steele, Lea and Flood's splitmix64, its upper half.)
fn initial_sequence_number(number: u64) -> u32 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default()
}

/// The file's head: who wrote it, and the one interface.
fn head() -> PcapNgWriter<Vec<u8>> {
    let section = SectionHeaderBlock {
        // One byte order, so that the file is the same on every machine.
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Hardware(std::env::consts::ARCH.into()),
            SectionHeaderOption::OS(std::env::consts::OS.into()),
            SectionHeaderOption::UserApplication(
                concat!("blankline/", env!("CARGO_PKG_VERSION")).into(),
            ),
        ],
        ..SectionHeaderBlock::default()
    };
    let interface = InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: u32::from(u16::MAX),
        options: vec![
            InterfaceDescriptionOption::IfName("blankline".into()),
            InterfaceDescriptionOption::IfDescription(
                "what the server read and wrote, as packets".into(),
            ),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ],
    };
    let written = PcapNgWriter::with_section_header(Vec::new(), section);
    let Ok(mut blocks) = written else {
        unreachable!("memory takes every byte")
    };
    let _cannot_fail = blocks.write_pcapng_block(interface);
    blocks
}

/// A fault in one line.
fn comment(fault: &Fault, lang: Lang) -> String {
    let (slug, at) = (fault.kind.slug(), fault.at.start);
    let (sentence, rule) = (fault.sentence(lang), fault.kind.rule());
    match lang {
        Lang::En => format!("{slug} at byte {at}: {sentence} ({rule})"),
        Lang::Zh => format!("{slug}，字节 {at}：{sentence}（{rule}）"),
    }
}

/// What the last packet of a connection says when the rest was lost.
const fn cut_short(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Here the capture could not keep up: the rest of this connection is not in this file. The server sent no RST; this one only marks the place."
        }
        Lang::Zh => {
            "抓包到这里跟不上了：此连接后面的内容不在文件里。服务器并没有发 RST，这一个只是用来标出位置。"
        }
    }
}

/// Where pcapng's clock ends, at nanoseconds in 64 bits: in the year 2554.
const LATEST: Duration = Duration::from_nanos(u64::MAX);

/// pcapng's if_tsresol: ten to the minus ninth.
const NANOSECONDS: u8 = 9;

/// Linux's.
const TTL: u8 = 64;

/// Times 2^[`WINDOW_SCALE`], 8 MiB: more than one turn of the loop writes, so nobody ever seems to wait.
const WINDOW: u16 = u16::MAX;
const WINDOW_SCALE: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Hint;
    use crate::wire::{FaultKind, Span, dissect_request};
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use pcap_file::pcapng::Block;
    use pcap_file::pcapng::PcapNgReader;

    const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 7], 50_000);
    const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 8000);

    fn moment(connection: u64, after: u64, what: Happening) -> Record {
        Record::Moment(Arc::new(Moment {
            connection,
            at: UNIX_EPOCH + Duration::from_secs(1_509_328_929),
            after: Duration::from_micros(after),
            what,
            missing: 0,
        }))
    }

    fn opened(connection: u64) -> Record {
        let (client, server) = (CLIENT.into(), SERVER.into());
        moment(connection, 0, Happening::Opened { client, server })
    }

    fn received(connection: u64, after: u64, bytes: &[u8]) -> Record {
        moment(connection, after, Happening::Received(bytes.to_vec()))
    }

    fn sent(connection: u64, after: u64, bytes: &[u8]) -> Record {
        moment(connection, after, Happening::Sent(bytes.to_vec()))
    }

    fn exchange(connection: u64, request: &[u8], faults: Vec<Fault>) -> Record {
        let head = dissect_request(request);
        Record::Exchange(Arc::new(Exchange {
            connection,
            at: UNIX_EPOCH,
            peer: CLIENT.into(),
            request_bytes: head.bytes().len() as u64,
            head: Some(Box::new(head)),
            faults,
            status: None,
            bytes: 0,
            took: Duration::ZERO,
        }))
    }

    /// A packet as it is read back.
    #[derive(Debug)]
    struct Seen {
        time: Duration,
        is_ipv4: bool,
        length: usize,
        from_client: bool,
        flags: String,
        sequence: u32,
        acknowledgment: u32,
        data: Vec<u8>,
        comments: Vec<String>,
    }

    fn seen(file: &[u8]) -> Vec<Seen> {
        let mut reader = PcapNgReader::new(file).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(block) = block.unwrap() {
                packets.push(packet(&block));
            }
        }
        packets
    }

    fn packet(block: &EnhancedPacketBlock<'_>) -> Seen {
        let sliced = SlicedPacket::from_ip(&block.data).unwrap();
        let Some(TransportSlice::Tcp(slice)) = sliced.transport else {
            panic!("no TCP")
        };
        let tcp = slice.to_header();
        let data = slice.payload();
        let is_ipv4 = match sliced.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header().to_header();
                assert_eq!(header.header_checksum, header.calc_header_checksum());
                let checksum = tcp.calc_checksum_ipv4(&header, data).unwrap();
                assert_eq!(tcp.checksum, checksum);
                true
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header().to_header();
                let checksum = tcp.calc_checksum_ipv6(&header, data).unwrap();
                assert_eq!(tcp.checksum, checksum);
                false
            }
            other => panic!("{other:?}"),
        };
        let flags = [
            (tcp.syn, "SYN"),
            (tcp.fin, "FIN"),
            (tcp.rst, "RST"),
            (tcp.psh, "PSH"),
            (tcp.ack, "ACK"),
        ];
        let flags: Vec<&str> = flags
            .iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, name)| *name)
            .collect();
        let comments = block.options.iter().map(|option| match option {
            EnhancedPacketOption::Comment(comment) => comment.to_string(),
            other => panic!("{other:?}"),
        });
        Seen {
            time: block.timestamp,
            is_ipv4,
            length: block.data.len(),
            from_client: tcp.source_port == CLIENT.1,
            flags: flags.join(" "),
            sequence: tcp.sequence_number,
            acknowledgment: tcp.acknowledgment_number,
            data: data.to_vec(),
            comments: comments.collect(),
        }
    }

    /// Each side's numbers go on where its last packet ended, and acknowledge all that came before.
    fn assert_continuous(packets: &[Seen]) {
        let (mut client, mut server) = (packets[0].sequence, packets[1].sequence);
        for packet in packets {
            let (own, other) = if packet.from_client {
                (&mut client, server)
            } else {
                (&mut server, client)
            };
            assert_eq!(packet.sequence, *own, "{packet:?}");
            if packet.flags != "SYN" {
                assert_eq!(packet.acknowledgment, other, "{packet:?}");
            }
            let counts = packet.flags.contains("SYN") || packet.flags.contains("FIN");
            let length = u32::try_from(packet.data.len()).unwrap() + u32::from(counts);
            *own = own.wrapping_add(length);
        }
    }

    fn summary(packets: &[Seen]) -> Vec<(bool, &str, usize)> {
        packets
            .iter()
            .map(|seen| (seen.from_client, &*seen.flags, seen.data.len()))
            .collect()
    }

    #[test]
    fn a_connection_is_shown_from_handshake_to_end() {
        let file = pcapng(
            &[
                opened(1),
                received(1, 5, b"GET / HTTP/1.0\r\n\r\n"),
                sent(1, 9, b"HTTP/1.0 200 OK\r\n\r\n"),
                moment(1, 12, Happening::SentEnd),
                moment(1, 30, Happening::ReceivedEnd),
                moment(1, 30, Happening::Closed),
            ],
            Lang::En,
        );
        let packets = seen(&file);
        assert_eq!(
            summary(&packets),
            [
                (true, "SYN", 0),
                (false, "SYN ACK", 0),
                (true, "ACK", 0),
                (true, "PSH ACK", 18),
                (false, "ACK", 0),
                (false, "PSH ACK", 19),
                (true, "ACK", 0),
                (false, "FIN ACK", 0),
                (true, "ACK", 0),
                (true, "FIN ACK", 0),
                (false, "ACK", 0),
            ]
        );
        assert_continuous(&packets);
        // The wall clock may stand still; this one does not.
        let base = packets[0].time;
        let after: Vec<_> = packets
            .iter()
            .map(|seen| (seen.time - base).as_micros())
            .collect();
        assert_eq!(after, [0, 0, 0, 5, 5, 9, 9, 12, 12, 30, 30]);
        assert_eq!(base, Duration::from_secs(1_509_328_929));
    }

    #[test]
    fn what_is_too_long_for_a_packet_is_cut_and_numbers_may_wrap() {
        let connection = (1..)
            .find(|number| initial_sequence_number(number * 2) > u32::MAX - 100_000)
            .unwrap();
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let server = SocketAddr::from(SERVER);
        let ipv6 = SocketAddr::from((Ipv6Addr::LOCALHOST, CLIENT.1));
        for (client, is_ipv4) in [(CLIENT.into(), true), (ipv6, false)] {
            let opened = moment(connection, 0, Happening::Opened { client, server });
            let packets = seen(&pcapng(
                &[opened, received(connection, 1, &bytes)],
                Lang::En,
            ));
            assert_continuous(&packets);
            let data: Vec<u8> = packets.iter().flat_map(|seen| seen.data.clone()).collect();
            assert_eq!(data, bytes);
            let pushes: Vec<_> = packets.iter().map(|seen| &*seen.flags).collect();
            assert_eq!(pushes[3..], ["ACK", "ACK", "ACK", "PSH ACK", "ACK"]);
            assert_eq!(packets[3].length, usize::from(u16::MAX));
            assert!(packets.iter().all(|seen| seen.is_ipv4 == is_ipv4));
            assert!(packets[6].sequence < packets[3].sequence);
        }
    }

    #[test]
    fn an_ipv4_client_of_a_listener_for_both_kinds_sent_ipv4() {
        let mapped = |(address, port): ([u8; 4], u16)| {
            SocketAddr::from((std::net::Ipv4Addr::from(address).to_ipv6_mapped(), port))
        };
        let (client, server) = (mapped(CLIENT), mapped(SERVER));
        let packets = seen(&pcapng(
            &[moment(1, 0, Happening::Opened { client, server })],
            Lang::En,
        ));
        assert!(packets.iter().all(|seen| seen.is_ipv4));
    }

    #[test]
    fn a_fault_is_on_the_packet_that_has_its_byte() {
        let first = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
        let second = b"GET / HTTP/1.0\r\nA: 1\nB: 2\r\n\r\n";
        let late = Fault::new(FaultKind::ConnectionReset, Span::at(second.len()));
        let packets = seen(&pcapng(
            &[
                opened(1),
                opened(2),
                received(1, 1, first),
                exchange(1, first, vec![]),
                received(1, 2, &second[..16]),
                received(1, 3, &second[16..23]),
                received(2, 3, b"something else"),
                received(1, 4, &second[23..]),
                exchange(1, second, vec![late]),
            ],
            Lang::En,
        ));
        let commented: Vec<_> = packets
            .iter()
            .filter(|seen| !seen.comments.is_empty())
            .collect();
        assert_eq!(commented.len(), 2, "{packets:#?}");
        assert_eq!(commented[0].data, &second[16..23]);
        assert!(commented[0].comments[0].starts_with("bare-lf at byte 20: This line"));
        assert!(commented[0].comments[0].ends_with(" (RFC 1945 2.2)"));
        assert_eq!(commented[1].data, &second[23..]);
        assert!(commented[1].comments[0].starts_with("connection-reset at byte"));
    }

    #[test]
    fn a_fault_whose_packet_is_out_is_on_the_next_one() {
        let request = b"GET / HTTP/1.0\n\n";
        let mut file = Pcapng::new(Lang::Zh);
        file.take(&opened(1));
        file.take(&received(1, 1, request));
        let mut octets = file.bytes();
        file.take(&sent(1, 2, b"answer"));
        file.take(&exchange(1, request, vec![]));
        octets.extend(file.bytes());
        let hint = Hint {
            at: UNIX_EPOCH,
            peer: CLIENT.into(),
            fault: Fault::new(FaultKind::HeadSilent, Span::at(0)),
            so_far: Vec::new(),
        };
        file.take(&Record::Hint(Arc::new(hint)));
        assert!(file.bytes().is_empty());
        file.take(&moment(1, 3, Happening::Closed));
        octets.extend(file.bytes());
        let packets = seen(&octets);
        let commented: Vec<_> = packets
            .iter()
            .filter(|seen| !seen.comments.is_empty())
            .collect();
        assert_eq!(commented.len(), 2);
        assert_eq!(commented[0].data, b"answer");
        assert!(commented[0].comments[0].starts_with("bare-lf，字节 14："));
        assert_eq!(commented[1].flags, "FIN ACK");
        assert!(commented[1].comments[0].starts_with("head-silent，字节 0："));
    }

    #[test]
    fn a_connection_that_lost_something_ends_and_says_so() {
        let mut file = Pcapng::new(Lang::En);
        file.take(&opened(1));
        file.cut(1);
        file.take(&received(1, 1, b"after the gap"));
        file.take(&moment(1, 2, Happening::Closed));
        file.cut(7);
        let packets = seen(&file.bytes());
        assert_eq!(packets.len(), 4);
        assert_eq!(packets[3].flags, "RST ACK");
        assert!(packets[3].comments[0].contains("could not keep up"));
    }

    #[test]
    fn a_connection_that_was_open_before_is_left_out() {
        let records = [
            received(1, 1, b"GET"),
            exchange(1, b"GET", vec![]),
            sent(1, 2, b"x"),
        ];
        assert_eq!(pcapng(&records, Lang::En), Pcapng::new(Lang::En).bytes());
    }

    #[test]
    fn a_port_that_is_used_again_begins_elsewhere() {
        let first: Vec<_> = (1..1000).map(initial_sequence_number).collect();
        let mut apart = first.clone();
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), first.len());
    }

    #[test]
    fn a_time_beyond_the_format_is_its_last() {
        let (client, server) = (CLIENT.into(), SERVER.into());
        let opened = Record::Moment(Arc::new(Moment {
            connection: 1,
            at: UNIX_EPOCH + Duration::from_secs(253_402_300_799),
            after: Duration::ZERO,
            what: Happening::Opened { client, server },
            missing: 0,
        }));
        assert_eq!(seen(&pcapng(&[opened], Lang::En))[0].time, LATEST);
    }
}
