// The configurations that come with compose.yaml, Kubernetes and the units, as the program itself judges them.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse_all } from './schemas.mjs';
import { folder, read, root, run } from './tools.mjs';

const program = process.env.TROUPE_PROGRAM;
const skip = program ? false : 'TROUPE_PROGRAM names no program';

/** What the program says of a configuration whose files are there; `folders` are where it looks for them. */
function problems(t, text, folders) {
  const at = folder(t);
  for (const where of folders) text = text.replaceAll(where, `${at}${where}`);
  for (const [path] of text.matchAll(new RegExp(`${at}/[A-Za-z0-9/._-]+`, 'g'))) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('store-url') ? 'postgresql://troupe@db/troupe\n' : 'sixteen-characters-or-more\n');
  }
  const ca = run([join(root, 'deploy/certificates/cluster-certificates'), 'authority', join(at, 'ca')]);
  assert.equal(ca.status, 0, ca.text);
  run([join(root, 'deploy/certificates/cluster-certificates'), 'issue', join(at, 'ca'), 'node-1']);
  for (const [path, file] of text.matchAll(new RegExp(`${at}/[A-Za-z0-9/._-]*/(node.pem|node.key|ca.pem)`, 'g'))) {
    if (!path.startsWith(join(at, 'ca/'))) writeFileSync(path, run(['cat', join(at, 'ca/node-1/current', file)]).output);
  }
  writeFileSync(join(at, 'troupe.yaml'), text);
  return run([program, 'config', 'check', '--config', join(at, 'troupe.yaml')], { env: { PATH: process.env.PATH, TROUPE_STATE: join(at, 'state'), TROUPE_CLUSTER_ADVERTISE: '10.0.0.11:9100' } });
}

const shipped = {
  compose: () => read('deploy/compose/node.yaml'),
  kubernetes: () => parse_all(read('deploy/kubernetes/configuration.yaml'))[0].data['troupe.yaml'],
  units: () => read('deploy/systemd/all-nodes.yaml.example').replaceAll('${TROUPE_NODE_NAME}', 'node-1').replaceAll('${CREDENTIALS_DIRECTORY}', '/run/credentials'),
};

for (const [name, text] of Object.entries(shipped)) {
  test(`the program takes the configuration of ${name}`, { skip }, t => {
    const done = problems(t, text(), ['/run/', '/etc/troupe/']);
    assert.equal(done.status, 0, done.text);
  });
  test(`the program would not take one with a mistake in it, of ${name}`, { skip }, t => {
    const done = problems(t, text().replace(' notice: ', ' notise: '), ['/run/', '/etc/troupe/']);
    assert.equal(done.status, 2, done.text);
    assert.match(done.text, /notise: there is no such option/);
  });
}
