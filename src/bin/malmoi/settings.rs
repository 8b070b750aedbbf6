//! Settings: `config.toml` < environment < flags, each with where it came from. One row a setting.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use malmoi::Quantization;
use malmoi::store::Settings as StoreSettings;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {reason}")]
pub(crate) struct SettingsError {
    origin: String,
    reason: String,
}

type Result<T> = std::result::Result<T, SettingsError>;

/// What may be set, and how.
struct Key {
    name: &'static str,
    describe: &'static str,
    /// Environment variables, the strongest first; a second word is a folder within the value.
    env: &'static [(&'static str, &'static str)],
    /// Whether it may stand in a file; secrets may not.
    in_file: bool,
}

const KEYS: &[Key] = &[
    Key {
        name: "model",
        describe: "the model to use",
        env: &[("MALMOI_MODEL", "")],
        in_file: true,
    },
    Key {
        name: "cache",
        describe: "where models lie",
        env: &[("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")],
        in_file: true,
    },
    Key {
        name: "endpoint",
        describe: "the hub's address",
        env: &[("HF_ENDPOINT", "")],
        in_file: true,
    },
    Key { name: "token", describe: "who asks the hub", env: &[("HF_TOKEN", "")], in_file: false },
    Key {
        name: "offline",
        describe: "never fetch",
        env: &[("MALMOI_OFFLINE", ""), ("HF_HUB_OFFLINE", "")],
        in_file: true,
    },
    Key {
        name: "python",
        describe: "whose pip is asked",
        env: &[("MALMOI_PYTHON", "")],
        in_file: true,
    },
    Key {
        name: "prompts",
        describe: "a folder of prompt files",
        env: &[("MALMOI_PROMPTS", "")],
        in_file: true,
    },
    Key {
        name: "quantize",
        describe: "what float weights are quantized to",
        env: &[("MALMOI_QUANTIZE", "")],
        in_file: true,
    },
    Key {
        name: "keep",
        describe: "whether weights laid out for this processor are kept",
        env: &[("MALMOI_KEEP", "")],
        in_file: true,
    },
    Key {
        name: "portable",
        describe: "whether texts are to be the same on every processor",
        env: &[("MALMOI_PORTABLE", "")],
        in_file: true,
    },
    Key {
        name: "threads",
        describe: "threads to compute with",
        env: &[("MALMOI_THREADS", "")],
        in_file: true,
    },
];

/// A setting's value and who set it.
pub(crate) struct Row {
    pub name: &'static str,
    pub describe: &'static str,
    pub value: Option<String>,
    pub origin: String,
}

/// Every setting.
pub(crate) struct Settings {
    rows: Vec<Row>,
    /// The settings file, which need not exist.
    file: PathBuf,
    /// Why the file was left out, if it was.
    fault: Option<SettingsError>,
    /// Where programs of this user keep what can be made again.
    cache: PathBuf,
}

