//! What each part of a message and each state of a connection is, in a sentence, with its rule: what the page
//! says about the byte under the cursor.

use serde_json::{Map, Value, json};

use crate::wire::{ClientState, LineEnd, Part, ServerState};

/// `{parts: {NAME: {rule, name: {en, zh}, sentence: {en, zh}}}, client: {STATE: {en, zh}}, server: {...}}`.
pub(super) fn glossary() -> Value {
    let parts: Map<String, Value> = PARTS
        .iter()
        .map(|part| {
            let (rule, zh_name, en, zh) = about(*part);
            let name = part.name();
            let entry = json!({
                "rule": rule,
                "name": {"en": name.replace('-', " "), "zh": zh_name},
                "sentence": {"en": en, "zh": zh},
            });
            (name.to_owned(), entry)
        })
        .collect();
    let client: Map<String, Value> = CLIENT
        .iter()
        .map(|state| {
            let [en, zh] = client(*state);
            (format!("{state:?}"), json!({"en": en, "zh": zh}))
        })
        .collect();
    let server: Map<String, Value> = SERVER
        .iter()
        .map(|state| {
            let [en, zh] = server(*state);
            (format!("{state:?}"), json!({"en": en, "zh": zh}))
        })
        .collect();
    json!({"parts": parts, "client": client, "server": server})
}

/// All of them, in the order of reading.
const PARTS: [Part; 25] = [
    Part::EmptyLine,
    Part::Method,
    Part::Space,
    Part::RequestTarget,
    Part::HttpVersion,
    Part::StatusCode,
    Part::ReasonPhrase,
    Part::FieldName,
    Part::Colon,
    Part::Whitespace,
    Part::FieldValue,
    Part::ObsFold,
    Part::LineEnd(LineEnd::CrLf),
    Part::BlankLine(LineEnd::CrLf),
    Part::Body,
    Part::FormName,
    Part::Equals,
    Part::FormValue,
    Part::Separator,
    Part::Preamble,
    Part::Boundary,
    Part::PartBody,
    Part::Epilogue,
    Part::Excess,
    Part::Unparsed,
];

