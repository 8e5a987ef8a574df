//! `/upload/` and `/uploads/NAME`: a form that sends a file, what became of it, and the file back.
//!
//! The client's name for a file is a wish; the page says what the file is called here and why. A file comes
//! back as an attachment, of the type that its extension says: it is somebody's, and not a page of this site.

use std::fmt::Write as _;

use super::files::serve;
use crate::app::intake::{Content, MultipartSink, Received, ReceivedFile, cannot_store};
use crate::app::page::Page;
use crate::app::uploads::{CHUNK, FileName, Room};
use crate::app::{Reply, Visit};
use crate::wire::{Escaped, Fault, FaultKind, FieldValue, encode_location};

/// GET: the form. POST: stores each file that came, and says how.
pub(in crate::app) fn upload(visit: &Visit<'_>) -> Reply {
    if !visit.head().is_method(b"POST") {
        return Reply::html(form(visit));
    }
    let received = visit.request.sink.take().and_then(MultipartSink::received);
    let Some(received) = received.filter(|received| !received.files.is_empty()) else {
        let mut types = visit.head().fields_named(b"Content-Type");
        let at = types.next().map(|field| field.value_at);
        return visit.refuse(FaultKind::NoFile, at.unwrap_or(visit.head().target_at()));
    };
    match store(visit, received) {
        Ok(reply) => reply,
        Err(fault) => visit.refuse_fault(fault),
    }
}

/// A file that was sent, as an attachment.
pub(in crate::app) fn uploaded(visit: &Visit<'_>) -> Reply {
    let name = visit.captures.named("name");
    let found = match visit.stores.uploaded.find(name) {
        Ok(found) => found,
        Err(kind) => return visit.refuse(kind, visit.head().target_at()),
    };
    let mut reply = serve(visit, name, found);
    reply.disposition = Some(attachment(name));
    reply
}

/// Stores all files or none.
fn store(visit: &Visit<'_>, received: Received) -> Result<Reply, Fault> {
    let Received {
        fields,
        files,
        notes,
        mut room,
    } = received;
    let stored = keep(visit, files, &mut room)?;
    let mut page = visit.page(["Uploaded", "上传成功"]);
    for field in &fields {
        page = page
            .markup("<p><code>request.POST[&#39;")
            .text(field.head.name())
            .markup("&#39;]</code> = <code>")
            .text(&field.value)
            .markup("</code></p>\n");
    }
    for (about, name, stored_as) in &stored {
        page = row(page, about, name, stored_as);
    }
    let mut reply = Reply::html(page.finish());
    reply.faults.extend(notes);
    Ok(reply)
}

/// Puts all files into the upload folder, or none: what each was, what became of its name, and what it is called there.
pub(super) fn keep(
    visit: &Visit<'_>,
    files: Vec<ReceivedFile>,
    room: &mut Room,
) -> Result<Vec<(About, FileName, String)>, Fault> {
    let uploads = &visit.stores.uploads;
    let milliseconds = visit.stores.milliseconds();
    let mut stored = Vec::new();
    // Files of one request differ in their stamps, whatever the clock says.
    for (file, milliseconds) in files.into_iter().zip(milliseconds..) {
        let name = FileName::of(file.head.file_name().unwrap_or_default());
        let about = About::of(&file);
        let (at, kept) = match file.content {
            Content::Memory(bytes) => (
                file.content_at,
                uploads.keep_bytes(&bytes, &name, milliseconds, room),
            ),
            Content::Disk(temporary) => (
                file.content_at,
                uploads.keep(temporary, &name, milliseconds, room),
            ),
        };
        match kept {
            Ok(stored_as) => stored.push((about, name, stored_as)),
            Err(error) => {
                // A request is stored whole or not at all.
                for (_, _, stored_as) in &stored {
                    uploads.remove(stored_as);
                }
                return Err(cannot_store(&error, at));
            }
        }
    }
    Ok(stored)
}

/// What the page says of a file, once its bytes are elsewhere.
pub(super) struct About {
    pub(super) field: Vec<u8>,
    pub(super) client_name: Vec<u8>,
    content_type: Vec<u8>,
    class: &'static str,
    /// Where its bytes begin in the message.
    pub(super) start: usize,
    pub(super) length: usize,
}

impl About {
    fn of(file: &ReceivedFile) -> Self {
        Self {
            field: file.head.name().to_vec(),
            client_name: file.head.file_name().unwrap_or_default().to_vec(),
            content_type: file.head.content_type().unwrap_or_default().into_owned(),
            class: match file.content {
                Content::Memory(_) => "InMemoryUploadedFile",
                Content::Disk(_) => "TemporaryUploadedFile",
            },
            start: file.content_at.start,
            length: file.content_at.len(),
        }
    }
}

