// deploy/compose: what Compose would take, and what holds between its files and others that are shipped.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { compose_problems, parse_all } from './schemas.mjs';
import { folder, read, root, run } from './tools.mjs';

const compose = parse_all(read('deploy/compose/compose.yaml'))[0];
const services = compose.services;
const nodes = ['node-1', 'node-2', 'node-3'].map(x => [x, services[x]]);
const configuration = parse_all(read('deploy/compose/node.yaml'))[0];

/** [what is mounted, where] of a service's files. */
const mounts = service => (service.volumes ?? []).map(x => x.split(':')).filter(x => x[0].startsWith('.'));

test('Compose takes the file', () => {
  assert.deepEqual(compose_problems(compose), []);
});

test('a file that Compose would not take is found', () => {
  const broken = change => {
    const x = structuredClone(compose);
    change(x);
    return compose_problems(x).length;
  };
  assert.ok(broken(x => { x.services['node-1'].imagee = 'troupe'; }), 'a misspelled field');
  assert.ok(broken(x => { x.services.postgres.networks = 5; }), 'a wrong type');
  assert.ok(broken(x => { x.services.postgres.healthcheck.intervall = '1s'; }), 'a misspelled field further down');
  assert.ok(broken(x => { x.servicess = {}; }), 'a misspelled section');
});

test('three nodes, their store, providers, a balancer and what watches them', () => {
  assert.deepEqual(Object.keys(services).sort(), ['grafana', 'haproxy', 'node-1', 'node-2', 'node-3', 'postgres', 'prometheus', 'sandbox']);
});

test('everything that is named is defined, and everything that is defined is used', () => {
  const used = { secrets: new Set(), configs: new Set(), volumes: new Set(), networks: new Set() };
  for (const [name, x] of Object.entries(services)) {
    for (const kind of ['secrets', 'configs'])
      for (const y of x[kind] ?? []) used[kind].add(typeof y === 'string' ? y : y.source);
    for (const y of x.volumes ?? []) if (/^[a-z]/.test(y)) used.volumes.add(y.split(':')[0]);
    for (const y of Array.isArray(x.networks) ? x.networks : Object.keys(x.networks)) used.networks.add(y);
    for (const y of Array.isArray(x.depends_on) ? x.depends_on : Object.keys(x.depends_on ?? {})) assert.ok(services[y], `${name} waits for ${y}`);
  }
  for (const [kind, names] of Object.entries(used)) assert.deepEqual([...names].sort(), Object.keys(compose[kind]).sort(), kind);
});

test('files that are mounted are shipped, or made by prepare', { skip: process.getuid() !== 0 && 'prepare needs root' }, t => {
  const made = folder(t);
  const prepare = run([join(root, 'deploy/compose/prepare'), made]);
  assert.equal(prepare.status, 0, prepare.text);
  const files = [...Object.values(services).flatMap(mounts).map(x => x[0]), ...[...Object.values(compose.secrets), ...Object.values(compose.configs)].map(x => x.file)];
  for (const file of files) {
    const path = file.startsWith('./run/') ? join(made, file.slice(6)) : resolve(root, 'deploy/compose', file);
    assert.ok(existsSync(path), `${file} is there`);
  }
  for (const file of ['certificates/node-1/current/node.pem', 'keys/operator.key', 'store-url']) assert.equal(statSync(join(made, file)).uid, 10001, file);
  const key = statSync(join(made, 'keys/operator.key')).mtimeMs;
  assert.equal(run([join(root, 'deploy/compose/prepare'), made]).status, 0);
  assert.equal(statSync(join(made, 'keys/operator.key')).mtimeMs, key, 'what is there is kept');
});

test('nodes are shielded as the image allows', () => {
  for (const [name, x] of [...nodes, ['sandbox', services.sandbox]]) {
    assert.equal(x.read_only, true, name);
    assert.deepEqual(x.cap_drop, ['ALL'], name);
    assert.ok(x.security_opt.includes('no-new-privileges:true'), name);
    assert.deepEqual((x.volumes ?? []).filter(y => !y.endsWith(':ro')).map(y => y.split(':')[1]), ['/var/lib/troupe'], name);
  }
});

test('nothing listens for other machines', () => {
  for (const [name, x] of Object.entries(services)) for (const port of x.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
});

test('each node has its own name, address, certificate and state, and all have the same keys', () => {
  for (const [name, x] of nodes) {
    assert.equal(x.environment.TROUPE_NODE_NAME, name);
    assert.equal(x.environment.TROUPE_CLUSTER_ADVERTISE, `${x.networks.inside.ipv4_address}:${configuration.cluster.port}`);
    assert.ok(x.volumes.includes(`./run/certificates/${name}:/run/cluster:ro`));
    assert.ok(x.volumes.includes(`${name}:/var/lib/troupe`));
    for (const key of ['operator.key', 'dead-letters.key']) assert.ok(x.volumes.includes(`./run/keys/${key}:/var/lib/troupe/${key}:ro`), key);
  }
  const addresses = nodes.map(([, x]) => x.networks.inside.ipv4_address);
  assert.equal(new Set(addresses).size, 3);
  for (const address of addresses) {
    assert.ok(read('deploy/haproxy/haproxy.cfg').includes(`${address}:9001`), `HAProxy knows ${address}`);
    assert.ok(read('deploy/compose/prometheus.yaml').includes(`${address}:7777`), `Prometheus knows ${address}`);
  }
});

test('a node gets the time that it takes to end', () => {
  const grace = Number.parseInt(nodes[0][1].stop_grace_period);
  assert.ok(grace >= Number.parseInt(configuration.http.notice) + 30 + 30 + 10);
});

test('Grafana shows the shipped dashboard, Prometheus has the shipped rules', () => {
  const dashboards = parse_all(read('deploy/compose/grafana/dashboards.yaml'))[0].providers[0].options.path;
  assert.ok(mounts(services.grafana).some(([from, to]) => from === '../grafana/troupe.json' && to.startsWith(`${dashboards}/`)));
  const [source] = parse_all(read('deploy/compose/grafana/datasources.yaml'))[0].datasources;
  assert.ok(services[new URL(source.url).hostname]);
  const rules = parse_all(read('deploy/compose/prometheus.yaml'))[0].rule_files;
  for (const file of rules) assert.ok(mounts(services.prometheus).some(([from, to]) => from === `../prometheus/${file}` && to === `/etc/prometheus/${file}`), file);
});
