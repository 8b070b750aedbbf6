//! Requests: their fields, their messages as a conversation, and the options of an answer.

use malmoi::{Options, Sampling};
use serde::Deserialize;
use serde_json::Value;

use super::super::super::failure::Failure;
use super::super::super::work::Chat;
use super::super::shortened;
use super::Shape;

/// Tokens of an answer if the request sets no limit.
const MAX_TOKENS: usize = 2_048;

/// A request. Fields that are not here are ignored, as OpenAI's servers ignore unknown ones.
#[derive(Deserialize)]
pub(super) struct Asked {
    pub model: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    prompt: Option<Value>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stop: Option<Stop>,
    pub seed: Option<u64>,
    n: Option<u64>,
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    pub stream_options: StreamOptions,
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

#[derive(Deserialize, Default)]
pub(super) struct StreamOptions {
    #[serde(default)]
    pub include_usage: bool,
}

impl Asked {
    /// What a model is asked.
    pub fn chat(&self, shape: Shape) -> Result<Chat, Failure> {
        if self.n.is_some_and(|n| n != 1) {
            return Err(Failure::Invalid("`n` must be 1".into()));
        }
        match shape {
            Shape::Chat => self.conversation(),
            Shape::Completion => {
                let message = match &self.prompt {
                    Some(Value::String(prompt)) => prompt.clone(),
                    Some(Value::Array(prompts)) if prompts.len() == 1 && prompts[0].is_string() => {
                        prompts[0].as_str().unwrap_or_default().to_string()
                    }
                    _ => return Err(Failure::Invalid("`prompt` must be one text".into())),
                };
                let options = self.options()?;
                Ok(Chat { system: None, turns: Vec::new(), message, options })
            }
        }
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
