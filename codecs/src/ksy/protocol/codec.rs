//! One connection that speaks a defined protocol.

use super::address::values;
use super::direct::Direct;
use super::gather::Gather;
use super::ids::to_key;
use super::offsets::Fixed;
use super::operations::{Told, Way, direction, unsigned};
use super::pending::Pending;
use super::presets::Preset;
use super::scatter::Scatter;
use super::schema::steps;
use super::wrong::{decode_error, encode_error, wrong_sum};
use super::{Ksy, Read};
use crate::framing::Cursor;
use crate::ksy::read::{Limits, Machine, ReadError, Val};
use crate::ksy::section::plan::{DirectionPlan, OperationIndex};
use crate::ksy::write::{Given, write};
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{
    Cause, ConnCodec, Control, DecodeError, Delimited, EncodeError, EncodeProblem, Event, Side,
    Used,
};
use gatewright_core::message::{Correlation, Kind, Message, Value};
use std::sync::Arc;

/// The codec of one connection and side.
#[derive(Debug)]
pub(super) struct KsyCodec {
    protocol: Arc<Ksy>,
    /// The fields that anybody looks at, if not all.
    used: Option<Arc<Used>>,
    side: Side,
    max_frame: usize,
    cursor: Cursor,
    /// Only where replies need something of their requests.
    pending: Option<Box<Pending>>,
}

impl KsyCodec {
    pub(super) fn new(
        protocol: Arc<Ksy>,
        used: Option<Arc<Used>>,
        side: Side,
        max_frame: usize,
    ) -> Self {
        let pending = protocol.reply_needs_request().then(Box::default);
        Self {
            protocol,
            used,
            side,
            max_frame,
            cursor: Cursor::default(),
            pending,
        }
    }

    const fn reads(&self) -> Way {
        match self.side {
            Side::Server => Way::Request,
            Side::Client => Way::Reply,
        }
    }

    const fn writes(&self) -> Way {
        match self.side {
            Side::Server => Way::Reply,
            Side::Client => Way::Request,
        }
    }

    /// Remembers what the reply to a request is read with. A one-way message has none.
    fn note_request(&mut self, kind: Kind, correlation: &Correlation, arguments: Vec<Value>) {
        if let (Some(pending), Kind::Request) = (&mut self.pending, kind) {
            pending.note(correlation, arguments);
        }
    }

    /// What the reply with this correlation is read or written with; `None` if no request is known
    /// that it answers.
    fn arguments(&self, correlation: &Correlation) -> Option<Vec<Value>> {
        match &self.pending {
            Some(pending) => pending.of(correlation).map(<[Value]>::to_vec),
            None => Some(self.protocol.reply_arguments.clone()),
        }
    }

    fn forget_request(&mut self, correlation: &Correlation) {
        if let Some(pending) = &mut self.pending {
            pending.forget(correlation);
        }
    }

    fn read_reply(&mut self, frame: Bytes) -> Result<Read, DecodeError> {
        let protocol = Arc::clone(&self.protocol);
        let read = |arguments: &[Value]| {
            let used = self.used.as_deref();
            protocol.read(frame.clone(), Way::Reply, arguments, used)
        };
        let correlation = self.id_of_reply(&frame)?;
        let known = self.arguments(&correlation);
        let outcome = read(known.as_ref().unwrap_or(&protocol.reply_arguments));
        if matches!(&outcome, Ok(event) if event.message.kind() != Kind::Reply) {
            return match (&self.pending, known) {
                // It answers no request, so it is not to be read with one.
                (Some(_), Some(_)) => read(&protocol.reply_arguments),
                _ => outcome,
            };
        }
        if known.is_none() {
            let expected = "a reply to a request that was sent";
            return Err(DecodeError::new(
                Cause::BadValue,
                0,
                expected,
                "another one",
            ));
        }
        self.forget_request(&correlation);
        outcome
    }

    /// What ties a reply to its request, as far as it has to be known before it is read.
    fn id_of_reply(&self, frame: &Bytes) -> Result<Correlation, DecodeError> {
        let (Some(_), Some(id)) = (&self.pending, &self.protocol.reply_id) else {
            return Ok(Correlation::None);
        };
        let bytes = self.protocol.section.reply.framer.unescape(frame)?;
        Ok(read_fixed(&bytes, id).map_or(Correlation::None, Correlation::Id))
    }

