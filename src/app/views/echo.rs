//! `/echo/`: what was received, taken apart, each thing with the bytes of the message where it stood.
//!
//! As text, and as JSON with `?format=json`. A place is the offset of a thing's first byte and of the first
//! one behind it. Text from the wire is escaped in both, and the JSON says a value that is not UTF-8 as the
//! edition reads it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cookies;
use crate::app::post::Post;
use crate::app::{Reply, Visit};
use crate::wire::{Escaped, Fault, Span, parse_cookies};

/// What was received.
pub(in crate::app) fn echo(visit: &Visit<'_>) -> Reply {
    let (received, is_json) = match Received::of(visit) {
        Ok(received) => received,
        Err(fault) => return visit.refuse_fault(fault),
    };
    let mut reply = if is_json {
        Reply::json(&received.json(visit))
    } else {
        Reply::text(received.text(visit))
    };
    reply.faults = received.notes;
    reply
}

/// The parts of a request, by the names that Django has for them.
struct Received {
    get: Vec<Pair>,
    post: Vec<Pair>,
    files: Vec<Sent>,
    cookies: Vec<Pair>,
    fields: Vec<Pair>,
    notes: Vec<Fault>,
}

/// A name and a value, and where they stood.
struct Pair {
    name: Vec<u8>,
    value: Vec<u8>,
    /// The value as text.
    text: String,
    /// `None` where it was put together from several places.
    name_at: Option<Span>,
    value_at: Option<Span>,
}

/// A file.
struct Sent {
    name: Vec<u8>,
    file_name: Vec<u8>,
    content_type: Vec<u8>,
    at: Span,
}

impl Received {
    fn of(visit: &Visit<'_>) -> Result<(Self, bool), Fault> {
        let edition = visit.settings.edition;
        let head = visit.head();
        let (query, form) = (visit.get()?, visit.post()?);
        let is_json = query.get(b"format") == Some(b"json");
        let of_form = |field: &crate::wire::FormField<'_>| Pair {
            name: field.name.to_vec(),
            value: field.value.to_vec(),
            text: field.value_text(edition).into_owned(),
            name_at: Some(field.name_at),
            value_at: Some(field.value_at),
        };
        let mut received = Self {
            get: query.fields().iter().map(of_form).collect(),
            post: Vec::new(),
            files: Vec::new(),
            cookies: Vec::new(),
            fields: Vec::new(),
            notes: Vec::new(),
        };
        match &form {
            Post::None => {}
            Post::Urlencoded(form) => received.post = form.fields().iter().map(of_form).collect(),
            Post::Multipart(form) => {
                received.notes.clone_from(&form.dissected.faults);
                received.post = form
                    .fields()
                    .map(|(part, content)| Pair {
                        name: part.head.name().to_vec(),
                        value: content.to_vec(),
                        text: String::from_utf8_lossy(content).into_owned(),
                        name_at: part.head.name_at(),
                        value_at: Some(part.content_at),
                    })
                    .collect();
                received.files = form
                    .files()
                    .map(|(part, _)| Sent {
                        name: part.head.name().to_vec(),
                        file_name: part.head.file_name().unwrap_or_default().to_vec(),
                        content_type: part.head.content_type().unwrap_or_default().into_owned(),
                        at: part.content_at,
                    })
                    .collect();
            }
        }
        // A place in the field is a place in the message only if the field is one piece of it.
        let field = cookies::field(head);
        let mut sent = head.fields_named(b"Cookie");
        let start = match (sent.next(), sent.next()) {
            (Some(one), None) if one.value_at.len() == field.len() => Some(one.value_at.start),
            _ => None,
        };
        let place = |at: Span| start.map(|start| Span::new(start + at.start, start + at.end));
        for cookie in parse_cookies(&field) {
            received.cookies.push(Pair {
                text: String::from_utf8_lossy(&cookie.value).into_owned(),
                name: cookie.name,
                value: cookie.value,
                name_at: None,
                value_at: place(cookie.value_at),
            });
        }
        for field in head.fields() {
            received.fields.push(Pair {
                name: field.name.to_vec(),
                value: field.value.to_vec(),
                text: String::from_utf8_lossy(&field.value).into_owned(),
                name_at: Some(field.name_at),
                value_at: Some(field.value_at),
            });
        }
        Ok((received, is_json))
    }

    fn sections(&self) -> [(&'static str, &[Pair]); 4] {
        [
            ("GET", &self.get),
            ("POST", &self.post),
            ("COOKIES", &self.cookies),
            ("META", &self.fields),
        ]
    }

    /// One thing a line, under the name that Django has for its kind.
    fn text(&self, visit: &Visit<'_>) -> String {
        let head = visit.head();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "request.method  {}\nrequest.path    {}",
            Escaped(head.method()),
            Escaped(head.path())
        );
        for (kind, pairs) in self.sections() {
            let _ = writeln!(text, "\nrequest.{kind}");
            for pair in pairs {
                let _ = writeln!(
                    text,
                    "  {:>11}  {} = {}",
                    bytes(pair.value_at),
                    Escaped(&pair.name),
                    Escaped(&pair.value)
                );
            }
            if kind == "POST" {
                let _ = writeln!(text, "\nrequest.FILES");
                for file in &self.files {
                    let _ = writeln!(
                        text,
                        "  {:>11}  {} = \"{}\", {} bytes, {}",
                        bytes(Some(file.at)),
                        Escaped(&file.name),
                        Escaped(&file.file_name),
                        file.at.len(),
                        Escaped(&file.content_type)
                    );
                }
            }
        }
        text
    }

    fn json(&self, visit: &Visit<'_>) -> Value {
        let head = visit.head();
        let mut document = serde_json::Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        put("method", String::from_utf8_lossy(head.method()).into());
        put("path", String::from_utf8_lossy(head.path()).into());
        for (kind, pairs) in self.sections() {
            let pairs: Vec<Value> = pairs
                .iter()
                .map(|pair| {
                    json!({
                        "name": String::from_utf8_lossy(&pair.name),
                        "value": pair.text,
                        "name_at": place(pair.name_at),
                        "value_at": place(pair.value_at),
                    })
                })
                .collect();
            put(kind, pairs.into());
        }
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|file| {
                json!({
                    "name": String::from_utf8_lossy(&file.name),
                    "filename": String::from_utf8_lossy(&file.file_name),
                    "content_type": String::from_utf8_lossy(&file.content_type),
                    "size": file.at.len(),
                    "at": place(Some(file.at)),
                })
            })
            .collect();
        put("FILES", files.into());
        document.into()
    }
}

