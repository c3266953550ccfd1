//! A tree to a specification.

use super::ClassSpec;
use super::class::Around;
use super::reader::Reader;
use crate::ksy::files::FileId;
use crate::ksy::finding::Findings;
use crate::ksy::yaml::Node;

/// What a file says. What is wrong with it is added to the findings; the rest is there all the
/// same.
#[must_use]
pub fn load(file: FileId, tree: &Node, findings: &mut Findings) -> ClassSpec {
    let mut reader = Reader {
        file,
        tree,
        findings,
    };
    reader.top(tree, Around::default())
}
