//! `blankline clearsessions` and `blankline sessions`: the stores of sessions from outside, also while a server runs.
//!
//! `clearsessions` is `manage.py clearsessions`: it deletes what is expired and prints nothing. `sessions` shows what a
//! store holds. Who has a session's key is that visitor, so keys are cut and the values of what is called a secret are
//! hidden, unless they are asked for.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::{Value, json};

use super::store_args::StoreArgs;
use super::{CliError, Color, print};
use crate::app::session_store::{EngineKind, SessionStore};
use crate::clock::Clock;
use crate::sessions::{Data, Kept, Moment, SessionError, StoreLog};
use crate::wire::{Escaped, Lang};

/// What to do with the store.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// List the sessions, each with its end, its bytes and its keys
    List {
        /// The most to list
        #[arg(long, env = "BLANKLINE_SESSIONS_LIMIT", value_name = "N", default_value_t = 100, value_parser = super::serve::at_least_one)]
        limit: usize,
        /// How to show them.
        #[command(flatten)]
        show: ShowArgs,
    },
    /// Decode one session
    Show {
        /// Its key, or the start of it
        key: String,
        /// How to show it.
        #[command(flatten)]
        show: ShowArgs,
    },
}

/// Which store, and how to show what is in it.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// Show keys whole, and the values of what is called a password, a secret or a token
    #[arg(long)]
    pub show_secrets: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The store.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Deletes the expired sessions.
///
/// # Errors
///
/// When the store cannot be opened or written.
pub fn clearsessions(args: &StoreArgs) -> Result<(), CliError> {
    let store = store(args);
    let engine = store.engine().map_err(CliError::Store)?;
    let cleared = engine.clear_expired(now(), &mut StoreLog::default());
    cleared.map(|_| ()).map_err(CliError::Store)
}

/// Shows what a store holds.
///
/// # Errors
///
/// When the store cannot be opened or read, and when there is no session with this key, or more than one.
pub fn sessions(command: &SessionsCommand, color: Color) -> Result<(), CliError> {
    match command {
        SessionsCommand::List { limit, show } => {
            let kept = list(&show.store, *limit).map_err(CliError::Store)?;
            if show.json {
                let all: Vec<Value> = kept.iter().map(|kept| document(kept, show)).collect();
                return print(&plain(&format!("{:#}\n", Value::from(all))), color);
            }
            let lines = kept.iter().map(|kept| line(kept, show));
            print(&lines.collect::<String>(), color)
        }
        SessionsCommand::Show { key, show } => {
            let kept = list(&show.store, MOST_SEARCHED).map_err(CliError::Store)?;
            let mut found = kept.iter().filter(|kept| kept.key.starts_with(key));
            let one = match (found.next(), found.next()) {
                (Some(one), None) => one,
                (Some(_), Some(_)) => {
                    return Err(CliError::Usage(format!(
                        "more than one session has a key that starts with `{}`: write more of it",
                        Escaped(key.as_bytes())
                    )));
                }
                (None, _) => {
                    return Err(CliError::Usage(format!(
                        "no session has a key that starts with `{}`: `blankline sessions list` has the keys",
                        Escaped(key.as_bytes())
                    )));
                }
            };
            let text = if show.json {
                plain(&format!("{:#}\n", document(one, show)))
            } else {
                line(one, show) + &items(one, show)
            };
            print(&text, color)
        }
    }
}

fn list(args: &StoreArgs, limit: usize) -> Result<Vec<Kept>, SessionError> {
    store(args)
        .engine()?
        .list(limit, now(), &mut StoreLog::default())
}

/// The store; where it can only be empty, that is said.
fn store(args: &StoreArgs) -> SessionStore {
    let store = args.session_store();
    let why = match store.kind() {
        EngineKind::Cache => "the engine cache keeps its sessions in the server's own memory",
        EngineKind::SignedCookies => {
            "the engine signed_cookies keeps its sessions with the clients"
        }
        _ => return store,
    };
    anstream::eprintln!("blankline: {why}, so there is nothing to be seen from here");
    store
}

fn now() -> Moment {
    Moment::from(Clock::System.wall())
}

