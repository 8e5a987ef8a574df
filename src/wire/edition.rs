//! Editions: where RFC 1945, RFC 9110 and the course notes differ, one method a row.
//!
//! An edition is a value that is passed in. Nothing else in the house asks which edition it is: it
//! asks one of these methods, and `blankline editions` prints them all as a table.

use super::{FaultKind, Status, Verdict};

/// Whose HTTP is spoken where the sources differ.
///
/// ```
/// use blankline::wire::Edition;
/// assert_eq!("rfc9110".parse(), Ok(Edition::Rfc9110));
/// assert_eq!(Edition::default(), Edition::Notes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// The bytes of the course notes: Django 1.11 behind wsgiref.
    #[default]
    Notes,
    /// RFC 1945 by the letter.
    Rfc1945,
    /// RFC 9110 and 9112, as far as an HTTP/1.0 server can go.
    Rfc9110,
}

/// When a file is "not modified".
///
/// ```
/// use blankline::wire::{Edition, NotModifiedRule};
/// assert_eq!(Edition::Notes.not_modified_rule(), NotModifiedRule::Equal);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotModifiedRule {
    /// The two dates are equal, as the notes compare them by hand.
    Equal,
    /// The file is not newer than the date, and a date after our clock is invalid (RFC 1945 10.9).
    NotNewerValidDate,
    /// The file is not newer than the date (RFC 9110 13.1.3).
    NotNewer,
}

impl Edition {
    /// All editions, in the order of the table.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Edition::ALL.len(), 3);
    /// ```
    pub const ALL: [Self; 3] = [Self::Notes, Self::Rfc1945, Self::Rfc9110];

