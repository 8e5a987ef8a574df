//! Forms as `application/x-www-form-urlencoded`: the pairs of a query, or of a body, and where they stand.
//!
//! ```text
//! q=a+b&tag=x&&tag=%79      form name, equals, form value, separator; `&&` is one gap
//! ```
//!
//! The rules are those of Django's `QueryDict` (an edition says which Django's): order is kept and so is
//! every value of a name, the last of them is handed out; empty pieces are skipped and blank values kept;
//! `+` is a blank, `%` and two hexadecimal digits a byte, and any other `%` stays as text. Nothing but
//! the number of pieces is ever refused, and nothing is copied that need not be decoded.
//!
//! Names and values are bytes. Which text they are is a second question, see [`FormField::value_text`].

use std::borrow::Cow;

use super::{Edition, Fault, FaultKind, Label, Part, Span};

/// Pieces that a form may have, the empty ones counted too: Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
///
/// ```
/// assert_eq!(blankline::wire::MOST_FORM_FIELDS, 1_000);
/// ```
pub const MOST_FORM_FIELDS: usize = 1_000;

/// One `name=value`, decoded, and where it stands.
///
/// ```
/// use blankline::wire::{Edition, QueryDict, Span};
/// let form = QueryDict::parse(b"a=1&b=x+y", 100, Edition::Notes).unwrap();
/// let field = form.field(b"b").unwrap();
/// assert_eq!(&*field.value, b"x y");
/// assert_eq!(field.value_at, Span::new(106, 109));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField<'a> {
    /// The name; may be empty.
    pub name: Cow<'a, [u8]>,
    /// The value; empty if there is none.
    pub value: Cow<'a, [u8]>,
    /// Where the name stands in the message, as it was sent.
    pub name_at: Span,
    /// Where the value stands; the empty place after the name if there is no `=`.
    pub value_at: Span,
}

impl FormField<'_> {
    /// Where the whole piece stands.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict, Span};
    /// let form = QueryDict::parse(b"a=1&b=2", 0, Edition::Notes).unwrap();
    /// assert_eq!(form.fields()[1].at(), Span::new(4, 7));
    /// ```
    #[must_use]
    pub const fn at(&self) -> Span {
        Span::new(self.name_at.start, self.value_at.end)
    }

    /// The name as text: UTF-8, with U+FFFD for what is none.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"%E7%94%B7=m", 0, Edition::Notes).unwrap();
    /// assert_eq!(form.fields()[0].name_text(), "男");
    /// ```
    #[must_use]
    pub fn name_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// The value as text: UTF-8. Where it is none, the edition decides: the whole value is read as
    /// Latin-1 (Django 1.11), or U+FFFD stands for what is none (Django 4.2).
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"a=%E9t", 0, Edition::Notes).unwrap();
    /// assert_eq!(form.fields()[0].value_text(Edition::Notes), "ét");
    /// assert_eq!(form.fields()[0].value_text(Edition::Rfc9110), "\u{FFFD}t");
    /// ```
    #[must_use]
    pub fn value_text(&self, edition: Edition) -> Cow<'_, str> {
        match std::str::from_utf8(&self.value) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if edition.odd_form_value_is_latin1() => {
                Cow::Owned(self.value.iter().copied().map(char::from).collect())
            }
            Err(_) => String::from_utf8_lossy(&self.value),
        }
    }
}

/// The fields of one form, in the order in which they were sent.
///
/// ```
/// use blankline::wire::{Edition, QueryDict};
/// let form = QueryDict::parse(b"id=7&&tag=x&tag=y", 0, Edition::Notes).unwrap();
/// assert_eq!(form.get(b"tag"), Some(&b"y"[..]));
/// assert_eq!(form.getlist(b"tag").collect::<Vec<_>>(), [b"x", b"y"]);
/// assert_eq!(form.get(b"name"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryDict<'a> {
    fields: Vec<FormField<'a>>,
    at: Span,
}

