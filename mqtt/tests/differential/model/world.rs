//! One run: an application, its session and store, a link, the broker, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use alleycat_mqtt::{
    Acknowledge, Action, Backoff, Bytes, Change, Event, Millis, Options, Publish, Qos, Receipt, Session,
    Ticket,
};

use super::Plan;
use super::broker::{Broker, Numbered};
use crate::choices::Choices;

/// Everything there is.
pub struct World<'a> {
    plan: Plan,
    choices: Choices<'a>,
    now: Millis,
    options: Options,
    seed: u64,
    session: Session,
    store: BTreeMap<u64, Bytes>,
    link: Link,
    broker: Broker,
    next_number: u32,
    /// What the application published and the session took, in order.
    published: Vec<Numbered>,
    /// Which of it is not acknowledged.
    open: BTreeMap<Ticket, Numbered>,
    /// What the broker was to deliver, in order.
    expected: Vec<Numbered>,
    /// What the application has taken over, in order.
    taken: Vec<Numbered>,
    /// Delivered and not yet taken over.
    waiting: VecDeque<(Receipt, Numbered)>,
    started: bool,
}

enum Link {
    None,
    Opening(u64),
    Up { generation: u64, to_broker: VecDeque<u8>, to_client: VecDeque<u8>, mute: bool },
}

const QOS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

impl<'a> World<'a> {
    /// A world before anything has happened.
    pub fn new(plan: Plan, seed: u64, bytes: &'a [u8]) -> Self {
        let mut choices = Choices::new(bytes);
        let acknowledge = choices.pick(&[Acknowledge::WhenTaken, Acknowledge::WhenAccepted]);
        let options = Options {
            clean_session: plan.clean,
            keep: true,
            keep_alive_seconds: 30,
            window: 1 + u16::from(choices.byte() % 12),
            unproven_bytes: choices.pick(&[200, 64 * 1024]),
            acknowledge,
            backoff: Backoff { base: 200, cap: 2_000, stable_after: 5_000 },
            ..Options::new("model")
        };
        let mut world = Self {
            session: Session::new(options.clone(), seed).unwrap(),
            broker: Broker::new(choices.one_in(2)),
            plan,
            choices,
            now: 1_000,
            options,
            seed,
            store: BTreeMap::new(),
            link: Link::None,
            next_number: 0,
            published: Vec::new(),
            open: BTreeMap::new(),
            expected: Vec::new(),
            taken: Vec::new(),
            waiting: VecDeque::new(),
            started: true,
        };
        world.begin();
        world
    }

    /// Lets everything happen, then lets everything come to rest, and compares.
    pub fn run(mut self) {
        while !self.choices.is_done() {
            self.step();
        }
        self.settle();
        self.check();
        let missing = |from: &[Numbered], to: &[Numbered], exempt: &BTreeSet<u32>| {
            let to: BTreeSet<_> = to.iter().collect();
            let lost = from.iter().filter(|message| message.1 > 0 && !exempt.contains(&message.0));
            lost.filter(|message| !to.contains(message)).copied().collect::<Vec<_>>()
        };
        assert_eq!(missing(&self.published, &self.broker.taken, &BTreeSet::new()), [], "lost on the way up");
        assert_eq!(missing(&self.expected, &self.taken, &self.broker.dropped), [], "lost on the way down");
        assert!(self.open.is_empty(), "never acknowledged: {:?}", self.open);
        assert!(self.store.is_empty(), "kept for ever: {:?}", self.store);
    }

    /// What an application does when its program starts.
    fn begin(&mut self) {
        self.session.subscribe(self.now, "down/#", Qos::ExactlyOnce).unwrap();
        self.session.start(self.now);
        self.turn(false);
    }

    fn step(&mut self) {
        self.now += u64::from(self.choices.byte() % 32);
        match self.choices.below(40) {
            0..=6 => self.publish(),
            7..=12 => {
                let message = (self.number(), self.choices.byte() % 3);
                if self.broker.publish(message) {
                    self.expected.push(message);
                }
                self.broker.send();
            }
            13..=19 => self.carry_some_up(),
            20..=27 => self.carry_some_down(),
            28..=30 => self.accept(),
            31 => self.cut(),
            32 => {
                if let Link::Up { mute, .. } = &mut self.link {
                    *mute = self.choices.one_in(3);
                }
            }
            33 if self.plan.crashes && self.choices.one_in(3) => self.crash(),
            34 if self.plan.losses && matches!(self.link, Link::None | Link::Opening(_)) => {
                self.broker.lose()
            }
            35 => {
                self.started = !self.started || !self.choices.one_in(4);
                if self.started { self.session.start(self.now) } else { self.session.stop(self.now) }
            }
            36 => self.session.probe(self.now),
            _ => self.sleep(),
        }
        self.wake();
        self.turn(self.plan.crashes);
    }

