//! Feeds on the web that clients name, for servers whose operator allows it. Hosts must be public
//! unless private ones are allowed, too: a client must not reach the network of the server.

use super::upload::Upload;
use crate::engine::Failure;

/// Fetches feeds.
pub(crate) struct Fetcher {
    #[cfg(feature = "fetch")]
    web: malmoi::fetch::Web,
}

impl Fetcher {
    /// A fetcher; `None` in a build without network code.
    #[cfg(feature = "fetch")]
    pub fn new(allow_private: bool) -> Option<Self> {
        Some(Self { web: malmoi::fetch::Web::new(allow_private) })
    }

    #[cfg(not(feature = "fetch"))]
    pub fn new(_: bool) -> Option<Self> {
        None
    }

    /// The feed at an address, named by its host.
    #[cfg(feature = "fetch")]
    pub fn fetch(&self, address: &str) -> Result<Upload, Failure> {
        use malmoi::fetch::Fetched;
        let fetched = self.web.get(address, None);
        match fetched.map_err(|error| Failure::Invalid(error.to_string()))? {
            Fetched::New { bytes, .. } => {
                let host = url::Url::parse(address).ok();
                let host = host.as_ref().and_then(url::Url::host_str).unwrap_or("web");
                Ok(Upload { name: format!("{host} feed"), bytes: bytes.into() })
            }
            Fetched::NotModified => Err(Failure::Invalid("the address gave nothing".into())),
        }
    }

    #[cfg(not(feature = "fetch"))]
    pub fn fetch(&self, _: &str) -> Result<Upload, Failure> {
        Err(Failure::Forbidden("this malmoi was built without network code".into()))
    }
}
