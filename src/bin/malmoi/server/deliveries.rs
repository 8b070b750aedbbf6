//! Files that clients had translated: they upload one, ask how far it is, and fetch the result.
//! Results stay in memory for an hour, under random names of 128 bits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use malmoi::Outcome;
use malmoi::formats::Form;

use crate::engine::{Failure, News, Ticket};

/// Time for which a file is kept after it was uploaded.
const KEPT: Duration = Duration::from_secs(3_600);
/// Files at the same time.
const MOST: usize = 256;

/// A translated file.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Characters of the source.
    pub characters: usize,
}

/// How far a file is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    Queued,
    Translating,
    Done(Arc<Delivery>),
    Failed(Failure),
}

struct Entry {
    /// The secret that the client must show.
    secret: String,
    since: Instant,
    stage: Stage,
}

/// All files.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<HashMap<String, Entry>>);

/// What a client needs to fetch its file.
pub(crate) struct Receipt {
    pub id: String,
    pub secret: String,
}

impl Deliveries {
    /// Follows a translation. `name` is the name of the uploaded file.
    pub fn follow(
        self: &Arc<Self>,
        mut ticket: Ticket<Outcome>,
        name: &str,
        form: &Form,
        characters: usize,
    ) -> Result<Receipt, Failure> {
        let (id, secret) = (random(), random());
        let mut all = self.all();
        all.retain(|_, entry| entry.since.elapsed() < KEPT);
        if all.len() >= MOST {
            return Err(Failure::Busy { seconds: 60 });
        }
        let (since, stage) = (Instant::now(), Stage::Queued);
        all.insert(id.clone(), Entry { secret: secret.clone(), since, stage });
        drop(all);
        let name = translated_name(name, form);
        let (this, key) = (self.clone(), id.clone());
        tokio::spawn(async move {
            loop {
                let stage = match ticket.next().await {
                    News::Text(_) | News::Progress { .. } => Stage::Translating,
                    News::Done(Ok(outcome)) => {
                        let (name, bytes) = (name.clone(), outcome.into_bytes());
                        Stage::Done(Arc::new(Delivery { name, bytes, characters }))
                    }
                    News::Done(Err(failure)) => Stage::Failed(failure),
                };
                let is_last = matches!(stage, Stage::Done(_) | Stage::Failed(_));
                if let Some(entry) = this.all().get_mut(&key) {
                    entry.stage = stage;
                }
                if is_last {
                    return;
                }
            }
        });
        Ok(Receipt { id, secret })
    }

    /// Keeps a translated file; returns its name, which holds the secret: `SECRET.news.txt`.
    pub fn keep(
        &self,
        bytes: Vec<u8>,
        name: &str,
        form: &Form,
        characters: usize,
    ) -> Result<String, Failure> {
        let id = random();
        let name = translated_name(name, form);
        let public = format!("{id}.{name}");
        let mut all = self.all();
        all.retain(|_, entry| entry.since.elapsed() < KEPT);
        if all.len() >= MOST {
            return Err(Failure::Busy { seconds: 60 });
        }
        let stage = Stage::Done(Arc::new(Delivery { name, bytes, characters }));
        all.insert(id.clone(), Entry { secret: id, since: Instant::now(), stage });
        Ok(public)
    }

    /// How far a file is; `None` if there is none with this id and secret.
    pub fn stage(&self, id: &str, secret: &str) -> Option<Stage> {
        let all = self.all();
        let entry = all.get(id).filter(|entry| entry.since.elapsed() < KEPT)?;
        (entry.secret == secret).then(|| entry.stage.clone())
    }

    /// Forgets a file that was fetched.
    pub fn forget(&self, id: &str) {
        self.all().remove(id);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> String {
    format!("{:032X}", rand::random::<u128>())
}

/// `news.pdf` becomes `news.translated.txt` if the translation is plain text.
fn translated_name(name: &str, form: &Form) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    let ending = match form {
        Form::File(form) => form,
        _ => ending,
    };
    let harmless = |c: char| c.is_alphanumeric() || "-_ .()".contains(c);
    let stem: String = stem.chars().filter(|c| harmless(*c)).take(100).collect();
    format!("{stem}.translated.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_the_ending_of_its_format_and_a_harmless_name() {
        let named = |name, form: &'static str| translated_name(name, &Form::File(form.into()));
        assert_eq!(named("news.pdf", "txt"), "news.translated.txt");
        assert_eq!(named("기사.html", "html"), "기사.translated.html");
        assert_eq!(named("a\"\r\nb.txt", "txt"), "ab.translated.txt");
    }
}
