//! Chat templates: messages to the text format a model was trained on, rendered as by Hugging Face.
//!
//! Reference: `transformers.utils.chat_template_utils` (Jinja with `trim_blocks` and
//! `lstrip_blocks`, Python methods on values, `raise_exception`, `strftime_now`, `tojson` in
//! Python's style). A template comes from a downloaded file: its steps are limited, and it has
//! access to its variables only.

use std::fmt::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::error::{Error, Result};

/// Limit of steps; real templates take a few thousand for a short conversation.
const FUEL: u64 = 500_000;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// The content.
    pub content: Content,
}

/// The content of a message, in the forms that templates accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// A string.
    Text(String),
    /// A list with one entry: some templates of vision models accept no other form.
    Typed([Typed; 1]),
    /// A translation request, as a list with one entry: TranslateGemma's template has the wording.
    Translation([TranslationMessage; 1]),
}

/// An entry of a list of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Typed {
    /// Always `text`; other types are images and the like.
    r#type: &'static str,
    text: String,
}

impl Typed {
    /// An entry with text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { r#type: "text", text: text.into() }
    }
}

/// A translation request, with the keys of TranslateGemma's template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TranslationMessage {
    /// Always `text`; other types are images and the like.
    r#type: &'static str,
    source_lang_code: String,
    target_lang_code: String,
    text: String,
}

impl TranslationMessage {
    /// A request to translate a text. Languages are codes.
    pub fn new(source: &str, target: &str, text: impl Into<String>) -> Self {
        let (source_lang_code, target_lang_code) = (source.to_string(), target.to_string());
        Self { r#type: "text", source_lang_code, target_lang_code, text: text.into() }
    }
}

/// A checkpoint's chat template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    special_tokens: Vec<(String, String)>,
    has_translation_template: bool,
}

const NAME: &str = "chat_template";

impl ChatTemplate {
    /// Parses a template. `special_tokens` are its variables `bos_token`, `eos_token` and so on.
    pub fn parse<'s>(
        source: &str,
        special_tokens: impl Iterator<Item = (&'s str, &'s str)>,
    ) -> Result<Self> {
        let mut environment = Environment::empty();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| Error::prompt(NAME, e))?);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        add_builtins(&mut environment);
        environment
            .add_template_owned(NAME, to_minijinja(source))
            .map_err(|e| Error::prompt(NAME, format!("it does not parse: {e}")))?;
        let special_tokens =
            special_tokens.map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let has_translation_template =
            source.contains("source_lang_code") && source.contains("target_lang_code");
        Ok(Self { environment, special_tokens, has_translation_template })
    }

    /// True if it has the wording of translation requests and accepts only
    /// [`Content::Translation`].
    pub fn has_translation_template(&self) -> bool {
        self.has_translation_template
    }

    /// Renders messages up to the beginning of the model's turn. `extra` are further variables
    /// (`enable_thinking`, `date_string`).
    pub fn render(&self, messages: &[Message], extra: &[(&str, Value)]) -> Result<String> {
        let mut context = std::collections::BTreeMap::from([
            ("messages".to_string(), Value::from(Serde(messages))),
            ("add_generation_prompt".to_string(), Value::from(true)),
            // The reference always defines these.
            ("tools".to_string(), Value::from(())),
            ("documents".to_string(), Value::from(())),
        ]);
        context.extend(
            self.special_tokens
                .iter()
                .map(|(name, text)| (name.clone(), Value::from(text.as_str()))),
        );
        context.extend(extra.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
        self.render_context(context)
    }

    fn render_context(&self, context: std::collections::BTreeMap<String, Value>) -> Result<String> {
        let template = self.environment.get_template(NAME).map_err(|e| Error::prompt(NAME, e))?;
        template.render(Value::from(context)).map_err(|e| Error::prompt(NAME, describe(&e)))
    }
}

/// The reason of an error: templates refuse conversations with `raise_exception`.
fn describe(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes too many steps".to_string(),
        (_, Some(detail)) => detail.to_string(),
        _ => error.to_string(),
    }
}

