//! `malmoi doctor`: what this machine is to malmoi, and what malmoi is set to.

use anyhow::Result;
use clap::Args;
use malmoi::kernels::Isa;
use malmoi::store::catalogue;
use serde_json::{Value, json};

use super::Run;
use crate::{Exit, output};

/// Show settings and where each comes from, the machine, and installed models
#[derive(Args)]
pub(crate) struct Doctor {}

impl Doctor {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let settings: Vec<Value> = run
            .settings
            .rows()
            .iter()
            .map(|row| {
                // That a token is set is worth knowing; the token is nobody's business.
                let value = match (row.name, &row.value) {
                    ("token", Some(_)) => Some("set".to_string()),
                    (_, value) => value.as_deref().map(malmoi::redact::secrets),
                };
                json!({ "name": row.name, "value": value, "from": row.origin, "describe": row.describe })
            })
            .collect();
        let installed: Vec<&str> = catalogue::entries()
            .iter()
            .filter(|entry| run.store.installed(entry).is_some())
            .map(|entry| entry.name.as_str())
            .collect();
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let threads = rayon::current_num_threads();
        let report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "fetch": cfg!(feature = "fetch"),
            "kernels": Isa::detect().name(),
            "threads": threads,
            "memory_free": system.available_memory(),
            "memory": system.total_memory(),
            "installed": installed,
            "settings": settings,
        });
        if run.json {
            output::print(&format!("{report}\n"))?;
            return Ok(Exit::Done);
        }
        let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
        let mut text = format!("malmoi {}\n\nmachine\n", env!("CARGO_PKG_VERSION"));
        let memory =
            format!("{} free of {}", gigabytes(system.available_memory()), gigabytes(system.total_memory()));
        let fetching = if cfg!(feature = "fetch") {
            "built in"
        } else {
            "not built in: this program cannot open a connection"
        };
        let models = if installed.is_empty() { "none".to_string() } else { installed.join(", ") };
        let facts = [
            ("threads", threads.to_string()),
            ("arithmetic", Isa::detect().name().to_string()),
            ("memory", memory),
            ("fetching", fetching.to_string()),
            ("models", models),
        ];
        for (name, value) in facts {
            text += &format!("  {name:11} {value}\n");
        }
        text += "\nsettings (file < environment < flags)\n";
        for row in &settings {
            let word = |key: &str| row[key].as_str().unwrap_or("not set").to_string();
            text += &format!("  {:11} {}  ({})\n", word("name"), word("value"), word("from"));
        }
        output::print(&text)?;
        Ok(Exit::Done)
    }
}
