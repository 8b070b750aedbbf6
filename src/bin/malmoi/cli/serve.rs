//! `malmoi serve`.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use malmoi::prompts::Task;
use malmoi::store::Store;
use malmoi::store::catalogue::Purpose;
use malmoi::{Language, LanguagePair, TaskOptions};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::task_args::{GenerationArgs, MemoryArgs};
use crate::context::Context;
use crate::engine::{Engine, Limits, Served};
use crate::exit::Exit;
use crate::model_resolver::ModelResolver;
use crate::sandbox::{Needs, SandboxArgs};
use crate::server::{
    self, App, Deliveries, Fetcher, Glossaries, Guard, InFlight, JobLimits, Jobs, Keys, Listening,
    Log, Metrics, Recorder, RequestLimits, Runner, ServerMonitor, SharedOptions,
};

/// Serve the workbench and its APIs
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi serve\n  \
    malmoi serve --new-key desk\n  \
    malmoi serve --listen 0.0.0.0:7171 --allow-host news-server:7171 --keys keys.txt\n\n\
    APIs: malmoi's own under /api/v1, LibreTranslate's, DeepL's, OpenAI's, and those of browser\n\
    extensions (docs/server.md). Only programs on this machine\n\
    reach it unless --listen says otherwise, which needs --keys.")]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7171")]
    listen: Vec<String>,
    /// Further names of this server, as clients call it
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_host: Vec<String>,
    /// Origins of pages or browser extensions that may use the APIs; may end with *
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,
    /// File of the API keys that clients need
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Make a key, print it, add it to --keys, and end
    #[arg(long, value_name = "NAME")]
    new_key: Option<String>,
    /// Certificate chain in PEM, for TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Further model that requests may name, in every task and direction that it serves
    #[arg(long, value_name = "MODEL")]
    also: Vec<String>,
    /// Number of texts that a model generates together
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    at_once: u32,
    /// Number of requests that may wait; more are told to come back
    #[arg(long, value_name = "N", default_value_t = 256)]
    queue: usize,
    /// Characters of a request
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    max_characters: usize,
    /// Megabytes of a request
    #[arg(long, value_name = "MB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_body: u32,
    /// Time limit for a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
    /// Time that requests in hand get when the server is stopped, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// Folder of jobs, which outlive the server, or `off` [default: in the user's data folder]
    #[arg(long, value_name = "DIR")]
    jobs: Option<PathBuf>,
    /// Days for which finished jobs are kept
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3_650))]
    keep_jobs: u32,
    /// Number of jobs; the oldest finished ones make room
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_jobs: u32,
    /// Megabytes of all jobs; the oldest finished ones make room
    #[arg(long, value_name = "MB", default_value_t = 2_048)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    jobs_size: u64,
    /// Let clients name feeds by their addresses, which the server then fetches
    #[arg(long)]
    allow_fetch: bool,
    /// With --allow-fetch: allow private addresses, of this machine and this network
    #[arg(long, requires = "allow_fetch")]
    allow_private: bool,
    /// Access log, one JSON object a line without any text: a file, or `-` for standard error
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    generation: GenerationArgs,
}

