//! Places in a document.

use super::CanonicalError;

/// How deep objects and arrays may stand in one another. Credentials need six.
const MAX_DEPTH: usize = 32;

/// Where in the document something stands; written out only when it is refused.
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
    depth: usize,
}

pub(super) enum Step<'p> {
    Top,
    Member(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The document itself.
    pub(super) const TOP: Path<'static> = Path { parent: None, step: Step::Top, depth: 0 };

    pub(super) fn child(&'p self, step: Step<'p>) -> Result<Self, CanonicalError> {
        if self.depth == MAX_DEPTH {
            return Err(CanonicalError::Bounds("too deep"));
        }
        Ok(Self { parent: Some(self), step, depth: self.depth + 1 })
    }

    /// The document's own `@context` and `proof` state nothing about it.
    pub(super) fn is_left_out(&self) -> bool {
        self.depth == 1 && matches!(self.step, Step::Member("@context" | "proof"))
    }

    pub(super) fn shape(&self, reason: &'static str) -> CanonicalError {
        CanonicalError::Shape { path: self.pointer(), reason }
    }

    pub(super) fn pointer(&self) -> String {
        let start = self.parent.map(Path::pointer).unwrap_or_default();
        match self.step {
            Step::Top => start,
            Step::Member(name) => format!("{start}/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("{start}/{index}"),
        }
    }
}
