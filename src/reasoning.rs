//! Reasoning of a model before its answer: the marks around it, by model family, and the answer
//! without it.
//!
//! Knows texts only. A mark counts at the start of an answer or of a line; inside a line it is
//! text.

/// Marks that open and close reasoning.
const MARKS: &[(&str, &str)] = &[
    // DeepSeek R1, Qwen, SmolLM 3, EXAONE, Hunyuan and most others.
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    // Magistral
    ("[THINK]", "[/THINK]"),
    // Command A
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    // Kimi
    ("◁think▷", "◁/think▷"),
    // Seed-OSS
    ("<seed:think>", "</seed:think>"),
    // Gemma 4, MedGemma
    ("<|channel>thought", "<channel|>"),
    ("<unused94>thought", "<unused95>"),
];
/// Marks that some families put around the answer.
const ANSWERS: &[(&str, &str)] = &[
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
];

/// True for such a mark, or for its special token if letters follow it (`<|channel>thought`).
pub(crate) fn is_tag(text: &str) -> bool {
    let either = |(open, close): &(&str, &str)| {
        *open == text || *close == text || open.strip_suffix("thought") == Some(text)
    };
    MARKS.iter().chain(ANSWERS).any(either)
}

/// The mark that closes the reasoning which a prompt opens at its end, as some chat templates do.
pub(crate) fn left_open(prompt: &str) -> Option<&'static str> {
    let end = prompt.trim_end();
    MARKS.iter().find(|(open, _)| end.ends_with(open)).map(|(_, close)| *close)
}

/// Removes reasoning from a text while it is generated.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Text that may be the start of a mark.
    held: String,
    state: State,
    /// The mark that closes the answer, if a mark opened it.
    closing: Option<&'static str>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    /// At the start, or after reasoning: a mark may follow.
    #[default]
    Before,
    /// In reasoning, with the mark that closes it.
    Inside(&'static str),
    /// In the answer.
    Answering,
}

impl Answer {
    /// The answer to a prompt. `opened` is the mark that closes reasoning which the prompt has
    /// opened.
    pub fn after(opened: Option<&'static str>) -> Self {
        Self { state: opened.map_or(State::Before, State::Inside), ..Self::default() }
    }

    /// The answer in a whole text, and true if its reasoning does not end.
    pub fn of(text: &str, opened: Option<&'static str>) -> (String, bool) {
        let mut answer = Self::after(opened);
        let mut found = answer.push(text);
        let (rest, endless) = answer.finish();
        found.push_str(&rest);
        // Older templates open reasoning without a mark in the prompt.
        let closed =
            || MARKS.iter().find_map(|(_, close)| Some(found.split_once(&format!("\n{close}"))?.1));
        match closed() {
            Some(after) if opened.is_none() && !endless => (after.trim_start().to_string(), false),
            _ => (found, endless),
        }
    }

    /// Adds text; returns the part that certainly belongs to the answer.
    pub fn push(&mut self, fresh: &str) -> String {
        self.held.push_str(fresh);
        let mut given = String::new();
        loop {
            match self.state {
                State::Inside(close) => match self.held.find(close) {
                    Some(at) => {
                        self.held.drain(..at + close.len());
                        self.state = State::Before;
                    }
                    None => {
                        let kept = beginning_at_end(&self.held, close);
                        self.held.drain(..self.held.len() - kept);
                        return given;
                    }
                },
                State::Before => {
                    let blank = self.held.len() - self.held.trim_start().len();
                    self.held.drain(..blank);
                    if let Some((open, close)) = starting(&self.held, MARKS) {
                        self.held.drain(..open.len());
                        self.state = State::Inside(close);
                    } else if let Some((open, close)) = starting(&self.held, ANSWERS) {
                        self.held.drain(..open.len());
                        self.closing = Some(close);
                    } else if may_start(&self.held) {
                        return given;
                    } else {
                        self.state = State::Answering;
                    }
                }
                State::Answering => {
                    if let Some((at, (open, close))) = self.next_mark() {
                        given.push_str(&self.held[..at]);
                        self.held.drain(..at + open.len());
                        self.state = State::Inside(close);
                        continue;
                    }
                    if let Some(close) = self.closing
                        && let Some(at) = self.held.find(close)
                    {
                        given.push_str(self.held[..at].trim_end());
                        self.held.drain(..at + close.len());
                        self.closing = None;
                        continue;
                    }
                    let certain = self.held.len() - self.undecided();
                    given.extend(self.held.drain(..certain));
                    return given;
                }
            }
        }
    }

