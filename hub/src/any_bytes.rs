//! What comes to the hub from outside but messages and bodies, changed in places: tokens, files of options, certificates,
//! and what it kept on the disk itself.

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use alleycat_noise::read;
use alleycat_shared::RacerName;
use alleycat_shared::api::Join;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::program::parse;
use alleycat_shared::race::RaceClock;

use crate::config::{Cli, Command};
use crate::identity::Identity;
use crate::races::Races;
use crate::rig;
use crate::store::{self, Store, StoreError, host_key, signing_key};
use crate::tls::{Certificate, TlsFiles};

#[test]
fn no_token_is_taken_but_those_that_were_signed() {
    let (_, journal, _) = rig::open(None, 60);
    let [ours, other] = [1, 2].map(|key| Identity::new([key; 32], Vec::new(), journal.clone(), 0));
    let racers = [7_u64, 8].map(|racer| racer.try_into().unwrap());
    let token = |identity: &Identity, racer_id| {
        let join = Join { racer_id, name: RacerName::new("Ann").unwrap(), token: None };
        identity.join(&join, 0).unwrap()
    };
    let good = racers.map(|racer| token(&ours, racer));
    token(&other, racers[0]);
    read("token", &good, |bytes| {
        assert!(!other.verify(racers[0], bytes, 1), "another hub's");
        let taken = [0, 1].map(|at| {
            let taken = ours.verify(racers[at], bytes, 1);
            assert_eq!(taken, bytes == good[at].as_bytes());
            taken
        });
        taken.contains(&true)
    });
    let race = 5_402_746_u64.try_into().unwrap();
    let link = ours.sign_ride(race, racers[0], 100);
    read("key of a link", &[&link], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let taken = ours.verify_ride(race, racers[0], 100, &text);
        assert_eq!(taken, text == link);
        assert!(
            !ours.verify_ride(race, racers[0], 101, &text) && !ours.verify_ride(race, racers[1], 100, &text)
        );
        taken
    });
}

#[test]
fn a_file_of_options_is_read_or_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    read("hub's options", &[OPTIONS], |bytes| {
        fs::write(&file, bytes).unwrap();
        let args = ["alleycat-hub", "serve", "--config"].map(OsString::from);
        match parse(args.into_iter().chain([file.clone().into()])) {
            Ok(Cli { command: Command::Serve(config) }) => {
                if let Err(error) = config.check() {
                    assert!(!error.to_string().is_empty());
                } else {
                    assert!(config.page_config().race_seconds == config.clock().seconds());
                    assert!(config.content_policy().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
                }
                true
            }
            Ok(_) => false,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                false
            }
        }
    });
}

#[test]
fn a_certificate_is_read_or_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: folder.path().join("c.pem"), key: folder.path().join("k.pem") };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let load = || match Certificate::load(&files) {
        Ok(certificate) => {
            _ = certificate.warning(0);
            true
        }
        Err(error) => {
            assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
            false
        }
    };
    for (name, file, well, other) in [
        ("certificate", &files.certificate, &certificate, (&files.key, &key)),
        ("key", &files.key, &key, (&files.certificate, &certificate)),
    ] {
        fs::write(other.0, other.1).unwrap();
        read(name, &[well], |bytes| {
            fs::write(file, bytes).unwrap();
            load()
        });
    }
}

#[test]
fn a_store_is_read_or_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let key = signing_key(Some(folder.path())).unwrap();
    let kept = host_key(folder.path()).unwrap();
    let (races, journal, thread) = rig::open(Some(folder.path()), 60);
    let racer = 7.try_into().unwrap();
    let identity = Identity::new(key, Vec::new(), journal.clone(), 0);
    identity.join(&Join { racer_id: racer, name: RacerName::new("Ann").unwrap(), token: None }, 0).unwrap();
    let message = RaceMessage::parse(include_bytes!("../../shared/tests/golden/race-message.json")).unwrap();
    let begun = message.race_id.get() * 60_000;
    for second in 1..=60_u64 {
        let message = RaceMessage { second: second.try_into().unwrap(), ..message.clone() };
        races.take(&message, begun + 60_000).unwrap();
    }
    races.close(begun + 95_000);
    journal.stop();
    thread.join().unwrap();
    drop((races, identity, journal));
    assert!(store::verify(folder.path()).unwrap().results > 0);
    let whole = folder.path().join("whole.db");
    store::backup(folder.path(), &whole).unwrap();

    let damaged = tempfile::tempdir().unwrap();
    let file = |name: &str| damaged.path().join(name);
    let (_, elsewhere, _) = rig::open(None, 60);
    let load = || -> Result<(), StoreError> {
        let store = Arc::new(Store::open(Some(damaged.path()), 60)?);
        store.seats(0)?;
        store.history(racer, None, 10)?;
        let clock = RaceClock::new(60).unwrap();
        Races::load(clock, 30, true, store, Arc::clone(&elsewhere))?.list(
            message.class_id,
            None,
            10,
            begun + 95_000,
        )?;
        Ok(())
    };
    let said = |done: Result<(), StoreError>| match done {
        Ok(()) => true,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    };
    read("store", &[fs::read(&whole).unwrap()], |bytes| {
        for part in ["alleycat.db-wal", "alleycat.db-shm"] {
            _ = fs::remove_file(file(part));
        }
        fs::write(file("alleycat.db"), bytes).unwrap();
        let verified = said(store::verify(damaged.path()).map(drop));
        said(load()) && verified
    });
    read("key of tokens", &[key], |bytes| {
        fs::write(file("token.key"), bytes).unwrap();
        said(signing_key(Some(damaged.path())).map(drop))
    });
    read("key of the host", &[kept], |bytes| {
        fs::write(file("host.key"), bytes).unwrap();
        said(host_key(damaged.path()).map(drop))
    });
}

/// One of each kind of value.
const OPTIONS: &str = r#"
listen = "127.0.0.1:9000"
race-seconds = 60
keep-days = 400
open = true
data = "races"
archive = "both"
client-rate = 32
allow-origin = ["http://localhost:8081", "https://race.example"]
broker = "mqtts://hub:password@broker.example:8883"
broker-url-for-pages = "wss://broker.example/mqtt"
broker-limits = "aws-iot-core"
classes = [1, 3]
share = "hall"
outbox-mib = 64
stream = "kinesis:alleycat"
stream-from = "oldest"
sensor-url = "ws://localhost:8765/sensor"
"#;
