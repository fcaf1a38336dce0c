//! `alleycat-hub plan`: what a stream for so many riders takes, refuses and costs. Works without a hub, a stream or a
//! network.
//!
//! The sums are [`alleycat_stream::plan`]'s; here are the options, the keys that rules give to race messages, and
//! three ways of telling: as text, as JSON, and as one page with pictures.

mod chart;
mod keys;
mod notes;
mod number;
mod options;
mod page;
mod report;
mod text;

pub use options::{ClassShare, Format, PlanError, PlanOptions};

use std::fs;

use time::OffsetDateTime;

use report::Report;

/// Does what `alleycat-hub plan` is for; returns what to say.
///
/// # Errors
/// [`PlanError`] with one sentence on what is wrong.
pub fn run(options: &PlanOptions) -> Result<String, PlanError> {
    let report = Report::of(options, OffsetDateTime::now_utc().date())?;
    let told = match options.format {
        Format::Text => text::render(&report),
        Format::Json => serde_json::to_string_pretty(&report).map_err(PlanError::Json)? + "\n",
        Format::Html => page::render(&report),
    };
    let Some(file) = &options.out else { return Ok(told.trim_end().to_owned()) };
    fs::write(file, told).map_err(|error| PlanError::Write(file.clone(), error))?;
    Ok(format!("{} is written", file.display()))
}

#[cfg(test)]
mod tests;
