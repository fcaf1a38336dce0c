//! Vectors: [S] frames of a public source, [C] computed from the rules.

use super::emulate::AntStick;
use super::{AntDecoder, Options, Profile};
use crate::regime::{Carrier, Regime, Vector, bytes, rpm};
use crate::{Decoder, Origin, Reading};

/// A decoder whose channel 0 listens for one kind of sensor.
pub(super) fn decoder(profile: Profile) -> Box<dyn Decoder> {
    let options = Options { profiles: vec![profile], ..Options::default() };
    let (mut decoder, mut stick) = (AntDecoder::new(options), AntStick::new(profile, 0));
    decoder.restart(0);
    while decoder.next_deadline().is_some() {
        decoder.wake(0);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&stick.answer(&request), 0);
        }
    }
    Box::new(decoder)
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    for profile in Profile::ALL {
        let make = || decoder(profile);
        let regime = Regime { noise: &[0xff, 0x55, 0xa4, 0x63], ..Regime::of(&make, carry) };
        regime.run(&vectors(profile));
    }
}

fn vectors(profile: Profile) -> Vec<Vector> {
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: vec![], said: bytes(hex), told };
    match profile {
        Profile::Cadence => vec![
            vector("[S] openant: the network key is accepted", "A4 03 40 00 46 00 A1", vec![]),
            vector("[S] thisisant: capabilities", "A4 08 54 08 08 00 BA 36 00 DF 79 D2", vec![]),
            vector(
                "[C] 60 rpm",
                "A4 09 4E 00 00 FF FF FF E8 03 64 00 93 A4 09 4E 00 80 FF FF FF E8 07 65 00 16",
                vec![rpm(60.0)],
            ),
            vector(
                "[C] 90.02 rpm over both wraps",
                "A4 09 4E 00 00 FF FF FF E8 FD FF FF 09 A4 09 4E 00 00 FF FF FF 3D 03 01 00 23",
                vec![rpm(90.0)],
            ),
            vector(
                "[C] 80 rpm",
                "A4 09 4E 00 00 FF FF FF 10 27 32 00 19 A4 09 4E 00 00 FF FF FF 10 2D 34 00 15",
                vec![rpm(80.0)],
            ),
            vector(
                "[C] 60 rpm, the second one extended",
                "A4 09 4E 00 00 FF FF FF E8 03 64 00 93 A4 0E 4E 00 80 FF FF FF E8 07 65 00 80 39 30 7A 01 E3",
                vec![rpm(60.0)],
            ),
            vector("[C] a page was missed", "A4 03 40 00 01 02 E4", vec![]),
            vector("[C] the search timed out", "A4 03 40 00 01 01 E7", vec![]),
            vector("[C] the sensor is lost", "A4 03 40 00 01 08 EE", vec![]),
            vector("[C] opened in a wrong state", "A4 03 40 00 4B 15 B9", vec![]),
            vector(
                "[C] zeros and a false start between",
                "00 00 A4 A4 09 4E 00 80 FF FF FF E8 07 65 00 16 00 00 00 A4 03 40 00 01 02 E4",
                vec![],
            ),
        ],
        Profile::SpeedCadence => vec![vector(
            "[C] 89.96 rpm of the crank",
            "A4 09 4E 00 88 13 0A 00 58 1B 2C 01 1C A4 09 4E 00 33 16 0B 00 AD 1C 2D 01 50",
            vec![rpm(90.0)],
        )],
        Profile::Power => vec![
            vector(
                "[C] 90 rpm, 200 W",
                "A4 09 4E 00 10 05 FF 5A 10 27 C8 00 AC",
                vec![rpm(90.0).watts(200.0).percent(53.1, Origin::Estimated)],
            ),
            vector("[C] no cadence, 0 W", "A4 09 4E 00 10 06 FF FF D8 27 00 00 0A", vec![]),
            vector(
                "[C] 80 and 82 rpm, 150 and 160 W",
                "A4 09 4E 00 10 0A FF 50 78 FF 96 00 47 A4 09 4E 00 10 0C FF 52 B8 00 A0 00 4A",
                vec![
                    rpm(80.0).watts(150.0).percent(44.8, Origin::Estimated),
                    rpm(82.0).watts(160.0).percent(45.7, Origin::Estimated),
                ],
            ),
            vector(
                "[C] 90.02 rpm, 20 Nm, 188.5 W",
                "A4 09 4E 00 12 14 14 FF 60 EA E8 03 6F A4 09 4E 00 12 15 15 5A B5 EF 68 06 9F",
                vec![rpm(90.0).watts(188.5).percent(50.0, Origin::Estimated)],
            ),
        ],
        Profile::FitnessEquipment => vec![Vector {
            name: "[C] pages of the profile in frames of ours",
            asked: vec![],
            said: [
                [0x11, 0xff, 0xff, 0xd7, 0x2c, 0x01, 0x4b, 0x30],
                [0x19, 0x2a, 0x5a, 0xe8, 0x03, 0x2c, 0x01, 0x30],
            ]
            .iter()
            .flat_map(|page| super::Message::new(super::BROADCAST, &[&[0], page.as_slice()].concat()).bytes())
            .collect(),
            told: vec![rpm(90.0).watts(300.0).percent(37.5, Origin::Measured)],
        }],
    }
}
