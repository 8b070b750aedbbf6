//! Hints: one line of advice for each kind of error that has one.

use malmoi::batch::BatchError;
use malmoi::desk::DeskError;
use malmoi::internals::bundle::BundleError;
use malmoi::store::{Server, StoreError};
use malmoi::{Error, InputFault};

use crate::settings::SettingsError;

/// The hint for an error or one of its causes.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let store = cause.downcast_ref::<StoreError>().and_then(of_store);
        let settings = cause
            .downcast_ref::<SettingsError>()
            .map(|_| "run `malmoi doctor` to see every setting and its origin".to_string());
        let bundle = cause.downcast_ref::<BundleError>().and_then(of_bundle);
        store.or(bundle).or(settings).or_else(|| cause.downcast_ref::<Error>().and_then(of_library))
    })
}

fn of_library(error: &Error) -> Option<String> {
    let text = match error {
        Error::Store(error) => return of_store(error),
        Error::Batch(error) => return of_batch(error),
        Error::NotFound { .. } => "check the path, or use `-` for standard input".into(),
        Error::UnreadableInput { fault: InputFault::Empty, .. } => {
            "give a file with text, or pipe the text to standard input".into()
        }
        Error::UnreadableInput { fault: InputFault::NotText(_), .. } => {
            "save it as plain text and try again".into()
        }
        Error::SeveralArticles { name, is_feed, .. } => {
            let command = if *is_feed { "feed" } else { "batch" };
            format!("process all of them with `malmoi {command} {name} -o results --to ko`")
        }
        Error::UnknownLanguage { .. } => "use `en` or `ko`".into(),
        Error::ForeignText { .. } => "if it is English or Korean, say so with `--from en` or `--from ko`".into(),
        Error::SameLanguage { .. } => "choose another language with `--to`, or correct the language of the text with `--from`".into(),
        Error::Malformed { .. } | Error::Tensor { .. } => {
            "the file may be damaged or incomplete: check it with `malmoi models verify`, or download it again".into()
        }
        Error::Unsupported { .. } => "see `malmoi models list` for supported models".into(),
        Error::NoEndToken { .. } => "add `eos_token_id` to its generation_config.json; without it generation would not end".into(),
        Error::TooBig { .. } => "close other programs, or choose a smaller model from `malmoi models list`".into(),
        Error::TooLong { .. } => "choose a model with a larger context window, or shorten the glossary".into(),
        Error::Rules { .. } => "docs/patterns.md describes the file of rules".into(),
        Error::Desk(error) => return of_desk(error),
        Error::Prompt { .. } => "docs/prompts.md describes prompt files; `--prompt` chooses one".into(),
        _ => return None,
    };
    Some(text)
}

fn of_bundle(error: &BundleError) -> Option<String> {
    let text = match error {
        BundleError::Store(error) => return of_store(error),
        BundleError::Damaged { .. } | BundleError::NotABundle { .. } => {
            "copy it again from where it was made; nothing was installed"
        }
        BundleError::MissingPart { .. } | BundleError::WrongPart { .. } => {
            "copy all parts into one folder, under the names they were made with"
        }
        BundleError::Unsigned { .. } => "carry the file .minisig beside the bundle",
        BundleError::UnknownKey { .. } => {
            "if the key is one that you trust, add it to trusted_keys in the settings"
        }
        BundleError::BadSignature { .. } => {
            "do not use it: it is damaged, or somebody changed it after it was signed"
        }
        _ => return None,
    };
    Some(text.to_string())
}

fn of_desk(error: &DeskError) -> Option<String> {
    let text = match error {
        DeskError::Damaged { .. } => "choose another file with MALMOI_DESK, or move this one away",
        DeskError::Newer { .. } => "use the newer malmoi, or choose another file with MALMOI_DESK",
        DeskError::ReadOnly { .. } => {
            "ask its owner for write permission, or choose another file with MALMOI_DESK"
        }
        DeskError::Failed { .. } => {
            "free disk space or check the permissions of the file, or go on with --no-memory"
        }
        _ => return None,
    };
    Some(text.to_string())
}

