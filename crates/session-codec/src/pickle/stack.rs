//! Values under construction, with marks between them.

use super::node::{Graph, Id, Ids, Node, Pairs};
use crate::fault::Fault;

/// The stack of a program, and the graph that its values are in.
pub(super) struct Stack<'p> {
    pub(super) graph: Graph<'p>,
    ids: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<u32>,
}

impl<'p> Stack<'p> {
    pub(super) fn new() -> Self {
        Self { graph: Graph::new(), ids: Vec::new(), marks: Vec::new() }
    }

    /// The values, if one is left that stands for all of them.
    pub(super) fn into_graph(self) -> Result<Graph<'p>, Fault> {
        match (&self.ids[..], &self.marks[..]) {
            ([root], []) => Ok(self.graph.rooted(*root)),
            _ => Err(Fault::Syntax),
        }
    }

    pub(super) fn push(&mut self, node: Node<'p>) {
        let id = self.graph.push(node);
        self.ids.push(id);
    }

    pub(super) fn push_id(&mut self, id: Id) {
        self.ids.push(id);
    }

    pub(super) fn pop(&mut self) -> Result<Id, Fault> {
        let at = self.above(1)?;
        self.ids.truncate(at + 1);
        self.ids.pop().ok_or(Fault::Syntax)
    }

    /// The topmost value, wherever the last mark is.
    pub(super) fn last(&self) -> Result<Id, Fault> {
        self.ids.last().copied().ok_or(Fault::Syntax)
    }

    pub(super) fn mark(&mut self) {
        self.marks.push(self.ids.len() as u32);
    }

    /// Takes all that is above the last mark, and the mark.
    pub(super) fn since_mark(&mut self) -> Result<Ids, Fault> {
        let mark = self.marks.pop().ok_or(Fault::Syntax)?;
        Ok(self.ids.drain(mark as usize..).collect())
    }

    /// Takes the topmost `count` values.
    pub(super) fn take(&mut self, count: usize) -> Result<Ids, Fault> {
        let at = self.above(count)?;
        Ok(self.ids.drain(at..).collect())
    }

    /// Puts a collection in the place of what is above the last mark.
    pub(super) fn collect(&mut self, shape: fn(Ids) -> Node<'p>) -> Result<(), Fault> {
        let items = self.since_mark()?;
        self.push(shape(items));
        Ok(())
    }

    pub(super) fn extend_list(&mut self, items: &[Id]) -> Result<(), Fault> {
        match self.top()? {
            Node::List(list) => list.extend_from_slice(items),
            _ => return Err(Fault::Syntax),
        }
        Ok(())
    }

    pub(super) fn extend_set(&mut self, items: &[Id]) -> Result<(), Fault> {
        match self.top()? {
            Node::Set(set) => set.extend_from_slice(items),
            _ => return Err(Fault::Syntax),
        }
        Ok(())
    }

    pub(super) fn extend_dict(&mut self, items: &[Id]) -> Result<(), Fault> {
        let items = pairs(items)?;
        match self.top()? {
            Node::Dict(dict) => dict.extend(items),
            _ => return Err(Fault::Syntax),
        }
        Ok(())
    }

    /// Where the topmost `count` values begin, all of which are above the last mark.
    fn above(&self, count: usize) -> Result<usize, Fault> {
        let floor = self.marks.last().map_or(0, |mark| *mark as usize);
        self.ids.len().checked_sub(count).filter(|at| *at >= floor).ok_or(Fault::Syntax)
    }

    fn top(&mut self) -> Result<&mut Node<'p>, Fault> {
        self.above(1)?;
        let top = self.last()?;
        self.graph.get_mut(top).ok_or(Fault::Syntax)
    }
}

/// Keys and values that stand in turn.
pub(super) fn pairs(items: &[Id]) -> Result<Pairs, Fault> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    } else {
        Err(Fault::Syntax)
    }
}