impl Serve {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let keys_file = self.keys.clone();
        if let Some(name) = &self.new_key {
            let Some(path) = keys_file else {
                bail!("--new-key needs --keys FILE, the file that the key is added to");
            };
            let key = Keys::create(&path, name)?;
            crate::output::print(&format!("{key}\n"))?;
            context.ui.note(format!("only its hash is in {}: keep the key", path.display()));
            return Ok(Exit::Done);
        }
        let addresses = self.addresses()?;
        let keys = keys_file.map(|path| Keys::read(&path)).transpose()?.unwrap_or_default();
        if let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback())
            && keys.is_empty()
        {
            bail!(
                "{open} can be reached from other machines, which needs keys: \
                 make one with `malmoi serve --keys keys.txt --new-key NAME`, then add --keys keys.txt"
            );
        }
        let tls = self.tls()?;
        let log = Arc::new(match self.access_log.as_deref() {
            None => Log::off(),
            Some(path) if path == Path::new("-") => Log::stderr(),
            Some(path) => Log::file(path)
                .with_context(|| format!("cannot write the log {}", path.display()))?,
        });
        let store_settings = context.settings.store()?;
        let fetcher = self.fetcher(context)?;
        let listening = Listening::bind(&addresses)?;
        let metrics = Arc::new(Metrics::new());
        let jobs = self.open_jobs(context, &metrics, &log)?;
        let desk = self.memory.desk(context);
        self.sandbox.enter(context, &self.needs(context, jobs.as_deref(), fetcher.is_some())?)?;
        let mut options = TaskOptions {
            desk: desk.clone(),
            similar: self.memory.similar(context)?,
            ..self.generation.task_options(Task::Translate, None, context)?
        };
        options.second = options.second.map(|second| second.shared(self.at_once as usize));
        let limits = Limits {
            at_once: self.at_once as usize,
            queue: self.queue,
            time: Duration::from_secs(self.time_limit),
        };
        let engine =
            Engine::new(limits, ServerMonitor { metrics: metrics.clone(), log: log.clone() });
        let options = Arc::new(SharedOptions::new(
            options,
            self.generation.checks.given_glossary()?,
            self.generation.checks.dismissals(context),
        ));
        let recorder = Recorder::new(context.audit.clone(), log.clone());
        let runner = jobs.clone().map(|jobs| Runner {
            jobs,
            engine: engine.clone(),
            options: options.clone(),
            at_once: self.at_once as usize,
            store: Arc::new(Store::new(store_settings)),
            recorder: recorder.clone(),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        for address in &listening.addresses {
            context.ui.note(format!("listening on {scheme}://{address}"));
        }
        let app = App {
            engine: engine.clone(),
            desk,
            options,
            keys,
            guard: Guard::new(self.hosts(&listening.addresses), self.allow_origin.clone()),
            is_encrypted: tls.is_some(),
            in_flight: Arc::new(InFlight::default()),
            deliveries: Arc::new(Deliveries::default()),
            characters: AtomicU64::new(0),
            started: server::now(),
            // Beside the file of the desk.
            glossaries: Glossaries::open(
                context.settings.desk().map(|desk| desk.with_file_name("deepl-glossaries.json")),
            )?,
            jobs: jobs.clone(),
            fetcher,
            limits: RequestLimits {
                body: (self.max_body as usize) << 20,
                characters: self.max_characters,
                arrival: Duration::from_secs(60),
            },
            metrics,
            log,
            recorder,
            requests: AtomicU64::new(0),
        };
        let stop = Arc::new(Notify::new());
        let grace = Duration::from_secs(self.grace);
        let server = server::start(app, listening, tls, stop.clone(), grace)?;
        let (interrupt, interrupted) = std::sync::mpsc::channel();
        let on_interrupt = move || {
            // The receiver is gone once the server stops.
            let _ = interrupt.send(());
        };
        ctrlc::set_handler(on_interrupt).context("cannot listen for Ctrl-C")?;
        engine.start(models(context, &self.also)?)?;
        if let Some(runner) = runner {
            runner.start().context("cannot start the threads of jobs")?;
        }
        context.ui.note("ready");
        // The sender lives in the handler: this waits for Ctrl-C or a request to terminate.
        let _ = interrupted.recv();
        context.ui.note("stopping; requests in hand are finished first");
        if let Some(jobs) = jobs {
            jobs.stop();
        }
        engine.stop(grace);
        stop.notify_one();
        if server.join().is_err() {
            bail!("the server ended in a fault");
        }
        Ok(Exit::Done)
    }

    /// What the server reads and writes. Downloads the models that are not there, while that is
    /// possible.
    fn needs(&self, context: &Context, jobs: Option<&Jobs>, fetches: bool) -> Result<Needs> {
        let mut needs = Needs { read: self.generation.prepare(context)?, ..Needs::default() };
        let resolver = context.resolver();
        let is_there = |languages: LanguagePair| {
            let LanguagePair { from, to } = languages;
            resolver.has_summarizer(from, to) || (from != to && resolver.has_translator(from, to))
        };
        match resolver.requested {
            Some(name) => needs.read.push(resolver.prepare_named(name)?),
            None if directions().any(is_there) => {}
            None => resolver.prepare_summarizers(Language::English, Language::English)?,
        }
        for name in &self.also {
            needs.read.push(resolver.prepare_named(name)?);
        }
        needs.write.extend(jobs.map(|jobs| jobs.folder().to_path_buf()));
        // Glossaries of clients are beside the desk's file.
        let desk = context.settings.desk().unwrap_or_default();
        needs.write.extend(desk.parent().map(Path::to_path_buf));
        let dismissals = self.generation.checks.dismissals(context);
        make_list(&dismissals);
        needs.write.push(dismissals);
        needs.fetches = fetches.then_some("feeds that clients name");
        Ok(needs)
    }

    /// The folder of jobs. The usual one may be that of another server, which is noted.
    fn open_jobs(
        &self,
        context: &Context,
        metrics: &Arc<Metrics>,
        log: &Arc<Log>,
    ) -> Result<Option<Arc<Jobs>>> {
        let folder = match self.jobs.as_deref() {
            Some(path) if path == Path::new("off") => return Ok(None),
            Some(path) => path.to_path_buf(),
            None => context.settings.jobs(),
        };
        let limits = JobLimits {
            age: Duration::from_secs(u64::from(self.keep_jobs) * 86_400),
            count: self.max_jobs as usize,
            bytes: self.jobs_size << 20,
        };
        match Jobs::open(folder, limits, metrics.clone(), log.clone()) {
            Ok(jobs) => Ok(Some(Arc::new(jobs))),
            Err(error) if self.jobs.is_none() => {
                context
                    .ui
                    .note(format!("without jobs: {error:#}; choose another folder with --jobs"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches feeds, if that is allowed.
    fn fetcher(&self, context: &Context) -> Result<Option<Fetcher>> {
        if !self.allow_fetch {
            return Ok(None);
        }
        if context.settings.offline()? {
            bail!("--offline forbids --allow-fetch");
        }
        let fetcher = Fetcher::new(self.allow_private);
        Ok(Some(fetcher.context("this malmoi was built without network code for --allow-fetch")?))
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        for given in &self.listen {
            let found = given
                .to_socket_addrs()
                .with_context(|| format!("`{given}` is no address; write 127.0.0.1:7171"))?;
            for address in found {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Ok(addresses)
    }

    /// The names by which this server is called, with their ports.
    fn hosts(&self, addresses: &[SocketAddr]) -> Vec<String> {
        let mut hosts = Vec::new();
        for address in addresses {
            hosts.push(address.to_string());
            let port = address.port();
            if address.ip().is_loopback() || address.ip().is_unspecified() {
                hosts.push(format!("localhost:{port}"));
                hosts.push(format!("{}:{port}", loopback(address.ip())));
            }
            // Clients leave the default port out.
            for name in hosts.clone() {
                hosts.extend(["80", "443"].iter().filter_map(|default| {
                    name.strip_suffix(&format!(":{default}")).map(str::to_string)
                }));
            }
        }
        hosts.extend(self.allow_host.iter().cloned());
        hosts
    }

    fn tls(&self) -> Result<Option<TlsAcceptor>> {
        let (Some(chain), Some(key)) = (&self.tls_certificate, &self.tls_key) else {
            return Ok(None);
        };
        let read = |path: &Path| format!("cannot read {} as PEM", path.display());
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect)
            .with_context(|| read(chain))?;
        let key = PrivateKeyDer::from_pem_file(key).with_context(|| read(key))?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .context("the certificate and its key do not fit")?;
        Ok(Some(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Makes the list of dismissals, if there is none: one cannot be made in the sandbox. Without it,
/// dismissing says why it fails.
fn make_list(path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = std::fs::File::options().create(true).append(true).open(path);
}

fn loopback(of: IpAddr) -> &'static str {
    if of.is_ipv4() { "127.0.0.1" } else { "[::1]" }
}

/// Opens the best installed model for each task and direction, or the requested one for all, and
/// then each of `also` where it serves. With none installed the default for English summaries is
/// opened, and downloaded if necessary.
fn models(context: &Context, also: &[String]) -> Result<Vec<Served>> {
    let mut resolver = context.resolver();
    let is_requested = resolver.requested.is_some();
    let mut served = Vec::new();
    for languages in directions() {
        let LanguagePair { from, to } = languages;
        if from != to && (is_requested || resolver.has_translator(from, to)) {
            served.push(translators(&resolver, languages)?);
        }
        if is_requested || resolver.has_summarizer(from, to) {
            served.push(summarizers(&resolver, languages)?);
        }
    }
    if served.is_empty() {
        let languages = LanguagePair { from: Language::English, to: Language::English };
        served.push(summarizers(&resolver, languages)?);
    }
    for name in also {
        resolver.requested = Some(name);
        let installed = resolver.installed(name)?;
        for languages in directions() {
            let LanguagePair { from, to } = languages;
            if from != to && ModelResolver::serves(&installed, Purpose::Translate(from, to)) {
                served.push(translators(&resolver, languages)?);
            }
            if ModelResolver::serves(&installed, Purpose::Summarize(from, to)) {
                served.push(summarizers(&resolver, languages)?);
            }
        }
    }
    Ok(served)
}

fn directions() -> impl Iterator<Item = LanguagePair> {
    Language::all().flat_map(|from| Language::all().map(move |to| LanguagePair { from, to }))
}

fn translators(resolver: &ModelResolver<'_>, languages: LanguagePair) -> Result<Served> {
    let model = resolver.translator(languages.from, languages.to)?;
    Ok(Served { task: Task::Translate, languages, model, translator: None })
}

fn summarizers(resolver: &ModelResolver<'_>, languages: LanguagePair) -> Result<Served> {
    let (model, translator) = resolver.summarizers(languages.from, languages.to)?;
    Ok(Served { task: Task::Summarize, languages, model, translator })
}
