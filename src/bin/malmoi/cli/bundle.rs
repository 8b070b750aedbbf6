//! `malmoi bundle`: models in one signed file, for networks without a network.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use malmoi::internals::bundle::{
    self, Extra, Installation, KeyPair, LEAST_PART, Manifest, Role, Signed, Signer, TrustedKey,
    bundle_path,
};
use malmoi::prompts::Prompt;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;

/// Carry models into a network that has no other: one file, verified and signed
#[derive(Args)]
pub(crate) struct BundleCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Put models, and what belongs to them, into one file
    Create {
        /// Model names, owner/repo[@revision][:file], files or folders
        #[arg(required = true, value_name = "MODEL")]
        names: Vec<String>,
        /// The bundle to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Add a glossary; may be given several times
        #[arg(long, value_name = "FILE")]
        glossary: Vec<PathBuf>,
        /// Add this program
        #[arg(long)]
        with_program: bool,
        /// Write parts of at most this size, for discs: 4GB, 700MB
        #[arg(long, value_name = "SIZE", value_parser = size)]
        split: Option<u64>,
        /// Sign it with this secret key
        #[arg(long, value_name = "KEY")]
        sign: Option<PathBuf>,
        #[command(flatten)]
        password: Password,
    },
    /// Verify a bundle and install what it holds
    Install {
        /// The bundle, or its first part
        file: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
    /// Verify a bundle and show what it holds
    Inspect {
        /// The bundle, or its first part
        file: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
    /// Make one file of the parts of a bundle
    Join {
        /// The first part
        file: PathBuf,
        /// The bundle to write [default: the name of the parts without their number]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Sign a bundle; the signature is written beside it
    Sign {
        /// The bundle, or its first part
        file: PathBuf,
        /// The secret key
        #[arg(long, value_name = "KEY")]
        key: PathBuf,
        #[command(flatten)]
        password: Password,
    },
    /// Make a pair of keys in the format of minisign
    Keygen {
        /// File of the secret key; the public key is written beside it, as .pub
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Leave the secret key unencrypted
        #[arg(long, conflicts_with = "password_file")]
        without_password: bool,
        #[command(flatten)]
        password: Password,
    },
}

/// The password of a secret key, which is never asked for.
#[derive(Args)]
struct Password {
    /// File with the password of the secret key [default: the variable MALMOI_KEY_PASSWORD]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Password {
    fn read(&self, context: &Context) -> Result<Option<String>> {
        let Some(path) = &self.password_file else {
            return Ok(context.settings.get("key_password").map(str::to_string));
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(text.lines().next().unwrap_or_default().to_string()))
    }
}

/// Whom a bundle must be from.
#[derive(Args)]
struct Trust {
    /// Refuse a bundle without the signature of a trusted key
    #[arg(long)]
    require_signature: bool,
    /// Trust this public key, or the file it is in, besides those of the setting trusted_keys
    #[arg(long, value_name = "KEY")]
    trusted_key: Vec<String>,
}

impl Trust {
    fn keys(&self, context: &Context) -> Result<Vec<TrustedKey>> {
        let mut keys = context.settings.trusted_keys()?;
        for key in &self.trusted_key {
            keys.push(TrustedKey::parse(key)?);
        }
        Ok(keys)
    }

    fn is_required(&self, context: &Context) -> Result<bool> {
        Ok(self.require_signature || context.settings.require_signature()?)
    }
}

impl BundleCommand {
    pub fn run(self, context: &Context) -> Result<Exit> {
        match self.action {
            Action::Create { names, output, glossary, with_program, split, sign, password } => {
                let password = password.read(context)?;
                let signer = sign.map(|key| Signer::open(&key, password)).transpose()?;
                let mut extras = prompts(context)?;
                extras.extend(glossary.iter().map(|path| Extra::file(Role::Glossary, path)));
                if with_program {
                    let program = std::env::current_exe().context("cannot find this program")?;
                    extras.push(Extra::file(Role::Program, &program));
                }
                create(context, &names, &extras, &output, split, signer)
            }
            Action::Install { file, trust } => install(context, &file, &trust),
            Action::Inspect { file, trust } => inspect(context, &file, &trust),
            Action::Join { file, output } => {
                let output = output.unwrap_or_else(|| bundle_path(&file));
                if output == file {
                    bail!("{} is one file already: give its first part", file.display());
                }
                let bytes = bundle::join(&file, &output)?;
                written(context, &[output], bytes, None)
            }
            Action::Sign { file, key, password } => {
                let signature = Signer::open(&key, password.read(context)?)?.sign(&file)?;
                written(context, &[signature], 0, None)
            }
            Action::Keygen { output, without_password, password } => {
                let password = password.read(context)?.filter(|_| !without_password);
                if password.is_none() && !without_password {
                    bail!(
                        "the secret key needs a password: give it with --password-file or in \
                         MALMOI_KEY_PASSWORD, or leave the key unencrypted with --without-password"
                    );
                }
                keygen(context, &output, password)
            }
        }
    }
}

/// The prompts that this machine uses, as files.
fn prompts(context: &Context) -> Result<Vec<Extra>> {
    let texts = Prompt::texts(context.settings.prompts().as_deref())?;
    let extra = |(name, text): (String, String)| {
        Extra::text(Role::Prompt, &format!("{name}.md"), text.into_bytes())
    };
    Ok(texts.into_iter().map(extra).collect())
}

fn create(
    context: &Context,
    names: &[String],
    extras: &[Extra],
    output: &Path,
    split: Option<u64>,
    signer: Option<Signer>,
) -> Result<Exit> {
    let models =
        names.iter().map(|name| context.store.cargo(name)).collect::<Result<Vec<_>, _>>()?;
    let created = {
        let mut progress = context.ui.pull();
        bundle::create(&models, extras, output, split, &mut progress)?
    };
    // A signature of an earlier bundle would be wrong.
    let signature = bundle::signature_path(output);
    let signature = match signer {
        Some(signer) => Some(signer.sign(created.files.first().map_or(output, |file| file))?),
        None => match std::fs::remove_file(&signature) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove {}", signature.display()));
            }
            _ => None,
        },
    };
    let models = match created.manifest.models.len() {
        1 => "1 model".to_string(),
        count => format!("{count} models"),
    };
    context.ui.note(format!(
        "{models}, {} files, {} MB; content {}",
        created.manifest.files.len(),
        created.bytes.div_ceil(1_000_000),
        created.id
    ));
    let files: Vec<PathBuf> = created.files.into_iter().chain(signature).collect();
    written(context, &files, created.bytes, Some(created.id.as_str()))
}