impl<'a> QueryDict<'a> {
    /// Takes a form apart that starts at byte `offset` of its message. `&` separates, and `;` in the
    /// editions where it does ([`Edition::semicolon_separates`]).
    ///
    /// # Errors
    ///
    /// [`FaultKind::TooManyFormFields`] for more than [`MOST_FORM_FIELDS`] pieces; at the first of those
    /// that are too many.
    ///
    /// ```
    /// use blankline::wire::{Edition, FaultKind, QueryDict, Span};
    /// let form = QueryDict::parse(b"a=1;b=2", 0, Edition::Rfc9110).unwrap();
    /// assert_eq!(form.get(b"a"), Some(&b"1;b=2"[..]));
    ///
    /// let fault = QueryDict::parse(&[b'&'; 1_000], 0, Edition::Notes).unwrap_err();
    /// assert_eq!(fault.kind, FaultKind::TooManyFormFields);
    /// assert_eq!(fault.at, Span::at(1_000));
    /// ```
    pub fn parse(form: &'a [u8], offset: usize, edition: Edition) -> Result<Self, Fault> {
        Self::parse_within(form, offset, edition, MOST_FORM_FIELDS)
    }

    /// The same with a limit of one's own, in pieces.
    ///
    /// # Errors
    ///
    /// [`FaultKind::TooManyFormFields`] for more than `most` pieces.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// assert!(QueryDict::parse_within(b"a=1&b=2", 0, Edition::Notes, 1).is_err());
    /// ```
    pub fn parse_within(
        form: &'a [u8],
        offset: usize,
        edition: Edition,
        most: usize,
    ) -> Result<Self, Fault> {
        let semicolon = if edition.semicolon_separates() {
            b';'
        } else {
            b'&'
        };
        let mut fields = Vec::with_capacity(8);
        let mut pieces = 0;
        let mut piece = Piece::default();
        // One pass (quicker than a search for each separator): the end of the form ends a piece too.
        for (at, octet) in form.iter().copied().chain([b'&']).enumerate() {
            match octet {
                b'&' => {}
                b';' if octet == semicolon => {}
                b'=' if piece.equals.is_none() => {
                    piece.equals = Some(at);
                    continue;
                }
                b'+' | b'%' => {
                    *match piece.equals {
                        None => &mut piece.name_is_encoded,
                        Some(_) => &mut piece.value_is_encoded,
                    } = true;
                    continue;
                }
                _ => continue,
            }
            pieces += 1;
            if pieces > most {
                let is_separator = |octet: &&u8| **octet == b'&' || **octet == semicolon;
                let seen = form.iter().filter(is_separator).count() + 1;
                let place = Span::new(offset + piece.start, offset + at);
                let fault = Fault::new(FaultKind::TooManyFormFields, place);
                return Err(fault.measured(seen as u64, most as u64));
            }
            if piece.start < at {
                fields.push(piece.field(at, form, offset));
            }
            piece = Piece {
                start: at + 1,
                ..Piece::default()
            };
        }
        Ok(Self {
            fields,
            at: Span::new(offset, offset + form.len()),
        })
    }