    /// The name that `--edition` takes.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Edition::Rfc1945.name(), "rfc1945");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notes => "notes",
            Self::Rfc1945 => "rfc1945",
            Self::Rfc9110 => "rfc9110",
        }
    }

    /// Row "302 phrase".
    ///
    /// ```
    /// use blankline::wire::Edition;
    /// assert_eq!(Edition::Rfc1945.found_phrase(), "Moved Temporarily");
    /// ```
    #[must_use]
    pub const fn found_phrase(self) -> &'static str {
        match self {
            Self::Rfc1945 => "Moved Temporarily",
            Self::Notes | Self::Rfc9110 => "Found",
        }
    }

    /// Row "Location": whether it must be an absolute URI (RFC 1945 10.11).
    ///
    /// ```
    /// use blankline::wire::Edition;
    /// assert!(Edition::Rfc1945.location_is_absolute());
    /// assert!(!Edition::Notes.location_is_absolute());
    /// ```
    #[must_use]
    pub const fn location_is_absolute(self) -> bool {
        matches!(self, Self::Rfc1945)
    }

    /// Row "302 body": whether a redirect carries a short note with a hyperlink (RFC 1945 9.3,
    /// RFC 9110 15.4.3), or nothing, as in the notes.
    ///
    /// ```
    /// assert!(!blankline::wire::Edition::Notes.redirect_has_note());
    /// ```
    #[must_use]
    pub const fn redirect_has_note(self) -> bool {
        !matches!(self, Self::Notes)
    }

    /// Row "304 when".
    ///
    /// ```
    /// use blankline::wire::{Edition, NotModifiedRule};
    /// assert_eq!(Edition::Rfc9110.not_modified_rule(), NotModifiedRule::NotNewer);
    /// ```
    #[must_use]
    pub const fn not_modified_rule(self) -> NotModifiedRule {
        match self {
            Self::Notes => NotModifiedRule::Equal,
            Self::Rfc1945 => NotModifiedRule::NotNewerValidDate,
            Self::Rfc9110 => NotModifiedRule::NotNewer,
        }
    }

    /// Row "If-Modified-Since on HEAD": whether it counts (RFC 1945 8.2 says no).
    ///
    /// ```
    /// assert!(blankline::wire::Edition::Rfc9110.head_is_conditional());
    /// ```
    #[must_use]
    pub const fn head_is_conditional(self) -> bool {
        matches!(self, Self::Rfc9110)
    }

    /// Row "ETag / If-None-Match": whether there are entity tags; where there are, they win over
    /// dates (RFC 9110 13.2.2).
    ///
    /// ```
    /// assert!(!blankline::wire::Edition::Rfc1945.has_entity_tags());
    /// ```
    #[must_use]
    pub const fn has_entity_tags(self) -> bool {
        matches!(self, Self::Rfc9110)
    }

    /// Rows "POST without length", "target over the limit", "major version 2 and up" and "wrong
    /// method": the status that answers a fault; `None` for a fault that is only noted.
    ///
    /// RFC 1945 6.1.1 knows sixteen codes, and reads any other as the x00 of its class; its edition
    /// sends those alone.
    ///
    /// ```
    /// use blankline::wire::{Edition, FaultKind, Status};
    /// assert_eq!(Edition::Notes.status(FaultKind::LengthRequired), Some(Status::BAD_REQUEST));
    /// assert_eq!(Edition::Rfc9110.status(FaultKind::LengthRequired), Some(Status::LENGTH_REQUIRED));
    /// assert_eq!(Edition::Rfc1945.status(FaultKind::MethodNotAllowed), Some(Status::FORBIDDEN));
    /// assert_eq!(Edition::Notes.status(FaultKind::BareLf), None);
    /// ```
    #[must_use]
    pub fn status(self, kind: FaultKind) -> Option<Status> {
        let Verdict::Refuse(code) = kind.verdict() else {
            return None;
        };
        let status = Status::new(code);
        Some(match (self, kind) {
            (Self::Rfc9110, FaultKind::LengthRequired) => Status::LENGTH_REQUIRED,
            (Self::Rfc9110, FaultKind::VersionTooHigh) => Status::HTTP_VERSION_NOT_SUPPORTED,
            (Self::Rfc1945, FaultKind::MethodNotAllowed) => Status::FORBIDDEN,
            (Self::Rfc1945, _) if !status.is_rfc1945() => status.class(),
            _ => status,
        })
    }

    /// Row "form separators": whether `;` separates the fields of a form as `&` does, as in Django 1.11
    /// (HTML 4.01 B.2.2 asked for it; Django stopped in 2021, since caches and proxies did not agree).
    ///
    /// ```
    /// use blankline::wire::Edition;
    /// assert!(Edition::Notes.semicolon_separates() && !Edition::Rfc9110.semicolon_separates());
    /// ```
    #[must_use]
    pub const fn semicolon_separates(self) -> bool {
        !matches!(self, Self::Rfc9110)
    }

    /// Row "form value that is not UTF-8": whether the whole value is read as Latin-1, as Django 1.11 does
    /// on Python 2; else U+FFFD stands for what is not UTF-8.
    ///
    /// ```
    /// assert!(blankline::wire::Edition::Notes.odd_form_value_is_latin1());
    /// ```
    #[must_use]
    pub const fn odd_form_value_is_latin1(self) -> bool {
        !matches!(self, Self::Rfc9110)
    }

    /// Row "cookie date": whether `expires` is written with hyphens, as Netscape did and the notes
    /// show, or as an HTTP-date (RFC 6265 4.1.1).
    ///
    /// ```
    /// assert!(blankline::wire::Edition::Notes.cookie_date_has_hyphens());
    /// ```
    #[must_use]
    pub const fn cookie_date_has_hyphens(self) -> bool {
        !matches!(self, Self::Rfc9110)
    }

    /// Row "colon in a cookie's value": whether it stands there bare, as in today's Python (RFC 6265 4.1.1 allows it),
    /// or puts the value into quotes, as in Python 2.7.
    ///
    /// ```
    /// use blankline::wire::Edition;
    /// assert!(!Edition::Notes.colon_in_cookie_value_is_bare());
    /// ```
    #[must_use]
    pub const fn colon_in_cookie_value_is_bare(self) -> bool {
        matches!(self, Self::Rfc9110)
    }

    /// Row "session cookie": whether sessions behave as in today's Django (4.2) and not as in the notes' (1.11):
    /// the cookie has `SameSite=Lax`, an answer that deletes it has `Vary: Cookie`, and no 5xx saves a session.
    ///
    /// ```
    /// use blankline::wire::Edition;
    /// assert!(Edition::Rfc9110.sessions_are_of_today() && !Edition::Notes.sessions_are_of_today());
    /// ```
    #[must_use]
    pub const fn sessions_are_of_today(self) -> bool {
        matches!(self, Self::Rfc9110)
    }
}

impl std::str::FromStr for Edition {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|edition| edition.name() == name)
            .ok_or_else(|| format!("`{name}` is no edition: notes, rfc1945 or rfc9110"))
    }
}
