//! The tree against RFC 9162's own definition, and its proofs against the vectors of transparency-dev.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::Value;

use super::proof::{Tree, consistency, extends, includes, inclusion};
use super::range::CompactRange;
use super::stored::{FANOUT, FOLDER_NAME, Stored};
use super::{empty, leaf, node};
use crate::ledger::chain::Hash;

/// RFC 9162 section 2.1.1, word for word: the tree as its definition has it, and slow.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node(naive(left), naive(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf(Hash::of(&index.to_be_bytes()))).collect()
}

fn range(leaves: &[Hash]) -> CompactRange {
    let mut range = CompactRange::default();
    leaves.iter().for_each(|leaf| range.push(*leaf));
    range
}

#[test]
fn the_range_has_the_root_of_the_definition_and_reads_back() {
    let leaves = leaves(70);
    for size in 0..=70 {
        let range = range(&leaves[..size]);
        assert_eq!((range.size(), range.root()), (size as u64, naive(&leaves[..size])), "{size}");
        let bytes = range.to_bytes();
        assert_eq!(CompactRange::from_bytes(size as u64, &bytes), Some(range));
        assert_eq!(CompactRange::from_bytes(size as u64, &[&bytes[..], &[0]].concat()), None);
        assert_eq!(CompactRange::from_bytes(size as u64, &[&bytes[..], &[0; 32]].concat()), None);
    }
}

#[test]
fn the_empty_tree_and_a_leaf_hash_as_the_rfc_has_them() {
    assert_eq!(empty().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let record = Hash([0xab; 32]);
    assert_eq!(leaf(record), Hash::of(&[&[0][..], &[0xab; 32]].concat()));
    assert_eq!(node(record, record), Hash::of(&[&[1][..], &[0xab; 64]].concat()));
}

#[test]
fn each_proof_of_small_trees_holds_and_none_holds_elsewhere() {
    let leaves = leaves(20);
    let root = |span: std::ops::Range<u64>| naive(&leaves[span.start as usize..span.end as usize]);
    for size in 1..=20 {
        for index in 0..size {
            let proof: Vec<Hash> = inclusion(index, size).into_iter().map(root).collect();
            for claimed in 0..size {
                let holds = includes(claimed, size, leaves[index as usize], &proof, root(0..size));
                assert_eq!(holds, claimed == index, "{index} of {size} as {claimed}");
            }
        }
        let new = Tree { size, root: root(0..size) };
        for old in 1..=size {
            let proof: Vec<Hash> = consistency(old, size).into_iter().map(root).collect();
            assert!(extends(Tree { size: old, root: root(0..old) }, new, &proof), "{old} to {size}");
            assert!(!extends(Tree { size: old, root: leaves[0] }, Tree { root: leaves[1], ..new }, &proof));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn stored_hashes_give_the_roots_of_the_definition_however_they_were_written(
        parts in prop::collection::vec(0u64..700, 1..5), beyond in 0u64..300, torn in 0u64..40, at in 0u64..10_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let total = parts.iter().sum::<u64>() + beyond;
        let leaves = leaves(total);
        let mut stored = Stored::open(dir.path()).unwrap();
        for part in &parts {
            let from = stored.size();
            leaves[from as usize..(from + part).min(total) as usize].iter().for_each(|leaf| stored.know(*leaf));
            stored.write().unwrap();
            // A crash cuts the last file that was written.
            let first = dir.path().join(FOLDER_NAME).join("0");
            let len = fs::metadata(&first).unwrap().len();
            fs::OpenOptions::new().write(true).open(&first).unwrap().set_len(len.saturating_sub(torn)).unwrap();
            stored = Stored::open(dir.path()).unwrap();
        }
        leaves[stored.size() as usize..].iter().for_each(|leaf| stored.know(*leaf));
        prop_assert_eq!(stored.known(), total);
        prop_assert_eq!(stored.root(0..total).unwrap(), naive(&leaves));
        if total > 0 {
            for span in inclusion(at % total, total) {
                let expected = naive(&leaves[span.start as usize..span.end as usize]);
                prop_assert_eq!(stored.root(span).unwrap(), expected);
            }
        }
        prop_assert!(stored.root(0..total + 1).is_err());
    }
}

#[test]
fn the_second_level_is_there_from_the_first_whole_tile_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut stored = Stored::open(dir.path()).unwrap();
    leaves(FANOUT).into_iter().for_each(|leaf| stored.know(leaf));
    assert_eq!(stored.write().unwrap().size(), FANOUT);
    assert_eq!(fs::read(dir.path().join(FOLDER_NAME).join("1")).unwrap(), naive(&leaves(FANOUT)).0);
}

/// The vectors of transparency-dev, where this workplace has them.
fn vectors(folder: &str) -> Option<Vec<(PathBuf, Value)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/merkle/testdata").join(folder);
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    let (mut folders, mut found) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), serde_json::from_slice(&fs::read(path).unwrap()).unwrap()));
            }
        }
    }
    Some(found)
}

/// Some vectors have other texts in place of hashes: the same text is the same hash then, and no text is none.
fn hash(value: &Value) -> Option<Hash> {
    let bytes = BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let hash = bytes.as_slice().try_into().map_or_else(|_| Hash::of(&bytes), Hash);
    (!bytes.is_empty()).then_some(hash)
}

fn hashes(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

#[test]
fn proofs_of_inclusion_are_told_apart_as_others_tell_them() {
    let Some(vectors) = vectors("inclusion") else { return };
    assert!(vectors.len() >= 90, "{}", vectors.len());
    for (path, case) in vectors {
        let number = |name: &str| case[name].as_u64().unwrap();
        let parts = (hash(&case["leafHash"]), hashes(&case["proof"]), hash(&case["root"]));
        let holds = match parts {
            (Some(leaf), Some(proof), Some(root)) => {
                includes(number("leafIdx"), number("treeSize"), leaf, &proof, root)
            }
            _ => false,
        };
        assert_eq!(holds, case["wantErr"] == false, "{}", path.display());
    }
}

#[test]
fn proofs_of_consistency_are_told_apart_as_others_tell_them() {
    let Some(vectors) = vectors("consistency") else { return };
    assert!(vectors.len() >= 90, "{}", vectors.len());
    for (path, case) in vectors {
        let tree =
            |size: &str, root: &str| hash(&case[root]).map(|root| Tree { size: case[size].as_u64().unwrap(), root });
        let holds = match (tree("size1", "root1"), tree("size2", "root2"), hashes(&case["proof"])) {
            (Some(old), Some(new), Some(proof)) => extends(old, new, &proof),
            _ => false,
        };
        assert_eq!(holds, case["wantErr"] == false, "{}", path.display());
    }
}
