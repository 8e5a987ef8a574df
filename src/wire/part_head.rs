//! The head of one part of a `multipart/form-data` body: what it is called, and whether it is a file.
//!
//! ```text
//! Content-Disposition: form-data; name="headimg"; filename="a.png" CRLF
//! Content-Type: image/png CRLF
//! CRLF
//! ```
//!
//! Its lines are those of a message's head and are read by the same code; the rules about their content are
//! RFC 7578's. Reading is total: whatever is odd becomes a fault, and each fault has its place in the whole
//! message. What a file name may open is not decided here, nor how long it may be.

use std::borrow::Cow;

use super::head::Head;
use super::parameter::{Parameter, parameters};
use super::{Fault, FaultKind, Field, Label, Span, decode_path, trim_blanks};

/// What a part is, by its file name.
///
/// ```
/// use blankline::wire::{PartHead, PartKind};
/// let head = |text: &[u8]| PartHead::dissect(text.to_vec(), 0);
/// let file = head(b"Content-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n");
/// assert_eq!(file.kind(), PartKind::File);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// It has no file name: an ordinary field.
    Field,
    /// It has a file name.
    File,
    /// Its file name is empty: a browser's file input in which no file was chosen, if the content is empty
    /// too. With content it is an ordinary field, as with Django.
    NoFile,
}

/// A part's head, dissected: its bytes, their labels, and what they mean.
///
/// ```
/// use blankline::wire::PartHead;
/// let head = PartHead::dissect(b"Content-Disposition: form-data; name=\"user\"\r\n\r\n".to_vec(), 100);
/// assert_eq!(head.name(), b"user");
/// assert_eq!(head.file_name(), None);
/// assert!(head.faults().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct PartHead {
    head: Head,
    offset: usize,
    name: Option<Text>,
    file_name: Option<Text>,
    faults: Vec<Fault>,
}

/// Decoded bytes, and where they stand encoded.
#[derive(Clone, Debug)]
struct Text {
    octets: Vec<u8>,
    at: Span,
}

impl PartHead {
    /// Dissects a head, its blank line included, that starts at byte `offset` of its message.
    ///
    /// ```
    /// use blankline::wire::{FaultKind, PartHead, Span};
    /// let head = PartHead::dissect(b"Content-Type: image/png\r\n\r\n".to_vec(), 100);
    /// assert_eq!(head.faults()[0].kind, FaultKind::PartWithoutName);
    /// assert_eq!(head.faults()[0].at, Span::new(100, 127));
    /// ```
    #[must_use]
    pub fn dissect(bytes: Vec<u8>, offset: usize) -> Self {
        let mut head = Head::new(bytes);
        head.field_lines(0);
        let lines = std::mem::take(&mut head.faults);
        let mut part = Self {
            head,
            offset,
            name: None,
            file_name: None,
            faults: Vec::new(),
        };
        for fault in lines {
            if let Some(kind) = kind_in_part(fault.kind) {
                part.report(kind, fault.at);
            }
        }
        part.disposition();
        part.transfer_encoding();
        part
    }

