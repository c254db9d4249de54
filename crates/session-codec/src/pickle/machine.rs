//! The machine that pickles are programs for, without anything that runs code.

use super::graph::Graph;
use super::input::Input;
use super::memo::Memo;
use super::node::{Class, Node};
use super::stack::{Growing, Stack};
use super::{argument, integer, object, op};
use crate::fault::Fault;
use std::borrow::Cow;

/// What a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A pickle, as anybody writes it.
    Whole,
    /// A value as this library writes it: neither ended nor sharing anything.
    Fragment,
}

/// Runs `bytes` to their end.
///
/// Takes time and memory in proportion to `bytes`, whatever they claim to be.
pub(super) fn run(bytes: &[u8], program: Program) -> Result<Graph<'_>, Fault> {
    if bytes.len() > u32::MAX as usize {
        return Err(Fault::TooLong);
    }
    let mut machine =
        Machine { input: Input(bytes), program, stack: Stack::new(), memo: Memo::default() };
    if let (Program::Whole, [op::PROTO, protocol, rest @ ..]) = (program, bytes) {
        if !(2..=5).contains(protocol) {
            return Err(Fault::Syntax);
        }
        machine.input = Input(rest);
    }
    machine.run()?;
    let is_at_end = machine.input.0.is_empty();
    let graph = machine.stack.into_graph()?;
    if is_at_end { Ok(graph) } else { Err(Fault::Trailing) }
}

struct Machine<'p> {
    input: Input<'p>,
    program: Program,
    stack: Stack<'p>,
    memo: Memo,
}

