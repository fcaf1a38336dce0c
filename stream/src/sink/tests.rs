use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

fn record(key: u64, bytes: usize) -> Record {
    Record::new(format!("k{key}"), vec![0; bytes].into(), 1024 * 1024).unwrap()
}

fn placed() -> Result<Placed, RecordFault> {
    Ok(Placed { shard: "shardId-000000000000".into(), sequence: "1".into() })
}

fn settings(order: Order) -> Settings {
    Settings { linger_ms: 100, puts_at_once: 2, order, ..Settings::default() }
}

#[test]
fn records_wait_for_others_and_a_full_put_does_not() {
    let mut sink = Sink::new(Settings { records_per_put: 3, ..settings(Order::None) }, 1);
    sink.push(record(1, 10), 1, 0).unwrap();
    sink.push(record(1, 10), 2, 50).unwrap();
    assert_eq!((sink.poll(99), sink.deadline()), (None, Some(100)));
    assert_eq!(sink.poll(100).unwrap().records.len(), 2);
    (3..6).for_each(|ticket| sink.push(record(1, 10), ticket, 100).unwrap());
    assert_eq!(sink.poll(100).unwrap().records.len(), 3, "there is nothing to wait for");
    sink.push(record(1, 10), 6, 100).unwrap();
    assert_eq!((sink.poll(999), sink.deadline()), (None, None), "two are under way already");
}

#[test]
fn a_put_has_no_more_bytes_than_the_service_takes() {
    let mut sink = Sink::new(settings(Order::None), 1);
    let large = 1024 * 1024 - 2;
    (0..6).for_each(|ticket| sink.push(record(1, large), ticket, 0).unwrap());
    assert_eq!(sink.poll(0).unwrap().records.len(), 5);
    assert_eq!(sink.poll(100).unwrap().records.len(), 1);
}

#[test]
fn a_partial_failure_is_put_again_alone_and_no_record_overtakes_its_key() {
    let mut sink = Sink::new(settings(Order::Key), 1);
    for (ticket, key) in [(1, 7), (2, 8), (3, 7), (4, 9)] {
        sink.push(record(key, 10), ticket, 0).unwrap();
    }
    let keys = |put: &Put| put.records.iter().map(|record| record.key().to_owned()).collect::<Vec<_>>();
    let put = sink.poll(100).unwrap();
    assert_eq!(keys(&put), ["k7", "k8", "k9"], "the second one of a key waits for the first");
    sink.answered(110, put.id, [Err(RecordFault::Throttled), placed(), placed()]);
    assert_eq!(sink.poll(110), None);
    let at = sink.deadline().unwrap();
    assert!((120..=210).contains(&at), "{at}");
    let put = sink.poll(at).unwrap();
    assert_eq!(keys(&put), ["k7"]);
    sink.answered(at, put.id, [placed()]);
    let put = sink.poll(at).unwrap();
    sink.answered(at, put.id, [placed()]);
    let tickets: Vec<u64> = std::iter::from_fn(|| sink.finished()).map(|done| done.ticket).collect();
    assert_eq!((tickets, sink.is_empty(), sink.lanes.len()), (vec![2, 4, 1, 3], true, 0));
    let counts = sink.counts();
    assert_eq!((counts.puts, counts.placed, counts.throttled, counts.bytes), (3, 4, 1, 48));
}

#[test]
fn a_stream_that_is_away_is_tried_for_ever_and_one_that_says_no_is_not() {
    let mut sink = Sink::new(settings(Order::Key), 1);
    sink.push(record(1, 10), 1, 0).unwrap();
    let mut now = 100;
    for _ in 0..50 {
        let put = sink.poll(now).unwrap();
        sink.failed(now, put.id, &PutFault::Away("connection refused".into()));
        sink.push(record(now, 10), now, now).unwrap();
        assert_eq!(sink.poll(now), None, "nothing is sent while the wait lasts");
        let next = sink.deadline().unwrap();
        assert!(next >= now + 10 && next <= now + 5_000, "{next}");
        now = next;
    }
    assert_eq!(sink.finished(), None);
    for _ in 0..5 {
        let put = sink.poll(now).unwrap();
        sink.failed(now, put.id, &PutFault::Refused("access denied".into()));
        now = sink.deadline().unwrap_or(now);
    }
    let first = sink.finished().unwrap();
    assert_eq!((first.ticket, first.outcome), (1, Err("access denied".into())));
}

