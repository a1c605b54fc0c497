"""docs/formats/resealed.md: whether a worker's file is exactly the records of its run, sealed anew."""

from .documents import read_document
from .refusal import need
from .seal import header_holds, read_label, read_record, record_id
from .wire import open_signed

KEPT = ("custodian", "handle", "client_key", "period", "schema", "classes")


def check_resealed(known, signed, files):
    """`known` holds the texts of worker, order and manifest, and the ring in force. `files` are sealed records by their ids."""
    worker, worker_digest = read_document("worker", known["worker"].encode())
    order, order_digest = read_document("order", known["order"].encode())
    manifest, _ = read_document("manifest", known["manifest"].encode())
    resealed = open_signed("resealed", signed, bytes.fromhex(worker["identity"]))
    need(resealed["custodian"] == order["custodian"] and resealed["ring"] == known["ring"], "another custodian or ring")
    need(resealed["order"] == order_digest.hex() and resealed["worker"] == worker_digest.hex(), "another order or worker")
    entries = manifest["entries"]
    need([one["old"] for one in resealed["records"]] == [entry["record"] for entry in entries], "not the records of the manifest")
    need(set(files) == {one["new"] for one in resealed["records"]}, "not the files of the list")
    for entry, one in zip(entries, resealed["records"]):
        record, old = read_record(files[one["new"]]), read_label(bytes.fromhex(entry["label"]))
        new, header = record["label"], record["header"]
        need(record["ring_id"].hex() == resealed["ring"], "sealed to another ring", one["old"])
        need(record_id(new["bytes"], header["bytes"][0]).hex() == one["new"], "another record", one["old"])
        need(all(new[key] == old[key] for key in KEPT), "in the place of another", one["old"])
        need(new["revision"] == old["revision"] + 1, "not the next revision", one["old"])
        need(header_holds(header, new["bytes"], record["ring_id"]), "the header's proof", one["old"])
