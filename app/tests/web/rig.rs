//! The page mounted for a test, with hands and eyes: what a rider does and sees.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alleycat_app::Ctx;
use alleycat_app::app::Shell;
use alleycat_app::state::{Effect, Input, Page, Preset, Recent, View};
use alleycat_shared::api::{Joined, RaceEntry, RaceResult, RaceState, ResultRow};
use alleycat_shared::config::{Auth, MqttConfig, PageConfig, SensorConfig, classes};
use alleycat_shared::message::{Event, Origin, RaceMessage, SensorMessage, SensorReading, SensorState};
use alleycat_shared::race::{Race, RaceClock, board, rider};
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{ClassId, Millis, RacerId, names};
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventInit, HtmlElement, HtmlInputElement, HtmlTableRowElement};

/// The race of the tests, of a minute.
pub(crate) const RACE: u64 = 10;
/// When it begins; the page's clock and the hub's agree.
pub(crate) const START: Millis = 600_000;
/// The racer at this page.
pub(crate) const OWN: u64 = 29;
/// How many ride along, the own one included.
pub(crate) const FIELD: u64 = 51;

/// A mounted page.
pub(crate) struct Rig {
    root: HtmlElement,
    page: RwSignal<Page>,
    now: Rc<Cell<Millis>>,
    effects: Rc<RefCell<Vec<Effect>>>,
    _mounted: Box<dyn std::any::Any>,
    _owner: Owner,
}

impl Rig {
    /// A page that has just begun.
    pub(crate) async fn bare(now: Millis) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let root: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        document.body().unwrap().append_child(&root).unwrap();
        let owner = Owner::new();
        owner.set();
        let page = RwSignal::new(Page::default());
        let now = Rc::new(Cell::new(now));
        let effects = Rc::new(RefCell::new(Vec::new()));
        let ctx = Ctx::new(page, {
            let (now, effects) = (now.clone(), effects.clone());
            move |input| page.update(|page| effects.borrow_mut().extend(page.handle(now.get(), input)))
        });
        let mounted: UnmountHandle<_> = mount_to(root.clone(), move || view! { <Shell ctx /> });
        let rig = Self { root, page, now, effects, _mounted: Box::new(mounted), _owner: owner };
        let preset = Preset {
            racer: Some(OWN.to_string()),
            name: Some("Ann".into()),
            class: None,
            ..Preset::default()
        };
        rig.tell(Input::Began { recent: Recent::default(), preset, kept: None, seed: 1 }).await;
        rig
    }

    /// A page in set-up with hub, link and bike.
    pub(crate) async fn ready(now: Millis) -> Self {
        let rig = Self::bare(now).await;
        let mut offset = ClockOffset::default();
        offset.sample(0, 0, 0);
        for input in [
            Input::Config(Ok(config())),
            Input::Clock(Some(offset)),
            Input::LinkUp,
            Input::BridgeOpened,
            Input::Sensor(state(SensorState::Live)),
            reading(88.0),
        ] {
            rig.tell(input).await;
        }
        rig.take_effects();
        rig
    }

    /// A page in a race, at its start.
    pub(crate) async fn racing() -> Self {
        let rig = Self::ready(START).await;
        rig.click("button", "Start Race").await;
        rig.tell(Input::Joined(Ok(joined()))).await;
        rig.tell(Input::LinkUp).await;
        assert_eq!(rig.view(), View::Racing);
        rig
    }

    /// Something happens now.
    pub(crate) async fn tell(&self, input: Input) {
        self.page.update(|page| self.effects.borrow_mut().extend(page.handle(self.now.get(), input)));
        leptos::task::tick().await;
    }

    /// Something happens at a time.
    pub(crate) async fn at(&self, now: Millis, input: Input) {
        self.now.set(now);
        self.tell(input).await;
    }

    /// The hub publishes board and own view after so many seconds.
    pub(crate) async fn hub_says(&self, seconds: u64) {
        let (field, clock) = field(seconds);
        let now = START + seconds * 1_000 - 1;
        let standings = field.standings(now);
        let own = standings.iter().position(|s| u64::from(s.racer_id.get()) == OWN).unwrap();
        let board = board(&field, &standings, clock.at(now), now);
        self.at(now, Input::Board { board, retained: false }).await;
        let view = rider(&field, &standings, own, None, clock.at(now), now);
        self.tell(Input::RiderView(view)).await;
    }

    /// What the page wanted done since the last time.
    pub(crate) fn take_effects(&self) -> Vec<Effect> {
        self.effects.take()
    }

    /// The view that is up.
    pub(crate) fn view(&self) -> View {
        self.page.with_untracked(Page::view)
    }

    /// Clicks what has this text or name.
    pub(crate) async fn click(&self, tag: &str, name: &str) {
        self.named(tag, name).click();
        leptos::task::tick().await;
    }

    /// Fires an event at the button of this name.
    pub(crate) async fn fire(&self, name: &str, event: &str) {
        self.named("button", name).dispatch_event(&web_sys::Event::new(event).unwrap()).unwrap();
        leptos::task::tick().await;
    }

    /// Types into the box with this label.
    pub(crate) async fn type_into(&self, label: &str, text: &str) {
        let input = self.labelled(label);
        input.set_value(text);
        let bubbles = EventInit::new();
        bubbles.set_bubbles(true);
        input.dispatch_event(&web_sys::Event::new_with_event_init_dict("input", &bubbles).unwrap()).unwrap();
        leptos::task::tick().await;
    }

    /// Waits for something that a timer of the page brings about.
    pub(crate) async fn until(&self, what: &str, done: impl Fn() -> bool) {
        for _ in 0..500 {
            if done() {
                return;
            }
            gloo_timers::future::TimeoutFuture::new(10).await;
        }
        panic!("not within five seconds: {what}");
    }

    /// What is in the box with this label.
    pub(crate) fn value(&self, label: &str) -> String {
        self.labelled(label).value()
    }

    /// All text, as it is read.
    pub(crate) fn text(&self) -> String {
        self.root.text_content().unwrap_or_default()
    }

    /// The text of all elements of a role.
    pub(crate) fn of_role(&self, role: &str) -> String {
        self.all(&format!("[role={role}]")).iter().filter_map(|element| element.text_content()).collect()
    }

    /// The text of all elements of a tag.
    pub(crate) fn of_tag(&self, tag: &str) -> String {
        self.all(tag).iter().filter_map(|element| element.text_content()).collect()
    }

    /// The state of a chip.
    pub(crate) fn state_of(&self, id: &str) -> String {
        self.all(&format!("[data-testid={id}]"))[0].get_attribute("data-state").unwrap()
    }

    /// The text of the element that system tests know by this name.
    pub(crate) fn by_test_id(&self, id: &str) -> String {
        self.all(&format!("[data-testid={id}]"))[0].text_content().unwrap()
    }

    /// Cadence, resistance, output.
    pub(crate) fn figures(&self) -> [String; 3] {
        ["cadence", "resistance", "output"].map(|id| self.by_test_id(id))
    }

    /// The board's lines.
    pub(crate) fn rows(&self) -> Vec<HtmlTableRowElement> {
        self.all("tbody tr").into_iter().map(JsCast::unchecked_into).collect()
    }

    fn named(&self, tag: &str, name: &str) -> HtmlElement {
        let is = |element: &Element| {
            let label = element.get_attribute("aria-label").or_else(|| element.text_content());
            label.is_some_and(|label| label.contains(name))
        };
        let found = self.all(tag).into_iter().find(is);
        found.unwrap_or_else(|| panic!("no {tag} `{name}` in: {}", self.text())).unchecked_into()
    }

    fn labelled(&self, label: &str) -> HtmlInputElement {
        let label = self.named("label", label);
        label.query_selector("input").unwrap().expect("a label holds its box").unchecked_into()
    }

    /// An attribute of what this selector finds first, if it has it.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.all(selector).first().and_then(|found| found.get_attribute(name))
    }

    /// What this selector finds first.
    pub(crate) fn found(&self, selector: &str) -> Option<Element> {
        self.all(selector).into_iter().next()
    }

    fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap();
        (0..list.length()).map(|index| list.item(index).unwrap().unchecked_into()).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.root.remove();
    }
}