/// Rewrites syntax that minijinja does not accept: reversal by a slice, and Hugging Face's
/// `generation` blocks, which mark the model's turns for training and render as their content.
fn to_minijinja(source: &str) -> String {
    let source = source.replace("[::-1]", "|reverse");
    let mut rewritten = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(at) = rest.find("{%") {
        let (before, block) = rest.split_at(at);
        rewritten.push_str(before);
        let end = block.find("%}").map_or(block.len(), |end| end + 2);
        let (block, after) = block.split_at(end);
        let inside = block.trim_start_matches("{%").trim_end_matches("%}");
        match inside.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+')) {
            "generation" => rewritten.push_str(&block.replacen("generation", "if true", 1)),
            "endgeneration" => rewritten.push_str(&block.replacen("endgeneration", "endif", 1)),
            _ => rewritten.push_str(block),
        }
        rest = after;
    }
    rewritten.push_str(rest);
    rewritten
}

/// Formats a time like Python's `strftime`.
fn strftime(
    time: &chrono::DateTime<chrono::Local>,
    format: &str,
) -> std::result::Result<String, minijinja::Error> {
    use chrono::format::{Item, StrftimeItems};
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        let reason = format!("strftime_now does not know the format `{format}`");
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, reason));
    }
    let mut text = String::new();
    let written = write!(text, "{}", time.format_with_items(items.into_iter()));
    written.map_err(|_| {
        minijinja::Error::new(ErrorKind::InvalidOperation, "strftime_now cannot write the time")
    })?;
    Ok(text)
}

fn add_builtins(environment: &mut Environment<'static>) {
    // With `Environment::empty` instead of `new`, a template has only what is listed here.
    use minijinja::{filters, functions, tests};
    environment.add_function(
        "raise_exception",
        |message: String| -> std::result::Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        },
    );
    // The time is fixed when the model is opened, so that prompts do not change at midnight.
    let opened = chrono::Local::now();
    environment.add_function("strftime_now", move |format: String| strftime(&opened, &format));
    environment.add_function("cycler", minijinja_contrib::globals::cycler);
    environment.add_function("joiner", minijinja_contrib::globals::joiner);
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
    environment.add_filter("abs", filters::abs);
    environment.add_filter("attr", filters::attr);
    environment.add_filter("batch", filters::batch);
    environment.add_filter("escape", filters::escape);
    environment.add_filter("e", filters::escape);
    environment.add_filter("format", filters::format);
    environment.add_filter("groupby", filters::groupby);
    environment.add_filter("max", filters::max);
    environment.add_filter("min", filters::min);
    environment.add_filter("round", filters::round);
    environment.add_filter("slice", filters::slice);
    environment.add_filter("sum", filters::sum);
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
    environment.add_test("float", tests::is_float);
    environment.add_test("lower", tests::is_lower);
    environment.add_test("upper", tests::is_upper);
    environment.add_test("sameas", tests::is_sameas);
    environment.add_test("divisibleby", tests::is_divisibleby);
    environment.add_test("ge", tests::is_ge);
    environment.add_test("gt", tests::is_gt);
    environment.add_test("greaterthan", tests::is_gt);
    environment.add_test("le", tests::is_le);
    environment.add_test("lt", tests::is_lt);
    environment.add_test("lessthan", tests::is_lt);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("even", tests::is_even);
    environment.add_test("in", tests::is_in);
    environment.add_test("equalto", tests::is_eq);
    environment.add_test("eq", tests::is_eq);
    environment.add_test("ne", tests::is_ne);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
}

/// `json.dumps` as called by Hugging Face: `", "` and `": "` as separators, no escaping of Korean
/// or of `<`.
fn tojson(value: Value, options: Kwargs) -> std::result::Result<String, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    // White space between values is not limited by the number of steps.
    const WIDEST: usize = 16;
    if indent.is_some_and(|width| width > WIDEST)
        || separators.iter().flatten().any(|separator| separator.len() > WIDEST)
    {
        let reason = format!("tojson: indents and separators have at most {WIDEST} characters");
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, reason));
    }
    let [comma, colon] = match separators.as_deref() {
        Some([comma, colon]) => [comma.clone(), colon.clone()],
        // Indented, without blanks at line ends.
        _ => [if indent.is_some() { "," } else { ", " }, ": "].map(String::from),
    };
    let ascii = options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false);
    let sorted = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    options.assert_all_used()?;
    let mut out = String::new();
    Json { indent, comma, colon, ascii, sorted }.write(&value, 0, &mut out)?;
    Ok(out)
}

/// The options of `json.dumps`.
struct Json {
    indent: Option<usize>,
    comma: String,
    colon: String,
    /// Escapes all characters but ASCII.
    ascii: bool,
    sorted: bool,
}

