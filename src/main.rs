//! The `blankline` program.

use blankline::{app, engine, wire};
use std::sync::Arc;

fn main() {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|p| p.parse().ok())
        .unwrap_or(8000);
    let dirs: Vec<_> = std::env::args().skip(2).map(Into::into).collect();
    let site = app::Site::new(app::Settings {
        edition: wire::Edition::Notes,
        lang: wire::Lang::En,
        server: wire::FieldValue::new(&b"blankline/0.1.0"[..]).ok(),
        files: app::files::Files::new(&dirs).unwrap(),
        hotlink_without_referer: true,
        host: String::new(),
    });
    let settings = engine::Settings {
        address: ([127, 0, 0, 1], port).into(),
        ..Default::default()
    };
    let e = engine::Engine::bind(&settings, Arc::new(site), || None).unwrap();
    println!("{}", e.address());
    e.run().unwrap();
}
