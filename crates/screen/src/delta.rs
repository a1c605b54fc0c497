//! A change of the lists against all clients: the clients are indexed once, what was added or changed is looked up among them, and only
//! clients who could be near one of its names or share a number with it are compared with it. What comes out is what screening everybody would
//! give for the changed entities; a test compares.

use std::collections::HashSet;

use crate::entity::Entity;
use crate::index::screener::Screener;
use crate::index::{Index, NameId};
use crate::screen::{Alert, Query};

/// Clients, found by the words of their names and by their numbers.
pub struct ClientIndex {
    queries: Vec<Query>,
    index: Index,
}

impl ClientIndex {
    /// Indexes clients. Memory grows with their number: about a kilobyte for each.
    pub fn new(queries: Vec<Query>) -> Self {
        let entity = |query: &Query| Entity {
            id: query.id.clone(),
            kind: query.kind,
            names: query.names.clone(),
            dates: Vec::new(),
            territories: Vec::new(),
            gender: None,
            identifiers: query.identifiers.clone(),
            designations: Vec::new(),
        };
        let index = Index::unweighed(queries.iter().map(entity).collect());
        Self { queries, index }
    }

    /// Alerts about the entities of `changed`, which are ids of the new lists; by client in their order, best first.
    pub fn rescreen(&self, lists: &Index, changed: &[String], threshold: f32) -> Vec<Alert> {
        let mut screener = Screener::new(lists);
        let mut affected = self.affected(&mut screener, changed);
        affected.sort_unstable();
        affected.dedup();
        let wanted: HashSet<&str> = changed.iter().map(String::as_str).collect();
        let mut alerts = Vec::new();
        for of_client in affected.chunk_by(|one, other| one.0 == other.0) {
            let Some(query) = of_client.first().and_then(|(place, _)| self.queries.get(*place as usize)) else {
                continue;
            };
            let names: Vec<NameId> = of_client.iter().filter_map(|(_, name)| *name).collect();
            alerts.extend(screener.screen_against(query, &names, threshold));
        }
        alerts.retain(|alert| wanted.contains(alert.entity.as_str()));
        alerts
    }

    /// Places of clients who could match one of the entities, in no order: each with a listed name near one of theirs, or with none for whom
    /// shares a number with it.
    fn affected(&self, screener: &mut Screener<'_>, changed: &[String]) -> Vec<(u32, Option<NameId>)> {
        let (lists, mut found, mut places) = (screener.index(), Vec::new(), Vec::new());
        for entity in changed.iter().filter_map(|id| lists.place_of(id)) {
            for name in lists.names_of(entity) {
                self.index.clients_near(screener, name, &mut places);
                // A client shares many words with one name.
                places.sort_unstable();
                places.dedup();
                found.extend(places.drain(..).map(|place| (place, Some(name))));
            }
            for identifier in &lists.entity(entity).identifiers {
                found.extend(self.index.with_identifier(&identifier.value).map(|place| (place, None)));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::designation::Designation;
    use crate::entity::{Kind, Name, NameQuality};
    use crate::identifier::{Identifier, IdentifierKind};
    use crate::quality::alter::Seeded;

    const STOCK: [&str; 13] = [
        "mohammed",
        "muhamad",
        "abdul rahman",
        "al-karim",
        "lavrov",
        "lavrova",
        "Мохаммед",
        "محمد",
        "j",
        "van der berg",
        "limited",
        "44",
        "20/20",
    ];

    fn name(random: &mut Seeded) -> String {
        (0..1 + random.below(4)).map(|_| STOCK[random.below(STOCK.len())]).collect::<Vec<_>>().join(" ")
    }

    fn number(random: &mut Seeded) -> Vec<Identifier> {
        let found = Identifier::new(IdentifierKind::Passport, &format!("AB{:05}", random.below(200)));
        found.into_iter().filter(|_| random.below(5) == 0).collect()
    }

    #[test]
    fn rescreening_gives_what_screening_everybody_gives() {
        for seed in 0..6 {
            let mut random = Seeded::new(seed);
            let kinds = [Kind::Person, Kind::Organisation, Kind::Unknown];
            let entities: Vec<Entity> = (0..120)
                .map(|at| Entity {
                    id: format!("e{at}"),
                    kind: kinds[at % 3],
                    names: vec![
                        Name::new(name(&mut random), NameQuality::Primary),
                        Name::new(name(&mut random), NameQuality::Alias),
                    ],
                    dates: vec![],
                    territories: vec![],
                    gender: None,
                    identifiers: number(&mut random),
                    designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
                })
                .collect();
            let clients: Vec<Query> = (0..150)
                .map(|at| Query {
                    identifiers: number(&mut random),
                    ..Query::by_name(&at.to_string(), kinds[at % 3], &name(&mut random))
                })
                .collect();
            let changed: Vec<String> = (0..10).map(|_| format!("e{}", random.below(120))).collect();
            let lists = Index::new(entities);
            let everybody: Vec<Alert> = clients
                .iter()
                .flat_map(|query| lists.screen_with_states(query, 0.2))
                .filter(|alert| changed.contains(&alert.entity))
                .collect();
            assert!(everybody.len() > 20, "{} alerts say little", everybody.len());
            let index = ClientIndex::new(clients);
            assert_eq!(index.rescreen(&lists, &changed, 0.2), everybody, "seed {seed}");
        }
    }

    #[test]
    fn a_number_that_stands_twice_is_found() {
        let names = ["1+1", "20/20 Ltd", "Twenty Twenty S.A."];
        let clients = names.iter().map(|name| Query::by_name(name, Kind::Organisation, name)).collect();
        let entity = |name: &&str| Entity {
            id: (*name).to_owned(),
            kind: Kind::Organisation,
            names: vec![Name::new((*name).to_owned(), NameQuality::Primary)],
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
        };
        let lists = Index::new(names.iter().map(entity).collect());
        let alerts = ClientIndex::new(clients).rescreen(&lists, &names.map(str::to_owned), 0.5);
        let found: Vec<_> = alerts.iter().map(|alert| (alert.client.as_str(), alert.entity.as_str())).collect();
        for name in names {
            assert!(found.contains(&(name, name)), "{name}: {found:?}");
        }
    }

    #[test]
    fn only_who_shares_something_is_asked_again() {
        let clients =
            ["Vera Orlando", "Tomas Quill", "Ilja Zemlinow"].map(|name| Query::by_name(name, Kind::Person, name));
        let index = ClientIndex::new(clients.into());
        let lists = Index::new(vec![Entity {
            id: "e".into(),
            kind: Kind::Person,
            names: vec![Name::new("Илья Землинов".into(), NameQuality::Primary)],
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![],
        }]);
        assert_eq!(index.affected(&mut Screener::new(&lists), &["e".to_owned()]), [(2, Some(0))]);
    }
}
