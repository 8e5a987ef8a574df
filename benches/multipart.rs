//! How quickly a multipart body is read, with its labels, beside memchr's search for the boundary alone.
//!
//! `cargo bench --bench multipart` prints GiB a second and the ratio of the times, paired: each round times
//! one after the other, so that whatever else the machine does hits both. Quote the ratio, not the speeds.
//! With words after `--`, only the bodies whose names contain one of them.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures time and prints it"
)]

use std::hint::black_box;
use std::time::Instant;

use blankline::wire::{Boundary, Multipart, MultipartEvent, MultipartLimits};
use memchr::memmem::Finder;

const ROUNDS: usize = 31;
const BODY_BYTES: usize = 8 << 20;
const PIECE_BYTES: usize = 64 << 10;
const GIB: f64 = (1_u64 << 30) as f64;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    println!(
        "{:<10} {:>10} {:>10} {:>12} {:>7}",
        "content", "bytes", "ours GiB/s", "memmem GiB/s", "ratio"
    );
    for (name, unit) in CONTENTS {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let body = body(unit);
        let pairs: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| (time(|| ours(&body)), time(|| theirs(&body))))
            .collect();
        let ratio = median(pairs.iter().map(|(ours, theirs)| ours / theirs).collect());
        let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let speed = |seconds: f64| body.len() as f64 / GIB / seconds;
        println!(
            "{name:<10} {:>10} {:>10.2} {:>12.2} {ratio:>7.2}",
            body.len(),
            speed(median(ours)),
            speed(median(theirs)),
        );
    }
}

/// One file, filled with copies of `unit`.
fn body(unit: &[u8]) -> Vec<u8> {
    let mut body = format!("--{BOUNDARY}\r\n").into_bytes();
    body.extend_from_slice(HEAD);
    body.extend(unit.iter().cycle().take(BODY_BYTES));
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// What an upload does with its body, but for the file.
fn ours(body: &[u8]) {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let boundary = Boundary::of(content_type.as_bytes(), 0).unwrap();
    let mut multipart = Multipart::new(&boundary, 0, MultipartLimits::default());
    let mut length = 0;
    for mut piece in black_box(body).chunks(PIECE_BYTES) {
        while let Some(event) = multipart.poll(&mut piece) {
            match event {
                MultipartEvent::Data { octets, .. } => length += black_box(octets).len(),
                MultipartEvent::Fault(fault) => assert!(!fault.refuses()),
                _ => {}
            }
        }
    }
    assert!(multipart.finish().is_none() && length == BODY_BYTES);
}

/// The boundary, looked for in each piece.
fn theirs(body: &[u8]) {
    let finder = Finder::new(const { NEEDLE.as_bytes() });
    let mut found = 0;
    for piece in black_box(body).chunks(PIECE_BYTES) {
        found += finder.find_iter(black_box(piece)).count();
    }
    black_box(found);
}

/// Seconds.
fn time(once: impl Fn()) -> f64 {
    let start = Instant::now();
    once();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

const BOUNDARY: &str = "------------------------d74496d66958873e";
const NEEDLE: &str = "\n--------------------------d74496d66958873e";
const HEAD: &[u8] = b"Content-Disposition: form-data; name=\"headimg\"; filename=\"a.png\"\r\n\
Content-Type: image/png\r\n\r\n";

/// What the file is full of.
const CONTENTS: [(&str, &[u8]); 5] = [
    ("zeros", b"\0"),
    (
        "text",
        b"A line of text of about the usual length, and its end.\r\n",
    ),
    ("dashes", b"\r\n--"),
    ("near", b"\r\n--------------------------d74496d66958873"),
    (
        // Found each time, and no boundary: the worst there is.
        "longer",
        b"\r\n--------------------------d74496d66958873ex",
    ),
];
