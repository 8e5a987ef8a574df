//! How long a head takes: ours with every byte labelled, and httparse, which labels nothing.
//!
//! `cargo bench --bench head` prints nanoseconds and the ratio of the two, paired: each round times one
//! after the other, so that whatever else the machine does hits both. Quote the ratio, not the times.
//! With words after `--`, only the heads whose names contain one of them.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures time and prints it"
)]

use std::hint::black_box;
use std::time::Instant;

use blankline::wire::RequestHead;

const ROUNDS: usize = 101;
const HEADS_A_ROUND: u32 = 2_000;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    println!(
        "{:<10} {:>6} {:>12} {:>12} {:>7}",
        "head", "bytes", "labelled ns", "httparse ns", "ratio"
    );
    for (name, head) in [("nc", NC), ("curl", CURL), ("browser", BROWSER)] {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let mut pairs: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| (time(|| ours(head)), time(|| theirs(head))))
            .collect();
        let ratio = median(pairs.iter().map(|(ours, theirs)| ours / theirs).collect());
        let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.drain(..).unzip();
        println!(
            "{name:<10} {:>6} {:>12.0} {:>12.0} {ratio:>7.2}",
            head.len(),
            median(ours),
            median(theirs)
        );
    }
}

/// What the connection does with a head: it hands the bytes over, and gets them back labelled.
fn ours(head: &[u8]) {
    let dissected = RequestHead::dissect(black_box(head).to_vec());
    assert!(dissected.is_complete());
    black_box(dissected);
}

fn theirs(head: &[u8]) {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    assert!(request.parse(black_box(head)).unwrap().is_complete());
    black_box(request.headers.len());
}

/// Nanoseconds a head.
fn time(once: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..HEADS_A_ROUND {
        once();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(HEADS_A_ROUND)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

const NC: &[u8] = b"GET /redirect/ HTTP/1.0\r\n\r\n";

const CURL: &[u8] = b"GET /redirect/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";

const BROWSER: &[u8] = b"GET /user/register/?next=%2Fuser%2F HTTP/1.1\r\n\
Host: 127.0.0.1:8000\r\n\
Connection: keep-alive\r\n\
Cache-Control: max-age=0\r\n\
sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
sec-ch-ua-platform: \"Linux\"\r\n\
Upgrade-Insecure-Requests: 1\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Dest: document\r\n\
Accept-Language: en-US,en;q=0.9,zh-CN;q=0.8\r\n\
Cookie: age=10; name=django; sessionid=k3l2h4g5j6k7l8m9n0p1q2r3s4t5u6v7\r\n\r\n";
