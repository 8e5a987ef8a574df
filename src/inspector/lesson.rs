//! The lesson side: where a learner is, what there is to do, and the verdict on what came last, as JSON.
//!
//! It has what the console of `blankline learn` shows. A verdict names its exchange by connection and number, as the
//! list does, so that the page finds the deciding bytes whichever of the two comes first. Where the page hides secrets,
//! the evidence is read off bytes in which they are hidden.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::export::{MessageKind, hidden, repeated, secrets};
use crate::lessons::prose::{Block, blocks, here, join, plain};
use crate::lessons::report::{Evidence, Report, reports};
use crate::lessons::{Judged, Kind, Learner, Room, Seen, Side, Step, Texts};
use crate::wire::{Lang, RequestHead, ResponseHead};

/// The lesson side of this learner; where there is none of that name, only who there is.
pub(super) fn lesson_json(
    room: &Room,
    name: &str,
    lang: Lang,
    site: SocketAddr,
    hides_secrets: bool,
) -> Value {
    let names: Vec<&str> = room.learners().map(|(name, _)| name).collect();
    let mut side = json!({
        "revision": room.revision(),
        "class": room.is_class(),
        "learners": names,
        "learner": null,
    });
    let lessons = room.course().lessons();
    let learner = room.learner(name);
    let Some((learner, texts)) =
        learner.and_then(|learner| Some((learner, lessons.get(learner.lesson)?)))
    else {
        return side;
    };
    let teaching = Teaching {
        learner,
        texts,
        lang,
        site,
    };
    let row = |texts: &Texts| {
        let text = texts.text(lang);
        json!({
            "number": text.number,
            "title": text.title,
            "core": text.is_core,
            "done": learner.steps_done(texts),
            "of": text.steps.len(),
        })
    };
    let text = texts.text(lang);
    let more = json!({
        "learner": name,
        "lesson": row(texts),
        "lessons": lessons.iter().map(row).collect::<Vec<_>>(),
        "text": blocks(&text.text).iter().map(|block| teaching.block(block)).collect::<Vec<_>>(),
        "steps": text.steps.iter().map(|step| teaching.step(step)).collect::<Vec<_>>(),
        "step": learner.step(texts),
        "hints": teaching.hints(),
        "verdict": learner.last.as_ref().map(|judged| teaching.verdict(judged, hides_secrets)),
    });
    if let (Some(side), Value::Object(more)) = (side.as_object_mut(), more) {
        side.extend(more);
    }
    side
}

/// Gives the next hint of the step at hand; nothing where there is no such learner or step.
pub(super) fn hint(room: &mut Room, name: &str) -> Option<usize> {
    let learner = room.learner(name)?;
    let texts = room.course().lessons().get(learner.lesson)?;
    let step = learner.step(texts)?;
    Some(room.hint(name, step))
}

/// A learner's lesson, in one language.
struct Teaching<'a> {
    learner: &'a Learner,
    texts: &'a Texts,
    lang: Lang,
    site: SocketAddr,
}

impl Teaching<'_> {
    fn block(&self, block: &Block) -> Value {
        let (kind, text) = match block {
            Block::Heading(text) => ("heading", text),
            Block::Prose(text) => ("prose", text),
            Block::Rows(text) => ("rows", text),
            Block::Code(text) => ("code", text),
        };
        json!({"kind": kind, "text": here(text, self.site)})
    }

    fn prose(&self, text: &str) -> String {
        join(&plain(&here(text, self.site)))
    }

    fn step(&self, step: &Step) -> Value {
        let [curl, nc] = step.ways().map(|way| here(way, self.site));
        let number = &self.texts.lesson().number;
        json!({
            "name": step.name,
            "task": self.prose(&step.task),
            "ways": {"curl": curl, "nc": nc},
            "done": self.learner.has_done(number, &step.name),
        })
    }

    /// The hints of the step at hand that were asked for; after the last of them come both ways of doing it.
    fn hints(&self) -> Value {
        let steps = &self.texts.text(self.lang).steps;
        let step = self.learner.step(self.texts);
        let Some((index, step)) = step.and_then(|index| Some((index, steps.get(index)?))) else {
            return Value::Null;
        };
        let asked = self.learner.hints.get(&index).copied().unwrap_or_default();
        let given = step.hints.iter().take(asked);
        json!({
            "given": given.map(|hint| self.prose(hint)).collect::<Vec<_>>(),
            "of": step.hints.len(),
            "ways": asked > step.hints.len(),
        })
    }

    fn verdict(&self, judged: &Judged, hides_secrets: bool) -> Value {
        let reports = if hides_secrets {
            reports(self.texts, &without_secrets(judged), self.lang)
        } else {
            reports(self.texts, judged, self.lang)
        };
        let seen = &judged.seen;
        json!({
            "kind": match seen.kind {
                Kind::Exchange => "exchange",
                Kind::Waiting => "waiting",
                Kind::Probe { .. } => "probe",
            },
            "connection": seen.connection,
            "number": seen.number,
            "reports": reports.iter().map(report).collect::<Vec<_>>(),
        })
    }
}

