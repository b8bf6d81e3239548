// deploy/haproxy and deploy/nginx by their own checkers. tests/e2e/balancer_test.cpp balances three nodes with them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, is_installed, read, run } from './tools.mjs';

const without = program => (is_installed(program) ? false : `${program} is not installed; script/bootstrap --test does it`);
const environment = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } };

/** A folder with a certificate of the shop. */
function with_certificate(t) {
  const at = folder(t);
  const made = run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=shop', '-keyout', join(at, 'shop.key'), '-out', join(at, 'shop.crt')]);
  assert.equal(made.status, 0, made.text);
  const both = run(['cat', join(at, 'shop.crt'), join(at, 'shop.key')]).output;
  writeFileSync(join(at, 'shop.pem'), both);
  return at;
}

function haproxy(t, change = x => x) {
  const at = with_certificate(t);
  writeFileSync(join(at, 'haproxy.cfg'), change(read('deploy/haproxy/haproxy.cfg').replaceAll('/etc/haproxy/', `${at}/`)));
  return run(['haproxy', '-c', '-f', join(at, 'haproxy.cfg')], environment);
}

function nginx(t, change = x => x) {
  const at = with_certificate(t);
  writeFileSync(join(at, 'troupe.conf'), change(read('deploy/nginx/troupe.conf').replaceAll('/etc/nginx/', `${at}/`)));
  writeFileSync(join(at, 'nginx.conf'), `pid ${at}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\ninclude troupe.conf;\n}\n`);
  return run(['nginx', '-t', '-p', at, '-e', 'stderr', '-c', join(at, 'nginx.conf')], environment);
}

/** `text` with something else in it, which must be there. */
const instead = (what, by) => text => {
  assert.ok(text.includes(what), what);
  return text.replace(what, by);
};

test('HAProxy takes its configuration, without a warning', { skip: without('haproxy') }, t => {
  const done = haproxy(t);
  assert.equal(done.status, 0, done.text);
  assert.doesNotMatch(done.text, /WARNING|ALERT/);
});

test('a configuration that HAProxy would not take is found', { skip: without('haproxy') }, t => {
  assert.notEqual(haproxy(t, instead('retry-on', 'retry-onn')).status, 0);
  assert.notEqual(haproxy(t, instead('track repeatable/node-1', 'track repeatable/node-9')).status, 0);
});

test('nginx takes its configuration, without a warning', { skip: without('nginx') }, t => {
  const done = nginx(t);
  assert.equal(done.status, 0, done.text);
  assert.doesNotMatch(done.text, /\[(warn|emerg|alert)\]/);
});

test('a configuration that nginx would not take is found', { skip: without('nginx') }, t => {
  assert.notEqual(nginx(t, instead('proxy_next_upstream_tries', 'proxy_next_upstream_trys')).status, 0);
  assert.notEqual(nginx(t, instead('least_conn;', 'last_conn;')).status, 0);
});

test('they wait for longer than a node does, and let go of a connection before it', () => {
  // Of POST /api/v2/orders: the longest wait, and ten seconds before and after it.
  const longest = 50;
  const idle = Number(read('config/troupe.yaml').match(/\n {2}idle_timeout: (\d+)m/)[1]) * 60;
  const number = (text, pattern) => Number(text.match(pattern)?.[1] ?? assert.fail(`there is no ${pattern}`));
  const one = read('deploy/haproxy/haproxy.cfg');
  const other = read('deploy/nginx/troupe.conf');
  assert.match(read('gateways/http/routes/orders.cpp'), /patience\{10'000\}[\s\S]*place_deadline = wait_max \+ 2 \* patience/);
  assert.ok(number(one, /timeout server (\d+)s/) > longest);
  assert.ok(number(one, /timeout client (\d+)s/) > longest);
  assert.ok(number(other, /proxy_read_timeout (\d+)s/) > longest);
  assert.ok(number(one, /pool-purge-delay (\d+)s/) < idle);
  assert.ok(number(other, /keepalive_timeout (\d+)s/) < idle);
});
