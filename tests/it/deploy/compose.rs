//! compose.yaml without an engine: what it names is there, what it mounts can be mounted, and the gateway
//! finds there what its gateway.yaml says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sudare::policy::node::Node;

use super::{deploy, get, items, of, said, yaml};

/// A folder or file of the checkout inside a container.
#[derive(Debug)]
struct Mount {
    from: PathBuf,
    to: PathBuf,
    readonly: bool,
}

/// Every service and its name.
fn services() -> Vec<(String, Node)> {
    let file = yaml("compose/compose.yaml");
    let services = get(&file, "services").and_then(Node::map).expect("services");
    services.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}

/// What of the checkout a service mounts; named volumes are left out.
fn mounts(service: &Node) -> Vec<Mount> {
    let read = |volume: &Node| {
        let parts: Vec<&str> = volume.scalar().expect("a volume").split(':').collect();
        let from = parts[0].starts_with('.').then(|| deploy("compose").join(parts[0]))?;
        Some(Mount { from, to: PathBuf::from(parts[1]), readonly: parts.get(2) == Some(&"ro") })
    };
    items(service, "volumes").iter().filter_map(read).collect()
}

/// Puts a service's mounts where a container would see them, in their order. What an engine cannot mount is told:
/// inside of a read-only folder it can make no place for another.
fn mounted(mounts: &[Mount], root: &Path) -> Result<(), String> {
    for (at, mount) in mounts.iter().enumerate() {
        assert!(mount.from.exists(), "compose.yaml names `{}`, which is not there", mount.from.display());
        let place = root.join(mount.to.strip_prefix("/").expect("a whole path"));
        let around = mounts[..at].iter().find(|other| other.readonly && mount.to.starts_with(&other.to));
        if around.is_some() && !place.exists() {
            return Err(format!("{mount:?} has no place in the read-only {around:?}"));
        }
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        match mount.from.is_dir() {
            true => {
                fs::create_dir_all(&place).expect("a folder");
                let copied = Command::new("cp").arg("-r").arg(mount.from.join(".")).arg(&place).status().expect("cp");
                assert!(copied.success());
            }
            false => drop(fs::copy(&mount.from, &place).expect("a file")),
        }
    }
    Ok(())
}

#[test]
fn what_compose_mounts_has_a_place_and_its_gateway_is_a_good_one() {
    for (name, service) in services() {
        let root = tempfile::tempdir().expect("a folder");
        mounted(&mounts(&service), root.path()).unwrap_or_else(|told| panic!("{name}: {told}"));
        if name != "sudare" {
            continue;
        }
        let gateway = root.path().join("etc/sudare/gateway.yaml");
        let checked = Command::new(env!("CARGO_BIN_EXE_sudare")).args(["check", "-c"]).arg(gateway).output();
        let checked = checked.expect("sudare runs");
        assert!(checked.status.success(), "{}", said(&checked));
    }
}

/// What the file was once: a file's mount inside a read-only folder that lacks it.
#[test]
fn a_mount_without_a_place_is_found() {
    let root = tempfile::tempdir().expect("a folder");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/creme.yaml");
    let mount = |from, to: &str| Mount { from, to: to.into(), readonly: true };
    let etc = mount(deploy("compose/etc"), "/etc/sudare");
    let told = mounted(&[etc, mount(rules, "/etc/sudare/rules/creme.yaml")], root.path());
    assert!(told.is_err_and(|told| told.contains("has no place")));
}

#[test]
fn what_compose_builds_from_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut built, mut named) = (0, Vec::new());
    for (name, service) in services() {
        named.push(name.clone());
        let Some(build) = get(&service, "build") else {
            assert!(!of(&service, "image").is_empty(), "{name} has neither image nor build");
            continue;
        };
        built += 1;
        assert_eq!(fs::canonicalize(deploy("compose").join(of(build, "context"))).ok(), fs::canonicalize(root).ok());
        assert!(root.join(of(build, "dockerfile")).is_file(), "{name}: {}", of(build, "dockerfile"));
    }
    assert_eq!((built, named.len()), (2, 3));
}