fn of_batch(error: &BatchError) -> Option<String> {
    let text = match error {
        BatchError::Busy { .. } => "wait until it ends, or choose another folder with `-o`",
        BatchError::OtherSpec { .. } => {
            "use the same options as before, or choose another folder with `-o`"
        }
        BatchError::Journal { .. } => {
            "free disk space or check the permissions of the folder, then run the same command again; finished items are kept"
        }
        BatchError::Damaged { .. } => {
            "run the same command again: it repairs the journal and processes lost items again"
        }
        BatchError::NewerJournal { .. } => {
            "use the newer malmoi, or choose another folder with `-o`"
        }
        BatchError::InTheWay { .. } => "move it away, or choose another folder with `-o`",
        BatchError::OverwritesInput { .. } | BatchError::Foreign { .. } => {
            "choose another folder with `-o`, or add --force to overwrite it"
        }
        _ => return None,
    };
    Some(text.to_string())
}

pub(crate) fn of_store(error: &StoreError) -> Option<String> {
    let text = match error {
        StoreError::Unknown { nearest, .. } => match nearest.first() {
            Some(name) => format!("did you mean `{name}`? see `malmoi models list`"),
            None => {
                "choose a model from `malmoi models list`, an existing path, or a hub repository as owner/repo"
                    .into()
            }
        },
        StoreError::Refused { .. } | StoreError::CannotRun { .. } => {
            "see `malmoi models list` for models that can be used".into()
        }
        StoreError::NotInstalled { name } => format!("download it with `malmoi models pull {name}`"),
        StoreError::Offline { name } => {
            let pull = format!("malmoi models pull {name}");
            format!(
                "run `{pull}` with a network connection and without --offline, or take its files from a folder with `{pull} --from DIR`"
            )
        }
        StoreError::NoSource { name, .. } => format!(
            "run the same command again to resume the download, or take the files from a folder with `malmoi models pull {name} --from DIR`"
        ),
        StoreError::DiskFull { .. } => "free disk space, or set HF_HOME to a larger disk".into(),
        StoreError::Ambiguous { repo, files } => format!("choose a file: {repo}:{}", files.first()?),
        StoreError::Repository { .. } => {
            "for example Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q8_0.gguf".into()
        }
        StoreError::OutsideCache { .. } => "delete it by hand if you want to".into(),
        StoreError::Unauthorized { .. } => {
            "accept the license on the model's page and set HF_TOKEN".into()
        }
        StoreError::Pip { command, .. } => {
            format!("run `{command}` to see the problem; it must succeed first")
        }
        StoreError::ChecksumMismatch { .. } | StoreError::SizeMismatch { .. } => {
            "it is another file than the expected one, and was not kept".into()
        }
        StoreError::Damaged { name, .. } => format!("repair it with `malmoi models pull {name}`"),
        StoreError::Unreachable { server: Server::Hub, .. } => {
            "set HF_ENDPOINT to a mirror, or HTTPS_PROXY to a proxy".into()
        }
        StoreError::Unreachable { .. } => "set HTTPS_PROXY to a proxy, or MALMOI_FIREFOX_ENDPOINT to a mirror; or take the files from a folder: `malmoi models pull NAME --from DIR`".into(),
        StoreError::NotOnServer { .. } => "it may have moved: update malmoi, set MALMOI_FIREFOX_ENDPOINT to a mirror, or take the files from a folder: `malmoi models pull NAME --from DIR`".into(),
        StoreError::Packed { .. } => "it was discarded; run the same command again".into(),
        StoreError::NotInFolder { files, .. } => format!(
            "put {} there, as it is or packed as .gz or .zst",
            files.first()?
        ),
        StoreError::NoChecksums { .. } => {
            "open its folder or file as it is, with `--model PATH`".into()
        }
        StoreError::Busy { .. } => "try again later; the download will resume".into(),
        StoreError::UnsafeName { .. } | StoreError::BadResponse { server: Server::Hub, .. } => {
            "the response was discarded; is HF_ENDPOINT the address of a hub?".into()
        }
        StoreError::TooLarge { .. } | StoreError::BadResponse { .. } => {
            "it was not kept; are HF_ENDPOINT and MALMOI_FIREFOX_ENDPOINT the addresses they should be?".into()
        }
        _ => return None,
    };
    Some(text)
}
