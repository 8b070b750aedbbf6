//! The check that an address is public, and a resolver that returns only such addresses. Knows no
//! requests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// A resolver that returns public addresses only. The connection is made to the addresses it
/// returns, so a second answer of the name server has no effect (DNS rebinding).
#[derive(Debug)]
pub(super) struct PublicResolver {
    allow_private: bool,
    inner: DefaultResolver,
}

impl PublicResolver {
    /// `allow_private`: return private addresses too.
    pub fn new(allow_private: bool) -> Self {
        Self { allow_private, inner: DefaultResolver::default() }
    }
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.inner.resolve(uri, config, timeout)?;
        // The proxy may have a private address.
        let is_proxy = config.proxy().is_some_and(|proxy| {
            Some(proxy.host()) == uri.host() && Some(proxy.port()) == uri.port_u16()
        });
        if self.allow_private || is_proxy {
            return Ok(addresses);
        }
        let mut public = self.empty();
        for address in addresses.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            return Err(ureq::Error::Io(std::io::ErrorKind::PermissionDenied.into()));
        }
        Ok(public)
    }
}

/// True for a globally reachable address: not of this machine, a private network or a special
/// purpose.
///
/// Registries: <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast is 2000::/3, without the ranges for documentation and tunnels.
            None => {
                let segments = v6.segments();
                let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8;
                let special = segments[0] == 0x2001 && segments[1] < 0x0200;
                (segments[0] & 0xe000) == 0x2000
                    && !documentation
                    && !special
                    && segments[0] != 0x3fff
            }
        },
    }
}

/// The IPv4 address embedded in an IPv6 address: mapped, compatible, translated (64:ff9b::/96) or
/// 6to4.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = v6.segments();
    let [.., a, b, c, d] = v6.octets();
    let is_embedded = segments[..5] == [0; 5] && matches!(segments[5], 0 | 0xffff)
        || segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    if segments[0] == 0x2002 {
        let [_, _, a, b, c, d, ..] = v6.octets();
        return Some(Ipv4Addr::new(a, b, c, d));
    }
    is_embedded.then(|| Ipv4Addr::new(a, b, c, d))
}

/// True if this machine resolves a name to a private address.
pub(super) fn is_private_name(name: &str) -> bool {
    let addresses = (name, 80).to_socket_addrs();
    addresses.is_ok_and(|mut addresses| addresses.any(|address| !is_public(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in
            ["1.1.1.1", "203.252.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
