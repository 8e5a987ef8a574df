//! What can go wrong with a store: what was being done, on what, and what to try, in both languages.
//!
//! These are the world's errors. Data that cannot be read are none of them: they are [`Corrupt`](super::Corrupt),
//! a note in the store log, and an empty session.

use std::{error, fmt};

use crate::wire::Lang;

/// Something that a store was asked for and could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionError {
    /// What it was asked for.
    pub doing: Doing,
    /// The database file, the folder, the server; what a peer sent is never a part of it.
    pub on: String,
    /// Why it did not work.
    pub cause: Cause,
}

/// What a store is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Opening the store.
    Open,
    /// Reading a session.
    Load,
    /// Writing a session.
    Save,
    /// Deleting a session.
    Delete,
    /// Deleting what is expired.
    Clear,
    /// Listing what is there.
    List,
}

/// Why it did not work. The text inside is the store's own or the system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server does not answer.
    Unavailable(String),
    /// Others kept it locked for longer than we wait.
    Busy(String),
    /// No room is left.
    Full(String),
    /// It cannot be written to.
    ReadOnly(String),
    /// It is damaged, or something else than it should be.
    Damaged(String),
    /// Anything else.
    Failed(String),
    /// The data are more than this store takes.
    TooLarge {
        /// How many bytes they are.
        bytes: usize,
        /// How many it takes.
        limit: usize,
    },
    /// The data nest deeper than [`json::DEEPEST`](super::json::DEEPEST).
    TooDeep,
    /// The session was deleted while the request was under way (Django's `SessionInterrupted`, which it answers
    /// with 400).
    Interrupted,
}

impl SessionError {
    pub(super) fn new(doing: Doing, on: impl Into<String>, cause: Cause) -> Self {
        Self {
            doing,
            on: on.into(),
            cause,
        }
    }

    /// Whether the same may work in a moment, which is what 503 says.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self.cause, Cause::Unavailable(_) | Cause::Busy(_))
    }

    /// What was being done, on what, why it failed, and what to try.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let (doing, on) = (self.doing.words(lang), &self.on);
        let (reason, advice) = self.cause.words(lang);
        match lang {
            Lang::En => format!("{doing} ({on}) failed: {reason}. {advice}"),
            Lang::Zh => format!("{doing}（{on}）失败：{reason}。{advice}"),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(Lang::En))
    }
}

impl error::Error for SessionError {}

impl Doing {
    const fn words(self, lang: Lang) -> &'static str {
        let [en, zh] = match self {
            Self::Open => ["Opening the session store", "打开会话存储"],
            Self::Load => ["Reading a session", "读取会话"],
            Self::Save => ["Saving a session", "保存会话"],
            Self::Delete => ["Deleting a session", "删除会话"],
            Self::Clear => ["Clearing the expired sessions", "清理过期会话"],
            Self::List => ["Listing the sessions", "列出会话"],
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

impl Cause {
    /// The reason, and what to try.
    fn words(&self, lang: Lang) -> (String, &'static str) {
        let (reason, [en, zh]) = match self {
            Self::Unavailable(text) => (
                text.clone(),
                [
                    "Start the server, or look at its address; the next requests will try again by themselves.",
                    "请启动这个服务，或检查它的地址；之后的请求会自动重试。",
                ],
            ),
            Self::Busy(text) => (
                text.clone(),
                [
                    "Another process holds it for long; try again when that is done.",
                    "别的进程占用太久了；等它结束后再试。",
                ],
            ),
            Self::Full(text) => (
                text.clone(),
                [
                    "Nothing was changed; free some space, then try again.",
                    "什么都没有改动；请腾出一些空间再试。",
                ],
            ),
            Self::ReadOnly(text) => (
                text.clone(),
                [
                    "Nothing was changed; let this user write to the file and to its folder, or choose another place.",
                    "什么都没有改动；请让当前用户能写这个文件及其所在的文件夹，或者换一个位置。",
                ],
            ),
            Self::Damaged(text) => (
                text.clone(),
                [
                    "Keep a copy, then move the file away: a new one will be made.",
                    "请先备份，再把这个文件移走：程序会新建一个。",
                ],
            ),
            Self::Failed(text) => (
                text.clone(),
                [
                    "Look whether the place exists and can be used by this user.",
                    "请检查这个位置是否存在、当前用户是否有权使用。",
                ],
            ),
            Self::TooLarge { bytes, limit } => (
                match lang {
                    Lang::En => format!("the data are {bytes} bytes, and {limit} is the most"),
                    Lang::Zh => format!("数据有 {bytes} 字节，上限是 {limit} 字节"),
                },
                [
                    "Keep less in the session: an id instead of the thing itself.",
                    "会话里少放一些：放编号，不要放整个对象。",
                ],
            ),
            Self::TooDeep => (
                match lang {
                    Lang::En => format!("the data nest deeper than {}", super::json::DEEPEST),
                    Lang::Zh => format!("数据嵌套超过了 {} 层", super::json::DEEPEST),
                },
                [
                    "Keep flatter values in the session.",
                    "请把会话里的值拆得扁平一些。",
                ],
            ),
            Self::Interrupted => (
                match lang {
                    Lang::En => {
                        "the session was deleted while the request was under way".to_owned()
                    }
                    Lang::Zh => "请求还没处理完，会话就被删除了".to_owned(),
                },
                [
                    "Perhaps the user logged out in another window; ask again, and a new session begins.",
                    "用户可能在另一个窗口退出了登录；重新请求一次，就会开始新的会话。",
                ],
            ),
        };
        let advice = match lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        (reason, advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_why_and_what_to_do() {
        let cause = Cause::Full("database or disk is full".to_owned());
        let error = SessionError::new(Doing::Save, "data/site.sqlite3", cause);
        assert_eq!(
            error.to_string(),
            "Saving a session (data/site.sqlite3) failed: database or disk is full. \
             Nothing was changed; free some space, then try again."
        );
        assert_eq!(
            error.sentence(Lang::Zh),
            "保存会话（data/site.sqlite3）失败：database or disk is full。什么都没有改动；请腾出一些空间再试。"
        );
        assert!(!error.is_temporary());
    }
}