#[test]
fn a_record_that_will_never_be_taken_is_done_and_its_key_goes_on() {
    let mut sink = Sink::new(settings(Order::Key), 1);
    sink.push(record(1, 10), 1, 0).unwrap();
    sink.push(record(1, 10), 2, 0).unwrap();
    let put = sink.poll(100).unwrap();
    sink.answered(100, put.id, [Err(RecordFault::Refused("no".into()))]);
    assert_eq!(sink.finished().unwrap().outcome, Err("no".into()));
    assert_eq!(sink.poll(100).unwrap().records.len(), 1);
}

#[test]
fn one_unfit_record_is_found_and_the_others_of_its_put_go() {
    let mut sink = Sink::new(settings(Order::Key), 1);
    (0..100).for_each(|n| sink.push(record(n, 10), n, 0).unwrap());
    let (mut placed_keys, mut puts) = (HashSet::new(), 0);
    while let Some(put) = sink.poll(100) {
        puts += 1;
        if put.records.iter().any(|record| record.key() == "k37") {
            sink.failed(100, put.id, &PutFault::Unfit("too large".into()));
        } else {
            placed_keys.extend(put.records.iter().map(|record| record.key().to_owned()));
            sink.answered(100, put.id, put.records.iter().map(|_| placed()));
        }
    }
    assert!(sink.is_empty() && placed_keys.len() == 99 && puts <= 16, "{} in {puts} puts", placed_keys.len());
    let failed: Vec<_> =
        std::iter::from_fn(|| sink.finished()).filter(|done| done.outcome.is_err()).collect();
    assert_eq!(failed.iter().map(|done| done.ticket).collect::<Vec<_>>(), [37]);
}

#[test]
fn the_buffer_is_bounded() {
    let mut sink = Sink::new(Settings { buffer_records: 2, buffer_bytes: 100, ..settings(Order::Key) }, 1);
    sink.push(record(1, 200), 1, 0).unwrap();
    let Err(Full(back)) = sink.push(record(2, 1), 2, 0) else { panic!("over the bytes") };
    assert_eq!(back.key(), "k2");
    let put = sink.poll(100).unwrap();
    assert!(sink.push(record(2, 1), 2, 0).is_err(), "what is under way counts too");
    sink.answered(100, put.id, [placed()]);
    sink.push(record(2, 1), 2, 0).unwrap();
    sink.push(record(2, 1), 3, 0).unwrap();
    assert!(sink.push(record(3, 1), 4, 0).is_err(), "over the records");
}

/// What a stream does next.
#[derive(Clone, Debug)]
enum Step {
    Push(u64, usize),
    Wait(u64),
    /// Answers the oldest put: for each record, one of four results by these digits.
    Answer(u64),
    /// The oldest put comes to nothing.
    Fail(PutFault),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6_u64, 1..200_usize).prop_map(|(key, bytes)| Step::Push(key, bytes)),
        3 => (0..300_u64).prop_map(Step::Wait),
        3 => any::<u64>().prop_map(Step::Answer),
        1 => prop_oneof![
            Just(PutFault::Away("cut".into())),
            Just(PutFault::Throttled),
            Just(PutFault::Refused("denied".into())),
            Just(PutFault::Unfit("unfit".into())),
        ]
        .prop_map(Step::Fail),
    ]
}

