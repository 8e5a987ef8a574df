//! Everything that can be odd or wrong about a peer's bytes: one row, one offence.
//!
//! A [`Fault`] has a kind, a place, and sometimes two numbers. The kind's row gives its slug, what we
//! answer, the rule, the lesson that treats it, and one sentence each in English and Chinese, so a
//! fault without its explanation cannot be written. The slug is also the name of the fault's fixture
//! folder and its anchor in `notes/faults.md`. `{seen}` and `{limit}` in a sentence stand for the
//! fault's two numbers.

use super::Span;

/// A language that blankline speaks.
///
/// ```
/// use blankline::wire::Lang;
/// assert_eq!(Lang::Zh.other(), Lang::En);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    /// The other one of the two: error pages say everything twice.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Lang::En.other(), blankline::wire::Lang::Zh);
    /// ```
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }
}

/// What a fault means for the exchange.
///
/// ```
/// use blankline::wire::{FaultKind, Verdict};
/// assert_eq!(FaultKind::BareLf.verdict(), Verdict::Note);
/// assert_eq!(FaultKind::MissingColon.verdict(), Verdict::Refuse(400));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Odd but harmless: said on the console, the exchange goes on.
    Note,
    /// Refused with this status code; an edition may send another one (see `Edition`).
    Refuse(u16),
}

/// One offence at one place of a message.
///
/// ```
/// use blankline::wire::{Fault, FaultKind, Lang, Span};
/// let fault = Fault::new(FaultKind::BodyCutShort, Span::at(80)).measured(3, 10);
/// assert!(fault.sentence(Lang::En).contains("3 of the 10 bytes"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which offence.
    pub kind: FaultKind,
    /// The bytes that it is about; empty where something is missing.
    pub at: Span,
    /// What was seen and what the limit or the promise was, where the sentence has such numbers.
    pub measure: Option<(u64, u64)>,
}

impl Fault {
    /// A fault without numbers.
    ///
    /// ```
    /// use blankline::wire::{Fault, FaultKind, Span};
    /// assert_eq!(Fault::new(FaultKind::BareLf, Span::new(14, 15)).at.start, 14);
    /// ```
    #[must_use]
    pub const fn new(kind: FaultKind, at: Span) -> Self {
        Self {
            kind,
            at,
            measure: None,
        }
    }

    /// The same fault with the numbers for `{seen}` and `{limit}`.
    ///
    /// ```
    /// use blankline::wire::{Fault, FaultKind, Span};
    /// let fault = Fault::new(FaultKind::ExcessBytes, Span::new(60, 63)).measured(3, 0);
    /// assert_eq!(fault.measure, Some((3, 0)));
    /// ```
    #[must_use]
    pub const fn measured(mut self, seen: u64, limit: u64) -> Self {
        self.measure = Some((seen, limit));
        self
    }

    /// The fault's sentence with its numbers filled in.
    ///
    /// ```
    /// use blankline::wire::{Fault, FaultKind, Lang, Span};
    /// let fault = Fault::new(FaultKind::TargetTooLong, Span::new(4, 3004)).measured(3000, 2048);
    /// assert!(fault.sentence(Lang::En).contains("2048"));
    /// ```
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let sentence = self.kind.sentence(lang);
        match self.measure {
            None => sentence.to_owned(),
            Some((seen, limit)) => sentence
                .replace("{seen}", &seen.to_string())
                .replace("{limit}", &limit.to_string()),
        }
    }

    /// Whether the exchange is refused because of it.
    ///
    /// ```
    /// use blankline::wire::{Fault, FaultKind, Span};
    /// assert!(!Fault::new(FaultKind::BareLf, Span::at(0)).refuses());
    /// ```
    #[must_use]
    pub const fn refuses(&self) -> bool {
        matches!(self.kind.verdict(), Verdict::Refuse(_))
    }
}

macro_rules! verdict {
    (Note) => {
        Verdict::Note
    };
    ($status:literal) => {
        Verdict::Refuse($status)
    };
}