impl Json {
    fn write(
        &self,
        value: &Value,
        depth: usize,
        out: &mut String,
    ) -> std::result::Result<(), minijinja::Error> {
        let line = |out: &mut String, depth: usize| {
            if let Some(width) = self.indent {
                out.push('\n');
                out.push_str(&" ".repeat(width * depth));
            }
        };
        let kind = value.kind();
        if !matches!(kind, ValueKind::Map | ValueKind::Seq | ValueKind::Iterable) {
            return self.scalar(value, out);
        }
        let is_map = kind == ValueKind::Map;
        let mut items: Vec<Value> = value.try_iter()?.collect();
        if is_map && self.sorted {
            items.sort_by_key(|key| key.to_string());
        }
        out.push(if is_map { '{' } else { '[' });
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(&self.comma);
            }
            line(out, depth + 1);
            if is_map {
                self.scalar(&Value::from(item.to_string()), out)?;
                out.push_str(&self.colon);
                self.write(&value.get_item(item)?, depth + 1, out)?;
            } else {
                self.write(item, depth + 1, out)?;
            }
        }
        if !items.is_empty() {
            line(out, depth);
        }
        out.push(if is_map { '}' } else { ']' });
        Ok(())
    }

    fn scalar(&self, value: &Value, out: &mut String) -> std::result::Result<(), minijinja::Error> {
        let text = serde_json::to_string(value)
            .map_err(|e| minijinja::Error::new(ErrorKind::BadSerialization, e.to_string()))?;
        for c in text.chars() {
            match c {
                c if c.is_ascii() || !self.ascii => out.push(c),
                c => c
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str) -> Result<String> {
        let message = [Message { role: "user", content: Content::Text("안녕".into()) }];
        ChatTemplate::parse(source, std::iter::empty())?.render(&message, &[])
    }

    #[test]
    fn names_of_the_reference_are_defined() {
        let is = |source: &str| rendered(&format!("{{{{ {source} }}}}")).unwrap();
        assert_eq!(is("strftime_now is defined"), "True");
        assert_eq!(is("tools is defined and tools is none and documents is none"), "True");
        assert_eq!(is("builtin_tools is defined"), "False");
        let today = chrono::Local::now().format("%Y-%m-%d").to_string();
        let rendered_date = is("strftime_now('%Y-%m-%d')");
        // Midnight may lie between the two.
        assert!(
            rendered_date == today
                || rendered_date == chrono::Local::now().format("%Y-%m-%d").to_string(),
            "{rendered_date}"
        );
        assert_eq!(is("strftime_now('%d %b %Y')").len(), 11);
        let message = rendered("{{ strftime_now('%!') }}").unwrap_err().to_string();
        assert!(message.contains("does not know the format `%!`"), "{message}");
    }

    #[test]
    fn blocks_for_training_render_as_their_content_however_they_are_written() {
        for (open, close) in [
            ("{% generation %}", "{% endgeneration %}"),
            ("{%- generation -%}", "{%- endgeneration -%}"),
            ("{%generation%}", "{%endgeneration%}"),
            ("{%-  generation  %}", "{%+ endgeneration %}"),
        ] {
            let source =
                format!("{{% for m in messages %}}{open}{{{{ m.content }}}}{close}{{% endfor %}}");
            assert_eq!(rendered(&source).unwrap(), "안녕", "{source}");
        }
        assert_eq!(
            rendered("{{ 'generation' }} {% set generation = 1 %}{{ generation }}").unwrap(),
            "generation 1"
        );
    }

    #[test]
    fn json_is_written_as_pythons_with_its_options() {
        let is = |options: &str| {
            rendered(&format!("{{{{ {{'b': ['김', 1.5, none], 'a': {{}}}} | tojson{options} }}}}"))
                .unwrap()
        };
        assert_eq!(is(""), r#"{"b": ["김", 1.5, null], "a": {}}"#);
        assert_eq!(
            is("(sort_keys=true, separators=[',', ':'])"),
            r#"{"a":{},"b":["김",1.5,null]}"#
        );
        assert_eq!(is("(ensure_ascii=true)"), "{\"b\": [\"\\uae40\", 1.5, null], \"a\": {}}");
        assert_eq!(is("(indent=1)"), "{\n \"b\": [\n  \"김\",\n  1.5,\n  null\n ],\n \"a\": {}\n}");
        assert!(rendered("{{ [] | tojson(default=1) }}").is_err());
    }
}
