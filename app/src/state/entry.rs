//! What the rider enters before a race: racer id, name, class; and who rode on this device before.

use alleycat_shared::{ClassId, RacerId, RacerName, names};
use serde::{Deserialize, Serialize};

use super::Ride;

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
    /// Who joined last, as long as this page knows: also a rider whom the device does not remember.
    current: Option<Rider>,
    /// The rider came with a phone.
    guest: bool,
    way: Way,
    preset: Preset,
}

/// The ways to say who rides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The racer id on the keypad.
    #[default]
    Keypad,
    /// One of those who rode here before.
    Recent,
    /// The rider's own phone.
    Phone,
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
    /// Whether the page stands in a room for whoever comes: it rests until it is touched, and forgets who rode.
    pub kiosk: bool,
    /// Whether this device is to remember nobody.
    pub recent_off: bool,
    /// The code of a tablet that waits for this phone's rider.
    pub pair: Option<String>,
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
            current: None,
            guest: false,
            way: Way::default(),
            preset: Preset::default(),
        }
    }
}

impl Recent {
    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.riders.is_empty()
    }

    /// Who rode here, latest first.
    pub fn riders(&self) -> &[Rider] {
        &self.riders
    }
}

impl Entry {
    /// Begins with the latest rider of this device, or with what the address says. A kiosk begins with nobody.
    pub fn new(mut recent: Recent, preset: Preset) -> Self {
        if preset.recent_off {
            recent.riders.clear();
        }
        recent.riders.truncate(REMEMBERED);
        let mut entry = Self { recent, preset, ..Self::default() };
        if let Some(class) = entry.recent.class {
            entry.class = class;
        }
        let latest = entry.recent.riders.first().filter(|_| !entry.preset.kiosk);
        if let Some(latest) = latest {
            entry.digits = latest.racer.to_string();
        }
        entry.begin();
        entry
    }

    /// What the address says goes before everything else.
    fn begin(&mut self) {
        let Preset { racer, name, class, kiosk, .. } = self.preset.clone();
        if let Some(racer) = racer {
            self.type_racer(&racer);
        }
        self.suggest_name();
        if let Some(name) = name {
            self.type_name(&name);
        }
        if let Some(class) = class.and_then(|text| text.parse().ok()) {
            self.class = class;
        }
        self.way = if kiosk && !self.recent.is_empty() { Way::Recent } else { Way::Keypad };
        self.fresh = true;
    }

    /// Forgets who is entered, and begins anew. Returns the rider if it is one who came with a phone.
    pub fn forget(&mut self) -> Option<Rider> {
        let guest = self.current.take().filter(|_| self.guest);
        self.guest = false;
        self.digits.clear();
        self.name.clear();
        self.named = false;
        self.begin();
        guest
    }

    /// What the address says.
    pub fn preset(&self) -> &Preset {
        &self.preset
    }

    /// How the rider is entered.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Another way to enter the rider.
    pub fn choose_way(&mut self, way: Way) {
        self.way = way;
    }

    /// Takes one of those who rode here before.
    pub fn take(&mut self, racer: RacerId) {
        if self.known(racer).is_some() {
            self.enter(racer);
        }
    }

    /// Takes the rider whom a phone has brought. This device will not remember who it was.
    pub fn welcome(&mut self, rider: Rider) {
        self.recent.riders.retain(|known| known.racer != rider.racer);
        let racer = rider.racer;
        self.current = Some(rider);
        self.guest = true;
        self.enter(racer);
        self.way = Way::Keypad;
    }

    /// Goes on as the rider of a ride that was kept, in its class.
    pub fn resume(&mut self, ride: &Ride) {
        self.class = ride.class;
        if ride.guest {
            self.welcome(ride.rider.clone());
        } else {
            self.current = Some(ride.rider.clone());
            self.enter(ride.rider.racer);
        }
    }

    fn enter(&mut self, racer: RacerId) {
        self.digits = racer.to_string();
        self.named = false;
        self.suggest_name();
        self.fresh = true;
    }

    /// Whether the entered rider came with a phone.
    pub fn is_guest(&self) -> bool {
        self.guest && self.current.as_ref().map(|rider| rider.racer) == self.racer()
    }

