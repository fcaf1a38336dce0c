//! How much one client and one address may ask of the hub: who floods is slowed, then cut, and the others do
//! not notice.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So much a second in the long run, and so much at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

/// A store of allowance that fills by itself. It may be overdrawn: whoever does waits until it is even.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { left: rate.burst, at: now }
    }

    /// Takes an amount; returns how long to wait.
    fn take(&mut self, amount: f64, rate: Rate, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * rate.per_second).min(rate.burst) - amount;
        self.at = now;
        if self.left >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.left / rate.per_second) }
    }
}

/// What one connection sends, in bytes.
pub(crate) struct Flow {
    rate: Option<Rate>,
    bucket: Option<Bucket>,
    /// Since when it has been slowed without a pause.
    slowed: Option<Instant>,
}

/// What to do with bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Pass them on.
    Go,
    /// Pass them on, and read nothing for so long.
    Slow(Duration),
    /// It has been slowed for long and goes on: enough.
    Cut,
}

impl Flow {
    /// A connection of this rate; `None` for no limit.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, bucket: None, slowed: None }
    }

    /// Looks at so many bytes that came at `now`.
    pub(crate) fn look(&mut self, bytes: usize, now: Instant) -> Verdict {
        let Some(rate) = self.rate else { return Verdict::Go };
        #[expect(clippy::cast_precision_loss, reason = "a read has far less than 2^53 bytes")]
        let amount = bytes as f64;
        let wait = self.bucket.get_or_insert_with(|| Bucket::full(rate, now)).take(amount, rate, now);
        if wait.is_zero() {
            self.slowed = None;
            return Verdict::Go;
        }
        if now.saturating_duration_since(*self.slowed.get_or_insert(now)) >= PATIENCE {
            Verdict::Cut
        } else {
            Verdict::Slow(wait)
        }
    }
}

/// What each address asks, in requests.
pub(crate) struct Addresses {
    rate: Option<Rate>,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Addresses {
    /// Addresses of this rate; `None` for no limit.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Whether an address may ask once more at `now`. What is refused costs nothing.
    pub(crate) fn may(&self, address: IpAddr, now: Instant) -> bool {
        let Some(rate) = self.rate else { return true };
        let mut buckets = self.buckets.lock().expect("no holder of this lock panics");
        if buckets.len() >= MAX_ADDRESSES {
            // Who has asked nothing for long is as good as unknown.
            let refill = Duration::from_secs_f64(rate.burst / rate.per_second);
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < refill);
            if buckets.len() >= MAX_ADDRESSES {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(network(address)).or_insert_with(|| Bucket::full(rate, now));
        let before = *bucket;
        if bucket.take(1.0, rate, now).is_zero() {
            return true;
        }
        *bucket = before;
        false
    }
}

/// One customer has one IPv4 address, or a whole /64 of IPv6.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// A rider sends 1 KB a second at most, and after an hour without network an hour of it at once.
pub(crate) const CLIENT: Rate = Rate { per_second: 32.0 * 1024.0, burst: 1024.0 * 1024.0 };
/// Behind one address may be a whole hall: 1,000 tablets that start together.
pub(crate) const ADDRESS: Rate = Rate { per_second: 1_000.0, burst: 50_000.0 };
/// How long a flood is only slowed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bounds the memory of [`Addresses`].
const MAX_ADDRESSES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 100.0, burst: 1_000.0 };

    #[test]
    fn a_burst_goes_a_flood_is_slowed_and_then_cut() {
        let (mut flow, start) = (Flow::new(Some(RATE)), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(flow.look(1_000, at(0)), Verdict::Go);
        assert_eq!(flow.look(100, at(0)), Verdict::Slow(Duration::from_secs(1)));
        assert_eq!(flow.look(100, at(1_000)), Verdict::Slow(Duration::from_secs(1)));
        // Whoever comes down to the rate is forgiven.
        assert_eq!(flow.look(10, at(3_000)), Verdict::Go);
        for second in 3..33 {
            assert!(matches!(flow.look(2_000, at(second * 1_000)), Verdict::Slow(_)), "{second}");
        }
        assert_eq!(flow.look(1, at(33_000)), Verdict::Cut);
        assert_eq!(Flow::new(None).look(usize::MAX, start), Verdict::Go);
    }

    #[test]
    fn an_address_that_asks_too_often_harms_itself_only() {
        let (addresses, start) = (Addresses::new(Some(RATE)), Instant::now());
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let granted = (0..2_000).filter(|_| addresses.may(one, start)).count();
        assert_eq!((granted, addresses.may(other, start)), (1_000, true));
        assert!(!addresses.may("::ffff:10.0.0.1".parse().unwrap(), start), "the same, written otherwise");
        assert!(addresses.may(one, start + Duration::from_millis(10)));
        let [a, b] = ["2001:db8::1", "2001:db8::2"].map(|text| network(text.parse().unwrap()));
        assert_eq!(a, b);
    }

    #[test]
    fn addresses_without_end_take_no_memory_without_end() {
        let (addresses, start) = (Addresses::new(Some(RATE)), Instant::now());
        for address in 0..250_000_u32 {
            addresses.may(IpAddr::V4(address.into()), start);
        }
        assert!(addresses.buckets.lock().unwrap().len() <= MAX_ADDRESSES);
    }
}
