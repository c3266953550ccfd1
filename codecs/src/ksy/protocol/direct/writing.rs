//! How the messages of one operation are written: what is always the same is put together at load,
//! lengths included where all that they count is of one length.

use super::{Fallback, Item, Length, MAX_PARTS, Number, Put, Size};

/// What the places of an operation have.
pub(super) struct Places<'p> {
    /// The place of the correlation id.
    pub(super) id: Option<usize>,
    /// For each place, the field that has its value.
    pub(super) slots: &'p [Option<usize>],
    /// For each place, what it is if no field is there.
    pub(super) fallbacks: &'p [Fallback],
}

/// The steps of writing the operation of that number; `None` if they are not plain ones.
pub(super) fn puts(items: &[Item], number: i128, places: &Places<'_>) -> Option<Vec<Put>> {
    let mut flat = Flat {
        number,
        places,
        puts: Vec::new(),
        holes: Vec::new(),
        parts: Vec::new(),
        begun: 0,
    };
    flat.items(items)?;
    let all_said = flat.holes.iter().all(|hole| hole.said);
    (all_said && flat.parts.is_empty()).then(|| joined(flat.puts))
}

struct Flat<'f> {
    number: i128,
    places: &'f Places<'f>,
    puts: Vec<Put>,
    holes: Vec<Hole>,
    parts: Vec<Part>,
    /// How many parts have begun.
    begun: usize,
}

/// A number that follows from a length.
struct Hole {
    place: usize,
    number: Number,
    /// Its step.
    at: usize,
    /// Whether a length is known to say it.
    said: bool,
}

/// A part that has begun.
struct Part {
    size: Size,
    name: usize,
    /// Its step.
    at: usize,
}

impl Flat<'_> {
    fn items(&mut self, items: &[Item]) -> Option<()> {
        for item in items {
            match item {
                Item::Contents(bytes) => self.puts.push(Put::Bytes(bytes.to_vec())),
                Item::Number { number, place } => self.number(*number, *place)?,
                Item::Run {
                    size,
                    pad,
                    charset,
                    place,
                } => {
                    let (fixed, length) = match *size {
                        Size::Fixed(size) => (Some(size), None),
                        Size::Rest => (None, None),
                        said @ Size::Linear { .. } => (None, Some(self.length(said)?)),
                    };
                    let otherwise = match self.places.fallbacks.get(*place)? {
                        Fallback::Value(value) => Some(value.clone()),
                        Fallback::Missing => None,
                        Fallback::Length => return None,
                    };
                    self.puts.push(Put::Run {
                        size: fixed,
                        pad: *pad,
                        charset: *charset,
                        slot: (*self.places.slots.get(*place)?)?,
                        otherwise,
                        length,
                    });
                }
                Item::Enter(size) => {
                    let (name, at) = (self.begun, self.puts.len());
                    self.begun = name.checked_add(1).filter(|begun| *begun <= MAX_PARTS)?;
                    self.parts.push(Part {
                        size: *size,
                        name,
                        at,
                    });
                    self.puts.push(Put::Enter(name));
                }
                Item::Leave => self.leave()?,
                Item::Choose { ways } => {
                    if let Some(way) = ways.iter().find(|way| way.number == self.number) {
                        self.items(&way.items)?;
                    }
                }
            }
        }
        Some(())
    }

    fn number(&mut self, number: Number, place: usize) -> Option<()> {
        if self.places.id == Some(place) {
            self.puts.push(Put::Id(number));
            return Some(());
        }
        let fallback = self.places.fallbacks.get(place)?;
        let put = match (*self.places.slots.get(place)?, fallback) {
            (Some(slot), Fallback::Value(value)) => Put::Number {
                number,
                slot,
                otherwise: Some(value.as_int()?),
            },
            (Some(slot), Fallback::Missing) => Put::Number {
                number,
                slot,
                otherwise: None,
            },
            (None, Fallback::Value(value)) => Put::Bytes(number.octets(value.as_int()?)?),
            (None, Fallback::Length) => {
                let hole = self.holes.len();
                let at = self.puts.len();
                self.holes.push(Hole {
                    place,
                    number,
                    at,
                    said: false,
                });
                (hole < MAX_PARTS).then_some(Put::Hole { number, hole })?
            }
            // Who may give a length is held to it by the machine.
            (Some(_), Fallback::Length) | (None, Fallback::Missing) => return None,
        };
        self.puts.push(put);
        Some(())
    }

    /// The hole that says a length, which nothing else says.
    fn length(&mut self, size: Size) -> Option<Length> {
        let Size::Linear { place, times, plus } = size else {
            return None;
        };
        let hole = self.holes.iter().position(|hole| hole.place == place)?;
        let said = self.holes.get_mut(hole).filter(|hole| !hole.said)?;
        said.said = true;
        let number = said.number;
        (times != 0).then_some(Length {
            hole,
            number,
            times,
            plus,
        })
    }

    fn leave(&mut self) -> Option<()> {
        let part = self.parts.pop()?;
        let inside = self.puts.get(part.at..)?;
        let always = inside.iter().map(len).sum::<Option<usize>>();
        match (part.size, always) {
            (Size::Rest, _) => self.forget(part.at),
            (Size::Fixed(size), Some(always)) if size == always => self.forget(part.at),
            // The machine says what does not fit.
            (Size::Fixed(_), _) => None,
            (said @ Size::Linear { .. }, always) => {
                let length = self.length(said)?;
                let Some(always) = always else {
                    let part = part.name;
                    self.puts.push(Put::Leave { part, length });
                    return Some(());
                };
                let number = length.number.octets(length.number_of(always)?)?;
                let at = self.holes.get(length.hole)?.at;
                *self.puts.get_mut(at)? = Put::Bytes(number);
                self.forget(part.at)
            }
        }
    }

    /// Nobody needs to know where a part begins.
    fn forget(&mut self, at: usize) -> Option<()> {
        *self.puts.get_mut(at)? = Put::Bytes(Vec::new());
        Some(())
    }
}

impl Length {
    /// The number that says so many bytes.
    pub(super) fn number_of(&self, len: usize) -> Option<i128> {
        let rest = i128::try_from(len).ok()?.checked_sub(self.plus)?;
        let is_whole = rest.checked_rem(self.times)? == 0;
        is_whole.then_some(rest.checked_div(self.times)?)
    }
}

/// How many bytes a step always writes.
fn len(put: &Put) -> Option<usize> {
    match put {
        Put::Bytes(bytes) => Some(bytes.len()),
        Put::Id(number) | Put::Number { number, .. } | Put::Hole { number, .. } => {
            Some(usize::from(number.width))
        }
        Put::Run { size, .. } => *size,
        Put::Enter(_) => Some(0),
        Put::Leave { .. } => Some(0),
    }
}

/// The same steps, bytes that follow each other as one.
fn joined(puts: Vec<Put>) -> Vec<Put> {
    let mut all: Vec<Put> = Vec::new();
    for put in puts {
        match (all.last_mut(), put) {
            (Some(Put::Bytes(before)), Put::Bytes(bytes)) => before.extend(bytes),
            (_, Put::Bytes(bytes)) if bytes.is_empty() => {}
            (_, put) => all.push(put),
        }
    }
    all
}
