//! URDNA2015 (the canonicalisation that became RDFC-1.0), with the old escapes and with a bound on its work.
//!
//! Blank nodes of a certificate are always told apart by what is said of them directly. Where they are not, the paths to their neighbours are compared, which
//! can take time without end on graphs made for it; the work is counted and such graphs are refused.

use super::{
    CanonicalError,
    quad::{Node, Object, Quad},
    utf16_order,
};
use crate::crypto::Sha256;
use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

/// Steps of comparing paths, each about a microsecond. Pairs of nodes with five neighbours that cannot be told apart still fit.
const MAX_WORK: usize = 8_000;

type Hash = [u8; 32];

/// The sorted N-Quads of a graph whose blank nodes are numbered below `blanks`.
pub(super) fn canonicalise(quads: &[Quad], blanks: usize) -> Result<String, CanonicalError> {
    let labels = Labelling::of(quads, blanks)?.issued;
    let mut position = vec![0_usize; blanks];
    for (label, blank) in labels.nodes.iter().enumerate() {
        if let Some(place) = position.get_mut(*blank) {
            *place = label;
        }
    }
    let mut lines = Lines::default();
    for quad in quads {
        lines.push(quad, |blank, out| {
            let _ = write!(out, "_:c14n{}", position.get(blank).copied().unwrap_or_default());
        });
    }
    let mut text = String::with_capacity(lines.text.len());
    text.extend(lines.sorted());
    Ok(text)
}

/// Lines of N-Quads in one buffer.
#[derive(Default)]
struct Lines {
    text: String,
    ranges: Vec<Range<usize>>,
}

impl Lines {
    fn clear(&mut self) {
        self.text.clear();
        self.ranges.clear();
    }

    fn push(&mut self, quad: &Quad, label: impl Fn(usize, &mut String)) {
        let start = self.text.len();
        quad.write(&mut self.text, label);
        self.ranges.push(start..self.text.len());
    }

    fn sorted(&mut self) -> impl Iterator<Item = &str> {
        let text = &self.text;
        let line = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        // Bytes are compared far faster; they sort otherwise only where 0xEE, 0xEF or more occur.
        if text.bytes().any(|byte| byte >= 0xEE) {
            self.ranges.sort_unstable_by(|one, other| utf16_order(line(one), line(other)));
        } else {
            self.ranges.sort_unstable_by(|one, other| line(one).cmp(line(other)));
        }
        self.ranges.iter().map(line)
    }
}

/// Blank nodes in the order in which they were given labels.
#[derive(Clone, Default)]
struct Issued {
    nodes: Vec<usize>,
}

impl Issued {
    fn label(&self, node: usize) -> Option<usize> {
        self.nodes.iter().position(|known| *known == node)
    }

    /// The label of `node`, a new one if it has none.
    fn issue(&mut self, node: usize) -> usize {
        self.label(node).unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }
}

/// The state of the algorithm; numbers in comments are those of URDNA2015's specification.
struct Labelling<'q> {
    quads: &'q [Quad<'q>],
    /// For each blank node the statements with it.
    mentions: Vec<Vec<&'q Quad<'q>>>,
    first: Vec<Hash>,
    issued: Issued,
    work: usize,
}

