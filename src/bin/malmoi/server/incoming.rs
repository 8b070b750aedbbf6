//! Reads requests: fields from the query, a JSON object, a form or a multipart body, all into one
//! set, since clients of one API send them in all these ways.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart};
use axum::extract::{RawPathParams, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::app::App;
use super::upload::Upload;
use crate::engine::Failure;

/// Fields of a form, parts of a multipart body, or both together.
const MAX_FIELDS: usize = 10_000;
/// Values of a JSON body, which take more memory than the bytes that they are written with.
const MAX_VALUES: usize = 200_000;
/// Characters of a message about a value.
const MAX_MESSAGE: usize = 200;
/// Fields that may hold the key: of LibreTranslate and DeepLX, and of Google's clients.
const KEY_FIELDS: &[&str] = &["api_key", "token", "key"];

/// The fields of a request. A field that is given several times is an array.
pub(crate) struct Incoming {
    fields: Map<String, Value>,
    pub files: Vec<Upload>,
    /// Name of the key that was sent, if keys are needed.
    pub key: Option<String>,
    /// The body as it arrived.
    pub content: Bytes,
    /// The request without its body.
    pub parts: Parts,
    /// The variable part of the address; empty if it has none.
    pub id: String,
}

impl Incoming {
    /// Reads a request and checks its key.
    pub async fn read(app: &App, request: Request) -> Result<Self, Failure> {
        Self::read_as(app, request, false).await
    }

    /// The same, with a body of another type than those of fields as a file.
    pub async fn read_files(app: &App, request: Request) -> Result<Self, Failure> {
        Self::read_as(app, request, true).await
    }

    async fn read_as(app: &App, request: Request, takes_files: bool) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let variables = RawPathParams::from_request_parts(&mut parts, &()).await;
        let id = variables.ok().and_then(|all| Some(all.iter().next()?.1.to_string()));
        let content = read_body(app, body).await?;
        let kind = parts.headers.get(CONTENT_TYPE);
        let Read { fields, files } =
            Read::of(kind, parts.uri.query(), &content, takes_files).await?;
        let field = || KEY_FIELDS.iter().find_map(|name| fields.get(*name)?.as_str());
        let given = header_key(&parts.headers).or_else(|| field().map(str::to_string));
        let key = app.authorize(given.as_deref())?;
        Ok(Self { fields, files, key, content, parts, id: id.unwrap_or_default() })
    }

    /// A field as it was sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field as text; numbers and truth values as they are written.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(value)) => Ok(Some(value.to_string())),
            Some(_) => Err(Failure::Invalid(format!("`{name}` must be a text"))),
        }
    }

    /// A field as a list of texts; a single text is a list of one.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let wrong = || Failure::Invalid(format!("`{name}` must be a text or a list of texts"));
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
            Some(Value::Array(list)) => list
                .iter()
                .map(|text| text.as_str().map(str::to_string).ok_or_else(wrong))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(wrong()),
        }
    }

    /// A field as a number from `least` to `most`.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Failure> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_u64(),
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!("`{name}` must be a whole number from {least} to {most}");
                Err(Failure::Invalid(message))
            }
        }
    }

    /// A field as a truth value: `true`, `1`, `false` or `0`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name)?.as_deref() {
            None | Some("") => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Failure::Invalid(format!("`{name}` must be true or false"))),
        }
    }

    /// All fields as a JSON value.
    pub fn into_json<T: serde::de::DeserializeOwned>(self) -> Result<T, Failure> {
        serde_json::from_value(Value::Object(self.fields)).map_err(|error| {
            // The message may quote a value.
            Failure::Invalid(error.to_string().chars().take(MAX_MESSAGE).collect())
        })
    }
}

/// The ending of the files of a content type; `None` for those of fields. A file without an ending
/// is known by its first bytes.
fn file_ending(kind: &str) -> Option<&'static str> {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind {
        "" | "application/json" | "multipart/form-data" => None,
        "application/x-www-form-urlencoded" => None,
        "application/feed+json" => Some(".json"),
        "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Some(".jsonl"),
        "application/zip" | "application/x-zip-compressed" => Some(".zip"),
        "text/html" | "application/xhtml+xml" => Some(".html"),
        "text/markdown" => Some(".md"),
        "text/csv" => Some(".csv"),
        "text/vtt" => Some(".vtt"),
        kind if kind.ends_with("xml") => Some(".xml"),
        _ => Some(""),
    }
}

/// The key in the headers: `Authorization: Bearer KEY`, `DeepL-Auth-Key KEY`, or `X-API-Key`.
fn header_key(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let after_scheme = |value: &str| {
        let (scheme, key) = value.split_once(' ')?;
        let known = ["bearer", "deepl-auth-key"];
        known.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then(|| key.trim().to_string())
    };
    text(AUTHORIZATION.as_str())
        .and_then(after_scheme)
        .or_else(|| text("x-api-key").map(str::to_string))
}

