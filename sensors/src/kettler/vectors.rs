//! Vectors: [S] lines of a public source, [C] computed from the rules.

use super::KettlerDecoder;
use super::emulate::KettlerBike;
use crate::regime::{Carrier, Regime, Vector, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Origin};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(KettlerDecoder::new(DEFAULT_MAX_TORQUE))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let answer = |request: &[u8]| KettlerBike::new(0, 0).answer(request);
    let regime = Regime {
        answer: &answer,
        noise: b"\0\xff7\t88",
        separator: b"\r\n",
        checked: false,
        ..Regime::of(&decoder, carry)
    };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, said: &str, told| Vector {
        name,
        asked: b"st\r\n".to_vec(),
        said: said.replace('→', "\t").into_bytes(),
        told,
    };
    let estimated = Origin::Estimated;
    vec![
        vector(
            "[S] qdomyos, riding",
            "101→047→074→002→025→0312→01:12→025\r\n",
            vec![rpm(47.0).heart(101.0).watts(25.0).percent(12.7, estimated)],
        ),
        vector("[S] incyclist, idle", "000→000→000→000→100→0000→00:04→000\r\n", vec![rpm(0.0).watts(0.0)]),
        vector(
            "[S] incyclist, riding",
            "000→075→266→001→070→0012→00:36→065\r\n",
            vec![rpm(75.0).watts(65.0).percent(20.7, estimated)],
        ),
        vector(
            "[C] riding",
            "128→091→325→042→180→0247→12:05→178\r\n",
            vec![rpm(91.0).heart(128.0).watts(178.0).percent(46.7, estimated)],
        ),
        vector("[S] incyclist, seven fields", "000→075→266→001→070→0012→00:36\r\n", vec![]),
        vector("[C] without its end", "128→091→325→042→180→0247→12:05→17", vec![]),
        vector("[C] out of range", "000→251→266→001→070→0012→00:36→065\r\n", vec![]),
    ]
}
