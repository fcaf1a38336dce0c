//! What the rider enters before a race: racer id, name, class; and who rode on this device before.

use alleycat_shared::{ClassId, RacerId, RacerName, names};
use serde::{Deserialize, Serialize};

/// The rider's choice as it is being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    digits: String,
    name: String,
    /// Whether the name is the rider's own word and survives a change of the id.
    named: bool,
    /// Whether the next key starts a new number.
    fresh: bool,
    class: ClassId,
    recent: Recent,
}

/// Who rode on this device, latest first; what the page remembers from day to day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    riders: Vec<Rider>,
    class: Option<ClassId>,
}

/// A rider who rode on this device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rider {
    /// The racer id.
    pub racer: RacerId,
    /// The name.
    pub name: RacerName,
    /// The token of the latest join: keeps the id although it is in use.
    pub token: Option<String>,
}

/// A key of the keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// 0 to 9.
    Digit(u8),
    /// Takes back the last digit.
    Erase,
    /// Takes back all.
    Clear,
}

/// Values to begin with, from the page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preset {
    /// The racer id.
    pub racer: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The class.
    pub class: Option<String>,
}

impl Default for Entry {
    fn default() -> Self {
        let class = ClassId::all().next().expect("there are six");
        Self {
            digits: String::new(),
            name: String::new(),
            named: false,
            fresh: true,
            class,
            recent: Recent::default(),
        }
    }
}

impl Entry {
    /// Begins with the latest rider of this device, or with what the address says.
    pub fn new(recent: Recent, preset: &Preset) -> Self {
        let mut entry = Self { recent, ..Self::default() };
        if let Some(class) = entry.recent.class {
            entry.class = class;
        }
        if let Some(latest) = entry.recent.riders.first() {
            entry.digits = latest.racer.to_string();
        }
        if let Some(racer) = preset.racer.as_deref() {
            entry.type_racer(racer);
        }
        entry.suggest_name();
        if let Some(name) = preset.name.as_deref() {
            entry.type_name(name);
        }
        if let Some(class) = preset.class.as_deref().and_then(|text| text.parse().ok()) {
            entry.class = class;
        }
        entry.fresh = true;
        entry
    }

    /// A key of the keypad. A digit that would leave the range is not taken.
    pub fn press(&mut self, key: Key) {
        let digits = match key {
            Key::Digit(digit) if self.fresh || self.digits == "0" => digit.to_string(),
            Key::Digit(digit) => format!("{}{digit}", self.digits),
            Key::Erase => self.digits.chars().take(self.digits.len().saturating_sub(1)).collect(),
            Key::Clear => String::new(),
        };
        self.type_racer(&digits);
    }

    /// The racer id as text, from a keyboard. Text that can't be one is not taken.
    pub fn type_racer(&mut self, text: &str) {
        let text = text.trim();
        self.fresh = false;
        if text.is_empty() || text.parse::<RacerId>().is_ok() {
            self.digits = text.to_owned();
            self.suggest_name();
        }
    }

    /// The name as text. An empty one gives way to the suggestion when the id changes. One that is too long is not
    /// taken: cut off, it could end in half a letter.
    pub fn type_name(&mut self, text: &str) {
        if text.chars().count() > RacerName::MAX_CHARS {
            return;
        }
        text.clone_into(&mut self.name);
        self.named = !self.name.trim().is_empty();
    }

    /// Another class.
    pub fn choose_class(&mut self, class: ClassId) {
        self.class = class;
    }

    /// Notes a rider who joined; the oldest of many is forgotten.
    pub fn remember(&mut self, rider: Rider) {
        self.recent.riders.retain(|known| known.racer != rider.racer);
        self.recent.riders.insert(0, rider);
        self.recent.riders.truncate(REMEMBERED);
        self.recent.class = Some(self.class);
        self.fresh = true;
    }

    /// What to keep from day to day.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// The token with which this device last rode as the racer.
    pub fn token(&self, racer: RacerId) -> Option<String> {
        self.known(racer).and_then(|rider| rider.token.clone())
    }

    /// The racer id as it is typed; may be empty.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The name as it is typed.
    pub fn name_text(&self) -> &str {
        &self.name
    }

    /// The racer id, if one is there.
    pub fn racer(&self) -> Option<RacerId> {
        self.digits.parse().ok()
    }