proptest! {
    #[test]
    fn whatever_the_stream_answers_nothing_is_lost_doubled_or_overtaken(
        steps in proptest::collection::vec(step(), 1..200),
        in_order in any::<bool>(),
    ) {
        let order = if in_order { Order::Key } else { Order::None };
        let limits = Settings { records_per_put: 5, bytes_per_put: 500, buffer_records: 40, ..settings(order) };
        let mut sink = Sink::new(limits, 7);
        let (mut now, mut next) = (0, 0);
        let mut taken: HashMap<u64, String> = HashMap::new();
        let mut under_way: VecDeque<Put> = VecDeque::new();
        let mut stream: HashMap<String, Vec<usize>> = HashMap::new();
        let mut done = HashSet::new();
        // After the steps everything is answered well until nothing is left.
        let rest = std::iter::repeat_n(Step::Answer(0), 2_000);
        for step in steps.into_iter().chain(rest) {
            match step {
                Step::Push(key, bytes) => {
                    // The size tells one record of a key from another.
                    let record = record(key, bytes);
                    if sink.push(record.clone(), next, now).is_ok() {
                        taken.insert(next, record.key().to_owned());
                    } else {
                        prop_assert!(sink.len() >= 40);
                    }
                    next += 1;
                }
                Step::Wait(ms) => now += ms,
                Step::Fail(fault) => {
                    if let Some(put) = under_way.pop_front() {
                        sink.failed(now, put.id, &fault);
                    }
                }
                Step::Answer(digits) => {
                    match under_way.pop_front() {
                        Some(put) => {
                            let results = put.records.iter().enumerate().map(|(at, record)| {
                                match digits >> (2 * (at % 32)) & 3 {
                                    1 => Err(RecordFault::Throttled),
                                    2 => Err(RecordFault::Internal),
                                    3 => Err(RecordFault::Refused("no".into())),
                                    _ => {
                                        stream.entry(record.key().into()).or_default().push(record.bytes());
                                        placed()
                                    }
                                }
                            });
                            sink.answered(now, put.id, results.collect::<Vec<_>>());
                        }
                        None => now = sink.deadline().unwrap_or(now).max(now),
                    }
                }
            }
            while let Some(put) = sink.poll(now) {
                prop_assert!(!put.records.is_empty() && put.records.len() <= 5);
                let bytes: usize = put.records.iter().map(Record::bytes).sum();
                prop_assert!(bytes <= 500 || put.records.len() == 1);
                under_way.push_back(put);
                prop_assert!(under_way.len() <= 2);
                if in_order {
                    let keys: Vec<_> = under_way.iter().flat_map(|put| &put.records).map(Record::key).collect();
                    prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "one of a key at once");
                }
            }
            prop_assert!(sink.deadline().is_none_or(|at| at > now), "a deadline in the past is a busy loop");
            while let Some(finished) = sink.finished() {
                prop_assert!(taken.contains_key(&finished.ticket) && done.insert(finished.ticket));
            }
            prop_assert_eq!(sink.len(), taken.len() - done.len());
        }
        prop_assert_eq!(done.len(), taken.len(), "every ticket is finished");
        prop_assert!(sink.is_empty() && sink.bytes() == 0 && sink.lanes.is_empty() && sink.ready_bytes == 0);
        let counts = sink.counts();
        prop_assert_eq!(counts.placed + counts.failed, done.len() as u64);
        prop_assert_eq!(counts.placed, stream.values().map(|sizes| sizes.len() as u64).sum::<u64>());
    }

    #[test]
    fn each_key_s_records_arrive_in_the_order_in_which_they_came(
        keys in proptest::collection::vec(0..4_u64, 1..60), faults in proptest::collection::vec(any::<bool>(), 0..200),
    ) {
        let mut sink = Sink::new(Settings { records_per_put: 3, ..settings(Order::Key) }, 3);
        for (ticket, key) in keys.iter().enumerate() {
            // The size is the ticket, so that the order can be seen in the stream.
            sink.push(record(*key, ticket + 1), ticket as u64, 0).unwrap();
        }
        let (mut now, mut faults) = (0, faults.into_iter());
        let mut stream: HashMap<String, Vec<usize>> = HashMap::new();
        while !sink.is_empty() {
            now = sink.deadline().unwrap().max(now);
            while let Some(put) = sink.poll(now) {
                let results: Vec<_> = put.records.iter().map(|record| {
                    if faults.next().unwrap_or(false) {
                        return Err(RecordFault::Throttled);
                    }
                    stream.entry(record.key().into()).or_default().push(record.bytes());
                    placed()
                }).collect();
                sink.answered(now, put.id, results);
            }
        }
        prop_assert!(stream.values().all(|sizes| sizes.is_sorted()), "{:?}", stream);
        prop_assert_eq!(stream.values().map(Vec::len).sum::<usize>(), keys.len());
    }
}