impl<'p> Machine<'p> {
    fn run(&mut self) -> Result<(), Fault> {
        loop {
            let opcode = match self.input.byte() {
                Some(opcode) => opcode,
                None if self.program == Program::Fragment => return Ok(()),
                None => return Err(Fault::Truncated),
            };
            if opcode == op::STOP {
                return match self.program {
                    Program::Whole => Ok(()),
                    Program::Fragment => Err(Fault::Syntax),
                };
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), Fault> {
        match opcode {
            op::MARK => self.stack.mark(),
            op::NONE => self.stack.push_id(Graph::NONE),
            op::NEWTRUE | op::NEWFALSE => self.stack.push_id(Graph::bool(opcode == op::NEWTRUE)),
            op::INT | op::LONG | op::BININT | op::BININT1 | op::BININT2 | op::LONG1 | op::LONG4 => {
                return self.int(opcode);
            }
            op::FLOAT => {
                let number = argument::float(self.input.line()?)?;
                self.stack.push(Node::Float(number));
            }
            op::BINFLOAT => {
                let number = f64::from_be_bytes(self.input.array()?);
                self.stack.push(Node::Float(number));
            }
            op::UNICODE => {
                let text = argument::raw_unicode(self.input.line()?)?;
                self.stack.push(text);
            }
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 => {
                let width = match opcode {
                    op::SHORT_BINUNICODE => 1,
                    op::BINUNICODE => 4,
                    _ => 8,
                };
                let text = argument::text(self.input.sized(width)?)?;
                self.stack.push(text);
            }
            op::STRING => {
                let text = argument::literal(self.input.line()?)?;
                self.stack.push(argument::python2(text));
            }
            op::SHORT_BINSTRING => self.bytes(1, |bytes| argument::python2(bytes.into()))?,
            op::BINSTRING => self.bytes(4, |bytes| argument::python2(bytes.into()))?,
            op::SHORT_BINBYTES => self.bytes(1, argument::bytes)?,
            op::BINBYTES => self.bytes(4, argument::bytes)?,
            op::BINBYTES8 => self.bytes(8, argument::bytes)?,
            op::BYTEARRAY8 => {
                self.bytes(8, argument::bytes)?;
                let bytes = self.stack.pop()?;
                self.stack.push(Node::Bytearray(bytes));
            }
            op::EMPTY_LIST => self.stack.push_id(Graph::EMPTY_LIST),
            op::EMPTY_TUPLE => self.stack.push_id(Graph::EMPTY_TUPLE),
            op::EMPTY_DICT => self.stack.push_id(Graph::EMPTY_DICT),
            op::EMPTY_SET => self.stack.push_id(Graph::EMPTY_SET),
            op::LIST | op::TUPLE | op::FROZENSET | op::DICT => {
                let shape = match opcode {
                    op::LIST => Node::List,
                    op::TUPLE => Node::Tuple,
                    op::FROZENSET => Node::Frozenset,
                    _ => Node::Dict,
                };
                let at = self.stack.since_mark()?;
                self.stack.collect(at, shape)?;
            }
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let at = self.stack.above(usize::from(opcode - op::TUPLE1) + 1)?;
                self.stack.collect(at, Node::Tuple)?;
            }
            op::APPEND => self.stack.extend(self.stack.above(1)?, Growing::List)?,
            op::SETITEM => self.stack.extend(self.stack.above(2)?, Growing::Dict)?,
            op::APPENDS | op::ADDITEMS | op::SETITEMS => {
                let at = self.stack.since_mark()?;
                let growing = match opcode {
                    op::APPENDS => Growing::List,
                    op::ADDITEMS => Growing::Set,
                    _ => Growing::Dict,
                };
                self.stack.extend(at, growing)?;
            }
            op::GLOBAL | op::STACK_GLOBAL | op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX | op::BUILD => {
                return self.object(opcode);
            }
            op::PUT
            | op::BINPUT
            | op::LONG_BINPUT
            | op::MEMOIZE
            | op::GET
            | op::BINGET
            | op::LONG_BINGET => return self.share(opcode),
            op::FRAME => {
                let len = u64::from_le_bytes(self.input.array()?);
                if len > self.input.0.len() as u64 {
                    return Err(Fault::Truncated);
                }
            }
            op::INST | op::OBJ => return Err(Fault::Class),
            op::PERSID
            | op::BINPERSID
            | op::EXT1..=op::EXT4
            | op::NEXT_BUFFER
            | op::READONLY_BUFFER => return Err(Fault::External),
            _ => return Err(Fault::Syntax),
        }
        Ok(())
    }

    fn int(&mut self, opcode: u8) -> Result<(), Fault> {
        let node = match opcode {
            op::BININT => Node::Int(i32::from_le_bytes(self.input.array()?).into()),
            op::BININT1 => {
                let [number] = self.input.array()?;
                self.stack.push_id(Graph::byte(number));
                return Ok(());
            }
            op::BININT2 => Node::Int(u16::from_le_bytes(self.input.array()?).into()),
            op::LONG1 | op::LONG4 => {
                let bytes = self.input.sized(if opcode == op::LONG1 { 1 } else { 4 })?;
                let bytes = integer::trim(bytes);
                if bytes.len() > integer::MAX_BYTES {
                    return Err(Fault::WideInteger);
                }
                argument::number(Cow::Borrowed(bytes))
            }
            op::INT => match self.input.line()? {
                text @ (b"00" | b"01") => {
                    self.stack.push_id(Graph::bool(text == b"01"));
                    return Ok(());
                }
                text => argument::int(text)?,
            },
            _ => {
                let text = self.input.line()?;
                argument::int(text.strip_suffix(b"L").unwrap_or(text))?
            }
        };
        self.stack.push(node);
        Ok(())
    }

    fn object(&mut self, opcode: u8) -> Result<(), Fault> {
        let id = match opcode {
            op::GLOBAL => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Fault::Class);
                let class = Class::find(text(module)?, text(name)?)?;
                self.stack.graph.push(Node::Class(class))
            }
            op::STACK_GLOBAL => {
                let (name, module) = (self.stack.pop()?, self.stack.pop()?);
                let text = |id| self.stack.graph.text(id).ok_or(Fault::Syntax);
                let class = Class::find(text(module)?, text(name)?)?;
                self.stack.graph.push(Node::Class(class))
            }
            op::BUILD => {
                let (state, object) = (self.stack.pop()?, self.stack.pop()?);
                object::build(&mut self.stack.graph, object, state)?;
                object
            }
            op::NEWOBJ_EX => {
                let (named, args, class) =
                    (self.stack.pop()?, self.stack.pop()?, self.stack.pop()?);
                match self.stack.graph.get(named) {
                    Node::Dict(named) if named.is_empty() => {}
                    _ => return Err(Fault::Object),
                }
                object::new(&mut self.stack.graph, class, args)?
            }
            _ => {
                let (args, class) = (self.stack.pop()?, self.stack.pop()?);
                let make = if opcode == op::NEWOBJ { object::new } else { object::reduce };
                make(&mut self.stack.graph, class, args)?
            }
        };
        self.stack.push_id(id);
        Ok(())
    }

    fn share(&mut self, opcode: u8) -> Result<(), Fault> {
        if self.program == Program::Fragment {
            return Err(Fault::Syntax);
        }
        if opcode == op::MEMOIZE {
            let id = self.stack.own_last()?;
            self.memo.push(id);
            return Ok(());
        }
        let at = match opcode {
            op::BINPUT | op::BINGET => self.input.array::<1>()?[0].into(),
            op::LONG_BINPUT | op::LONG_BINGET => u32::from_le_bytes(self.input.array()?),
            _ => std::str::from_utf8(self.input.line()?)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(Fault::Syntax)?,
        };
        if matches!(opcode, op::GET | op::BINGET | op::LONG_BINGET) {
            let id = self.memo.get(at)?;
            self.stack.push_id(id);
            return Ok(());
        }
        let id = self.stack.own_last()?;
        self.memo.put(at, id);
        Ok(())
    }

    fn bytes(&mut self, width: usize, kind: fn(&'p [u8]) -> Node<'p>) -> Result<(), Fault> {
        let bytes = self.input.sized(width)?;
        self.stack.push(kind(bytes));
        Ok(())
    }
}
