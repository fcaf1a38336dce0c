//! Codes with which a phone hands its rider over to a tablet: short-lived, for one use, bounded in number.
//!
//! A code has two halves. Everybody in the room can see the public one; only the device that asked for the code has the
//! secret one, and only it is told the rider.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use alleycat_shared::Millis;
use alleycat_shared::api::Joined;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;
use sha2::{Digest, Sha256};

use crate::limits::network;

/// The codes that are good now.
#[derive(Default)]
pub(crate) struct Pairings(Mutex<HashMap<String, Pairing>>);

struct Pairing {
    /// Not the secret itself.
    secret: [u8; 32],
    /// Who asked for it.
    address: Option<IpAddr>,
    until: Millis,
    rider: Option<Joined>,
}

/// A fresh code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) public: String,
    pub(crate) secret: String,
    pub(crate) until: Millis,
}

/// So many codes are good already that there is no room for another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Why a rider is not handed over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotHanded {
    /// There is no such code, or no longer.
    Unknown,
    /// The code has been used.
    Used,
}

/// There is no such code, no longer, or the secret is not its own: which of them is not told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotYours;

impl Pairings {
    /// Makes a code for who asks from `address`. One address gets half of all codes at most.
    pub(crate) fn offer(&self, address: Option<IpAddr>, now: Millis) -> Result<Code, Full> {
        let address = address.map(network);
        let (public, secret) = (random(), random());
        let mut open = self.0.lock().expect("no holder of this lock panics");
        open.retain(|_, pairing| now < pairing.until);
        let theirs =
            address.map_or(0, |_| open.values().filter(|pairing| pairing.address == address).count());
        if open.len() >= MOST || theirs >= MOST / 2 {
            return Err(Full);
        }
        let until = now + LIFE_MS;
        let pairing = Pairing { secret: hash(&secret), address, until, rider: None };
        open.insert(public.clone(), pairing);
        Ok(Code { public, secret, until })
    }

    /// Hands a rider over: once for each code.
    pub(crate) fn hand(&self, public: &str, rider: Joined, now: Millis) -> Result<(), NotHanded> {
        let mut open = self.0.lock().expect("no holder of this lock panics");
        let pairing = open.get_mut(public).filter(|pairing| now < pairing.until).ok_or(NotHanded::Unknown)?;
        if pairing.rider.is_some() {
            return Err(NotHanded::Used);
        }
        pairing.rider = Some(rider);
        Ok(())
    }

    /// The rider who was handed over, for who has the secret; the code is void then. `None` while there is nobody.
    pub(crate) fn claim(&self, public: &str, secret: &str, now: Millis) -> Result<Option<Joined>, NotYours> {
        let mut open = self.0.lock().expect("no holder of this lock panics");
        // Hashes are compared, so that the time it takes tells nothing of the secret.
        let secret = hash(secret);
        let pairing = open.get(public).filter(|pairing| now < pairing.until && pairing.secret == secret);
        if pairing.ok_or(NotYours)?.rider.is_none() {
            return Ok(None);
        }
        Ok(open.remove(public).and_then(|pairing| pairing.rider))
    }
}

/// 128 random bits, as they can stand in an address.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>())
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// How long a code is good.
const LIFE_MS: Millis = 3 * 60_000;
/// How many codes are good at once: every tablet of a full hub, twice.
const MOST: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn rider() -> Joined {
        Joined {
            racer_id: 7.try_into().unwrap(),
            name: "Ann".to_owned().try_into().unwrap(),
            token: "t".into(),
        }
    }

    #[test]
    fn a_rider_goes_over_once_and_only_to_who_has_the_secret() {
        let pairings = Pairings::default();
        let code = pairings.offer(None, 0).unwrap();
        assert_eq!(pairings.claim(&code.public, &code.secret, 1), Ok(None));
        assert_eq!(pairings.hand(&code.public, rider(), 2), Ok(()));
        assert_eq!(pairings.hand(&code.public, rider(), 3), Err(NotHanded::Used));
        for wrong in ["", "x", &code.public] {
            assert_eq!(pairings.claim(&code.public, wrong, 4), Err(NotYours));
        }
        assert_eq!(pairings.claim("x", &code.secret, 5), Err(NotYours));
        assert_eq!(pairings.claim(&code.public, &code.secret, 6), Ok(Some(rider())));
        assert_eq!(pairings.claim(&code.public, &code.secret, 7), Err(NotYours), "void");
        assert_eq!(pairings.hand(&code.public, rider(), 8), Err(NotHanded::Unknown));
    }

    #[test]
    fn a_code_ends_and_its_rider_with_it() {
        let pairings = Pairings::default();
        let code = pairings.offer(None, 0).unwrap();
        pairings.hand(&code.public, rider(), LIFE_MS - 1).unwrap();
        assert_eq!(pairings.claim(&code.public, &code.secret, LIFE_MS), Err(NotYours));
        let late = pairings.offer(None, 0).unwrap();
        assert_eq!(pairings.hand(&late.public, rider(), LIFE_MS), Err(NotHanded::Unknown));
    }

    #[test]
    fn codes_are_bounded_and_one_address_does_not_get_all() {
        let pairings = Pairings::default();
        let [one, other]: [Option<IpAddr>; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().ok());
        let made = |address| (0..MOST).filter(|_| pairings.offer(address, 0).is_ok()).count();
        assert_eq!((made(one), made(other), made(None)), (MOST / 2, MOST / 2, 0));
        assert!(pairings.offer(one, LIFE_MS).is_ok(), "those that have ended make room");
    }

    #[test]
    fn no_two_codes_are_alike() {
        let pairings = Pairings::default();
        let halves = (0..500).flat_map(|_| {
            let code = pairings.offer(None, 0).unwrap();
            [code.public, code.secret]
        });
        assert_eq!(halves.collect::<std::collections::HashSet<_>>().len(), 1_000);
    }
}
