//! Networks, as lists of whom to trust name them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that begin alike: an address and how many of its bits count (RFC 4632, 3.1; RFC 4291, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANetwork {
    /// No address, or no number of bits behind it that it has.
    Form,
    /// Bits are set that do not count: this network was meant, or another number of bits.
    Beyond(Network),
}

impl Network {
    /// Whether an address is in it. IPv4 within IPv6 (`::ffff:192.0.2.7`) is IPv4.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        first(address.to_canonical(), self.bits) == Some(self.first)
    }
}

/// The first address of the network of an address; nothing if it has fewer bits.
fn first(address: IpAddr, bits: u32) -> Option<IpAddr> {
    let rest = width(address).checked_sub(bits)?;
    Some(match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(rest).unwrap_or_default();
            Ipv4Addr::from_bits(four.to_bits() & mask).into()
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(rest).unwrap_or_default();
            Ipv6Addr::from_bits(six.to_bits() & mask).into()
        }
    })
}

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => Ipv4Addr::BITS,
        IpAddr::V6(_) => Ipv6Addr::BITS,
    }
}

/// `10.0.0.0/8`, `2001:db8::/32`; an address alone is a network of one.
impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        // Clients never have such an address here: nobody would be in it.
        if address.to_canonical() != address {
            return Err(NotANetwork::Form);
        }
        let bits = match bits {
            None => width(address),
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| NotANetwork::Form)?
            }
            Some(_) => return Err(NotANetwork::Form),
        };
        let first = first(address, bits).ok_or(NotANetwork::Form)?;
        let network = Self { first, bits };
        match first == address {
            true => Ok(network),
            false => Err(NotANetwork::Beyond(network)),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_network_or_not() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::1/128", "::2", false),
        ] {
            let read: Network = network.parse().unwrap();
            assert_eq!(
                read.has(address.parse().unwrap()),
                expected,
                "{network} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "10.0.0.0/0008",
            "2001:db8::/129",
            "[::1]",
            "localhost",
            "::ffff:10.0.0.0/104",
            "10.0.0.0 /8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Form), "{text}");
        }
        let meant = NotANetwork::Beyond("10.0.0.0/8".parse().unwrap());
        assert_eq!("10.1.2.3/8".parse::<Network>(), Err(meant));
        let meant: Network = "2001:db8::/32".parse().unwrap();
        assert_eq!(meant.to_string(), "2001:db8::/32");
        assert_eq!(
            "2001:db8::1/32".parse::<Network>(),
            Err(NotANetwork::Beyond(meant))
        );
    }
}
