//! The part of GraphSense's public REST interface that can be answered without an order: what is true of the chain, of a block, of a
//! transaction by its id, and what others say about an address. Paths in, values out: whoever serves them brings the transport.
//!
//! The fields have the names of that interface, so that its clients read them. In scope: `/stats`, `/{currency}/blocks/{height}`,
//! `/{currency}/txs/{tx_hash}` without its inputs and outputs, `/{currency}/addresses/{address}/tags`. Not in scope, and refused with the
//! reason: what an address received or spent, its neighbours, entities, flows, searches. Nothing here looks at what is the custodian's own.

use crate::address::Lock;
use crate::graph::{Clusters, Graph, QUARANTINE};
use crate::labels::{Labels, Role, Tag};
use crate::network::Network;
use crate::wire::Txid;
use serde::Serialize;
use std::collections::BTreeSet;

/// Longest path, and longest question behind it, in bytes.
pub const MAX_TARGET: usize = 256;
/// Most bytes of a request that an error gives back.
const MAX_SHOWN: usize = 64;

/// Why a request gets no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// GraphSense has it; it is not answered without an order, or not at all.
    #[error("{0}")]
    Withheld(&'static str),
    /// There is no such thing here.
    #[error("{0}")]
    NotFound(String),
    /// It has to be written differently.
    #[error("{0}")]
    Invalid(String),
}

/// The graph at hand has only what is near the custodian's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the graph is a neighbourhood: which transactions are in it would tell whom the custodian deals with; build the whole graph with `trace ingest --full`"
)]
pub struct NotWhole;

const ADDRESSES: &str = "what an address received and spent, its neighbours and its links are not given here: in the desk they are counted \
                         under an order; /{currency}/addresses/{address}/tags says what others say about it";
const ENTITIES: &str =
    "entities are owners that somebody guessed: they are not given here, in the desk they need an order";
const PEERS: &str =
    "inputs and outputs name who paid whom: they are not given here, ask for the transaction without them";
const SEARCH: &str = "nothing is searched here: ask for a block by height, a transaction by id, the tags of an address";

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To `/stats`.
    Stats(Stats),
    /// To `/{currency}/blocks/{height}`.
    Block(Block),
    /// To `/{currency}/txs/{tx_hash}`.
    Transaction(Transaction),
    /// To `/{currency}/addresses/{address}/tags`.
    Tags(AddressTags),
}

/// What there is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    currencies: Vec<CurrencyStats>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct CurrencyStats {
    name: String,
    no_blocks: usize,
    /// Always zero: none are kept.
    no_address_relations: usize,
    no_addresses: usize,
    no_entities: usize,
    no_txs: usize,
    no_labels: usize,
    no_tagged_addresses: usize,
    timestamp: u32,
    network_type: &'static str,
    /// Of what that interface calls optional.
    capabilities: [&'static str; 1],
}

/// One block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    block_hash: String,
    currency: String,
    height: u32,
    no_txs: usize,
    timestamp: u32,
}

/// One transaction, without who paid whom. A coinbase spends nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transaction {
    tx_type: &'static str,
    currency: String,
    tx_hash: String,
    coinbase: bool,
    height: u32,
    no_inputs: u64,
    no_outputs: u64,
    timestamp: u32,
    total_input: Values,
    total_output: Values,
}

/// Satoshi. What they were worth in other money is not known here.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Values {
    value: u64,
    fiat_values: [(); 0],
}

impl Values {
    fn of(values: impl Iterator<Item = u64>) -> Self {
        Self { value: values.fold(0, u64::saturating_add), fiat_values: [] }
    }
}

/// What others say about an address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AddressTags {
    address_tags: Vec<AddressTag>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AddressTag {
    address: String,
    currency: String,
    label: String,
    /// Who says so.
    tagpack_creator: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    category: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    abuse: String,
}

/// A whole graph and labels, ready to be asked.
pub struct Served {
    graph: Graph,
    labels: Labels,
    currency: String,
    stats: Stats,
}

