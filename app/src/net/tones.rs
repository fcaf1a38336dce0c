//! What each cue sounds like: short, and high enough for a gym.

use crate::platform::sound::Tone;
use crate::state::Cue;

/// The tones of a cue.
pub(super) const fn tones(cue: Cue) -> &'static [Tone] {
    match cue {
        Cue::Count => const { &[tone(660.0, 0.0, 0.14)] },
        Cue::Go => const { &[tone(1_320.0, 0.0, 0.5)] },
        Cue::LastSeconds => const { &[tone(880.0, 0.0, 0.09)] },
        Cue::Gained => const { &[tone(660.0, 0.0, 0.11), tone(990.0, 0.12, 0.16)] },
        Cue::Lost => const { &[tone(660.0, 0.0, 0.11), tone(440.0, 0.12, 0.16)] },
        Cue::Finish => {
            const { &[tone(784.0, 0.0, 0.16), tone(988.0, 0.18, 0.16), tone(1_175.0, 0.36, 0.45)] }
        }
    }
}

const fn tone(pitch: f32, after: f64, length: f64) -> Tone {
    Tone { pitch, after, length }
}
