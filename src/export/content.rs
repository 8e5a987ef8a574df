//! What is inside a request's body: the fields of a form, the parts of a multipart body.
//!
//! The body is judged by itself and as far as it is here. How many fields a server takes is no part of
//! it: a form with more of them than Django takes stays one `Body`.

use crate::wire::{
    Boundary, Edition, Fault, Label, QueryDict, RequestHead, Span, dissect_multipart, trim_blanks,
};

/// Labels that tile the `body` of the request whose bytes `head` has, and what is odd in it. Nothing
/// for a body of another type.
pub(super) fn content(head: &RequestHead, body: Span) -> (Vec<Label>, Vec<Fault>) {
    let Some(field) = head.fields_named(b"Content-Type").next() else {
        return Default::default();
    };
    let octets = body.of(head.bytes());
    if is_type(&field.value, b"application/x-www-form-urlencoded") {
        let form = QueryDict::parse(octets, body.start, Edition::Notes);
        let labels = form.map(|form| form.labels().collect());
        return (labels.unwrap_or_default(), Vec::new());
    }
    match boundary(head) {
        Some(boundary) => {
            let dissected = dissect_multipart(octets, &boundary, body.start);
            (dissected.labels, dissected.faults)
        }
        None => Default::default(),
    }
}

/// The boundary of a request whose body is multipart.
pub(super) fn boundary(head: &RequestHead) -> Option<Boundary> {
    let field = head.fields_named(b"Content-Type").next()?;
    let is_multipart = is_type(&field.value, b"multipart/form-data");
    Boundary::of(&field.value, field.value_at.start)
        .ok()
        .filter(|_| is_multipart)
}

/// Whether the media type is this one, in any case and whatever its parameters (RFC 1945 3.6).
fn is_type(content_type: &[u8], wanted: &[u8]) -> bool {
    let name = content_type.split(|&octet| octet == b';').next();
    trim_blanks(name.unwrap_or_default()).eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content_type: &str, body: &str) -> Vec<&'static str> {
        let message = format!(
            "POST / HTTP/1.0\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let head = RequestHead::dissect_message(message.clone().into_bytes());
        let span = Span::new(message.len() - body.len(), message.len());
        let (labels, _) = content(&head, span);
        labels.iter().map(|label| label.part.name()).collect()
    }

    #[test]
    fn a_form_has_names_and_values() {
        let names = ["form-name", "equals", "form-value"];
        let form = "application/x-www-form-urlencoded";
        assert_eq!(parts(form, "a=1"), names);
        assert_eq!(
            parts("Application/X-WWW-form-urlencoded ; charset=gbk", "a=1"),
            names
        );
        assert_eq!(parts("text/plain", "a=1"), [""; 0]);
        assert_eq!(parts(form, &"&".repeat(2_000)), [""; 0]);
    }

    #[test]
    fn a_multipart_body_has_boundaries() {
        let shown = parts("multipart/form-data; boundary=X", "--X\r\n\r\nhi\r\n--X--");
        assert!(
            shown.contains(&"boundary") && shown.contains(&"part-body"),
            "{shown:?}"
        );
        assert_eq!(parts("multipart/form-data", "--X--"), [""; 0]);
    }
}
