//! How long a session takes in each engine: one load, one save of a small cart, on one thread.
//!
//! `cargo bench --bench sessions` prints microseconds, the median of some rounds, about a second for each engine.
//! Redis is measured where `BLANKLINE_REDIS_URL` names a server. With words after `--`, only the engines whose names
//! contain one of them.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures time and prints it"
)]

use std::hint::black_box;
use std::time::{Instant, SystemTime};

use blankline::sessions::{
    Cache, CachedDb, Codec, Data, Database, Engine, Files, Limits, Moment, Put, Redis, Saved,
    SignedCookies, StoreLog, Timeouts,
};

const ROUNDS: usize = 51;
const A_ROUND: u32 = 100;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let codec = || Codec::for_stores(b"secret");
    let database = |name| Database::open(&folder.path().join(name), codec()).unwrap();
    let mut engines: Vec<Box<dyn Engine>> = vec![
        Box::new(database("db.sqlite3")),
        Box::new(Files::open(folder.path(), codec()).unwrap()),
        Box::new(Cache::new(Limits::default())),
        Box::new(CachedDb::new(database("cached.sqlite3"), Limits::default())),
        Box::new(SignedCookies::new(b"secret")),
    ];
    if let Ok(url) = std::env::var("BLANKLINE_REDIS_URL") {
        let redis = Redis::new(&url, Timeouts::default(), codec()).unwrap();
        engines.push(Box::new(redis));
    }
    println!(
        "{:<15} {:>9} {:>9} {:>9}",
        "engine", "create us", "save us", "load us"
    );
    for engine in engines {
        let name = engine.name();
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            measure(&*engine);
        }
    }
}

fn measure(engine: &dyn Engine) {
    let now = Moment::from(SystemTime::now());
    let cart = r#"{"user":{"username":"admin"},"cart":{"101":{"goodsid":101,"n":2},"102":{"goodsid":102,"n":1}}}"#;
    let data: Data = serde_json::from_str(cart).unwrap();
    let log = || StoreLog::default();
    // Rows among others, as they are in a shop.
    let keys: Vec<String> = (0..A_ROUND)
        .map(|n| format!("{:032}", u64::from(n) * 2_654_435_761 % 1_000_003))
        .collect();
    let create = |key: &str, put| match engine.save(key, &data, put, now, &mut log()).unwrap() {
        Saved::Moved(key) => key,
        _ => key.to_owned(),
    };
    let kept: Vec<String> = keys.iter().map(|key| create(key, Put::Create)).collect();
    let (mut creates, mut saves, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        creates.push(time(&keys, |key| {
            let new = format!("{round:04}{}", key.get(4..).unwrap_or_default());
            create(&new.replacen('0', "n", 1), Put::Create);
        }));
        saves.push(time(&kept, |key| {
            create(key, Put::Update);
        }));
        loads.push(time(&kept, |key| {
            black_box(engine.load(key, now, &mut log()).unwrap());
        }));
    }
    println!(
        "{:<15} {:>9.1} {:>9.1} {:>9.1}",
        engine.name(),
        median(creates),
        median(saves),
        median(loads)
    );
}

/// Microseconds for each key.
fn time(keys: &[String], mut once: impl FnMut(&str)) -> f64 {
    let start = Instant::now();
    for key in keys {
        once(key);
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(A_ROUND)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