impl Served {
    /// Takes a graph of a whole chain and the labels in use.
    ///
    /// # Errors
    /// [`NotWhole`].
    pub fn new(graph: Graph, labels: Labels) -> Result<Self, NotWhole> {
        if !graph.is_whole() {
            return Err(NotWhole);
        }
        let currency = match graph.network() {
            Network::Main => "btc".to_owned(),
            other => format!("btc-{other}"),
        };
        let extent = graph.extent();
        let tagged: Vec<&Lock> = labels.locks().filter(|lock| shown(&labels, lock).next().is_some()).collect();
        let names: BTreeSet<&str> =
            tagged.iter().flat_map(|lock| shown(&labels, lock)).map(|tag| tag.label.as_str()).collect();
        let stats = CurrencyStats {
            name: currency.clone(),
            no_blocks: extent.blocks,
            no_address_relations: 0,
            no_addresses: extent.locks,
            no_entities: Clusters::of(&graph, QUARANTINE).count(),
            no_txs: extent.transactions,
            no_labels: names.len(),
            no_tagged_addresses: tagged.len(),
            timestamp: graph.tip().and_then(|(_, height)| graph.block_at(height)).map_or(0, |block| block.time),
            network_type: "utxo",
            capabilities: ["tags"],
        };
        Ok(Self { stats: Stats { currencies: vec![stats] }, graph, labels, currency })
    }

    /// Answers a GET of this path, with what stands behind its `?`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn answer(&self, path: &str, query: &str) -> Result<Answer, Refusal> {
        if path.len() > MAX_TARGET || query.len() > MAX_TARGET {
            return Err(Refusal::Invalid(format!(
                "a path has at most {MAX_TARGET} bytes, and so has what follows its `?`"
            )));
        }
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            ["stats"] => read_query(query).map(|()| Answer::Stats(self.stats.clone())),
            ["search"] => Err(Refusal::Withheld(SEARCH)),
            [currency, rest @ ..] if *currency == self.currency => self.of_currency(rest, query),
            [currency, "blocks" | "txs" | "addresses" | "entities" | "clusters", ..] => Err(Refusal::NotFound(
                format!("there is no `{}` here: the graph is of `{}`", cut(currency), self.currency),
            )),
            _ => Err(nothing(path)),
        }
    }

    fn of_currency(&self, path: &[&str], query: &str) -> Result<Answer, Refusal> {
        match path {
            ["blocks", height] => read_query(query).and_then(|()| self.block(height)).map(Answer::Block),
            ["txs", hash] => read_query(query).and_then(|()| self.transaction(hash)).map(Answer::Transaction),
            ["addresses", address, "tags"] => read_query(query).and_then(|()| self.tags(address)).map(Answer::Tags),
            ["txs", _, ..] => Err(Refusal::Withheld(PEERS)),
            ["addresses", ..] => Err(Refusal::Withheld(ADDRESSES)),
            ["entities" | "clusters", ..] => Err(Refusal::Withheld(ENTITIES)),
            other => Err(nothing(&other.join("/"))),
        }
    }

    fn block(&self, height: &str) -> Result<Block, Refusal> {
        let number: u32 = height
            .parse()
            .ok()
            .filter(|number: &u32| number.to_string() == height)
            .ok_or_else(|| Refusal::Invalid(format!("`{}` is no height: a number like 800000", cut(height))))?;
        let block = self.graph.block_at(number).ok_or_else(|| {
            let last =
                self.graph.tip().map_or_else(|| "there is none".to_owned(), |(_, last)| format!("the last is {last}"));
            Refusal::NotFound(format!("there is no block {number} here: {last}"))
        })?;
        Ok(Block {
            block_hash: block.hash.to_string(),
            currency: self.currency.clone(),
            height: number,
            no_txs: block.transactions,
            timestamp: block.time,
        })
    }

    fn transaction(&self, hash: &str) -> Result<Transaction, Refusal> {
        let txid: Txid = hash.parse().map_err(|_| {
            Refusal::Invalid(format!("`{}` is no transaction id: 64 lower-case hexadecimal digits", cut(hash)))
        })?;
        let graph = &self.graph;
        let tx = graph.tx_id(&txid).ok_or_else(|| {
            let last = graph.tip().map_or(0, |(_, height)| height);
            Refusal::NotFound(format!("there is no transaction {txid} here, up to block {last}"))
        })?;
        let outputs = graph.outputs_of(tx);
        Ok(Transaction {
            tx_type: "utxo",
            currency: self.currency.clone(),
            tx_hash: txid.to_string(),
            coinbase: graph.is_coinbase(tx),
            height: graph.height_of(tx),
            no_inputs: graph.input_count(tx),
            no_outputs: outputs.end.saturating_sub(outputs.start),
            timestamp: graph.time_of(tx),
            total_input: Values::of(graph.inputs_of(tx).map(|out| graph.value(out))),
            total_output: Values::of(outputs.map(|out| graph.value(out))),
        })
    }

    fn tags(&self, address: &str) -> Result<AddressTags, Refusal> {
        let network = self.graph.network();
        let wrong = || Refusal::Invalid(format!("`{}` is no address of the network {network}", cut(address)));
        let lock = Lock::parse(address, network).map_err(|_| wrong())?;
        let address = lock.to_address(network).ok_or_else(wrong)?;
        let tag = |tag: &Tag| AddressTag {
            address: address.clone(),
            currency: self.currency.to_uppercase(),
            label: tag.label.clone(),
            tagpack_creator: tag.issuer.clone(),
            category: tag.category.clone(),
            abuse: tag.abuse.clone(),
        };
        Ok(AddressTags { address_tags: shown(&self.labels, &lock).map(tag).collect() })
    }
}

