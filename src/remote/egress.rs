//! The egress guard: it decides which addresses may be connected to.
//!
//! Every client with permission to delete can make this machine send a request, so those requests must not reach the
//! internal network (server-side request forgery). Checking the host name is useless: it may resolve to another address
//! a moment later. So the guard is the client's *resolver*: the client connects only to addresses that
//! [`Guard`] has resolved and permitted, and hosts written as addresses are checked before the request. Redirects are
//! not followed (see `client`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::remote::error::{Error, Result};

/// Blocks of IPv4 that are not public: this network, private, shared, loopback, link-local (cloud metadata), protocol
/// assignments, documentation, 6to4 relays, benchmarks, multicast, reserved. IANA's special-purpose registry.
const CLOSED_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The global unicast block is the only public one of IPv6.
const OPEN_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Blocks inside it that are not public: protocol assignments, documentation (two blocks), segment routing. IANA's
/// special-purpose registry.
const CLOSED_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// A block of addresses: `10.2.0.0/16`, `fd00::/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is not a block of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network such as 10.2.0.0/16 or fd00::/8")]
pub struct NotANetwork(String);

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => in_v4((block, self.bits), address),
            (IpAddr::V6(block), IpAddr::V6(address)) => in_v6((block, self.bits), address),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> std::result::Result<Network, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(bits_max), str::parse).map_err(|_| wrong())?;
        if bits > bits_max { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Decides which addresses may be connected to. Clones share the list.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allowed: Arc<[Network]>,
}

/// The name has no address that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the host has no public address, and the settings do not allow its private one")]
pub(super) struct Forbidden;

impl Guard {
    /// Permits public addresses and `allowed`.
    pub fn new(allowed: &[Network]) -> Guard {
        Guard { allowed: allowed.into() }
    }

    /// Permits every address: for endpoints that the settings name.
    pub fn open() -> Guard {
        let everything = |address: IpAddr| Network { address, bits: 0 };
        Guard::new(&[
            everything(Ipv4Addr::UNSPECIFIED.into()),
            everything(Ipv6Addr::UNSPECIFIED.into()),
        ])
    }

    pub fn permits(&self, address: IpAddr) -> bool {
        // The system treats an IPv4-mapped IPv6 address as the IPv4 address, and so does the guard.
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(address))
    }

    /// Checks a URL without resolving its host.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the scheme is not `http` or `https`, when the URL contains credentials, or when its host
    /// is an address that is not permitted.
    pub fn check(&self, url: &Url) -> Result<()> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::not_allowed("only http and https addresses are allowed"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::not_allowed("an address must not contain a user name or password"));
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Error::not_allowed("the address has no host")),
        };
        if self.permits(address) { Ok(()) } else { Err(Error::not_allowed(Forbidden.to_string())) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|at| guard.permits(at.ip())).collect();
            if open.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|block| in_v4(*block, address)),
        IpAddr::V6(address) => {
            let embedded = embedded_v4(address);
            in_v6(OPEN_V6, address)
                && !CLOSED_V6.iter().any(|block| in_v6(*block, address))
                && embedded.is_none_or(|v4| is_public(IpAddr::V4(v4)))
        }
    }
}

/// The IPv4 address inside a 6to4 address (RFC 3056). Translated and mapped ones lie outside the public block.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, high, low, ..] = address.segments();
    let bits = (u32::from(high) << 16) | u32::from(low);
    (first == 0x2002).then(|| Ipv4Addr::from_bits(bits))
}

fn in_v4((block, bits): (Ipv4Addr, u8), address: Ipv4Addr) -> bool {
    let shift = 32 - u32::from(bits);
    block.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
}

fn in_v6((block, bits): (Ipv6Addr, u8), address: Ipv6Addr) -> bool {
    let shift = 128 - u32::from(bits);
    block.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(guard: &Guard, address: &str) -> bool {
        guard.permits(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_open() {
        let guard = Guard::new(&[]);
        for open in ["1.1.1.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2002:0101:0101::1"]
        {
            assert!(permits(&guard, open), "{open}");
        }
        let closed = [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "2001:db8::1",
            "::127.0.0.1",
        ];
        for closed in closed {
            assert!(!permits(&guard, closed), "{closed}");
        }
    }

    #[test]
    fn settings_permit_single_networks() {
        let guard = Guard::new(&["127.0.0.1".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert!(permits(&guard, "127.0.0.1") && permits(&guard, "::ffff:127.0.0.1"));
        assert!(permits(&guard, "fd12::1") && !permits(&guard, "fe80::1"));
        assert!(!permits(&guard, "127.0.0.2"));
        let all = Guard::new(&["0.0.0.0/0".parse().unwrap()]);
        assert!(permits(&all, "10.0.0.1") && !permits(&all, "::1"));
        for wrong in ["10.0.0.0/33", "host", "::/129", "1.2.3.4/-1", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn urls_are_refused_by_scheme_credentials_and_address_in_every_notation() {
        let guard = Guard::new(&[]);
        let check = |url: &str| guard.check(&Url::parse(url).unwrap());
        assert!(check("https://cdn.example.com/a.mp4").is_ok());
        let wrong = [
            "ftp://example.com/",
            "https://a:b@example.com/",
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://0/",
        ];
        for url in wrong {
            assert!(matches!(check(url), Err(Error::NotAllowed { .. })), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_is_checked_by_what_it_resolves_to() {
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = Guard::new(&[]).resolve(name()).await;
        assert!(refused.is_err_and(|e| e.is::<Forbidden>()));
        let allowed = Guard::new(&["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        assert!(allowed.resolve(name()).await.is_ok());
    }
}