    /// Forgets that a racer rode here.
    pub fn unremember(&mut self, racer: RacerId) {
        self.recent.riders.retain(|known| known.racer != racer);
        if self.recent.is_empty() {
            self.way = Way::Keypad;
        }
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

    /// Notes a rider who joined; the oldest of many is forgotten, and a guest is not remembered at all.
    pub fn remember(&mut self, rider: Rider) {
        self.guest = self.guest && self.current.as_ref().is_some_and(|guest| guest.racer == rider.racer);
        self.current = Some(rider.clone());
        if !self.guest && !self.preset.recent_off {
            self.recent.riders.retain(|known| known.racer != rider.racer);
            self.recent.riders.insert(0, rider);
            self.recent.riders.truncate(REMEMBERED);
        }
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
        self.current.iter().chain(&self.recent.riders).find(|rider| rider.racer == racer)
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
const REMEMBERED: usize = 8;

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
        let mut entry = Entry::new(before.recent().clone(), Preset::default());
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
    fn only_eight_riders_are_remembered() {
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
            ..Preset::default()
        };
        let entry = Entry::new(Recent::default(), preset("7", "Ann", "2"));
        assert_eq!((entry.digits(), entry.name_text(), entry.class().get()), ("7", "Ann", 2));
        let entry = Entry::new(Recent::default(), preset("x", "", "9"));
        assert_eq!((entry.digits(), entry.class().get()), ("", 1));
    }

    fn rider(racer: u64, name: &str) -> Rider {
        let name = RacerName::new(name).unwrap();
        Rider { racer: racer.try_into().unwrap(), name, token: Some(format!("token of {racer}")) }
    }

    fn kiosk() -> Preset {
        Preset { kiosk: true, ..Preset::default() }
    }

    #[test]
    fn a_kiosk_begins_with_nobody_and_offers_who_rode_before() {
        let mut before = typed("7");
        before.remember(rider(7, "Ann"));
        before.remember(rider(8, "Ben"));
        let mut entry = Entry::new(before.recent().clone(), kiosk());
        assert_eq!((entry.digits(), entry.name_text(), entry.way()), ("", "", Way::Recent));
        entry.take(7.try_into().unwrap());
        assert_eq!((entry.digits(), entry.name_text()), ("7", "Ann"));
        assert_eq!(entry.token(7.try_into().unwrap()).as_deref(), Some("token of 7"));
        entry.take(9.try_into().unwrap());
        assert_eq!(entry.digits(), "7", "nobody of that id rode here");
        entry.unremember(7.try_into().unwrap());
        assert_eq!(entry.recent().riders().iter().map(|rider| rider.racer.get()).collect::<Vec<_>>(), [8]);
        assert_eq!(entry.forget(), None);
        assert_eq!((entry.digits(), entry.name_text(), entry.racer()), ("", "", None));
        assert_eq!(entry.recent().riders().len(), 1);
    }

    #[test]
    fn a_guest_leaves_nothing_behind() {
        let mut entry = Entry::new(Recent::default(), kiosk());
        entry.welcome(rider(7, "Ann"));
        assert_eq!((entry.digits(), entry.name_text(), entry.is_guest()), ("7", "Ann", true));
        let renewed = Rider { token: Some("new".into()), ..rider(7, "Ann") };
        entry.remember(renewed.clone());
        assert_eq!((entry.token(renewed.racer).as_deref(), entry.recent().is_empty()), (Some("new"), true));
        assert_eq!(entry.forget(), Some(renewed.clone()));
        assert_eq!((entry.token(renewed.racer), entry.digits()), (None, ""));
        entry.welcome(rider(7, "Ann"));
        entry.remember(rider(8, "Ben"));
        assert_eq!((entry.is_guest(), entry.recent().riders().len()), (false, 1), "who typed is no guest");
    }

    #[test]
    fn a_device_that_is_to_remember_nobody_keeps_nobody() {
        let mut before = typed("7");
        before.remember(rider(7, "Ann"));
        let mut entry = Entry::new(before.recent().clone(), Preset { recent_off: true, ..kiosk() });
        entry.remember(rider(8, "Ben"));
        assert!(entry.recent().is_empty());
        assert_eq!(entry.token(8.try_into().unwrap()).as_deref(), Some("token of 8"), "as long as it rides");
    }
}
