//! Types and enums of a definition and all it imports, found by the names that the files use.

mod names;
mod ty;

pub use ty::Ty;

use crate::ksy::files::FileId;
use crate::ksy::spec::{AttributeSpec, ClassSpec, Endian, EndianSpec, EnumSpec, ParamSpec};
use gatewright_core::expr::{Source, Span};

/// A structure's index in its [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u16);

/// An enum's index in its [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumIndex(pub u16);

impl TypeId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EnumIndex {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A structure and where its name stands.
#[derive(Debug)]
pub struct TypeModel {
    /// Its own name.
    pub name: String,
    /// Its file.
    pub file: FileId,
    /// The structure in whose `types` it stands.
    pub outer: Option<TypeId>,
    /// The structure of the whole file.
    pub top: TypeId,
    /// What the file says of it, without its types and enums.
    pub spec: ClassSpec,
    /// The structures of its `types`.
    pub types: Vec<TypeId>,
    /// Its `enums`.
    pub enums: Vec<EnumIndex>,
    /// The order of bytes that holds in it.
    pub endian: EndianModel,
    /// The order of bits that holds in it.
    pub bit_endian: Endian,
    /// The encoding that holds in it.
    pub encoding: Option<String>,
}

/// The order of bytes in a structure.
#[derive(Clone, Debug)]
pub enum EndianModel {
    /// None is said.
    Unknown,
    /// Always this.
    Fixed(Endian),
    /// Decided when a message is read, by the structure that says how or one around it.
    Decided {
        /// How, if this structure says it.
        rule: Option<EndianRule>,
    },
}

/// How the order of bytes is decided.
#[derive(Clone, Debug)]
pub struct EndianRule {
    /// What decides.
    pub on: Source,
    /// The orders by value.
    pub cases: Vec<(Source, Endian)>,
    /// The order for all other values.
    pub otherwise: Option<Endian>,
}

/// An enum.
#[derive(Debug)]
pub struct EnumModel {
    /// Its own name.
    pub name: String,
    /// Its file.
    pub file: FileId,
    /// The structure in whose `enums` it stands.
    pub home: TypeId,
    /// Its values.
    pub spec: EnumSpec,
}

/// A member of a structure, by the slot in which its value is kept.
#[derive(Clone, Copy, Debug)]
pub enum Member<'m> {
    /// Passed by whoever uses the structure.
    Param(&'m ParamSpec),
    /// Read in sequence.
    Field(&'m AttributeSpec),
    /// Read or computed when it is asked for.
    Instance(&'m AttributeSpec),
}

impl Member<'_> {
    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Param(param) => Some(&param.id.value),
            Self::Field(field) | Self::Instance(field) => field.id.as_ref().map(|id| &*id.value),
        }
    }

    /// Its place in the file.
    #[must_use]
    pub const fn span(&self) -> &Span {
        match self {
            Self::Param(param) => &param.id.span,
            Self::Field(field) | Self::Instance(field) => &field.span,
        }
    }
}

impl TypeModel {
    /// All members, in the order of their slots.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let params = self.spec.params.iter().map(Member::Param);
        let fields = self.spec.seq.iter().map(Member::Field);
        let instances = self.spec.instances.iter().map(Member::Instance);
        params.chain(fields).chain(instances)
    }

    /// The member in a slot.
    #[must_use]
    pub fn member(&self, slot: usize) -> Option<Member<'_>> {
        self.members().nth(slot)
    }

    /// The slot of the member of that name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<usize> {
        self.members()
            .position(|member| member.name() == Some(name))
    }
}

/// All structures and enums of a definition.
#[derive(Debug, Default)]
pub struct Model {
    /// By [`TypeId`].
    pub types: Vec<TypeModel>,
    /// By [`EnumIndex`].
    pub enums: Vec<EnumModel>,
}

/// More structures or enums than there are indexes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Model {
    /// The structures and enums of these files, whose structures are by file in the order given.
    ///
    /// # Errors
    /// If there are more than 65,535 of them.
    pub fn new(files: Vec<(FileId, ClassSpec)>) -> Result<Self, TooMany> {
        let mut model = Self::default();
        for (file, spec) in files {
            let name = spec.meta.id.as_ref().map(|id| id.value.clone());
            model.add(name.unwrap_or_default(), file, None, spec)?;
        }
        Ok(model)
    }

    /// The structure of that index. Indexes come from this model, so it is there.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are handed out by this model")]
    pub fn ty(&self, id: TypeId) -> &TypeModel {
        &self.types[id.index()]
    }

    /// The enum of that index. Indexes come from this model, so it is there.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are handed out by this model")]
    pub fn enumeration(&self, id: EnumIndex) -> &EnumModel {
        &self.enums[id.index()]
    }

    /// The indexes of all structures.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        // `add` has seen to it that all indexes fit.
        (0..self.types.len()).filter_map(|at| u16::try_from(at).ok().map(TypeId))
    }

    fn add(
        &mut self,
        name: String,
        file: FileId,
        outer: Option<TypeId>,
        mut spec: ClassSpec,
    ) -> Result<TypeId, TooMany> {
        let id = TypeId(u16::try_from(self.types.len()).map_err(|_| TooMany)?);
        let inner = std::mem::take(&mut spec.types);
        let enums = std::mem::take(&mut spec.enums);
        let around = outer.map(|outer| self.ty(outer));
        let ty = TypeModel {
            name,
            file,
            outer,
            top: around.map_or(id, |outer| outer.top),
            endian: endian(&spec, around),
            bit_endian: bit_endian(&spec, around),
            encoding: encoding(&spec, around),
            spec,
            types: Vec::new(),
            enums: Vec::new(),
        };
        self.types.push(ty);
        let mut enum_ids = Vec::new();
        for (name, spec) in enums {
            enum_ids.push(EnumIndex(
                u16::try_from(self.enums.len()).map_err(|_| TooMany)?,
            ));
            self.enums.push(EnumModel {
                name: name.value,
                file,
                home: id,
                spec,
            });
        }
        let mut type_ids = Vec::new();
        for (name, spec) in inner {
            type_ids.push(self.add(name.value, file, Some(id), spec)?);
        }
        if let Some(ty) = self.types.get_mut(id.index()) {
            ty.types = type_ids;
            ty.enums = enum_ids;
        }
        Ok(id)
    }
}

fn endian(spec: &ClassSpec, outer: Option<&TypeModel>) -> EndianModel {
    match &spec.meta.endian {
        Some(EndianSpec::Fixed(endian)) => EndianModel::Fixed(*endian),
        Some(EndianSpec::Switch {
            on,
            cases,
            otherwise,
        }) => EndianModel::Decided {
            rule: Some(EndianRule {
                on: on.clone(),
                cases: cases.clone(),
                otherwise: *otherwise,
            }),
        },
        None => match outer.map(|outer| &outer.endian) {
            Some(EndianModel::Fixed(endian)) => EndianModel::Fixed(*endian),
            Some(EndianModel::Decided { .. }) => EndianModel::Decided { rule: None },
            Some(EndianModel::Unknown) | None => EndianModel::Unknown,
        },
    }
}

fn bit_endian(spec: &ClassSpec, outer: Option<&TypeModel>) -> Endian {
    let inherited = || outer.map_or(Endian::Big, |outer| outer.bit_endian);
    spec.meta.bit_endian.unwrap_or_else(inherited)
}

fn encoding(spec: &ClassSpec, outer: Option<&TypeModel>) -> Option<String> {
    let own = spec.meta.encoding.as_ref().map(|name| name.value.clone());
    own.or_else(|| outer.and_then(|outer| outer.encoding.clone()))
}