fn row(mut page: Page, about: &About, name: &FileName, stored_as: &str) -> Page {
    let mut target = b"/uploads/".to_vec();
    encode_name(stored_as, &mut target);
    page = page
        .markup("<section>\n<h2><code>request.FILES[&#39;")
        .text(&about.field)
        .markup("&#39;]</code></h2>\n")
        .table(&[["what", "项目"], ["value", "值"]]);
    let chunks = about.length.div_ceil(CHUNK);
    for (what, value) in [
        (["class", "类"], about.class.to_owned()),
        (
            ["the client's name", "客户端的文件名"],
            Escaped(&about.client_name).to_string(),
        ),
        (
            ["Content-Type", "Content-Type"],
            Escaped(&about.content_type).to_string(),
        ),
        (
            ["bytes", "字节数"],
            format!("{}, from byte {} of the message", about.length, about.start),
        ),
        (
            ["chunks() of 64 KiB", "64 KiB 的 chunks()"],
            chunks.to_string(),
        ),
    ] {
        page = page
            .markup("<tr><td>")
            .say("span", what)
            .markup("</td><td><code>")
            .text(value)
            .markup("</code></td></tr>\n");
    }
    page = page
        .markup("<tr><td>")
        .say("span", ["stored as", "保存为"])
        .markup("</td><td><code><a href=\"")
        .text(&target)
        .markup("\">")
        .text(stored_as)
        .markup("</a></code></td></tr>\n</tbody>\n</table>\n");
    page = page.say(
        "p",
        [
            "The time in milliseconds stands before the last dot, so that equal names do not collide.",
            "毫秒时间戳放在最后一个点之前，同名文件就不会互相覆盖。",
        ],
    );
    if !name.changes.is_empty() {
        page = page.say(
            "p",
            [
                "What was done to the client's name:",
                "对客户端文件名的处理：",
            ],
        );
        page = page.markup("<ul>\n");
        for change in &name.changes {
            page = page.say("li", change.words());
        }
        page = page.markup("</ul>\n");
    }
    page.markup("</section>\n")
}

/// The form, and its own markup as text: the enctype is what the lesson is about.
fn form(visit: &Visit<'_>) -> String {
    visit
        .page(["Upload a file", "上传文件"])
        .markup(FORM)
        .say(
            "p",
            [
                "With enctype=\"multipart/form-data\" the body has a part for each field, with a head of its own. \
                 Without it only the file's name would be sent.",
                "有了 enctype=\"multipart/form-data\"，主体里每个字段是一个部分，各有自己的首部。\
                 没有它，发送的就只有文件名。",
            ],
        )
        .markup("<pre><code>")
        .text(FORM)
        .markup("</code></pre>\n")
        .finish()
}

const FORM: &str = "<form method=\"post\" action=\"/upload/\" enctype=\"multipart/form-data\">\n\
    <p><input name=\"username\" value=\"admin\" aria-label=\"username\"></p>\n\
    <p><input name=\"headimg\" type=\"file\" aria-label=\"headimg\"></p>\n\
    <p><button type=\"submit\">upload / 上传</button></p>\n\
    </form>\n";

/// `attachment` with the file's name: in ASCII for all, and whole for who knows RFC 8187.
fn attachment(name: &[u8]) -> FieldValue {
    let text = String::from_utf8_lossy(name);
    let plain: String = text
        .chars()
        .map(|it| match it {
            '"' | '\\' => '_',
            ' '..='~' => it,
            _ => '_',
        })
        .collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if *plain != *text {
        value.push_str("; filename*=UTF-8''");
        for octet in text.bytes() {
            if octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_') {
                value.push(char::from(octet));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(value, "%{octet:02X}");
            }
        }
    }
    FieldValue::new(value.into_bytes()).unwrap_or(FieldValue::constant("attachment"))
}

/// A file's name as one segment of a path.
fn encode_name(name: &str, out: &mut Vec<u8>) {
    let mut encoded = Vec::new();
    for octet in name.bytes() {
        // These mean something in a target; the rest is for `encode_location` to know.
        match octet {
            b'%' => encoded.extend_from_slice(b"%25"),
            b'?' => encoded.extend_from_slice(b"%3F"),
            b'#' => encoded.extend_from_slice(b"%23"),
            other => encoded.push(other),
        }
    }
    encode_location(&encoded, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_cannot_leave_its_quotes_or_its_line() {
        for (name, wanted) in [
            (&b"a7.png"[..], "attachment; filename=\"a7.png\""),
            (
                "男7.png".as_bytes(),
                "attachment; filename=\"_7.png\"; filename*=UTF-8''%E7%94%B77.png",
            ),
            (
                b"a\"b\\.png",
                "attachment; filename=\"a_b_.png\"; filename*=UTF-8''a%22b%5C.png",
            ),
            (
                b"a\r\nb",
                "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab",
            ),
        ] {
            assert_eq!(attachment(name).octets(), wanted.as_bytes());
        }
    }

    #[test]
    fn a_name_is_one_segment_of_a_path() {
        let mut out = Vec::new();
        encode_name("50% 男?#.png", &mut out);
        assert_eq!(out, b"50%25%20%E7%94%B7%3F%23.png");
    }
}
