//! Follows the links of the CRM's pages, so that pages of which nobody thought are looked at too.

use std::collections::{BTreeSet, VecDeque};

use super::client::{Answer, Client};
use super::page::links;

/// Addresses that end the session, or lead to files.
const LEFT_OUT: [&str; 4] = ["logout", "static_media", "/download/", "/media/"];

/// Opens pages from these on, one of each shape (`/persons/contact/7` and `/persons/contact/8` have
/// one shape), and gives how many there were.
pub fn crawl(client: &mut Client, from: &[&str], pages_max: usize, mut visit: impl FnMut(&str, &Answer)) -> usize {
    let mut ahead: VecDeque<String> = from.iter().map(|path| (*path).to_owned()).collect();
    let mut shapes = BTreeSet::new();
    while let Some(path) = ahead.pop_front().filter(|_| shapes.len() < pages_max) {
        if LEFT_OUT.iter().any(|word| path.contains(word)) || !shapes.insert(shape(&path)) {
            continue;
        }
        let answer = client.get(&path);
        visit(&path, &answer);
        ahead.extend(links(&answer.text()).into_iter().filter(|link| is_path(link)));
    }
    shapes.len()
}

/// Whether a link can be asked for as it stands: on this server, and no template of a script's.
fn is_path(link: &str) -> bool {
    link.starts_with('/') && link.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'#' | b'$'))
}

/// The address with its numbers taken out.
fn shape(path: &str) -> String {
    path.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}
