//! Which structure or enum a name means.

use super::{EnumIndex, Model, TypeId};

/// A name is looked for in so many places at most: each part of it may be found in several.
const MAX_PLACES: usize = 1024;

impl Model {
    /// The structure that `path` (`a::b`) means in `from`: it is looked for in `from` and then
    /// outwards, and last among the files. What is in `a` for this purpose is, as in the official
    /// compiler, whatever is seen from there.
    #[must_use]
    pub fn find_type(&self, from: TypeId, path: &[&str]) -> Option<TypeId> {
        let mut places = MAX_PLACES;
        self.type_from(from, path, &mut places)
    }

    fn type_from(&self, from: TypeId, path: &[&str], places: &mut usize) -> Option<TypeId> {
        let (first, rest) = path.split_first()?;
        self.homes(from, first, places, |home, places| match rest {
            [] => Some(home),
            rest => self.type_from(home, rest, places),
        })
    }

    /// The enum that `path` (`a::b::kind`) means in `from`, looked for as a structure is.
    #[must_use]
    pub fn find_enum(&self, from: TypeId, path: &[&str]) -> Option<EnumIndex> {
        let mut places = MAX_PLACES;
        self.enum_from(from, path, &mut places)
    }

    fn enum_from(&self, from: TypeId, path: &[&str], places: &mut usize) -> Option<EnumIndex> {
        match path {
            [] => None,
            [name] => self.around(from).find_map(|at| self.own_enum(at, name)),
            [first, rest @ ..] => self.homes(from, first, places, |home, places| {
                self.enum_from(home, rest, places)
            }),
        }
    }

    /// What `found` makes of the structures that `name` may mean in `from`, the innermost first.
    fn homes<T>(
        &self,
        from: TypeId,
        name: &str,
        places: &mut usize,
        mut found: impl FnMut(TypeId, &mut usize) -> Option<T>,
    ) -> Option<T> {
        for at in self.around(from) {
            *places = places.checked_sub(1)?;
            let inner = self.inner_type(at, name);
            if let Some(found) = inner.and_then(|inner| found(inner, places)) {
                return Some(found);
            }
        }
        let mut files = self.ids().filter(|id| self.ty(*id).outer.is_none());
        let file = files.find(|id| self.ty(*id).name == name)?;
        found(file, places)
    }

    /// A structure and those around it, outwards.
    fn around(&self, from: TypeId) -> impl Iterator<Item = TypeId> {
        std::iter::successors(Some(from), |at| self.ty(*at).outer)
    }

    fn inner_type(&self, of: TypeId, name: &str) -> Option<TypeId> {
        let mut inner = self.ty(of).types.iter().copied();
        inner.find(|id| self.ty(*id).name == name)
    }

    fn own_enum(&self, of: TypeId, name: &str) -> Option<EnumIndex> {
        let mut own = self.ty(of).enums.iter().copied();
        own.find(|id| self.enumeration(*id).name == name)
    }

    /// The structure's name with those around it: `a::b`.
    #[must_use]
    pub fn path(&self, id: TypeId) -> String {
        let ty = self.ty(id);
        match ty.outer {
            Some(outer) => format!("{}::{}", self.path(outer), ty.name),
            None => ty.name.clone(),
        }
    }
}
