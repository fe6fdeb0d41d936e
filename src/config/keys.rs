//! `keys:` where the key ring lies, and what wraps it.

use std::path::{Path, PathBuf};

use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, MapReader};
#[cfg(feature = "aws-kms")]
use crate::vault::kek::KmsKey;
use crate::vault::kek::{self, Address, Source, Uri};
use crate::vault::ring::Place;

/// Reads `keys:`: the ring's file, or `{ ring, file | environment | credential | pkcs11 | vault | aws_kms }`. Left out, the ring is `keys` in the
/// state folder; its key-encryption key is in a file beside it that is called the same with `.kek`.
pub fn parse(node: Option<&Node>, state: &Path, path: &dyn Fn(&str) -> PathBuf, faults: &mut Faults) -> Place {
    let usual = || state.join("keys");
    let Some(node) = node else { return Place::beside(&usual()) };
    if node.map().is_none() {
        let ring = reader::text(node, "`keys`", faults).map_or_else(usual, path);
        return Place::beside(&ring);
    }
    let Some(mut map) = MapReader::open(node, "`keys`", faults) else { return Place::beside(&usual()) };
    let ring = map.take("ring").and_then(|node| reader::text(node, "`ring`", faults)).map_or_else(usual, path);
    let file = map.take("file").and_then(|node| reader::text(node, "`file`", faults));
    let variable = map.take("environment").and_then(|node| reader::text(node, "`environment`", faults));
    let credential = map.take("credential").and_then(|node| named(node, faults));
    let token = map.take("pkcs11").and_then(|node| in_token(node, faults));
    let service = map.take("vault").and_then(|node| with_service(node, faults));
    let cloud = map.take("aws_kms").and_then(|node| with_aws(node, faults));
    map.finish(faults);
    let sources = [
        file.map(|text| Source::File(path(text))),
        variable.map(|name| Source::Environment(name.to_owned())),
        credential.map(|name| Source::Credential(name.to_owned())),
        token.map(Source::Pkcs11),
        service.map(Source::Vault),
        cloud,
    ];
    let mut sources = sources.into_iter().flatten();
    let place = match sources.next() {
        Some(kek) => Place { ring, kek },
        None => Place::beside(&ring),
    };
    if sources.next().is_some() {
        faults
            .error(&node.spot, "bad-ring", "`keys` names more than one key-encryption key")
            .help("one of `file`, `environment`, `credential`, `pkcs11`, `vault` and `aws_kms` wraps the ring");
    } else if matches!(&place.kek, Source::File(path) if *path == place.ring) {
        faults
            .error(&node.spot, "bad-ring", "the key ring and its key-encryption key are one file")
            .help("name another `file`, or leave it out");
    }
    place
}

fn named<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n str> {
    let name = reader::text(node, "`credential`", faults)?;
    if kek::is_credential(name) {
        return Some(name);
    }
    faults
        .error(&node.spot, "bad-ring", format!("`{name}` cannot be the name of a credential"))
        .help("write the name that the unit's `LoadCredential=` gives it");
    None
}

fn in_token(node: &Node, faults: &mut Faults) -> Option<Uri> {
    let text = reader::text(node, "`pkcs11`", faults)?;
    let uri = text.strip_prefix("pkcs11:").ok_or("it is no PKCS #11 URI (RFC 7512)").and_then(Uri::parse);
    uri.map_err(|wrong| {
        faults
            .error(&node.spot, "bad-ring", format!("`pkcs11` names no key: {wrong}"))
            .help("write `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH`");
    })
    .ok()
}

fn with_service(node: &Node, faults: &mut Faults) -> Option<Address> {
    let read = Address::parse(reader::text(node, "`vault`", faults)?);
    read.map_err(|wrong| {
        faults
            .error(&node.spot, "bad-ring", format!("`vault` names no key: {wrong}"))
            .help("write `https://HOST:PORT/v1/transit/keys/KEY?token-source=file:PATH`");
    })
    .ok()
}

