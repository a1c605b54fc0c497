//! Everything that is listed now, prepared once for questions: the index, and of each entity its source.

use countersign_core::time::Timestamp;

use crate::entity::Entity;
use crate::index::Index;
use crate::list::{self, Version, is_listed};

/// One source in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, such as `un`.
    pub name: String,
    /// Digest of its version.
    pub digest: String,
    /// When that version was read.
    pub read_at: Timestamp,
}

/// The sources in effect and what they list.
pub struct Catalogue {
    index: Index,
    sources: Vec<Source>,
    /// For each entity of the index the number of its source.
    of_entity: Vec<u32>,
}

impl Catalogue {
    /// Prepares versions. What is no longer listed is left out.
    pub fn new(versions: Vec<Version>) -> Self {
        let mut sources = Vec::new();
        let (mut entities, mut of_entity): (Vec<Entity>, Vec<u32>) = (Vec::new(), Vec::new());
        for (source, version) in (0..).zip(versions) {
            let listed = version.entities.into_iter().filter(is_listed);
            let before = entities.len();
            entities.extend(listed);
            of_entity.extend(std::iter::repeat_n(source, entities.len() - before));
            let head = version.head;
            sources.push(Source { name: head.source, digest: head.digest, read_at: head.read_at });
        }
        list::link_transpositions(&mut entities);
        Self { index: Index::new(entities), sources, of_entity }
    }

    /// The prepared lists.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The sources, by name.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Name and digest of each source, as alerts carry them.
    pub fn digests(&self) -> Vec<(String, String)> {
        self.sources.iter().map(|source| (source.name.clone(), source.digest.clone())).collect()
    }

    /// An entity with its source.
    pub fn find(&self, id: &str) -> Option<(&Entity, &Source)> {
        let place = self.index.place_of(id)?;
        let source = *self.of_entity.get(place as usize)?;
        Some((self.index.entity(place), self.sources.get(source as usize)?))
    }
}
