// What the tests of deploy/ share: the repository, folders that go with a test, programs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const read = path => readFileSync(join(root, path), 'utf8');

/** Where script/bootstrap --test has put the modules of the lock file beside this one. */
export const modules = process.env.TROUPE_NODE_MODULES ?? join(root, 'node_modules');
export const require = createRequire(join(modules, '../none.js'));

/** A folder that ends with the test `t`. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'troupe-deploy-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a program to its end: { status, text }. */
export function run(command, options = {}) {
  const done = spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: 60_000, ...options });
  if (done.error) throw done.error;
  return { status: done.status, text: done.stdout + done.stderr, output: done.stdout };
}

export function is_installed(program) {
  return (process.env.PATH + ':/usr/sbin:/sbin').split(':').some(folder => existsSync(join(folder, program)));
}
