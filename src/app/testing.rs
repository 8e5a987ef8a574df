//! For the tests of the site: a site, and what it answers to the bytes of a request.
//!
//! It stands on no socket: a request is dissected, handed to the [`Site`], and the answer's bytes are put
//! together. Only tests are compiled with it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use super::files::Files;
use super::post::FormLimits;
use super::session_store::{EngineKind, SessionSettings};
use super::stores::{StoreSettings, Stores};
use super::{Settings, Site};
use crate::clock::Clock;
use crate::engine::{Body, Request, Response, Service as _};
use crate::sessions::Limits;
use crate::wire::{Edition, HttpDate, Lang, RequestHead};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its head, blank line included; empty in a Simple-Response.
    pub(super) head: String,
    /// Its body.
    pub(super) body: String,
    /// The slugs of what was noticed.
    pub(super) noticed: Vec<&'static str>,
}

impl Answer {
    /// The status code of its status line.
    pub(super) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The values of the fields of this name, in order.
    pub(super) fn fields(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1);
        let values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        values.collect()
    }

    /// The value of the one field of this name.
    pub(super) fn field(&self, name: &str) -> &str {
        let values = self.fields(name);
        assert_eq!(values.len(), 1, "{name} in {}", self.head);
        values[0]
    }
}

/// Settings as `serve --frozen` has them, with these static folders.
pub(super) fn settings(folders: &[PathBuf]) -> Settings {
    Settings {
        edition: Edition::Notes,
        lang: Lang::En,
        server: None,
        files: Files::new(folders).unwrap(),
        hotlink_without_referer: true,
        form_bytes: 2_621_440,
        form: FormLimits::default(),
        session_cookie: crate::sessions::COOKIE_NAME.to_owned(),
        host: "127.0.0.1:8000".to_owned(),
    }
}

/// A site with these settings that keeps things in a temporary folder, where one file was sent before, and sessions
/// in memory.
pub(super) fn site_with(settings: Settings) -> Site {
    site_with_engine(settings, EngineKind::Cache)
}

/// The same with sessions in this engine.
pub(super) fn site_with_engine(settings: Settings, engine: EngineKind) -> Site {
    let stores = StoreSettings {
        data: None,
        upload_folder: None,
        upload_quota: 1_000_000_000,
        iterations: 1,
        sessions: SessionSettings {
            engine,
            file_path: None,
            redis_url: "redis://127.0.0.1:1/0".to_owned(),
            secret_key: None,
            memory: Limits::default(),
        },
        clock: Clock::Frozen(now().seconds()),
    };
    let stores = Stores::open(&stores).unwrap();
    // The one that the table of URLs has as its example.
    let example = stores.uploads.folder().join("a1509328929000.png");
    std::fs::write(example, "png").unwrap();
    Site::new(settings, stores)
}

/// The notes' own moment: Mon, 30 Oct 2017 02:02:09 GMT.
pub(super) fn now() -> HttpDate {
    HttpDate::from_seconds(1_509_328_929)
}

/// What a site with the usual settings answers to a GET.
pub(super) fn get(target: &str) -> Answer {
    ask(
        &site_with(settings(&[])),
        &format!("GET {target} HTTP/1.0\r\n\r\n"),
    )
}

/// What a site answers to a request at the notes' moment.
pub(super) fn ask(site: &Site, request: &str) -> Answer {
    ask_at(site, request, now())
}

/// What a site answers to a request.
pub(super) fn ask_at(site: &Site, request: &str, now: HttpDate) -> Answer {
    let head_length = request.find("\r\n\r\n").map_or(request.len(), |at| at + 4);
    let (head, body) = request.split_at(head_length);
    let head = RequestHead::dissect(head.as_bytes().to_vec());
    let may_keep_alive = head.field(b"Connection").is_some();
    let response = match head.refusal() {
        Some(fault) => site.refuse(&head, &fault, now),
        None => site.respond(
            &Request {
                head: Box::new(head),
                body: body.as_bytes().to_vec(),
                sink: RefCell::default(),
                peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
                may_keep_alive,
            },
            now,
        ),
    };
    answer(response)
}

fn answer(response: Response) -> Answer {
    let body = match response.body {
        Body::Bytes(bytes) => bytes.into_owned(),
        Body::Scripted(script) => script.bytes(),
        Body::Live(source) => panic!("no page of the site is live: {source:?}"),
        Body::File { file, length } => {
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        }
    };
    Answer {
        head: String::from_utf8(response.head.into_bytes()).unwrap(),
        body: String::from_utf8_lossy(&body).into_owned(),
        noticed: response
            .faults
            .iter()
            .map(|fault| fault.kind.slug())
            .collect(),
    }
}
