//! Numbers as people read them.

/// A whole number in groups of three.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut told = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    if number < 0.0 && told != "0" { format!("-{told}") } else { told }
}

/// Money, to the cent.
pub(crate) fn money(amount: f64) -> String {
    let cents = format!("{:.2}", amount.abs().fract());
    // What is rounded up to the next whole is that.
    match cents.strip_prefix("0.") {
        Some(cents) => format!("{}.{cents}", whole(amount.trunc())),
        None => format!("{}.00", whole(amount.round())),
    }
}

/// A number with as many digits as matter.
pub(crate) fn some(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        n if n >= 100.0 => whole(n),
        n if n >= 10.0 => format!("{n:.1}"),
        n if n >= 1.0 => format!("{n:.2}"),
        n => format!("{n:.3}"),
    }
}

/// A part as per cent.
pub(crate) fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => "0 %".to_owned(),
        n if n < 0.01 => "under 0.01 %".to_owned(),
        n if n < 1.0 => format!("{n:.2} %"),
        n if n < 10.0 => format!("{n:.1} %"),
        n => format!("{} %", whole(n)),
    }
}

/// A time: milliseconds below 10 s, then seconds.
pub(crate) fn time(ms: f64) -> String {
    if ms < 10_000.0 { format!("{} ms", whole(ms)) } else { format!("{} s", whole(ms / 1_000.0)) }
}

/// Bytes a second.
pub(crate) fn rate(bytes_per_second: f64) -> String {
    let kib = bytes_per_second / 1024.0;
    if kib < 1024.0 { format!("{} KiB/s", some(kib)) } else { format!("{} MiB/s", some(kib / 1024.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        assert_eq!([0.0, 999.6, 1_234_567.0, -1_000.0].map(whole), ["0", "1,000", "1,234,567", "-1,000"]);
        assert_eq!([0.0, 0.999, 68_147.54, 1_000.05].map(money), ["0.00", "1.00", "68,147.54", "1,000.05"]);
        assert_eq!([0.0, 0.1234, 1.5, 12.34, 1_234.0].map(some), ["0", "0.123", "1.50", "12.3", "1,234"]);
        assert_eq!(
            [0.0, 0.000_01, 0.005, 0.055, 1.0].map(percent),
            ["0 %", "under 0.01 %", "0.50 %", "5.5 %", "100 %"]
        );
        assert_eq!([125.0, 75_000.0].map(time), ["125 ms", "75 s"]);
        assert_eq!(rate(174_000.0), "170 KiB/s");
    }
}
