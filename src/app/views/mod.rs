//! The pages, one file a topic. A view takes a `Visit`, perhaps with a session, and gives a `Reply`; it touches nothing else.

pub(super) mod arguments;
pub(super) mod cart;
pub(super) mod cookies;
pub(super) mod echo;
pub(super) mod files;
pub(super) mod getpost;
pub(super) mod history;
pub(super) mod home;
pub(super) mod learning;
pub(super) mod lessons;
pub(super) mod login;
pub(super) mod raw;
pub(super) mod redirect;
pub(super) mod remember;
pub(super) mod session;
pub(super) mod set_cookie;
pub(super) mod upload;
pub(super) mod user;
