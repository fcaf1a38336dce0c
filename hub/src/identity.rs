//! Who rides as whom: joining takes a racer id and returns a signed token bound to it.
//!
//! Seats and the key are in the store, so tokens outlive a restart. Without a store they end with the hub,
//! and pages join again by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use alleycat_shared::api::{self, Join};
use alleycat_shared::{Millis, RaceId, RacerId, RacerName};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use sha2::Sha256;

use crate::journal::Journal;
use crate::store::SeatRow;

/// Hands out tokens and checks them.
pub(crate) struct Identity {
    key: [u8; 32],
    seats: Mutex<HashMap<RacerId, Seat>>,
    journal: Arc<Journal>,
}

/// A racer id that somebody has taken.
struct Seat {
    /// In all tokens of who has the id now.
    nonce: u64,
    name: RacerName,
    last_seen: Millis,
    /// When its token ends to be good.
    expires: Millis,
}

/// That somebody has shown a good token. It holds as long as nobody else has the racer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) racer: RacerId,
    nonce: u64,
}

/// The id is in use by another device.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken;

impl Identity {
    /// With the key and the seats of the store. Their riders count as just heard of: nobody takes their
    /// seats while they come back.
    pub(crate) fn new(key: [u8; 32], seats: Vec<SeatRow>, journal: Arc<Journal>, now: Millis) -> Self {
        let seat = |row: SeatRow| {
            let SeatRow { racer, nonce, name, expires } = row;
            (racer, Seat { nonce, name, last_seen: now, expires })
        };
        Self { key, seats: Mutex::new(seats.into_iter().map(seat).collect()), journal }
    }

    /// Takes a racer id. An id in use is given only to who shows its token, and that one stays good as well: the answer
    /// with the new one may be lost on its way, or by a browser that dies before it has kept it.
    pub(crate) fn join(&self, join: &Join, now: Millis) -> Result<String, Taken> {
        let shown = join.token.as_deref().and_then(|token| self.nonce(join.racer_id, token.as_bytes(), now));
        let mut seats = self.seats.lock().expect("no holder of this lock panics");
        let in_use = |seat: &&Seat| now.saturating_sub(seat.last_seen) < IN_USE_MS;
        let nonce = match seats.get(&join.racer_id) {
            Some(seat) if shown == Some(seat.nonce) => seat.nonce,
            seat if seat.filter(in_use).is_some() => return Err(Taken),
            _ => rand::rng().random(),
        };
        let expires = now + TOKEN_LIFE_MS;
        seats.insert(join.racer_id, Seat { nonce, name: join.name.clone(), last_seen: now, expires });
        // Nobody waits for the disk: a seat that is lost in a crash costs its rider a new join.
        self.journal.seat(SeatRow { racer: join.racer_id, nonce, name: join.name.clone(), expires });
        Ok(self.sign(&format!("{}.{expires}.{nonce:016x}", join.racer_id)))
    }

    /// Whether a token is this hub's, this racer's, of who has the id now and not too old. A good one shows that the
    /// racer is there.
    pub(crate) fn verify(&self, racer: RacerId, token: &[u8], now: Millis) -> bool {
        self.prove(racer, token, now).is_some()
    }

    /// The same, with what shows it later.
    pub(crate) fn prove(&self, racer: RacerId, token: &[u8], now: Millis) -> Option<Proof> {
        let proof = Proof { racer, nonce: self.nonce(racer, token, now)? };
        self.seen_by(proof, now).map(|_| proof)
    }

    /// What a token has of its racer's seat, if it is this hub's, this racer's and not too old.
    fn nonce(&self, racer: RacerId, token: &[u8], now: Millis) -> Option<u64> {
        let claims = self.claims(token)?;
        let mut parts = claims.split('.');
        let (id, expiry, nonce) = (parts.next()?, parts.next()?, parts.next()?);
        let is_good = id.parse() == Ok(racer) && expiry.parse().is_ok_and(|expiry: Millis| now < expiry);
        u64::from_str_radix(nonce, 16).ok().filter(|_| is_good)
    }

