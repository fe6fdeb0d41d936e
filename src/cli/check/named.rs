//! What tests of rules need beside the rules: the files that they name.

use std::path::Path;

use crate::config::text;
use crate::policy::Policy;
use crate::policy::fault::{Fault, Faults};
use crate::policy::rule::tests::body::{Content, ContentFrom};

/// Warnings about files that tests name and that are not there: such a test can only fail.
pub(super) fn without_files(policy: &Policy) -> Vec<Fault> {
    let mut faults = Faults::new();
    for test in policy.tests() {
        let whole = test.expect.iter().filter_map(|expect| expect.whole.as_ref());
        let contents = test.request.body.iter().chain(&test.response.content).chain(whole);
        let folder = Path::new(&*test.spot.file).parent().unwrap_or(Path::new(""));
        for Content { from, spot, .. } in contents {
            let ContentFrom::File(name) = from else { continue };
            let path = folder.join(name);
            if !path.is_file() {
                faults.warning(spot, "no-file", format!("`{}` is not there", text::plain(&path)));
            }
        }
    }
    faults.into_sorted()
}
