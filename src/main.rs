//! The `blankline` program.

fn main() {}
