//! Values under construction, with marks between them.

use super::graph::Graph;
use super::node::{Id, Node, Run};
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

    pub(super) fn mark(&mut self) {
        self.marks.push(self.ids.len() as u32);
    }

    /// Where what is above the last mark begins; takes the mark.
    pub(super) fn since_mark(&mut self) -> Result<usize, Fault> {
        let mark = self.marks.pop().ok_or(Fault::Syntax)?;
        Ok(mark as usize)
    }

    /// Where the topmost `count` values begin, all of which are above the last mark.
    pub(super) fn above(&self, count: usize) -> Result<usize, Fault> {
        let floor = self.marks.last().map_or(0, |mark| *mark as usize);
        self.ids.len().checked_sub(count).filter(|at| *at >= floor).ok_or(Fault::Syntax)
    }

    /// Puts a collection in the place of the values from `at` on.
    pub(super) fn collect(&mut self, at: usize, shape: fn(Run) -> Node<'p>) -> Result<(), Fault> {
        let items = self.ids.get(at..).ok_or(Fault::Syntax)?;
        let node = shape(self.graph.run(items));
        if matches!(node, Node::Dict(_)) && items.len() % 2 != 0 {
            return Err(Fault::Syntax);
        }
        self.ids.truncate(at);
        self.push(node);
        Ok(())
    }

    /// Moves the values from `at` on into the collection below them.
    pub(super) fn extend(&mut self, at: usize, growing: Growing) -> Result<(), Fault> {
        let floor = self.marks.last().map_or(0, |mark| *mark as usize);
        let below = at.checked_sub(1).filter(|below| *below >= floor).ok_or(Fault::Syntax)?;
        let id = self.graph.own(self.ids[below]);
        let items = self.ids.get(at..).ok_or(Fault::Syntax)?;
        let run = match (self.graph.get(id), growing) {
            (Node::List(run), Growing::List) | (Node::Set(run), Growing::Set) => *run,
            (Node::Dict(run), Growing::Dict) if items.len() % 2 == 0 => *run,
            _ => return Err(Fault::Syntax),
        };
        let extended = self.graph.extended(run, items);
        if let Some(Node::List(run) | Node::Set(run) | Node::Dict(run)) = self.graph.get_mut(id) {
            *run = extended;
        }
        self.ids[below] = id;
        self.ids.truncate(at);
        Ok(())
    }

    /// The topmost value, wherever the last mark is, as one that is told from all others.
    pub(super) fn own_last(&mut self) -> Result<Id, Fault> {
        let last = self.ids.last_mut().ok_or(Fault::Syntax)?;
        *last = self.graph.own(*last);
        Ok(*last)
    }
}

/// What items are added to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growing {
    List,
    Set,
    Dict,
}
