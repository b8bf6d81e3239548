// deploy/certificates: the CA, certificates for a day, and their rotation.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, root, run } from './tools.mjs';

const script = join(root, 'deploy/certificates/cluster-certificates');
const call = (args, environment = {}) => run([script, ...args], { env: { ...process.env, ...environment } });

function does(args, environment) {
  const done = call(args, environment);
  assert.equal(done.status, 0, done.text);
  return done.text;
}

function refuses(args, why) {
  const done = call(args);
  assert.notEqual(done.status, 0, `${args.join(' ')} was carried out`);
  assert.match(done.text, why);
}

const certificate = (at, file = 'node.pem') => new X509Certificate(readFileSync(join(at, 'current', file)));
const hours_left = x => (Date.parse(x.validTo) - Date.now()) / 3_600_000;

/** Whether a TLS server with `server`'s files and a client with `client`'s let each other in. */
function let_each_other_in(server, client) {
  const at = x => ['-key', join(x, 'current/node.key'), '-cert', join(x, 'current/node.pem'), '-CAfile', join(x, 'current/ca.pem')];
  const shell = `
    exec 3< <(exec openssl s_server -accept 127.0.0.1:0 -naccept 1 -www -Verify 1 -verify_return_error ${at(server).join(' ')} 2>&1)
    while read -r -u 3 line; do case "$line" in ACCEPT*) port=\${line##*:}; break ;; esac; done
    # TLS 1.3 tells the client of a refusal only when it reads.
    openssl s_client -connect 127.0.0.1:$port -verify_return_error -tls1_2 -brief ${at(client).join(' ')} </dev/null 2>&1`;
  return run(['bash', '-c', shell], { timeout: 20_000 });
}

test('a CA and a certificate for a day, which its owner alone can read', t => {
  const ca = folder(t);
  does(['authority', ca]);
  does(['issue', ca, 'node-1', 'node-1.troupe.internal', '10.0.0.11']);
  const made = certificate(join(ca, 'node-1'));
  const authority = new X509Certificate(readFileSync(join(ca, 'ca.pem')));
  assert.ok(made.verify(authority.publicKey));
  assert.ok(authority.ca && !made.ca);
  assert.equal(made.subject, 'CN=node-1');
  assert.equal(made.subjectAltName, 'DNS:node-1, DNS:node-1.troupe.internal, IP Address:10.0.0.11');
  assert.ok(hours_left(made) > 23.9 && hours_left(made) <= 24, made.validTo);
  assert.deepEqual(made.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], 'for servers and clients');
  for (const file of ['ca.key', 'node-1', 'node-1/current/', 'node-1/current/node.key']) assert.equal(statSync(join(ca, file)).mode & 0o077, 0, file);
});

test('the same again changes nothing: the CA stays, and so does a certificate with most of its life left', t => {
  const ca = folder(t);
  does(['authority', ca]);
  does(['issue', ca, 'node-1']);
  const before = [readFileSync(join(ca, 'ca.pem'), 'utf8'), readlinkSync(join(ca, 'node-1/current'))];
  does(['authority', ca]);
  does(['rotate', ca]);
  assert.deepEqual([readFileSync(join(ca, 'ca.pem'), 'utf8'), readlinkSync(join(ca, 'node-1/current'))], before);
});

test('rotation renews what has less than half of its life left, under the same names and with another key', t => {
  const ca = folder(t);
  does(['authority', ca]);
  does(['issue', ca, 'old', 'old.internal'], { CERTIFICATE_HOURS: '11' });
  does(['issue', ca, 'young'], { CERTIFICATE_HOURS: '13' });
  const [old, young] = [certificate(join(ca, 'old')), certificate(join(ca, 'young'))];
  does(['rotate', ca]);
  const renewed = certificate(join(ca, 'old'));
  assert.ok(hours_left(renewed) > 23.9);
  assert.equal(renewed.subjectAltName, old.subjectAltName);
  assert.ok(!renewed.publicKey.equals(old.publicKey));
  assert.equal(certificate(join(ca, 'young')).serialNumber, young.serialNumber);
});

test('what cannot be renewed fails the rotation, and the others are renewed all the same', t => {
  const ca = folder(t);
  does(['authority', ca]);
  for (const node of ['a', 'b']) does(['issue', ca, node], { CERTIFICATE_HOURS: '1' });
  writeFileSync(join(ca, 'a/names'), 'not a name\n');
  assert.notEqual(call(['rotate', ca]).status, 0);
  assert.ok(hours_left(certificate(join(ca, 'b'))) > 23.9);
  assert.ok(hours_left(certificate(join(ca, 'a'))) < 1.1, 'the old one stays in force');
});

test('a CA that ends soon is told by each rotation', t => {
  const ca = folder(t);
  does(['authority', ca], { AUTHORITY_DAYS: '1' });
  refuses(['rotate', ca], /the CA ends in 2[34] h: prepare-authority/);
});

