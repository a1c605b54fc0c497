// Verifies a receipt with Node's own crypto: node verify.mjs LEAF PROOF QUORUM LOG-VKEY WITNESS-VKEY...
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const must = (holds, what) => holds || (console.error(what), process.exit(1));
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const base64 = (text, bytes = Buffer.from(text, 'base64')) => (must(bytes.toString('base64') === text, 'bad base64'), bytes);
const number = (text) => (must(/^(0|[1-9]\d*)$/.test(text), `bad number ${text}`), BigInt(text));

const [leafFile, proofFile, quorum, ...vkeys] = process.argv.slice(2);
const keys = vkeys.map((vkey) => {
  const [, name, id, text] = vkey.match(/^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/) ?? must(false, `bad key ${vkey}`);
  must(sha256(name, '\n', base64(text)).subarray(0, 4).toString('hex') === id, `wrong id in ${vkey}`);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), base64(text).subarray(1)]);
  return { name, id, type: base64(text)[0], key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
});
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const [, index, path, text, origin, size, root, lines] = utf8.decode(readFileSync(proofFile)).match(
  /^c2sp\.org\/tlog-proof@v1\n(?:extra \S*\n)?index (.+)\n((?:.+\n)*)\n((.+)\n(.+)\n(.+)\n)\n((?:— .+\n)+)$/) ?? must(false, 'not a proof');
for (const line of lines.trimEnd().split('\n')) {
  const [, name, blob] = line.match(/^— (\S+) (\S+)$/) ?? must(false, `bad line ${line}`);
  const key = keys.find((key) => key.name === name && key.id === base64(blob).subarray(0, 4).toString('hex'));
  if (!key) continue; // an unknown key says nothing
  const header = key.type === 4 ? `cosignature/v1\ntime ${base64(blob).readBigUInt64BE(4)}\n` : '';
  key.signed = must(verify(null, Buffer.from(header + text), key.key, base64(blob).subarray(header ? 12 : 4)), `${name}: wrong signature`);
}
must(keys[0].type === 1 && keys[0].name === origin && keys[0].signed, 'not signed by the log');
const cosigned = keys.slice(1).filter((key) => key.type === 4 && key.signed).map((key) => key.name);
must(cosigned.length >= Number(quorum), 'too few witnesses');
let [node, last, hash] = [number(index), number(size) - 1n, sha256('\0', readFileSync(leafFile))];
must(node <= last, 'the index is not in the tree');
for (const sibling of path.trimEnd().split('\n').filter(Boolean).map((line) => base64(line))) { // RFC 9162, 2.1.3.2
  must(last > 0n && sibling.length === 32, 'a hash too many, or none');
  const right = node % 2n === 1n || node === last;
  hash = right ? sha256('\x01', sibling, hash) : sha256('\x01', hash, sibling);
  if (right) while (node % 2n === 0n && node > 0n) [node, last] = [node / 2n, last / 2n];
  [node, last] = [node / 2n, last / 2n];
}
must(last === 0n && hash.toString('base64') === root, 'the leaf is not in this tree');
console.log(`ok: leaf ${index} of ${size} in ${origin}, cosigned by ${cosigned.join(', ')}`);
