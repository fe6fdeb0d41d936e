//! What the fuzz targets have in common: `oracle`, which the tests of the project run as well.

#[path = "oracle/mod.rs"]
mod oracle;

/// Runs one target over one input.
///
/// # Panics
///
/// Where something does not hold that must, or the target is not known.
pub fn run(target: &str, data: &[u8]) {
    let (_, check) = oracle::TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    check(data);
}
