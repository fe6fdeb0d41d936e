//! See `lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sudare_fuzz::run("style", data));