/// What may be said about a lock: claims about its owner. Where one claim reveals opinion, religion or charity, nothing is said at all, so
/// that the answer is that of an address nobody labelled.
fn shown<'l>(labels: &'l Labels, lock: &'l Lock) -> impl Iterator<Item = &'l Tag> {
    let silent = labels.special(lock).is_some();
    labels.of(lock).filter(move |tag| !silent && tag.role == Role::Owner)
}

/// Takes what changes nothing, names what would have to be given and is not.
fn read_query(query: &str) -> Result<(), Refusal> {
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "pagesize" => {}
            _ if name.starts_with("include_") && value.eq_ignore_ascii_case("false") => {}
            "include_io" | "include_nonstandard_io" | "include_io_index" | "include_heuristics" => {
                return Err(Refusal::Withheld(PEERS));
            }
            "include_actors" | "include_best_cluster_tag" => return Err(Refusal::Withheld(ENTITIES)),
            "page" => return Err(Refusal::Invalid("answers here have one page".to_owned())),
            other => return Err(Refusal::Invalid(format!("`{}` is not known here: leave it out", cut(other)))),
        }
    }
    Ok(())
}

fn nothing(path: &str) -> Refusal {
    Refusal::NotFound(format!(
        "there is nothing at `{}`: ask for /stats, /{{currency}}/blocks/{{height}}, /{{currency}}/txs/{{tx_hash}} or \
         /{{currency}}/addresses/{{address}}/tags",
        cut(path)
    ))
}