/// Rule, Chinese name, and a sentence in English and Chinese.
const fn about(part: Part) -> (&'static str, &'static str, &'static str, &'static str) {
    match part {
        Part::EmptyLine => (
            "RFC 9112 2.2",
            "空行",
            "An empty line before the request line; it is passed over.",
            "请求行之前的空行，直接跳过。",
        ),
        Part::Method => (
            "RFC 1945 5.1.1",
            "方法",
            "The method says what to do with the resource; upper and lower case differ.",
            "方法说明要对资源做什么，区分大小写。",
        ),
        Part::Space => (
            "RFC 1945 5.1",
            "空格",
            "One space separates the words of the first line.",
            "首行的各个词之间用一个空格隔开。",
        ),
        Part::RequestTarget => (
            "RFC 1945 5.1.2",
            "请求目标",
            "The request target names the resource: a path, and after a ? the query.",
            "请求目标指明要哪个资源：先是路径，问号之后是查询参数。",
        ),
        Part::HttpVersion => (
            "RFC 1945 3.1",
            "HTTP 版本",
            "The version that the sender speaks; a request without one is HTTP/0.9.",
            "发送方使用的协议版本；请求里没有它，就是 HTTP/0.9。",
        ),
        Part::StatusCode => (
            "RFC 1945 6.1.1",
            "状态码",
            "Three digits for programs; the first one is the class.",
            "给程序看的三位数字，第一位表示类别。",
        ),
        Part::ReasonPhrase => (
            "RFC 1945 6.1.1",
            "原因短语",
            "A few words for people; programs need not look at them.",
            "给人看的几个词，程序可以不理。",
        ),
        Part::FieldName => (
            "RFC 1945 4.2",
            "字段名",
            "A field's name; upper and lower case are the same.",
            "字段的名字，不区分大小写。",
        ),
        Part::Colon => (
            "RFC 1945 4.2",
            "冒号",
            "The colon stands right after the name, with no space before it.",
            "冒号紧跟在字段名后面，中间没有空格。",
        ),
        Part::Whitespace => (
            "RFC 1945 4.2",
            "空白",
            "White space around a value; it is not part of it.",
            "值两边的空白，不算在值里。",
        ),
        Part::FieldValue => (
            "RFC 1945 4.2",
            "字段值",
            "The field's value, up to the end of the line.",
            "字段的值，到行尾为止。",
        ),
        Part::ObsFold => (
            "RFC 1945 2.2",
            "折行",
            "A line end and a blank inside a value: the value goes on, and this reads as one space.",
            "值中间的换行加空白：值还没完，这里相当于一个空格。",
        ),
        Part::LineEnd(_) => (
            "RFC 1945 2.2",
            "行尾",
            "CR LF, the bytes 13 and 10, ends a line; a lone LF is tolerated.",
            "CR LF 两个字节（13 和 10）结束一行；单独一个 LF 也能容忍。",
        ),
        Part::BlankLine(_) => (
            "RFC 1945 4.1",
            "空行",
            "The blank line: the head ends here, and the body begins with the next byte.",
            "空行：首部到此为止，下一个字节起就是主体。",
        ),
        Part::Body => (
            "RFC 1945 7.2",
            "主体",
            "The body: as many bytes as Content-Length says; in a response without one, all until the close.",
            "主体：Content-Length 说几个字节就是几个；响应里没有它，就一直到连接关闭。",
        ),
        Part::FormName => (
            "HTML 4.01 17.13.4",
            "表单名",
            "The name of a form's field, encoded.",
            "表单字段的名字，尚未解码。",
        ),
        Part::Equals => (
            "HTML 4.01 17.13.4",
            "等号",
            "It separates a name from its value.",
            "隔开名字和值。",
        ),
        Part::FormValue => (
            "HTML 4.01 17.13.4",
            "表单值",
            "The value of a form's field, encoded: + is a space, %41 is an A.",
            "表单字段的值，尚未解码：+ 是空格，%41 是 A。",
        ),
        Part::Separator => (
            "HTML 4.01 17.13.4",
            "分隔符",
            "It separates the fields of a form.",
            "隔开表单的各个字段。",
        ),
        Part::Preamble => (
            "RFC 2046 5.1.1",
            "前言",
            "What stands before the first boundary; it means nothing.",
            "第一个分界线之前的内容，没有意义。",
        ),
        Part::Boundary => (
            "RFC 2046 5.1.1",
            "分界线",
            "Two dashes and the boundary: a part begins here; with two more dashes, all parts are over.",
            "两个连字符加分界串：一个部分由此开始；末尾再有两个连字符，就全部结束。",
        ),
        Part::PartBody => (
            "RFC 2046 5.1",
            "部分内容",
            "The content of one part, such as a file.",
            "一个部分的内容，例如一个文件。",
        ),
        Part::Epilogue => (
            "RFC 2046 5.1.1",
            "尾声",
            "What stands after the last boundary; it means nothing.",
            "最后一个分界线之后的内容，没有意义。",
        ),
        Part::Excess => (
            "RFC 1945 7.2.2",
            "多余字节",
            "Bytes after the end of the message; they have no meaning.",
            "消息结束之后的字节，没有意义。",
        ),
        Part::Unparsed => (
            "RFC 1945 4",
            "无法解读",
            "Bytes that follow no rule, or whose line is not complete yet.",
            "不合任何规则的字节，或者这一行还没有写完。",
        ),
    }
}

const CLIENT: [ClientState; 5] = [
    ClientState::SendingHead,
    ClientState::SendingBody,
    ClientState::Done,
    ClientState::Broken,
    ClientState::Closed,
];

const fn client(state: ClientState) -> [&'static str; 2] {
    match state {
        ClientState::SendingHead => ["sending a head", "正在发送首部"],
        ClientState::SendingBody => ["sending a body", "正在发送主体"],
        ClientState::Done => ["has sent all", "已经发完"],
        ClientState::Broken => ["refused", "被拒绝"],
        ClientState::Closed => ["has closed its side", "已关闭发送方向"],
    }
}

const SERVER: [ServerState; 5] = [
    ServerState::Waiting,
    ServerState::MustRespond,
    ServerState::Sending,
    ServerState::Lingering,
    ServerState::Closed,
];

const fn server(state: ServerState) -> [&'static str; 2] {
    match state {
        ServerState::Waiting => ["waiting for a request", "等待请求"],
        ServerState::MustRespond => ["must respond", "必须作答"],
        ServerState::Sending => ["sending a response", "正在发送响应"],
        ServerState::Lingering => [
            "lingering: it reads what still comes",
            "逗留：读完还会来的字节",
        ],
        ServerState::Closed => ["has closed", "已关闭"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_and_state_has_its_sentences() {
        let glossary = glossary();
        let parts = glossary["parts"].as_object().unwrap();
        assert_eq!(parts.len(), PARTS.len());
        for (name, part) in parts {
            let sentence = &part["sentence"];
            assert!(sentence["en"].as_str().unwrap().ends_with('.'), "{name}");
            assert!(sentence["zh"].as_str().unwrap().ends_with('。'), "{name}");
        }
        assert_eq!(glossary["client"].as_object().unwrap().len(), 5);
        assert_eq!(
            glossary["server"]["Lingering"]["zh"],
            "逗留：读完还会来的字节"
        );
    }
}
