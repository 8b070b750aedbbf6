//! `malmoi feed`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use malmoi::batch::{Follow, Input};

use super::batch_args::{BatchArgs, EXIT_STATUS};
use super::inputs::{self, Inputs};
use crate::context::{Context, Exit};

/// Summarize and translate the items of news feeds, each once
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi feed yonhap.xml -o results --to ko\n  \
    malmoi feed inbox/ https://news.example/rss.xml -o results --to en --translate --follow\n\n{EXIT_STATUS}"))]
pub(crate) struct Feed {
    /// RSS, Atom, JSON Feed, NITF, NewsML: files, folders of them, or addresses
    #[arg(required = true)]
    source: Vec<PathBuf>,
    /// Read the page an item links to, where its site lets programs do so, and take its article if
    /// it says more than the item
    #[arg(long)]
    follow: bool,
    /// Let feeds be fetched from private addresses: those of this machine and of this network
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    args: BatchArgs,
}

impl Feed {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let mut found = Inputs::default();
        let mut addresses = Vec::new();
        for source in &self.source {
            match inputs::address(source) {
                Some(address) => {
                    addresses.push((found.inputs.len() + addresses.len(), address.to_string()))
                }
                None => found.add(source, self.args.folder(), self.args.follow_links)?,
            }
        }
        let mut follow = None;
        if self.follow || !addresses.is_empty() {
            if context.settings.offline()? {
                bail!(
                    "--offline forbids fetching {}",
                    addresses.first().map_or("the pages of items".into(), |(_, address)| {
                        malmoi::redact::secrets(address)
                    })
                );
            }
            let (fetched, page) = fetch(addresses, self.allow_private)?;
            // Each at the place it was named at.
            for (place, input) in fetched {
                found.inputs.insert(place.min(found.inputs.len()), input);
            }
            follow = Some(page).filter(|_| self.follow);
        }
        self.args.run(found, true, Some(follow), context)
    }
}

#[cfg(feature = "fetch")]
fn fetch(addresses: Vec<(usize, String)>, private: bool) -> Result<(Vec<(usize, Input)>, Follow)> {
    use malmoi::batch::Opened;
    use malmoi::fetch::{Fetched, Web};
    use malmoi::formats;
    use std::sync::Arc;

    let web = Arc::new(Web::new(private));
    let mut inputs = Vec::new();
    let mut names = std::collections::HashMap::<String, usize>::new();
    for (place, address) in addresses {
        let web = web.clone();
        // Two may differ in nothing but what is hidden.
        let mut name = malmoi::redact::secrets(&address);
        let same = names.entry(name.clone()).or_default();
        *same += 1;
        if *same > 1 {
            name += &format!(" ({same})");
        }
        let open = move |mark: Option<&str>| {
            Ok(match web.get(&address, mark)? {
                Fetched::NotModified => Opened::Same,
                Fetched::New { bytes, validator } => {
                    Opened::Source(Box::new(std::io::Cursor::new(bytes)), validator)
                }
            })
        };
        inputs.push((place, Input { name, open: Box::new(open) }));
    }
    let page = move |address: &str| formats::article(&web.page(address)?, address);
    Ok((inputs, Follow::new(page)))
}

#[cfg(not(feature = "fetch"))]
fn fetch(addresses: Vec<(usize, String)>, _: bool) -> Result<(Vec<(usize, Input)>, Follow)> {
    let what = addresses
        .first()
        .map_or("the pages of items".into(), |(_, address)| malmoi::redact::secrets(address));
    bail!(
        "this malmoi was built without network code and cannot fetch {what}; save the feed and name the file"
    )
}
