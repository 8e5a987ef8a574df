//! What each check wants, in a few words of either language.

use super::{AsSet, LineEnds, Named, Relation, Start, Test, What};
use crate::wire::{Escaped, Lang, Version};

impl What {
    pub(super) fn words(&self, lang: Lang) -> String {
        let zh = lang == Lang::Zh;
        let say = |en: &str, chinese: &str| if zh { chinese } else { en }.to_owned();
        let of = |en: &str, chinese: &str, octets: &[u8]| {
            format!("{} {}", say(en, chinese), Escaped(octets))
        };
        match self {
            Self::Method(method) => of("method", "方法", method),
            Self::Path { path, is_prefix } => {
                of("path", "路径", path) + if *is_prefix { "..." } else { "" }
            }
            Self::Target(target) => of("target", "请求目标", target),
            Self::Query(None) => say("a query", "查询串"),
            Self::Query(Some(named)) => named.words(&say("in the query", "查询串里的"), lang),
            Self::Form(None) => say("a form in the body", "主体里的表单"),
            Self::Form(Some(named)) => named.words(&say("in the form", "表单里的"), lang),
            Self::File(None) => say("a file in the body", "主体里的文件"),
            Self::File(Some(named)) => named.words(&say("the file", "文件"), lang),
            Self::Field(None) => say("any field", "任何字段"),
            Self::Field(Some(named)) => named.words(&say("field", "字段"), lang),
            Self::Spelled(name) => of("a field spelled", "字段名写作", name),
            Self::Cookie(named) => named.words(&say("cookie", "cookie"), lang),
            Self::CookieAsSet { name, how } => {
                let name = Escaped(name);
                let words = if zh {
                    format!("cookie {name} 的值是服务器设置过的")
                } else {
                    format!("cookie {name} as it was set")
                };
                match how {
                    AsSet::Whole => words,
                    AsSet::Before(path) if zh => format!("{words}，之后请求过 {}", Escaped(path)),
                    AsSet::Before(path) => {
                        format!("{words}, and after that a request for {}", Escaped(path))
                    }
                    AsSet::Behind(mark) if zh => format!("{words}（从 {} 起）", Escaped(mark)),
                    AsSet::Behind(mark) => format!("{words}, from {} on", Escaped(mark)),
                }
            }
            Self::Version(Version::Simple) => "HTTP/0.9".to_owned(),
            Self::Version(Version::Numbered(major, minor)) => {
                format!("{} HTTP/{major}.{minor}", say("version", "版本"))
            }
            Self::LineEnds(LineEnds::CrLf) => {
                say("every line ends with CR LF", "每一行都以 CR LF 结尾")
            }
            Self::LineEnds(LineEnds::Lf) => {
                say("every line ends with LF alone", "每一行都只以 LF 结尾")
            }
            Self::LineEnds(LineEnds::Mixed) => say(
                "some lines end with CR LF, some with LF",
                "有的行以 CR LF 结尾，有的以 LF 结尾",
            ),
            Self::Body(test) => test.words(&say("the body", "主体"), lang),
            Self::BodyBytes {
                bytes,
                is_least: false,
            } => {
                if zh {
                    format!("主体有 {bytes} 字节")
                } else {
                    format!("a body of {bytes} bytes")
                }
            }
            Self::BodyBytes {
                bytes,
                is_least: true,
            } => {
                if zh {
                    format!("主体至少 {bytes} 字节")
                } else {
                    format!("a body of at least {bytes} bytes")
                }
            }
            Self::Excess(test) => test.words(&say("bytes behind the body", "主体之后的字节"), lang),
            Self::Fault(kind) => format!("{} {}", say("fault", "问题"), kind.slug()),
            Self::Refused => say("a request that is refused", "被拒绝的请求"),
            Self::Waiting => say("a request that is not finished", "还没发完的请求"),
            Self::Probe => say("your server's own answer", "你的服务器自己的回答"),
            Self::Closed => say("your side closes the connection", "你这一边关闭了连接"),
            Self::Reads(least) => {
                if zh {
                    format!("请求至少分 {least} 次到达")
                } else {
                    format!("a request in at least {least} pieces")
                }
            }
            Self::Gap {
                wait,
                is_least,
                before,
            } => {
                let wait = wait.as_secs_f64();
                let words = match (is_least, zh) {
                    (true, false) => format!("a pause of at least {wait} s"),
                    (true, true) => format!("中间至少停顿 {wait} 秒"),
                    (false, false) => format!("no pause of {wait} s"),
                    (false, true) => format!("停顿不到 {wait} 秒"),
                };
                match before {
                    None => words,
                    Some(Start::BlankLine) => {
                        words + &say(" before the blank line", "，在空行之前")
                    }
                    Some(Start::Body) => words + &say(" before the body", "，在主体之前"),
                }
            }
            Self::HalfClose => say(
                "the client closes its side before the answer",
                "客户端在回答之前就关闭了发送方向",
            ),
            Self::SameConnection => say("the same connection as before", "和上一次是同一个连接"),
            Self::Status(status) => format!("{} {status}", say("status", "状态码")),
            Self::Answer(named) => named.words(&say("in the answer, field", "回答里的字段"), lang),
            Self::AnswerBody(test) => test.words(&say("the answer's body", "回答的主体"), lang),
            Self::Sets(named) => named.words(&say("the answer sets", "回答设置 cookie"), lang),
            Self::Deletes { name, is_as_set } => {
                let words = of("the answer deletes the cookie", "回答删除 cookie", name);
                let scope = say(", with its Path and Domain", "，Path 和 Domain 也相同");
                words + if *is_as_set { &scope } else { "" }
            }
            Self::Changes(name) => of("the answer changes the cookie", "回答更换 cookie", name),
            Self::FieldAndAnswer {
                field,
                relation,
                answer,
            } => {
                let (field, answer) = (Escaped(field), Escaped(answer));
                match (relation, zh) {
                    (Relation::As, false) => {
                        format!("field {field} as an earlier answer's {answer}")
                    }
                    (Relation::As, true) => format!("字段 {field} 与先前回答里的 {answer} 相同"),
                    (Relation::Before, false) => {
                        format!("a date in {field} before the answer's {answer}")
                    }
                    (Relation::Before, true) => format!("字段 {field} 的日期早于回答里的 {answer}"),
                    (Relation::After, false) => {
                        format!("a date in {field} after the answer's {answer}")
                    }
                    (Relation::After, true) => format!("字段 {field} 的日期晚于回答里的 {answer}"),
                }
            }
            Self::Hops(1) => say(
                "the target is the Location before it",
                "请求目标就是上一个 Location",
            ),
            Self::Hops(least) if zh => format!("连续跟随至少 {least} 次重定向"),
            Self::Hops(least) => format!("at least {least} redirects followed in a row"),
            Self::After { step, wait } if wait.is_zero() => {
                if zh {
                    format!("在步骤 {step} 之后")
                } else {
                    format!("after the step {step}")
                }
            }
            Self::After { step, wait } => {
                let wait = wait.as_secs_f64();
                if zh {
                    format!("在步骤 {step} 之后至少 {wait} 秒")
                } else {
                    format!("at least {wait} s after the step {step}")
                }
            }
            Self::Repeated => say("the same request again", "同样的请求再来一次"),
            Self::Times(least) => {
                if zh {
                    format!("第 {least} 次请求这个路径")
                } else {
                    format!("the path is asked for {least} times")
                }
            }
        }
    }
}

impl Named {
    fn words(&self, kind: &str, lang: Lang) -> String {
        self.test
            .words(&format!("{kind} {}", Escaped(&self.name)), lang)
    }
}

impl Test {
    fn words(&self, subject: &str, lang: Lang) -> String {
        match (self, lang) {
            (Self::Present, _) => subject.to_owned(),
            (Self::Is(value), _) => format!("{subject} = {}", Escaped(value)),
            (Self::Has(value), Lang::En) => format!("{subject} has {}", Escaped(value)),
            (Self::Has(value), Lang::Zh) => format!("{subject} 含有 {}", Escaped(value)),
            (Self::Least(bytes), Lang::En) => format!("{subject} of at least {bytes} bytes"),
            (Self::Least(bytes), Lang::Zh) => format!("{subject} 至少 {bytes} 字节"),
            (Self::Empty, Lang::En) => format!("{subject} is empty"),
            (Self::Empty, Lang::Zh) => format!("{subject} 为空"),
        }
    }
}