/// Reads a whole body, within the limits on its size and its time.
pub(crate) async fn read_body(app: &App, body: Body) -> Result<Bytes, Failure> {
    let limit = app.limits.body;
    let read = axum::body::to_bytes(body, limit);
    match tokio::time::timeout(app.limits.arrival, read).await {
        Err(_) => Err(Failure::Slow),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                if error.is::<http_body_util::LengthLimitError>() {
                    let message = format!("the request is larger than {} MB", limit >> 20);
                    return Err(Failure::TooLarge(message));
                }
                cause = error.source();
            }
            Err(Failure::Invalid("the request ended before it was whole".into()))
        }
    }
}

/// What a request holds, in whichever way it was sent.
#[derive(Debug, Default)]
struct Read {
    fields: Map<String, Value>,
    files: Vec<Upload>,
}

impl Read {
    /// Reads a query, and a body by its content type. A body without one, or of another type, is
    /// JSON, or a file where files are taken; so is a form that `curl -d` made of JSON.
    async fn of(
        kind: Option<&HeaderValue>,
        query: Option<&str>,
        content: &Bytes,
        takes_files: bool,
    ) -> Result<Self, Failure> {
        let mut read = Self::default();
        if let Some(query) = query {
            read.add_form(query.as_bytes())?;
        }
        let name = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_lowercase();
        if let Some(ending) = file_ending(&name).filter(|_| takes_files) {
            let name = read.fields.get("name").and_then(Value::as_str).map(str::to_string);
            let name = name.unwrap_or_else(|| format!("upload{ending}"));
            read.files.push(Upload { name, bytes: content.clone() });
            return Ok(read);
        }
        if !is_utf8(&name) {
            return Err(Failure::Invalid("the body must be in UTF-8".into()));
        }
        if name.starts_with("multipart/form-data") {
            let mut request = Request::new(Body::from(content.clone()));
            request.headers_mut().extend(kind.map(|kind| (CONTENT_TYPE, kind.clone())));
            // The body is here, within the limit of this server.
            DefaultBodyLimit::disable().apply(&mut request);
            read.add_multipart(request).await?;
        } else if name.starts_with("application/x-www-form-urlencoded") {
            match object(content) {
                Ok(object) if content.trim_ascii_start().starts_with(b"{") => {
                    read.fields.extend(object);
                }
                _ => read.add_form(content)?,
            }
        } else if !content.iter().all(u8::is_ascii_whitespace) {
            read.fields.extend(object(content)?);
        }
        Ok(read)
    }

    fn add_form(&mut self, form: &[u8]) -> Result<(), Failure> {
        for (index, (name, value)) in url::form_urlencoded::parse(form).enumerate() {
            if index == MAX_FIELDS {
                return Err(too_many_fields());
            }
            // A field of a form, as of a browser, has its line breaks as CR LF.
            self.add(&name, value.replace("\r\n", "\n"));
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: String) {
        match self.fields.get_mut(name) {
            None => drop(self.fields.insert(name.to_string(), Value::String(value))),
            Some(Value::Array(list)) => list.push(Value::String(value)),
            Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
        }
    }

    async fn add_multipart(&mut self, request: Request) -> Result<(), Failure> {
        let wrong = || Failure::Invalid("the multipart body is malformed".into());
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| wrong())?;
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(|_| wrong())? {
            count += 1;
            if count > MAX_FIELDS {
                return Err(too_many_fields());
            }
            let name = part.name().unwrap_or_default().to_string();
            // Only the last part of a path, in the spelling of any system, names a file.
            let file = part
                .file_name()
                .map(|path| path.rsplit(['/', '\\']).next().unwrap_or_default().to_string());
            let bytes = part.bytes().await.map_err(|_| wrong())?;
            match file {
                Some(name) => self.files.push(Upload { name, bytes }),
                None => {
                    let text = String::from_utf8(bytes.into())
                        .map_err(|_| Failure::Invalid(format!("`{name}` is not text in UTF-8")))?;
                    self.add(&name, text.replace("\r\n", "\n"));
                }
            }
        }
        Ok(())
    }
}

fn too_many_fields() -> Failure {
    Failure::TooLarge(format!("the request has more than {MAX_FIELDS} fields"))
}

/// True unless a content type, in lower case, names another charset.
fn is_utf8(kind: &str) -> bool {
    let charset = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="));
    charset.is_none_or(|name| {
        ["utf-8", "utf8", "us-ascii"].contains(&name.trim().trim_matches(['"', '\'']))
    })
}

/// The fields of a JSON object.
fn object(content: &[u8]) -> Result<Map<String, Value>, Failure> {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    if values(content) > MAX_VALUES {
        let message = format!("the request has more than {MAX_VALUES} values");
        return Err(Failure::TooLarge(message));
    }
    match serde_json::from_slice(content) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::Invalid("the body must be a JSON object".into())),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            Err(Failure::Invalid(format!("the body is not JSON ({place})")))
        }
    }
}

/// The number of values of a JSON text, at most: commas and brackets outside of its strings.
fn values(json: &[u8]) -> usize {
    let (mut count, mut is_string, mut is_escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b',' | b'[' | b'{' if !is_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
#[path = "incoming/tests.rs"]
mod tests;
