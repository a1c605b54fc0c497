//! Questions of the desk in memory.

use super::MemoryStore;
use crate::queries::answered_already;
use crate::{KeptQuery, NewQuery, Queries, Result};
use async_trait::async_trait;
use countersign_core::id::Digest;

/// One kept question.
pub(super) struct Kept {
    kept: KeptQuery,
    matter: Digest,
    question: Digest,
    roots: Vec<Digest>,
}

#[async_trait]
impl Queries for MemoryStore {
    async fn keep_query(&self, query: NewQuery) -> Result<()> {
        query.check()?;
        let mut state = self.lock();
        let same = |kept: &&Kept| kept.kept.order == query.order && kept.question == query.question;
        let before = state.queries.iter().find(same).map(|kept| kept.kept);
        if before.is_some_and(|before| before.document != query.document || before.leaf != query.leaf.key) {
            return Err(answered_already(&query.question));
        }
        let NewQuery { document, matter, order, question, mut roots, documents, leaf } = query;
        let kept = KeptQuery { document, order, leaf: leaf.key };
        let leaves = vec![leaf];
        state.accept(&documents, &leaves)?;
        state.keep(documents, leaves);
        if before.is_none() {
            roots.sort_unstable();
            roots.dedup();
            state.queries.push(Kept { kept, matter, question, roots });
        }
        Ok(())
    }

    async fn query(&self, order: &Digest, question: &Digest) -> Result<Option<KeptQuery>> {
        let state = self.lock();
        let found = state.queries.iter().find(|kept| kept.kept.order == *order && kept.question == *question);
        Ok(found.map(|kept| kept.kept))
    }

    async fn queries_of(&self, matter: &Digest) -> Result<Vec<KeptQuery>> {
        let state = self.lock();
        Ok(state.queries.iter().filter(|kept| kept.matter == *matter).map(|kept| kept.kept).collect())
    }

    async fn questions_under(&self, order: &Digest) -> Result<u64> {
        Ok(self.lock().queries.iter().filter(|kept| kept.kept.order == *order).count() as u64)
    }

    async fn queries_about(&self, root: &Digest) -> Result<Vec<KeptQuery>> {
        let state = self.lock();
        Ok(state.queries.iter().filter(|kept| kept.roots.contains(root)).map(|kept| kept.kept).collect())
    }
}