/// Prints the files that were written.
fn written(context: &Context, files: &[PathBuf], bytes: u64, id: Option<&str>) -> Result<Exit> {
    if context.json {
        let line = json!({ "files": files, "bytes": bytes, "content": id });
        output::print(&format!("{line}\n"))?;
    } else {
        for file in files {
            output::print(&format!("{}\n", file.display()))?;
        }
    }
    Ok(Exit::Done)
}

fn install(context: &Context, file: &Path, trust: &Trust) -> Result<Exit> {
    let keys = trust.keys(context)?;
    let installation = Installation {
        store: &context.store,
        extras: &context.settings.bundles(),
        trusted: &keys,
        require_signature: trust.is_required(context)?,
    };
    let installed = bundle::install(file, &installation, &mut context.ui.pull())?;
    context.ui.note(format!("{}: {}", file.display(), signed(&installed.signed)));
    context.ui.note(format!("licenses, prompts and glossaries: {}", installed.extras.display()));
    for (name, path) in &installed.models {
        let line = if context.json {
            json!({
                "name": name, "path": path, "content": installed.id,
                "signature": installed.signed, "extras": installed.extras,
            })
            .to_string()
        } else {
            format!("{name}  {}", path.display())
        };
        output::print(&format!("{line}\n"))?;
    }
    Ok(Exit::Done)
}

fn inspect(context: &Context, file: &Path, trust: &Trust) -> Result<Exit> {
    let keys = trust.keys(context)?;
    let found = bundle::inspect(file, &keys, trust.is_required(context)?)?;
    if context.json {
        let line = json!({
            "files": found.files, "bytes": found.bytes, "content": found.id,
            "signature": found.signed, "manifest": found.manifest,
        });
        output::print(&format!("{line}\n"))?;
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "content    {}\nsignature  {}\nmade by    {}\n",
        found.id,
        signed(&found.signed),
        found.manifest.made_by
    );
    text += &contents(&found.manifest);
    output::print(&text)?;
    Ok(Exit::Done)
}

/// The models and files of a bundle, for people.
fn contents(manifest: &Manifest) -> String {
    let mut text = String::new();
    for model in &manifest.models {
        text += &format!(
            "\n{}\n  license  {}\n  from     {}\n  sha256   {}\n",
            model.name, model.license, model.repo, model.sha256
        );
    }
    text.push('\n');
    for file in &manifest.files {
        let role = file.role.as_str();
        text += &format!("{}  {:>13}  {role:9}  {}\n", file.sha256, file.bytes, file.path);
    }
    text
}

/// Who signed a bundle, for people.
fn signed(signed: &Signed) -> String {
    match signed {
        Signed::No => "not signed; every byte is as it was written".to_string(),
        Signed::Unknown { key } => format!("signed by the key {key}, which is not trusted"),
        Signed::Trusted { key, comment } => format!("signed by the trusted key {key} ({comment})"),
    }
}

fn keygen(context: &Context, secret: &Path, password: Option<String>) -> Result<Exit> {
    let mut public = secret.as_os_str().to_os_string();
    public.push(".pub");
    let public = PathBuf::from(public);
    let pair = KeyPair::generate(password)?;
    pair.write(secret, &public)?;
    context.ui.note(format!("secret key: {}; public key: {}", secret.display(), public.display()));
    let line = match context.json {
        true => json!({ "key": pair.id(), "public": pair.public(), "secret_file": secret, "public_file": public })
            .to_string(),
        false => pair.public(),
    };
    output::print(&format!("{line}\n"))?;
    Ok(Exit::Done)
}

/// A number of bytes: `4GB`, `700MB`, `2GiB` or plain.
fn size(text: &str) -> std::result::Result<u64, String> {
    const UNITS: [(&str, u64); 6] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1000),
    ];
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
        .unwrap_or((text, 1));
    let bytes = digits.trim().parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    match bytes {
        Some(bytes) if bytes >= LEAST_PART => Ok(bytes),
        Some(_) => Err(format!("a part has at least {} MB", LEAST_PART / 1_000_000)),
        None => Err("expected a size as 4GB or 700MB".to_string()),
    }
}
