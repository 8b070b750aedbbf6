//! Chat templates: messages to the text a model was trained on, rendered as Hugging Face renders them.
//!
//! Reference: `transformers.utils.chat_template_utils` (Jinja with `trim_blocks` and `lstrip_blocks`, Python methods on values,
//! `raise_exception`, `strftime_now`, `tojson` in Python's style). A template comes from a downloaded file: its steps are counted
//! and it can reach nothing but its variables.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::error::{Error, Result};

/// Steps a template may take; real ones take a few thousand for a short conversation.
const FUEL: u64 = 500_000;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What is said.
    pub content: Content,
}

/// What is said in a turn, as templates take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Words.
    Text(String),
    /// A text to be translated, as the one entry of a list: TranslateGemma's template has the words for it.
    Translation([Translation; 1]),
}

/// A text to be translated, by the names TranslateGemma's template has for its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Translation {
    /// Always `text`; it could be a picture.
    r#type: &'static str,
    source_lang_code: String,
    target_lang_code: String,
    text: String,
}

impl Translation {
    /// Languages by their codes.
    pub fn new(source: &str, target: &str, text: impl Into<String>) -> Self {
        let (source_lang_code, target_lang_code) = (source.to_string(), target.to_string());
        Self { r#type: "text", source_lang_code, target_lang_code, text: text.into() }
    }
}

/// A checkpoint's chat template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    special: Vec<(String, String)>,
    words_translations: bool,
}

const NAME: &str = "chat_template";

impl ChatTemplate {
    /// Parses a template. `special` are the texts it may refer to as `bos_token`, `eos_token` and so on.
    pub fn parse<'s>(source: &str, special: impl Iterator<Item = (&'s str, &'s str)>) -> Result<Self> {
        let mut environment = Environment::empty();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| Error::prompt(NAME, e))?);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        add_builtins(&mut environment);
        environment
            .add_template_owned(NAME, to_minijinja(source))
            .map_err(|e| Error::prompt(NAME, format!("it does not parse: {e}")))?;
        let special = special.map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let words_translations = source.contains("source_lang_code") && source.contains("target_lang_code");
        Ok(Self { environment, special, words_translations })
    }

    /// Whether it asks for translations in its own words, and takes nothing but [`Content::Translation`].
    pub fn words_translations(&self) -> bool {
        self.words_translations
    }

    /// Renders messages up to where the model answers. `extra` are further variables (`enable_thinking`, `date_string`).
    pub fn render(&self, messages: &[Message], extra: &[(&str, Value)]) -> Result<String> {
        let mut context = std::collections::BTreeMap::from([
            ("messages".to_string(), Value::from(Serde(messages))),
            ("add_generation_prompt".to_string(), Value::from(true)),
        ]);
        context.extend(self.special.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))));
        context.extend(extra.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
        self.render_context(context)
    }

    fn render_context(&self, context: std::collections::BTreeMap<String, Value>) -> Result<String> {
        let template = self.environment.get_template(NAME).map_err(|e| Error::prompt(NAME, e))?;
        template.render(Value::from(context)).map_err(|e| Error::prompt(NAME, describe(&e)))
    }
}

/// The innermost reason: templates refuse conversations by `raise_exception`.
fn describe(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes too many steps".to_string(),
        (_, Some(detail)) => detail.to_string(),
        _ => error.to_string(),
    }
}

/// What Jinja with Hugging Face's extensions accepts and minijinja does not: reversing by a slice, and the blocks that mark the
/// model's own words for training, which render as their content.
fn to_minijinja(source: &str) -> String {
    let mut source = source.replace("[::-1]", "|reverse");
    for (marker, plain) in [(" generation ", " if true "), (" endgeneration ", " endif ")] {
        for (open, close) in [("{%", "%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%-", "-%}")] {
            source = source.replace(&format!("{open}{marker}{close}"), &format!("{open}{plain}{close}"));
        }
    }
    source
}

fn add_builtins(environment: &mut Environment<'static>) {
    // `Environment::empty` and not `new`: nothing of minijinja's own comes in unnamed.
    use minijinja::{filters, functions, tests};
    environment.add_function(
        "raise_exception",
        |message: String| -> std::result::Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        },
    );
    environment.add_function("range", functions::range);
    environment.add_function("dict", functions::dict);
    environment.add_function("namespace", functions::namespace);
    environment.add_filter("tojson", tojson);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("length", filters::length);
    environment.add_filter("count", filters::length);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("title", filters::title);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("default", filters::default);
    environment.add_filter("d", filters::default);
    environment.add_filter("join", filters::join);
    environment.add_filter("list", filters::list);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("string", |value: Value| value.to_string());
    environment.add_filter("safe", |value: Value| value);
    environment.add_filter("items", filters::items);
    environment.add_filter("dictsort", filters::dictsort);
    environment.add_filter("reverse", filters::reverse);
    environment.add_filter("sort", filters::sort);
    environment.add_filter("unique", filters::unique);
    environment.add_filter("map", filters::map);
    environment.add_filter("select", filters::select);
    environment.add_filter("reject", filters::reject);
    environment.add_filter("selectattr", filters::selectattr);
    environment.add_filter("rejectattr", filters::rejectattr);
    environment.add_filter("indent", filters::indent);
    environment.add_filter("split", filters::split);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("string", tests::is_string);
    environment.add_test("number", tests::is_number);
    environment.add_test("integer", tests::is_integer);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("iterable", tests::is_iterable);
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("true", tests::is_true);
    environment.add_test("false", tests::is_false);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("even", tests::is_even);
    environment.add_test("in", tests::is_in);
    environment.add_test("equalto", tests::is_eq);
    environment.add_test("eq", tests::is_eq);
    environment.add_test("ne", tests::is_ne);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
}

/// `json.dumps` as Hugging Face calls it: `", "` and `": "` between items, no escaping of Korean or of `<`.
fn tojson(value: Value, options: Kwargs) -> std::result::Result<String, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let mut out = String::new();
    write_json(&value, indent, 0, &mut out)?;
    Ok(out)
}

fn write_json(
    value: &Value,
    indent: Option<usize>,
    depth: usize,
    out: &mut String,
) -> std::result::Result<(), minijinja::Error> {
    let line = |out: &mut String, depth: usize| {
        if let Some(width) = indent {
            out.push('\n');
            out.push_str(&" ".repeat(width * depth));
        }
    };
    let comma = if indent.is_some() { "," } else { ", " };
    match value.kind() {
        ValueKind::Map => {
            out.push('{');
            let mut first = true;
            for key in value.try_iter()? {
                if !std::mem::take(&mut first) {
                    out.push_str(comma);
                }
                line(out, depth + 1);
                out.push_str(&serde_json::Value::from(key.to_string()).to_string());
                out.push_str(": ");
                write_json(&value.get_item(&key)?, indent, depth + 1, out)?;
            }
            if !first {
                line(out, depth);
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            let mut first = true;
            for item in value.try_iter()? {
                if !std::mem::take(&mut first) {
                    out.push_str(comma);
                }
                line(out, depth + 1);
                write_json(&item, indent, depth + 1, out)?;
            }
            if !first {
                line(out, depth);
            }
            out.push(']');
        }
        _ => {
            let scalar = serde_json::to_string(value)
                .map_err(|e| minijinja::Error::new(ErrorKind::BadSerialization, e.to_string()))?;
            out.push_str(&scalar);
        }
    }
    Ok(())
}