impl Settings {
    /// Reads the file and the environment; `flags` are names of settings with what the command line
    /// says. A file that cannot be read is left out and becomes the first of
    /// [`faults`](Self::faults).
    pub fn read(flags: &[(&'static str, Option<String>)]) -> Result<Self> {
        let base = etcetera::choose_base_strategy().map_err(|e| SettingsError {
            origin: "the environment".into(),
            reason: format!("no home folder: {e}"),
        })?;
        let file = base.config_dir().join("malmoi/config.toml");
        let (from_file, fault) = match read_file(&file) {
            Ok(table) => (table, None),
            Err(fault) => (toml::Table::new(), Some(fault)),
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let rows = KEYS.iter().map(|key| {
            let flag = flags.iter().find(|(name, value)| *name == key.name && value.is_some());
            let env =
                key.env.iter().find_map(|(name, within)| Some((*name, *within, variable(name)?)));
            let (value, origin) = if let Some((name, value)) = flag {
                (value.clone(), format!("--{name}"))
            } else if let Some((name, within, value)) = env {
                let value = if within.is_empty() {
                    value
                } else {
                    Path::new(&value).join(within).display().to_string()
                };
                (Some(value), name.to_string())
            } else if let Some(value) = from_file.get(key.name) {
                (Some(plain(value)), file.display().to_string())
            } else {
                (default(key.name, &base.cache_dir()), "default".to_string())
            };
            Row { name: key.name, describe: key.describe, value, origin }
        });
        Ok(Self { rows: rows.collect(), file: file.clone(), fault, cache: base.cache_dir() })
    }

    /// The settings file, which need not exist.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Everything that is wrong with the settings, the file first.
    pub fn faults(mut self) -> (Self, Vec<SettingsError>) {
        let checks = [
            self.offline().err(),
            self.keep().err(),
            self.portable().err(),
            self.threads().err(),
            self.quantize().err(),
        ];
        let faults = self.fault.take().into_iter().chain(checks.into_iter().flatten()).collect();
        (self, faults)
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A setting as it is, `None` where nobody set it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.row(name)?.value.as_deref()
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    pub fn offline(&self) -> Result<bool> {
        self.truth("offline").map(|value| value.unwrap_or(false))
    }

    /// Whether weights are kept as this processor reads them.
    pub fn keep(&self) -> Result<bool> {
        self.truth("keep").map(|value| value.unwrap_or(true))
    }

    /// Whether texts are to be those of every processor.
    pub fn portable(&self) -> Result<bool> {
        self.truth("portable").map(|value| value.unwrap_or(false))
    }

    fn truth(&self, name: &str) -> Result<Option<bool>> {
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

    /// What float weights are turned into.
    pub fn quantize(&self) -> Result<Option<Quantization>> {
        let words = Quantization::ALL.map(Quantization::as_str).join(", ");
        self.parsed("quantize", &format!("one of {words}"), Quantization::parse)
    }

    /// Where what is made of weights is kept: beside what other programs cache.
    pub fn kept_in(&self) -> PathBuf {
        self.cache.join("malmoi/weights")
    }

    pub fn prompts(&self) -> Option<PathBuf> {
        self.get("prompts").map(PathBuf::from)
    }

    fn parsed<T>(
        &self,
        name: &str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(row) = self.row(name) else { return Ok(None) };
        let Some(text) = &row.value else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| SettingsError {
            origin: row.origin.clone(),
            reason: format!("{name} is `{text}`, expected {wanted}"),
        })
    }

    /// What the store needs of them.
    pub fn store(&self) -> Result<StoreSettings> {
        let usual = StoreSettings::new(self.get("cache").unwrap_or_default());
        Ok(StoreSettings {
            endpoint: self
                .get("endpoint")
                .unwrap_or(&usual.endpoint)
                .trim_end_matches('/')
                .to_string(),
            token: self.get("token").map(|token| token.trim().to_string()),
            offline: self.offline()?,
            python: self.get("python").unwrap_or(&usual.python).to_string(),
            sums: Some(self.cache.join("malmoi/sums.json")),
            ..usual
        })
    }
}

fn default(name: &str, cache: &Path) -> Option<String> {
    match name {
        "cache" => Some(cache.join("huggingface/hub").display().to_string()),
        "token" => {
            // Where `hf auth login` leaves it.
            let home = std::env::var_os("HF_HOME").filter(|home| !home.is_empty());
            let home = home.map_or_else(|| cache.join("huggingface"), PathBuf::from);
            malmoi::store::stored_token(&home)
        }
        "endpoint" => Some(StoreSettings::new("").endpoint),
        "offline" => Some("false".to_string()),
        "keep" => Some("true".to_string()),
        "portable" => Some("false".to_string()),
        "python" => Some(StoreSettings::new("").python),
        _ => None,
    }
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
        let Some(key) = KEYS.iter().find(|key| key.name == name && key.in_file) else {
            let known: Vec<&str> =
                KEYS.iter().filter(|key| key.in_file).map(|key| key.name).collect();
            return Err(fail(format!(
                "`{name}` is no setting of a file; known: {}",
                known.join(", ")
            )));
        };
        if value.is_table() || value.is_array() {
            return Err(fail(format!("`{}` must be one value", key.name)));
        }
    }
    Ok(table)
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
