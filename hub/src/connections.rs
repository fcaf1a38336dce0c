//! A bounded number of connections, of which one address may hold only its share: who opens more and more of
//! them locks nobody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::network;

/// Room for so many connections.
pub(crate) struct Connections {
    most: usize,
    permits: Arc<Semaphore>,
    /// How many one address may hold; `None` for all of them.
    share: Option<usize>,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; given back when dropped.
pub(crate) struct Held {
    network: IpAddr,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _permit: OwnedSemaphorePermit,
}

/// Why a connection has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// No more are held at all.
    Hub,
    /// This address has its share.
    Address,
}

impl Full {
    /// The name under which it is counted.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Hub => "full",
            Self::Address => "address-connections",
        }
    }
}

impl Connections {
    /// Room for `most`; if `shared_out`, one address gets half of it and not more.
    pub(crate) fn new(most: usize, shared_out: bool) -> Self {
        Self {
            most,
            permits: Arc::new(Semaphore::new(most)),
            share: shared_out.then(|| most.div_ceil(2)),
            held: Arc::default(),
        }
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.most - self.permits.available_permits()
    }

    /// Waits until there is room for one more.
    pub(crate) async fn room(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.permits).acquire_owned().await.expect("never closed")
    }

    /// A place for a connection from `address`.
    ///
    /// # Errors
    /// [`Full`] when there is none.
    pub(crate) fn take(&self, address: IpAddr) -> Result<Held, Full> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| Full::Hub)?;
        self.seat(permit, address)
    }

    /// The place of a permit for a connection from `address`.
    ///
    /// # Errors
    /// [`Full::Address`] when that address has its share.
    pub(crate) fn seat(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Result<Held, Full> {
        let network = network(address);
        // Only addresses that hold a place are listed, so there are at most as many as places.
        let mut held = self.held.lock().expect("no holder of this lock panics");
        let count = held.entry(network).or_default();
        if self.share.is_some_and(|share| *count >= share) {
            return Err(Full::Address);
        }
        *count += 1;
        drop(held);
        Ok(Held { network, held: Arc::clone(&self.held), _permit: permit })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.held.lock().expect("no holder of this lock panics");
        if let Some(count) = held.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn one_address_gets_its_share_and_the_others_the_rest() {
        let connections = Connections::new(4, true);
        let first = connections.take(ONE).unwrap();
        let _second = connections.take(ONE).unwrap();
        assert_eq!(connections.take(ONE).err(), Some(Full::Address));
        let _others = [connections.take(OTHER).unwrap(), connections.take(OTHER).unwrap()]; // what was refused holds nothing
        assert_eq!(connections.take(ONE).err(), Some(Full::Hub));
        drop(first);
        assert!(connections.take(ONE).is_ok());
    }

    #[test]
    fn without_shares_one_address_may_take_all_and_nothing_is_remembered() {
        let connections = Connections::new(4, false);
        let all: Vec<_> = (0..4).map(|_| connections.take(ONE).unwrap()).collect();
        assert_eq!(connections.take(OTHER).err(), Some(Full::Hub));
        drop(all);
        assert!(connections.held.lock().unwrap().is_empty());
    }
}