fn place(at: Option<Span>) -> Value {
    at.map_or(Value::Null, |at| json!([at.start, at.end]))
}

fn bytes(at: Option<Span>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| format!("{}-{}", at.start, at.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{ask, settings, site_with};

    fn echoed(request: &str) -> String {
        ask(&site_with(settings(&[])), request).body
    }

    #[test]
    fn every_place_is_where_the_bytes_stand() {
        let form = "a=1&b=x+y&a=%E7%94%B7";
        let request = format!(
            "POST /echo/?format=json&q=%26 HTTP/1.0\r\nCookie: k=v; age=10\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let document: Value = serde_json::from_str(&echoed(&request)).unwrap();
        let at = |value: &Value| {
            let index = |n: usize| usize::try_from(value[n].as_u64().unwrap()).unwrap();
            &request[index(0)..index(1)]
        };
        let sent = |kind: &str, n: usize| {
            let pair = &document[kind][n];
            (
                at(&pair["value_at"]),
                pair["value"].as_str().unwrap().to_owned(),
            )
        };
        assert_eq!(sent("GET", 1), ("%26", "&".to_owned()));
        assert_eq!(sent("POST", 1), ("x+y", "x y".to_owned()));
        assert_eq!(sent("POST", 2), ("%E7%94%B7", "男".to_owned()));
        assert_eq!(sent("COOKIES", 1), ("10", "10".to_owned()));
        assert_eq!(at(&document["META"][0]["name_at"]), "Cookie");
    }

    #[test]
    fn files_of_a_multipart_form_are_told() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nadmin\r\n\
                    --X\r\nContent-Disposition: form-data; name=\"headimg\"; filename=\"a.png\"\r\n\
                    Content-Type: image/png\r\n\r\n\u{89}PNG\r\n--X--\r\n";
        let request = format!(
            "POST /echo/ HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=X\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let text = echoed(&request);
        let admin = request.find("admin").unwrap();
        assert!(
            text.contains(&format!("{admin}-{}  username = admin\n", admin + 5)),
            "{text}"
        );
        assert!(
            text.contains("headimg = \"a.png\", 5 bytes, image/png\n"),
            "{text}"
        );
    }

    #[test]
    fn nothing_from_the_wire_reaches_a_terminal_as_it_is() {
        let text = echoed("GET /echo/?a=%1b[2J%0a HTTP/1.0\r\n\r\n");
        assert!(text.contains("a = \\x1b[2J\\n\n"), "{text}");
    }
}
