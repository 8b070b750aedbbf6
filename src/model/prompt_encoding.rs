//! Prompts to token ids, through the checkpoint's chat template if it has one.

use crate::checkpoint::{
    ChatTemplate, Content, Message, ModelConfig, Tokenizer, TranslationMessage, Typed,
};
use crate::error::{Error, Result};
use crate::prompt_part::{ExampleTurns, PromptPart, SYSTEM_END, UserTexts, has_marker};

/// The parts of a model that turn prompts into token ids.
pub(super) struct PromptEncoder<'m> {
    pub config: &'m ModelConfig,
    pub tokenizer: &'m Tokenizer,
    pub template: Option<&'m ChatTemplate>,
}

impl PromptEncoder<'_> {
    /// The token ids of a conversation in the chat template: perhaps a system message, the turns of
    /// examples and a user message. Without a template, of the parts of the user message joined.
    pub fn prompt(
        &self,
        system: Option<&str>,
        examples: &[ExampleTurns],
        parts: &[PromptPart<&str>],
    ) -> Result<Vec<u32>> {
        let Some(template) = self.template else {
            if !examples.is_empty() {
                return Err(Error::prompt("chat_template", "there is none: examples need turns"));
            }
            let mut ids = self.beginning();
            ids.extend(self.tokenizer.encode_parts(parts)?);
            return Ok(ids);
        };
        let mut user_texts = UserTexts::default();
        let mut turns = Vec::with_capacity(2 * examples.len() + 1);
        for example in examples {
            let parts = example.user.iter().map(PromptPart::as_deref);
            turns.push(("user", with_placeholders(parts, &mut user_texts)?));
            turns.push(("assistant", user_texts.hide(example.assistant.as_str())));
        }
        turns.push(("user", with_placeholders(parts.iter().copied(), &mut user_texts)?));
        self.first_accepted(template, &conversations(system, &turns), &user_texts)
    }

    /// True if the chat template accepts the turns of an example before the user's turn.
    pub fn accepts_examples(&self) -> bool {
        let user = vec![PromptPart::UserText("a".to_string())];
        let example = ExampleTurns { user, assistant: "b".into() };
        self.template.is_some()
            && self.prompt(None, &[example], &[PromptPart::UserText("c")]).is_ok()
    }

    /// The token ids of a translation request in the wording of the chat template. Languages are
    /// codes.
    pub fn translation(&self, source: &str, target: &str, text: &str) -> Result<Vec<u32>> {
        let Some(template) = self.template else {
            return self.prompt(None, &[], &[PromptPart::UserText(text)]);
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
/// before the first user's text, content as a string or as a list with one entry. `turns` are roles
/// and texts.
fn conversations(system: Option<&str>, turns: &[(&'static str, String)]) -> Vec<Vec<Message>> {
    let text = |text: &str| Content::Text(text.to_string());
    let typed = |text: &str| Content::Typed([Typed::new(text)]);
    let mut conversations = Vec::new();
    for content in [&text as &dyn Fn(&str) -> Content, &typed] {
        let message = |role, text: &str| Message { role, content: content(text) };
        let messages: Vec<Message> = turns.iter().map(|(role, text)| message(role, text)).collect();
        let Some((system, (role, first))) = system.zip(turns.first()) else {
            conversations.push(messages);
            continue;
        };
        let turn = message("system", &format!("{system}{SYSTEM_END}"));
        conversations.push(std::iter::once(turn).chain(messages.iter().cloned()).collect());
        let together = message(role, &format!("{system}\n\n{first}"));
        conversations.push(std::iter::once(together).chain(messages.into_iter().skip(1)).collect());
    }
    conversations
}

/// The content of a user message with placeholders for user text, which is added to `user_texts`.
fn with_placeholders<'p>(
    parts: impl Iterator<Item = PromptPart<&'p str>>,
    user_texts: &mut UserTexts<'p>,
) -> Result<String> {
    let mut content = String::new();
    for part in parts {
        match part {
            PromptPart::Template(text) if has_marker(text) => {
                let reason = "it contains one of the private-use characters U+F5A10 to U+F5A12";
                return Err(Error::prompt("prompt", reason));
            }
            PromptPart::Template(text) => content.push_str(text),
            PromptPart::UserText(text) => content.push_str(&user_texts.hide(text)),
        }
    }
    Ok(content)
}
