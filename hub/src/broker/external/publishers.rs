//! Boards over several connections, for a broker that counts what each of them publishes. AWS IoT Core takes 100
//! publishes a second from one and throws away the rest: less than the views of a race's riders.
//!
//! A topic keeps to its connection, so that its boards stay in order, until there are more connections. They
//! are opened as they are needed, and kept.

use std::collections::HashMap;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Publish};
use alleycat_shared::Millis;
use alleycat_shared::topic::Topic;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Way, publish_of};
use crate::boards::Outgoing;
use crate::{metrics, time};

pub(super) struct Publishers {
    way: Way,
    links: Vec<Link>,
    /// Where each topic goes.
    places: HashMap<Topic, usize>,
    tasks: JoinSet<()>,
    most: usize,
    /// Boards of a second, which come at once, class by class.
    burst: Burst,
}

/// A connection for boards.
struct Link {
    boards: mpsc::Sender<Vec<Publish>>,
    /// How many topics go over it.
    topics: usize,
}

/// How many boards a second has.
#[derive(Debug, Default)]
struct Burst {
    began: Millis,
    count: usize,
    largest: usize,
}

impl Burst {
    /// So many more came at `now`; how many that makes in this burst.
    fn add(&mut self, count: usize, now: Millis) -> usize {
        if now.saturating_sub(self.began) > HALF_A_SECOND {
            (self.began, self.count) = (now, 0);
        }
        self.count += count;
        self.largest = self.largest.max(self.count);
        self.count
    }
}

impl Publishers {
    pub(super) fn new(way: Way, most: usize) -> Self {
        Self {
            way,
            links: Vec::new(),
            places: HashMap::new(),
            tasks: JoinSet::new(),
            most,
            burst: Burst::default(),
        }
    }

    /// Runs for ever.
    pub(super) async fn run(mut self, mut boards: mpsc::Receiver<Vec<Outgoing>>) {
        while let Some(batch) = boards.recv().await {
            self.publish(batch);
        }
    }

    fn publish(&mut self, boards: Vec<Outgoing>) {
        let per_second = self.way.limits.publishes_per_second.map_or(usize::MAX, |most| most as usize);
        // The session's pace keeps a tenth back, for what is under way between two seconds.
        let wanted =
            self.burst.add(boards.len(), time::now()).div_ceil((per_second - per_second / 10).max(1));
        while self.links.len() < wanted.clamp(1, self.most) {
            self.open();
        }
        // Riders come and go, and their topics with them.
        if self.places.len() > 2 * self.burst.largest {
            self.places.clear();
            self.links.iter_mut().for_each(|link| link.topics = 0);
        }
        let mut shares = vec![Vec::new(); self.links.len()];
        for board in boards {
            let link = self.place(board.topic);
            shares[link].push(publish_of(board));
        }
        for (link, share) in self.links.iter().zip(shares) {
            let count = share.len();
            if count > 0 && link.boards.try_send(share).is_err() {
                metrics::boards_dropped(count);
            }
        }
    }

    /// The connection of a topic: a new one goes where fewest are.
    fn place(&mut self, topic: Topic) -> usize {
        *self.places.entry(topic).or_insert_with(|| {
            let fewest = self.links.iter_mut().enumerate().min_by_key(|(_, link)| link.topics);
            let Some((place, link)) = fewest else { return 0 };
            link.topics += 1;
            place
        })
    }

    fn open(&mut self) {
        let number = self.links.len() + 1;
        let (send, boards) = mpsc::channel(super::BATCHES);
        self.links.push(Link { boards: send, topics: 0 });
        // The same options as the hub's own connection made.
        match self.way.for_boards(number) {
            Ok(client) => _ = self.tasks.spawn(carry(client, boards)),
            Err(error) => tracing::error!(%error, "no connection for boards"),
        }
        metrics::broker_board_connections(number);
    }
}

/// Publishes what comes, while the broker is there. What the pace does not let through in its second makes
/// way for the next of its topic.
async fn carry(mut client: Client, mut boards: mpsc::Receiver<Vec<Publish>>) {
    let mut connected = false;
    loop {
        tokio::select! {
            event = client.event() => match event {
                Event::Connected { .. } => connected = true,
                Event::Disconnected { reason, .. } => {
                    tracing::debug!(%reason, "a connection for boards has ended: it is opened again");
                    connected = false;
                }
                _ => {}
            },
            batch = boards.recv() => {
                let Some(batch) = batch else { return };
                if !connected {
                    metrics::boards_dropped(batch.len());
                    continue;
                }
                for publish in batch {
                    if let Err(error) = client.publish(publish) {
                        tracing::debug!(%error, "a board can't be published");
                        metrics::boards_dropped(1);
                    }
                }
            }
        }
    }
}

/// Boards of one second are not so far apart, and those of two are further.
const HALF_A_SECOND: Millis = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_one_second_are_added_up_and_seconds_are_not() {
        let mut burst = Burst::default();
        assert_eq!([burst.add(300, 1_000), burst.add(200, 1_030), burst.add(300, 2_001)], [300, 500, 300]);
    }
}
