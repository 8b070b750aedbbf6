//! Prompts to token ids, through the checkpoint's chat template if it has one.

use crate::checkpoint::{
    ChatTemplate, Content, Message, ModelConfig, Tokenizer, TranslationMessage, Typed,
};
use crate::error::{Error, Result};
use crate::prompt_part::{PromptPart, SYSTEM_END, UserTexts, has_marker};

/// The parts of a model that turn prompts into token ids.
pub(super) struct PromptEncoder<'m> {
    pub config: &'m ModelConfig,
    pub tokenizer: &'m Tokenizer,
    pub template: Option<&'m ChatTemplate>,
}

impl PromptEncoder<'_> {
    /// The token ids of one user message and perhaps a system message in the chat template; without
    /// a template, of the parts of the user message joined.
    pub fn prompt(&self, system: Option<&str>, parts: &[PromptPart<&str>]) -> Result<Vec<u32>> {
        let Some(template) = self.template else {
            let mut ids = self.beginning();
            ids.extend(self.tokenizer.encode_parts(parts)?);
            return Ok(ids);
        };
        let (user, user_texts) = with_placeholders(parts)?;
        self.first_accepted(template, &conversations(system, &user), &user_texts)
    }

    /// The token ids of a translation request in the wording of the chat template. Languages are
    /// codes.
    pub fn translation(&self, source: &str, target: &str, text: &str) -> Result<Vec<u32>> {
        let Some(template) = self.template else {
            return self.prompt(None, &[PromptPart::UserText(text)]);
        };
        let mut user_texts = UserTexts::default();
        let text = user_texts.hide(text);
        let content = Content::Translation([TranslationMessage::new(source, target, text)]);
        self.first_accepted(template, &[vec![Message { role: "user", content }]], &user_texts)
    }

    /// Tokens before a prompt without chat template: those named in the files, else those that the
    /// tokenizer adds.
    fn beginning(&self) -> Vec<u32> {
        match (self.config.add_bos_token(), self.config.bos_token()) {
            (Some(false), _) => Vec::new(),
            (Some(true), Some(bos)) => vec![bos],
            _ => self.tokenizer.before().to_vec(),
        }
    }

    /// The token ids of the first of several equivalent conversations that the template accepts and
    /// renders whole, up to the model's turn.
    fn first_accepted(
        &self,
        template: &ChatTemplate,
        conversations: &[Vec<Message>],
        user_texts: &UserTexts<'_>,
    ) -> Result<Vec<u32>> {
        let mut refusal = None;
        for messages in conversations {
            let rendered = template.render(messages, &[("enable_thinking", false.into())]);
            let ids =
                rendered.and_then(|rendered| self.encode_rendered(messages, &rendered, user_texts));
            match ids {
                Ok(ids) => return Ok(ids),
                Err(error) => drop(refusal.get_or_insert(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::prompt("chat_template", "it was given no message")))
    }

    /// The token ids of rendered messages. Fails if a system message or a user text is missing.
    fn encode_rendered(
        &self,
        messages: &[Message],
        rendered: &str,
        user_texts: &UserTexts<'_>,
    ) -> Result<Vec<u32>> {
        let incomplete = || {
            Error::prompt(
                "chat_template",
                "it leaves out a part of the message, or changes its order",
            )
        };
        let systems = messages.iter().filter(|message| message.role == "system").count();
        if rendered.matches(SYSTEM_END).count() != systems {
            return Err(incomplete());
        }
        let rendered = rendered.replace(SYSTEM_END, "");
        if !user_texts.are_in_order(&rendered) {
            return Err(incomplete());
        }
        let parts = user_texts.restore(&rendered).ok_or_else(incomplete)?;
        self.tokenizer.encode_parts(&parts)
    }
}

/// Equivalent conversations, the most common form first: the system message as a turn of its own or
/// before the user's text, content as a string or as a list with one entry.
fn conversations(system: Option<&str>, user: &str) -> Vec<Vec<Message>> {
    let text = |text: &str| Content::Text(text.to_string());
    let typed = |text: &str| Content::Typed([Typed::new(text)]);
    let mut conversations = Vec::new();
    for content in [&text as &dyn Fn(&str) -> Content, &typed] {
        let message = |role, text: &str| Message { role, content: content(text) };
        match system {
            None => conversations.push(vec![message("user", user)]),
            Some(system) => {
                let turn = format!("{system}{SYSTEM_END}");
                conversations.push(vec![message("system", &turn), message("user", user)]);
                let together = format!("{system}\n\n{user}");
                conversations.push(vec![message("user", &together)]);
            }
        }
    }
    conversations
}

/// The content of a user message with placeholders for user text.
fn with_placeholders<'p>(parts: &[PromptPart<&'p str>]) -> Result<(String, UserTexts<'p>)> {
    let mut content = String::new();
    let mut user_texts = UserTexts::default();
    for part in parts {
        match *part {
            PromptPart::Template(text) if has_marker(text) => {
                let reason = "it contains one of the private-use characters U+F5A10 to U+F5A12";
                return Err(Error::prompt("prompt", reason));
            }
            PromptPart::Template(text) => content.push_str(text),
            PromptPart::UserText(text) => content.push_str(&user_texts.hide(text)),
        }
    }
    Ok((content, user_texts))
}