/// The beginning of what somebody sent.
fn cut(text: &str) -> &str {
    let end = (0..=MAX_SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end.min(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{Chain, lock, pay};
    use crate::graph::{Interest, Neighbourhood};
    use crate::labels::{BadAddress, read_list};
    use serde_json::{Value, json};

    /// Labels of one address each, by issuer.
    fn labels(claims: &[(u32, &str, &str, Role)]) -> Labels {
        let mut labels = Labels::default();
        for (owner, issuer, label, role) in claims {
            let address = lock(*owner).to_address(Network::Regtest).unwrap();
            labels.add(&read_list(&address, Network::Regtest, issuer, label, *role, BadAddress::Refuse).unwrap());
        }
        labels
    }

    fn chain() -> (Chain, Vec<Txid>) {
        let mut chain = Chain::new();
        let first = chain.block(1, &[])[0];
        let second = chain.block(1, &[pay(&[(first, 0)], &[(3_000_000_000, 2), (1_999_999_000, 1)])]);
        (chain, vec![first, second[0], second[1]])
    }

    fn served() -> (Served, Chain, Vec<Txid>) {
        let (chain, txids) = chain();
        let labels = labels(&[
            (1, "Issuer", "exchange one", Role::Owner),
            (1, "Other", "a shop", Role::Owner),
            (2, "Issuer", "Donations to X", Role::Owner),
            (2, "Issuer", "a shop", Role::Owner),
            (3, "Issuer", "paid them", Role::Counterparty),
        ]);
        (Served::new(chain.graph.clone(), labels).unwrap(), chain, txids)
    }

    fn asked(served: &Served, path: &str) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        serde_json::to_value(served.answer(path, query).unwrap()).unwrap()
    }

    fn refused(served: &Served, path: &str) -> Refusal {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        served.answer(path, query).unwrap_err()
    }

    #[test]
    fn answers_have_the_fields_of_the_interface() {
        let (served, chain, txids) = served();
        assert_eq!(
            asked(&served, "/stats"),
            json!({ "currencies": [{
                "name": "btc-regtest", "no_blocks": 2, "no_address_relations": 0, "no_addresses": 2, "no_entities": 2, "no_txs": 3,
                "no_labels": 2, "no_tagged_addresses": 1, "timestamp": 1_600_000_600, "network_type": "utxo", "capabilities": ["tags"],
            }] })
        );
        assert_eq!(
            asked(&served, "/btc-regtest/blocks/1"),
            json!({
                "block_hash": chain.graph.tip().unwrap().0.to_string(), "currency": "btc-regtest", "height": 1, "no_txs": 2,
                "timestamp": 1_600_000_600,
            })
        );
        let paid = json!({
            "tx_type": "utxo", "currency": "btc-regtest", "tx_hash": txids[2].to_string(), "coinbase": false, "height": 1,
            "no_inputs": 1, "no_outputs": 2, "timestamp": 1_600_000_600,
            "total_input": { "value": 5_000_000_000u64, "fiat_values": [] },
            "total_output": { "value": 4_999_999_000u64, "fiat_values": [] },
        });
        assert_eq!(asked(&served, &format!("/btc-regtest/txs/{}", txids[2])), paid);
        assert_eq!(asked(&served, &format!("/btc-regtest/txs/{}?include_io=false", txids[2])), paid);
        let mined = asked(&served, &format!("/btc-regtest/txs/{}", txids[0]));
        assert_eq!((&mined["coinbase"], &mined["no_inputs"], &mined["height"]), (&json!(true), &json!(0), &json!(0)));
        assert_eq!(mined["total_input"]["value"], json!(0));
        let address = lock(1).to_address(Network::Regtest).unwrap();
        assert_eq!(
            asked(&served, &format!("/btc-regtest/addresses/{address}/tags?pagesize=100")),
            json!({ "address_tags": [
                { "address": address, "currency": "BTC-REGTEST", "label": "exchange one", "tagpack_creator": "Issuer" },
                { "address": address, "currency": "BTC-REGTEST", "label": "a shop", "tagpack_creator": "Other" },
            ] })
        );
    }

    #[test]
    fn what_reveals_opinion_looks_like_what_nobody_labelled() {
        let (served, ..) = served();
        for owner in [2, 3, 77] {
            let address = lock(owner).to_address(Network::Regtest).unwrap();
            let tags = asked(&served, &format!("/btc-regtest/addresses/{address}/tags"));
            assert_eq!(tags, json!({ "address_tags": [] }), "{owner}");
        }
    }

    #[test]
    fn people_are_not_looked_up() {
        let (served, _, txids) = served();
        let address = lock(1).to_address(Network::Regtest).unwrap();
        for path in [
            "/search?q=1".to_owned(),
            "/btc-regtest/addresses".to_owned(),
            format!("/btc-regtest/addresses/{address}"),
            format!("/btc-regtest/addresses/{address}/neighbors?direction=out"),
            format!("/btc-regtest/addresses/{address}/txs"),
            format!("/btc-regtest/addresses/{address}/links"),
            format!("/btc-regtest/addresses/{address}/entity"),
            "/btc-regtest/entities/1".to_owned(),
            "/btc-regtest/entities/1/addresses".to_owned(),
            "/btc-regtest/clusters/1".to_owned(),
            format!("/btc-regtest/txs/{}/outputs", txids[2]),
            format!("/btc-regtest/txs/{}/spending", txids[2]),
            format!("/btc-regtest/txs/{}?include_io=true", txids[2]),
            format!("/btc-regtest/txs/{}?include_io", txids[2]),
            format!("/btc-regtest/txs/{}?include_heuristics=all", txids[2]),
        ] {
            assert!(matches!(refused(&served, &path), Refusal::Withheld(_)), "{path}");
        }
        // Whatever is answered or refused, no address is named that was not in the question.
        for path in ["/stats".to_owned(), "/btc-regtest/blocks/1".to_owned(), format!("/btc-regtest/txs/{}", txids[2])]
        {
            let text = asked(&served, &path).to_string();
            assert!((0..9).all(|owner| !text.contains(&lock(owner).to_address(Network::Regtest).unwrap())), "{path}");
        }
    }

    #[test]
    fn bad_requests_are_named() {
        let (served, _, txids) = served();
        let unknown = Txid([7; 32]);
        for (path, part) in [
            ("/btc-regtest/blocks/2".to_owned(), "the last is 1"),
            ("/btc-regtest/blocks/4294967295".to_owned(), "the last is 1"),
            (format!("/btc-regtest/txs/{unknown}"), "up to block 1"),
            (format!("/btc/txs/{}", txids[0]), "the graph is of `btc-regtest`"),
            ("/eth/blocks/1".to_owned(), "there is no `eth` here"),
            ("/".to_owned(), "there is nothing at `/`"),
            ("/stats/".to_owned(), "there is nothing"),
            ("/btc-regtest".to_owned(), "there is nothing"),
            ("/btc-regtest/rates/1".to_owned(), "there is nothing at `rates/1`"),
            ("/btc-regtest/blocks/1/txs".to_owned(), "there is nothing"),
            ("//stats".to_owned(), "there is nothing"),
        ] {
            let refusal = refused(&served, &path);
            assert!(matches!(&refusal, Refusal::NotFound(text) if text.contains(part)), "{path}: {refusal}");
        }
        let long = "1".repeat(MAX_TARGET + 1);
        let upper = txids[0].to_string().to_uppercase();
        for (path, part) in [
            ("/btc-regtest/blocks/-1".to_owned(), "`-1` is no height"),
            ("/btc-regtest/blocks/01".to_owned(), "`01` is no height"),
            ("/btc-regtest/blocks/4294967296".to_owned(), "is no height"),
            ("/btc-regtest/blocks/".to_owned(), "`` is no height"),
            (format!("/btc-regtest/txs/{upper}"), "is no transaction id"),
            ("/btc-regtest/txs/00%00".to_owned(), "`00%00` is no transaction id"),
            ("/btc-regtest/txs/ä".to_owned(), "`ä` is no transaction id"),
            (
                "/btc-regtest/addresses/1BitcoinEaterAddressDontSendf59kuE/tags".to_owned(),
                "is no address of the network",
            ),
            ("/stats?page=2".to_owned(), "one page"),
            ("/stats?x=1".to_owned(), "`x` is not known"),
            (format!("/{long}"), "at most 256 bytes"),
            (format!("/stats?{long}"), "at most 256 bytes"),
        ] {
            let refusal = refused(&served, &path);
            assert!(matches!(&refusal, Refusal::Invalid(text) if text.contains(part)), "{path}: {refusal}");
        }
        assert_eq!(cut(&"ä".repeat(100)).len(), MAX_SHOWN);
        assert_eq!((cut("a"), cut("")), ("a", ""));
    }

    #[test]
    fn a_neighbourhood_is_not_served() {
        let (chain, _) = chain();
        let mut look = Neighbourhood::new(Interest { locks: [lock(1)].into(), ..Interest::default() });
        let blocks: Vec<_> = chain.blocks.iter().map(|bytes| crate::wire::Block::parse(bytes).unwrap()).collect();
        blocks.iter().for_each(|block| look.look(&block.transactions));
        let graph = look.into_builder(Network::Regtest, 0).finish();
        assert_eq!(Served::new(graph, Labels::default()).err(), Some(NotWhole));
        let empty = Served::new(Graph::new(Network::Main, 5), Labels::default()).unwrap();
        assert!(matches!(refused(&empty, "/btc/blocks/5"), Refusal::NotFound(_)));
        assert_eq!(asked(&empty, "/stats")["currencies"][0]["name"], json!("btc"));
    }
}
