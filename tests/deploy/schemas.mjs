// What Kubernetes, Compose and Docker would say of a file: problems as texts, none when there is nothing to say.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules, require } from './tools.mjs';

export const parse_all = text =>
  require('yaml').parseAllDocuments(text, { merge: true }).map(x => {
    if (x.errors.length) throw x.errors[0];
    return x.toJS();
  });

/** Notes which properties of an object are looked at: the schemas of Kubernetes let unknown ones pass. */
function watched(value, seen, path = '') {
  if (value === null || typeof value !== 'object') return value;
  const known = new Map();
  const child = key => {
    if (!known.has(key)) known.set(key, watched(value[key], seen, `${path}/${key}`));
    return known.get(key);
  };
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return target[key];
      seen.add(`${path}/${key}`);
      return child(key);
    },
  });
}

function leaves(value, path = '') {
  if (value === null || typeof value !== 'object') return [path];
  const below = Object.keys(value).flatMap(key => leaves(value[key], `${path}/${key}`));
  return below.length ? below : [path];
}

/** Problems with one Kubernetes object, by the schemas of its API. */
export function kubernetes_problems(x) {
  if (!x?.apiVersion || !x?.kind) return ['it has no apiVersion or no kind'];
  const file = join(modules, 'kubernetes-models/_schemas', `${schema_of(x)}.js`);
  if (!existsSync(file)) return [`there is no ${x.kind} in ${x.apiVersion}`];
  const { validate } = require(file);
  const seen = new Set();
  if (!validate(watched(x, seen))) return validate.errors.map(e => `${e.instancePath} ${e.message ?? e.keyword}`);
  return leaves(x).filter(path => !seen.has(path)).map(path => `there is no ${path}`);
}

/** apps/v1 StatefulSet is IoK8sApiAppsV1StatefulSet, v1 Service is IoK8sApiCoreV1Service. */
function schema_of(x) {
  const [group, version] = x.apiVersion.includes('/') ? x.apiVersion.split('/') : ['core', x.apiVersion];
  const capital = word => word[0].toUpperCase() + word.slice(1);
  return `IoK8sApi${capital(group.split('.')[0])}${capital(version)}${x.kind}`;
}

/** Problems with a Compose file, by the schema of the Compose specification. */
export function compose_problems(x) {
  const ajv = new (require('ajv').default)({ strict: false, allErrors: true });
  require('ajv-formats').default(ajv);
  const schema = JSON.parse(readFileSync(join(modules, 'dclint/schemas/compose.schema.json')));
  delete schema.$schema; // Named by an address that differs from the one that is known by one letter.
  ajv.validate(schema, x);
  return (ajv.errors ?? []).map(e => `${e.instancePath} ${e.message}`);
}

/** Problems with a Dockerfile. */
export function dockerfile_problems(text) {
  return require('dockerfile-utils').validate(text).map(x => `line ${x.range.start.line + 1}: ${x.message}`);
}
