use crate::support::{here, real};

fn readme() -> String {
    std::fs::read_to_string(here("../README.md")).unwrap()
}

#[test]
fn its_commands_are_commands_of_the_program() {
    let text = readme();
    let commands: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches("$ "))
        .filter(|line| {
            line.starts_with("malmoi ") || line.starts_with("cargo run --release --quiet -- ")
        })
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let line = command
            .trim_start_matches("cargo run --release --quiet -- ")
            .trim_start_matches("malmoi ");
        let line = line.split(['|', '#', '>']).next().unwrap();
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let path: Vec<&str> =
            arguments.iter().take_while(|word| !word.starts_with('-')).copied().collect();
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

/// The commands of a block of a language, in order, without what is printed under them.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    readme()
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_string())
        .collect()
}

#[test]
fn its_first_commands_are_the_ones_that_ci_runs() {
    let ci = std::fs::read_to_string(here("../.ci/run")).unwrap();
    let commands = blocks("sh");
    assert_eq!(
        commands[0],
        "cargo run --release --quiet -- summarize examples/articles/harbour.txt"
    );
    assert_eq!(commands[1], "cargo test --release");
    for command in &commands[..2] {
        assert!(ci.lines().any(|line| line.trim() == command), "{command}");
    }
}

#[test]
fn its_transcript_is_what_the_model_says() {
    let mut compared = 0;
    for (block, name) in blocks("console").iter().zip(["qwen2.5-coder-1.5b"]) {
        let Some(path) = real(name) else { continue };
        let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
        // It is what most processors make of it.
        let command = command.env("MALMOI_REPRODUCIBLE", "true");
        let command = command.args(["summarize", "--quiet", "--offline", "--model"]).arg(path);
        let ran = command.arg(here("../examples/articles/harbour.txt")).output().unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(
            said.len() > 100 && block.contains(said.trim()),
            "{name} says:\n{said}\nbut the README:\n{block}"
        );
        compared += 1;
    }
    assert!(compared == 1 || real("qwen2.5-coder-1.5b").is_none());
}

#[test]
fn its_files_are_there() {
    let text = readme();
    let named = text.split(['`', ' ', '(', ')', '\n']).filter(|word| {
        ["examples/", "src/", "docs/"].iter().any(|folder| word.starts_with(folder))
    });
    let mut count = 0;
    for path in named {
        assert!(here("..").join(path).exists(), "{path}");
        count += 1;
    }
    assert!(count > 3);
}