    /// The name of the field, decoded; empty if it has none, which is a fault.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// // A quote as browsers write it, and as curl does.
    /// for written in [&b"%22a%22"[..], b"\\\"a\\\""] {
    ///     let head = [b"Content-Disposition: form-data; name=\"", written, b"\"\r\n\r\n"].concat();
    ///     assert_eq!(PartHead::dissect(head, 0).name(), b"\"a\"");
    /// }
    /// ```
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.name.as_ref().map_or(b"", |name| &name.octets)
    }

    /// Where the name stands, without its quotes.
    ///
    /// ```
    /// use blankline::wire::{PartHead, Span};
    /// let head = PartHead::dissect(b"Content-Disposition: form-data; name=a\r\n\r\n".to_vec(), 100);
    /// assert_eq!(head.name_at(), Some(Span::new(137, 138)));
    /// ```
    #[must_use]
    pub fn name_at(&self) -> Option<Span> {
        self.name.as_ref().map(|name| name.at)
    }

    /// The file name as the client gave it, decoded; `filename*` wins over `filename`. It may hold any
    /// byte but NUL, slashes and `..` too.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// let head = b"Content-Disposition: form-data; name=f; filename=x; filename*=UTF-8''%E7%94%B7\r\n\r\n";
    /// assert_eq!(PartHead::dissect(head.to_vec(), 0).file_name(), Some("男".as_bytes()));
    /// ```
    #[must_use]
    pub fn file_name(&self) -> Option<&[u8]> {
        self.file_name.as_ref().map(|name| &*name.octets)
    }

    /// Where the file name stands, without its quotes.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// assert_eq!(PartHead::dissect(b"\r\n".to_vec(), 0).file_name_at(), None);
    /// ```
    #[must_use]
    pub fn file_name_at(&self) -> Option<Span> {
        self.file_name.as_ref().map(|name| name.at)
    }

    /// Whether it is a file, or a field.
    ///
    /// ```
    /// use blankline::wire::{PartHead, PartKind};
    /// let head = b"Content-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n";
    /// assert_eq!(PartHead::dissect(head.to_vec(), 0).kind(), PartKind::NoFile);
    /// ```
    #[must_use]
    pub fn kind(&self) -> PartKind {
        match self.file_name() {
            None => PartKind::Field,
            Some(b"") => PartKind::NoFile,
            Some(_) => PartKind::File,
        }
    }

    /// What the client says that the content is; nobody has looked at it.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// let head = PartHead::dissect(b"Content-Type: image/png\r\n\r\n".to_vec(), 0);
    /// assert_eq!(head.content_type().as_deref(), Some(&b"image/png"[..]));
    /// ```
    #[must_use]
    pub fn content_type(&self) -> Option<Cow<'_, [u8]>> {
        self.field(b"Content-Type").map(|field| field.value)
    }

    /// The first field of this name, in any case.
    ///
    /// ```
    /// use blankline::wire::{PartHead, Span};
    /// let head = PartHead::dissect(b"X-A: b\r\n\r\n".to_vec(), 100);
    /// assert_eq!(head.field(b"x-a").map(|field| field.value_at), Some(Span::new(105, 106)));
    /// ```
    #[must_use]
    pub fn field(&self, name: &[u8]) -> Option<Field<'_>> {
        self.fields()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The fields in the order they were sent.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// assert_eq!(PartHead::dissect(b"A: b\r\nC: d\r\n\r\n".to_vec(), 0).fields().count(), 2);
    /// ```
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.head.fields.iter().map(|spans| {
            let field = self.head.field(spans);
            Field {
                name_at: self.place(field.name_at),
                value_at: self.place(field.value_at),
                ..field
            }
        })
    }

    /// All bytes of the head, the blank line's too.
    ///
    /// ```
    /// use blankline::wire::PartHead;
    /// assert_eq!(PartHead::dissect(b"\r\n".to_vec(), 0).bytes(), b"\r\n");
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.head.bytes
    }

    /// Where the head stands.
    ///
    /// ```
    /// use blankline::wire::{PartHead, Span};
    /// assert_eq!(PartHead::dissect(b"\r\n".to_vec(), 100).at(), Span::new(100, 102));
    /// ```
    #[must_use]
    pub fn at(&self) -> Span {
        self.place(Span::new(0, self.head.bytes.len()))
    }

    /// What each of its bytes is.
    ///
    /// ```
    /// use blankline::wire::{LineEnd, Part, PartHead};
    /// let head = PartHead::dissect(b"A: b\r\n\r\n".to_vec(), 100);
    /// assert_eq!(head.labels().last().map(|label| label.part), Some(Part::BlankLine(LineEnd::CrLf)));
    /// ```
    pub fn labels(&self) -> impl Iterator<Item = Label> {
        self.head
            .anatomy
            .labels()
            .map(|Label { part, span }| Label {
                part,
                span: self.place(span),
            })
    }

    /// What is odd or wrong: the first fault of each kind.
    ///
    /// ```
    /// use blankline::wire::{FaultKind, PartHead};
    /// let head = PartHead::dissect(b"Content-Disposition: form-data; name=\"a\"\n\n".to_vec(), 0);
    /// assert_eq!(head.faults()[0].kind, FaultKind::MultipartBareLf);
    /// ```
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// RFC 7578 4.2. The disposition's type is not looked at, as with Django.
    fn disposition(&mut self) {
        let Some(field) = self.field(b"Content-Disposition") else {
            let all = Span::new(0, self.head.bytes.len());
            return self.report(FaultKind::PartWithoutName, all);
        };
        let value_at = field.value_at;
        let is_folded = matches!(field.value, Cow::Owned(_));
        let value = field.value.into_owned();
        // A folded value is not what stands in the message: its parts are all at its place.
        let place = |at: Span| match is_folded {
            true => value_at,
            false => Span::new(value_at.start + at.start, value_at.start + at.end),
        };
        let mut malformed = Vec::new();
        let mut extended = None;
        for parameter in parameters(&value) {
            let parameter = match parameter {
                Ok(parameter) => parameter,
                Err(at) => {
                    malformed.push(place(at));
                    continue;
                }
            };
            let at = place(parameter.value_at);
            let text = |octets: &[u8]| {
                Some(Text {
                    octets: unquote(octets),
                    at,
                })
            };
            match &*parameter.name.to_ascii_lowercase() {
                b"name" => self.name = text(trim_blanks(&parameter.value)),
                b"filename" => self.file_name = text(&parameter.value),
                b"filename*" => match extended_value(&parameter) {
                    Some(octets) => extended = Some(Text { octets, at }),
                    None => malformed.push(at),
                },
                _ => {}
            }
        }
        if let Some(text) = extended {
            self.report_at(FaultKind::FileNameStar, text.at);
            self.file_name = Some(text);
        }
        match malformed.first() {
            Some(&at) => self.report_at(FaultKind::BadDisposition, at),
            None if self.name.is_none() => self.report_at(FaultKind::PartWithoutName, value_at),
            None => {}
        }
        if let Some(text) = self.file_name.as_ref().filter(|it| it.octets.contains(&0)) {
            // It says more than that control characters are not allowed.
            let at = text.at;
            let says_less = |fault: &Fault| {
                fault.kind == FaultKind::BadOctetInValue
                    && (at.start..at.end).contains(&fault.at.start)
            };
            self.faults.retain(|fault| !says_less(fault));
            self.report_at(FaultKind::NulInFileName, at);
        }
    }

    /// RFC 7578 4.7: nobody sends it, since HTTP carries any byte.
    fn transfer_encoding(&mut self) {
        let Some(field) = self.field(b"Content-Transfer-Encoding") else {
            return;
        };
        let is_identity = IDENTITY
            .iter()
            .any(|identity| field.value.eq_ignore_ascii_case(identity));
        let at = field.value_at;
        if !is_identity {
            self.report_at(FaultKind::PartTransferEncoding, at);
        }
    }

    /// A place in the head, as a place in the message.
    fn place(&self, at: Span) -> Span {
        Span::new(self.offset + at.start, self.offset + at.end)
    }

    fn report(&mut self, kind: FaultKind, at: Span) {
        self.report_at(kind, self.place(at));
    }

    fn report_at(&mut self, kind: FaultKind, at: Span) {
        if self.faults.iter().all(|known| known.kind != kind) {
            self.faults.push(Fault::new(kind, at));
        }
    }
}