fn report(report: &Report) -> Value {
    json!({
        "mark": report.mark.name(),
        "sign": report.mark.sign(),
        "step": report.step,
        "near": report.near,
        "sentence": join(&plain(&report.sentence)),
        "rule": report.rule,
        "evidence": report.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

fn evidence(evidence: &Evidence) -> Value {
    let place = evidence.place;
    json!({
        "words": evidence.words,
        "saw": evidence.saw,
        "side": place.map(|place| match place.side {
            Side::Request => "request",
            Side::Response => "response",
        }),
        "start": place.map(|place| place.span.start),
        "end": place.map(|place| place.span.end),
    })
}

/// The same with `*` for each byte of a secret, at the same places.
fn without_secrets(judged: &Judged) -> Judged {
    let mut seen = Seen::clone(&judged.seen);
    let (request, response) = (seen.request.bytes(), seen.response.bytes());
    let in_request = secrets(request, MessageKind::Request);
    let mut in_response = secrets(response, MessageKind::Response);
    in_response.extend(repeated(response, request, &in_request));
    let (request, response) = (hidden(request, &in_request), hidden(response, &in_response));
    seen.request = RequestHead::dissect(request);
    seen.response = ResponseHead::dissect(response);
    Judged {
        seen: Arc::new(seen),
        verdict: Arc::clone(&judged.verdict),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::IpAddr;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::lessons::{Classroom, Course};
    use crate::record::{Exchange, Stream, Transcript};

    const TEXT: &str = "\
# 00 · First ★

A request is *text*.

## More

```sh
nc 127.0.0.1 8000
```

```step hello
do: Send `it`
do: now.
curl: curl -s http://127.0.0.1:8000/raw
nc: printf 'GET /raw HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000
see: path /raw
see: version 1.0
see: no field User-Agent
hint: one
hint: two
near agent
  see: cookie sessionid has cde
  say: It has a cookie.
  try: curl -s http://127.0.0.1:8000/raw
  rule: RFC 1945 10.15
pass: Good.
rule: RFC 1945 5
```

```step again
do: Once more.
curl: curl -s http://127.0.0.1:8000/raw
nc: # no
see: path /raw
see: version 1.1
hint: one
pass: Good.
rule: RFC 1945 5
```
";

    /// A course of this lesson, in English and in Chinese, and of one with a step that is not of the core course.
    pub(in crate::inspector) fn course() -> Arc<Course> {
        let folder = tempfile::tempdir().unwrap();
        let chinese = TEXT
            .replace("First", "第一课")
            .replace("hint: one", "hint: 一")
            .replace("pass: Good.", "pass: 很好。");
        for (lang, text) in [("en", TEXT), ("zh", &chinese)] {
            let folder = folder.path().join(lang);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("00-first.md"), text).unwrap();
            let second = text.replace("# 00", "# 01").replace(" ★", "");
            std::fs::write(folder.join("01-second.md"), second).unwrap();
        }
        Arc::new(Course::read(folder.path()).unwrap())
    }

    /// Lets a classroom see an exchange of the seventh connection, its third.
    pub(in crate::inspector) fn ask(
        room: &mut Room,
        request: &str,
        response: &str,
        at: SystemTime,
    ) {
        let address = SocketAddr::from(([127, 0, 0, 1], 8000));
        let stream = |bytes: &str| Stream {
            bytes: bytes.as_bytes().to_vec(),
            length: bytes.len() as u64,
        };
        let seen = Seen::exchange(
            &Transcript {
                exchange: Arc::new(Exchange {
                    connection: 7,
                    at,
                    peer: address,
                    head: Some(Box::new(RequestHead::dissect(request.as_bytes().to_vec()))),
                    faults: Vec::new(),
                    request_bytes: request.len() as u64,
                    status: None,
                    bytes: response.len() as u64,
                    took: Duration::ZERO,
                }),
                server: address,
                opened: UNIX_EPOCH,
                number: 3,
                request: stream(request),
                response: stream(response),
                timeline: Vec::new(),
            },
            &[],
        );
        room.see(seen, IpAddr::from([127, 0, 0, 1]));
    }

    fn side(room: &Room, name: &str, lang: Lang, hides_secrets: bool) -> Value {
        let site = SocketAddr::from(([127, 0, 0, 1], 9));
        lesson_json(room, name, lang, site, hides_secrets)
    }

    const OK: &str = "HTTP/1.0 200 OK\r\n\r\n";

    #[test]
    fn the_lesson_side_has_text_steps_and_ticks_in_both_languages() {
        let classroom = Classroom::of_one(course(), UNIX_EPOCH);
        let mut room = classroom.room();
        let one = side(&room, "", Lang::En, false);
        let lesson = json!({"number": "00", "title": "First", "core": true, "done": 0, "of": 2});
        assert_eq!(one["lesson"], lesson);
        assert_eq!(
            one["text"],
            json!([
                {"kind": "prose", "text": "A request is *text*."},
                {"kind": "heading", "text": "More"},
                {"kind": "code", "text": "nc 127.0.0.1 9"},
            ])
        );
        assert_eq!(one["steps"][0]["task"], "Send `it` now.");
        assert_eq!(
            one["steps"][0]["ways"]["curl"],
            "curl -s http://127.0.0.1:9/raw"
        );
        assert_eq!((&one["step"], &one["verdict"]), (&json!(0), &Value::Null));
        ask(&mut room, "GET /raw HTTP/1.0\r\n\r\n", OK, UNIX_EPOCH);
        let other = side(&room, "", Lang::Zh, false);
        assert_eq!(other["lesson"]["title"], "第一课");
        assert_eq!(other["steps"][0]["done"], true);
        assert_eq!(
            (&other["step"], &other["lesson"]["done"]),
            (&json!(1), &json!(1))
        );
        assert_ne!(one["revision"], other["revision"]);
        let report = &other["verdict"]["reports"][0];
        assert_eq!(
            (&report["mark"], &report["sentence"]),
            (&json!("passed"), &json!("很好。"))
        );
        assert_eq!(report["rule"], "RFC 1945 5");
        ask(&mut room, "GET /raw HTTP/1.1\r\n\r\n", OK, UNIX_EPOCH);
        let over = side(&room, "", Lang::En, false);
        assert_eq!(
            (&over["step"], &over["hints"]),
            (&Value::Null, &Value::Null)
        );
    }

    #[test]
    fn a_verdict_names_its_exchange_and_the_bytes_that_decided() {
        let classroom = Classroom::of_one(course(), UNIX_EPOCH);
        let mut room = classroom.room();
        let request = "GET /raw HTTP/1.0\r\nCookie: sessionid=abcdefgh\r\n\r\n";
        ask(&mut room, &request.replace("1.0", "1.2"), OK, UNIX_EPOCH);
        let verdict = &side(&room, "", Lang::En, false)["verdict"];
        assert_eq!(
            (&verdict["kind"], &verdict["connection"], &verdict["number"]),
            (&json!("exchange"), &json!(7), &json!(3))
        );
        let report = &verdict["reports"][0];
        assert_eq!(report["near"], "agent");
        let evidence = &report["evidence"][0];
        assert_eq!(evidence["side"], "request");
        let at = |key: &str| usize::try_from(evidence[key].as_u64().unwrap()).unwrap();
        let bytes = &request[at("start")..at("end")];
        assert!(bytes.contains("abcdefgh"), "{bytes}");
        assert!(evidence["saw"].as_str().unwrap().contains("abcdefgh"));
        // Where the page hides secrets, this is no way around it.
        let hidden = side(&room, "", Lang::En, true).to_string();
        assert!(
            !hidden.contains("abcdefgh") && hidden.contains("********"),
            "{hidden}"
        );
    }

    #[test]
    fn hints_come_one_by_one_and_then_the_ways() {
        let classroom = Classroom::of_one(course(), UNIX_EPOCH);
        let mut room = classroom.room();
        let hints = |room: &Room| side(room, "", Lang::Zh, false)["hints"].clone();
        assert_eq!(hints(&room), json!({"given": [], "of": 2, "ways": false}));
        hint(&mut room, "").unwrap();
        assert_eq!(
            hints(&room),
            json!({"given": ["一"], "of": 2, "ways": false})
        );
        for _ in 0..3 {
            hint(&mut room, "").unwrap();
        }
        assert_eq!(
            hints(&room),
            json!({"given": ["一", "two"], "of": 2, "ways": true})
        );
        assert_eq!(hint(&mut room, "nobody"), None);
    }

    #[test]
    fn in_a_class_each_has_a_side_and_a_stranger_none() {
        let classroom = Classroom::of_many(course(), 9);
        let mut room = classroom.room();
        ask(
            &mut room,
            "GET /u/ann/l/01 HTTP/1.0\r\n\r\n",
            OK,
            UNIX_EPOCH,
        );
        let none = side(&room, "", Lang::En, false);
        assert_eq!(
            (&none["learner"], &none["lesson"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&none["class"], &none["learners"]),
            (&json!(true), &json!(["ann"]))
        );
        let ann = side(&room, "ann", Lang::En, false);
        assert_eq!(ann["lesson"]["number"], "01");
    }
}
