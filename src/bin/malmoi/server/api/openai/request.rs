//! Requests: their fields, their messages as a conversation, and the options of an answer.

use malmoi::{Options, Sampling};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::work::Chat;
use super::super::shortened;
use crate::engine::Failure;

/// The two shapes of answers.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Chat,
    Completion,
}

/// Tokens of an answer if the request sets no limit.
const MAX_TOKENS: usize = 2_048;

/// Answers to one prompt, and prompts of one request.
const MAX_CHOICES: usize = 8;

/// A request.
#[derive(Deserialize)]
pub(super) struct Asked {
    pub model: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    prompt: Option<Prompt>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stop: Option<Stop>,
    pub seed: Option<u64>,
    n: Option<usize>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Fields that change what an answer is, and cannot be done: a request with one is refused, unless
/// the value says nothing. Other unknown fields are ignored, as OpenAI's servers ignore them.
const UNSUPPORTED: &[&str] = &[
    "audio",
    "echo",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "presence_penalty",
    "suffix",
    "tools",
    "top_logprobs",
    "web_search_options",
];

/// True for a value that asks for nothing: `0`, `false`, an empty list.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "none",
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Prompt {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Asked {
    /// What a model is asked: one conversation, or one for each prompt.
    pub fn chats(&self, shape: Shape) -> Result<Vec<Chat>, Failure> {
        self.check()?;
        let prompts = match (shape, &self.prompt) {
            (Shape::Chat, _) => return Ok(vec![self.conversation()?]),
            (Shape::Completion, Some(Prompt::One(prompt))) => std::slice::from_ref(prompt),
            (Shape::Completion, Some(Prompt::Several(prompts)))
                if (1..=MAX_CHOICES).contains(&prompts.len()) =>
            {
                prompts
            }
            (Shape::Completion, _) => {
                let message = format!("`prompt` must be a text, or from 1 to {MAX_CHOICES} texts");
                return Err(Failure::Invalid(message));
            }
        };
        let chat = |message: &String| {
            let (message, options) = (message.clone(), self.options()?);
            Ok(Chat { system: None, turns: Vec::new(), message, options })
        };
        prompts.iter().map(chat).collect()
    }

    /// Answers to each prompt.
    pub fn choices(&self) -> usize {
        self.n.unwrap_or(1)
    }

    pub fn streams(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// True if the stream ends with the number of tokens.
    pub fn streams_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options.and_then(|options| options.include_usage).unwrap_or(false)
    }

    /// Refuses what is not supported, by name.
    fn check(&self) -> Result<(), Failure> {
        if !(1..=MAX_CHOICES).contains(&self.choices()) {
            return Err(Failure::Invalid(format!("`n` must be from 1 to {MAX_CHOICES}")));
        }
        let asks = |name: &str| self.others.get(name).filter(|value| !says_nothing(value));
        if let Some(name) = UNSUPPORTED.iter().find(|name| asks(name).is_some()) {
            return Err(Failure::Invalid(format!("`{name}` is not supported")));
        }
        if asks("response_format").is_some_and(|format| format["type"] != "text") {
            let message = "`response_format` must be of type text: answers are not held to JSON";
            return Err(Failure::Invalid(message.into()));
        }
        if asks("modalities").is_some_and(|modalities| *modalities != json!(["text"])) {
            return Err(Failure::Invalid("`modalities` must be text".into()));
        }
        if asks("best_of").is_some_and(|best_of| *best_of != json!(self.choices())) {
            return Err(Failure::Invalid("`best_of` must be as many as `n`".into()));
        }
        Ok(())
    }

    fn conversation(&self) -> Result<Chat, Failure> {
        let mut system: Vec<String> = Vec::new();
        let mut turns: Vec<(String, String)> = Vec::new();
        let mut open: Option<String> = None;
        for message in &self.messages {
            let text = message.text()?;
            match message.role.as_str() {
                "system" | "developer" => system.push(text),
                "user" => match &mut open {
                    Some(before) => *before = format!("{before}\n\n{text}"),
                    None => open = Some(text),
                },
                "assistant" => {
                    let Some(user) = open.take() else {
                        let message = "an answer must follow a message of the user".into();
                        return Err(Failure::Invalid(message));
                    };
                    turns.push((user, text));
                }
                other => {
                    let shown = shortened(other);
                    let message = format!("messages of the role `{shown}` are not read");
                    return Err(Failure::Invalid(message));
                }
            }
        }
        let Some(message) = open else {
            return Err(Failure::Invalid("the last message must be the user's".into()));
        };
        let system = (!system.is_empty()).then(|| system.join("\n\n"));
        Ok(Chat { system, turns, message, options: self.options()? })
    }

    fn options(&self) -> Result<Options, Failure> {
        let within = |name, value: Option<f64>, most: f64| match value {
            Some(value) if !(0.0..=most).contains(&value) => {
                Err(Failure::Invalid(format!("`{name}` must be from 0 to {most}")))
            }
            value => Ok(value),
        };
        let temperature = within("temperature", self.temperature, 2.0)?.unwrap_or(0.0);
        let top_p = within("top_p", self.top_p, 1.0)?.unwrap_or(1.0);
        let sampling = match temperature {
            // Without a temperature the decoding is greedy, as in all APIs here.
            0.0 => Sampling::Greedy,
            temperature => Sampling::Random {
                temperature: temperature as f32,
                top_k: 0,
                top_p: top_p as f32,
                min_p: 0.0,
                typical_p: 1.0,
                seed: self.seed.unwrap_or_else(rand::random),
            },
        };
        let stop = match &self.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop.clone()],
            Some(Stop::Several(stops)) if stops.len() <= 4 => stops.clone(),
            Some(Stop::Several(_)) => {
                return Err(Failure::Invalid("`stop` takes at most four texts".into()));
            }
        };
        let stop = stop.into_iter().filter(|stop| !stop.is_empty()).collect();
        let max_tokens = self.max_completion_tokens.or(self.max_tokens).unwrap_or(MAX_TOKENS);
        Ok(Options { sampling, stop, max_tokens: max_tokens.max(1), ..Options::default() })
    }
}

impl Message {
    fn text(&self) -> Result<String, Failure> {
        match &self.content {
            None => Ok(String::new()),
            Some(Content::Text(text)) => Ok(text.clone()),
            Some(Content::Parts(parts)) => {
                if let Some(part) = parts.iter().find(|part| part.kind != "text") {
                    let kind = shortened(&part.kind);
                    return Err(Failure::Invalid(format!("content of type `{kind}` is not read")));
                }
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                Ok(texts.join("\n"))
            }
        }
    }
}
