use crate::support::here;

fn readme() -> String {
    std::fs::read_to_string(here("../README.md")).unwrap()
}

#[test]
fn its_commands_are_commands_of_the_program() {
    let text = readme();
    let commands: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches("$ "))
        .filter(|line| line.starts_with("malmoi ") || line.starts_with("cargo run --release --quiet -- "))
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let line =
            command.trim_start_matches("cargo run --release --quiet -- ").trim_start_matches("malmoi ");
        let line = line.split(['|', '#', '>']).next().unwrap();
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let path: Vec<&str> = arguments.iter().take_while(|word| !word.starts_with('-')).copied().collect();
        let depth = if path[0] == "models" { 2 } else { 1 };
        let help = assert_cmd::Command::cargo_bin("malmoi")
            .unwrap()
            .args(&path[..depth])
            .arg("--help")
            .output()
            .unwrap();
        assert!(help.status.success(), "{command}");
        let help = String::from_utf8(help.stdout).unwrap();
        for flag in arguments.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{command}: {flag}");
        }
    }
}

#[test]
fn its_files_are_there() {
    let text = readme();
    let named = text
        .split(['`', ' ', '(', ')', '\n'])
        .filter(|word| word.starts_with("examples/") || word.starts_with("src/"));
    let mut count = 0;
    for path in named {
        assert!(here("..").join(path).exists(), "{path}");
        count += 1;
    }
    assert!(count > 3);
}