    /// Gives a racer id back: its token is void from now on, also after a restart. Returns whether anybody
    /// had it.
    pub(crate) fn leave(&self, racer: RacerId) -> bool {
        let Some(seat) = self.seats.lock().expect("no holder of this lock panics").remove(&racer) else {
            return false;
        };
        // A seat that has expired is not loaded again.
        self.journal.seat(SeatRow { racer, nonce: seat.nonce, name: seat.name, expires: 0 });
        true
    }

    /// Gives a racer another name, with the token it has. Returns whether anybody had the id.
    pub(crate) fn rename(&self, racer: RacerId, name: RacerName) -> bool {
        let mut seats = self.seats.lock().expect("no holder of this lock panics");
        let Some(seat) = seats.get_mut(&racer) else { return false };
        seat.name = name.clone();
        self.journal.seat(SeatRow { racer, nonce: seat.nonce, name, expires: seat.expires });
        true
    }

    /// Who has taken which racer id, in order.
    pub(crate) fn seats(&self) -> Vec<api::Seat> {
        let seats = self.seats.lock().expect("no holder of this lock panics");
        let seat = |(racer_id, seat): (&RacerId, &Seat)| api::Seat {
            racer_id: *racer_id,
            name: seat.name.clone(),
            last_seen: seat.last_seen,
        };
        let mut seats: Vec<_> = seats.iter().map(seat).collect();
        seats.sort_unstable_by_key(|seat| seat.racer_id);
        seats
    }

    /// Notes that a racer was heard of by who has proved to be it, and tells the name given on joining. `None` if the id
    /// is somebody else's by now, or nobody's.
    pub(crate) fn seen_by(&self, proof: Proof, now: Millis) -> Option<RacerName> {
        let mut seats = self.seats.lock().expect("no holder of this lock panics");
        let seat = seats.get_mut(&proof.racer).filter(|seat| seat.nonce == proof.nonce)?;
        seat.last_seen = seat.last_seen.max(now);
        Some(seat.name.clone())
    }

    /// Notes that a racer was heard of, and tells the name given on joining.
    pub(crate) fn seen(&self, racer: RacerId, now: Millis) -> Option<RacerName> {
        let mut seats = self.seats.lock().expect("no holder of this lock panics");
        let seat = seats.get_mut(&racer)?;
        seat.last_seen = seat.last_seen.max(now);
        Some(seat.name.clone())
    }

    /// Signs a link to a ride, good until a time. The text is not one that a token could have.
    pub(crate) fn sign_ride(&self, race: RaceId, racer: RacerId, until: Millis) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(&ride_link(race, racer, until)).finalize().into_bytes())
    }

    /// Whether a link's signature is ours, and of this ride and time. Compared in constant time.
    pub(crate) fn verify_ride(&self, race: RaceId, racer: RacerId, until: Millis, key: &str) -> bool {
        let mac = URL_SAFE_NO_PAD.decode(key).ok();
        mac.is_some_and(|mac| self.mac(&ride_link(race, racer, until)).verify_slice(&mac).is_ok())
    }

    fn sign(&self, claims: &str) -> String {
        let mac = self.mac(claims).finalize().into_bytes();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(mac))
    }

    /// The text that a token signs, if the signature is ours. Compared in constant time.
    fn claims(&self, token: &[u8]) -> Option<String> {
        let (claims, mac) = std::str::from_utf8(token).ok()?.split_once('.')?;
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        self.mac(&claims).verify_slice(&mac).ok()?;
        Some(claims)
    }

    fn mac(&self, claims: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(claims.as_bytes());
        mac
    }
}

fn ride_link(race: RaceId, racer: RacerId, until: Millis) -> String {
    format!("ride/{race}/{racer}/{until}")
}

