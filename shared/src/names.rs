//! A default name for every racer id: the same on every board, in every program.

use crate::{RacerId, RacerName};

/// The default name of a racer: a first name from our own list and an initial, for example `Greta M.`.
///
/// Neighbouring ids get different first names; the first names times the 26 initials repeat only after
/// 4,264 ids.
///
/// ```
/// use alleycat_shared::{RacerId, names};
/// let racer = RacerId::try_from(7).unwrap();
/// assert_eq!(names::default_name(racer), names::default_name(racer));
/// ```
pub fn default_name(racer: RacerId) -> RacerName {
    let id = racer.get() as usize;
    let first = FIRST_NAMES[id.wrapping_mul(STRIDE) % FIRST_NAMES.len()];
    let initial = char::from(b'A' + u8::try_from(id / FIRST_NAMES.len() % 26).expect("below 26"));
    RacerName::new(&format!("{first} {initial}.")).expect("first names are short and plain")
}

/// What a racer is called where no name is to be shown: `Rider 123`.
pub fn unnamed(racer: RacerId) -> RacerName {
    RacerName::new(&format!("Rider {racer}")).expect("a number is short and plain")
}

/// Prime to the list's length, so that the names are mixed and each comes once in every round.
const STRIDE: usize = 61;

const FIRST_NAMES: [&str; 164] = [
    "Ada", "Aiko", "Alba", "Alma", "Amara", "Anders", "Anouk", "Anselm", "Arjun", "Asha", "Aster", "Atlas",
    "Aurel", "Ayo", "Basil", "Bea", "Benoit", "Birgit", "Bodhi", "Bram", "Bruna", "Caleb", "Camila", "Carys",
    "Cato", "Celine", "Cyrus", "Dalia", "Dario", "Delia", "Deniz", "Dina", "Dov", "Edda", "Edith", "Eero",
    "Eira", "Elias", "Elke", "Emre", "Enzo", "Esme", "Etta", "Ezra", "Fabian", "Farah", "Felix", "Fenna",
    "Finn", "Flora", "Freya", "Gaia", "Gideon", "Gita", "Greta", "Gus", "Hana", "Harun", "Hedda", "Hugo",
    "Ida", "Idris", "Ilse", "Imran", "Ines", "Ingrid", "Ira", "Isla", "Ivo", "Jaan", "Jada", "Jonas",
    "Joris", "Juno", "Kai", "Karin", "Kenji", "Kira", "Koa", "Lars", "Leila", "Lena", "Levi", "Linus",
    "Lior", "Lotte", "Luca", "Lucia", "Maeve", "Maja", "Malik", "Mara", "Marek", "Mateo", "Meera", "Mika",
    "Milo", "Mina", "Moss", "Nadia", "Naoki", "Neda", "Niko", "Nils", "Noor", "Nora", "Odin", "Oksana",
    "Olive", "Omar", "Orla", "Oskar", "Otto", "Pavel", "Petra", "Pia", "Priya", "Quinn", "Rafa", "Ragna",
    "Ravi", "Remy", "Rhea", "Rosa", "Rufus", "Runa", "Sacha", "Saga", "Salma", "Sami", "Sanne", "Sarita",
    "Selim", "Signe", "Silas", "Sina", "Soren", "Stella", "Suki", "Sven", "Tadeo", "Talia", "Tamsin",
    "Tariq", "Tess", "Theo", "Tilda", "Tomas", "Tova", "Ugo", "Ulla", "Uma", "Vera", "Vidar", "Viola",
    "Wanda", "Wim", "Xenia", "Yara", "Yusuf", "Zadie", "Zelda", "Ziv", "Zora",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_known_racer_has_a_name_and_a_round_has_no_twins() {
        let name = |id| default_name(RacerId::try_from(id).unwrap());
        let all: HashSet<_> = (0..=RacerId::MAX).map(name).collect();
        assert_eq!(all.len(), FIRST_NAMES.len() * 26);
        let round: HashSet<_> = (0..all.len() as u64).map(name).collect();
        assert_eq!(round.len(), all.len());
    }
}
