//! Signatures in minisign's format: who made a bundle. Ed25519 over a BLAKE2b-512 of the bundle as
//! one file, beside it as `kit.malmoi.minisig`. Signatures of the older kind, which are not over a
//! hash, do not count.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{PublicKey as OwnKey, SecretKey, SecretKeyBox};
use minisign_verify::{PublicKey, Signature};
use serde_json::{Value, json};

use super::error::{BundleError, Result, io};
use super::parts::{Parts, bundle_path};
use crate::files;
use crate::redact;

/// Most bytes of a file with a key or a signature.
const MAX_BYTES: u64 = 64 << 10;
/// What the checks want to know of a bundle's bytes, if anything.
type Observer<'o> = &'o mut dyn FnMut(&[u8]) -> Result<()>;

/// A public key whose signatures count.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    key: PublicKey,
    id: String,
}

impl TrustedKey {
    /// A key as minisign prints it: 56 characters that begin with `RW`; or the path of its `.pub`
    /// file.
    ///
    /// # Errors
    /// Fails if it is neither.
    pub fn parse(given: &str) -> Result<Self> {
        if let Ok(key) = PublicKey::from_base64(given)
            && let Some(id) = key_id(given)
        {
            return Ok(Self { key, id });
        }
        let path = Path::new(given);
        let wrong = || fault(path, "it is neither a public key of minisign nor a file with one");
        if !path.is_file() {
            return Err(wrong());
        }
        let text = read_small(path)?;
        let line = text.lines().nth(1).unwrap_or_default();
        let key = PublicKey::decode(&text).map_err(|_| wrong())?;
        Ok(Self { key, id: key_id(line).ok_or_else(wrong)? })
    }

    /// Its id, as minisign prints it.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Who signed a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// No signature.
    No,
    /// The owner of a key that is not trusted; whether the signature is right is not known.
    Unknown {
        /// The key's id.
        key: String,
    },
    /// The owner of a trusted key.
    Trusted {
        /// The key's id.
        key: String,
        /// The comment that was signed with the bundle.
        comment: String,
    },
}

impl Signed {
    /// For programs: state, key and comment.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::No => json!({ "state": "unsigned" }),
            Self::Unknown { key } => json!({ "state": "unknown key", "key": key }),
            Self::Trusted { key, comment } => {
                json!({ "state": "trusted", "key": key, "comment": comment })
            }
        }
    }
}

/// The path of a bundle's signature.
pub fn signature_path(bundle: &Path) -> PathBuf {
    let mut name = bundle_path(bundle).into_os_string();
    name.push(".minisig");
    name.into()
}

/// Compares every byte of a bundle with its seals, and with its signature if it has one of a
/// trusted key.
///
/// # Errors
/// Fails if a byte has changed, if the signature of a trusted key is not of this bundle, and, with
/// `required`, if there is none of a trusted key.
pub(super) fn verify(
    bundle: &Path,
    trusted: &[TrustedKey],
    required: bool,
) -> Result<(Parts, Signed)> {
    let file = bundle_path(bundle);
    let path = signature_path(bundle);
    let text = match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        _ => Some(read_small(&path)?),
    };
    let Some(text) = text else {
        if required {
            return Err(BundleError::Unsigned { file, signature: path });
        }
        return Ok((Parts::open(bundle, &mut |_| Ok(()))?, Signed::No));
    };
    let wrong = || fault(&path, "it is not a signature of minisign");
    let signature = Signature::decode(&text).map_err(|_| wrong())?;
    let key = text.lines().nth(1).and_then(key_id).ok_or_else(wrong)?;
    let Some(known) = trusted.iter().find(|known| known.id == key) else {
        if required {
            return Err(BundleError::UnknownKey { file, key });
        }
        return Ok((Parts::open(bundle, &mut |_| Ok(()))?, Signed::Unknown { key }));
    };
    let bad = |error: minisign_verify::Error| BundleError::BadSignature {
        file: file.clone(),
        key: key.clone(),
        reason: error.to_string(),
    };
    let mut verifier = known.key.verify_stream(&signature).map_err(bad)?;
    let observe: Observer<'_> = &mut |bytes| {
        verifier.update(bytes);
        Ok(())
    };
    let parts = Parts::open(bundle, observe)?;
    verifier.finalize().map_err(bad)?;
    let comment = redact::foreign(&signature.trusted_comment().replace('\t', ", "));
    Ok((parts, Signed::Trusted { key, comment }))
}

/// A secret key, ready to sign.
pub struct Signer {
    key: SecretKey,
}

