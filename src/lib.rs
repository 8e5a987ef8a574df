//! blankline: a raw HTTP/1.0 server that shows every byte.

pub mod wire;
