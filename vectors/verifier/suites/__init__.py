"""One function per file of vectors: it reads the file's cases. SUITES names them all, FOLDERS where none may be forgotten."""

from .clocks import dates
from .duress import duress_letters
from .files import PACK
from .folders import case_folders, second_reviews
from .index import evaluations, lookups, normal_forms, posting_lists
from .intake import http as signed_requests, messages
from .log import (
    checkpoints, control_signatures, cosignatures, frontiers, leaves, merkle_proofs, monitor_reports, signed_notes, tiles, tlog_policies, tlog_proofs,
    witness_answers, witnesses,
)
from .parties import (
    armour, clients_csv, digest_lists, documents, documents_of, folding, keys, readings, requests, resealed, signatures, signed_documents,
)
from .policy import golden, policy_bundle
from .restrict import clients as restrict_clients, packs as restrict_packs
from .restrictions import notices as restriction_notices, restriction_documents
from .screening import journals, list_updates, served
from .sealed import ceremonies, seal_must_fail, seal_valid
from .shares import share_life
from .tracing import exposures, payment_paths, queries
from .trustee import trustee_log
from .view import masked_views

SUITES = {
    "approve/armor.json": armour,
    "approve/keys.json": keys,
    "approve/signatures.json": signatures,
    "core/check-in.json": documents,
    "core/counsel-note.json": documents,
    "core/documents.json": documents,
    "core/second-review.json": second_reviews,
    "core/step.json": documents,
    "core/totals.json": documents,
    "deadlines/dates.json": dates,
    "desk/case-folder.json": case_folders,
    "desk/clients-csv.json": clients_csv,
    "desk/retention.json": documents,
    "desk/second-review.json": case_folders,
    "desk/view.json": masked_views,
    "desk/view-record.json": documents,
    "intake/http.json": signed_requests,
    "intake/messages.json": messages,
    "intake/status.json": documents,
    "policy/bundle.json": policy_bundle,
    "policy/directory.json": documents_of("directory"),
    "policy/facts.json": documents_of("facts"),
    "restrict/clients.json": restrict_clients,
    "restrict/documents.json": restriction_documents,
    "restrict/notices.json": restriction_notices,
    "restrict/packs.json": restrict_packs,
    "screen/alerts.json": journals,
    "screen/list-update.json": list_updates,
    "screen/served.json": served,
    "seal/must-fail.json": seal_must_fail,
    "seal/normal.json": normal_forms,
    "seal/oprf.json": evaluations,
    "seal/posting.json": posting_lists,
    "seal/share-life.json": share_life,
    "seal/valid.json": seal_valid,
    "tlog/checkpoint.json": checkpoints,
    "tlog/control-signature.json": control_signatures,
    "tlog/cosignature.json": cosignatures,
    "tlog/frontier.json": frontiers,
    "tlog/leaf.json": leaves,
    "tlog/merkle.json": merkle_proofs,
    "tlog/signed-note.json": signed_notes,
    "tlog/tiles.json": tiles,
    "tlog/tlog-policy.json": tlog_policies,
    "tlog/tlog-proof.json": tlog_proofs,
    "tlog/witness-answers.json": witness_answers,
    "tlog/witness.json": witnesses,
    "trace/exposure.json": exposures,
    "trace/path.json": payment_paths,
    "trace/query.json": queries,
    "verify/ceremony-documents.json": documents,
    "verify/ceremony.json": ceremonies,
    "verify/documents.json": documents,
    "verify/duress.json": duress_letters,
    "verify/folding.json": folding,
    "verify/rotation.json": folding,
    "verify/check-ins.json": folding,
    "verify/reach.json": folding,
    "verify/replaced-workers.json": folding,
    "verify/lookups.json": lookups,
    "verify/monitor-report.json": monitor_reports,
    "verify/readings.json": readings,
    "verify/requests/index.json": requests,
    "verify/resealed.json": resealed,
    "verify/signed.json": signed_documents,
    "verify/sums.json": digest_lists,
    "verify/totals.json": documents,
    "verify/trustee-log.json": trustee_log,
    "verify/workers.json": documents,
    **{f"{PACK}/golden/{name}.json": golden for name in ("bloc", "compelled", "courts", "emergencies", "home", "third-states")},
}
# Files that a suite reads beside its own: they belong to it.
BESIDE = ("verify/requests/", f"{PACK}/golden/cast.json")
FOLDERS = ("", f"{PACK}/golden")
