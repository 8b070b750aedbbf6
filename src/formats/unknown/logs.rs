//! Logs of programs.

/// Most lines of the beginning begin like entries of a log, or are a traceback.
pub(super) fn is_log(text: &str) -> bool {
    const EXAMINED_LINES: usize = 5;
    if text.starts_with("Traceback (most recent call last):") {
        return true;
    }
    let is_entry = |line: &&str| {
        let begin: String = line.chars().take(60).collect();
        is_leveled(&begin) || is_of_web_server(&begin) || is_of_system(&begin) || is_logfmt(&begin)
    };
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty()).take(EXAMINED_LINES).collect();
    lines.len() >= 2 && lines.iter().filter(|line| is_entry(line)).count() * 2 > lines.len()
}

/// True for a time to the second: "10:30:00,123".
fn is_clock(part: &str) -> bool {
    let figures = part.split([',', '.', '+', 'Z']).next().unwrap_or_default();
    figures.len() == 8
        && figures.split(':').count() == 3
        && figures.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

/// A time to the second and a severity.
fn is_leveled(begin: &str) -> bool {
    const LEVELS: &[&str] =
        &["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"];
    begin.split([' ', 'T', '[', ']']).any(is_clock)
        && begin.split(|c: char| !c.is_ascii_alphabetic()).any(|word| LEVELS.contains(&word))
}

/// `127.0.0.1 - - [07/Jan/2026:10:30:00 +0900] "GET / HTTP/1.1"`
fn is_of_web_server(begin: &str) -> bool {
    begin.starts_with(|c: char| c.is_ascii_digit())
        && begin.split_once(" [").is_some_and(|(_, at)| at.matches(['/', ':']).count() >= 4)
}

/// `Jan  7 10:30:00 host sshd[123]: …`
fn is_of_system(begin: &str) -> bool {
    const MONTHS: &[&str] =
        &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = begin.split_whitespace();
    let month = words.next().is_some_and(|word| MONTHS.contains(&word));
    let day = words.next().is_some_and(|word| word.parse::<u8>().is_ok());
    month
        && day
        && words.next().is_some_and(is_clock)
        && words.nth(1).is_some_and(|program| program.ends_with(':'))
}

/// `time="2026-01-07T10:30:00Z" level=info msg="start"`
fn is_logfmt(begin: &str) -> bool {
    begin.contains("level=") && ["time=", "ts=", "msg="].iter().any(|key| begin.contains(key))
}
