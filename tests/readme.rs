use crate::support::{here, real};

/// The README in English, and its Korean twin.
const PAGES: [&str; 2] = ["README.md", "README.ko.md"];

fn page(name: &str) -> String {
    std::fs::read_to_string(here("..").join(name)).unwrap()
}

/// The contents of a page's code blocks in a language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_string()).collect()
}

/// The lines of a block that are not comments.
fn without_comments(block: &str) -> Vec<&str> {
    block.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect()
}

#[test]
fn its_commands_are_commands_of_the_program() {
    for name in PAGES {
        let text = page(name);
        let shown = [blocks(&text, "sh"), blocks(&text, "console")].concat().join("\n");
        let commands: Vec<&str> = shown
            .lines()
            .map(|line| line.trim_start_matches("$ "))
            .filter(|line| {
                line.starts_with("malmoi ") || line.starts_with("cargo run --release --quiet -- ")
            })
            .collect();
        assert!(commands.len() >= 10, "{name}: {commands:?}");
        for command in commands {
            is_a_command(command);
        }
    }
}

/// Checks a command's words and flags against the help of the program.
fn is_a_command(command: &str) {
    let line =
        command.trim_start_matches("cargo run --release --quiet -- ").trim_start_matches("malmoi ");
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

#[test]
fn its_first_commands_are_the_ones_that_ci_runs() {
    let ci = std::fs::read_to_string(here("../.ci/run")).unwrap();
    for name in PAGES {
        let commands = blocks(&page(name), "sh");
        assert_eq!(
            commands[0],
            "cargo run --release --quiet -- summarize examples/articles/harbour.txt"
        );
        assert_eq!(commands[1], "cargo test --release");
        for command in &commands[..2] {
            assert!(ci.lines().any(|line| line.trim() == command), "{command}");
        }
    }
}

#[test]
fn both_languages_show_the_same_commands_programs_and_figures() {
    let [english, korean] = PAGES.map(page);
    for language in ["sh", "console", "json", "rust,no_run"] {
        let [english, korean] = [&english, &korean].map(|page| blocks(page, language));
        assert!(!english.is_empty(), "{language}");
        assert_eq!(english.len(), korean.len(), "{language}");
        for (english, korean) in english.iter().zip(&korean) {
            // What the program prints is compared with the program below.
            let korean = korean.replace(" --messages ko", "");
            let is_same = |line: &&str| language != "console" || line.starts_with("$ ");
            let same = |block| without_comments(block).into_iter().filter(is_same);
            assert!(same(english).eq(same(&korean)), "{english}\nand\n{korean}");
        }
    }
    let figures = |page: &str| -> Vec<String> {
        let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with(" |"));
        let words = rows.flat_map(|row| row.split(|c: char| !c.is_ascii_digit() && c != '.'));
        let mut figures: Vec<String> = words
            .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_string)
            .collect();
        figures.sort();
        figures
    };
    assert_eq!(figures(&english), figures(&korean), "figures of the tables");
}

#[test]
fn it_is_short_enough_to_be_read() {
    for name in PAGES {
        let lines = page(name).lines().count();
        assert!(lines <= 180, "{name} has {lines} lines");
    }
}

/// The output of the program for a task on an example article, if the model is on this machine.
fn printed(name: &str, article: &str, arguments: &[&str]) -> Option<String> {
    let path = real(name)?;
    let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
    // What every processor but those with AMX prints by default.
    let command = command.env("MALMOI_REPRODUCIBLE", "true").args(arguments);
    let command = command.args(["--quiet", "--offline", "--model"]).arg(path);
    let ran = command.arg(here("../examples/articles").join(article)).output().unwrap();
    Some(String::from_utf8(ran.stdout).unwrap())
}

#[test]
fn its_transcript_is_what_the_model_says() {
    let Some(printed) = printed("qwen2.5-coder-1.5b", "harbour.txt", &["summarize"]) else {
        return;
    };
    for name in PAGES {
        let block = &blocks(&page(name), "console")[0];
        assert!(
            printed.len() > 100 && block.contains(printed.trim()),
            "printed:\n{printed}\nbut {name}:\n{block}"
        );
    }
}

#[test]
fn the_doubts_it_shows_are_those_of_the_checks() {
    for name in PAGES {
        let block = blocks(&page(name), "console")[0].clone();
        let (_, rest) = block.split_once("$ malmoi check ").unwrap();
        let (arguments, shown) = rest.split_once('\n').unwrap();
        let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
        let command = command.current_dir(here("..")).arg("check").args(arguments.split(' '));
        let ran = command.args(["--meaning", "off"]).env("LC_ALL", "C.UTF-8").output().unwrap();
        let printed = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(printed.trim_end(), shown.trim_end(), "{name}");
    }
}

#[test]
fn the_mistakes_it_shows_are_the_models() {
    let mistakes = ["412억", "23 대 바나나"];
    assert!(mistakes.iter().all(|mistake| page("README.ko.md").contains(mistake)));
    let arguments = ["translate", "--to", "ko"];
    let Some(printed) = printed("qwen2.5-coder-1.5b", "harbour.txt", &arguments) else { return };
    for mistake in mistakes {
        assert!(printed.contains(mistake), "{mistake} is not in:\n{printed}");
    }
}

#[test]
fn the_mistake_of_the_smallest_model_is_the_one_that_the_readme_admits() {
    assert!(page("README.md").contains("invents a vote of no confidence, which\nno check doubts"));
    assert!(page("README.ko.md").contains("불신임 투표"));
    let Some(printed) = printed("smollm2-135m", "harbour.txt", &["summarize"]) else { return };
    assert!(printed.contains("vote of no-confidence"), "{printed}");
}

#[test]
fn its_files_are_there() {
    for name in PAGES {
        let text = page(name);
        let named = text.split(['`', ' ', '(', ')', '\n']).filter(|word| {
            ["examples/", "src/", "docs/"].iter().any(|folder| word.starts_with(folder))
        });
        let mut count = 0;
        for path in named {
            assert!(here("..").join(path).exists(), "{name}: {path}");
            count += 1;
        }
        assert!(count > 3);
    }
}
