//! Names as one searches for them: without capitals and without marks on letters, so that `zofie` finds `Žofie`.
//!
//! Tables of the Latin letters and a few of the Greek and Cyrillic ones, for the page pays for every byte: the whole
//! of Unicode's decompositions is some thirty times as large. Other scripts are compared as they are.

/// A text without capitals and marks.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            // Marks that stand by themselves.
            '\u{300}'..='\u{36f}' => {}
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' | 'ơ' => folded.push('o'),
            'ư' => folded.push('u'),
            'ð' | 'đ' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ŧ' => folded.push('t'),
            'ŋ' => folded.push('n'),
            'ı' => folded.push('i'),
            'ά' => folded.push('α'),
            'έ' => folded.push('ε'),
            'ή' => folded.push('η'),
            'ί' | 'ϊ' | 'ΐ' => folded.push('ι'),
            'ό' => folded.push('ο'),
            'ύ' | 'ϋ' | 'ΰ' => folded.push('υ'),
            'ώ' => folded.push('ω'),
            'ς' => folded.push('σ'),
            'ё' => folded.push('е'),
            'й' => folded.push('и'),
            'ї' => folded.push('і'),
            _ => folded.push(base(letter)),
        }
    }
    folded
}

/// The letter below a mark, if it is a Latin one.
fn base(letter: char) -> char {
    let of = |first: char, table: &[u8]| {
        let at = usize::try_from(u32::from(letter).checked_sub(first.into())?).ok()?;
        table.get(at).copied().filter(|base| *base != b'.').map(char::from)
    };
    of('À', LATIN).or_else(|| of('\u{1cd}', MORE)).or_else(|| of('\u{1e00}', MOST)).unwrap_or(letter)
}

/// From U+00C0 on; a dot where nothing is below.
const LATIN: &[u8] =
    b"aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.yaaaaaaccccccccdd..eeeeeeeeeeggggggg\
ghh..iiiiiiiii...jjkk.llllll....nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.";
/// From U+01CD on.
const MORE: &[u8] =
    b"aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa....aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooo\
oooyy";
/// From U+1E00 on.
const MOST: &[u8] = b"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrrssss\
ssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy......aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooo\
oooooooooouuuuuuuuuuuuuuyyyyyyyy......";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_capitals_do_not_count() {
        for (name, folded) in [
            ("Žofie", "zofie"),
            ("Ångström", "angstrom"),
            ("GROẞ groß", "gross gross"),
            ("Łukasz Đorđe Søren", "lukasz dorde soren"),
            ("Nguyễn Thị Hường", "nguyen thi huong"),
            ("e\u{301}cole", "ecole"),
            ("Ǎ Ȳ ỹ Ž ž", "a y y z z"),
            ("Ægir Œuvre Þór", "aegir oeuvre thor"),
            ("Γιώργος", "γιωργοσ"),
            ("Алёна Сергей", "алена сергеи"),
            ("漢字 1×2÷3", "漢字 1×2÷3"),
        ] {
            assert_eq!(fold(name), folded, "{name}");
        }
        assert_eq!((LATIN.len(), MORE.len(), MOST.len()), (192, 103, 256));
    }
}