/// An id of which nothing was heard for this long is free again.
const IN_USE_MS: Millis = 120_000;
/// How long a token is good.
const TOKEN_LIFE_MS: Millis = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, signing_key};

    /// Without a store.
    fn identity(key: u8) -> Identity {
        let (_, journal, _) = crate::rig::open(None, 60);
        Identity::new([key; 32], Vec::new(), journal, 0)
    }

    fn join(racer: u64, token: Option<String>) -> Join {
        Join { racer_id: racer.try_into().unwrap(), name: RacerName::new("Ann").unwrap(), token }
    }

    fn good(identity: &Identity, racer: u64, token: &str, now: Millis) -> bool {
        identity.verify(racer.try_into().unwrap(), token.as_bytes(), now)
    }

    #[test]
    fn a_token_is_good_for_its_racer_only_and_not_for_ever() {
        let (identity, other) = (identity(1), identity(2));
        let token = identity.join(&join(7, None), 0).unwrap();
        assert!(good(&identity, 7, &token, 1));
        assert!(!good(&identity, 8, &token, 1));
        assert!(!good(&identity, 7, &token, TOKEN_LIFE_MS));
        assert!(!good(&other, 7, &token, 1), "another hub's key");
    }

    #[test]
    fn a_token_can_not_be_made_up() {
        let identity = identity(1);
        let token = identity.join(&join(7, None), 0).unwrap();
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            // The last character of a base64 group may hold unused bits; those are refused as well.
            assert!(!identity.verify(7.try_into().unwrap(), &forged, 1), "byte {at}");
        }
        for junk in ["", ".", "a.b", "a", "\u{0}.\u{0}"] {
            assert!(!good(&identity, 7, junk, 1));
        }
    }

    #[test]
    fn an_id_in_use_is_kept_for_its_device() {
        let identity = identity(1);
        let first = identity.join(&join(7, None), 0).unwrap();
        assert_eq!(identity.join(&join(7, None), 1_000), Err(Taken));
        assert_eq!(identity.join(&join(7, Some("junk".into())), 1_000), Err(Taken));
        let renewed = identity.join(&join(7, Some(first.clone())), 1_000).unwrap();
        assert!(good(&identity, 7, &renewed, 1_001));
        assert!(identity.join(&join(7, Some(first)), 1_001).is_ok(), "the answer was lost");
        let now = 1_001 + IN_USE_MS;
        let before = identity.prove(7.try_into().unwrap(), renewed.as_bytes(), now - 1).unwrap();
        let now = now - 1 + IN_USE_MS;
        assert!(identity.seen_by(before, now - 1).is_some());
        let now = now - 1 + IN_USE_MS;
        assert!(identity.join(&join(7, None), now).is_ok(), "free again after silence");
        assert!(!good(&identity, 7, &renewed, now), "somebody else's now");
        assert_eq!(identity.seen_by(before, now), None, "a connection that was proved before is no way in");
    }

    #[test]
    fn a_token_outlives_a_restart_and_nobody_takes_the_seat_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let start = |now| {
            let store = Arc::new(Store::open(Some(folder.path()), 60).unwrap());
            let (journal, thread) = Journal::start(Arc::clone(&store)).unwrap();
            let key = signing_key(Some(folder.path())).unwrap();
            (Identity::new(key, store.seats(now).unwrap(), journal, now), thread)
        };
        let (identity, thread) = start(0);
        let token = identity.join(&join(7, None), 0).unwrap();
        identity.journal.stop();
        thread.join().unwrap();
        drop(identity);
        let (identity, again) = start(IN_USE_MS * 2);
        assert_eq!(identity.join(&join(7, None), IN_USE_MS * 2 + 1), Err(Taken));
        assert!(good(&identity, 7, &token, IN_USE_MS * 2 + 1));
        assert!(identity.rename(7.try_into().unwrap(), RacerName::new("Ben").unwrap()));
        assert!(!identity.rename(8.try_into().unwrap(), RacerName::new("Ben").unwrap()));
        let seen = identity.seen(7.try_into().unwrap(), IN_USE_MS * 2 + 1);
        assert_eq!(seen.as_ref().map(RacerName::as_str), Some("Ben"), "the token stays good");
        assert!(identity.leave(7.try_into().unwrap()) && !identity.leave(7.try_into().unwrap()));
        assert!(!good(&identity, 7, &token, IN_USE_MS * 2 + 1), "void at once");
        identity.journal.stop();
        again.join().unwrap();
        drop(identity);
        let (identity, _) = start(IN_USE_MS * 2);
        assert!(!good(&identity, 7, &token, IN_USE_MS * 2 + 1), "and after a restart");
        assert!(identity.join(&join(7, None), IN_USE_MS * 2 + 1).is_ok(), "free at once");
    }
}
