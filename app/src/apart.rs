//! What the first race does without. The page for release has it in files of their own, one for each name here:
//! `cargo xtask page` takes the module apart at these functions. In every other build they are functions as any.

use std::pin::Pin;

use leptos::prelude::*;
use wasm_split_helpers::SplitLoaderError;

use crate::net;
use crate::platform::inspect;
use crate::state::rooms::{Answer, Question, Wish};
use crate::state::service::Inspection;
use crate::state::{Failure, Rider, View};
use crate::views::{Pair, RoomView, Service};

/// A function whose code, with all that only it leads to, is in the file of this name. Calling it loads the file, if
/// it is not there yet.
macro_rules! apart {
    ($file:ident: $(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty $body:block) => {
        $(#[$doc])*
        #[cfg(feature = "split")]
        #[wasm_split_helpers::wasm_split($file, fallible)]
        $vis fn $name($($arg: $type),*) -> $out $body

        $(#[$doc])*
        #[cfg(not(feature = "split"))]
        $vis async fn $name($($arg: $type),*) -> $out $body
    };
}

/// Shows a view that is apart.
pub(crate) type Show = fn(View) -> AnyView;

/// A question that is under way.
pub(crate) type Asking<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

/// What shows a view that is apart, once it is there.
pub(crate) type Loading = Pin<Box<dyn Future<Output = Result<Show, SplitLoaderError>>>>;

apart! { rooms:
    /// Shows the rooms beside the race.
    pub(crate) fn rooms() -> Result<Show, SplitLoaderError> {
        Ok(|view| match view {
            View::Room(room) => view! { <RoomView room /> }.into_any(),
            _ => ().into_any(),
        })
    }
}

apart! { rooms:
    /// Asks the hub what a room wants to know, with the token if there is one.
    pub(crate) fn look_up(question: Question, token: Option<String>) -> Result<Asking<Box<Answer>>, Failure> {
        Ok(Box::pin(net::look_up(question, token)))
    }
}

apart! { rooms:
    /// Tells the hub what the rider wants for the own rides.
    pub(crate) fn wish(wish: Wish, token: String) -> Result<Asking<()>, Failure> {
        Ok(Box::pin(net::wish(wish, token)))
    }
}

apart! { service:
    /// Shows the service menu.
    pub(crate) fn service() -> Result<Show, SplitLoaderError> {
        Ok(|_| view! { <Service /> }.into_any())
    }
}

apart! { service:
    /// Asks for what only the browser can tell; `bridge`: the page comes from a bridge, which can tell of itself.
    pub(crate) fn inspect(bridge: bool) -> Result<Asking<Inspection>, Failure> {
        Ok(Box::pin(async move { Ok(inspect::inspect(bridge).await) }))
    }
}

apart! { phone:
    /// Shows the page of a phone that brings its rider.
    pub(crate) fn phone() -> Result<Show, SplitLoaderError> {
        Ok(|_| view! { <Pair /> }.into_any())
    }
}

apart! { phone:
    /// Hands the rider over to the tablet that shows this code.
    pub(crate) fn hand_over(code: String, rider: Rider) -> Result<Asking<()>, Failure> {
        Ok(Box::pin(net::hand_over(code, rider)))
    }
}

impl From<SplitLoaderError> for Failure {
    /// As when the hub does not answer.
    fn from(_: SplitLoaderError) -> Self {
        Self::default()
    }
}