macro_rules! faults {
    ($($kind:ident $slug:literal $verdict:tt $lesson:literal $rule:literal $en:literal $zh:literal;)+) => {
        /// Which offence: one variant for each row of the table in this file.
        ///
        /// ```
        /// use blankline::wire::FaultKind;
        /// assert_eq!(FaultKind::from_slug("bare-lf"), Some(FaultKind::BareLf));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FaultKind {
            $(#[doc = $en] $kind,)+
        }

        impl FaultKind {
            /// Every kind, in the order of the table.
            ///
            /// ```
            /// assert!(blankline::wire::FaultKind::ALL.len() > 40);
            /// ```
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The kind's name on the wire, in fixtures and in the notes, in kebab-case.
            ///
            /// ```
            /// assert_eq!(blankline::wire::FaultKind::BareLf.slug(), "bare-lf");
            /// ```
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)+ }
            }

            /// What it means for the exchange.
            ///
            /// ```
            /// use blankline::wire::{FaultKind, Verdict};
            /// assert_eq!(FaultKind::UnknownMethod.verdict(), Verdict::Refuse(501));
            /// ```
            #[must_use]
            pub const fn verdict(self) -> Verdict {
                match self { $(Self::$kind => verdict!($verdict),)+ }
            }

            /// The number of the lesson that treats it (`notes/en/NN-*.md`).
            ///
            /// ```
            /// assert_eq!(blankline::wire::FaultKind::BareLf.lesson(), 3);
            /// ```
            #[must_use]
            pub const fn lesson(self) -> u8 {
                match self { $(Self::$kind => $lesson,)+ }
            }

            /// Where the rule stands.
            ///
            /// ```
            /// assert_eq!(blankline::wire::FaultKind::MissingColon.rule(), "RFC 1945 4.2");
            /// ```
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$kind => $rule,)+ }
            }

            /// What is wrong and what to do, with `{seen}` and `{limit}` not yet filled in.
            ///
            /// ```
            /// use blankline::wire::{FaultKind, Lang};
            /// assert!(FaultKind::BareLf.sentence(Lang::Zh).contains("LF"));
            /// ```
            #[must_use]
            pub const fn sentence(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$kind, Lang::En) => $en, (Self::$kind, Lang::Zh) => $zh,)+
                }
            }

            /// The kind with this slug.
            ///
            /// ```
            /// assert_eq!(blankline::wire::FaultKind::from_slug("no-such-thing"), None);
            /// ```
            #[must_use]
            pub fn from_slug(slug: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
            }
        }
    };
}

