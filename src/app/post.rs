//! `request.POST` and `request.FILES` of a body that is in memory: a form in one of its two encodings.
//!
//! As with Django, only a POST has a form, and only in the two media types that HTML knows; any other body
//! is an empty form. Unlike with Django, a form that breaks a rule is refused with the place and the rule.

use std::borrow::Cow;

use crate::wire::{
    Boundary, DissectedMultipart, DissectedPart, Edition, Fault, MOST_FORM_FIELDS, MultipartLimits,
    PartKind, QueryDict, RequestHead, Span, dissect_multipart_within, trim_blanks,
};

/// A form.
#[derive(Debug)]
pub enum Post<'a> {
    /// No form, or one in an encoding that forms do not have.
    None,
    /// `application/x-www-form-urlencoded`.
    Urlencoded(QueryDict<'a>),
    /// `multipart/form-data`.
    Multipart(MultipartForm<'a>),
}

/// How much of a form is taken, besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormLimits {
    /// Pieces between separators, of a query too: Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
    pub fields: usize,
    /// Of a multipart form.
    pub multipart: MultipartLimits,
}

impl Default for FormLimits {
    fn default() -> Self {
        Self {
            fields: MOST_FORM_FIELDS,
            multipart: MultipartLimits::default(),
        }
    }
}

/// A multipart form, and the bytes that its places are in.
#[derive(Debug)]
pub struct MultipartForm<'a> {
    /// Its parts, labels and faults.
    pub dissected: DissectedMultipart,
    body: &'a [u8],
    offset: usize,
}

impl<'a> Post<'a> {
    /// The form of a request whose body is in memory.
    ///
    /// # Errors
    ///
    /// The first fault that refuses it.
    pub fn of(
        head: &RequestHead,
        body: &'a [u8],
        edition: Edition,
        limits: FormLimits,
    ) -> Result<Self, Fault> {
        if !head.is_method(b"POST") {
            return Ok(Self::None);
        }
        let offset = head.bytes().len();
        let mut types = head.fields_named(b"Content-Type");
        let Some(content_type) = types.next() else {
            return Ok(Self::None);
        };
        if is_media_type(&content_type.value, b"application/x-www-form-urlencoded") {
            return QueryDict::parse_within(body, offset, edition, limits.fields)
                .map(Self::Urlencoded);
        }
        if !is_media_type(&content_type.value, b"multipart/form-data") {
            return Ok(Self::None);
        }
        let boundary = Boundary::of(&content_type.value, content_type.value_at.start)?;
        let dissected = dissect_multipart_within(body, &boundary, offset, limits.multipart);
        if let Some(fault) = dissected.faults.iter().find(|fault| fault.refuses()) {
            return Err(*fault);
        }
        Ok(Self::Multipart(MultipartForm {
            dissected,
            body,
            offset,
        }))
    }

    /// The value of this field; of several, the last.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        match self {
            Self::None => None,
            Self::Urlencoded(form) => form.get(name),
            Self::Multipart(form) => {
                let mut named = form.fields().filter(|(part, _)| part.head.name() == name);
                named.next_back().map(|(_, value)| value)
            }
        }
    }

    /// The same as text.
    #[must_use]
    pub fn text(&self, name: &str, edition: Edition) -> Option<Cow<'_, str>> {
        match self {
            Self::Urlencoded(form) => form
                .field(name.as_bytes())
                .map(|field| field.value_text(edition)),
            // Django reads these as UTF-8 whatever its version.
            _ => self.get(name.as_bytes()).map(String::from_utf8_lossy),
        }
    }
}

impl<'a> MultipartForm<'a> {
    /// The parts that are no files, and their content.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = (&DissectedPart, &'a [u8])> {
        let is_field = |part: &&DissectedPart| part.head.kind() != PartKind::File;
        let parts = self.dissected.parts.iter().filter(is_field);
        parts.map(|part| (part, self.content(part)))
    }

    /// The parts that are files, and their content.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = (&DissectedPart, &'a [u8])> {
        let is_file = |part: &&DissectedPart| part.head.kind() == PartKind::File;
        let parts = self.dissected.parts.iter().filter(is_file);
        parts.map(|part| (part, self.content(part)))
    }

    fn content(&self, part: &DissectedPart) -> &'a [u8] {
        let at = part.content_at;
        Span::new(at.start - self.offset, at.end - self.offset).of(self.body)
    }
}

/// Whether a Content-Type names this media type, in any case and with any parameters.
#[must_use]
pub fn is_media_type(content_type: &[u8], media_type: &[u8]) -> bool {
    let named = content_type.split(|&octet| octet == b';').next();
    trim_blanks(named.unwrap_or_default()).eq_ignore_ascii_case(media_type)
}