    /// The value of this name; of several, the last.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"a=1&a", 0, Edition::Notes).unwrap();
    /// assert_eq!(form.get(b"a"), Some(&b""[..]));
    /// ```
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.field(name).map(|field| &*field.value)
    }

    /// All values of this name, in order.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"a=1&b=2&a=3", 0, Edition::Notes).unwrap();
    /// assert_eq!(form.getlist(b"a").count(), 2);
    /// ```
    pub fn getlist<'b>(&'b self, name: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let named = self.fields.iter().filter(move |field| *field.name == *name);
        named.map(|field| &*field.value)
    }

    /// The field of this name; of several, the last.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"a=1", 40, Edition::Notes).unwrap();
    /// assert_eq!(form.field(b"a").map(|field| field.name_at.start), Some(40));
    /// ```
    #[must_use]
    pub fn field(&self, name: &[u8]) -> Option<&FormField<'a>> {
        self.fields.iter().rfind(|field| *field.name == *name)
    }

    /// Every field, in order.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// assert_eq!(QueryDict::parse(b"&a&=&", 0, Edition::Notes).unwrap().fields().len(), 2);
    /// ```
    #[must_use]
    pub fn fields(&self) -> &[FormField<'a>] {
        &self.fields
    }

    /// What each byte of the form is. The labels tile it; [`Anatomy::refine`](super::Anatomy::refine)
    /// puts them in the place of a message's `Body`.
    ///
    /// ```
    /// use blankline::wire::{Edition, QueryDict};
    /// let form = QueryDict::parse(b"&a=1&&b", 0, Edition::Notes).unwrap();
    /// let parts: Vec<_> = form.labels().map(|label| label.part.name()).collect();
    /// assert_eq!(parts, ["separator", "form-name", "equals", "form-value", "separator", "form-name"]);
    /// ```
    pub fn labels(&self) -> impl Iterator<Item = Label> {
        let mut start = self.at.start;
        let runs = self.fields.iter().flat_map(|field| {
            [
                (Part::Separator, field.name_at.start),
                (Part::FormName, field.name_at.end),
                (Part::Equals, field.value_at.start),
                (Part::FormValue, field.value_at.end),
            ]
        });
        let labels = runs
            .chain([(Part::Separator, self.at.end)])
            .map(move |(part, end)| {
                let span = Span::new(start, end);
                start = end;
                Label { part, span }
            });
        labels.filter(|label| !label.span.is_empty())
    }
}

/// The bytes that a name or a value of a form stands for: `+` is a blank, and a `%` with two hexadecimal
/// digits a byte. A `%` without its digits stays as text, as with Django. Copies nothing if nothing is
/// encoded.
///
/// ```
/// use blankline::wire::decode_form;
/// assert_eq!(&*decode_form(b"a+b%2B50%"), b"a b+50%");
/// ```
#[must_use]
pub fn decode_form(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'+', b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                decoded.push(digit(*high) << 4 | digit(*low));
                after
            }
            [b'+', after @ ..] => {
                decoded.push(b' ');
                after
            }
            [octet, after @ ..] => {
                decoded.push(*octet);
                after
            }
            [] => return Cow::Owned(decoded),
        };
    }
}

/// Writes a form: Django's `QueryDict.urlencode`. Letters, digits and `-._` stay, a blank becomes `+`, and
/// any other byte `%` and two capital digits.
///
/// ```
/// use blankline::wire::urlencode;
/// assert_eq!(urlencode([("q", "a b"), ("q", "50%")]), b"q=a+b&q=50%25");
/// ```
#[must_use]
pub fn urlencode<T: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (T, T)>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(b'&');
        }
        encode(name.as_ref(), &mut out);
        out.push(b'=');
        encode(value.as_ref(), &mut out);
    }
    out
}

fn encode(text: &[u8], out: &mut Vec<u8>) {
    let digit = |half: u8| {
        if half < 10 {
            b'0' + half
        } else {
            b'A' + half - 10
        }
    };
    for &octet in text {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(octet),
            b' ' => out.push(b'+'),
            _ => out.extend([b'%', digit(octet >> 4), digit(octet & 15)]),
        }
    }
}

/// What one pass sees of a piece before its end.
#[derive(Default)]
struct Piece {
    start: usize,
    equals: Option<usize>,
    name_is_encoded: bool,
    value_is_encoded: bool,
}

impl Piece {
    fn field<'a>(&self, end: usize, form: &'a [u8], offset: usize) -> FormField<'a> {
        let name = Span::new(self.start, self.equals.unwrap_or(end));
        let value = Span::new(self.equals.map_or(end, |at| at + 1), end);
        let text = |span: Span, is_encoded| match is_encoded {
            true => decode_form(span.of(form)),
            false => Cow::Borrowed(span.of(form)),
        };
        let place = |span: Span| Span::new(offset + span.start, offset + span.end);
        FormField {
            name: text(name, self.name_is_encoded),
            value: text(value, self.value_is_encoded),
            name_at: place(name),
            value_at: place(value),
        }
    }
}

