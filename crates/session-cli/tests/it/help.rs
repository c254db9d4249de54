//! What the program says of itself.

use crate::common::{run, snapshot};

#[test]
fn help_of_every_command_is_that_of_the_snapshots() {
    let commands =
        ["check", "init", "sweep", "stats", "list", "inspect", "revoke", "copy", "completions"];
    let whole = run(&["--help"]);
    assert_eq!(whole.code, Some(0));
    snapshot("help", &whole.stdout);
    for command in commands {
        let help = run(&[command, "--help"]);
        assert_eq!(help.code, Some(0), "{command}");
        snapshot(&format!("help-{command}"), &help.stdout);
        assert!(help.stdout.contains("Examples"), "{command}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, Some(0));
        for word in ["sweep", "revoke", "--show-values"] {
            let word = word.trim_start_matches("--");
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
}
