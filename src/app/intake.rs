//! A multipart body on its way in: fields into memory, files into memory or onto the disk.
//!
//! As with Django it is the length of the whole body that decides where its files go: up to `form_bytes` they
//! stay in memory, above that each gets a temporary file. Nothing is stored by this: the view decides, and
//! what it does not store is gone.

use std::any::Any;
use std::io::{self, Write as _};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::uploads::{Room, Uploads};
use crate::engine::BodySink;
use crate::wire::{
    Boundary, Fault, FaultKind, Multipart, MultipartEvent, MultipartLimits, PartHead, PartKind,
    Span,
};

/// A multipart body, as far as it came.
#[derive(Debug)]
pub struct MultipartSink {
    multipart: Multipart,
    uploads: Arc<Uploads>,
    /// The most bytes of all fields together.
    form_bytes: u64,
    is_in_memory: bool,
    field_bytes: u64,
    part: Under,
    received: Received,
}

/// What came.
#[derive(Debug)]
pub struct Received {
    /// Parts without a file, in order.
    pub fields: Vec<ReceivedField>,
    /// Parts with one, in order.
    pub files: Vec<ReceivedFile>,
    /// What was odd.
    pub notes: Vec<Fault>,
    /// Room in the upload folder for all of it.
    pub room: Room,
}

/// A field.
#[derive(Debug)]
pub struct ReceivedField {
    /// The head of its part.
    pub head: Box<PartHead>,
    /// Its value.
    pub value: Vec<u8>,
    /// Where the value stands in the message.
    pub value_at: Span,
}

/// A file.
#[derive(Debug)]
pub struct ReceivedFile {
    /// The head of its part.
    pub head: Box<PartHead>,
    /// Its bytes.
    pub content: Content,
    /// Where they stand in the message.
    pub content_at: Span,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub enum Content {
    /// Django's `InMemoryUploadedFile`.
    Memory(Vec<u8>),
    /// Django's `TemporaryUploadedFile`.
    Disk(NamedTempFile),
}

/// Which part's content comes.
#[derive(Clone, Copy, Debug)]
enum Under {
    Nothing,
    Field,
    File,
}

impl MultipartSink {
    /// For a body of `length` bytes that starts at byte `offset` of its message.
    ///
    /// # Errors
    ///
    /// [`FaultKind::UploadQuota`] when the folder has no room for it.
    pub fn new(
        boundary: &Boundary,
        offset: usize,
        length: u64,
        length_at: Span,
        form_bytes: u64,
        limits: MultipartLimits,
        uploads: &Arc<Uploads>,
    ) -> Result<Self, Fault> {
        let room = uploads.reserve(length).map_err(|wanted| {
            Fault::new(FaultKind::UploadQuota, length_at).measured(wanted, uploads.quota())
        })?;
        Ok(Self {
            multipart: Multipart::new(boundary, offset, limits),
            uploads: Arc::clone(uploads),
            form_bytes,
            is_in_memory: length <= form_bytes,
            field_bytes: 0,
            part: Under::Nothing,
            received: Received {
                fields: Vec::new(),
                files: Vec::new(),
                notes: Vec::new(),
                room,
            },
        })
    }

    /// What came, if this sink is one of these.
    #[must_use]
    pub fn received(sink: Box<dyn BodySink>) -> Option<Received> {
        let sink: Box<dyn Any> = sink;
        let sink = sink.downcast::<Self>().ok()?;
        Some(sink.received)
    }
}

impl BodySink for MultipartSink {
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while let Some(event) = self.multipart.poll(&mut bytes) {
            self.part = self
                .received
                .take(event, self.part, &mut self.field_bytes, || {
                    if self.is_in_memory {
                        Ok(Content::Memory(Vec::new()))
                    } else {
                        self.uploads.begin().map(Content::Disk)
                    }
                })?;
            if self.field_bytes > self.form_bytes {
                // Neither the place nor the sentence depends on how the bytes came in pieces.
                let last = self.received.fields.last();
                let at = last.map_or(0, |field| field.value_at.start);
                let fault = Fault::new(FaultKind::FieldsTooLarge, Span::at(at));
                return Err(fault.measured(0, self.form_bytes));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        while let Some(event) = self.multipart.finish() {
            self.part = self
                .received
                .take(event, self.part, &mut self.field_bytes, || {
                    Err(io::ErrorKind::UnexpectedEof.into())
                })?;
        }
        Ok(())
    }
}

impl Received {
    /// Takes an event, and says which part's content comes next.
    fn take(
        &mut self,
        event: MultipartEvent<'_>,
        part: Under,
        field_bytes: &mut u64,
        open: impl FnOnce() -> io::Result<Content>,
    ) -> Result<Under, Fault> {
        match event {
            MultipartEvent::Fault(fault) if fault.refuses() => return Err(fault),
            MultipartEvent::Fault(fault) => self.notes.push(fault),
            MultipartEvent::Label(_) | MultipartEvent::End => {}
            MultipartEvent::EndOfPart => return Ok(Under::Nothing),
            MultipartEvent::Head(head) => {
                let at = Span::at(head.at().end);
                if head.kind() == PartKind::File {
                    let content = open().map_err(|error| cannot_store(&error, head.at()))?;
                    self.files.push(ReceivedFile {
                        head,
                        content,
                        content_at: at,
                    });
                    return Ok(Under::File);
                }
                *field_bytes += head.name().len() as u64;
                self.fields.push(ReceivedField {
                    head,
                    value: Vec::new(),
                    value_at: at,
                });
                return Ok(Under::Field);
            }
            MultipartEvent::Data { octets, at } => match part {
                Under::Field => {
                    if let Some(field) = self.fields.last_mut() {
                        *field_bytes += octets.len() as u64;
                        field.value.extend_from_slice(octets);
                        field.value_at.end = at.end;
                    }
                }
                Under::File => {
                    if let Some(file) = self.files.last_mut() {
                        file.content_at.end = at.end;
                        let added = file.content.add(octets);
                        added.map_err(|error| cannot_store(&error, at))?;
                    }
                }
                Under::Nothing => {}
            },
        }
        Ok(part)
    }
}

impl Content {
    fn add(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes.extend_from_slice(octets),
            Self::Disk(file) => file.as_file_mut().write_all(octets)?,
        }
        Ok(())
    }
}

/// The fault for a disk that does not take what came.
#[must_use]
pub fn cannot_store(error: &io::Error, at: Span) -> Fault {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            FaultKind::StorageFull
        }
        _ => FaultKind::StorageFailed,
    };
    Fault::new(kind, at)
}