    fn write_reply(&mut self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let protocol = Arc::clone(&self.protocol);
        if message.kind() != Kind::Reply {
            return protocol.write(message, Way::Reply, &protocol.reply_arguments, out);
        }
        let arguments = self.arguments(message.correlation());
        let arguments = arguments.ok_or_else(|| EncodeError::new("", EncodeProblem::NoRequest))?;
        protocol.write(message, Way::Reply, &arguments, out)?;
        // Only now: what cannot be written is replaced by something else.
        self.forget_request(message.correlation());
        Ok(())
    }

    fn write_request(&mut self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let start = out.len();
        let protocol = Arc::clone(&self.protocol);
        protocol.write(message, Way::Request, &protocol.request_arguments, out)?;
        if self.pending.is_some() {
            let frame = Bytes::copy_from_slice(out.get(start..).unwrap_or_default());
            let read = protocol.read(frame, Way::Request, &protocol.request_arguments, None);
            if let Ok(Read {
                reply_arguments: Some(arguments),
                ..
            }) = read
            {
                self.note_request(message.kind(), message.correlation(), arguments);
            }
        }
        Ok(())
    }
}

impl ConnCodec for KsyCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let framer = &direction(&self.protocol.section, self.reads()).framer;
        framer.delimit(&mut self.cursor, buf, self.max_frame)
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        let way = self.reads();
        if let Some(direct) = self
            .protocol
            .read_directly(&frame, way, self.used.as_deref())
        {
            return Ok(self.protocol.event(direct.message, direct.index, way));
        }
        let protocol = Arc::clone(&self.protocol);
        let read = match way {
            Way::Reply => self.read_reply(frame)?,
            Way::Request => {
                let used = self.used.as_deref();
                let mut read = protocol.read(frame, way, &protocol.request_arguments, used)?;
                if let Some(arguments) = read.reply_arguments.take() {
                    self.note_request(read.message.kind(), read.message.correlation(), arguments);
                }
                read
            }
        };
        Ok(protocol.event(read.message, read.index, way))
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let nothing = || EncodeError::new("", EncodeProblem::NotInProtocol);
        if matches!(event, Event::Control(Control::GoAway)) && self.side == Side::Server {
            let farewell = self.protocol.farewell.clone().map(Event::Head);
            return self.encode(&farewell.ok_or_else(nothing)?, out);
        }
        let message = event.message().ok_or_else(nothing)?;
        let start = out.len();
        let way = self.writes();
        if let Some(written) = self.protocol.write_directly(message, way, out) {
            return written.inspect_err(|_| out.truncate(start));
        }
        let written = match way {
            Way::Reply => self.write_reply(message, out),
            Way::Request => self.write_request(message, out),
        };
        written.inspect_err(|_| out.truncate(start))
    }
}

fn read_fixed(frame: &[u8], at: &Fixed) -> Option<u64> {
    let end = at.offset.checked_add(usize::from(at.width))?;
    let bytes = frame.get(at.offset..end)?;
    let fold = |n: u64, byte: &u8| n << 8 | u64::from(*byte);
    Some(match at.order {
        crate::ksy::spec::Endian::Big => bytes.iter().fold(0, fold),
        crate::ksy::spec::Endian::Little => bytes.iter().rev().fold(0, fold),
    })
}

impl Ksy {
    /// Reads a frame without a machine, if that can be done.
    fn read_directly(&self, frame: &Bytes, way: Way, used: Option<&Used>) -> Option<Direct> {
        let layout = self.layouts.of(way)?;
        for check in &direction(&self.section, way).checks {
            check.verify(frame).ok()?;
        }
        layout.read(frame, used)
    }

    /// Appends a frame without a machine, if that can be done.
    fn write_directly(
        &self,
        message: &Message,
        way: Way,
        out: &mut BytesMut,
    ) -> Option<Result<(), EncodeError>> {
        let layout = self.layouts.of(way)?;
        if message.frame().is_some() {
            return None;
        }
        let start = out.len();
        if layout.write(message, out).is_none() {
            out.truncate(start);
            return None;
        }
        Some(self.finish(direction(&self.section, way), start, out))
    }

