//! What to do about an error: one line of advice for each kind that has one.

use malmoi::batch::BatchError;
use malmoi::store::StoreError;
use malmoi::{Error, InputFault};

use crate::settings::SettingsError;

pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let store = cause.downcast_ref::<StoreError>().and_then(of_store);
        let settings = cause
            .downcast_ref::<SettingsError>()
            .map(|_| "`malmoi doctor` shows every setting and where it comes from".to_string());
        store.or(settings).or_else(|| cause.downcast_ref::<Error>().and_then(of_library))
    })
}

fn of_library(error: &Error) -> Option<String> {
    let text = match error {
        Error::Store(error) => return of_store(error),
        Error::Batch(error) => return of_batch(error),
        Error::NotFound { .. } => "give a file, or `-` for standard input".into(),
        Error::UnreadableInput { fault: InputFault::Empty, .. } => {
            "give a file with text in it, or pipe the text in".into()
        }
        Error::UnreadableInput { fault: InputFault::NotText(_), .. } => {
            "save it as plain text and try again".into()
        }
        Error::SeveralArticles { name, is_feed, .. } => {
            let command = if *is_feed { "feed" } else { "batch" };
            format!("`malmoi {command} {name} -o results --to ko` works through all of them")
        }
        Error::UnknownLanguage { .. } => "use `en` or `ko`".into(),
        Error::ForeignText { .. } => "if it is English or Korean all the same, say so with `--from en` or `--from ko`".into(),
        Error::SameLanguage { .. } => "choose the other one with `--to`, or say what it is in with `--from`".into(),
        Error::Malformed { .. } | Error::Tensor { .. } => {
            "the file may be cut off or damaged: `malmoi models verify` checks models of the catalogue; else fetch it again".into()
        }
        Error::Unsupported { .. } => "`malmoi models list` shows models that run".into(),
        Error::NoEndToken { .. } => "add `eos_token_id` to its generation_config.json; without it no text would end".into(),
        Error::TooBig { .. } => "close other programs, or take a smaller model: `malmoi models list`".into(),
        Error::TooLong { .. } => "take a model with a larger window, or shorten the glossary".into(),
        Error::Prompt { .. } => "prompts are described in the README; `--prompt` names one".into(),
        _ => return None,
    };
    Some(text)
}

fn of_batch(error: &BatchError) -> Option<String> {
    let text = match error {
        BatchError::Busy { .. } => "wait for it to end, or choose another folder with `-o`",
        BatchError::OtherSpec { .. } => {
            "give the same options as before, or choose another folder with `-o`"
        }
        BatchError::Journal { .. } => {
            "make room, or see to the rights of the folder, and run the same command again: nothing that was done is lost"
        }
        BatchError::Damaged { .. } => {
            "run the same command again: it checks the journal, keeps a damaged one aside and does again what was lost"
        }
        BatchError::NewerJournal { .. } => {
            "use the malmoi that made it, or choose another folder with `-o`"
        }
        BatchError::InTheWay { .. } => "move it away, or choose another folder with `-o`",
        BatchError::OverwritesInput { .. } | BatchError::Foreign { .. } => {
            "choose another folder with `-o`, or add --force to have it overwritten"
        }
        _ => return None,
    };
    Some(text.to_string())
}

pub(crate) fn of_store(error: &StoreError) -> Option<String> {
    let text = match error {
        StoreError::Unknown { nearest, .. } => match nearest.first() {
            Some(name) => format!("did you mean `{name}`? `malmoi models list` shows all"),
            None => {
                "`malmoi models list` shows all; a path must exist; a hub repository is owner/repo"
                    .into()
            }
        },
        StoreError::Refused { .. } | StoreError::CannotRun { .. } => {
            "`malmoi models list` shows what can be used".into()
        }
        StoreError::NotInstalled { name } => format!("`malmoi models pull {name}` gets it"),
        StoreError::Offline { name } => {
            format!(
                "run `malmoi models pull {name}` where there is a connection, or without --offline"
            )
        }
        StoreError::NoSource { .. } => {
            "nothing was lost: what came is kept and continued next time".into()
        }
        StoreError::DiskFull { .. } => "make room, or set HF_HOME to a larger disk".into(),
        StoreError::Ambiguous { repo, files } => format!("name one: {repo}:{}", files.first()?),
        StoreError::Repository { .. } => {
            "for example Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q8_0.gguf".into()
        }
        StoreError::OutsideCache { .. } => "delete it yourself if you mean it".into(),
        StoreError::Unauthorized { .. } => {
            "agree to the licence on the model's page and set HF_TOKEN".into()
        }
        StoreError::Pip { command, .. } => {
            format!("try `{command}` by hand; it must work for this to work")
        }
        StoreError::ChecksumMismatch { .. } | StoreError::SizeMismatch { .. } => {
            "the source gives other bytes than it should: nothing was kept".into()
        }
        StoreError::Damaged { name, .. } => format!("`malmoi models pull {name}` repairs it"),
        StoreError::Unreachable { .. } => {
            "set HF_ENDPOINT where the site has a mirror, HTTPS_PROXY where it has a proxy".into()
        }
        StoreError::Busy { .. } => "try again later: what came is kept and continued".into(),
        StoreError::UnsafeName { .. }
        | StoreError::TooLarge { .. }
        | StoreError::BadResponse { .. } => {
            "nothing of this answer was kept; is HF_ENDPOINT the address of a hub?".into()
        }
        _ => return None,
    };
    Some(text)
}
