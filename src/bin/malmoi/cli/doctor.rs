//! `malmoi doctor`: a report of the machine, the settings and the installed models.

use anyhow::Result;
use clap::Args;
use malmoi::internals::kernels::Isa;
use malmoi::store::{Store, catalogue};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output;
use crate::sandbox::{self, Attempt};
use crate::settings::{Settings, SettingsError};

/// Show the machine, every setting with its origin, and the installed models
#[derive(Args)]
pub(crate) struct Doctor {}

impl Doctor {
    /// Prints the report. It includes settings that cannot be used, the first of which is the
    /// error.
    pub fn run(self, settings: &Settings, faults: Vec<SettingsError>, json: bool) -> Result<Exit> {
        let file = settings.file().display().to_string();
        let rows: Vec<Value> = settings
            .rows()
            .iter()
            .map(|row| {
                // Secrets: the report only says that they are set.
                let value = match (row.name, &row.value) {
                    ("token" | "key_password", Some(_)) => Some("set".to_string()),
                    (_, value) => value.as_deref().map(malmoi::internals::redact::secrets),
                };
                json!({ "name": row.name, "value": value, "from": row.origin, "describe": row.describe })
            })
            .collect();
        let store = settings.store().map(Store::new);
        let is_installed = |entry: &catalogue::Entry| {
            store.as_ref().is_ok_and(|store| store.installed(entry).is_some())
        };
        let installed: Vec<&str> = catalogue::entries()
            .iter()
            .filter(|entry| is_installed(entry))
            .map(|entry| entry.name.as_str())
            .collect();
        let problems: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let (free, memory) = (system.available_memory(), system.total_memory());
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = rayon::current_num_threads().min(processors);
        let sandbox = SandboxReport::new(settings);
        let report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "fetch": cfg!(feature = "fetch"),
            "kernels": Isa::detect().name(),
            "threads": threads,
            "memory_free": free,
            "memory": memory,
            "installed": installed,
            "sandbox": sandbox.json(),
            "settings_file": file,
            "settings": rows,
            "problems": problems,
        });
        if json {
            output::print(&format!("{report}\n"))?;
        } else {
            let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
            let fetching = if cfg!(feature = "fetch") {
                "built in"
            } else {
                "not built in: no network access"
            };
            let models =
                if installed.is_empty() { "none".to_string() } else { installed.join(", ") };
            let facts = [
                ("threads", threads.to_string()),
                ("kernels", Isa::detect().name().to_string()),
                ("memory", format!("{} free of {}", gigabytes(free), gigabytes(memory))),
                ("fetching", fetching.to_string()),
                ("models", models),
            ];
            let mut text = format!("malmoi {}\n\nmachine\n", env!("CARGO_PKG_VERSION"));
            for (name, value) in facts {
                text += &format!("  {name:13} {value}\n");
            }
            text += &sandbox.text();
            text += &format!("\nsettings (file < environment < flags; file: {file})\n");
            for row in &rows {
                let word = |key: &str| row[key].as_str().unwrap_or("not set").to_string();
                text += &format!("  {:13} {}  ({})\n", word("name"), word("value"), word("from"));
            }
            for problem in &problems {
                text += &format!("\nproblem: {problem}\n");
            }
            output::print(&text)?;
        }
        faults.into_iter().next().map_or(Ok(Exit::Done), |fault| Err(fault.into()))
    }
}

/// The sandbox of this machine, as it was tried.
struct SandboxReport {
    /// Value of the setting.
    mode: String,
    /// What the kernel has, or why nothing was tried.
    found: String,
    is_whole: bool,
    attempts: Vec<Attempt>,
}

impl SandboxReport {
    fn new(settings: &Settings) -> Self {
        let mode = settings.get("sandbox").unwrap_or("auto").to_string();
        let (found, attempts) = match sandbox::trial() {
            Ok((found, attempts)) => (found, attempts),
            Err(error) => (Err(format!("could not be tried: {error}")), Vec::new()),
        };
        let is_whole = found.as_ref().is_ok_and(|protection| protection.is_whole())
            && attempts.iter().all(|attempt| attempt.refused);
        let found = match found {
            Ok(protection) => match (protection.missing(), protection.landlock) {
                (None, Some(version)) => format!("whole: Landlock {version} and seccomp"),
                (missing, _) => missing.unwrap_or_default().to_string(),
            },
            Err(reason) => reason,
        };
        Self { mode, found, is_whole, attempts }
    }

    fn json(&self) -> Value {
        let attempts: serde_json::Map<String, Value> = self
            .attempts
            .iter()
            .map(|attempt| {
                (
                    attempt.act.to_string(),
                    if attempt.refused { "refused" } else { "possible" }.into(),
                )
            })
            .collect();
        json!({ "mode": self.mode, "whole": self.is_whole, "found": self.found, "tried": attempts })
    }

    fn text(&self) -> String {
        let mut text = format!("\nsandbox of batch, feed and serve ({})\n", self.mode);
        text += &format!("  {:22} {}\n", "this kernel", self.found);
        for Attempt { act, refused } in &self.attempts {
            text += &format!("  {act:22} {}\n", if *refused { "refused" } else { "possible" });
        }
        text
    }
}
