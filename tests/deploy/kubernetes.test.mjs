// deploy/kubernetes: what the API would take, and what holds between the manifests.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kubernetes_problems, parse_all } from './schemas.mjs';
import { read, root } from './tools.mjs';

const folder = 'deploy/kubernetes';
const list = parse_all(read(`${folder}/kustomization.yaml`))[0];
const objects = list.resources.flatMap(name => parse_all(read(`${folder}/${name}`)));
const of_kind = kind => objects.filter(x => x.kind === kind);
const one = kind => {
  assert.equal(of_kind(kind).length, 1, `one ${kind}`);
  return structuredClone(of_kind(kind)[0]);
};
const set = one('StatefulSet');
const pod = set.spec.template.spec;
const node = pod.containers[0];
const configuration = parse_all(one('ConfigMap').data['troupe.yaml'])[0];
const seconds = text => {
  assert.match(text, /^\d+s$/);
  return Number.parseInt(text);
};

test('the API takes every object', () => {
  for (const x of objects) assert.deepEqual(kubernetes_problems(x), [], `${x.kind} ${x.metadata.name}`);
  assert.ok(objects.length >= 8);
});

test('an object that the API would not take is found', () => {
  const broken = (kind, change) => {
    const x = one(kind);
    change(x);
    return kubernetes_problems(x).length;
  };
  assert.ok(broken('StatefulSet', x => { x.spec.template.spec.containers[0].imagee = 'troupe'; }), 'a misspelled field');
  assert.ok(broken('StatefulSet', x => { x.spec.template.spec.containers[0].livenessProbe.httpGet.pathh = '/'; }), 'deep down');
  assert.ok(broken('StatefulSet', x => { x.spec.minReadySeconds = 'soon'; }), 'a wrong type');
  assert.ok(broken('StatefulSet', x => { delete x.spec.selector; }), 'a missing field');
  assert.ok(broken('StatefulSet', x => { x.apiVersion = 'apps/v3'; }), 'an API that there is not');
  assert.ok(broken('NetworkPolicy', x => { x.spec.ingress[0].form = []; }), 'a misspelled rule');
  assert.ok(broken('PodDisruptionBudget', x => { x.spec.maxUnavailable = [1]; }), 'a list for a number');
  assert.ok(broken('HorizontalPodAutoscaler', x => { delete x.spec.metrics[0].external.metric.name; }), 'a metric without a name');
});

test('every file is listed, and nothing that is not there', () => {
  const files = readdirSync(join(root, folder)).filter(x => x.endsWith('.yaml'));
  const others = ['kustomization.yaml', 'prometheus-adapter.yaml']; // for kubectl and for a chart
  assert.deepEqual(files.filter(x => !others.includes(x)).sort(), [...list.resources].sort());
});

