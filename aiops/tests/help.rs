//! What `--help` says, of every command: a change of it is a change that users see.

use aiops::cli;

fn help(command: &mut clap::Command) -> String {
    let text = command.render_long_help().to_string();
    // This machine's architecture is not the help's matter.
    ["x86-64", "arm64"].iter().fold(text, |text, machine| {
        text.replace(
            &format!("[default: {machine}]"),
            "[default: this machine's]",
        )
    })
}

fn names(command: &clap::Command) -> Vec<String> {
    let names = command.get_subcommands().map(clap::Command::get_name);
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_help_of_every_command_is_the_one_that_was_reviewed() {
    // As the binary builds it: global options reach the commands.
    let mut definition = cli::definition();
    definition.build();
    insta::assert_snapshot!("aiops", help(&mut definition));
    for name in names(&definition) {
        let Some(command) = definition.find_subcommand_mut(&name) else {
            continue;
        };
        let mut text = help(command);
        for inner in names(command) {
            if let Some(command) = command.find_subcommand_mut(&inner) {
                text.push_str(&format!("\n=== {name} {inner}\n\n{}", help(command)));
            }
        }
        insta::assert_snapshot!(name, text);
    }
}