    fn publish(&mut self) {
        let message = (self.number(), self.choices.byte() % 3);
        let payload = message.0.to_be_bytes().repeat(1 + self.choices.below(8));
        let qos = QOS[usize::from(message.1)];
        let publish = Publish::new(format!("up/{}", message.1), payload, qos);
        let ticket = self.session.publish(self.now, publish).unwrap();
        self.published.push(message);
        if message.1 > 0 {
            let other = self.open.insert(ticket, message);
            assert_eq!(other, None, "{ticket:?} names two messages");
        }
    }

    fn number(&mut self) -> u32 {
        self.next_number += 1;
        self.next_number
    }

    fn carry_some_up(&mut self) {
        let count = self.choices.below(200);
        self.carry_up(count);
    }

    fn carry_some_down(&mut self) {
        let count = self.choices.below(200);
        self.carry_down(count);
    }

    /// Some bytes, or all, reach the broker.
    fn carry_up(&mut self, count: usize) {
        if let Link::Up { to_broker, to_client, mute: false, .. } = &mut self.link {
            let bytes: Vec<_> = to_broker.drain(..count.min(to_broker.len())).collect();
            let goodbye = self.broker.received(&bytes);
            to_client.extend(std::mem::take(&mut self.broker.out));
            if goodbye {
                self.hang_up();
            }
        }
    }

    /// Some bytes, or all, reach the client.
    fn carry_down(&mut self, count: usize) {
        match &mut self.link {
            Link::Up { generation, to_client, mute: false, .. } => {
                to_client.extend(std::mem::take(&mut self.broker.out));
                let bytes: Vec<_> = to_client.drain(..count.min(to_client.len())).collect();
                self.session.received(self.now, *generation, &bytes);
            }
            Link::Opening(generation) => {
                let generation = *generation;
                if self.choices.one_in(8) {
                    self.link = Link::None;
                    self.session.closed(self.now, generation);
                } else {
                    self.link = Link::Up {
                        generation,
                        to_broker: VecDeque::new(),
                        to_client: VecDeque::new(),
                        mute: false,
                    };
                    self.broker.opened();
                    self.session.opened(self.now, generation);
                }
            }
            _ => {}
        }
    }

    /// The link breaks at some byte of each direction.
    fn cut(&mut self) {
        if matches!(self.link, Link::Up { .. }) {
            self.carry_some_up();
            self.carry_some_down();
            self.turn(false);
        }
        if let Link::Up { generation, .. } = self.link {
            self.hang_up();
            self.session.closed(self.now, generation);
        }
    }

    fn hang_up(&mut self) {
        let link = std::mem::replace(&mut self.link, Link::None);
        if let Link::Up { generation, .. } = link {
            self.broker.closed();
            self.session.closed(self.now, generation);
        }
    }

    /// The program ends without a word and starts again, with nothing but its store.
    fn crash(&mut self) {
        if let Link::Up { .. } = self.link {
            self.broker.closed();
        }
        self.link = Link::None;
        self.seed += 1;
        self.session = Session::new(self.options.clone(), self.seed).unwrap();
        assert_eq!(self.session.restore(self.store.clone()), 0);
        self.waiting.clear();
        // The broker may still send what was only in its queue as QoS 0; nothing else is lost.
        self.started = true;
        self.begin();
    }

    fn accept(&mut self) {
        if let Some((receipt, message)) = self.waiting.pop_front() {
            self.taken.push(message);
            self.session.accept(self.now, receipt);
        }
    }

    /// Nothing happens until the session wants to be woken, or a little less or more.
    fn sleep(&mut self) {
        if let Some(due) = self.session.next_deadline() {
            self.now = self.now.max(due) + if self.choices.one_in(8) { 10_000 } else { 0 };
        }
    }

    fn wake(&mut self) {
        for _ in 0..20 {
            let Some(due) = self.session.next_deadline().filter(|due| *due <= self.now) else { return };
            self.session.wake(self.now.max(due));
            self.turn(false);
        }
        panic!("next_deadline stays in the past, whatever is woken");
    }

