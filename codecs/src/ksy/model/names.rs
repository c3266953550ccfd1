//! Which structure or enum a name means.

use super::{EnumIndex, Model, TypeId};

impl Model {
    /// The structure that `path` (`a::b`) means in `from`: the first part is looked for in `from`
    /// and then outwards, and last among the files.
    #[must_use]
    pub fn find_type(&self, from: TypeId, path: &[&str]) -> Option<TypeId> {
        let (first, rest) = path.split_first()?;
        let mut found = self.type_around(from, first)?;
        for name in rest {
            found = self.inner_type(found, name)?;
        }
        Some(found)
    }

    /// The enum that `path` (`a::b::kind`) means in `from`.
    #[must_use]
    pub fn find_enum(&self, from: TypeId, path: &[&str]) -> Option<EnumIndex> {
        let (name, types) = path.split_last()?;
        if !types.is_empty() {
            let home = self.find_type(from, types)?;
            return self.own_enum(home, name);
        }
        let mut scope = Some(from);
        while let Some(at) = scope {
            if let Some(found) = self.own_enum(at, name) {
                return Some(found);
            }
            scope = self.ty(at).outer;
        }
        None
    }

    fn type_around(&self, from: TypeId, name: &str) -> Option<TypeId> {
        let mut scope = Some(from);
        while let Some(at) = scope {
            if let Some(found) = self.inner_type(at, name) {
                return Some(found);
            }
            scope = self.ty(at).outer;
        }
        self.ids()
            .find(|id| self.ty(*id).outer.is_none() && self.ty(*id).name == name)
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
