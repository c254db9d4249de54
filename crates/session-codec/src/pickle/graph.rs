//! All values of one pickle, which refer to each other by number.

use super::node::{Id, Node, Run};
use std::borrow::Cow;

/// The commonest values, which need no node of their own: those that cannot change, however often
/// they occur, and collections until something is put into them.
static COMMON: [Node<'static>; 263] = {
    let mut common = [const { Node::None }; 263];
    let mut id = Graph::FALSE;
    while id < Graph::ZERO + 256 {
        let node = match id {
            Graph::FALSE | Graph::TRUE => Node::Bool(id == Graph::TRUE),
            Graph::EMPTY_TUPLE => Node::Tuple(Run::EMPTY),
            Graph::EMPTY_LIST => Node::List(Run::EMPTY),
            Graph::EMPTY_DICT => Node::Dict(Run::EMPTY),
            Graph::EMPTY_SET => Node::Set(Run::EMPTY),
            _ => Node::Int((id - Graph::ZERO) as i64),
        };
        std::mem::forget(std::mem::replace(&mut common[id as usize], node));
        id += 1;
    }
    common
};

/// All values of one pickle.
#[derive(Debug)]
pub(super) struct Graph<'p> {
    nodes: Vec<Node<'p>>,
    items: Vec<Id>,
    pub(super) root: Id,
}

impl<'p> Graph<'p> {
    pub(super) const NONE: Id = 0;
    const FALSE: Id = 1;
    const TRUE: Id = 2;
    pub(super) const EMPTY_TUPLE: Id = 3;
    pub(super) const EMPTY_LIST: Id = 4;
    pub(super) const EMPTY_DICT: Id = 5;
    pub(super) const EMPTY_SET: Id = 6;
    const ZERO: Id = 7;

    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), items: Vec::new(), root: Self::NONE }
    }

    /// The same values; the one that the pickle stands for is `root`.
    pub(super) fn rooted(self, root: Id) -> Self {
        Self { root, ..self }
    }

    pub(super) fn bool(is_true: bool) -> Id {
        if is_true { Self::TRUE } else { Self::FALSE }
    }

    /// An integer of one byte that is not negative.
    pub(super) fn byte(number: u8) -> Id {
        Self::ZERO + Id::from(number)
    }

    pub(super) fn push(&mut self, node: Node<'p>) -> Id {
        self.nodes.push(node);
        (self.len() - 1) as Id
    }

    /// A value that is `id` and can change, or be told from others that are equal.
    pub(super) fn own(&mut self, id: Id) -> Id {
        match id {
            Self::EMPTY_LIST => self.push(Node::List(Run::EMPTY)),
            Self::EMPTY_DICT => self.push(Node::Dict(Run::EMPTY)),
            Self::EMPTY_SET => self.push(Node::Set(Run::EMPTY)),
            other => other,
        }
    }

    /// One more than the largest number of a node.
    pub(super) fn len(&self) -> usize {
        COMMON.len() + self.nodes.len()
    }

    pub(super) fn get(&self, id: Id) -> &Node<'p> {
        match (id as usize).checked_sub(COMMON.len()) {
            None => &COMMON[id as usize],
            // Ids are made by `push` alone.
            Some(at) => self.nodes.get(at).unwrap_or(&Node::None),
        }
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Node<'p>> {
        self.nodes.get_mut((id as usize).checked_sub(COMMON.len())?)
    }

    pub(super) fn items(&self, run: Run) -> &[Id] {
        self.items.get(run.range()).unwrap_or_default()
    }

    /// The entries of a dictionary.
    pub(super) fn pairs(&self, run: Run) -> &[[Id; 2]] {
        self.items(run).as_chunks().0
    }

    /// The items of a new collection.
    pub(super) fn run(&mut self, items: &[Id]) -> Run {
        let (start, len) = (self.items.len() as u32, items.len() as u32);
        self.append(items);
        Run { start, len, room: len }
    }

    /// A run with `more` behind it. One that has to move gets room for as many again, so that each
    /// item moves a few times at most, in whatever order collections grow.
    pub(super) fn extended(&mut self, run: Run, more: &[Id]) -> Run {
        let Run { start, len, room } = run;
        if len == 0 {
            return self.run(more);
        }
        let grown = Run { len: len + more.len() as u32, ..run };
        if run.range().end == self.items.len() {
            self.append(more);
            return Run { room: grown.len, ..grown };
        }
        if grown.len <= room {
            self.items[(start + len) as usize..][..more.len()].copy_from_slice(more);
            return grown;
        }
        let moved = Run { start: self.items.len() as u32, len: grown.len, room: 2 * grown.len };
        self.items.extend_from_within(run.range());
        self.items.extend_from_slice(more);
        self.items.resize((moved.start + moved.room) as usize, Self::NONE);
        moved
    }

    /// One item needs no call that copies any number of them.
    #[inline]
    fn append(&mut self, items: &[Id]) {
        match items {
            [item] => self.items.push(*item),
            items => self.items.extend_from_slice(items),
        }
    }

    /// The text of a node, if it is text.
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Text(text) | Node::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a node, if it is text, maybe with halves of surrogate pairs.
    pub(super) fn any_text(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Node::Halves(text) => Some(text),
            _ => self.text(id).map(str::as_bytes),
        }
    }

    /// The bytes of a node, if it is bytes.
    pub(super) fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match self.get(id) {
            Node::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Node::Str(text) => Some(Cow::Borrowed(text.as_bytes())),
            Node::Latin1(text) => {
                let bytes = self.text(*text)?.chars().map(|char| u8::try_from(char).ok());
                bytes.collect::<Option<Vec<u8>>>().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// Exactly `N` bytes, found without copying more.
    pub(super) fn array<const N: usize>(&self, id: Id) -> Option<[u8; N]> {
        if let Node::Latin1(text) = self.get(id)
            && self.text(*text)?.len() > 2 * N
        {
            return None;
        }
        self.bytes(id)?.as_ref().try_into().ok()
    }

    /// The integer of a node, if it has at most 64 bits.
    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(number) => Some(*number),
            Node::Wide(bytes) => super::integer::narrow(bytes)?.try_into().ok(),
            _ => None,
        }
    }
}