/// What a fault of a message's head is in a part's: a line that is no field may be content that came too
/// early, and a bare LF is refused, since the boundaries around it would have to be guessed. UTF-8 in a
/// value is what RFC 7578 5.1 asks for.
const fn kind_in_part(kind: FaultKind) -> Option<FaultKind> {
    match kind {
        FaultKind::MissingColon
        | FaultKind::BadFieldName
        | FaultKind::SpaceBeforeColon
        | FaultKind::FoldWithoutField => Some(FaultKind::BadPartLine),
        FaultKind::BareLf => Some(FaultKind::MultipartBareLf),
        FaultKind::HeadCutShort => Some(FaultKind::CutInPartHead),
        FaultKind::ObsText => None,
        _ => Some(kind),
    }
}

/// Browsers write a quote in a name as `%22` (HTML, 4.10.21.8), and a percent sign as itself; so that is the
/// only escape undone. They also write `%0D` and `%0A`, but a line end has no use in a name.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [b'%', b'2', b'2', after @ ..] => {
                plain.push(b'"');
                after
            }
            [octet, after @ ..] => {
                plain.push(*octet);
                after
            }
            [] => return plain,
        };
    }
}

/// `charset'language'value` (RFC 8187 3.2.1), percent-decoded, as UTF-8. The bytes of a charset other than
/// ISO-8859-1 are left as they are; `None` if it is not written so.
fn extended_value(parameter: &Parameter<'_>) -> Option<Vec<u8>> {
    let mut pieces = parameter.value.splitn(3, |&octet| octet == b'\'');
    let (charset, _, value) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let octets = decode_path(value);
    Some(if charset.eq_ignore_ascii_case(b"ISO-8859-1") {
        let text: String = octets.iter().copied().map(char::from).collect();
        text.into_bytes()
    } else {
        octets.into_owned()
    })
}