    /// Drains the session as a driver does: events, then changes, then actions.
    fn turn(&mut self, may_crash: bool) {
        while let Some(event) = self.session.poll_event() {
            self.heard(event);
        }
        while let Some(change) = self.session.poll_change() {
            match change {
                Change::Put { .. } if self.plan.forgetful && self.choices.one_in(4) => {}
                Change::Put { key, value } => _ = self.store.insert(key, value),
                Change::Delete { key } => _ = self.store.remove(&key),
            }
        }
        if may_crash && self.choices.one_in(200) {
            return self.crash();
        }
        while let Some(action) = self.session.poll_action() {
            self.act(action);
        }
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Message { topic, payload, receipt, .. } => {
                let number = u32::from_be_bytes(payload[..].try_into().unwrap());
                let message = (number, topic.strip_prefix("down/").unwrap().parse().unwrap());
                match receipt.filter(|_| self.options.acknowledge == Acknowledge::WhenAccepted) {
                    Some(receipt) => self.waiting.push_back((receipt, message)),
                    None => self.taken.push(message),
                }
            }
            Event::Acknowledged { ticket } => {
                let message = self.open.remove(&ticket).expect("acknowledged once, and known");
                assert!(
                    self.broker.taken.contains(&message),
                    "acknowledged, and the broker does not have it"
                );
            }
            Event::Disconnected { reason: alleycat_mqtt::Reason::Protocol(violation), .. } => {
                panic!("the session says of a broker that keeps to the rules: {violation}")
            }
            _ => {}
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Open { generation, .. } => {
                assert!(!matches!(self.link, Link::Up { .. }), "two sockets at once");
                self.link = Link::Opening(generation);
            }
            Action::Send { generation: of, bytes } => {
                let Link::Up { generation, to_broker, .. } = &mut self.link else { return };
                assert_eq!(*generation, of, "sent to another socket");
                to_broker.extend(bytes);
            }
            Action::Close { generation: of } => match self.link {
                Link::Up { generation, mute, .. } if generation == of => {
                    if !mute {
                        self.carry_some_up();
                    }
                    self.hang_up();
                }
                Link::Opening(generation) if generation == of => self.link = Link::None,
                _ => {}
            },
        }
    }

    /// Nothing goes wrong any more, until there is nothing left to do.
    fn settle(&mut self) {
        self.cut();
        self.session.start(self.now);
        for _ in 0..5_000 {
            self.turn(false);
            self.carry_up(usize::MAX);
            self.carry_down(usize::MAX);
            self.accept();
            self.turn(false);
            if self.is_quiet() {
                let idle = self.session.queued() == 0 && self.broker.is_idle() && self.waiting.is_empty();
                if idle && self.session.is_connected() {
                    return;
                }
                self.sleep();
                self.wake();
            }
        }
        let (queued, connected) = (self.session.queued(), self.session.is_connected());
        panic!("does not come to rest: {queued} queued, connected: {connected}, open: {:?}", self.open);
    }

    /// Whether nothing moves until time passes.
    fn is_quiet(&self) -> bool {
        match &self.link {
            Link::None => true,
            Link::Opening(_) => false,
            Link::Up { to_broker, to_client, .. } => {
                to_broker.is_empty() && to_client.is_empty() && self.broker.out.is_empty()
            }
        }
    }

    /// What holds at any time.
    fn check(&self) {
        let costly = self.plan.clean || self.broker.losses > 0;
        let up = if costly { [1, usize::MAX, usize::MAX] } else { [1, usize::MAX, 1] };
        in_order("up", &self.published, &self.broker.taken, up);
        in_order("down", &self.expected, &self.taken, [1, usize::MAX, 1]);
    }
}

/// Each QoS for itself: arrived in the order in which it left, by first occurrences, and not more often
/// than allowed.
fn in_order(way: &str, from: &[Numbered], to: &[Numbered], most: [usize; 3]) {
    for (qos, most) in most.into_iter().enumerate() {
        let mut times = BTreeMap::<u32, usize>::new();
        let mut last = 0;
        for (number, _) in to.iter().filter(|(_, of)| usize::from(*of) == qos) {
            let times = times.entry(*number).or_default();
            *times += 1;
            assert!(*times <= most, "{way}: QoS {qos} number {number} came {times} times");
            if *times == 1 {
                assert!(*number > last, "{way}: QoS {qos} number {number} came after {last}");
                last = *number;
            }
        }
        let known: BTreeSet<_> = from.iter().map(|(number, _)| *number).collect();
        assert!(times.keys().all(|number| known.contains(number)), "{way}: something nobody sent");
    }
}