impl Signer {
    /// Opens a secret key in minisign's format.
    ///
    /// # Errors
    /// Fails if it is none, or if its password is missing or wrong.
    pub fn open(path: &Path, password: Option<String>) -> Result<Self> {
        let text = read_small(path)?;
        let wrong = || fault(path, "it is not a secret key of minisign");
        let line = text.lines().nth(1).unwrap_or_default();
        let bytes = STANDARD.decode(line.trim()).map_err(|_| wrong())?;
        let key = SecretKey::from_bytes(&bytes).map_err(|_| wrong())?;
        // A key without a password is taken as it is: minisign writes none of the checksums that
        // the crate asks of it. A damaged one is noticed when its first signature is checked.
        let key = match (key.is_encrypted(), password) {
            (false, _) => key,
            (true, None) => return Err(fault(path, "its password is needed")),
            (true, Some(password)) => SecretKeyBox::from_string(&text)
                .and_then(|boxed| boxed.into_secret_key(Some(password)))
                .map_err(|error| fault(path, &redact::foreign(&error.to_string())))?,
        };
        Ok(Self { key })
    }

    /// Signs a bundle, after it was compared with its seals. Returns the path of the signature.
    ///
    /// # Errors
    /// Fails if the bundle is damaged, or if the signature cannot be written.
    pub fn sign(&self, bundle: &Path) -> Result<PathBuf> {
        let parts = Parts::open(bundle, &mut |_| Ok(()))?;
        let file = bundle_path(bundle);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = redact::foreign(&name).replace('\t', " ");
        let comment = format!("file:{name}\tmanifest:{}\thashed", files::to_hex(&parts.id));
        let path = signature_path(bundle);
        let failed = |error: minisign::PError| fault(&path, &redact::foreign(&error.to_string()));
        let public = OwnKey::from_secret_key(&self.key).map_err(failed)?;
        let signature =
            minisign::sign(Some(&public), &self.key, parts.whole()?, Some(&comment), None)
                .map_err(failed)?;
        let text = signature.into_string();
        files::replace(&path, |out| out.write_all(text.as_bytes())).map_err(io("write", &path))?;
        Ok(path)
    }
}

/// A new pair of keys.
pub struct KeyPair {
    public: OwnKey,
    secret: SecretKey,
}

impl KeyPair {
    /// Makes a pair; the secret key is encrypted if there is a password.
    ///
    /// # Errors
    /// Fails if the system gives no random numbers.
    pub fn generate(password: Option<String>) -> Result<Self> {
        let pair = match password {
            Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password)),
            None => minisign::KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair
            .map_err(|error| fault(Path::new("the new key"), &redact::foreign(&error.to_string())));
        pair.map(|pair| Self { public: pair.pk, secret: pair.sk })
    }

    /// The public key, as it stands in settings.
    pub fn public(&self) -> String {
        self.public.to_base64()
    }

    /// Its id, as minisign prints it.
    pub fn id(&self) -> String {
        key_id(&self.public.to_base64()).unwrap_or_default()
    }

    /// Writes the secret key, for its owner only, and beside it the public one. Neither may exist.
    ///
    /// # Errors
    /// Fails if one of the files is there already, or cannot be written.
    pub fn write(&self, secret: &Path, public: &Path) -> Result<()> {
        let failed = |error: minisign::PError| fault(secret, &redact::foreign(&error.to_string()));
        let comment = format!("minisign encrypted secret key {}", self.id());
        let own = self.secret.to_box(Some(&comment)).map_err(failed)?.into_string();
        let shared = self.public.to_box().map_err(failed)?.into_string();
        for (path, text, mode) in [(secret, own, 0o600), (public, shared, 0o644)] {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::OpenOptionsExt;
                options.mode(mode);
            }
            #[cfg(not(unix))]
            let _ = mode;
            let mut file = options.open(path).map_err(io("create", path))?;
            std::io::Write::write_all(&mut file, text.as_bytes()).map_err(io("write", path))?;
        }
        Ok(())
    }
}

/// The id in a key or a signature, in base64: 8 bytes after the name of the algorithm.
fn key_id(line: &str) -> Option<String> {
    let bytes = STANDARD.decode(line.trim()).ok()?;
    let id: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
    Some(format!("{:016X}", u64::from_le_bytes(id)))
}

fn read_small(path: &Path) -> Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(io("read", path))?;
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(fault(path, "it is not text"))
        }
        Err(error) => Err(io("read", path)(error)),
    }
}

fn fault(file: &Path, reason: &str) -> BundleError {
    BundleError::Key { file: file.to_path_buf(), reason: reason.to_string() }
}