/// Transfer encodings that change nothing (RFC 2045 6.2).
const IDENTITY: [&[u8]; 3] = [b"7bit", b"8bit", b"binary"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A head with this Content-Disposition, at offset 100.
    fn disposition(value: &[u8]) -> PartHead {
        let head = [b"Content-Disposition: ", value, b"\r\n\r\n"].concat();
        PartHead::dissect(head, 100)
    }

    fn kinds(head: &PartHead) -> Vec<FaultKind> {
        head.faults().iter().map(|fault| fault.kind).collect()
    }

    /// Values, and the name and file name in them.
    #[test]
    fn names() {
        for (value, name, file_name) in [
            (&br#"form-data; name="a""#[..], "a", None),
            (b"form-data; name=a", "a", None),
            (br#"form-data; name="""#, "", None),
            (br#"form-data; name=" a ""#, "a", None),
            (br#"attachment; NAME="a"; FileName="b""#, "a", Some("b")),
            (
                "form-data; name=\"名\"; filename=\"男.png\"".as_bytes(),
                "名",
                Some("男.png"),
            ),
            (br#"form-data; name="a"; filename="""#, "a", Some("")),
            (
                br#"form-data; name="a"; filename="C:\new\a.png""#,
                "a",
                Some(r"C:\new\a.png"),
            ),
            (
                br#"form-data; name="a"; filename="x%22y%0D%2F""#,
                "a",
                Some("x\"y%0D%2F"),
            ),
            (
                br#"form-data; name="a"; filename="x\"y""#,
                "a",
                Some("x\"y"),
            ),
            (
                br#"form-data; name="a;b"; filename="../../x""#,
                "a;b",
                Some("../../x"),
            ),
        ] {
            let head = disposition(value);
            assert_eq!(head.name(), name.as_bytes(), "{}", value.escape_ascii());
            assert_eq!(head.file_name(), file_name.map(str::as_bytes));
            assert_eq!(kinds(&head), []);
        }
    }

    #[test]
    fn an_extended_file_name_wins_and_is_noted() {
        for (value, file_name) in [
            (
                &b"f; name=a; filename*=UTF-8''%E7%94%B7; filename=x"[..],
                "男".as_bytes(),
            ),
            (
                b"f; name=a; filename=x; filename*=iso-8859-1'en'%E9",
                "é".as_bytes(),
            ),
            (b"f; name=a; filename*=gbk''%C4%D0", b"\xC4\xD0"),
        ] {
            let head = disposition(value);
            assert_eq!(head.file_name(), Some(file_name));
            assert_eq!(kinds(&head), [FaultKind::FileNameStar]);
            assert!(!head.faults()[0].refuses());
        }
    }

    #[test]
    fn each_fault_is_at_its_bytes() {
        use FaultKind::*;
        for (head, kind, text) in [
            (&b"\r\n"[..], PartWithoutName, &b"\r\n"[..]),
            (
                b"Content-Disposition: form-data\r\n\r\n",
                PartWithoutName,
                b"form-data",
            ),
            (
                b"Content-Disposition: f; name=\"a\r\n\r\n",
                BadDisposition,
                b"name=\"a",
            ),
            (
                b"Content-Disposition: f; name=a; filename*=x\r\n\r\n",
                BadDisposition,
                b"x",
            ),
            (
                b"Content-Disposition: f; name=a\r\nhello\r\n\r\n",
                BadPartLine,
                b"hello",
            ),
            (
                b"Content-Disposition: f; name=a\r\n--X\r\n\r\n",
                BadPartLine,
                b"--X",
            ),
            (
                b"Content-Disposition : f; name=a\r\nContent-Disposition: f; name=a\r\n\r\n",
                BadPartLine,
                b" ",
            ),
            (
                b"Content-Disposition: f; name=a\n\n",
                MultipartBareLf,
                b"\n",
            ),
            (
                b"Content-Disposition: f; name=a\r\nX: \x01\r\n\r\n",
                BadOctetInValue,
                b"\x01",
            ),
            (
                b"Content-Disposition: f; name=a; filename=\"b\0\"\r\n\r\n",
                NulInFileName,
                b"b\0",
            ),
            (
                b"Content-Disposition: f; name=a\r\nContent-Transfer-Encoding: Base64\r\n\r\n",
                PartTransferEncoding,
                b"Base64",
            ),
        ] {
            let dissected = PartHead::dissect(head.to_vec(), 100);
            let seen: Vec<_> = dissected
                .faults()
                .iter()
                .map(|fault| {
                    (
                        fault.kind,
                        Span::new(fault.at.start - 100, fault.at.end - 100).of(head),
                    )
                })
                .collect();
            assert_eq!(seen, [(kind, text)], "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_nul_comes_in_by_percent_signs_too() {
        let head = disposition(b"f; name=a; filename*=UTF-8''a%00.png");
        assert_eq!(
            kinds(&head),
            [FaultKind::FileNameStar, FaultKind::NulInFileName]
        );
    }

    #[test]
    fn a_folded_value_is_read_and_is_one_place() {
        let head = b"Content-Disposition: form-data;\r\n name=\"a\"\r\n\r\n".to_vec();
        let head = PartHead::dissect(head, 100);
        assert_eq!(head.name(), b"a");
        assert_eq!(head.name_at(), Some(Span::new(121, 142)));
        assert_eq!(kinds(&head), [FaultKind::ObsFold]);
    }

    #[test]
    fn what_changes_nothing_is_taken() {
        for coding in ["7bit", "8BIT", "binary"] {
            let head = format!(
                "Content-Disposition: f; name=a\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
            );
            assert_eq!(kinds(&PartHead::dissect(head.into_bytes(), 0)), []);
        }
    }
}
