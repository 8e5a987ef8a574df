//! Status codes and their usual phrases (RFC 1945 6.1.1 and 9; the codes it does not know are
//! marked as extensions, from RFC 9110 15 and RFC 6585).

/// A three-digit status code.
///
/// ```
/// use blankline::wire::Status;
/// assert_eq!(Status::FOUND.code(), 302);
/// assert_eq!(Status::NOT_MODIFIED.phrase(), "Not Modified");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

macro_rules! statuses {
    ($($name:ident $code:literal $phrase:literal;)+) => {
        impl Status {
            $(
                #[doc = concat!("`", $code, " ", $phrase, "`\n\n```\nassert_eq!(blankline::wire::Status::", stringify!($name), ".code(), ", $code, ");\n```")]
                pub const $name: Self = Self($code);
            )+

            /// The usual reason phrase; "Unknown" for a code that is not in the table.
            ///
            /// ```
            /// assert_eq!(blankline::wire::Status::new(404).phrase(), "Not Found");
            /// ```
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self.0 { $($code => $phrase,)+ _ => "Unknown" }
            }
        }
    };
}

statuses! {
    OK 200 "OK";
    CREATED 201 "Created";
    ACCEPTED 202 "Accepted";
    NO_CONTENT 204 "No Content";
    MOVED_PERMANENTLY 301 "Moved Permanently";
    FOUND 302 "Found";
    NOT_MODIFIED 304 "Not Modified";
    BAD_REQUEST 400 "Bad Request";
    UNAUTHORIZED 401 "Unauthorized";
    FORBIDDEN 403 "Forbidden";
    NOT_FOUND 404 "Not Found";
    METHOD_NOT_ALLOWED 405 "Method Not Allowed";
    REQUEST_TIMEOUT 408 "Request Timeout";
    LENGTH_REQUIRED 411 "Length Required";
    CONTENT_TOO_LARGE 413 "Content Too Large";
    URI_TOO_LONG 414 "URI Too Long";
    HEADER_FIELDS_TOO_LARGE 431 "Request Header Fields Too Large";
    INTERNAL_SERVER_ERROR 500 "Internal Server Error";
    NOT_IMPLEMENTED 501 "Not Implemented";
    BAD_GATEWAY 502 "Bad Gateway";
    SERVICE_UNAVAILABLE 503 "Service Unavailable";
    HTTP_VERSION_NOT_SUPPORTED 505 "HTTP Version Not Supported";
}

impl Status {
    /// The status with this code; codes outside 100 to 999, which have no three digits, become 500.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Status::new(7).code(), 500);
    /// ```
    #[must_use]
    pub const fn new(code: u16) -> Self {
        if matches!(code, 100..=999) {
            Self(code)
        } else {
            Self::INTERNAL_SERVER_ERROR
        }
    }

    /// The code, 100 to 999.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Status::OK.code(), 200);
    /// ```
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Whether RFC 1945 itself defines the code.
    ///
    /// ```
    /// use blankline::wire::Status;
    /// assert!(Status::FOUND.is_rfc1945() && !Status::METHOD_NOT_ALLOWED.is_rfc1945());
    /// ```
    #[must_use]
    pub const fn is_rfc1945(self) -> bool {
        matches!(self.0, 200..=202 | 204 | 301 | 302 | 304 | 400 | 401 | 403 | 404 | 500..=503)
    }

    /// The x00 of the code's class, as which an unknown code is read (RFC 1945 6.1.1).
    ///
    /// ```
    /// use blankline::wire::Status;
    /// assert_eq!(Status::URI_TOO_LONG.class(), Status::BAD_REQUEST);
    /// ```
    #[must_use]
    pub const fn class(self) -> Self {
        Self(self.0 / 100 * 100)
    }

    /// Whether a response with this code never has a body (RFC 1945 7.2: 1xx, 204 and 304).
    ///
    /// ```
    /// use blankline::wire::Status;
    /// assert!(Status::NOT_MODIFIED.is_bodiless() && !Status::FOUND.is_bodiless());
    /// ```
    #[must_use]
    pub const fn is_bodiless(self) -> bool {
        matches!(self.0, 100..=199 | 204 | 304)
    }
}