impl<'q> Labelling<'q> {
    /// 4.4, steps 1 to 6.
    fn of(quads: &'q [Quad<'q>], blanks: usize) -> Result<Self, CanonicalError> {
        let mut this =
            Self { quads, mentions: vec![Vec::new(); blanks], first: Vec::new(), issued: Issued::default(), work: 0 };
        for quad in this.quads {
            for blank in quad.blanks() {
                if let Some(mentions) = this.mentions.get_mut(blank) {
                    mentions.push(quad);
                }
            }
        }
        this.first = this.first_degree();
        let mut alike: BTreeMap<Hash, Vec<usize>> = BTreeMap::new();
        for (blank, (hash, mentions)) in this.first.iter().zip(&this.mentions).enumerate() {
            if !mentions.is_empty() {
                alike.entry(*hash).or_default().push(blank);
            }
        }
        for nodes in alike.values() {
            if let [only] = nodes.as_slice() {
                this.issued.nodes.push(*only);
            }
        }
        for nodes in alike.values().filter(|nodes| nodes.len() > 1) {
            this.label_alike(nodes)?;
        }
        Ok(this)
    }

    /// 4.6: what is said of each node, with itself as `_:a` and every other blank node as `_:z`.
    fn first_degree(&self) -> Vec<Hash> {
        let mut lines = Lines::default();
        let hash = |(blank, mentions): (usize, &Vec<&Quad>)| {
            lines.clear();
            for quad in mentions {
                lines.push(quad, |other, out| out.push_str(if other == blank { "_:a" } else { "_:z" }));
            }
            digest(lines.sorted())
        };
        self.mentions.iter().enumerate().map(hash).collect()
    }

    /// 4.4, step 6, for one group of nodes with equal first-degree hashes.
    fn label_alike(&mut self, nodes: &[usize]) -> Result<(), CanonicalError> {
        let mut paths = Vec::new();
        for node in nodes {
            self.spend(1 + self.issued.nodes.len() / 16)?;
            if self.issued.label(*node).is_none() {
                paths.push(self.n_degree(*node, Issued { nodes: vec![*node] })?);
            }
        }
        paths.sort_by_key(|(hash, _)| *hash);
        for (_, path) in paths {
            for node in path.nodes {
                self.spend(1 + self.issued.nodes.len() / 16)?;
                self.issued.issue(node);
            }
        }
        Ok(())
    }

    /// 4.8: the hash of everything that can be reached from `node`, and the order in which it is reached.
    fn n_degree(&mut self, node: usize, mut issued: Issued) -> Result<(Hash, Issued), CanonicalError> {
        let mut data = Sha256::new();
        for (hash, mut related) in self.related(node, &issued)? {
            data.update(hex(&hash).as_bytes());
            related.sort_unstable();
            let mut chosen: Option<(String, Issued)> = None;
            loop {
                if let Some((path, order)) = self.path(&related, &issued, chosen.as_ref())? {
                    chosen = Some((path, order));
                }
                if !next_permutation(&mut related) {
                    break;
                }
            }
            if let Some((path, order)) = chosen {
                data.update(path.as_bytes());
                issued = order;
            }
        }
        Ok((data.finish(), issued))
    }

    /// 4.8, step 5.4: the path through `related` in this order, if it is less than the one chosen before.
    fn path(
        &mut self,
        related: &[usize],
        issued: &Issued,
        chosen: Option<&(String, Issued)>,
    ) -> Result<Option<(String, Issued)>, CanonicalError> {
        let mut issued = issued.clone();
        let mut path = String::new();
        let mut recursion = Vec::new();
        let is_worse = |path: &String| chosen.is_some_and(|(best, _)| !best.is_empty() && path > best);
        for node in related {
            self.spend(1 + (self.issued.nodes.len() + issued.nodes.len()) / 16)?;
            if let Some(label) = self.issued.label(*node) {
                let _ = write!(path, "_:c14n{label}");
            } else {
                if issued.label(*node).is_none() {
                    recursion.push(*node);
                }
                let _ = write!(path, "_:b{}", issued.issue(*node));
            }
            if is_worse(&path) {
                return Ok(None);
            }
        }
        for node in recursion {
            let (hash, order) = self.n_degree(node, issued.clone())?;
            let _ = write!(path, "_:b{}<{}>", issued.issue(node), hex(&hash));
            issued = order;
            if is_worse(&path) {
                return Ok(None);
            }
        }
        let is_better = chosen.is_none_or(|(best, _)| best.is_empty() || path < *best);
        Ok(is_better.then_some((path, issued)))
    }

    /// The neighbours of `node` by the hash of how they are related to it (4.7).
    fn related(&mut self, node: usize, issued: &Issued) -> Result<BTreeMap<Hash, Vec<usize>>, CanonicalError> {
        let mut neighbours: BTreeMap<Hash, Vec<usize>> = BTreeMap::new();
        let mentions = self.mentions.get(node).cloned().unwrap_or_default();
        for quad in mentions {
            self.spend(1 + (self.issued.nodes.len() + issued.nodes.len()) / 16)?;
            let subject = if let Node::Blank(blank) = quad.subject { Some((blank, "s")) } else { None };
            let object = if let Object::Node(Node::Blank(blank)) = quad.object { Some((blank, "o")) } else { None };
            for (blank, position) in subject.into_iter().chain(object).filter(|(blank, _)| *blank != node) {
                let name = match (self.issued.label(blank), issued.label(blank)) {
                    (Some(label), _) => format!("_:c14n{label}"),
                    (None, Some(label)) => format!("_:b{label}"),
                    (None, None) => self.first.get(blank).map(hex).unwrap_or_default(),
                };
                let hash = digest([position, "<", quad.predicate.as_ref(), ">", name.as_str()].into_iter());
                neighbours.entry(hash).or_default().push(blank);
            }
        }
        Ok(neighbours)
    }

    fn spend(&mut self, steps: usize) -> Result<(), CanonicalError> {
        self.work += steps;
        if self.work > MAX_WORK {
            return Err(CanonicalError::Bounds("too many blank nodes that cannot be told apart"));
        }
        Ok(())
    }
}

/// Brings `items` into the next order, lexicographically; `false` after the last one.
fn next_permutation(items: &mut [usize]) -> bool {
    let Some(pivot) = items.windows(2).rposition(|pair| matches!(pair, [one, other] if one < other)) else {
        return false;
    };
    let Some((head, tail)) = items.get_mut(pivot..).and_then(<[usize]>::split_first_mut) else {
        return false;
    };
    if let Some(greater) = tail.iter_mut().rev().find(|item| **item > *head) {
        std::mem::swap(head, greater);
    }
    tail.reverse();
    true
}

fn digest<'t>(parts: impl Iterator<Item = &'t str>) -> Hash {
    let mut data = Sha256::new();
    for part in parts {
        data.update(part.as_bytes());
    }
    data.finish()
}

fn hex(hash: &Hash) -> String {
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
