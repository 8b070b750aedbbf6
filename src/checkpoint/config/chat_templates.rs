//! Which chat template a checkpoint has: one, several with names, or none.

use std::path::Path;

use serde_json::Value as Json;

use super::json;
use crate::checkpoint::gguf::Gguf;
use crate::error::{Error, Result};

/// As for arrays in GGUF headers: llama.cpp's own limit for templates is lower.
const MAX_BYTES: usize = 256 << 10;
/// Names of templates for conversations that we have none of.
const OTHER: &[&str] = &["tool_use", "tools", "rag", "fim", "completion"];

/// A folder's, in the order of the reference: `chat_template.jinja`, `chat_template.json` of
/// processors, the tokenizer config's.
pub(super) fn of_folder(folder: &Path, tokenizer: &Json) -> Result<Option<String>> {
    let file = folder.join("chat_template.jinja");
    match std::fs::read_to_string(&file) {
        Ok(text) => return checked(&file, text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &file, e)),
    }
    let processor = folder.join("chat_template.json");
    if let Some(found) =
        json::read(&processor)?.as_ref().and_then(|config| config.get("chat_template"))
    {
        return of_json(&processor, found);
    }
    let file = folder.join("tokenizer_config.json");
    tokenizer.get("chat_template").map_or(Ok(None), |found| of_json(&file, found))
}

/// One template as text, or several: a list of names and templates, or an object of them.
fn of_json(file: &Path, value: &Json) -> Result<Option<String>> {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_string);
    let named = match value {
        Json::Null => return Ok(None),
        Json::String(text) => return checked(file, text.clone()),
        Json::Array(several) => several
            .iter()
            .map(|one| Some((text(one.get("name"))?, text(one.get("template"))?)))
            .collect(),
        Json::Object(several) => {
            several.iter().map(|(name, one)| Some((name.clone(), text(Some(one))?))).collect()
        }
        _ => None,
    };
    let named: Vec<(String, String)> = named.ok_or_else(|| {
        Error::malformed(file, "its chat_template is no text and no list of named ones")
    })?;
    choose(file, named)
}

/// A GGUF file's: the one without a name, or of those with names.
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

/// `default`, or the only one that is for plain conversations. To choose among several would be to
/// guess what a model was trained on.
fn choose(file: &Path, named: Vec<(String, String)>) -> Result<Option<String>> {
    let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    let default = named.iter().position(|(name, _)| name == "default");
    let mut plain = (0..named.len()).filter(|at| !OTHER.contains(&names[*at].as_str()));
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

fn checked(file: &Path, template: String) -> Result<Option<String>> {
    match template.len() {
        bytes if bytes > MAX_BYTES => {
            Err(Error::malformed(file, format!("a chat template of {bytes} bytes")))
        }
        // The reference takes an empty one for none.
        _ => Ok(Some(template).filter(|template| !template.trim().is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(config: Json) -> Result<Option<String>> {
        of_folder(Path::new("no/such/folder"), &config)
    }

    #[test]
    fn one_of_several_templates_is_taken_where_there_is_no_doubt_which() {
        let several = |names: &[&str]| {
            let one = |name: &&str| json!({"name": name, "template": format!("of {name}")});
            chosen(json!({"chat_template": names.iter().map(one).collect::<Vec<_>>()}))
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
            let said = several(names).unwrap_err().to_string();
            assert!(
                said.contains(&names.join(", ")) && said.contains("none of them is `default`"),
                "{said}"
            );
        }
        assert!(chosen(json!({"chat_template": 5})).is_err());
        assert!(chosen(json!({"chat_template": [{"name": "default"}]})).is_err());
        assert!(chosen(json!({"chat_template": "x".repeat(MAX_BYTES + 1)})).is_err());
    }

    #[test]
    fn files_of_their_own_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let config = json!({"chat_template": "of the config"});
        let chosen = || of_folder(folder.path(), &config).unwrap();
        assert_eq!(chosen().as_deref(), Some("of the config"));
        write("chat_template.json", r#"{"chat_template": "of the processor"}"#);
        assert_eq!(chosen().as_deref(), Some("of the processor"));
        write("chat_template.jinja", "of its own");
        assert_eq!(chosen().as_deref(), Some("of its own"));
    }
}
