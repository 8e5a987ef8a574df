//! The two pages of a learner: what was seen of the steps, and the roles turned round.
//!
//! A verdict stands here and never in the response under study. The probe connects to nobody but whoever asks for it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::app::{Reply, TEXT, Visit};
use crate::clock::Clock;
use crate::lessons::{Seen, ask_back, report};
use crate::wire::{FaultKind, Lang, Status};

/// `/l/NN/check`: the steps of a lesson, with ticks, and the verdict on what came last.
pub(in crate::app) fn check(visit: &Visit<'_>) -> Reply {
    let Some(classroom) = visit.classroom else {
        let nobody = "Nobody is judged here: the lessons are taught by `blankline learn`, and to a class by `blankline serve --class`.\n\
                      这里没有人评判：单人学习用 `blankline learn`，带一个班用 `blankline serve --class`。\n";
        return Reply::new(Status::OK).with_body(TEXT, nobody);
    };
    let number = String::from_utf8_lossy(visit.captures.named("lesson")).into_owned();
    let room = classroom.room();
    let Some(lesson) = room.course().find(&number) else {
        drop(room);
        return visit.refuse(FaultKind::NotFound, visit.head().target_at());
    };
    let name = visit
        .mount
        .learner()
        .filter(|_| room.is_class())
        .unwrap_or_default();
    let page = report::page(&room, &name, lesson, visit.settings.lang);
    Reply::new(Status::OK).with_body(TEXT, page)
}

/// `/l/t1/probe?port=N&path=/`: asks the learner's own server, and has its answer judged.
pub(in crate::app) fn probe(visit: &Visit<'_>) -> Reply {
    let zh = visit.settings.lang == Lang::Zh;
    let say = |en: &str, chinese: &str| {
        let (first, second) = if zh { (chinese, en) } else { (en, chinese) };
        Reply::new(Status::OK).with_body(TEXT, format!("{first}\n{second}\n"))
    };
    let port = visit
        .parameter("port")
        .and_then(|port| port.parse::<u16>().ok());
    let Some(port) = port.filter(|port| *port >= 1024) else {
        return say(
            "Which port of your machine? Start a server of your own, such as `nc -l 9000`, and ask for /l/t1/probe?port=9000.",
            "你机器上的哪个端口？先启动你自己的服务器，例如 `nc -l 9000`，再请求 /l/t1/probe?port=9000。",
        );
    };
    let path = visit.parameter("path").unwrap_or_else(|| "/".to_owned());
    let is_path = path.starts_with('/')
        && path.len() <= 200
        && path.bytes().all(|octet| octet.is_ascii_graphic());
    if !is_path {
        return say(
            "path= is a path: it starts with a slash and has no blanks.",
            "path= 是一个路径：以斜杠开头，没有空格。",
        );
    }
    // A probe may wait for somebody who types, and there are other pages for the workers to make.
    let Some(_turn) = Turn::take() else {
        return visit.refuse(FaultKind::ServerBusy, visit.head().target_at());
    };
    let address = SocketAddr::new(visit.request.peer.ip(), port);
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let answered = ask_back(address, request.as_bytes(), PATIENCE);
    let (answer, is_closed) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            let error = error.to_string();
            return say(
                &format!("Nobody answers at {address}: {error}."),
                &format!("{address} 没有回答：{error}。"),
            );
        }
    };
    let seen = Seen::probe(request.as_bytes(), &answer, is_closed, Clock::System.wall());
    let bytes = answer.len();
    let name = visit.mount.learner();
    if let Some(classroom) = visit.classroom {
        classroom
            .room()
            .see(seen.of_learner(name, "t1"), visit.request.peer.ip());
    }
    say(
        &format!(
            "Your server was asked for {path} and answered with {bytes} bytes; /l/t1/check says what is in them."
        ),
        &format!("向你的服务器请求了 {path}，收到 {bytes} 字节；它们怎么样，看 /l/t1/check。"),
    )
}

/// How long an answer may take, typed by hand.
const PATIENCE: Duration = Duration::from_secs(20);

/// A turn at a probe.
struct Turn;

/// Probes under way.
static TURNS: AtomicUsize = AtomicUsize::new(0);

/// Half of the usual workers.
const MOST_TURNS: usize = 4;

impl Turn {
    fn take() -> Option<Self> {
        if TURNS.fetch_add(1, Ordering::Relaxed) < MOST_TURNS {
            return Some(Self);
        }
        TURNS.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURNS.fetch_sub(1, Ordering::Relaxed);
    }
}
