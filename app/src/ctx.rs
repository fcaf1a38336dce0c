//! What every component needs: the state to read from, and someone to tell.

use std::rc::Rc;

use leptos::prelude::*;

use crate::state::{BoardKey, Input, Page};
use crate::words::Lang;

/// A handle on the page's state, given down as a context.
#[derive(Clone, Copy)]
pub struct Ctx {
    page: RwSignal<Page>,
    tell: StoredValue<Rc<dyn Fn(Input)>, LocalStorage>,
}

impl Ctx {
    /// The state, and who takes the rider's inputs.
    pub fn new(page: RwSignal<Page>, tell: impl Fn(Input) + 'static) -> Self {
        Self { page, tell: StoredValue::new_local(Rc::new(tell)) }
    }

    /// The one that was given down.
    pub fn here() -> Self {
        use_context().expect("every component is below the shell")
    }

    /// The language, to say words in. Not tracked: whoever is up is put up anew in another language.
    pub fn words(self) -> Lang {
        self.now(Page::words)
    }

    /// A part of the state, renewed when it changes and not otherwise.
    pub fn read<T: Clone + PartialEq + Send + Sync + 'static>(self, part: fn(&Page) -> T) -> Memo<T> {
        Memo::new(move |_| self.page.with(part))
    }

    /// A part of the state that is worth working out only when `key` has changed: the state itself changes with
    /// every reading of the bike.
    pub fn read_when<K, T>(self, key: fn(&Page) -> K, part: fn(&Page) -> T) -> Memo<T>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        T: PartialEq + Send + Sync + 'static,
    {
        let key = self.read(key);
        // Read, for a memo that is only tracked is never worked out and so never hears of a change.
        Memo::new(move |_| key.with(|_| self.now(part)))
    }

    /// A part of the state as it is now.
    pub fn now<T>(self, part: impl FnOnce(&Page) -> T) -> T {
        self.page.with_untracked(part)
    }

    /// A part of the state at a place that moves.
    pub fn read_at<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        place: Signal<usize>,
        part: fn(&Page, usize) -> T,
    ) -> Memo<T> {
        Memo::new(move |_| self.page.with(|page| part(page, place.get())))
    }

    /// A line of the board: worked out when `key`, the board's, has changed, and not with every reading of the bike.
    pub fn slot(self, key: Memo<BoardKey>, index: usize) -> Memo<Option<crate::state::Slot>> {
        Memo::new(move |_| key.with(|_| self.page.with_untracked(|page| page.slot(index))))
    }

    /// Tells the state what the rider did.
    pub fn tell(self, input: Input) {
        // Cloned out, for the answer may end the component that told.
        let tell = self.tell.get_value();
        tell(input);
    }
}