/// The text of a cell.
pub(crate) fn cell(row: &HtmlTableRowElement, index: u32) -> String {
    row.cells().item(index).unwrap().text_content().unwrap().trim().to_owned()
}

/// The hub's answer to joining.
pub(crate) fn joined() -> Joined {
    Joined { racer_id: racer(OWN), name: "Ann".to_owned().try_into().unwrap(), token: "secret".into() }
}

/// A state of the bike.
pub(crate) fn state(state: SensorState) -> SensorMessage {
    SensorMessage::State { state, driver: "line".into(), port: "virtual".into(), hint: String::new() }
}

/// A reading of the bike.
pub(crate) fn reading(cadence: f64) -> Input {
    Input::Sensor(SensorMessage::Reading(SensorReading {
        cadence: cadence.try_into().unwrap(),
        resistance: Some(59.8.try_into().unwrap()),
        origin: Origin::Measured,
        power: None,
        heart_rate: None,
        age_ms: 0,
    }))
}

/// A race in a list.
pub(crate) fn race() -> RaceEntry {
    let (race_id, class_id) = (RACE.try_into().unwrap(), 1_u64.try_into().unwrap());
    RaceEntry { race_id, class_id, state: RaceState::Official, riders: 3 }
}

/// The result of the race.
pub(crate) fn result(state: RaceState) -> RaceResult {
    let (field, _) = field(60);
    let standings = field.standings(START + 60_000);
    let row = |s: &alleycat_shared::race::Standing<'_>| ResultRow {
        rank: s.rank,
        racer_id: s.racer_id,
        name: s.ride.name.clone(),
        score: s.ride.score(),
        best: s.ride.best(),
        seconds: s.ride.seconds(),
        flags: s.ride.flags(),
        cleared: false,
    };
    RaceResult {
        race_id: field.race_id(),
        class_id: field.class_id(),
        state,
        results: standings.iter().map(row).collect(),
        disqualified: Vec::new(),
    }
}

/// A field in which racer n rides at an output of 200 - n.
fn field(seconds: u64) -> (Race, RaceClock) {
    let clock = RaceClock::new(60).unwrap();
    let class_id = ClassId::try_from(1).unwrap();
    let mut field = Race::new(class_id, RACE.try_into().unwrap(), clock);
    for (id, second) in (0..FIELD).flat_map(|id| (1..=seconds).map(move |second| (id, second))) {
        let message = RaceMessage {
            uuid: uuid::Uuid::nil(),
            event: Event::Update,
            device_timestamp: 0,
            second: second.try_into().unwrap(),
            race_id: RACE.try_into().unwrap(),
            name: names::default_name(racer(id)),
            racer_id: racer(id),
            class_id,
            cadence: (165.0 - id as f64).try_into().unwrap(),
            resistance: 35.0.try_into().unwrap(),
        };
        field.take(&message, START + 60_000).unwrap();
    }
    (field, clock)
}

fn config() -> PageConfig {
    PageConfig {
        mqtt: MqttConfig::default(),
        sensor: SensorConfig { url: "/sensor".into() },
        classes: classes(),
        race_seconds: 60,
        grace_seconds: 30,
        auth: Auth::Token,
    }
}

fn racer(id: u64) -> RacerId {
    id.try_into().unwrap()
}
