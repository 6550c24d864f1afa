//! From where a request comes, as far as limits need it, and in which language its sender reads.
//!
//! Whoever carries requests to the routes says who stands at the other end ([`Peer`]): API Gateway's request context on Lambda, the connection locally.
//! Headers that a caller writes are believed only as far as `TRUSTED_PROXIES` says that a proxy of ours wrote them.

use crate::{App, Error};
use anyhow::anyhow;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use std::net::IpAddr;

/// Who stands at the other end of the connection; an extension of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The sender of a request. Its address is personal data: it is counted as a keyed hash and written nowhere.
#[derive(Clone)]
pub struct Client {
    address: IpAddr,
    language: Option<String>,
}

impl Client {
    /// What limits count: the address, or of an IPv6 address the network, for a household has 2⁶⁴ of them.
    pub(crate) fn network(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }

    /// The first language of `Accept-Language`, without script and region, in small letters.
    pub(crate) fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let peer = parts.extensions.get::<Peer>();
        let Peer(peer) = *peer.ok_or_else(|| Error::Internal(anyhow!("nobody says where the request comes from")))?;
        let address = behind(peer, &parts.headers, app.config.citizens.proxies);
        Ok(Self { address, language: language(&parts.headers) })
    }
}

/// The address that the outermost of our proxies saw. The last hop of `X-Forwarded-For` is the peer itself where API Gateway wrote it.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|hops| hops.to_str().ok());
    let mut hops: Vec<IpAddr> =
        hops.flat_map(|hops| hops.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    if hops.last() != Some(&peer) {
        hops.push(peer);
    }
    hops.iter().rev().nth(proxies).copied().unwrap_or(peer)
}

fn language(headers: &HeaderMap) -> Option<String> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let first = wanted.split([',', ';', '-', '_']).next().unwrap_or_default().trim();
    ((2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        .then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(forwarded: &str, proxies: usize) -> String {
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), forwarded.parse().unwrap())]);
        behind("203.0.113.7".parse().unwrap(), &headers, proxies).to_string()
    }

    #[test]
    fn what_a_caller_claims_to_have_been_forwarded_for_is_not_believed() {
        assert_eq!(seen("198.51.100.1, 203.0.113.7", 0), "203.0.113.7");
        assert_eq!(seen("198.51.100.1", 0), "203.0.113.7");
        assert_eq!(seen("6.6.6.6, 198.51.100.1, 203.0.113.7", 1), "198.51.100.1");
        assert_eq!(seen("6.6.6.6, 198.51.100.1", 1), "198.51.100.1");
        assert_eq!(seen("nonsense", 1), "203.0.113.7");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let network = |address: &str| Client { address: address.parse().unwrap(), language: None }.network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7");
    }

    #[test]
    fn the_first_language_is_read() {
        let read = |text: &str| language(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, text.parse().unwrap())]));
        assert_eq!(read("ta-IN,ta;q=0.9,en;q=0.8").as_deref(), Some("ta"));
        assert_eq!(read("fil").as_deref(), Some("fil"));
        assert_eq!((read("*"), read("english"), read("../x")), (None, None, None));
    }
}
