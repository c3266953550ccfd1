//! How many of something each address has.

use std::collections::HashMap;
use std::net::IpAddr;

/// What counts as one address: an IPv4 address, or the 64 leading bits of an IPv6 one, which is what
/// one household or host is given (RFC 6177). An IPv4 address that is written as IPv6 is one of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// All 32 bits.
    V4(u32),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    /// That of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// Places of which each address may have so many. What it remembers is bounded by the places that
/// are taken: an address without any is forgotten. Its hash has a secret key, so that nobody can
/// choose addresses that are slow to find.
#[derive(Debug)]
pub struct Addresses {
    most: usize,
    taken: HashMap<Network, usize>,
}

impl Addresses {
    /// So many places for each address.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: HashMap::new(),
        }
    }

    /// Takes a place; `false` if the address has all that it may have.
    #[must_use]
    pub fn take(&mut self, network: Network) -> bool {
        let taken = self.taken.entry(network).or_default();
        let room = *taken < self.most;
        *taken += usize::from(room);
        room
    }

    /// Gives a place back that was taken.
    pub fn give_back(&mut self, network: Network) {
        if let Some(taken) = self.taken.get_mut(&network) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.taken.remove(&network);
            }
        }
        // A crowd that has left is not paid for for ever.
        if self.taken.capacity() > 64 && self.taken.capacity() / 8 > self.taken.len() {
            self.taken.shrink_to_fit();
        }
    }

    /// How many addresses have a place.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_one_of_ipv4_or_a_block_of_ipv6() {
        let same = [
            ("10.0.0.1", "::ffff:10.0.0.1"),
            ("2001:db8::1", "2001:db8::ffff:0:0:1"),
        ];
        for (one, other) in same {
            assert_eq!(network(one), network(other));
        }
        let different = [
            ("10.0.0.1", "10.0.0.2"),
            ("2001:db8::1", "2001:db8:0:1::1"),
            ("0.0.0.0", "::"),
        ];
        for (one, other) in different {
            assert_ne!(network(one), network(other));
        }
    }

    #[test]
    fn each_address_has_so_many_places_and_is_forgotten_without_any() {
        let mut addresses = Addresses::new(2);
        let (one, other) = (network("10.0.0.1"), network("10.0.0.2"));
        assert!(addresses.take(one) && addresses.take(one));
        assert!(!addresses.take(one), "a third one");
        assert!(addresses.take(other));
        addresses.give_back(one);
        assert!(addresses.take(one) && !addresses.take(one));
        for network in [one, one, other] {
            addresses.give_back(network);
        }
        assert!(addresses.is_empty());
    }

    #[test]
    fn a_crowd_that_has_left_costs_no_memory() {
        let mut addresses = Addresses::new(1);
        let crowd = || (0..100_000).map(Network::V6);
        assert!(crowd().all(|network| addresses.take(network)));
        assert_eq!(addresses.len(), 100_000);
        crowd().for_each(|network| addresses.give_back(network));
        assert!(addresses.taken.capacity() <= 64);
    }
}