test('everything is in one namespace, which enforces the strictest of the standards', () => {
  const [namespace] = of_kind('Namespace');
  assert.equal(namespace.metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted');
  for (const x of objects) if (x.kind !== 'Namespace') assert.equal(x.metadata.namespace, namespace.metadata.name, x.kind);
});

test('a pod has no privilege, no token, and nothing that it may write but its state and /tmp', () => {
  const account = one('ServiceAccount');
  assert.equal(account.automountServiceAccountToken, false);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.serviceAccountName, account.metadata.name);
  assert.deepEqual([pod.securityContext.runAsNonRoot, pod.securityContext.runAsUser, pod.securityContext.seccompProfile.type], [true, 10001, 'RuntimeDefault']);
  assert.deepEqual(node.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  assert.deepEqual(node.volumeMounts.filter(x => !x.readOnly).map(x => x.mountPath), ['/var/lib/troupe', '/tmp']);
  assert.match(read('deploy/image/Dockerfile'), /^USER 10001:10001$/m);
});

test('secrets come from files, and none through the environment', () => {
  assert.ok(!JSON.stringify(objects).includes('secretKeyRef'));
  const mounted = node.volumeMounts.map(x => x.mountPath);
  for (const [, path] of JSON.stringify(configuration).matchAll(/(?:file:)?(\/run\/secrets\/[a-z/.-]+)/g))
    assert.ok(mounted.some(x => path.startsWith(`${x}/`)), `${path} is mounted`);
  // A file that is mounted by itself never changes: a new certificate would not arrive.
  assert.equal(node.volumeMounts.find(x => x.name === 'certificate').subPath, undefined);
});

test('each mount has its volume', () => {
  assert.deepEqual([...new Set(node.volumeMounts.map(x => x.name))].sort(), pod.volumes.map(x => x.name).sort());
});

test('a pod gets the time that the node takes to end', () => {
  const { http, cluster } = configuration;
  const needed = seconds(http.notice) + seconds(http.drain) + seconds(cluster.drain);
  assert.ok(pod.terminationGracePeriodSeconds >= needed + 10, `${pod.terminationGracePeriodSeconds} s for ${needed} s`);
  // Until the endpoints are without a pod that ends, its readiness has to be seen to fail, and told.
  assert.ok(seconds(http.notice) >= 2 * node.readinessProbe.periodSeconds * node.readinessProbe.failureThreshold);
});

test('probes ask what the node answers, and only readiness knows of the store', () => {
  assert.equal(node.readinessProbe.httpGet.path, '/health/ready');
  for (const probe of [node.livenessProbe, node.startupProbe]) assert.equal(probe.httpGet.path, '/health/live');
  const port = node.ports.find(x => x.name === 'operations').containerPort;
  assert.equal(port, configuration.operations.port);
});

test('ports are the ones that the node listens at, and services lead to them', () => {
  const ports = Object.fromEntries(node.ports.map(x => [x.name, x.containerPort]));
  for (const name of ['commerce', 'operations', 'cluster']) {
    assert.equal(ports[name], configuration[name].port, name);
    assert.equal(configuration[name].address, '0.0.0.0', name);
  }
  for (const service of of_kind('Service'))
    for (const port of service.spec.ports) assert.ok(port.targetPort in ports, port.targetPort);
});

test('nodes find each other by the headless service, before they are ready', () => {
  const headless = of_kind('Service').find(x => x.metadata.name === set.spec.serviceName);
  assert.equal(headless.spec.clusterIP, 'None');
  assert.equal(headless.spec.publishNotReadyAddresses, true);
  const advertised = node.env.find(x => x.name === 'TROUPE_CLUSTER_ADVERTISE').value;
  assert.equal(advertised, `$(TROUPE_NODE_NAME).${headless.metadata.name}.$(NAMESPACE).svc:${configuration.cluster.port}`);
  // Variables may only use those before them.
  const names = node.env.map(x => x.name);
  assert.ok(names.indexOf('NAMESPACE') < names.indexOf('TROUPE_CLUSTER_ADVERTISE'));
});

test('every selector finds the pods', () => {
  const labels = set.spec.template.metadata.labels;
  const finds = (selector, who) => {
    for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value, `${who}: ${key}`);
  };
  finds(set.spec.selector.matchLabels, 'StatefulSet');
  for (const x of of_kind('Service')) finds(x.spec.selector, x.metadata.name);
  finds(one('PodDisruptionBudget').spec.selector.matchLabels, 'PodDisruptionBudget');
  finds(one('NetworkPolicy').spec.podSelector.matchLabels, 'NetworkPolicy');
  for (const x of pod.topologySpreadConstraints) finds(x.labelSelector.matchLabels, x.topologyKey);
});

test('one node at a time may be gone, and enough are left for that', () => {
  assert.equal(one('PodDisruptionBudget').spec.maxUnavailable, 1);
  const scaling = one('HorizontalPodAutoscaler').spec;
  assert.ok(scaling.minReplicas >= 3);
  assert.deepEqual([scaling.scaleTargetRef.kind, scaling.scaleTargetRef.name], ['StatefulSet', set.metadata.name]);
  // Each application of the manifests would set it back otherwise.
  assert.equal(set.spec.replicas, undefined);
});

test('nobody reaches the cluster port but nodes, and traffic both ways is limited', () => {
  const { spec } = one('NetworkPolicy');
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
  const to_cluster = spec.ingress.filter(x => x.ports.some(p => p.port === 'cluster'));
  assert.equal(to_cluster.length, 1);
  assert.deepEqual(to_cluster[0].from, [{ podSelector: { matchLabels: set.spec.template.metadata.labels } }]);
  for (const rule of spec.ingress) assert.ok(rule.from?.length && rule.ports?.length, 'no rule lets everybody in');
  for (const rule of spec.egress) assert.ok(rule.to?.length && rule.ports?.length, 'no rule lets it out to everywhere');
});

test('nodes are added by the age of work, a metric that the adapter makes of one that nodes have', () => {
  const adapter = parse_all(read(`${folder}/prometheus-adapter.yaml`))[0].rules.external[0];
  const metric = one('HorizontalPodAutoscaler').spec.metrics.find(x => x.type === 'External');
  assert.equal(metric.external.metric.name, adapter.name.as);
  const used = [...adapter.metricsQuery.matchAll(/\b((?:troupe|circuit)_[a-z_]+)\b/g)].map(x => x[1]);
  assert.ok(used.includes('troupe_queue_age_seconds'));
  for (const name of used) assert.ok(read('docs/operations.md').includes(`\`${name}\``), `${name} is a metric of nodes`);
});
