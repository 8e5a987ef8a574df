//! How long a whole exchange takes without its socket: bytes in, request, view, response, bytes out.
//!
//! `cargo bench --bench exchange` prints nanoseconds for each kind. What the system calls cost comes on
//! top, and is much more; this is the part that is ours.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures time and prints it"
)]

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use blankline::app::Site;
use blankline::cli::parse_serve_args;
use blankline::engine::{Conversation, Now, Transmit};
use blankline::wire::{Protocol, ServerState};

const ROUNDS: usize = 51;
const EXCHANGES_A_ROUND: u32 = 5_000;

fn main() {
    let address = SocketAddr::from(([127, 0, 0, 1], 8000));
    let site = parse_serve_args([]).unwrap().site(address).unwrap();
    let protocol = Arc::new(Protocol::default());
    println!("{:<14} {:>12}", "exchange", "ns");
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    for (name, request) in EXCHANGES {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        let mut times: Vec<f64> = (0..ROUNDS)
            .map(|_| round(&site, &protocol, request))
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{name:<14} {:>12.0}",
            times.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
        );
    }
}

fn round(site: &Site, protocol: &Arc<Protocol>, request: &[u8]) -> f64 {
    let start = Instant::now();
    let now = Now {
        instant: start,
        wall: UNIX_EPOCH + Duration::from_secs(1_509_328_929),
        may_keep: true,
    };
    for _ in 0..EXCHANGES_A_ROUND {
        exchange(site, protocol, black_box(request), now);
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(EXCHANGES_A_ROUND)
}

fn exchange(site: &Site, protocol: &Arc<Protocol>, request: &[u8], now: Now) {
    let peer = SocketAddr::from(([127, 0, 0, 1], 9));
    let mut conversation = Conversation::new(Arc::clone(protocol), now.instant);
    conversation.receive(request, now.instant);
    assert!(conversation.drive(site, peer, now, &mut None).is_none());
    let Some(Transmit::Bytes([head, body])) = conversation.poll_transmit() else {
        return;
    };
    let length = black_box(head.len() + body.len());
    conversation.transmitted(length as u64, now.instant);
    assert_eq!(conversation.connection().server(), ServerState::Closed);
    black_box(conversation.poll_record(0, peer, Instant::now, false));
}

const EXCHANGES: [(&str, &[u8]); 3] = [
    ("302", b"GET /redirect/ HTTP/1.0\r\nHost: localhost\r\nUser-Agent: bench\r\n\r\n"),
    (
        "304",
        b"GET /static/hello.txt HTTP/1.0\r\nHost: localhost\r\nIf-Modified-Since: Mon, 23 Oct 2017 08:00:00 GMT\r\n\r\n",
    ),
    ("raw", b"GET /raw HTTP/1.0\r\nHost: localhost\r\n\r\n"),
];
