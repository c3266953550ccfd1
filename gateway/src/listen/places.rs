//! The places of a listener's connections: so many in all, and so many of one address.

use gatewright_core::limit::{Addresses, Network};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The places of one listener, over all workers.
#[derive(Debug)]
pub(crate) struct Places {
    /// In all.
    room: Semaphore,
    /// Those of each address, if that is limited.
    addresses: Option<Mutex<Addresses>>,
}

/// One connection's place; given back when it is dropped. As large as a pointer, since there are
/// many of them.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Seat>);

/// What all places share that are counted for no address, or what one is that is.
#[derive(Debug)]
struct Seat {
    places: Arc<Places>,
    network: Option<Network>,
}

/// Where places are taken.
#[derive(Debug)]
pub(crate) struct Entrance(Arc<Seat>);

impl Entrance {
    /// To so many places in all, and so many for one address.
    pub(crate) fn new(connections: usize, of_address: usize) -> Self {
        let limited = of_address < connections;
        let places = Places {
            room: Semaphore::new(connections),
            addresses: limited.then(|| Mutex::new(Addresses::new(of_address))),
        };
        Self(Arc::new(Seat {
            places: Arc::new(places),
            network: None,
        }))
    }

    /// Whether all places are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.0.places.room.available_permits() == 0
    }

    /// Waits for a place, which is counted for no address yet.
    pub(crate) async fn acquire(&self) -> Option<Permit> {
        // The semaphore is never closed, so that there is one at last.
        self.0.places.room.acquire().await.ok()?.forget();
        Some(Permit(Arc::clone(&self.0)))
    }
}

impl Permit {
    /// The place as one of this address; `None` if that has as many as it may have.
    pub(crate) fn of(mut self, address: IpAddr) -> Option<Self> {
        if let Some(addresses) = &self.0.places.addresses {
            let network = Network::of(address);
            if !lock(addresses).take(network) {
                return None;
            }
            self.0 = Arc::new(Seat {
                places: Arc::clone(&self.0.places),
                network: Some(network),
            });
        }
        Some(self)
    }

    /// One more place of the same address, if one is free. The one that is kept for whoever connects
    /// next is not.
    pub(crate) fn another(&self) -> Option<Self> {
        let Seat { places, network } = &*self.0;
        places.room.try_acquire().ok()?.forget();
        if let (Some(addresses), Some(network)) = (&places.addresses, network)
            && !lock(addresses).take(*network)
        {
            places.room.add_permits(1);
            return None;
        }
        Some(Self(Arc::clone(&self.0)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Seat { places, network } = &*self.0;
        if let (Some(addresses), Some(network)) = (&places.addresses, network) {
            lock(addresses).give_back(*network);
        }
        places.room.add_permits(1);
    }
}

// A panic while the lock is held leaves numbers that are each still valid.
fn lock(addresses: &Mutex<Addresses>) -> MutexGuard<'_, Addresses> {
    addresses.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_is_given_back_is_one_of_its_address_again() {
        let entrance = Entrance::new(3, 1);
        let one: IpAddr = "10.0.0.1".parse().unwrap();
        let first = entrance.acquire().await.unwrap().of(one).unwrap();
        let second = entrance.acquire().await.unwrap();
        assert!(second.of(one).is_none());
        let other = "10.0.0.2".parse().unwrap();
        let other = entrance.acquire().await.unwrap().of(other).unwrap();
        let third = entrance.acquire().await.unwrap();
        assert!(entrance.is_full());
        drop(third);
        drop(first);
        let again = entrance.acquire().await.unwrap().of(one);
        assert!(again.is_some() && !entrance.is_full());
        assert!(
            again
                .as_ref()
                .is_some_and(|again| again.another().is_none())
        );
        drop((again, other));
        let Some(addresses) = &entrance.0.places.addresses else {
            panic!("a limit");
        };
        assert!(lock(addresses).is_empty());
        assert_eq!(entrance.0.places.room.available_permits(), 3);
    }
}
