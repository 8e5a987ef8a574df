//! All probes, in the order of `notes/rfc1945.md`.
//!
//! A row asks about one rule. Where a server may say no for a reason of its own (it takes no POST), `asked` keeps the
//! verdict out of it. `tests/conform.rs` checks that each row of the notes is here or in `not_asked.rs`.

use super::check::Check::{
    AllowWith405, Body, BodyOrZero, Closes, CommonForm, CrLf, DateForm, FullResponse, Has,
    HeadOfTheFile, Lacks, ModifiedBeforeDate, NoBody, NoInterim, NotFolded, OneResponse, Refused,
    SimpleOrRefused, SimpleResponse, Status, StatusLine, TokenNames, Version, WholeLength,
    WholeLocation, With, Without,
};
use super::row::{Asked, Row};

/// Statuses of a server that takes no POST there.
const NO_POST: &[u16] = &[403, 404, 405, 501];

/// The probes.
pub const ROWS: &[Row] = &[
    Row::new(
        ("SYN-01", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[CrLf],
        &[CrLf],
        (
            "Each line of a head ends with CR LF (RFC 1945 2.2; RFC 9112 2.1).",
            "首部每行以 CR LF 结束（RFC 1945 2.2；RFC 9112 2.1）。",
        ),
    ),
    Row::new(
        ("SYN-02", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[NotFolded],
        &[NotFolded],
        (
            "No field is folded (RFC 1945 4.2; forbidden by RFC 9112 5.2).",
            "字段不折行（RFC 1945 4.2；RFC 9112 5.2 明令禁止）。",
        ),
    ),
    Row::new(
        ("SYN-03", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nX-A: one\r\n two\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200, 400])],
        (
            "A folded field is read (RFC 1945 4.2); RFC 9112 5.2 lets a server refuse it.",
            "折行的字段要读得懂（RFC 1945 4.2）；RFC 9112 5.2 允许拒绝。",
        ),
    ),
    Row::new(
        ("SYN-04", ""),
        b"GET {path} HTTP/1.0\nHost: {host}\n\n",
        &[Status(&[200])],
        &[Status(&[200, 400])],
        (
            "LF alone ends a line (RFC 1945 B); RFC 9112 2.2 lets a server take it.",
            "单独的 LF 也算行尾（RFC 1945 B）；RFC 9112 2.2 允许但不强求。",
        ),
    ),
    Row::new(
        ("SYN-05", ""),
        b"GET \t {path}  HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200, 400])],
        (
            "Any run of blanks parts the words of the request line (RFC 1945 B); RFC 9112 3 lets a server refuse it.",
            "请求行的词之间空白可多可少（RFC 1945 B）；RFC 9112 3 允许拒绝。",
        ),
    ),
    Row::new(
        ("SYN-06", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[CommonForm],
        &[TokenNames],
        (
            "A field is written `Name: value` with one space (RFC 1945 2.1); RFC 9112 5 wants no blank before the colon.",
            "字段写成 `Name: value`，一个空格（RFC 1945 2.1）；RFC 9112 5 只要求冒号前没有空白。",
        ),
    ),
    Row::new(
        ("SYN-07", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\niF-mOdIfIeD-sInCe: {modified}\r\n\r\n",
        &[Status(&[304])],
        &[Status(&[304])],
        (
            "Field names are the same in any case (RFC 1945 4.2; RFC 9110 5.1).",
            "字段名不分大小写（RFC 1945 4.2；RFC 9110 5.1）。",
        ),
    ),
    Row::new(
        ("SYN-08", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nX-A : b\r\n\r\n",
        &[Refused],
        &[Status(&[400])],
        (
            "The colon follows the name at once (RFC 1945 4.2); RFC 9112 5.1 wants 400 else.",
            "冒号紧跟字段名（RFC 1945 4.2）；否则 RFC 9112 5.1 要求回 400。",
        ),
    ),
    Row::new(
        ("SYN-09", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        &[Refused],
        &[Refused],
        (
            "Two lengths that differ cannot be believed (RFC 1945 4.2; RFC 9112 6.3).",
            "两个不同的长度都不可信（RFC 1945 4.2；RFC 9112 6.3）。",
        ),
    ),
    Row::new(
        ("SYN-11", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nX-Nonsense: 1\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "A field that nobody knows changes nothing (RFC 1945 7.1; RFC 9110 5.1).",
            "不认识的字段不起作用（RFC 1945 7.1；RFC 9110 5.1）。",
        ),
    ),
    Row::new(
        ("SYN-13", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nX-A: \xff\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200, 400])],
        (
            "A byte above 127 in a value does no harm (RFC 1945 2.2; RFC 9110 5.5).",
            "字段值里大于 127 的字节不碍事（RFC 1945 2.2；RFC 9110 5.5）。",
        ),
    ),
    Row::new(
        ("SYN-14", ""),
        b"GET {path} HT{pause}TP/1.0\r{pause}\nHost: {host}\r\n{pause}\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "How the bytes are cut into reads changes nothing (RFC 1945 4.1).",
            "字节怎样分批到达都一样（RFC 1945 4.1）。",
        ),
    ),
    Row::new(
        ("VER-01", ""),
        b"GET {path}\r\n",
        &[SimpleResponse],
        &[SimpleOrRefused],
        (
            "A request line without a version gets the body alone, and a close (RFC 1945 5); HTTP/0.9 is gone from RFC 9112.",
            "请求行没有版本，就只回主体再关闭（RFC 1945 5）；RFC 9112 里已没有 HTTP/0.9。",
        ),
    ),
    Row::new(
        ("VER-02", ""),
        b"POST {path}\r\n\r\n",
        &[Refused],
        &[Refused],
        (
            "A request line without a version is a GET or nothing (RFC 1945 5).",
            "没有版本的请求行只能是 GET（RFC 1945 5）。",
        ),
    )
    .half_close(),
    Row::new(
        ("VER-03", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[FullResponse],
        &[FullResponse],
        (
            "A request with a version gets a status line (RFC 1945 6).",
            "带版本的请求得到状态行（RFC 1945 6）。",
        ),
    ),
    Row::new(
        ("VER-04", "http-1.0"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Version(&["HTTP/1.0"])],
        &[Version(&["HTTP/1.0", "HTTP/1.1"])],
        (
            "The status line says HTTP/1.0 (RFC 1945 3.1); RFC 9110 2.5 wants the server's own version.",
            "状态行写 HTTP/1.0（RFC 1945 3.1）；RFC 9110 2.5 要求写服务器自己的版本。",
        ),
    ),
    Row::new(
        ("VER-04", "http-1.1"),
        b"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        &[Version(&["HTTP/1.0"])],
        &[Version(&["HTTP/1.0", "HTTP/1.1"])],
        (
            "To a later client, too, the status line says HTTP/1.0 (RFC 1945 3.1); RFC 9110 2.5 wants the server's own version.",
            "客户端版本更高，状态行也写 HTTP/1.0（RFC 1945 3.1）；RFC 9110 2.5 要求写服务器自己的版本。",
        ),
    ),
    Row::new(
        ("VER-04", "http-1.7"),
        b"GET {path} HTTP/1.7\r\nHost: {host}\r\n\r\n",
        &[Status(&[200]), Version(&["HTTP/1.0"])],
        &[Status(&[200]), Version(&["HTTP/1.0", "HTTP/1.1"])],
        (
            "A minor version that nobody knows is understood as the last that is known (RFC 1945 3.1; RFC 9110 2.5).",
            "不认识的次版本号，按自己懂的最高版本理解（RFC 1945 3.1；RFC 9110 2.5）。",
        ),
    ),
    Row::new(
        ("VER-06", ""),
        b"GET {path} HTTP/01.00\r\nHost: {host}\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200, 400, 505])],
        (
            "Leading zeros of a version do not count (RFC 1945 3.1); RFC 9112 2.3 has one digit and no more.",
            "版本号的前导零不算数（RFC 1945 3.1）；RFC 9112 2.3 只许一位数字。",
        ),
    ),
    Row::new(
        ("VER-07", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Version(&["HTTP/1.0", "HTTP/1.1"])],
        &[Version(&["HTTP/1.0", "HTTP/1.1"])],
        (
            "No leading zeros are written (RFC 1945 3.1; RFC 9112 2.3).",
            "自己不写前导零（RFC 1945 3.1；RFC 9112 2.3）。",
        ),
    ),
    Row::new(
        ("VER-08", ""),
        b"GET {path} HTTP/2.0\r\nHost: {host}\r\n\r\n",
        &[Refused],
        &[Refused],
        (
            "Another major version is another protocol (RFC 1945 says nothing; RFC 9110 15.6.6 has 505 for it).",
            "主版本不同就是另一个协议（RFC 1945 没有说；RFC 9110 15.6.6 有 505）。",
        ),
    ),
    Row::new(
        ("VER-09", "one-number"),
        b"GET {path} HTTP/1\r\nHost: {host}\r\n\r\n",
        &[FullResponse, Refused],
        &[Refused],
        (
            "A malformed version is not `no version` (RFC 1945 5.1; RFC 9112 3).",
            "版本写坏了不等于没有版本（RFC 1945 5.1；RFC 9112 3）。",
        ),
    ),
    Row::new(
        ("VER-09", "another-protocol"),
        b"GET {path} FOO/1.0\r\nHost: {host}\r\n\r\n",
        &[FullResponse, Refused],
        &[Refused],
        (
            "Another protocol's name is not `no version` (RFC 1945 5.1; RFC 9112 3).",
            "别的协议名不等于没有版本（RFC 1945 5.1；RFC 9112 3）。",
        ),
    ),
    Row::new(
        ("REQ-01", ""),
        b"get {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused],
        &[Refused],
        (
            "Methods know capitals from small letters (RFC 1945 5.1.1; RFC 9110 9.1).",
            "方法区分大小写（RFC 1945 5.1.1；RFC 9110 9.1）。",
        ),
    ),
    Row::new(
        ("REQ-02", ""),
        b"BREW {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[501])],
        &[Status(&[501, 405])],
        (
            "A method that the server does not have gets 501 (RFC 1945 5.1.1; RFC 9110 9.1).",
            "服务器没有的方法得到 501（RFC 1945 5.1.1；RFC 9110 9.1）。",
        ),
    ),
    Row::new(
        ("REQ-03", ""),
        b"POST {file} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n",
        &[Refused],
        &[Status(&[403, 405, 501]), AllowWith405],
        (
            "A method that this resource does not take is refused; a 405 has an Allow (RFC 1945 10.1; RFC 9110 15.5.6).",
            "资源不接受的方法要拒绝；405 要带 Allow（RFC 1945 10.1；RFC 9110 15.5.6）。",
        ),
    ),
    Row::new(
        ("REQ-04", "encoded"),
        b"GET {file-encoded} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "%HH is decoded before the path is looked up (RFC 1945 5.1.2; RFC 9110 4.2.3).",
            "先解码 %HH 再找路径（RFC 1945 5.1.2；RFC 9110 4.2.3）。",
        ),
    ),
    Row::new(
        ("REQ-04", "broken"),
        b"GET /%zz HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[400])],
        &[Status(&[400, 404])],
        (
            "An escape that is none is a bad request (RFC 1945 3.2.1; RFC 3986 2.1).",
            "写坏的转义是坏请求（RFC 1945 3.2.1；RFC 3986 2.1）。",
        ),
    ),
    Row::new(
        ("REQ-05", ""),
        b"GET  HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused],
        &[Refused],
        (
            "The target is never empty (RFC 1945 5.1.2; RFC 9112 3.2).",
            "请求目标不能为空（RFC 1945 5.1.2；RFC 9112 3.2）。",
        ),
    ),
    Row::new(
        ("REQ-06", ""),
        b"GET http://{host}{path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[200, 400, 404])],
        &[Status(&[200])],
        (
            "A whole URI as target is for proxies (RFC 1945 5.1.2); RFC 9112 3.2.2 wants it served.",
            "完整 URI 作目标是给代理用的（RFC 1945 5.1.2）；RFC 9112 3.2.2 要求照常服务。",
        ),
    ),
    Row::new(
        ("REQ-07", ""),
        b"GET {path}#b HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused],
        &[Refused],
        (
            "A fragment is no part of a target, and is not cut off in silence (RFC 1945 3.2.1; RFC 9112 3.2).",
            "片段不属于请求目标，也不能悄悄截掉（RFC 1945 3.2.1；RFC 9112 3.2）。",
        ),
    ),
    Row::new(
        ("REQ-08", ""),
        b"GET /{long} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused],
        &[Status(&[400, 404, 414, 431])],
        (
            "A target of 9,000 bytes gets an answer (RFC 1945 knows no limit; RFC 9110 15.5.15 has 414).",
            "9000 字节的目标也要有回答（RFC 1945 没有限制；RFC 9110 15.5.15 有 414）。",
        ),
    ),
    Row::new(
        ("REQ-09", "plain"),
        b"GET /../../../../../../etc/passwd HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused, Without(b"root:")],
        &[Refused, Without(b"root:")],
        (
            "No `..` leads out of the folder (RFC 1945 12.5; RFC 9110 17.3).",
            "`..` 走不出目录（RFC 1945 12.5；RFC 9110 17.3）。",
        ),
    ),
    Row::new(
        ("REQ-09", "encoded"),
        b"GET /%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Refused, Without(b"root:")],
        &[Refused, Without(b"root:")],
        (
            "No `..` leads out of the folder, however it is spelt (RFC 1945 12.5; RFC 9110 17.3).",
            "`..` 换个写法也走不出目录（RFC 1945 12.5；RFC 9110 17.3）。",
        ),
    ),
    Row::new(
        ("BOD-01", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 2\r\n\r\nhi",
        &[Status(&[200])],
        &[Status(&[200, 400])],
        (
            "Content-Length says that there is a body, whatever the method (RFC 1945 7.2; RFC 9112 6).",
            "有 Content-Length 就有主体，不论方法（RFC 1945 7.2；RFC 9112 6）。",
        ),
    ),
    Row::new(
        ("BOD-02", ""),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[400])],
        &[Status(&[200, 201, 202, 204, 302, 303, 400, 411])],
        (
            "A POST without a length gets 400 (RFC 1945 8.3); to RFC 9112 6.3 it has no body, and 411 is allowed.",
            "没有长度的 POST 得到 400（RFC 1945 8.3）；RFC 9112 6.3 视为没有主体，也可以回 411。",
        ),
    )
    .asked(Asked::Without(NO_POST)),
    Row::new(
        ("BOD-03", "negative"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: -1\r\n\r\nabc",
        &[Refused],
        &[Refused],
        (
            "-1 is no length (RFC 1945 10.4; RFC 9110 8.6).",
            "-1 不是长度（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-03", "plus"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: +3\r\n\r\nabc",
        &[Refused],
        &[Refused],
        (
            "+3 is no length (RFC 1945 10.4; RFC 9110 8.6).",
            "+3 不是长度（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-03", "hexadecimal"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 0x3\r\n\r\nabc",
        &[Refused],
        &[Refused],
        (
            "0x3 is no length (RFC 1945 10.4; RFC 9110 8.6).",
            "0x3 不是长度（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-03", "empty"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: \r\n\r\nabc",
        &[Refused],
        &[Refused],
        (
            "A length without digits is none (RFC 1945 10.4; RFC 9110 8.6).",
            "没有数字就没有长度（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-03", "twenty-digits"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        &[Refused],
        &[Refused],
        (
            "A length beyond every number of 64 bits is not guessed (RFC 1945 10.4; RFC 9110 8.6).",
            "超过 64 位整数的长度不能猜（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-03", "zero"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "0 is a length (RFC 1945 10.4; RFC 9110 8.6).",
            "0 是长度（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("BOD-05", ""),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 10\r\n\r\nabc",
        &[Refused],
        &[],
        (
            "A client cannot end a body by closing: refuse it (RFC 1945 7.2.2); RFC 9112 8 leaves the answer open.",
            "客户端不能靠关闭来结束主体，应当拒绝（RFC 1945 7.2.2）；RFC 9112 8 没有规定怎么回答。",
        ),
    )
    .asked(Asked::Without(NO_POST))
    .half_close(),
    Row::new(
        ("BOD-06", ""),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 3\r\n\r\nabcdef",
        &[FullResponse, OneResponse],
        &[FullResponse, OneResponse],
        (
            "What follows the counted bytes is neither body nor, without keep-alive, a request (RFC 1945 7.2.2).",
            "数完之后多出的字节不是主体；没有 keep-alive，也不是下一个请求（RFC 1945 7.2.2）。",
        ),
    )
    .asked(Asked::Without(NO_POST)),
    Row::new(
        ("BOD-11", "alone"),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &[Refused],
        &[Status(&[200, 201, 202, 204, 302, 303, 400, 411, 501]), Closes],
        (
            "HTTP/1.0 knows no chunks, so no length is known; to RFC 9112 6.1 the framing is faulty, and the connection closes.",
            "HTTP/1.0 没有分块，长度无从知道；RFC 9112 6.1 认为分界有误，答完要关闭。",
        ),
    )
    .asked(Asked::Without(NO_POST)),
    Row::new(
        ("BOD-11", "with-a-length"),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &[Refused],
        &[OneResponse, Closes],
        (
            "Two ways to find the end of a body are one too many (RFC 9112 6.3, against request smuggling).",
            "两种定界方法多了一种（RFC 9112 6.3，防请求走私）。",
        ),
    )
    .asked(Asked::Without(NO_POST)),
    Row::new(
        ("RSP-01", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[StatusLine],
        &[StatusLine],
        (
            "A status line is version, space, three digits, space, phrase (RFC 1945 6.1; RFC 9112 4).",
            "状态行：版本、空格、三位数字、空格、短语（RFC 1945 6.1；RFC 9112 4）。",
        ),
    ),
    Row::new(
        ("RSP-02", "there"),
        b"HEAD {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[NoBody],
        &[NoBody],
        (
            "A HEAD is never answered with a body (RFC 1945 8.2; RFC 9110 9.3.2).",
            "HEAD 的回答没有主体（RFC 1945 8.2；RFC 9110 9.3.2）。",
        ),
    ),
    Row::new(
        ("RSP-02", "missing"),
        b"HEAD {missing} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[NoBody],
        &[NoBody],
        (
            "Nor has the refusal of a HEAD a body (RFC 1945 8.2; RFC 9110 9.3.2).",
            "拒绝 HEAD 时也没有主体（RFC 1945 8.2；RFC 9110 9.3.2）。",
        ),
    ),
    Row::new(
        ("RSP-03", ""),
        b"HEAD {file} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[HeadOfTheFile],
        &[HeadOfTheFile],
        (
            "The head of a HEAD is the head of the GET (RFC 1945 8.2; RFC 9110 9.3.2).",
            "HEAD 的首部就是 GET 的首部（RFC 1945 8.2；RFC 9110 9.3.2）。",
        ),
    ),
    Row::new(
        ("RSP-04", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified}\r\n\r\n",
        &[NoBody],
        &[NoBody],
        (
            "A 304 has no body (RFC 1945 7.2; RFC 9110 15.4.5).",
            "304 没有主体（RFC 1945 7.2；RFC 9110 15.4.5）。",
        ),
    )
    .asked(Asked::With(&[304])),
    Row::new(
        ("RSP-05", ""),
        b"POST {post} HTTP/1.0\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[NoInterim],
        &[NoInterim],
        (
            "No 1xx is sent to an HTTP/1.0 client (RFC 1945 9.1; RFC 9110 15.2).",
            "不给 HTTP/1.0 客户端发 1xx（RFC 1945 9.1；RFC 9110 15.2）。",
        ),
    ),
    Row::new(
        ("RSP-06", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[BodyOrZero],
        &[BodyOrZero],
        (
            "A response has a body, or says that it has none (RFC 1945 7.2; RFC 9112 6.3).",
            "响应要么有主体，要么写明没有（RFC 1945 7.2；RFC 9112 6.3）。",
        ),
    ),
    Row::new(
        ("RSP-07", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Has("Content-Length"), WholeLength],
        &[WholeLength],
        (
            "A length that is known is said, and is true (RFC 1945 10.4; RFC 9110 8.6).",
            "知道长度就要写，写了就要准（RFC 1945 10.4；RFC 9110 8.6）。",
        ),
    ),
    Row::new(
        ("RSP-09", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Has("Content-Type")],
        &[Has("Content-Type")],
        (
            "A body has a Content-Type (RFC 1945 7.2.1; RFC 9110 8.3).",
            "主体要有 Content-Type（RFC 1945 7.2.1；RFC 9110 8.3）。",
        ),
    ),
    Row::new(
        ("RSP-12", "there"),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Has("Date")],
        &[Has("Date")],
        (
            "Every full response has a Date (RFC 1945 10.6; RFC 9110 6.6.1).",
            "完整响应都有 Date（RFC 1945 10.6；RFC 9110 6.6.1）。",
        ),
    ),
    Row::new(
        ("RSP-12", "missing"),
        b"GET {missing} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Has("Date")],
        &[Has("Date")],
        (
            "Errors have a Date too (RFC 1945 10.6; RFC 9110 6.6.1).",
            "错误响应也有 Date（RFC 1945 10.6；RFC 9110 6.6.1）。",
        ),
    ),
    Row::new(
        ("RSP-13", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[DateForm("Date"), DateForm("Last-Modified")],
        &[DateForm("Date"), DateForm("Last-Modified")],
        (
            "Dates are written in GMT, in one form of 29 bytes (RFC 1945 3.3; RFC 9110 5.6.7).",
            "日期用 GMT，只有一种 29 字节的写法（RFC 1945 3.3；RFC 9110 5.6.7）。",
        ),
    ),
    Row::new(
        ("RSP-15", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Closes],
        &[Closes],
        (
            "Unless it was asked to keep the connection, the server closes it after the response (RFC 1945 1.3; RFC 9112 9.3).",
            "没有要求保持连接，答完就关闭（RFC 1945 1.3；RFC 9112 9.3）。",
        ),
    ),
    Row::new(
        ("ST-03", ""),
        b"GET {redirect} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Has("Location")],
        &[Has("Location")],
        (
            "301 and 302 have a Location (RFC 1945 9.3; RFC 9110 15.4).",
            "301 和 302 有 Location（RFC 1945 9.3；RFC 9110 15.4）。",
        ),
    )
    .asked(Asked::With(&[301, 302])),
    Row::new(
        ("ST-04", ""),
        b"GET {redirect} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[WholeLocation],
        &[Has("Location")],
        (
            "Location is a whole URI (RFC 1945 10.11); RFC 9110 10.2.2 allows a relative one.",
            "Location 是完整的 URI（RFC 1945 10.11）；RFC 9110 10.2.2 允许相对写法。",
        ),
    )
    .asked(Asked::With(&[301, 302])),
    Row::new(
        ("ST-05", ""),
        b"GET {redirect} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[With(b"<a href=")],
        &[BodyOrZero],
        (
            "A redirect's body is a note with a hyperlink (RFC 1945 9.3; RFC 9110 15.4.3 says usually).",
            "重定向的主体是带超链接的短文（RFC 1945 9.3；RFC 9110 15.4.3 只说通常如此）。",
        ),
    )
    .asked(Asked::With(&[301, 302])),
    Row::new(
        ("ST-07", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified}\r\n\r\n",
        &[Status(&[304])],
        &[Status(&[304])],
        (
            "Nothing has changed since: 304 (RFC 1945 9.3; RFC 9110 13.1.3).",
            "没有改动就回 304（RFC 1945 9.3；RFC 9110 13.1.3）。",
        ),
    ),
    Row::new(
        ("ST-08", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified}\r\n\r\n",
        &[Lacks(&["Content-Type", "Content-Length", "Last-Modified"])],
        &[Lacks(&["Content-Type"])],
        (
            "A 304 carries only what a cache needs (RFC 1945 9.3; RFC 9110 15.4.5).",
            "304 只带缓存需要的字段（RFC 1945 9.3；RFC 9110 15.4.5）。",
        ),
    )
    .asked(Asked::With(&[304])),
    Row::new(
        ("ST-09", ""),
        b"GET {missing} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[Status(&[404]), Body],
        &[Status(&[404, 410]), Body],
        (
            "An error has a body that explains it (RFC 1945 9.4; RFC 9110 15.5).",
            "错误响应的主体要说明原因（RFC 1945 9.4；RFC 9110 15.5）。",
        ),
    ),
    Row::new(
        ("CC-01", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n",
        &[ModifiedBeforeDate],
        &[ModifiedBeforeDate],
        (
            "Last-Modified is never later than Date (RFC 1945 10.10; RFC 9110 8.8.2.1).",
            "Last-Modified 不晚于 Date（RFC 1945 10.10；RFC 9110 8.8.2.1）。",
        ),
    ),
    Row::new(
        ("CC-02", "no-date"),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: yesterday\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "A condition that is no date is as good as none (RFC 1945 10.9; RFC 9110 13.1.3).",
            "条件不是日期就当没有（RFC 1945 10.9；RFC 9110 13.1.3）。",
        ),
    ),
    Row::new(
        ("CC-02", "missing"),
        b"GET {missing} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        &[Status(&[404])],
        &[Status(&[404, 410])],
        (
            "A condition on what is not there changes nothing (RFC 1945 10.9; RFC 9110 13.2.1).",
            "对不存在的资源，条件不起作用（RFC 1945 10.9；RFC 9110 13.2.1）。",
        ),
    ),
    Row::new(
        ("CC-03", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: Mon, 21 Nov 2050 08:00:00 GMT\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200, 304])],
        (
            "A date after the server's clock is invalid (RFC 1945 10.9); RFC 9110 13.1.3 compares it like any other.",
            "晚于服务器时钟的日期无效（RFC 1945 10.9）；RFC 9110 13.1.3 照常比较。",
        ),
    ),
    Row::new(
        ("CC-04", ""),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {before}\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "Changed one second after the date: 200 (RFC 1945 10.9; RFC 9110 13.1.3).",
            "日期之后一秒有改动：200（RFC 1945 10.9；RFC 9110 13.1.3）。",
        ),
    ),
    Row::new(
        ("CC-05", "rfc-850"),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified-850}\r\n\r\n",
        &[Status(&[304])],
        &[Status(&[304])],
        (
            "The date of RFC 850 is read (RFC 1945 3.3; RFC 9110 5.6.7).",
            "读得懂 RFC 850 的日期（RFC 1945 3.3；RFC 9110 5.6.7）。",
        ),
    ),
    Row::new(
        ("CC-05", "asctime"),
        b"GET {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified-asctime}\r\n\r\n",
        &[Status(&[304])],
        &[Status(&[304])],
        (
            "The date of asctime is read (RFC 1945 3.3; RFC 9110 5.6.7).",
            "读得懂 asctime 的日期（RFC 1945 3.3；RFC 9110 5.6.7）。",
        ),
    ),
    Row::new(
        ("CC-06", ""),
        b"HEAD {file} HTTP/1.0\r\nHost: {host}\r\nIf-Modified-Since: {modified}\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[304])],
        (
            "A HEAD is never conditional (RFC 1945 8.2); RFC 9110 13.1.3 makes it so.",
            "HEAD 不看条件（RFC 1945 8.2）；RFC 9110 13.1.3 要看。",
        ),
    ),
    Row::new(
        ("CC-09", ""),
        b"GET {path} HTTP/1.0\r\nHost: {host}\r\nPragma: no-cache\r\n\r\n",
        &[Status(&[200])],
        &[Status(&[200])],
        (
            "A Pragma that is not for the server is ignored (RFC 1945 10.12; RFC 9111 5.4).",
            "不是给服务器的 Pragma 不理会（RFC 1945 10.12；RFC 9111 5.4）。",
        ),
    ),
];
