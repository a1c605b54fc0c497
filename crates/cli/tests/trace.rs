//! `countersign trace` in the invented economy: what it says, what it refuses, and that bad input changes nothing.

mod program;
mod served;

use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::Economy;
use countersign_trace::graph::Graph;
use countersign_trace::wire::Block;
use program::{Ran, countersign};
use served::Served;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

struct World {
    economy: Economy,
    place: tempfile::TempDir,
}

impl World {
    /// A node's folder with the blocks under a key, and the custodian's files.
    fn new() -> Self {
        let world = Self { economy: Economy::of_seed(1), place: tempfile::tempdir().unwrap() };
        let economy = &world.economy;
        fs::create_dir(world.path("blocks")).unwrap();
        world.file("blocks/xor.dat", [3, 1, 4, 1, 5, 9, 2, 6]);
        world.blocks(&economy.blocks);
        world.file("wallets", address(economy.wallet));
        let deposits: Vec<String> = economy.deposits.iter().map(|(outpoint, _)| outpoint.to_string()).collect();
        world.file("deposits", deposits.join("\n"));
        let withdrawals = economy.withdrawals.iter().map(|(outpoint, client)| format!("{outpoint},account {client}\n"));
        world.file("withdrawals", format!("outpoint,account\n{}", withdrawals.collect::<String>()));
        world.file("stolen", address(economy.stolen));
        let tags = economy.services.iter().map(|lock| format!("- address: {}\n", address(Some(*lock))));
        let head =
            "title: Services\ncreator: Ruritanian researchers\ncurrency: BTC\ncategory: exchange\nlabel: S\ntags:\n";
        world.file("services.yaml", format!("{head}{}", tags.collect::<String>()));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn blocks(&self, blocks: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        for block in blocks {
            bytes.extend(Network::Regtest.magic());
            bytes.extend((block.len() as u32).to_le_bytes());
            bytes.extend(block);
        }
        let key = fs::read(self.path("blocks/xor.dat")).unwrap();
        bytes.iter_mut().zip(key.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        self.file("blocks/blk00000.dat", bytes);
    }

    /// Runs `countersign trace`; arguments that begin with `@` are files of this world.
    fn trace(&self, arguments: &[&str]) -> Ran {
        let path = |argument: &&str| argument.strip_prefix('@').map(|name| self.path(name).display().to_string());
        let arguments: Vec<String> =
            arguments.iter().map(|argument| path(argument).unwrap_or_else(|| (*argument).to_owned())).collect();
        let all: Vec<&str> = std::iter::once("trace").chain(arguments.iter().map(String::as_str)).collect();
        countersign(&self.path("custodian"), &all)
    }

    fn sound(&self, arguments: &[&str]) -> String {
        let ran = self.trace(arguments);
        assert_eq!(ran.code, Some(0), "{ran}");
        ran.out
    }

    /// The run fails with one line that contains all of this.
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let ran = self.trace(arguments);
        assert!(ran.code == Some(1) && ran.err.lines().count() == 1 && ran.err.starts_with("countersign: "), "{ran}");
        assert!(parts.iter().all(|part| ran.err.contains(part)), "{parts:?}: {ran}");
    }

    fn ready() -> Self {
        let world = Self::new();
        let list = [
            "labels",
            "add",
            "@stolen",
            "--network",
            "regtest",
            "--issuer",
            "police",
            "--label",
            "theft",
            "--list",
            "stolen",
        ];
        world.sound(&list);
        assert_eq!(
            world.sound(&["labels", "add", "@services.yaml", "--network", "regtest"]),
            "2 addresses labelled, 0 of other currencies passed over\n"
        );
        world
    }

    fn ingest(&self, more: &[&str]) -> String {
        let own = ["--wallets", "@wallets", "--deposits", "@deposits", "--withdrawals", "@withdrawals"];
        self.sound(&[&["ingest", "@blocks", "--network", "regtest"], &own[..], more].concat())
    }
}

fn address(lock: Option<Lock>) -> String {
    lock.unwrap().to_address(Network::Regtest).unwrap()
}

/// Shares per deposit as printed: the first line of each list.
fn shares(out: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = out.lines().collect();
    lines.chunks(2).map(|pair| (pair[0].replace("deposit ", ""), pair[1].trim().to_owned())).collect()
}

#[test]
fn exposure_and_blast_radius_as_shares_and_bands() {
    let world = World::ready();
    let collector = address(world.economy.collector);
    assert_eq!(
        world.sound(&["labels", "show", "--network", "regtest"]),
        "Ruritanian researchers: 2 labels\npolice: 1 labels\nlist stolen: 1 addresses\n"
    );
    world.refused(&["exposure", "--all"], &["there is no graph yet", "countersign trace ingest"]);
    let said = world.ingest(&["--address", &collector, "--hops", "8"]);
    assert!(said.starts_with("360 blocks read, 0 taken back\n"), "{said}");
    // The wallet, the theft, the collector, the two labelled services: strangers are not in the data.
    assert!(said.contains(" 5 addresses known"), "{said}");

    let all = shares(&world.sound(&["exposure", "--all"]));
    assert_eq!(all.len(), world.economy.deposits.len());
    let exposed = |share: &str| !share.contains("to 0.0000 %");
    let thiefs = |outpoint: &str| {
        world.economy.deposits.iter().any(|(deposit, thief)| *thief && deposit.to_string() == *outpoint)
    };
    let found = all.iter().filter(|(deposit, share)| thiefs(deposit) && exposed(share)).count();
    assert!(found * 2 > all.iter().filter(|(deposit, _)| thiefs(deposit)).count(), "{found}");
    let (deposit, share) = all.iter().find(|(deposit, share)| thiefs(deposit) && exposed(share)).unwrap();
    assert_eq!(shares(&world.sound(&["exposure", deposit])), [(deposit.clone(), share.clone())]);
    let explained = world.sound(&["explain", deposit]);
    assert!(
        explained.contains("stolen, haircut: the rest is mined ") && explained.contains("needs an order"),
        "{explained}"
    );
    // Nobody else's transaction and no address is named.
    let ids = explained.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    assert!(
        ids.clone().all(|id| deposit.starts_with(id)) && ids.count() > 0 && !explained.contains("bcrt1"),
        "{explained}"
    );

    let blast = world.sound(&["blast", &collector]);
    assert!(
        blast.contains("clients exposed, fifo: ") && blast.contains("who paid at least 100000 satoshi: "),
        "{blast}"
    );
    assert_eq!(world.sound(&["blast", &collector]), blast);
    world.refused(&["blast", &collector, "--hops", "2"], &["without an order a question goes over one payment, not 2"]);
    world.refused(&["blast", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"], &["is not an address of this network"]);
    world.refused(&["exposure", &format!("{}:0", "0".repeat(64))], &["is not among the deposits of the custodian"]);

    // Somebody labels the collector: from then on no question begins there, not even the one already answered.
    let pack =
        format!("title: T\ncreator: Ministry\ncurrency: BTC\nlabel: opposition\ntags:\n- address: {collector}\n");
    world.file("ministry.yaml", pack);
    assert!(
        world.sound(&["labels", "add", "@ministry.yaml", "--network", "regtest"]).contains("1 labels reveal opinion")
    );
    world.refused(&["blast", &collector], &["`Ministry` labels an address of this question as `opposition`"]);
    // Without its journal the gate stays shut.
    world.file("custodian/trace/answers.json", "{");
    world.refused(
        &["blast", &address(world.economy.stolen)],
        &["answers.json", "the journal of answers cannot be read"],
    );
}

#[test]
fn the_whole_chain_goes_on_where_it_ended() {
    let world = World::ready();
    let blocks = world.economy.blocks.clone();
    world.blocks(&blocks[..300]);
    assert!(world.ingest(&["--full"]).starts_with("300 blocks read, 0 taken back\n"));
    world.blocks(&blocks);
    let said = world.ingest(&["--full"]);
    assert!(said.starts_with("60 blocks read, 0 taken back\n") && said.contains("at height 359"), "{said}");
    // kernel-check/ compares these two with a node's.
    let graph = Graph::parse(&fs::read(world.path("custodian/trace/graph.bin")).unwrap()).unwrap();
    let (count, sum) = graph.extent().unspent;
    assert!(said.contains(&format!("\nunspent: {count} outputs, {sum} satoshi\n")), "{said}");
    let first = fs::read(world.path("custodian/trace/graph.bin")).unwrap();
    assert!(world.ingest(&["--full"]).starts_with("0 blocks read"));
    assert_eq!(fs::read(world.path("custodian/trace/graph.bin")).unwrap(), first);
    assert_eq!(shares(&world.sound(&["exposure", "--all"])).len(), world.economy.deposits.len());
}

#[test]
fn a_client_of_graphsense_gets_the_chain_and_nobody_on_it() {
    let world = World::ready();
    let (dir, serve) = (world.path("custodian"), ["trace", "serve", "--listen", "127.0.0.1:0"]);
    world.ingest(&[]);
    world.refused(&["serve", "--listen", "127.0.0.1:0"], &["the graph is a neighbourhood", "--full"]);
    world.ingest(&["--full"]);
    world.refused(&["serve", "--listen", "192.0.2.1:80"], &["192.0.2.1:80 is not a loopback address"]);
    let server = Served::start(&dir, &serve);
    let get = |path: &str| {
        let (status, body) = server.get(path);
        (status, serde_json::from_str::<serde_json::Value>(&body).unwrap_or_else(|_| panic!("{path}: {body}")))
    };
    let (status, stats) = get("/stats");
    let currency = &stats["currencies"][0];
    assert_eq!(
        (status, currency["name"].as_str(), currency["no_blocks"].as_u64()),
        (200, Some("btc-regtest"), Some(360))
    );
    assert_eq!(currency["no_tagged_addresses"].as_u64(), Some(3));
    let last = Block::parse(world.economy.blocks.last().unwrap()).unwrap();
    let (status, block) = get("/btc-regtest/blocks/359?pagesize=5");
    assert_eq!((status, block["block_hash"].as_str()), (200, Some(last.header.hash.to_string().as_str())));
    assert_eq!(block["no_txs"].as_u64(), Some(last.transactions.len() as u64));
    let paid = &last.transactions[0];
    let (status, answer) = get(&format!("/btc-regtest/txs/{}", paid.txid));
    let sum: u64 = paid.outputs.iter().map(|output| output.value).sum();
    assert_eq!((status, answer["total_output"]["value"].as_u64()), (200, Some(sum)));
    let stolen = address(world.economy.stolen);
    let (status, tags) = get(&format!("/btc-regtest/addresses/{stolen}/tags"));
    assert_eq!((status, tags["address_tags"][0]["tagpack_creator"].as_str()), (200, Some("police")));
    let long = "a".repeat(5_000);
    for (path, expected, code) in [
        (format!("/btc-regtest/addresses/{stolen}"), 403, "withheld"),
        (format!("/btc-regtest/addresses/{stolen}/neighbors?direction=in"), 403, "withheld"),
        (format!("/btc-regtest/txs/{}?include_io=true", paid.txid), 403, "withheld"),
        ("/btc-regtest/entities/1".to_owned(), 403, "withheld"),
        ("/btc-regtest/blocks/360".to_owned(), 404, "not-found"),
        ("/btc/blocks/1".to_owned(), 404, "not-found"),
        ("/btc-regtest/txs/zz".to_owned(), 400, "invalid"),
        (format!("/{long}"), 400, "invalid"),
    ] {
        let (status, problem) = get(&path);
        assert_eq!((status, problem["code"].as_str()), (expected, Some(code)), "{path}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{path}: {problem}");
    }
    // The folder was let go: others work with it meanwhile.
    assert!(world.ingest(&["--full"]).starts_with("0 blocks read"));
    server.kill();
}

/// A node's REST interface on a port of its own, for as long as the test runs; its address.
fn node(blocks: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let hashes: Vec<String> =
            blocks.iter().map(|bytes| Block::parse(bytes).unwrap().header.hash.to_string()).collect();
        let answer = |path: &str| -> Option<Vec<u8>> {
            let (kind, rest) = path.strip_prefix("/rest/")?.split_once('/')?;
            let (key, ending) = rest.split_once('.')?;
            let named = || hashes.iter().position(|hash| hash == key);
            match (kind, ending) {
                ("blockhashbyheight", "hex") => Some(format!("{}\n", hashes.get(key.parse::<usize>().ok()?)?).into()),
                ("headers", "bin?count=2000") => {
                    Some(blocks[named()?..].iter().flat_map(|bytes| bytes[..80].to_vec()).collect())
                }
                ("block", "bin") => Some(blocks[named()?].clone()),
                _ => None,
            }
        };
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = lines.first().and_then(|line| line.strip_prefix("GET ")?.split_once(' ')).unwrap().0;
            let (status, body) = answer(path).map_or(("404 Not Found", vec![]), |body| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    address
}

#[test]
fn a_node_is_asked_instead_of_its_files() {
    let world = World::ready();
    let said = world.ingest(&["--hops", "2"]);
    let kept = || fs::read(world.path("custodian/trace/graph.bin")).unwrap();
    let (of_files, address) = (kept(), node(world.economy.blocks.clone()));
    fs::remove_file(world.path("custodian/trace/graph.bin")).unwrap();
    let ingest = ["ingest", &address, "--network", "regtest", "--hops", "2"];
    assert_eq!(world.sound(&ingest), said);
    assert!(kept() == of_files);
    let full = world.sound(&["ingest", &address, "--network", "regtest", "--full", "--out", "@elsewhere"]);
    assert!(full.contains("last block") && world.path("elsewhere/graph.bin").exists() && kept() == of_files, "{full}");

    // Begun later, this node would have to say what its blocks spend.
    let late = [&ingest[..], &["--first-height", "200"]].concat();
    world.refused(&late, &["which no earlier transaction made"]);
    let beyond = [&ingest[..], &["--first-height", "9999"]].concat();
    world.refused(&beyond, &["the node does not have /rest/blockhashbyheight/9999.hex", "rest=1"]);
    world.refused(&["ingest", "http://127.0.0.1:1", "--network", "regtest"], &["cannot ask the node for /rest/"]);
    assert!(kept() == of_files);
}

#[test]
fn labels_come_and_go_in_the_formats_of_others() {
    let world = World::ready();
    let stolen = address(world.economy.stolen);
    let uri = format!("bitcoin:{stolen}?amount=0.1&label=somebody");
    world.ingest(&["--address", &uri]);
    assert_eq!(world.sound(&["blast", &uri]), world.sound(&["blast", &stolen]));
    world.refused(&["blast", &format!("bitcoin:{stolen}?req-x=1")], &["is not a payment URI without requirements"]);

    let pack = world.sound(&["labels", "export", "police", "--network", "regtest", "--title", "Thefts"]);
    assert!(pack.starts_with("title: \"Thefts\"\ncreator: \"police\"\n") && pack.contains(&stolen), "{pack}");
    world.file("pack.yaml", &pack);
    assert!(world.sound(&["labels", "add", "@pack.yaml", "--network", "regtest"]).starts_with("1 addresses labelled"));
    world.refused(&["labels", "export", "nobody", "--network", "regtest"], &["`nobody` has no labels here"]);

    let wallet = format!(
        "{{\"schema\":\"CryptoWallet\",\"properties\":{{\"publicKey\":[\"{stolen}\"],\"currency\":[\"XBT\"]}}}}\n"
    );
    world.file("entities", wallet);
    let add =
        ["labels", "add", "@entities", "--entities", "--network", "regtest", "--issuer", "XA", "--label", "listed"];
    assert!(world.sound(&add).starts_with("1 addresses labelled"));
    world.file("entities", "{}");
    world.refused(&add, &["entities: line 1: is no entity of FollowTheMoney"]);
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let world = World::ready();
    world.ingest(&[]);
    let kept = |name: &str| fs::read(world.path("custodian/trace").join(name)).unwrap();
    let before = (kept("graph.bin"), kept("own.json"), labels(&world.path("custodian/trace/labels")));
    let sound = fs::read(world.path("blocks/blk00000.dat")).unwrap();
    let changed = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let tables: [(&str, Vec<u8>, &str); 5] = [
        ("wrong magic", changed(0), "blk00000.dat: the magic is not that of the network at byte 0"),
        ("absurd length", changed(7), "blk00000.dat: a block's length is absurd at byte 4"),
        ("cut off", sound[..sound.len() - 1].to_vec(), "blk00000.dat: a block is cut off at byte "),
        ("changed inside", changed(8 + 100), "blk00000.dat: "),
        ("empty", Vec::new(), "there are no blocks"),
    ];
    for (name, bytes, reason) in tables {
        world.file("blocks/blk00000.dat", bytes);
        for mode in [&["--full"][..], &[]] {
            world.refused(&[&["ingest", "@blocks", "--network", "regtest"], mode].concat(), &[reason]);
        }
        assert!(
            before == (kept("graph.bin"), kept("own.json"), labels(&world.path("custodian/trace/labels"))),
            "{name}"
        );
    }
    world.file("blocks/blk00000.dat", &sound);
    let sound_pack = fs::read_to_string(world.path("services.yaml")).unwrap();
    for (from, to, reason) in [
        ("label: S", "label: S\nowner_phone: x", "bad.yaml: line 6: `owner_phone` is no field of a tag pack"),
        ("label: S", "label: anna@example.org", "bad.yaml: line 5: `label` has an e-mail address"),
        ("tags:", "tag:", "line 6: `tag` is no field"),
        ("bcrt1", "bcrt2", "is not an address of this network"),
    ] {
        world.file("bad.yaml", sound_pack.replace(from, to));
        world.refused(&["labels", "add", "@bad.yaml", "--network", "regtest"], &[reason]);
    }
    for (file, option, bytes, reason) in [
        ("bad", "--wallets", "nonsense", "`nonsense` is not an address"),
        ("bad", "--deposits", "12:x", "line 1"),
        ("bad", "--withdrawals", "outpoint,account\nx,y", "line 2"),
    ] {
        world.file(file, bytes);
        world.refused(&["ingest", "@blocks", "--network", "regtest", option, "@bad"], &[reason]);
    }
    assert!(before == (kept("graph.bin"), kept("own.json"), labels(&world.path("custodian/trace/labels"))));
    let mut damaged = before.0.clone();
    damaged[100] ^= 1;
    world.file("custodian/trace/graph.bin", damaged);
    world.refused(&["exposure", "--all"], &["graph.bin: the graph was damaged", "ingest the blocks again"]);
}

#[test]
fn a_path_of_payments_is_checked_offline() {
    let world = World::new();
    let file = countersign_testkit::require::workspace_root().join("vectors/trace/path.json");
    let vectors: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let good = &vectors["good"][0];
    world.file("path", good["text"].as_str().unwrap());
    let said = world.sound(&["verify", "@path"]);
    assert!(
        said.contains(&format!("from {} to {}", good["from"].as_str().unwrap(), good["to"].as_str().unwrap())),
        "{said}"
    );
    assert!(said.contains(&address(world.economy.stolen)), "{said}");
    assert!(good["blocks"].as_array().unwrap().iter().all(|block| said.contains(block.as_str().unwrap())), "{said}");
    for bad in vectors["bad"].as_array().unwrap() {
        world.file("path", bad["text"].as_str().unwrap());
        world.refused(&["verify", "@path"], &["path: "]);
    }
    assert!(!world.path("custodian").exists());
}

fn labels(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}
