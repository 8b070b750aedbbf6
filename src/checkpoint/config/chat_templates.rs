//! The choice of a chat template: a checkpoint may have one, several with names, or none.

use std::path::Path;

use serde_json::Value as Json;

use super::json;
use crate::checkpoint::gguf::Gguf;
use crate::error::{Error, Result};

/// Limit of the size of a template; that of llama.cpp is lower.
const MAX_BYTES: usize = 256 << 10;
/// Names of templates for conversations with tools or documents.
const NOT_PLAIN: &[&str] = &["tool_use", "tools", "rag", "fim", "completion"];

/// The template of a folder: `chat_template.jinja`, `chat_template.json` of a processor, or that of
/// tokenizer_config.json, in the order of the reference.
pub(super) fn of_folder(folder: &Path, tokenizer: &Json) -> Result<Option<String>> {
    let file = folder.join("chat_template.jinja");
    match std::fs::read_to_string(&file) {
        Ok(text) => return checked(&file, text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &file, e)),
    }
    let processor = folder.join("chat_template.json");
    if let Some(config) = json::read(&processor)?
        && let Some(template) = config.get("chat_template")
    {
        return of_json(&processor, template);
    }
    let file = folder.join("tokenizer_config.json");
    tokenizer.get("chat_template").map_or(Ok(None), |template| of_json(&file, template))
}

/// A template as a string, or several as a list or object of names and templates.
fn of_json(file: &Path, value: &Json) -> Result<Option<String>> {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_string);
    let named = match value {
        Json::Null => return Ok(None),
        Json::String(text) => return checked(file, text.clone()),
        Json::Array(several) => several
            .iter()
            .map(|entry| Some((text(entry.get("name"))?, text(entry.get("template"))?)))
            .collect(),
        Json::Object(several) => {
            several.iter().map(|(name, value)| Some((name.clone(), text(Some(value))?))).collect()
        }
        _ => None,
    };
    let named: Vec<(String, String)> = named.ok_or_else(|| {
        Error::malformed(file, "its chat_template is neither a text nor a list of named templates")
    })?;
    choose(file, named)
}

/// The template of a GGUF file: the one without a name, or one of those with names.
pub(super) fn of_gguf(gguf: &Gguf) -> Result<Option<String>> {
    const KEY: &str = "tokenizer.chat_template";
    let file = gguf.file().path();
    if let Some(text) = gguf.text(KEY) {
        return checked(file, text.to_string());
    }
    let names = gguf.strings("tokenizer.chat_templates").into_iter().flatten();
    let named = names.filter_map(|name| {
        Some((name.to_string(), gguf.text(&format!("{KEY}.{name}"))?.to_string()))
    });
    choose(file, named.collect())
}

/// The template named `default`, or the only one for plain conversations. Several are refused: a
/// choice would be a guess at what the model was trained on.
fn choose(file: &Path, named: Vec<(String, String)>) -> Result<Option<String>> {
    let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    let default = named.iter().position(|(name, _)| name == "default");
    let mut plain = (0..named.len()).filter(|at| !NOT_PLAIN.contains(&names[*at].as_str()));
    let only = plain.next().filter(|_| plain.next().is_none());
    match default.or(only) {
        Some(at) => {
            checked(file, named.into_iter().nth(at).map(|(_, text)| text).unwrap_or_default())
        }
        None if names.is_empty() => Ok(None),
        None => {
            let reason = format!(
                "its chat templates are {}, and none of them is `default`",
                names.join(", ")
            );
            Err(Error::malformed(file, reason))
        }
    }
}

/// Checks the size of a template; an empty one counts as none, as in the reference.
fn checked(file: &Path, template: String) -> Result<Option<String>> {
    let bytes = template.len();
    if bytes > MAX_BYTES {
        return Err(Error::malformed(file, format!("a chat template of {bytes} bytes")));
    }
    Ok(Some(template).filter(|template| !template.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(config: Json) -> Result<Option<String>> {
        of_folder(Path::new("no/such/folder"), &config)
    }

    #[test]
    fn one_of_several_templates_is_chosen_if_it_is_unambiguous() {
        let several = |names: &[&str]| {
            let entry = |name: &&str| json!({"name": name, "template": format!("of {name}")});
            chosen(json!({"chat_template": names.iter().map(entry).collect::<Vec<_>>()}))
        };
        assert_eq!(chosen(json!({"chat_template": "x"})).unwrap().as_deref(), Some("x"));
        assert_eq!(
            chosen(json!({"chat_template": {"default": "x", "rag": "y"}})).unwrap().as_deref(),
            Some("x")
        );
        assert_eq!(chosen(json!({"chat_template": null})).unwrap(), None);
        assert_eq!(chosen(json!({})).unwrap(), None);
        assert_eq!(several(&[]).unwrap(), None);
        assert_eq!(several(&["rag", "default", "chat"]).unwrap().as_deref(), Some("of default"));
        assert_eq!(several(&["chat", "rag", "tool_use"]).unwrap().as_deref(), Some("of chat"));
        for names in [&["formal", "casual"][..], &["tool_use", "rag"], &["rag"]] {
            let message = several(names).unwrap_err().to_string();
            assert!(
                message.contains(&names.join(", "))
                    && message.contains("none of them is `default`"),
                "{message}"
            );
        }
        assert!(chosen(json!({"chat_template": 5})).is_err());
        assert!(chosen(json!({"chat_template": [{"name": "default"}]})).is_err());
        assert!(chosen(json!({"chat_template": "x".repeat(MAX_BYTES + 1)})).is_err());
    }

    #[test]
    fn separate_files_take_precedence() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let config = json!({"chat_template": "config"});
        let chosen = || of_folder(folder.path(), &config).unwrap();
        assert_eq!(chosen().as_deref(), Some("config"));
        write("chat_template.json", r#"{"chat_template": "processor"}"#);
        assert_eq!(chosen().as_deref(), Some("processor"));
        write("chat_template.jinja", "of its own");
        assert_eq!(chosen().as_deref(), Some("of its own"));
    }
}
