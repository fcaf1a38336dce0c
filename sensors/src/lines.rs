//! Text lines out of bytes.

use crate::Counters;

/// Gathers bytes up to the one that ends a line.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    end: u8,
    line: Vec<u8>,
    /// What is left of a line that was cut, or is too long, is thrown away.
    skipping: bool,
}

impl Lines {
    /// Lines that end with this byte.
    pub(crate) const fn new(end: u8) -> Self {
        Self { end, line: Vec::new(), skipping: false }
    }

    /// The same, where the first line is cut: the port was opened in its middle.
    pub(crate) const fn cut(end: u8) -> Self {
        Self { end, line: Vec::new(), skipping: true }
    }

    /// Takes in a byte; returns the line that it ends. What is thrown away is counted.
    pub(crate) fn push(&mut self, byte: u8, counters: &mut Counters) -> Option<Vec<u8>> {
        if byte == self.end {
            let line = std::mem::take(&mut self.line);
            if std::mem::take(&mut self.skipping) {
                counters.skipped += line.len() as u64;
                return None;
            }
            return Some(line);
        }
        if self.line.len() < MAX_LINE {
            self.line.push(byte);
        } else {
            // Too long for a line: noise, or a sensor of another kind.
            self.skipping = true;
            counters.skipped += 1;
        }
        None
    }

    /// Throws away what has come of a line that can only be an old one.
    pub(crate) fn clear(&mut self, counters: &mut Counters) {
        counters.skipped += self.line.len() as u64;
        self.line.clear();
    }
}

/// The longest line in bytes.
const MAX_LINE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &mut Lines, text: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let mut counters = Counters::default();
        let told = text.iter().filter_map(|byte| lines.push(*byte, &mut counters)).collect();
        (told, counters.skipped)
    }

    #[test]
    fn a_line_without_end_stays_bounded_and_the_next_one_is_read() {
        let mut long = Lines::new(b'\n');
        assert_eq!(lines(&mut long, &[b'8'; 100_000]), (vec![], 100_000 - MAX_LINE as u64));
        assert!(long.line.len() <= MAX_LINE);
        assert_eq!(lines(&mut long, b"\n87\n"), (vec![b"87".to_vec()], MAX_LINE as u64));
    }

    #[test]
    fn a_cut_line_is_no_line() {
        assert_eq!(lines(&mut Lines::cut(b'\r'), b"7\r87\r"), (vec![b"87".to_vec()], 1));
    }
}
