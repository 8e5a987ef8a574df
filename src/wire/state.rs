//! The states of both sides of a connection, and every transition between them.
//!
//! Rule 1: every transition lives in the two tables of this file, and nowhere else.
//! Rule 2: a pair of state and input that has no row changes nothing.
//!
//! Each side has a state of its own, named for what that side is doing. The client's being closed
//! does not end the server's turn: three of the six usual ways of calling netcat close their side
//! right after the request and then wait for the answer. `notes/states.md` is made from these tables.

use std::fmt;

/// What the client is doing.
///
/// ```
/// use blankline::wire::{ClientInput, ClientState};
/// assert_eq!(ClientState::SendingHead.after(ClientInput::HeadWithBody), ClientState::SendingBody);
/// assert_eq!(ClientState::Done.after(ClientInput::Eof), ClientState::Closed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// It may send, or is sending, a head.
    SendingHead,
    /// Its head is complete and its body is not.
    SendingBody,
    /// It sent a whole request.
    Done,
    /// What it sent is refused; the rest is read and dropped.
    Broken,
    /// It closed its side; it may still read.
    Closed,
}

/// What the client's bytes, or their end, meant.
///
/// ```
/// assert_eq!(blankline::wire::ClientInput::Eof.to_string(), "eof");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// The blank line came, and no body follows; or a Simple-Request ended.
    HeadWithoutBody,
    /// The blank line came, and a body follows.
    HeadWithBody,
    /// The last byte of the body came.
    LastByte,
    /// A fault that refuses the request, a limit or a timeout.
    Refused,
    /// The client closed its side between messages.
    Eof,
    /// The connection is kept: the next request may come.
    Next,
}

/// What the server is doing.
///
/// ```
/// use blankline::wire::{ServerInput, ServerState};
/// assert_eq!(ServerState::Waiting.after(ServerInput::RequestEnded), ServerState::MustRespond);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// It waits for a request.
    Waiting,
    /// It has a request, or has refused one, and owes a response.
    MustRespond,
    /// It is sending a response.
    Sending,
    /// It sent all, closed its own side, and reads what still comes so that no reset eats the answer.
    Lingering,
    /// It is done with the connection.
    Closed,
}

/// What happened on the server's side.
///
/// ```
/// assert_eq!(blankline::wire::ServerInput::SentAndLinger.to_string(), "sent, client still sending");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The request ended, or was refused.
    RequestEnded,
    /// The response's first byte is ready.
    Respond,
    /// The response is sent, and the connection is kept.
    SentAndKeep,
    /// The response is sent, and the client has no more to say.
    SentAndClose,
    /// The response is sent, and the client may still be sending.
    SentAndLinger,
    /// Nothing more will come of it: eof, a cap, a timeout, a reset.
    Over,
}

/// One row of a table: in this state, on this input, becomes that state.
///
/// ```
/// use blankline::wire::{ClientState, CLIENT_TRANSITIONS};
/// assert_eq!(CLIENT_TRANSITIONS[0].from, ClientState::SendingHead);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Transition<State, Input> {
    /// The state before.
    pub from: State,
    /// What happens.
    pub on: Input,
    /// The state after.
    pub to: State,
    /// What is told, for the reader of the table.
    pub tells: &'static str,
}

macro_rules! transitions {
    ($(#[$doc:meta])* $table:ident $state:ident $input:ident: $($from:ident $on:ident $to:ident $tells:literal;)+) => {
        $(#[$doc])*
        pub const $table: &[Transition<$state, $input>] = &[$(Transition {
            from: $state::$from,
            on: $input::$on,
            to: $state::$to,
            tells: $tells,
        },)+];

        impl $state {
            /// The state after an input; the same state where the table has no row.
            ///
            #[doc = concat!("```\nuse blankline::wire::{", stringify!($state), ", ", stringify!($table), "};\nlet row = &", stringify!($table), "[0];\nassert_eq!(row.from.after(row.on), row.to);\n```")]
            #[must_use]
            pub const fn after(self, input: $input) -> Self {
                match (self, input) {
                    $(($state::$from, $input::$on) => $state::$to,)+
                    _ => self,
                }
            }
        }
    };
}

transitions! {
    /// Every transition of the client's side.
    ///
    /// ```
    /// assert!(blankline::wire::CLIENT_TRANSITIONS.len() > 5);
    /// ```
    CLIENT_TRANSITIONS ClientState ClientInput:
    SendingHead HeadWithoutBody Done "Head, EndOfMessage";
    SendingHead HeadWithBody SendingBody "Head";
    SendingHead Refused Broken "Rejected";
    SendingHead Eof Closed "-";
    SendingBody LastByte Done "Data, EndOfMessage";
    SendingBody Refused Broken "Rejected";
    Done Next SendingHead "-";
    Done Eof Closed "- (we still answer)";
    Broken Eof Closed "- (we still answer)";
}

transitions! {
    /// Every transition of the server's side.
    ///
    /// ```
    /// assert!(blankline::wire::SERVER_TRANSITIONS.len() > 5);
    /// ```
    SERVER_TRANSITIONS ServerState ServerInput:
    Waiting RequestEnded MustRespond "-";
    Waiting Over Closed "-";
    MustRespond Respond Sending "head and body go out";
    MustRespond Over Closed "-";
    Sending SentAndKeep Waiting "-";
    Sending SentAndClose Closed "FIN";
    Sending SentAndLinger Lingering "FIN of our side only";
    Sending Over Closed "-";
    Lingering Over Closed "-";
}

macro_rules! said {
    ($($name:ident { $($variant:ident $said:literal)+ })+) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $said,)+ })
            }
        }
    )+ };
}

said! {
    ClientInput {
        HeadWithoutBody "head complete, no body"
        HeadWithBody "head complete, a body follows"
        LastByte "last byte of the body"
        Refused "fault, limit or timeout"
        Eof "eof"
        Next "connection kept"
    }
    ServerInput {
        RequestEnded "request ended or refused"
        Respond "response ready"
        SentAndKeep "sent, connection kept"
        SentAndClose "sent, client has ended"
        SentAndLinger "sent, client still sending"
        Over "eof, cap, timeout or reset"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pair_of_state_and_input_has_two_rows() {
        for (index, row) in CLIENT_TRANSITIONS.iter().enumerate() {
            let twin = |other: &&Transition<_, _>| (other.from, other.on) == (row.from, row.on);
            assert_eq!(CLIENT_TRANSITIONS[index..].iter().filter(twin).count(), 1);
        }
        for (index, row) in SERVER_TRANSITIONS.iter().enumerate() {
            let twin = |other: &&Transition<_, _>| (other.from, other.on) == (row.from, row.on);
            assert_eq!(SERVER_TRANSITIONS[index..].iter().filter(twin).count(), 1);
        }
    }

    #[test]
    fn a_pair_without_a_row_changes_nothing() {
        assert_eq!(
            ClientState::Closed.after(ClientInput::LastByte),
            ClientState::Closed
        );
        assert_eq!(
            ServerState::Closed.after(ServerInput::Respond),
            ServerState::Closed
        );
    }
}
