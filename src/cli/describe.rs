//! The program, described for shells and for `man`: both are made of the flags themselves, so neither can be
//! out of date.

use clap::Command;
use clap_complete::{Shell, generate};

use super::{CliError, Color, print};

/// Prints the completions of one shell.
///
/// # Errors
///
/// When standard output takes nothing.
pub(super) fn completions(
    mut command: Command,
    shell: Shell,
    color: Color,
) -> Result<(), CliError> {
    let mut script = Vec::new();
    generate(shell, &mut command, "blankline", &mut script);
    print(&String::from_utf8_lossy(&script), color)
}

/// Prints the manual as roff: the page of the program, then one of each command.
///
/// # Errors
///
/// When standard output takes nothing.
pub(super) fn man(mut command: Command, color: Color) -> Result<(), CliError> {
    command.build();
    let mut pages = Vec::new();
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        let title = command
            .get_display_name()
            .unwrap_or_else(|| command.get_name());
        let title = title.to_owned();
        // clap's own `help` repeats what stands here already.
        let below = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help");
        let mut below: Vec<Command> = below.cloned().collect();
        below.reverse();
        let rendered = clap_mangen::Man::new(command)
            .title(title)
            .source(SOURCE)
            .render(&mut pages);
        rendered.map_err(|error| CliError::Io {
            doing: "cannot write the manual".to_owned(),
            error,
            hint: "",
        })?;
        commands.extend(below);
    }
    print(&String::from_utf8_lossy(&pages), color)
}

/// What stands at the foot of each page.
const SOURCE: &str = concat!("blankline ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Cli;

    #[test]
    fn no_two_commands_share_a_page() {
        let mut command = Cli::command();
        command.build();
        let mut names: Vec<_> = command
            .get_subcommands()
            .filter_map(|below| below.get_bin_name().map(str::to_owned))
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert!(count > 4 && names.len() == count, "{names:?}");
    }
}
