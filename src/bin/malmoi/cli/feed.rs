//! `malmoi feed`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use malmoi::Error;
use malmoi::batch::{BatchInput, FileSearch, Follow, Watch};

use super::batch_args::{BatchArgs, EXIT_STATUS, InputSource};
use super::inputs::{self, Inputs};
use crate::context::Context;
use crate::exit::Exit;
use crate::sandbox::Needs;

/// Summarize and translate the items of news feeds, each once
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi feed yonhap.xml -o results --to ko\n  \
    malmoi feed inbox/ https://news.example/rss.xml -o results --to en --translate --follow\n  \
    malmoi feed --watch /srv/agency -o results --to ko\n\n{EXIT_STATUS}"))]
pub(crate) struct Feed {
    /// RSS, Atom, JSON Feed, NITF or NewsML: files, folders or web addresses
    #[arg(required_unless_present = "watch")]
    source: Vec<PathBuf>,
    /// Watch a folder: files that arrive are done one by one, until Ctrl-C; may be repeated
    #[arg(long, value_name = "DIR")]
    watch: Vec<PathBuf>,
    /// Seconds for which a file of a watched folder must not have changed before it is read
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "watch")]
    settle: u64,
    /// Read the page that an item links to, if its site allows it, and use its article if that is
    /// longer than the item
    #[arg(long)]
    follow: bool,
    /// Allow feeds at private addresses: this machine and this network
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    args: BatchArgs,
}

/// A feed on the web, and its position among the inputs.
struct WebFeed {
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    position: usize,
    address: String,
}

impl Feed {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let mut inputs = Inputs::default();
        let mut feeds = Vec::new();
        for source in &self.source {
            match inputs::address(source) {
                Some(address) => feeds.push(WebFeed {
                    position: inputs.inputs.len() + feeds.len(),
                    address: address.to_string(),
                }),
                None => inputs.add(source, self.args.folder(), self.args.follow_links)?,
            }
        }
        let mut needs = Needs { read: self.source.clone(), ..Needs::default() };
        needs.read.extend(self.watch.iter().cloned());
        if self.args.follow_links {
            needs.read.extend(inputs.targets(&needs.read));
            if !self.watch.is_empty() {
                // Links that arrive later may lead anywhere.
                needs.read.push("/".into());
                context.ui.note("--watch --follow-links: the sandbox lets all files be read");
            }
        }
        let mut follow = None;
        if self.follow || !feeds.is_empty() {
            if context.settings.offline()? {
                bail!("--offline forbids fetching {}", what_is_fetched(&feeds));
            }
            let positions: Vec<usize> = feeds.iter().map(|feed| feed.position).collect();
            let (fetched, pages) = fetch(feeds, self.allow_private)?;
            for (position, input) in positions.into_iter().zip(fetched) {
                inputs.inputs.insert(position.min(inputs.inputs.len()), input);
            }
            needs.fetches = Some("feeds and pages");
            follow = Some(pages).filter(|_| self.follow);
        }
        let watch = self.watched()?;
        self.args.run(inputs, InputSource::Feeds { follow, watch }, needs, context)
    }
}

impl Feed {
    /// The folders to watch; an error if one is none.
    fn watched(&self) -> Result<Option<Watch>> {
        for folder in &self.watch {
            if !std::fs::metadata(folder).map_err(|e| Error::io("watch", folder, e))?.is_dir() {
                bail!("{} is a file; --watch takes a folder", folder.display());
            }
            if malmoi::internals::files::is_same_file(folder, self.args.folder()) {
                bail!(
                    "{} is both watched and the output folder; choose another with `-o`",
                    folder.display()
                );
            }
        }
        let search = FileSearch {
            exclude: Some(self.args.folder().to_path_buf()),
            follow_links: self.args.follow_links,
        };
        let watch = Watch::new(self.watch.clone(), search);
        let watch = watch.settle(std::time::Duration::from_secs(self.settle));
        Ok((!self.watch.is_empty()).then_some(watch))
    }
}

/// The first address to fetch, without secrets, or "the pages of items".
fn what_is_fetched(feeds: &[WebFeed]) -> String {
    let first = feeds.first();
    first.map_or("the pages of items".into(), |feed| {
        malmoi::internals::redact::secrets(&feed.address)
    })
}

/// The feeds as inputs, and a reader of pages.
#[cfg(feature = "fetch")]
fn fetch(feeds: Vec<WebFeed>, allow_private: bool) -> Result<(Vec<BatchInput>, Follow)> {
    use malmoi::batch::Opened;
    use malmoi::fetch::{Fetched, Web};
    use malmoi::formats;
    use std::sync::Arc;

    let web = Arc::new(Web::new(allow_private));
    let mut inputs = Vec::new();
    let mut names = std::collections::HashMap::<String, usize>::new();
    for WebFeed { address, .. } in feeds {
        let web = web.clone();
        // Two addresses may differ only in their secrets.
        let mut name = malmoi::internals::redact::secrets(&address);
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            name += &format!(" ({count})");
        }
        let open = move |validator: Option<&str>| {
            Ok(match web.get(&address, validator)? {
                Fetched::NotModified => Opened::NotModified,
                Fetched::New { bytes, validator } => {
                    Opened::Source(Box::new(std::io::Cursor::new(bytes)), validator)
                }
            })
        };
        inputs.push(BatchInput::new(name, open));
    }
    let page = move |address: &str| formats::article(&web.page(address)?, address);
    Ok((inputs, Follow::new(page)))
}

#[cfg(not(feature = "fetch"))]
fn fetch(feeds: Vec<WebFeed>, _: bool) -> Result<(Vec<BatchInput>, Follow)> {
    bail!(
        "this malmoi was built without network code and cannot fetch {}; save the feed and give the file",
        what_is_fetched(&feeds)
    )
}
