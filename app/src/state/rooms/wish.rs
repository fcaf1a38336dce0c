//! What riders want of the hub for their own rides: that they be gone, or that all-time boards name them.

use alleycat_shared::RacerId;

/// Something that only the rider may want, by the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// All rides are to be gone.
    Delete(RacerId),
    /// All-time boards may name the rider, or not.
    Named(RacerId, bool),
}

/// What became of the latest wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wished {
    /// Nothing was wanted.
    #[default]
    Nothing,
    /// The hub is being asked.
    UnderWay(Wish),
    /// It is so.
    Done(Wish),
    /// It is not, and why.
    Failed(Wish, String),
}

impl Wish {
    /// Whose rides it is about.
    pub fn racer(self) -> RacerId {
        match self {
            Self::Delete(racer) | Self::Named(racer, _) => racer,
        }
    }

    /// Where it is told.
    pub fn path(self) -> String {
        let end = match self {
            Self::Delete(_) => "/rides",
            Self::Named(..) => "/named",
        };
        ["/api/racers/", &self.racer().to_string(), end].concat()
    }
}