/// `k3l2ab1c...  2017-11-13 02:02:09  43 bytes  "user", "cart"`
fn line(kept: &Kept, show: &ShowArgs) -> String {
    let ends = ends(kept);
    let what = match &kept.data {
        Ok(data) if data.is_empty() => "(empty)".to_owned(),
        Ok(data) => {
            let names = data.keys().map(|name| word(&Value::from(name.as_str())));
            names.collect::<Vec<_>>().join(", ")
        }
        Err(reason) => format!("cannot be read: {}", reason.sentence(Lang::En)),
    };
    format!(
        "{}  {ends}  {} bytes  {what}\n",
        key(kept, show),
        kept.bytes
    )
}

fn items(kept: &Kept, show: &ShowArgs) -> String {
    let mut text = String::new();
    for (name, value) in shown(kept, show).iter().flatten() {
        // Writing to a String cannot fail.
        let name = word(&Value::from(name.as_str()));
        let _ = writeln!(text, "  {name} = {}", word(value));
    }
    text
}

/// A value as JSON, on one line.
fn word(value: &Value) -> String {
    plain(&value.to_string())
}

/// JSON in which no control character is left: its own escapes leave those from U+007F to U+009F, which some
/// terminals obey.
fn plain(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() && character != '\n' {
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

fn document(kept: &Kept, show: &ShowArgs) -> Value {
    json!({
        "session_key": key(kept, show),
        "expire_date": kept.expires.map(|moment| moment.to_string()),
        "bytes": kept.bytes,
        "data": shown(kept, show),
        "problem": kept.data.as_ref().err().map(|reason| reason.sentence(Lang::En)),
    })
}

fn ends(kept: &Kept) -> String {
    kept.expires
        .map_or_else(|| "no end".to_owned(), |moment| moment.to_string())
}

/// The key, cut unless secrets are shown.
fn key(kept: &Kept, show: &ShowArgs) -> String {
    if show.show_secrets {
        return kept.key.clone();
    }
    let start: String = kept.key.chars().take(CUT_KEY).collect();
    start + "..."
}

/// The data, with what is called a secret hidden unless secrets are shown.
fn shown(kept: &Kept, show: &ShowArgs) -> Option<Data> {
    let mut data = kept.data.as_ref().ok()?.clone();
    if !show.show_secrets {
        data.iter_mut().for_each(|(name, value)| hide(name, value));
    }
    Some(data)
}

fn hide(name: &str, value: &mut Value) {
    let name = name.to_ascii_lowercase();
    if SECRETS.iter().any(|secret| name.contains(secret)) {
        *value = Value::from("***");
        return;
    }
    match value {
        Value::Object(inside) => inside
            .iter_mut()
            .for_each(|(name, value)| hide(name, value)),
        Value::Array(inside) => inside.iter_mut().for_each(|value| hide("", value)),
        _ => {}
    }
}

/// What a name has in it when its value is to be hidden.
const SECRETS: [&str; 3] = ["password", "secret", "token"];

/// Characters of a key that are shown: enough to tell it from others, and too few to be it.
const CUT_KEY: usize = 8;

/// Among how many sessions one is looked for.
const MOST_SEARCHED: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(data: Value) -> Kept {
        let Value::Object(data) = data else {
            panic!("no object")
        };
        Kept {
            key: "mle5jsula95xqllkp1bqf811u8fzkvj8".to_owned(),
            data: Ok(data),
            expires: Some(Moment::from_seconds(1_510_538_529)),
            bytes: 43,
        }
    }

    fn show(show_secrets: bool) -> ShowArgs {
        let args = super::super::parse_serve_args([]).unwrap();
        ShowArgs {
            show_secrets,
            json: false,
            store: args.store,
        }
    }

    #[test]
    fn secrets_are_hidden_unless_asked_for() {
        let kept = kept(json!({ "user": "\u{9b}男\n", "form": [{ "Password": "x" }] }));
        assert_eq!(
            line(&kept, &show(false)) + &items(&kept, &show(false)),
            "mle5jsul...  2017-11-13 02:02:09  43 bytes  \"user\", \"form\"\n  \
             \"user\" = \"\\u009b男\\n\"\n  \"form\" = [{\"Password\":\"***\"}]\n"
        );
        let asked = line(&kept, &show(true)) + &items(&kept, &show(true));
        assert!(asked.starts_with("mle5jsula95xqllkp1bqf811u8fzkvj8  "));
        assert!(asked.contains("{\"Password\":\"x\"}"));
        let document = document(&kept, &show(false));
        assert_eq!(document["data"]["form"][0]["Password"], "***");
        assert_eq!(document["expire_date"], "2017-11-13 02:02:09");
    }
}