    /// Text held back to the end, and true if reasoning is still open.
    pub fn finish(&mut self) -> (String, bool) {
        let inside = matches!(self.state, State::Inside(_));
        let rest = std::mem::take(&mut self.held);
        (if inside { String::new() } else { rest }, inside)
    }

    /// The first mark at the start of a line of the held text.
    fn next_mark(&self) -> Option<(usize, (&'static str, &'static str))> {
        let lines = self.held.match_indices('\n').map(|(at, _)| at + 1);
        lines.into_iter().find_map(|at| Some((at, starting(&self.held[at..], MARKS)?)))
    }

    /// Bytes at the end of the held text that may become a mark.
    fn undecided(&self) -> usize {
        let line = self.held.rfind('\n').map_or(0, |at| self.held.len() - at);
        let line =
            if line > 0 && may_start(&self.held[self.held.len() - line + 1..]) { line } else { 0 };
        let closing = self.closing.map_or(0, |close| beginning_at_end(&self.held, close));
        line.max(closing)
    }
}

/// The pair of marks whose opening mark a text starts with.
fn starting(
    text: &str,
    marks: &[(&'static str, &'static str)],
) -> Option<(&'static str, &'static str)> {
    marks.iter().find(|(open, _)| text.starts_with(open)).copied()
}

/// True if a text may be the start of a mark.
fn may_start(text: &str) -> bool {
    MARKS.iter().chain(ANSWERS).any(|(open, _)| open.starts_with(text))
}

/// Bytes at the end of a text that are the start of a mark.
fn beginning_at_end(text: &str, mark: &str) -> usize {
    let lengths = (1..mark.len()).rev().filter(|length| mark.is_char_boundary(*length));
    lengths.into_iter().find(|length| text.ends_with(&mark[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_same_however_it_comes() {
        for (text, opened, answer) in [
            ("The port is open.", None, "The port is open."),
            ("<think>\nWhich port?\n</think>\n\nHaemin is open.", None, "Haemin is open."),
            ("<think></think><think>again</think>Haemin is open.", None, "Haemin is open."),
            ("  <thought>a < b\n\n</thought>항구가 열렸다.\n끝.", None, "항구가 열렸다.\n끝."),
            ("Which port?\n</think>\n\nHaemin.", Some("</think>"), "Haemin."),
            ("◁think▷어디?◁/think▷해민.", None, "해민."),
            ("<think>\n\n</think>\n<answer>\nHaemin.\n</answer>\n", None, "Haemin."),
            ("One.\n<think>Two?</think>\nThree.", None, "One.\nThree."),
            (
                "He wrote <think> and </think> on the board.",
                None,
                "He wrote <think> and </think> on the board.",
            ),
            ("Ah, so.\n</think>\n\nHaemin.", None, "Haemin."),
            ("<thin ice> was the title.\n<", None, "<thin ice> was the title.\n<"),
        ] {
            let (found, endless) = Answer::of(text, opened);
            assert_eq!((found.trim_end(), endless), (answer, false), "{text:?}");
            for size in [1, 2, 3, 7] {
                let mut reader = Answer::after(opened);
                let letters: Vec<char> = text.chars().collect();
                let mut given = String::new();
                for piece in letters.chunks(size) {
                    given.push_str(&reader.push(&piece.iter().collect::<String>()));
                }
                given.push_str(&reader.finish().0);
                // Only a whole text shows that what came before a mark was reasoning.
                if !text.starts_with("Ah, so.") {
                    assert_eq!(given.trim_end(), answer, "{text:?} in pieces of {size}");
                }
            }
        }
    }

    #[test]
    fn reasoning_that_never_ends_is_told() {
        assert_eq!(Answer::of("<think>\nWhich port? Which", None), (String::new(), true));
        assert_eq!(Answer::of("Which port? Which </thin", Some("</think>")), (String::new(), true));
        assert_eq!(Answer::of("One.\n<think>Two", None), ("One.\n".to_string(), true));
    }

    #[test]
    fn a_prompt_that_opens_reasoning_is_seen() {
        assert_eq!(left_open("<|im_start|>assistant\n<think>\n"), Some("</think>"));
        assert_eq!(left_open("<|im_start|>assistant\n<think>\n\n</think>\n\n"), None);
        assert!(
            is_tag("[THINK]")
                && is_tag("</think>")
                && is_tag("<unused94>")
                && !is_tag("<tool_call>")
        );
    }
}
