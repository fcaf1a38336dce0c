//! Topic names and filters: validity and matching (MQTT 3.1.1, section 4.7).

use crate::packet::MAX_FIELD;

/// Whether a name can be published to: 1 to 65,535 bytes, no wildcard, no NUL.
///
/// ```
/// assert!(alleycat_mqtt::valid_topic("a/b"));
/// assert!(!alleycat_mqtt::valid_topic("a/+"));
/// ```
pub fn valid_topic(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= MAX_FIELD && !topic.contains(['+', '#', '\0'])
}

/// Whether a filter can be subscribed to: wildcards fill a whole level, `#` stands last.
///
/// ```
/// assert!(alleycat_mqtt::valid_filter("a/+/#"));
/// assert!(!alleycat_mqtt::valid_filter("a+"));
/// ```
pub fn valid_filter(filter: &str) -> bool {
    if filter.is_empty() || filter.len() > MAX_FIELD || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let wild = level.contains(['+', '#']);
        if wild && (level.len() > 1 || (level == "#" && levels.peek().is_some())) {
            return false;
        }
    }
    true
}

/// Whether a topic matches a filter. A leading wildcard does not match a topic that starts with `$`.
///
/// ```
/// assert!(alleycat_mqtt::matches("sport/tennis", "sport/#"));
/// assert!(!alleycat_mqtt::matches("$SYS/load", "#"));
/// ```
pub fn matches(topic: &str, filter: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut topic, mut filter) = (topic.split('/'), filter.split('/'));
    loop {
        match (topic.next(), filter.next()) {
            (_, Some("#")) | (None, None) => return true,
            (Some(_), Some("+")) => {}
            (Some(level), Some(wanted)) if level == wanted => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        let table = [
            ("a/b", "a/b", true),
            ("a/b", "a/+", true),
            ("a/b", "a/#", true),
            ("a", "a/#", true),
            ("a/b/c", "a/+", false),
            ("a", "a/+", false),
            ("a/", "a/+", true),
            ("/a", "+/+", true),
            ("/a", "/+", true),
            ("/a", "+", false),
            ("$SYS/x", "#", false),
            ("$SYS/x", "+/x", false),
            ("$SYS/x", "$SYS/#", true),
            ("$aws/things/x", "$aws/things/x", true),
            ("ärger/x", "ärger/+", true),
        ];
        for (topic, filter, expected) in table {
            assert_eq!(matches(topic, filter), expected, "{topic} ~ {filter}");
        }
    }

    #[test]
    fn malformed_names_are_not_valid() {
        for bad in ["", "a+", "a/b#", "#/a", "a/#/b", "a\0b"] {
            assert!(!valid_filter(bad), "{bad:?}");
        }
        for bad in ["", "a/+", "#", "a\0"] {
            assert!(!valid_topic(bad), "{bad:?}");
        }
        assert!(!valid_topic(&"x".repeat(65_536)) && valid_topic(&"x".repeat(65_535)));
    }
}
