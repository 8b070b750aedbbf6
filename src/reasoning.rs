//! Removes the reasoning that some models write before the answer, by the tags around it.
//!
//! Knows texts only. A tag counts at the start of an answer and of a line; in the middle of a line
//! it is part of the text.

/// Opening and closing tags of reasoning.
const REASONING: &[(&str, &str)] = &[
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
/// Opening and closing tags of the answer.
const ANSWER: &[(&str, &str)] = &[
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
];

/// True if a text is a tag, or the special token that a tag begins with.
pub(crate) fn is_tag(text: &str) -> bool {
    let either = |(open, close): &(&str, &str)| {
        *open == text || *close == text || open.strip_suffix("thought") == Some(text)
    };
    REASONING.iter().chain(ANSWER).any(either)
}

/// The closing tag of reasoning that a prompt opens at its end, as some templates do.
pub(crate) fn left_open(prompt: &str) -> Option<&'static str> {
    let end = prompt.trim_end();
    REASONING.iter().find(|(open, _)| end.ends_with(open)).map(|(_, close)| *close)
}

/// Removes reasoning from a stream of text.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Text that may still turn out to be a tag.
    held: String,
    state: ThinkingState,
    /// The closing tag of the answer, after an opening one.
    closing: Option<&'static str>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum ThinkingState {
    /// At the beginning, or after reasoning: a tag may follow.
    #[default]
    Before,
    /// In reasoning, with its closing tag.
    Inside(&'static str),
    /// In the answer.
    Answering,
}

impl Answer {
    /// The output for a prompt; `opened` is the closing tag if the prompt opened reasoning.
    pub fn after(opened: Option<&'static str>) -> Self {
        Self {
            state: opened.map_or(ThinkingState::Before, ThinkingState::Inside),
            ..Self::default()
        }
    }

    /// The answer in a whole text, and true if its reasoning is not closed.
    pub fn of(text: &str, opened: Option<&'static str>) -> (String, bool) {
        let mut answer = Self::after(opened);
        let mut answer_text = answer.push(text);
        let (rest, endless) = answer.finish();
        answer_text.push_str(&rest);
        // Reasoning that an older model begins without an opening tag.
        let closed = || {
            REASONING
                .iter()
                .find_map(|(_, close)| Some(answer_text.split_once(&format!("\n{close}"))?.1))
        };
        match closed() {
            Some(after) if opened.is_none() && !endless => (after.trim_start().to_string(), false),
            _ => (answer_text, endless),
        }
    }

    /// Adds text; returns the text that is certain to belong to the answer.
    pub fn push(&mut self, fresh: &str) -> String {
        self.held.push_str(fresh);
        let mut output = String::new();
        loop {
            match self.state {
                ThinkingState::Inside(close) => match self.held.find(close) {
                    Some(at) => {
                        self.held.drain(..at + close.len());
                        self.state = ThinkingState::Before;
                    }
                    None => {
                        let partial_tag = beginning_at_end(&self.held, close);
                        self.held.drain(..self.held.len() - partial_tag);
                        return output;
                    }
                },
                ThinkingState::Before => {
                    let blank = self.held.len() - self.held.trim_start().len();
                    self.held.drain(..blank);
                    if let Some((open, close)) = starting(&self.held, REASONING) {
                        self.held.drain(..open.len());
                        self.state = ThinkingState::Inside(close);
                    } else if let Some((open, close)) = starting(&self.held, ANSWER) {
                        self.held.drain(..open.len());
                        self.closing = Some(close);
                    } else if may_start(&self.held) {
                        return output;
                    } else {
                        self.state = ThinkingState::Answering;
                    }
                }
                ThinkingState::Answering => {
                    if let Some((at, (open, close))) = self.next_tag() {
                        output.push_str(&self.held[..at]);
                        self.held.drain(..at + open.len());
                        self.state = ThinkingState::Inside(close);
                        continue;
                    }
                    if let Some(close) = self.closing
                        && let Some(at) = self.held.find(close)
                    {
                        output.push_str(self.held[..at].trim_end());
                        self.held.drain(..at + close.len());
                        self.closing = None;
                        continue;
                    }
                    let certain = self.held.len() - self.undecided();
                    output.extend(self.held.drain(..certain));
                    return output;
                }
            }
        }
    }

    /// The text held back until the end, and true if reasoning is still open.
    pub fn finish(&mut self) -> (String, bool) {
        let inside = matches!(self.state, ThinkingState::Inside(_));
        let rest = std::mem::take(&mut self.held);
        (if inside { String::new() } else { rest }, inside)
    }

    /// The first opening tag at the start of a line of the held text.
    fn next_tag(&self) -> Option<(usize, (&'static str, &'static str))> {
        let lines = self.held.match_indices('\n').map(|(at, _)| at + 1);
        lines.into_iter().find_map(|at| Some((at, starting(&self.held[at..], REASONING)?)))
    }

    /// Bytes at the end of the held text that may turn out to be a tag.
    fn undecided(&self) -> usize {
        let line = self.held.rfind('\n').map_or(0, |at| self.held.len() - at);
        let line =
            if line > 0 && may_start(&self.held[self.held.len() - line + 1..]) { line } else { 0 };
        let closing = self.closing.map_or(0, |close| beginning_at_end(&self.held, close));
        line.max(closing)
    }
}

/// The pair of tags whose opening tag a text starts with.
fn starting(
    text: &str,
    tags: &[(&'static str, &'static str)],
) -> Option<(&'static str, &'static str)> {
    tags.iter().find(|(open, _)| text.starts_with(open)).copied()
}

/// True if a text may be the beginning of an opening tag.
fn may_start(text: &str) -> bool {
    REASONING.iter().chain(ANSWER).any(|(open, _)| open.starts_with(text))
}

/// Bytes at the end of a text that may be the beginning of a tag.
fn beginning_at_end(text: &str, tag: &str) -> usize {
    let lengths = (1..tag.len()).rev().filter(|length| tag.is_char_boundary(*length));
    lengths.into_iter().find(|length| text.ends_with(&tag[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_does_not_depend_on_the_chunks_of_the_stream() {
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
            let (answer_text, endless) = Answer::of(text, opened);
            assert_eq!((answer_text.trim_end(), endless), (answer, false), "{text:?}");
            for size in [1, 2, 3, 7] {
                let mut reader = Answer::after(opened);
                let letters: Vec<char> = text.chars().collect();
                let mut output = String::new();
                for chunk in letters.chunks(size) {
                    output.push_str(&reader.push(&chunk.iter().collect::<String>()));
                }
                output.push_str(&reader.finish().0);
                // Only a whole text shows that the text before a closing tag was reasoning.
                if !text.starts_with("Ah, so.") {
                    assert_eq!(output.trim_end(), answer, "{text:?} in chunks of {size}");
                }
            }
        }
    }

    #[test]
    fn unclosed_reasoning_is_reported() {
        assert_eq!(Answer::of("<think>\nWhich port? Which", None), (String::new(), true));
        assert_eq!(Answer::of("Which port? Which </thin", Some("</think>")), (String::new(), true));
        assert_eq!(Answer::of("One.\n<think>Two", None), ("One.\n".to_string(), true));
    }

    #[test]
    fn reasoning_opened_by_a_prompt_is_detected() {
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
