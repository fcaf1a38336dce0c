//! A ride as a Training Center Database (TCX, schema version 2): one activity, one lap, a point a second.

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Exported, Unwritable, unwritable};

pub(super) fn write(exported: &Exported) -> Result<Vec<u8>, Unwritable> {
    let seconds: Vec<_> = exported.seconds().collect();
    let began = i64::try_from(exported.start / 1_000).unwrap_or(i64::MAX);
    let first = seconds.first().map_or(began, |second| second.at - 1);
    let last = seconds.last().map_or(first, |second| second.at);
    let start = instant(first)?;
    let notes = format!(
        "Alleycat race {} in class {}: racer {} ({}), score {}",
        exported.race,
        exported.class,
        exported.racer,
        exported.ride.name,
        exported.ride.score()
    );
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).map_err(unwritable)?;
    let times = seconds.iter().map(|second| instant(second.at)).collect::<Result<Vec<_>, _>>()?;
    xml.create_element("TrainingCenterDatabase")
        .with_attribute(("xmlns", "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"))
        .write_inner_content(|xml| {
            xml.create_element("Activities").write_inner_content(|xml| {
                let activity = xml.create_element("Activity").with_attribute(("Sport", "Biking"));
                activity.write_inner_content(|xml| {
                    text(xml, "Id", &start)?;
                    let lap = xml.create_element("Lap").with_attribute(("StartTime", start.as_str()));
                    lap.write_inner_content(|xml| {
                        text(xml, "TotalTimeSeconds", &format!("{}.0", last - first))?;
                        // The schema asks for both; neither is measured.
                        text(xml, "DistanceMeters", "0.0")?;
                        text(xml, "Calories", "0")?;
                        text(xml, "Intensity", "Active")?;
                        text(xml, "TriggerMethod", "Manual")?;
                        xml.create_element("Track").write_inner_content(|xml| {
                            for (second, time) in seconds.iter().zip(&times) {
                                let rpm = second.ridden.cadence().round().min(MAX_CADENCE);
                                xml.create_element("Trackpoint").write_inner_content(|xml| {
                                    text(xml, "Time", time)?;
                                    text(xml, "Cadence", &format!("{rpm:.0}"))
                                })?;
                            }
                            Ok(())
                        })?;
                        text(xml, "Notes", &notes)
                    })?;
                    Ok(())
                })?;
                Ok(())
            })?;
            Ok(())
        })
        .map_err(unwritable)?;
    Ok(xml.into_inner())
}

fn text(xml: &mut Writer<Vec<u8>>, name: &str, text: &str) -> std::io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

/// An instant as the schema writes it.
fn instant(at: i64) -> Result<String, Unwritable> {
    OffsetDateTime::from_unix_timestamp(at).map_err(unwritable)?.format(&Rfc3339).map_err(unwritable)
}

/// The most that the schema allows.
const MAX_CADENCE: f64 = 254.0;

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    #[test]
    fn the_ride_reads_back_and_a_name_can_not_break_out() {
        let bytes = write(&super::super::tests::exported("</Notes><x a=\"&")).unwrap();
        let (mut reader, mut path, mut found) =
            (Reader::from_reader(bytes.as_slice()), Vec::new(), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => path.push(start.name().as_ref().to_owned()),
                Event::End(_) => _ = path.pop(),
                Event::Text(text) => {
                    found.push((path.last().cloned().unwrap_or_default(), text.to_string()));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let all = |name: &str| {
            found.iter().filter(|(leaf, _)| leaf == name).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(all("Cadence"), ["81", "82", "83", "85", "86", "87", "88", "89", "90"]);
        assert_eq!((all("Id")[0], all("Time")[0]), ("2021-05-12T12:50:00Z", "2021-05-12T12:50:01Z"));
        assert_eq!(all("TotalTimeSeconds"), ["10.0"]);
        assert!(all("x").is_empty() && all("Notes").concat().contains("race 5402746 in class 1"));
    }
}
