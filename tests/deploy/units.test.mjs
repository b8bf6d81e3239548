// deploy/systemd: units that systemd takes, and how much they leave open.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, is_installed, read, root, run } from './tools.mjs';

const skip = is_installed('systemd-analyze') ? false : 'systemd is not installed; script/bootstrap --test does it';
const units = ['deploy/troupe.service', ...readdirSync(join(root, 'deploy/systemd')).filter(x => /\.(service|timer|path)$/.test(x)).map(x => `deploy/systemd/${x}`)];
const name = path => path.split('/').pop();
const instance = file => file.replace('@.', '@node-1.');

/** The units in a folder of their own, with programs that exist here; `change` breaks a text. */
function installed(t, change = (file, text) => text) {
  const at = folder(t);
  mkdirSync(join(at, 'programs'));
  for (const program of ['troupe', 'cluster-certificates']) copyFileSync('/bin/true', join(at, 'programs', program));
  for (const path of units) {
    const text = change(name(path), read(path)).replace(/\/usr\/local\/s?bin\//g, `${join(at, 'programs')}/`);
    writeFileSync(join(at, name(path)), text);
  }
  return at;
}

const verify = at =>
  run(['systemd-analyze', 'verify', ...units.map(x => instance(name(x)))], { env: { ...process.env, SYSTEMD_UNIT_PATH: `${at}:`, SYSTEMD_LOG_LEVEL: 'notice' } });

test('systemd takes every unit', { skip }, t => {
  const done = verify(installed(t));
  assert.equal(done.status, 0, done.text);
  assert.equal(done.text.split('\n').filter(line => /troupe/.test(line)).join('\n'), '');
});

test('a unit that systemd would not take is found', { skip }, t => {
  const broken = (file, what, by) => {
    const done = verify(installed(t, (x, text) => {
      if (x !== file) return text;
      assert.ok(text.includes(what), `${file} has ${what}`);
      return text.replace(what, by);
    }));
    return done.text.split('\n').filter(line => /troupe/.test(line)).length;
  };
  assert.ok(broken('troupe@.service', 'TimeoutStopSec=90', 'TimeoutStopSec=soon'), 'a time that is none');
  assert.ok(broken('troupe@.service', 'NoNewPrivileges', 'NoNewPriviledges'), 'a misspelled name');
  assert.ok(broken('troupe-certificates.timer', 'OnCalendar=hourly', 'OnCalendar=hurly'), 'a date that is none');
  assert.ok(broken('troupe-certificates.service', '/usr/local/sbin/cluster-certificates', '/usr/local/sbin/missing'), 'a program that is not there');
});

test('what runs for long or has keys leaves next to nothing open', { skip }, t => {
  const at = installed(t);
  for (const path of units.filter(x => x.endsWith('.service'))) {
    const done = run(['systemd-analyze', 'security', '--offline=true', '--threshold=25', '--no-pager', join(at, name(path))]);
    assert.equal(done.status, 0, `${name(path)}: ${done.text.split('\n').filter(x => /exposure/.test(x))}`);
  }
  const open = join(at, 'open.service');
  writeFileSync(open, '[Service]\nExecStart=/bin/true\n');
  assert.notEqual(run(['systemd-analyze', 'security', '--offline=true', '--threshold=25', '--no-pager', open]).status, 0);
});

test('a node of a cluster gets the time that it takes to end', () => {
  const value = (text, pattern) => Number(text.match(pattern)?.[1] ?? assert.fail(`there is no ${pattern}`));
  const defaults = read('config/troupe.yaml');
  const cluster = defaults.slice(defaults.indexOf('\ncluster:'), defaults.indexOf('\ncommerce:'));
  const http = defaults.slice(defaults.indexOf('\nhttp:'), defaults.indexOf('\nclient:'));
  const needed = value(read('deploy/systemd/all-nodes.yaml.example'), /\n {2}notice: (\d+)s/) + value(http, /\n {2}drain: (\d+)s/) + value(cluster, /\n {2}drain: (\d+)s/);
  const given = value(read('deploy/systemd/troupe@.service'), /^TimeoutStopSec=(\d+)$/m);
  assert.ok(given >= needed + 10, `${given} s for ${needed} s`);
});

test('the unit of a single node and the one of a cluster are shielded alike', () => {
  const shield = path => readFileSync(join(root, path), 'utf8').split('\n').filter(x => /^(No|Protect|Private|Restrict|Lock|Memory|System|Capab|Ambient|Remove|Proc)/.test(x)).join('\n');
  assert.equal(shield('deploy/systemd/troupe@.service'), shield('deploy/troupe.service'));
});
