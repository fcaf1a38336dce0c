//! `probe`: looks for the bike once, and tells each step.

use std::io::{self, Write};

use super::detect::{Told, candidates, once};
use crate::config::Bike;

/// Looks for the bike once, and tells each step as it begins. Returns whether it was found.
///
/// # Errors
/// When nothing can be told.
pub async fn probe(bike: &Bike, told: &mut (impl Write + Send)) -> io::Result<bool> {
    let found = candidates(bike).await;
    let mut outcome = Ok(());
    let hit = once(bike, &found, &mut |step: Told<'_>| {
        if outcome.is_ok() {
            outcome = writeln!(told, "{step}").and_then(|()| told.flush());
        }
    })
    .await;
    outcome?;
    Ok(hit.is_some())
}