    /// The name: the typed one, or the racer's default.
    pub fn name(&self) -> Option<RacerName> {
        if self.name.trim().is_empty() {
            self.racer().map(names::default_name)
        } else {
            RacerName::new(&self.name).ok()
        }
    }

    /// The class.
    pub fn class(&self) -> ClassId {
        self.class
    }

    fn known(&self, racer: RacerId) -> Option<&Rider> {
        self.recent.riders.iter().find(|rider| rider.racer == racer)
    }

    fn suggest_name(&mut self) {
        if self.named {
            return;
        }
        let known = |racer| self.known(racer).map(|rider| rider.name.clone());
        let name = self.racer().map(|racer| known(racer).unwrap_or_else(|| names::default_name(racer)));
        self.name = name.map(String::from).unwrap_or_default();
    }
}

/// How many riders a device remembers.
const REMEMBERED: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Entry {
        let mut entry = Entry::default();
        for key in keys.chars() {
            entry.press(match key {
                '<' => Key::Erase,
                'c' => Key::Clear,
                digit => Key::Digit(u8::try_from(digit.to_digit(10).unwrap()).unwrap()),
            });
        }
        entry
    }

    #[test]
    fn the_keypad_can_only_type_racers() {
        let table = [
            ("7", "7"),
            ("40000", "40000"),
            ("40001", "4000"),
            ("007", "7"),
            ("12<", "1"),
            ("12c", ""),
            ("<", ""),
        ];
        for (keys, digits) in table {
            assert_eq!(typed(keys).digits(), digits, "{keys}");
        }
    }

    #[test]
    fn each_racer_comes_with_a_name_until_the_rider_types_one() {
        let mut entry = typed("7");
        assert_eq!(entry.name(), Some(names::default_name(RacerId::try_from(7).unwrap())));
        entry.type_name("Ann");
        entry.press(Key::Digit(1));
        assert_eq!(entry.name().unwrap().as_str(), "Ann");
        entry.type_name("");
        assert_eq!(entry.name(), entry.racer().map(names::default_name));
        entry.type_name("a\u{202e}b");
        assert_eq!(entry.name(), None);
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        entry.type_name(&family.repeat(3));
        entry.type_name(&family.repeat(4));
        assert_eq!(entry.name().unwrap().as_str(), family.repeat(3), "no child is left behind");
    }

    #[test]
    fn the_first_key_after_a_remembered_rider_starts_anew() {
        let mut before = typed("7");
        before.type_name("Ann");
        before.choose_class(ClassId::try_from(3).unwrap());
        let rider =
            Rider { racer: before.racer().unwrap(), name: before.name().unwrap(), token: Some("t".into()) };
        before.remember(rider);
        let mut entry = Entry::new(before.recent().clone(), &Preset::default());
        assert_eq!((entry.digits(), entry.name_text(), entry.class().get()), ("7", "Ann", 3));
        assert_eq!(entry.token(entry.racer().unwrap()).as_deref(), Some("t"));
        entry.press(Key::Digit(1));
        entry.press(Key::Digit(2));
        assert_eq!(entry.digits(), "12");
        assert_ne!(entry.name_text(), "Ann");
        entry.press(Key::Clear);
        entry.press(Key::Digit(7));
        assert_eq!(entry.name_text(), "Ann");
    }

    #[test]
    fn only_a_dozen_riders_are_remembered() {
        let mut entry = typed("0");
        for racer in 0..20_u64 {
            let racer = RacerId::try_from(racer).unwrap();
            entry.remember(Rider { racer, name: names::default_name(racer), token: None });
        }
        assert_eq!(entry.recent().riders.len(), REMEMBERED);
        assert_eq!(entry.recent().riders[0].racer.get(), 19);
    }

    #[test]
    fn the_address_goes_before_memory_and_nonsense_in_it_is_ignored() {
        let preset = |racer: &str, name: &str, class: &str| Preset {
            racer: Some(racer.into()),
            name: Some(name.into()),
            class: Some(class.into()),
        };
        let entry = Entry::new(Recent::default(), &preset("7", "Ann", "2"));
        assert_eq!((entry.digits(), entry.name_text(), entry.class().get()), ("7", "Ann", 2));
        let entry = Entry::new(Recent::default(), &preset("x", "", "9"));
        assert_eq!((entry.digits(), entry.class().get()), ("", 1));
    }
}
