//! Vectors: [S] values of a public source, [C] computed from the rules. Each line is one notification: the
//! characteristic and its value.

use super::{BleDecoder, Characteristic};
use crate::regime::{bytes, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Origin, Reading};

/// Notifications a second apart, and what is read from them.
pub(super) struct Vector {
    pub(super) name: &'static str,
    pub(super) said: Vec<(Characteristic, Vec<u8>)>,
    pub(super) told: Vec<Reading>,
}

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(BleDecoder::new(DEFAULT_MAX_TORQUE))
}

pub(super) fn vectors() -> Vec<Vector> {
    use Characteristic::{Cadence, IndoorBike, Power, ResistanceRange};
    let vector = |name, said: &[(Characteristic, &str)], told: Vec<Reading>| Vector {
        name,
        said: said.iter().map(|(characteristic, hex)| (*characteristic, bytes(hex))).collect(),
        told,
    };
    let estimated = |reading: Reading, percent| reading.percent(percent, Origin::Estimated);
    vec![
        vector(
            "[S] gymnasticon: 129 rpm, 290 W, heart 0",
            &[(IndoorBike, "44 02 DA 02 02 01 22 01 00")],
            vec![estimated(rpm(129.0).watts(290.0), 53.7)],
        ),
        vector(
            "[S] SmartSpin2k: 88 rpm, 64 W",
            &[(IndoorBike, "44 02 F2 08 B0 00 40 00 00")],
            vec![estimated(rpm(88.0).watts(64.0), 17.4)],
        ),
        vector(
            "[C] 90 rpm, resistance 37, 175 W, heart 140",
            &[(IndoorBike, "64 02 C4 09 B4 00 25 00 AF 00 8C")],
            vec![rpm(90.0).watts(175.0).heart(140.0).percent(37.0, Origin::Level)],
        ),
        vector(
            "[C] the same with a range of 0 to 50 in whole levels",
            &[(ResistanceRange, "00 00 32 00 01 00"), (IndoorBike, "64 02 C4 09 B4 00 25 00 AF 00 8C")],
            vec![rpm(90.0).watts(175.0).heart(140.0).percent(74.0, Origin::Level)],
        ),
        vector(
            "[C] resistance, power and heart rate first, the cadence in the second half",
            &[(IndoorBike, "61 02 25 00 AF 00 8C"), (IndoorBike, "05 00 B4 00")],
            vec![rpm(90.0).watts(175.0).heart(140.0).percent(37.0, Origin::Level)],
        ),
        vector("[C] the second half alone", &[(IndoorBike, "05 00 B4 00")], vec![rpm(90.0)]),
        vector(
            "[C] every field",
            &[(IndoorBike, "F6 0B C4 09 60 09 AA 00 39 30 00 14 00 C8 00 BE 00 7B 00 58 02 0A 8C 84 03")],
            vec![rpm(85.0).watts(200.0).heart(140.0).percent(20.0, Origin::Level)],
        ),
        vector("[C] too short", &[(IndoorBike, "44 02 DA 02 02")], vec![]),
        vector("[C] 60 rpm", &[(Cadence, "02 64 00 E8 03"), (Cadence, "02 65 00 E8 07")], vec![rpm(60.0)]),
        vector(
            "[C] 90.02 rpm over both wraps",
            &[(Cadence, "02 FF FF E8 FD"), (Cadence, "02 01 00 3D 03")],
            vec![rpm(90.0)],
        ),
        vector(
            "[C] 89.96 rpm beside a wheel",
            &[(Cadence, "03 2C 01 00 00 58 1B 0A 00 88 13"), (Cadence, "03 2D 01 00 00 AD 1C 0B 00 33 16")],
            vec![rpm(90.0)],
        ),
        vector(
            "[C] a wheel alone",
            &[(Cadence, "01 2C 01 00 00 58 1B"), (Cadence, "01 2D 01 00 00 AD 1C")],
            vec![],
        ),
        vector(
            "[C] 180 W, 89.96 rpm",
            &[(Power, "20 00 AF 00 0A 00 00 20"), (Power, "20 00 B4 00 0B 00 AB 22")],
            vec![estimated(rpm(90.0).watts(180.0), 47.7)],
        ),
        vector(
            "[C] turned back: -10 W are none",
            &[(Cadence, "02 64 00 E8 03"), (Power, "00 00 F6 FF"), (Cadence, "02 65 00 E8 07")],
            vec![rpm(60.0).watts(0.0)],
        ),
        vector(
            "[C] balance, torque, wheel and crank",
            &[
                (Power, "35 00 C8 00 64 80 02 E8 03 00 00 00 10 14 00 00 40"),
                (Power, "35 00 C8 00 64 80 02 EA 03 00 00 00 15 15 00 AB 42"),
            ],
            vec![estimated(rpm(90.0).watts(200.0), 53.1)],
        ),
    ]
}
