#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| alleycat_sensors::regime::fuzz("bluetooth", data));
