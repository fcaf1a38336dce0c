//! Sounds, made on the spot: no files. A browser that makes none is silent, and nothing else changes.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AudioContext, AudioContextState, OscillatorType};

use super::clock;

/// A tone.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    /// Hz.
    pub pitch: f32,
    /// When it begins, in seconds from now.
    pub after: f64,
    /// How long it lasts, in seconds.
    pub length: f64,
}

thread_local! {
    static CONTEXT: RefCell<Option<AudioContext>> = const { RefCell::new(None) };
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// Whether there are to be sounds. Browsers allow none before the page is first touched, so it waits for that.
pub fn want(wanted: bool) {
    WANTED.set(wanted);
    if wanted && !LISTENING.replace(true) {
        let touched = Closure::<dyn Fn()>::new(wake).into_js_value();
        let window = web_sys::window();
        for event in ["pointerdown", "keydown"] {
            // A window that hears nothing stays silent.
            let _ = window
                .as_ref()
                .map(|window| window.add_event_listener_with_callback(event, touched.unchecked_ref()));
        }
    }
}

/// Plays some tones, now or not at all: a sound that comes late tells something untrue.
pub fn play(tones: &'static [Tone]) {
    let Some(context) = CONTEXT.with_borrow(Clone::clone) else { return };
    let asked = clock::now();
    spawn_local(async move {
        if let Ok(resumed) = context.resume() {
            // Whatever comes of it is seen from the state.
            let _ = JsFuture::from(resumed).await;
        }
        if context.state() == AudioContextState::Running && clock::now() < asked + LATE_MS {
            for tone in tones {
                // A tone less is no trouble.
                let _ = sound(&context, *tone);
            }
        }
    });
}

fn wake() {
    if WANTED.get() {
        CONTEXT.with_borrow_mut(|context| {
            if context.is_none() {
                *context = AudioContext::new().ok();
            }
        });
    }
}

fn sound(context: &AudioContext, tone: Tone) -> Result<(), JsValue> {
    let begin = context.current_time() + tone.after;
    let end = begin + tone.length;
    let (oscillator, volume) = (context.create_oscillator()?, context.create_gain()?);
    oscillator.set_type(OscillatorType::Triangle);
    oscillator.frequency().set_value(tone.pitch);
    // In and out within some ms, or it clicks.
    volume.gain().set_value_at_time(0.0, begin)?;
    volume.gain().linear_ramp_to_value_at_time(LOUD, begin + EDGE)?;
    volume.gain().set_value_at_time(LOUD, end - EDGE)?;
    volume.gain().linear_ramp_to_value_at_time(0.0, end)?;
    oscillator.connect_with_audio_node(&volume)?;
    volume.connect_with_audio_node(&context.destination())?;
    oscillator.start_with_when(begin)?;
    oscillator.stop_with_when(end)
}

/// Of full volume.
const LOUD: f32 = 0.35;
/// How long a tone swells and fades, in seconds.
const EDGE: f64 = 0.012;
/// From when on a tone is late.
const LATE_MS: u64 = 300;
