//! Topic filters as AWS IoT Core reads them in rules.

/// A topic filter. `#` stands for what is below, and unlike in MQTT not for the level itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// One sentence on what no filter has.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let levels: Vec<&str> = text.split('/').collect();
        let last = levels.len() - 1;
        if text.is_empty() {
            return Err("a topic filter is not empty");
        }
        if text.len() > LONGEST {
            return Err("a topic filter has at most 256 bytes");
        }
        for (at, level) in levels.iter().enumerate() {
            if level.contains('#') && (*level != "#" || at != last) {
                return Err("`#` stands alone in the last level of a topic filter");
            }
            if level.contains('+') && *level != "+" {
                return Err("`+` stands alone in its level of a topic filter");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a topic is meant.
    pub fn matches(&self, topic: &str) -> bool {
        // Topics of the broker itself are meant by name only.
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.split('/');
        for filter in self.0.split('/') {
            match (filter, levels.next()) {
                ("#", Some(_)) => return true,
                (_, None) => return false,
                ("+", Some(_)) => {}
                (filter, Some(level)) if filter == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }
}

/// The longest topic of AWS IoT Core, in bytes.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_mean_the_topics_that_aws_says() {
        for (filter, topic, meant) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/b", "a", false),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("+/b", "a/b", true),
            ("a/#", "a/b", true),
            ("a/#", "a/b/c", true),
            ("a/#", "a/", true),
            ("a/#", "a", false),
            ("#", "a", true),
            ("#", "$aws/x", false),
            ("$aws/#", "$aws/x", true),
            ("alleycat-publish/#", "alleycat-publish/7", true),
        ] {
            assert_eq!(Filter::new(filter).unwrap().matches(topic), meant, "{filter} {topic}");
        }
        for filter in ["", "a/#/b", "a#", "a+/b", &"x".repeat(257)] {
            assert!(Filter::new(filter).is_err(), "{filter}");
        }
    }
}