test('an installation is whole at every moment, and is put in force all at once', t => {
  const [ca, to] = [folder(t), folder(t)];
  does(['authority', ca]);
  does(['issue', ca, 'node-1']);
  const from = join(ca, 'node-1/current');
  does(['install', from, to]);
  const first = readlinkSync(join(to, 'current'));
  does(['install', from, to]);
  assert.equal(readlinkSync(join(to, 'current')), first, 'the same again changes nothing');
  // A reader as busy as can be never meets a key and a certificate that do not belong together.
  const shell = `
    for i in 1 2 3 4; do "${script}" issue "${ca}" node-1 >/dev/null && "${script}" install "${from}" "${to}" || exit 9; done &
    writer=$!
    looks=0
    while kill -0 $writer 2>/dev/null; do
      # As a node does: both files by way of one look at the link.
      at=$(readlink -f "${to}/current")
      [ "$(openssl pkey -in $at/node.key -pubout)" = "$(openssl x509 -in $at/node.pem -noout -pubkey)" ] || exit 8
      looks=$((looks + 1))
    done
    wait $writer && echo "$looks looks"`;
  const done = run(['bash', '-c', shell]);
  assert.equal(done.status, 0, done.text);
  assert.match(done.text, /^\d+ looks/m);
  assert.notEqual(readlinkSync(join(to, 'current')), first);
  assert.ok(readdirSync(to).filter(x => x.startsWith('generation-')).length <= 2, 'old ones are removed');
});

test('a pair that does not belong together is refused, and what is in force stays', t => {
  const [ca, to] = [folder(t), folder(t)];
  does(['authority', ca]);
  does(['issue', ca, 'a']);
  does(['issue', ca, 'b']);
  does(['install', join(ca, 'a/current'), to]);
  const before = readlinkSync(join(to, 'current'));
  const mixed = join(ca, 'b/current');
  writeFileSync(join(mixed, 'node.key'), readFileSync(join(ca, 'a/current/node.key')));
  refuses(['install', mixed, to], /is not the key of/);
  const foreign = folder(t);
  does(['authority', foreign]);
  does(['issue', foreign, 'a']);
  writeFileSync(join(foreign, 'a/current/ca.pem'), readFileSync(join(ca, 'ca.pem')));
  refuses(['install', join(foreign, 'a/current'), to], /has not signed/);
  assert.equal(readlinkSync(join(to, 'current')), before);
});

test('a folder that belongs to a group hands it the files, and nobody else', t => {
  const [ca, to] = [folder(t), folder(t)];
  does(['authority', ca]);
  does(['issue', ca, 'node-1']);
  chmodSync(to, 0o2750);
  does(['install', join(ca, 'node-1/current'), to]);
  assert.equal(statSync(join(to, 'current/node.key')).mode & 0o777, 0o640);
  assert.equal(statSync(join(to, 'current')).mode & 0o777, 0o750);
});

test('nodes of one CA let each other in, and nobody else', t => {
  const [ca, foreign] = [folder(t), folder(t)];
  for (const x of [ca, foreign]) {
    does(['authority', x]);
    for (const node of ['a', 'b']) does(['issue', x, node]);
  }
  assert.match(let_each_other_in(join(ca, 'a'), join(ca, 'b')).text, /Verification: OK/);
  assert.doesNotMatch(let_each_other_in(join(ca, 'a'), join(foreign, 'b')).text, /Verification: OK/);
});

test('a new CA comes in three steps, at each of which any two nodes let each other in', t => {
  const ca = folder(t);
  const meet = when => {
    for (const [one, other] of [['a', 'b'], ['b', 'a']])
      assert.match(let_each_other_in(join(ca, one), join(ca, other)).text, /Verification: OK/, when);
  };
  does(['authority', ca]);
  for (const node of ['a', 'b']) does(['issue', ca, node]);
  const first = readFileSync(join(ca, 'ca.pem'), 'utf8');
  does(['prepare-authority', ca]);
  refuses(['switch-authority', ca], /does not hold the next CA yet/);
  does(['issue', ca, 'a']);
  meet('only one node has heard of the next CA');
  does(['rotate', ca]);
  does(['switch-authority', ca]);
  does(['issue', ca, 'a']);
  meet('only one node has a certificate of the new CA');
  does(['rotate', ca]);
  refuses(['prepare-authority', ca], /forget-authority/);
  does(['forget-authority', ca]);
  does(['issue', ca, 'a']);
  meet('only one node has forgotten the old CA');
  does(['rotate', ca]);
  meet('at the end');
  assert.ok(!readFileSync(join(ca, 'b/current/ca.pem'), 'utf8').includes(first));
});

test('names that are none are refused, and nothing is made', t => {
  const ca = folder(t);
  does(['authority', ca]);
  refuses(['issue', ca, '../escape'], /no name of a node/);
  refuses(['issue', ca, 'node-1', 'a,DNS:b'], /neither a DNS name nor an address/);
  refuses(['issue', folder(t), 'node-1'], /there is no CA/);
  assert.ok(!existsSync(join(ca, 'node-1/current')));
});