#[cfg(feature = "aws-kms")]
fn with_aws(node: &Node, faults: &mut Faults) -> Option<Source> {
    let read = KmsKey::parse(reader::text(node, "`aws_kms`", faults)?);
    read.map(Source::AwsKms)
        .map_err(|wrong| {
            faults
                .error(&node.spot, "bad-ring", format!("`aws_kms` names no key: {wrong}"))
                .help("write `alias/NAME?region=REGION`, or the key's ARN");
        })
        .ok()
}

#[cfg(not(feature = "aws-kms"))]
fn with_aws(node: &Node, faults: &mut Faults) -> Option<Source> {
    faults
        .error(&node.spot, "bad-ring", "this sudare was built without AWS KMS")
        .help("build it with its feature `aws-kms`, which is in unless it is taken out");
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::node::{self, Source as Text};

    fn read(text: &str) -> (Place, Vec<String>) {
        let mut faults = Faults::new();
        let root = node::parse(&Text { name: "gateway.yaml".into(), text: text.into() }, &mut faults).expect("a map");
        let place = parse(root.at("keys"), Path::new("state"), &|text| Path::new("at").join(text), &mut faults);
        (place, faults.into_sorted().into_iter().map(|fault| fault.message).collect())
    }

    fn place(ring: &str, kek: &str) -> (Place, Vec<String>) {
        (Place { ring: ring.into(), kek: Source::parse(kek).expect("a source") }, Vec::new())
    }

    #[test]
    fn every_way_to_say_it() {
        assert_eq!(read("x: 1"), place("state/keys", "file:state/keys.kek"));
        assert_eq!(read("keys: ring"), place("at/ring", "file:at/ring.kek"));
        assert_eq!(read("keys: { ring: r, file: k }"), place("at/r", "file:at/k"));
        assert_eq!(read("keys: { environment: KEK }"), place("state/keys", "environment:KEK"));
        assert_eq!(read("keys: { ring: r, credential: kek }"), place("at/r", "credential:kek"));
        let token = "pkcs11:token=a;object=b?module-path=/m&pin-source=credential:pin";
        let service = "https://bao:8200/v1/transit/keys/k?token-source=file:/t";
        assert_eq!(
            read(&format!("keys: {{ ring: r, vault: '{service}' }}")),
            place("at/r", &format!("vault:{service}"))
        );
        assert_eq!(read(&format!("keys: {{ ring: r, pkcs11: '{token}' }}")), place("at/r", token));
        #[cfg(feature = "aws-kms")]
        assert_eq!(read("keys: { aws_kms: alias/sudare }"), place("state/keys", "aws_kms:alias/sudare"));
    }

    #[test]
    fn what_has_no_meaning_is_told() {
        for (text, told) in [
            ("keys: { environment: A, credential: b }", "`keys` names more than one key-encryption key"),
            ("keys: { credential: ../b }", "`../b` cannot be the name of a credential"),
            ("keys: { vault: 'https://bao/v1/t/keys/k' }", "`vault` names no key: it does not say `token-source`"),
            ("keys: { pkcs11: token }", "`pkcs11` names no key: it is no PKCS #11 URI (RFC 7512)"),
            ("keys: { pkcs11: 'pkcs11:object=b' }", "`pkcs11` names no key: it does not say `pin-source`"),
            ("keys: { ring: r, file: r }", "the key ring and its key-encryption key are one file"),
        ] {
            assert_eq!(read(text).1, [told], "{text}");
        }
        #[cfg(feature = "aws-kms")]
        let told = "`aws_kms` names no key: it is no key like `alias/NAME`, its id or its ARN";
        #[cfg(not(feature = "aws-kms"))]
        let told = "this sudare was built without AWS KMS";
        assert_eq!(read("keys: { aws_kms: key/1 }").1, [told]);
    }
}
