//! The sandbox of a command: what it reads, writes and reaches, and what the user is told of it.

mod trial;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use malmoi::internals::sandbox::{Network, Protection, Sandbox};

use crate::context::Context;
use crate::pdf_tool;
use crate::settings::SandboxMode;

pub(crate) use trial::{Attempt, trial};

/// The option of commands that read files of strangers.
#[derive(Args, Clone, Copy)]
pub(crate) struct SandboxArgs {
    /// Give up all rights but those to read the inputs and models and to write the output: auto
    /// (where the kernel can), require, or off; alone it means require [default: auto]
    #[arg(long, value_name = "MODE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "require")]
    sandbox: Option<SandboxMode>,
}

/// What a command needs beside models and settings.
#[derive(Default)]
pub(crate) struct Needs {
    pub read: Vec<PathBuf>,
    pub write: Vec<PathBuf>,
    /// What is fetched from the web while it works.
    pub fetches: Option<&'static str>,
}

/// What the C library, the clock and the counts of memory and processors are read from.
const SYSTEM: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
];

/// What names of hosts are looked up in.
const RESOLVER: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/run/systemd/resolve",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
];

/// Where programs, their libraries and their fonts are.
const PROGRAMS: &[&str] = &["/bin", "/lib", "/lib64", "/usr"];
const FONTS: &[&str] = &["/etc/fonts", "/etc/ld.so.cache", "/etc/passwd", "/var/cache/fontconfig"];

/// Levels of folders in which links are looked for.
const DEPTH: usize = 5;

impl SandboxArgs {
    fn mode(self, context: &Context) -> Result<SandboxMode> {
        Ok(self.sandbox.unwrap_or(context.settings.sandbox()?))
    }

    /// Gives up what the command does not need, then starts the threads to compute with. Says what
    /// the kernel cannot do.
    ///
    /// Must run while this is the only thread: Landlock restricts one, and those it starts.
    pub fn enter(self, context: &Context, needs: &Needs) -> Result<()> {
        let mode = self.mode(context)?;
        if mode != SandboxMode::Off {
            self.restrict(context, needs, mode)?;
        }
        context.start_threads()
    }

    fn restrict(self, context: &Context, needs: &Needs, mode: SandboxMode) -> Result<()> {
        if cfg!(feature = "cuda") {
            let reason = "this malmoi computes on a GPU, whose driver opens files of its own";
            return told(Err(reason.to_string()), mode, context);
        }
        if let Some(folder) = needs.write.iter().find(|path| path.is_dir()) {
            keep_temporary_files_in(folder)?;
        }
        let entered = sandbox(context, needs).enter();
        if entered.is_ok() {
            context.close_network(needs.fetches.is_none());
            if let Some(what) = needs.fetches {
                context.ui.note(format!("the sandbox leaves the network open for {what}"));
            }
            if pdf_tool::program().is_some() {
                context.ui.note(
                    "--pdf-tool: programs of this system can be started in the sandbox; they \
                     inherit it",
                );
            }
        }
        told(entered.map_err(|error| error.to_string()), mode, context)
    }

    /// The result of short work on files of strangers before the command enters its sandbox: in a
    /// thread with one of its own, which can write nothing.
    pub fn beforehand<T: Send>(
        self,
        context: &Context,
        needs: &Needs,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T> {
        if self.mode(context)? == SandboxMode::Off {
            return Ok(work());
        }
        let needs = Needs { read: needs.read.clone(), ..Needs::default() };
        let sandbox = sandbox(context, &needs);
        let done = std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                // What the kernel cannot do is told when the command enters its own.
                let _ = sandbox.enter_thread();
                work()
            });
            thread.join()
        });
        done.map_err(|_| anyhow::anyhow!("the inputs could not be looked at"))
    }
}

/// Notes or refuses what is missing.
fn told(
    entered: std::result::Result<Protection, String>,
    mode: SandboxMode,
    context: &Context,
) -> Result<()> {
    let missing = match &entered {
        Ok(protection) => protection.missing().map(str::to_string),
        Err(reason) => Some(reason.clone()),
    };
    match missing {
        None => {}
        Some(missing) if mode == SandboxMode::Require => bail!(
            "--sandbox=require: {missing}; Linux 6.2 or newer with Landlock and seccomp turned on \
             has a whole sandbox, and --sandbox=auto works without"
        ),
        Some(missing) => context.ui.note(format!(
            "without a whole sandbox: {missing}; --sandbox=require would not work like this"
        )),
    }
    Ok(())
}

/// Everything a command may still do.
fn sandbox(context: &Context, needs: &Needs) -> Sandbox {
    let settings = &context.settings;
    let cache = context.settings.weights_cache();
    // A folder that does not exist cannot be named in a rule.
    let _ = std::fs::create_dir_all(&cache);
    let mut read: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    read.extend(std::env::current_exe());
    read.push(settings.file().to_path_buf());
    for name in ["cache", "catalogue", "prompts", "checks", "model", "second", "meaning"] {
        read.extend(settings.get(name).map(PathBuf::from));
    }
    read.extend(needs.read.iter().cloned());
    let outside: Vec<PathBuf> = read.iter().flat_map(|path| beyond(path)).collect();
    let mut sandbox = Sandbox::new().read(read).read(outside);
    sandbox = sandbox.write(needs.write.iter().cloned()).write([cache, "/dev/null".into()]);
    if needs.fetches.is_some() {
        sandbox = sandbox.network(Network::Outgoing).read(RESOLVER);
    }
    if let Some(program) = pdf_tool::program() {
        sandbox = sandbox.run(PROGRAMS).run([program]).read(FONTS);
    }
    sandbox
}

/// Where the links of a model's folder lead outside of it, and the other parts of a file in parts.
/// Links of other folders are followed only where the user says so.
fn beyond(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".gguf") && name.contains("-of-") {
        found.extend(path.parent().map(Path::to_path_buf));
    }
    let holds_models = |folder: &Path| {
        ["config.json", "config.yml", "snapshots"].iter().any(|name| folder.join(name).exists())
    };
    let is_store = std::fs::read_dir(path).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("models--"))
    });
    if is_store || holds_models(path) {
        let root = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        links(path, &root, DEPTH, &mut found);
    }
    found
}

fn links(folder: &Path, root: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if kind.is_symlink() {
            found.extend(path.canonicalize().ok().filter(|target| !target.starts_with(root)));
        } else if kind.is_dir() && depth > 0 {
            links(&path, root, depth - 1, found);
        }
    }
}

/// Where links among inputs lead, for those who follow them.
pub(crate) fn targets(inputs: &[PathBuf], given: &[PathBuf]) -> Vec<PathBuf> {
    let roots: Vec<PathBuf> = given.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let real = inputs.iter().filter_map(|path| path.canonicalize().ok());
    real.filter(|path| !roots.iter().any(|root| path.starts_with(root))).collect()
}

/// The files of an open desk: its database, and the two that SQLite keeps beside it meanwhile.
pub(crate) fn desk_files(path: &Path) -> Vec<PathBuf> {
    let beside = ["", "-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_os_string();
        name.push(suffix);
        PathBuf::from(name)
    });
    beside.into()
}

/// Has SQLite keep what does not fit into memory in a folder that can be written, not in `/tmp`.
fn keep_temporary_files_in(folder: &Path) -> Result<()> {
    let Some(folder) = folder.canonicalize()?.to_str().map(str::to_string) else { return Ok(()) };
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.pragma_update(None, "temp_store_directory", folder)?;
    Ok(())
}