/// The value of a hexadecimal digit.
const fn digit(octet: u8) -> u8 {
    match octet {
        b'0'..=b'9' => octet - b'0',
        _ => (octet | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(form: &[u8]) -> QueryDict<'_> {
        QueryDict::parse(form, 0, Edition::Notes).unwrap()
    }

    #[test]
    fn only_what_is_encoded_is_copied() {
        let form = parse(b"a-b=c&d=e+f&%41=g");
        let copied = |text: &Cow<'_, [u8]>| matches!(text, Cow::Owned(_));
        let seen: Vec<_> = form
            .fields()
            .iter()
            .map(|f| (copied(&f.name), copied(&f.value)))
            .collect();
        assert_eq!(seen, [(false, false), (false, true), (true, false)]);
        assert!(matches!(decode_form(b"a-b"), Cow::Borrowed(b"a-b")));
    }

    /// The single pass against the obvious way, over every form of five of these bytes.
    #[test]
    fn it_is_split_then_split_at_the_first_equals() {
        let octets = b"a&;=%+";
        let mut form = [0; 5];
        for number in 0..octets.len().pow(5) {
            let mut rest = number;
            for octet in &mut form {
                *octet = octets[rest % octets.len()];
                rest /= octets.len();
            }
            for edition in Edition::ALL {
                let seen = QueryDict::parse(&form, 9, edition).unwrap();
                let separates =
                    |o: &u8| *o == b'&' || (*o == b';' && edition.semicolon_separates());
                let wanted: Vec<_> = form
                    .split(separates)
                    .filter(|piece| !piece.is_empty())
                    .map(|piece| {
                        let mut halves = piece.splitn(2, |&octet| octet == b'=');
                        let mut half = || decode_form(halves.next().unwrap_or_default());
                        (half(), half())
                    })
                    .collect();
                let fields = seen.fields().iter();
                let pairs: Vec<_> = fields
                    .clone()
                    .map(|f| (f.name.clone(), f.value.clone()))
                    .collect();
                assert_eq!(pairs, wanted, "{}", form.escape_ascii());
                // What is said to stand at a place stands there.
                let mut message = vec![b'\n'; 9];
                message.extend_from_slice(&form);
                for field in fields {
                    assert_eq!(decode_form(field.name_at.of(&message)), field.name);
                    assert_eq!(decode_form(field.value_at.of(&message)), field.value);
                }
                let mut end = 9;
                for label in seen.labels() {
                    assert_eq!(label.span.start, end);
                    assert!(!label.span.is_empty());
                    end = label.span.end;
                }
                assert_eq!(end, message.len());
            }
        }
    }

    #[test]
    fn too_many_pieces_are_refused_with_their_place() {
        let most = b"a&".repeat(MOST_FORM_FIELDS - 1);
        assert_eq!(parse(&[&most[..], b"a"].concat()).fields().len(), 1_000);
        let form = [&most[..], b"a&bc&d"].concat();
        let fault = QueryDict::parse(&form, 10, Edition::Notes).unwrap_err();
        assert_eq!(fault.at, Span::new(2_010, 2_012));
        assert_eq!(fault.measure, Some((1_002, 1_000)));
        // For Django the end of the form ends a piece, though nothing stands there.
        assert!(QueryDict::parse(&b"&".repeat(1_000), 0, Edition::Notes).is_err());
        assert!(QueryDict::parse(&b"&".repeat(999), 0, Edition::Notes).is_ok());
        assert!(QueryDict::parse(&b";".repeat(1_000), 0, Edition::Rfc9110).is_ok());
    }

    #[test]
    fn encoding_and_decoding_are_inverse() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let form = urlencode([(&all, &all)]);
        assert!(form.iter().all(u8::is_ascii_graphic));
        for edition in Edition::ALL {
            let read = QueryDict::parse(&form, 0, edition).unwrap();
            assert_eq!(read.get(&all), Some(&all[..]));
        }
    }
}