faults! {
    // Lines
    EmptyLineFirst "empty-line-first" Note 2 "RFC 9112 2.2"
        "An empty line came before the request line; it is skipped, and the request starts with the next line."
        "请求行之前有一个空行；服务器跳过它，从下一行开始读请求。";
    BareLf "bare-lf" Note 3 "RFC 1945 2.2"
        "This line ends with LF alone; HTTP ends a line with CR LF (type `nc -C`, or write \\r\\n in printf)."
        "这一行只以 LF 结尾；HTTP 的行以 CR LF 结尾（用 `nc -C`，或在 printf 里写 \\r\\n）。";
    BareCr "bare-cr" 400 3 "RFC 9112 2.2"
        "A CR stands here without its LF; send CR LF to end the line, or leave the CR out."
        "这里的 CR 后面没有 LF；要结束一行请发送 CR LF，否则去掉这个 CR。";
    HeadTooLarge "head-too-large" 431 4 "RFC 6585 5"
        "The first {limit} bytes hold no blank line, and a head may have no more (--head-bytes); send fewer or shorter fields."
        "前 {limit} 字节里没有空行，而首部最多只能有这么多（--head-bytes）；请减少或缩短字段。";
    HeadCutShort "head-cut-short" 400 2 "RFC 1945 5"
        "The sender closed its side before the blank line; end the head with an empty line: \\r\\n\\r\\n."
        "发送方在空行之前就关闭了发送方向；请用一个空行结束首部：\\r\\n\\r\\n。";
    HeadSilent "head-silent" Note 2 "RFC 1945 5"
        "Still waiting for the blank line: press Enter once more."
        "还在等空行：请再按一次回车。";
    LineSilent "line-silent" Note 2 "RFC 1945 2.2"
        "Still waiting for the end of this line: press Enter."
        "还在等这一行结束：请按回车。";
    HeadTimeout "head-timeout" 408 2 "RFC 9110 15.5.9"
        "The head was not finished within {limit} ms (--head-time); an empty line would have ended it."
        "首部没有在 {limit} 毫秒内发完（--head-time）；一个空行就能结束它。";

    // The request line
    BadMethod "bad-method" 400 1 "RFC 1945 5.1.1"
        "A method is a token: letters, digits and !#$%&'*+-.^_`|~ only."
        "方法是一个 token：只能有字母、数字和 !#$%&'*+-.^_`|~。";
    MethodCase "method-case" 501 12 "RFC 1945 5.1.1"
        "Methods are case-sensitive; write this one in capitals."
        "方法区分大小写；请用大写字母写。";
    UnknownMethod "unknown-method" 501 12 "RFC 1945 9.5"
        "This server does not implement this method; it knows GET, HEAD and POST."
        "服务器没有实现这个方法；它只认识 GET、HEAD 和 POST。";
    LooseSpacing "loose-spacing" Note 1 "RFC 1945 appendix B"
        "One space separates the words of the request line; more blanks or tabs are tolerated."
        "请求行的各个词之间用一个空格分隔；多余的空白或制表符只是被容忍。";
    MissingTarget "missing-target" 400 1 "RFC 1945 5.1.2"
        "The request target is missing: write METHOD, one space, a path such as /, one space, HTTP/1.0."
        "缺少请求目标：请写 方法、一个空格、路径（例如 /）、一个空格、HTTP/1.0。";
    BadTarget "bad-target" 400 1 "RFC 1945 5.1.2"
        "Between the method and the version stands one target with no spaces in it; write a space as %20."
        "方法和版本之间只能有一个目标，其中不能有空格；空格请写成 %20。";
    TargetNotPath "target-not-path" 400 1 "RFC 1945 5.1.2"
        "The target of a request to an origin server starts with a slash."
        "发给源服务器的请求目标以斜杠开头。";
    AbsoluteTarget "absolute-target" Note 1 "RFC 9112 3.2.2"
        "This target is a whole URI, as a client sends it to a proxy; its path is served."
        "这个目标是完整的 URI，客户端发给代理时才这样写；服务器按其中的路径回答。";
    FragmentInTarget "fragment-in-target" 400 8 "RFC 1945 3.2.1"
        "A fragment (#...) stays in the client; send %23 if the path really has a number sign."
        "片段（#...）留在客户端，不发送；如果路径里真有井号，请写成 %23。";
    BadPercent "bad-percent" 400 8 "RFC 1945 3.2.1"
        "A percent sign is followed by two hexadecimal digits; write a percent sign itself as %25."
        "百分号后面要有两个十六进制数字；百分号本身写成 %25。";
    BadOctetInTarget "bad-octet-in-target" 400 8 "RFC 1945 3.2.1"
        "A control character cannot stand in a target; percent-encode it."
        "目标里不能有控制字符；请用百分号编码。";
    RawOctetInTarget "raw-octet-in-target" Note 8 "RFC 1945 3.2.1"
        "A byte above 127 stands in the target as it is; it should be percent-encoded."
        "目标里直接出现了大于 127 的字节；应当用百分号编码。";
    TargetTooLong "target-too-long" 414 9 "RFC 9110 15.5.15"
        "The target has {seen} bytes, and the limit is {limit} (--target-bytes); HTTP itself sets none."
        "目标有 {seen} 字节，上限是 {limit}（--target-bytes）；HTTP 本身没有规定上限。";
    BadVersion "bad-version" 400 6 "RFC 1945 3.1"
        "The version is written HTTP/ and two numbers with a dot between, such as HTTP/1.0."
        "版本写作 HTTP/ 加两个数字，中间一个点，例如 HTTP/1.0。";
    VersionZeros "version-zeros" Note 6 "RFC 1945 3.1"
        "Leading zeros in a version are ignored, and must not be sent."
        "版本号前面的零被忽略，也不应当发送。";
    VersionTooHigh "version-too-high" 400 6 "RFC 9110 15.6.6"
        "This server speaks HTTP/1.0 and HTTP/0.9; a request of major version 2 or more is another protocol."
        "服务器只说 HTTP/1.0 和 HTTP/0.9；主版本号为 2 或更高的请求属于另一种协议。";
    SimpleRequest "simple-request" Note 5 "RFC 1945 4.1"
        "This line has no version, so it is a complete HTTP/0.9 request: the answer is the body alone. Add HTTP/1.0 for a status line."
        "这一行没有版本，所以它就是一个完整的 HTTP/0.9 请求：回答只有主体。想看到状态行请加上 HTTP/1.0。";
    SimpleRequestNotGet "simple-request-not-get" 400 5 "RFC 1945 5"
        "A line without a version is HTTP/0.9, which has only GET; add HTTP/1.0 to the line."
        "没有版本的行是 HTTP/0.9，只有 GET；请在行尾加上 HTTP/1.0。";

    BadStatus "bad-status" 400 13 "RFC 1945 6.1"
        "A status line is the version, three digits and a phrase; these are not three digits."
        "状态行是版本、三位数字和一个短语；这里不是三位数字。";

    // Fields
    TooManyFields "too-many-fields" 431 4 "RFC 6585 5"
        "The head has {seen} fields, and the limit is {limit} (--fields)."
        "首部有 {seen} 个字段，上限是 {limit}（--fields）。";
    MissingColon "missing-colon" 400 4 "RFC 1945 4.2"
        "A field is a name, a colon and a value; this line has no colon."
        "字段由名字、冒号和值组成；这一行没有冒号。";
    SpaceBeforeColon "space-before-colon" 400 4 "RFC 1945 4.2"
        "The colon follows the field's name at once; take the blank before it away."
        "冒号紧跟在字段名后面；请去掉它前面的空白。";
    BadFieldName "bad-field-name" 400 4 "RFC 1945 4.2"
        "A field name is one token without blanks (Content-Length, with a hyphen)."
        "字段名是一个不含空白的 token（Content-Length 中间是连字符）。";
    UnderscoreInName "underscore-in-name" Note 41 "RFC 1945 10.9"
        "Field names are written with hyphens (If-Modified-Since); with an underscore this is another, unknown field."
        "字段名用连字符（If-Modified-Since）；写下划线就成了另一个未知字段。";
    FoldWithoutField "fold-without-field" 400 4 "RFC 1945 4.2"
        "A line that starts with a blank continues the field above it, and there is none."
        "以空白开头的行是上一个字段的续行，但上面没有字段。";
    ObsFold "obs-fold" Note 4 "RFC 1945 4.2"
        "This line continues the field above it; the fold is read as one space, and nobody should send it today."
        "这一行是上一个字段的续行；折行按一个空格读，如今不应再发送。";
    BadOctetInValue "bad-octet-in-value" 400 4 "RFC 1945 2.2"
        "A control character (NUL among them) cannot stand in a field's value."
        "字段值里不能有控制字符（包括 NUL）。";
    ObsText "obs-text" Note 29 "RFC 1945 2.2"
        "Bytes above 127 in a field's value have no agreed meaning; they are kept as they are."
        "字段值里大于 127 的字节没有公认的含义；原样保留。";
    ExpectContinue "expect-continue" Note 16 "RFC 1945 9.1"
        "The client waits for `100 Continue`, which HTTP/1.0 does not have; curl goes on after a second (-0 or -H 'Expect:' avoids the wait)."
        "客户端在等 `100 Continue`，而 HTTP/1.0 没有它；curl 一秒后继续（用 -0 或 -H 'Expect:' 可以不等）。";

    // The body
    LengthRequired "length-required" 400 11 "RFC 1945 8.3"
        "A POST says with Content-Length how many bytes of body follow; Content-Length: 0 if none (curl -X POST -L forgets it after a redirect)."
        "POST 用 Content-Length 说明主体有多少字节；没有主体就写 Content-Length: 0（curl -X POST -L 在重定向后会漏掉它）。";
    BadLength "bad-length" 400 11 "RFC 1945 10.4"
        "Content-Length is decimal digits only, and a number that fits in 63 bits."
        "Content-Length 只能是十进制数字，并且不超过 63 位二进制数。";
    LengthTwice "length-twice" 400 11 "RFC 9112 6.3"
        "Content-Length stands twice; two answers to `where does the body end?` are how requests get smuggled."
        "Content-Length 出现了两次；“主体到哪里结束”有两个答案，正是请求走私的来源。";
    TransferEncoding "transfer-encoding" 400 23 "RFC 1945 7.2.2"
        "HTTP/1.0 has no transfer coding, so the end of this body cannot be known; send Content-Length (curl -0)."
        "HTTP/1.0 没有传输编码，所以无法知道主体到哪里结束；请发送 Content-Length（curl -0）。";
    TransferEncodingAndLength "transfer-encoding-and-length" 400 23 "RFC 9112 6.1"
        "Transfer-Encoding beside Content-Length: two ways to find the end of the body, so neither is believed."
        "Transfer-Encoding 和 Content-Length 同时出现：主体的结尾有两种算法，所以都不采信。";
    Chunked "chunked" Note 23 "RFC 9112 7.1"
        "This framing is HTTP/1.1's; to HTTP/1.0 all of it is body until the close. Counted as HTTP/1.1 does: {seen} chunks, each behind its length in hexadecimal, with {limit} bytes of content."
        "这种分帧属于 HTTP/1.1；对 HTTP/1.0 来说，到关闭为止都是主体。按 HTTP/1.1 的数法：{seen} 个块，每块前面是十六进制的长度，内容共 {limit} 字节。";
    BadChunk "bad-chunk" Note 23 "RFC 9112 7.1"
        "The count of chunks stops here, after {seen} of them with {limit} bytes of content: a length in hexadecimal on a line of its own, and as many bytes, should follow."
        "数块数到这里就停了，此前是 {seen} 个块，内容共 {limit} 字节：接下来应当是独占一行的十六进制长度，以及同样多的字节。";
    BodyTooLarge "body-too-large" 413 11 "RFC 9110 15.5.14"
        "The body would have {seen} bytes, and the limit is {limit} (--max-body)."
        "主体将有 {seen} 字节，上限是 {limit}（--max-body）。";
    FormTooLarge "form-too-large" 413 11 "RFC 9110 15.5.14"
        "This page holds the body in memory; it would have {seen} bytes, and the limit is {limit} (--form-bytes, Django's DATA_UPLOAD_MAX_MEMORY_SIZE)."
        "这个页面把主体放在内存里；它将有 {seen} 字节，上限是 {limit}（--form-bytes，即 Django 的 DATA_UPLOAD_MAX_MEMORY_SIZE）。";
    BodyCutShort "body-cut-short" 400 11 "RFC 1945 7.2.2"
        "Only {seen} of the {limit} bytes of body came before the sender closed its side; closing does not end a body that has a Content-Length."
        "发送方关闭发送方向之前只到了 {limit} 字节主体中的 {seen} 字节；有 Content-Length 的主体不能用关闭来结束。";
    BodySilent "body-silent" Note 11 "RFC 1945 7.2.2"
        "Got {seen} of the {limit} bytes of body, and still waiting for the rest: is Content-Length too large?"
        "主体已收到 {seen} 字节，共 {limit} 字节，还在等剩下的：Content-Length 是不是太大？";
    BodyTimeout "body-timeout" 408 11 "RFC 9110 15.5.9"
        "The body stopped at {seen} of {limit} bytes, and no more came in time (--body-time)."
        "主体停在 {limit} 字节中的 {seen} 字节，规定时间内没有更多数据（--body-time）。";
    ExcessBytes "excess-bytes" Note 11 "RFC 1945 7.2.2"
        "Bytes came after the end of the message, {seen} in all; they are not part of it (is Content-Length too small?)."
        "消息结束之后又来了 {seen} 字节；它们不属于这条消息（Content-Length 是不是太小？）。";

    // Forms
    TooManyFormFields "too-many-form-fields" 400 8 "HTML 4.01 17.13.4"
        "The form has {seen} fields (an empty one counts too), and the limit is {limit} (--form-fields); each would cost the server work."
        "表单有 {seen} 个字段（空字段也算），上限是 {limit}（--form-fields）；处理每个字段都要消耗服务器的资源。";

    NoBoundary "no-boundary" 400 20 "RFC 2046 5.1.1"
        "This Content-Type has no boundary parameter, so nobody can tell where one part ends; leave the field to curl -F or to the browser, which choose a boundary of their own."
        "这个 Content-Type 没有 boundary 参数，无法知道每个部分到哪里结束；这个字段交给 curl -F 或浏览器来写就好，它们会自己选一个 boundary。";
    BadBoundary "bad-boundary" 400 21 "RFC 2046 5.1.1"
        "A boundary has 1 to 70 printable ASCII characters, the last of them no blank; if it stands in quotes, it has both."
        "boundary 由 1 到 70 个可打印的 ASCII 字符组成，最后一个不能是空格；如果加引号，两边都要有。";
    BoundaryNotFound "boundary-not-found" 400 21 "RFC 2046 5.1.1"
        "No line of this body is the boundary of Content-Type with two more dashes before it: with boundary=X each part begins with the line --X."
        "主体里没有一行是 Content-Type 中的 boundary 前面再加两个连字符：写了 boundary=X，每个部分就以 --X 这一行开始。";
    CutInPartHead "cut-in-part-head" 400 21 "RFC 2046 5.1.1"
        "The body ends before a part's head does. Was that the last boundary? It has two more dashes at its end (--X--). Or is Content-Length too small?"
        "主体在某个部分的首部还没写完时就结束了。刚才那是最后一个 boundary 吗？最后一个的末尾还要加两个连字符（--X--）。不然，就是 Content-Length 太小？";
    CutInField "cut-in-field" 400 21 "RFC 2046 5.1.1"
        "The body ends within a field: no boundary follows. A boundary stands at the start of a line, after CR LF, and the last one is --X--."
        "主体在一个字段中间结束，后面没有 boundary。boundary 要在一行的开头，也就是 CR LF 之后，最后一个写作 --X--。";
    CutInFile "cut-in-file" 400 21 "RFC 2046 5.1.1"
        "The body ends within a file: no boundary follows, so the file is not complete and is not kept. The last boundary is --X--."
        "主体在一个文件中间结束，后面没有 boundary，所以文件不完整，不予保存。最后一个 boundary 写作 --X--。";
    MultipartBareLf "multipart-bare-lf" 400 21 "RFC 2046 4.1.1"
        "This line ends with LF alone; around boundaries and in the heads of parts lines end with CR LF, since a lone LF may be part of a file."
        "这一行只以 LF 结尾；boundary 前后和各部分的首部都用 CR LF 结束一行，因为单独的 LF 可能就是文件的内容。";
    TextAfterBoundary "text-after-boundary" 400 21 "RFC 2046 5.1.1"
        "After a boundary its line has nothing but blanks and CR LF; a part begins with the next line."
        "这一行在 boundary 之后只能有空白和 CR LF；这个部分从下一行开始。";
    BadPartLine "bad-part-line" 400 21 "RFC 2046 5.1"
        "A part begins with fields (name, colon, value) and a blank line; this line is neither: is the blank line before the content missing?"
        "每个部分先是字段（名字、冒号、值），再是一个空行；这一行两者都不是：内容前面是不是少了空行？";
    PartHeadTooLarge "part-head-too-large" 400 21 "RFC 2046 5.1"
        "The first {limit} bytes of this part hold no blank line, and its head may have no more (--part-head-bytes): is the blank line before the content missing?"
        "这个部分的前 {limit} 字节里没有空行，而它的首部最多只能有这么多（--part-head-bytes）；内容前面是不是少了空行？";
    PartWithoutName "part-without-name" 400 20 "RFC 7578 4.2"
        "A part of a form says what it is called: Content-Disposition: form-data; name=\"username\"."
        "表单的每个部分都要说明自己的名字：Content-Disposition: form-data; name=\"username\"。";
    BadDisposition "bad-disposition" 400 22 "RFC 7578 4.2"
        "A parameter is written name=\"value\", with a semicolon before it; a quote within the value is written %22."
        "参数写作 名字=\"值\"，前面有一个分号；值里面的引号写成 %22。";
    PartTransferEncoding "part-transfer-encoding" 400 20 "RFC 7578 4.7"
        "HTTP carries every byte as it is, so parts of a form are never encoded; leave this field out, and send the file's own bytes."
        "HTTP 原样传送任何字节，所以表单的各部分从不另外编码；请去掉这个字段，直接发送文件的字节。";
    TooManyParts "too-many-parts" 400 20 "RFC 7578 4.1"
        "This is part {seen}, and a form may have {limit} (--parts); send the rest in another request."
        "这是第 {seen} 个部分，而一个表单最多有 {limit} 个（--parts）；其余的请放到另一个请求里。";
    FileNameStar "filename-star" Note 22 "RFC 7578 4.2"
        "filename* is for responses, and not to be sent in a form; it is read, and wins over filename. Write UTF-8 into filename as it is."
        "filename* 用在响应里，不应出现在表单中；服务器仍会读它，而且它优先于 filename。在 filename 里直接写 UTF-8 即可。";
    NulInFileName "nul-in-file-name" 400 22 "RFC 7578 4.2"
        "A file name cannot hold NUL: to the system below, the name ends there, and what was checked would not be what is opened."
        "文件名里不能有 NUL：对操作系统来说名字到此为止，检查过的名字和真正打开的就不是同一个了。";

    // Conditions
    BadDate "bad-date" Note 42 "RFC 1945 10.9"
        "This is not an HTTP-date (Mon, 30 Oct 2017 02:02:09 GMT), so the condition is ignored."
        "这不是 HTTP-date（Mon, 30 Oct 2017 02:02:09 GMT），所以忽略这个条件。";
    FutureDate "future-date" Note 42 "RFC 1945 10.9"
        "This date is later than the server's clock, so the condition is not valid and is ignored."
        "这个日期晚于服务器的时钟，条件无效，被忽略。";
    ConditionalHead "conditional-head" Note 42 "RFC 1945 8.2"
        "A HEAD is never conditional in HTTP/1.0; If-Modified-Since is ignored."
        "HTTP/1.0 的 HEAD 没有条件请求；If-Modified-Since 被忽略。";

    // The site
    NotFound "not-found" 404 13 "RFC 1945 9.4"
        "Nothing is at this path; GET / lists what there is."
        "这个路径下什么也没有；GET / 列出所有内容。";
    OutsideRoot "outside-root" 404 43 "RFC 1945 12.5"
        "This path leaves the folder that is served, or names a hidden file; neither is ever sent."
        "这个路径离开了对外提供的目录，或指向隐藏文件；两者都不会发送。";
    MethodNotAllowed "method-not-allowed" 405 12 "RFC 9110 15.5.6"
        "This resource exists, but not for this method; the Allow field lists the ones it takes."
        "资源存在，但不接受这个方法；Allow 字段列出了它接受的方法。";
    BadParameter "bad-parameter" 400 8 "RFC 1945 9.4"
        "The query lacks something that this page needs, or has a value that cannot be sent in a field; GET / says what each page takes."
        "查询串缺少这个页面需要的参数，或某个值不能写进字段；GET / 说明了每个页面的参数。";
    ForeignReferer "foreign-referer" 403 44 "RFC 1945 10.13"
        "The Referer names a page of another site (or none, where one is demanded), and this folder serves only its own pages."
        "Referer 指向别的网站的页面（或在要求有 Referer 时没有），而这个目录只为自己的页面提供文件。";
    FieldsTooLarge "fields-too-large" 413 20 "RFC 9110 15.5.14"
        "With this field the form's fields have more than {limit} bytes together (--form-bytes, Django's DATA_UPLOAD_MAX_MEMORY_SIZE); only files may be longer."
        "加上这个字段，表单各字段总共超过了 {limit} 字节（--form-bytes，即 Django 的 DATA_UPLOAD_MAX_MEMORY_SIZE）；只有文件可以更长。";
    NoFile "no-file" 400 20 "RFC 7578 4.2"
        "No file came: a form that sends one has enctype=\"multipart/form-data\", and the file is a part with a filename (curl -F 'headimg=@a.png')."
        "没有收到文件：发送文件的表单要有 enctype=\"multipart/form-data\"，文件是带 filename 的一个部分（curl -F 'headimg=@a.png'）。";
    UploadQuota "upload-quota" 503 20 "RFC 1945 9.5"
        "With this body the upload folder would hold {seen} bytes, and the limit is {limit} (--upload-quota); nothing of it was kept."
        "加上这个主体，上传目录将有 {seen} 字节，上限是 {limit}（--upload-quota）；什么都没有保存。";
    StorageFull "storage-full" 503 20 "RFC 1945 9.5"
        "The disk under the upload folder is full; nothing of this request was kept."
        "上传目录所在的磁盘满了；这个请求的内容都没有保存。";
    StorageFailed "storage-failed" 503 13 "RFC 1945 9.5"
        "The server's own storage failed, a database or a folder; nothing of this request was kept."
        "服务器自己的存储（数据库或目录）出错；这个请求的内容都没有保存。";
    SessionStoreUnavailable "session-store-unavailable" 503 37 "RFC 1945 9.5"
        "The store that keeps the sessions failed; what it held before is as it was."
        "保存会话的存储出了问题；其中原有的内容没有改动。";
    SessionNotSaved "session-not-saved" 400 38 "RFC 6265 6.1"
        "The session cannot be kept as this request left it; what was kept before is as it was."
        "这个请求改动之后的会话无法保存；之前保存的内容没有变。";
    SessionCorrupt "session-corrupt" Note 38 "RFC 6265 8.6"
        "The session of this cookie was not believed, since its text or its signature is not what we wrote; it counts as an empty one."
        "这个 cookie 对应的会话不可信：内容或签名不是我们写下的样子；按空会话处理。";
    ServerBusy "server-busy" 503 13 "RFC 1945 9.5"
        "All {limit} places in the queue for slow work are taken; try again in a moment."
        "等待慢任务的 {limit} 个位置都满了；请稍后再试。";
    ServerError "server-error" 500 13 "RFC 1945 9.5"
        "The server failed while it made this answer; the fault is ours, and the console says more."
        "服务器在生成回答时出错；这是我们的问题，控制台上有更多信息。";
    WriteTimeout "write-timeout" Note 14 "RFC 1945 1.3"
        "The client read nothing for too long (--write-time), so the rest of the response was not sent."
        "客户端太久没有读取（--write-time），响应的剩余部分没有发送。";
    ConnectionReset "connection-reset" Note 14 "RFC 1945 1.3"
        "The client reset the connection (RST), and what was under way is lost."
        "客户端重置了连接（RST），正在进行的内容丢失。";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_kebab_case_and_differ() {
        for (index, kind) in FaultKind::ALL.iter().enumerate() {
            let slug = kind.slug();
            assert!(
                slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{slug}"
            );
            assert!(
                FaultKind::ALL[..index]
                    .iter()
                    .all(|other| other.slug() != slug),
                "{slug}"
            );
        }
    }

    #[test]
    fn sentences_end_as_sentences_and_use_the_same_numbers() {
        for kind in FaultKind::ALL {
            let (en, zh) = (kind.sentence(Lang::En), kind.sentence(Lang::Zh));
            assert!(en.ends_with('.') || en.ends_with('?'), "{en}");
            assert!(zh.ends_with('。') || zh.ends_with('？'), "{zh}");
            for number in ["{seen}", "{limit}"] {
                assert_eq!(en.contains(number), zh.contains(number), "{}", kind.slug());
            }
        }
    }
}