    /// Reads one frame.
    pub(super) fn read(
        &self,
        frame: Bytes,
        way: Way,
        arguments: &[Value],
        used: Option<&Used>,
    ) -> Result<Read, DecodeError> {
        let direction = direction(&self.section, way);
        let bytes = direction.framer.unescape(&frame)?;
        for check in &direction.checks {
            check
                .verify(&bytes)
                .map_err(|wrong| wrong_sum(&check.name, wrong))?;
        }
        let mut machine = Machine::new(&self.plan, bytes, Limits::MESSAGE);
        let arguments: Vec<Val> = arguments.iter().cloned().map(Val::Plain).collect();
        let outcome = machine.read(direction.root, &arguments);
        let outcome = outcome.and_then(|root| {
            machine.ends()?;
            Ok(root)
        });
        match outcome {
            Ok(_) => self.understand(&mut machine, direction, way, frame, used),
            Err(error) => Err(self.refusal(&mut machine, direction, way, &error)),
        }
    }

    fn understand<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        direction: &'s DirectionPlan,
        way: Way,
        frame: Bytes,
        used: Option<&Used>,
    ) -> Result<Read, DecodeError> {
        let Some(root) = machine.root() else {
            return Err(DecodeError::new(
                Cause::Truncated,
                0,
                "a message",
                "nothing",
            ));
        };
        let correlation = self.correlation(machine, direction);
        let Some((index, told)) = self.told(machine, direction, way) else {
            let error = DecodeError::new(
                Cause::UnknownOperation,
                0,
                "a message with a name",
                "another one",
            );
            return Err(error.answering(None, correlation));
        };
        let mut gather = Gather {
            machine,
            nested: &self.operations.nested,
        };
        let used = used.map_or(&[][..], |used| used.fields(told.id));
        let fields = gather.used(root, &told.shape, used);
        let fields = fields
            .map_err(|error| decode_error(&error).answering(Some(told.id), correlation.clone()))?;
        let kind = machine.kind_of(direction).ok().flatten();
        let kind = kind.unwrap_or_else(|| self.descriptor.operation(told.id).kind);
        let wrong = match way {
            Way::Request => kind == Kind::Reply,
            Way::Reply => kind == Kind::Request,
        };
        if wrong {
            let error = DecodeError::new(
                Cause::WrongDirection,
                0,
                "a message of the other side",
                "one of this side's own",
            );
            return Err(error);
        }
        let reply_arguments = (way == Way::Request && self.reply_needs_request())
            .then(|| machine.reply_arguments(&self.section.reply).ok())
            .flatten()
            .map(plain_values);
        Ok(Read {
            message: Message::new(kind, told.id, fields)
                .with_correlation(correlation)
                .with_frame(frame),
            index,
            reply_arguments,
        })
    }

    fn told<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        direction: &'s DirectionPlan,
        way: Way,
    ) -> Option<(OperationIndex, &'s Told)> {
        let index = machine.operation_of(&self.section, direction).ok()??;
        self.operations
            .of(way)
            .get(&index)
            .map(|told| (index, told))
    }

    fn correlation<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        direction: &'s DirectionPlan,
    ) -> Correlation {
        use gatewright_core::codec::CorrelationKind;
        match self.descriptor.capabilities.correlation {
            CorrelationKind::Fifo | CorrelationKind::None => Correlation::None,
            CorrelationKind::Id { .. } => {
                let parts = machine.id_of(direction).ok().flatten();
                let id = parts.and_then(|parts| parts.first().and_then(unsigned));
                id.map_or(Correlation::None, Correlation::Id)
            }
            CorrelationKind::Key => match machine.id_of(direction) {
                Ok(Some(parts)) => Correlation::Key(to_key(&parts).as_ref().into()),
                Ok(None) | Err(_) => Correlation::None,
            },
        }
    }

    /// The error of a frame that cannot be read. Its sender gets an answer if so much was read
    /// that one can reach it.
    fn refusal<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        direction: &'s DirectionPlan,
        way: Way,
        error: &ReadError,
    ) -> DecodeError {
        let refused = decode_error(error);
        let correlation = self.correlation(machine, direction);
        if way == Way::Reply || correlation == Correlation::None {
            return refused;
        }
        let told = self.told(machine, direction, way).map(|(_, told)| told.id);
        refused.answering(told, correlation)
    }

    /// Appends one frame.
    pub(super) fn write(
        &self,
        message: &Message,
        way: Way,
        arguments: &[Value],
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let not_here = || EncodeError::new("", EncodeProblem::NotInProtocol);
        let index = self
            .operations
            .indexes
            .get(usize::from(message.operation().0));
        let index = *index.ok_or_else(not_here)?;
        let told = self.operations.of(way).get(&index).ok_or_else(not_here)?;
        if let Some(frame) = message.frame()
            && self.patched(message, told, way, frame, out)?
        {
            return Ok(());
        }
        let direction = direction(&self.section, way);
        let start = out.len();
        let given = self.given(message, told, direction);
        let (plan, rules) = (&self.plan, &self.rules);
        if !direction.framer.is_escaped() {
            write(plan, rules, direction.root, arguments, &given, out)
                .map_err(|error| encode_error(&error))?;
            return self.finish(direction, start, out);
        }
        let mut plain = BytesMut::new();
        write(plan, rules, direction.root, arguments, &given, &mut plain)
            .map_err(|error| encode_error(&error))?;
        fill_checks(direction, &mut plain)?;
        direction.framer.escape(&plain, out)?;
        self.fits(out.len().saturating_sub(start))
    }

    /// Fills in the checksums of a frame that was appended to `out`.
    fn finish(
        &self,
        direction: &DirectionPlan,
        start: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        fill_checks(direction, out.get_mut(start..).unwrap_or_default())?;
        self.fits(out.len().saturating_sub(start))
    }

    fn fits(&self, len: usize) -> Result<(), EncodeError> {
        if len > self.section.max_frame.get() {
            return Err(EncodeError::new("", EncodeProblem::OutOfRange));
        }
        Ok(())
    }

    fn given(&self, message: &Message, told: &Told, direction: &DirectionPlan) -> Given {
        let mut given = Given::structure(self.plan.ty(direction.root).slots());
        let of_kind = |(kind, _): &&(Kind, Vec<Preset>)| *kind == message.kind();
        let presets = told.presets.iter().find(of_kind);
        let presets = presets.or_else(|| told.presets.first());
        for preset in presets.iter().flat_map(|(_, presets)| presets) {
            given.set(steps(&preset.path), Given::Plain(preset.value.clone()));
        }
        let ids = values(message.correlation());
        self.give_ids(&mut given, direction, &ids);
        let scatter = Scatter {
            plan: &self.plan,
            nested: &self.operations.nested,
        };
        let fields = self.addressed(message.fields(), told, direction, &ids);
        scatter.record(&mut given, &told.shape, &fields);
        given
    }

    /// Appends the frame that a message came in, with its correlation of now, if that is possible.
    fn patched(
        &self,
        message: &Message,
        told: &Told,
        way: Way,
        frame: &Bytes,
        out: &mut BytesMut,
    ) -> Result<bool, EncodeError> {
        let direction = direction(&self.section, way);
        let id = match message.correlation() {
            Correlation::Id(id) => id,
            Correlation::Key(_) if !self.carries(message, told, direction) => return Ok(false),
            Correlation::None | Correlation::Key(_) => {
                out.extend_from_slice(frame);
                return Ok(true);
            }
        };
        let fixed = match way {
            Way::Request => self.request_id.as_ref(),
            Way::Reply => self.reply_id.as_ref(),
        };
        let Some(fixed) = fixed.filter(|_| !direction.framer.is_escaped()) else {
            return Ok(false);
        };
        let start = out.len();
        out.extend_from_slice(frame);
        let whole = out.get_mut(start..).unwrap_or_default();
        if read_fixed(whole, fixed) == Some(*id) {
            return Ok(true);
        }
        if !fixed.patch(whole, *id) {
            return Err(EncodeError::new("id", EncodeProblem::OutOfRange));
        }
        fill_checks(direction, whole)?;
        Ok(true)
    }
}

/// Computes the checksums of a frame.
fn fill_checks(direction: &DirectionPlan, frame: &mut [u8]) -> Result<(), EncodeError> {
    for check in &direction.checks {
        let patched = check.patch(frame);
        patched.map_err(|_| EncodeError::new(check.name.clone(), EncodeProblem::OutOfRange))?;
    }
    Ok(())
}

fn plain_values(vals: Vec<Val>) -> Vec<Value> {
    let plain = |val| match val {
        Val::Plain(value) => value,
        _ => Value::Null,
    };
    vals.into_iter().map(plain).collect()
}
